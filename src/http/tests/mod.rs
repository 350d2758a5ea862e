//! The edge against an in-process router: a real store, a conductor that answers from a script, and callers
//! known by name.

mod access;
mod edge;
mod events;
mod idempotency;
mod lab;
mod serve;
mod system;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use futures::FutureExt;
use futures::future::BoxFuture;
use nimbus_core::access::{Areas, Grant, Object, Over, Principal, Role, permit};
use nimbus_core::digest::EventHash;
use nimbus_core::ids::{EventId, OrgNo, TenantNo};
use nimbus_core::machine::{Address, Reply};
use nimbus_core::time::{Span, Time};
use nimbus_core::{tenant, workload};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tower::ServiceExt;

use super::answer::{Answer, Outcome};
use super::app::{App, Command, Parts};
use super::caller::{Caller, Gate, Shown};
use super::endpoints::metrics::Public;
use super::extract::{Json, Match, Name, Path, Query, Trial};
use super::health::{Health, Machines};
use super::limits::Limits;
use super::list::List;
use super::problem::{Code, Problem};
use crate::shell::actor::Observed;
use crate::shell::feed::Feed;
use crate::shell::group::Group;
use crate::shell::port::{Answered, Port, Request as Asked, Unanswered};
use crate::shell::standing::Standing;
use crate::store::{By, Commit, EventRow, IdempotencyRow, Listed, Migrate, Position, Store};
use crate::{metrics, runtime};

/// Machine time of all that happens here.
pub(super) const NOW: Time = Time::from_secs(1_793_491_200);

/// Recognises `Bearer <name>`, as long as the name is not taken back.
#[derive(Default)]
pub(super) struct Names {
    pub(super) taken_back: Mutex<bool>,
}

impl Names {
    fn known(&self, name: &str) -> Option<Arc<Principal>> {
        let (role, over) = match name {
            "admin" => (Role::PlatformAdmin, Over::All),
            "acme" => (Role::Tenant, Over::Tenant(TenantNo(0))),
            "owner" => (Role::OrgOwner, Over::Org(OrgNo(7))),
            _ => return None,
        };
        let gone = *self.taken_back.lock().unwrap();
        (!gone).then(|| {
            Arc::new(Principal {
                name: name.into(),
                grants: vec![Grant { role, over }],
                areas: Areas::ALL,
                session: None,
            })
        })
    }
}

impl Gate for Names {
    fn identify<'a>(
        &'a self,
        shown: Shown<'a>,
    ) -> BoxFuture<'a, Result<Option<Arc<Principal>>, Problem>> {
        let header = shown.headers.get("authorization");
        let name = header.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let found = match (header, name.and_then(|name| self.known(name))) {
            (None, _) => Ok(None),
            (Some(_), Some(principal)) => Ok(Some(principal)),
            (Some(_), None) => Err(Problem::new(Code::Unauthenticated, "not accepted")),
        };
        async move { found }.boxed()
    }

    fn still<'a>(&'a self, principal: &'a Arc<Principal>) -> BoxFuture<'a, Option<Arc<Principal>>> {
        async move { self.known(&principal.name) }.boxed()
    }

    fn access(&self) -> Option<&crate::auth::Access> {
        None
    }
}

/// Well, unless told otherwise.
#[derive(Default)]
pub(super) struct Fine {
    pub(super) standing: Mutex<Standing>,
    pub(super) dead: Mutex<Option<String>>,
}

impl Health for Fine {
    fn standing(&self) -> Standing {
        self.standing.lock().unwrap().clone()
    }

    fn check(&self) -> BoxFuture<'_, Result<Machines, String>> {
        let dead = self.dead.lock().unwrap().clone();
        let well = Address::MACHINES.map(|address| (address, Observed::default()));
        async move { dead.map_or(Ok(well), Err) }.boxed()
    }
}

/// What the conductor answers to every write.
pub(super) type Script = Arc<Mutex<Result<Reply, Unanswered>>>;

/// An edge with all that it stands on.
pub(super) struct Bed {
    pub(super) router: Router,
    pub(super) app: App,
    pub(super) store: Store,
    pub(super) names: Arc<Names>,
    pub(super) health: Arc<Fine>,
    pub(super) script: Script,
    /// Writes that reached the conductor.
    pub(super) asked: Arc<Mutex<Vec<String>>>,
    _folder: tempfile::TempDir,
}

impl Bed {
    pub(super) fn new() -> Bed {
        Bed::with(Limits::default())
    }

    pub(super) fn with(limits: Limits) -> Bed {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nimbus.db");
        let store = Store::open(path.to_str().unwrap(), Migrate::Auto).unwrap();
        let (names, health) = (Arc::<Names>::default(), Arc::<Fine>::default());
        let done = Reply::Tenant(Ok(tenant::Answer::Done));
        let script: Script = Arc::new(Mutex::new(Ok(done)));
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let metrics = metrics::Registry::default();
        let (inbox, requests) = mpsc::channel(8);
        let port = Port::new(inbox, Duration::from_secs(5), metrics.shell.clone());
        runtime::spawn(answer(
            requests,
            store.clone(),
            script.clone(),
            asked.clone(),
        ));
        let app = App::new(Parts {
            port,
            store: store.clone(),
            gate: names.clone(),
            limits,
            feed: Feed::default(),
            health: health.clone(),
            metrics,
            public_metrics: Public::Token,
            settings: json!({ "listen": "127.0.0.1:8080" }),
            billing: nimbus_core::billing::Config::default(),
            dev: false,
            secret: [7; 32],
        });
        let routes = super::router::routes().merge(trials());
        Bed {
            router: super::router::dressed(routes, app.clone()),
            app,
            store,
            names,
            health,
            script,
            asked,
            _folder: folder,
        }
    }

    /// Sends a request and waits for the whole answer.
    pub(super) async fn send(&self, request: Request<Body>) -> Got {
        let response = self.router.clone().oneshot(request).await.unwrap();
        Got::of(response).await
    }

    /// GET by a caller.
    pub(super) async fn get(&self, who: &str, path: &str) -> Got {
        self.send(call(Method::GET, who, path, Body::empty())).await
    }

    /// POST of a JSON text by a caller.
    pub(super) async fn post(&self, who: &str, path: &str, body: &str) -> Got {
        self.send(call(Method::POST, who, path, Body::from(body.to_owned())))
            .await
    }

    /// Commits events and tells them to whoever listens.
    pub(super) fn happen(&self, group: u64, events: Vec<EventRow>) {
        let commit = Commit {
            events: events.clone(),
            ..commit(group)
        };
        let first = self.store.commit(&commit).unwrap().first_event_seq;
        let placed = events.into_iter().zip(first..);
        let placed = placed.map(|(row, seq)| EventRow { seq, ..row }).collect();
        let group = Group {
            seq: group,
            now: NOW,
            seed: 0,
            inputs: Vec::new(),
            dead: Vec::new(),
            hash: EventHash::default(),
        };
        self.app.feed().send(group, placed);
    }
}

/// An event of a tenant.
pub(super) fn event(id: u128, tenant: Option<u32>, kind: &str) -> EventRow {
    EventRow {
        id: EventId(id),
        seq: 0,
        time: NOW + Span::from_secs(i64::try_from(id).unwrap()),
        kind: kind.into(),
        tenant: tenant.map(TenantNo),
        subject: "svc-1".into(),
        actor: "admin".into(),
        data: "{\"replicas\":3}".to_owned(),
        request: None,
    }
}

/// A group that makes nothing durable.
pub(super) fn commit(group: u64) -> Commit {
    Commit {
        group,
        now: NOW,
        round: 0,
        hashes: Default::default(),
        deliveries: 0,
        epoch: 0,
        cursor: 0,
        records: Vec::new(),
        decisions: Vec::new(),
        outbox: Vec::new(),
        replicas: Vec::new(),
        events: Vec::new(),
        audit: Vec::new(),
        idempotency: Vec::new(),
        operations: Vec::new(),
    }
}

/// The conductor: commits the key, answers what the script says.
async fn answer(
    mut requests: mpsc::Receiver<Asked>,
    store: Store,
    script: Script,
    asked: Arc<Mutex<Vec<String>>>,
) {
    let mut group = 0;
    while let Some(Asked { ask, answer, .. }) = requests.recv().await {
        asked
            .lock()
            .unwrap()
            .push(format!("{} {}", ask.by, ask.action));
        let said = script.lock().unwrap().clone();
        let said = said.map(|reply| {
            group += 1;
            let key = ask.key.map(|key| IdempotencyRow {
                key,
                reply: reply.clone(),
                operation: None,
                expires_at: runtime::now() + Span::from_secs(60),
            });
            let commit = Commit {
                idempotency: key.into_iter().collect(),
                ..commit(group)
            };
            store.commit(&commit).unwrap();
            Answered {
                reply,
                group,
                now: NOW,
                operation: None,
            }
        });
        let _ = answer.send(said);
    }
}

/// A request of a caller; nobody has no name.
pub(super) fn call(method: Method, who: &str, path: &str, body: Body) -> Request<Body> {
    let mut request = Request::builder().method(method.clone()).uri(path);
    if !who.is_empty() {
        request = request.header("authorization", format!("Bearer {who}"));
    }
    if method != Method::GET {
        request = request.header("content-type", "application/json");
    }
    request = request.header("x-request-id", "r-1");
    request.body(body).unwrap()
}

/// An answer as a test reads it.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: StatusCode,
    pub(super) headers: axum::http::HeaderMap,
    pub(super) text: String,
}

impl Got {
    async fn of(response: Response) -> Got {
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 22).await.unwrap();
        Got {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// Status and code of a problem.
    #[track_caller]
    pub(super) fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let code = self.json()["code"].as_str().unwrap().to_owned();
        (self.status.as_u16(), code)
    }
}

/// Routes that use every extractor as endpoints do.
fn trials() -> Router<App> {
    Router::new()
        .route("/try/things", post(make).get(things))
        .route("/try/things/{id}", get(thing).patch(change))
        .route("/try/panic", get(|| async { panics() }))
}

#[expect(unreachable_code, reason = "what a defect looks like")]
fn panics() -> &'static str {
    panic!("a secret");
    ""
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    name: String,
    #[serde(default)]
    replicas: u8,
    #[serde(default)]
    ports: Vec<Opening>,
    #[serde(default)]
    env: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    port: u16,
}

async fn make(
    State(app): State<App>,
    caller: Caller,
    trial: Trial,
    Json(new): Json<New>,
) -> Outcome<Value> {
    let body = json!({
        "name": new.name, "replicas": new.replicas, "env": new.env,
        "ports": new.ports.iter().map(|port| port.port).collect::<Vec<_>>(),
    });
    if let Some(horizon) = trial.horizon() {
        return Ok(Answer::tried(
            json!({ "horizon": horizon.to_string(), "thing": body }),
        ));
    }
    let input = workload::Input::Unpin {
        service: nimbus_core::ids::ServiceNo(0),
    };
    app.ask(&caller, Command::new("thing.create", &*new.name, input))
        .await?;
    Ok(Answer::created("/try/things/1", body).version(1))
}

async fn thing(caller: Caller, Path(name): Path<Name>) -> Outcome<Value> {
    caller.authorize::<permit::SystemRead>(Object::Platform)?;
    Ok(Answer::ok(json!({ "name": name.as_str() })).version(3))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Force {
    #[serde(default)]
    force: bool,
}

async fn change(
    caller: Caller,
    version: Match,
    Query(force): Query<Force>,
    Json(change): Json<Value>,
) -> Outcome<Value> {
    let who = &caller.principal().name;
    Ok(Answer::ok(
        json!({ "by": who, "version": version.0, "force": force.force, "change": change }),
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    kind: Option<String>,
}

/// A list of the numbers below ten.
async fn things(list: List<Which>) -> Outcome<super::list::PageOf<Value>> {
    let page = list.page(&[By::Name, By::CreatedAt], false)?;
    let first = page
        .after
        .map_or(0, |after| after.id.parse::<usize>().unwrap() + 1);
    let items: Vec<usize> = (first..10).take(page.limit).collect();
    let next = items.last().filter(|last| **last < 9).map(|last| Position {
        key: crate::store::Value::Int(0),
        id: last.to_string(),
    });
    let kind = list.filter.kind.clone();
    let page = list.answer(Listed { items, next }, |n| json!({ "id": n, "kind": kind }))?;
    Ok(Answer::ok(page))
}
