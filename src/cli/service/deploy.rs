//! `nimbus service deploy` and `edit`: makes a service, or changes what differs.

use std::str::FromStr;

use serde_json::{Map, Value};

use crate::cli::client::{Answer, Call, Page, Session, api, segment};
use crate::cli::exit::{Code, Exit, Failure};
use crate::cli::fields::{self, Fields, Pair};

/// Options of `service deploy`.
#[derive(Debug, clap::Args)]
pub(crate) struct Deploy {
    /// App and service, as in `shop/api`; a name alone is both.
    #[arg(value_name = "APP/SERVICE", value_parser = fields::app_service)]
    target: (String, String),
    #[command(flatten)]
    spec: Spec,
}

/// Options of `service edit`.
#[derive(Debug, clap::Args)]
pub(crate) struct Edit {
    /// Id, APP/SERVICE, or a name that only one service has.
    service: String,
    #[command(flatten)]
    spec: Spec,
}

/// What a service may be given.
#[derive(Debug, clap::Args)]
struct Spec {
    /// Image to run.
    #[arg(long, value_parser = fields::image)]
    image: Option<String>,
    /// How many replicas.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1000))]
    replicas: Option<u32>,
    /// Port that it listens on.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// CPU of each replica, as in `500m` or `2`.
    #[arg(long, value_parser = fields::cpu)]
    cpu: Option<String>,
    /// Memory of each replica, as in `256Mi`.
    #[arg(long, value_parser = fields::memory)]
    memory: Option<String>,
    /// A variable of the environment; repeat for more.
    #[arg(long, value_name = "KEY=VALUE", value_parser = fields::env)]
    env: Vec<Pair>,
    /// Path that tells whether it is well.
    #[arg(long, value_name = "PATH")]
    health_path: Option<String>,
    /// Let the load decide about the replicas, as in `1..5`.
    #[arg(long, value_name = "MIN..MAX")]
    autoscale: Option<Bounds>,
}

/// Least and most replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Least.
    pub(crate) min: u32,
    /// Most.
    pub(crate) max: u32,
}

impl FromStr for Bounds {
    type Err = String;

    fn from_str(text: &str) -> Result<Bounds, String> {
        let expected = || "expected MIN..MAX with 1 <= MIN <= MAX <= 1000, as in 1..5".to_owned();
        let (min, max) = text.split_once("..").ok_or_else(expected)?;
        let number = |text: &str| text.parse::<u32>().map_err(|_| expected());
        let bounds = Bounds {
            min: number(min)?,
            max: number(max)?,
        };
        let inside = 1 <= bounds.min && bounds.min <= bounds.max && bounds.max <= 1000;
        inside.then_some(bounds).ok_or_else(expected)
    }
}

impl Bounds {
    /// The policy that these bounds stand for; all else is the platform's default.
    pub(crate) fn policy(self, up: Option<u32>, down: Option<u32>) -> Value {
        let fields = Fields::default()
            .set("min", Some(self.min))
            .set("max", Some(self.max))
            .set("up", up)
            .set("down", down);
        fields.into_value()
    }
}

impl Spec {
    fn fields(&self) -> Fields {
        let health = self.health_path.as_deref().map(|path| {
            let fields = Fields::default()
                .set("path", Some(path))
                .set("port", self.port);
            fields.into_value()
        });
        Fields::default()
            .set("image", self.image.as_deref())
            .set("replicas", self.replicas)
            .set("port", self.port)
            .set("cpu_limit", self.cpu.as_deref())
            .set("memory_limit", self.memory.as_deref())
            .pairs("env", &self.env)
            .set("health_check", health)
    }

    /// What a PATCH takes: requests go with their limits, scaling has calls of its own.
    fn changes(&self) -> Fields {
        let mut fields = self.fields();
        if let Some(cpu) = &self.cpu {
            fields = fields.set("cpu_request", Some(cpu.as_str()));
        }
        if let Some(memory) = &self.memory {
            fields = fields.set("memory_request", Some(memory.as_str()));
        }
        fields
    }

    fn autoscale(&self) -> Option<Value> {
        self.autoscale.map(|bounds| bounds.policy(None, None))
    }
}

/// A service with all that its revision says: the part of it that is long.
pub(crate) fn whole(session: &Session<'_>, path: &str) -> Result<Answer, Failure> {
    let mut service = session.get(path)?;
    let Some(number) = service.body["current_revision"].as_u64() else {
        return Ok(service);
    };
    let revision = session.get(&format!("{path}/revisions/{number}"))?.body;
    if let (Value::Object(fields), Value::Object(said)) = (&mut service.body, revision) {
        for (key, value) in said {
            fields.entry(key).or_insert(value);
        }
    }
    Ok(service)
}

/// Makes or changes a service; the app too, if there is none.
pub(super) fn deploy(session: &Session<'_>, args: &Deploy) -> Result<Exit, Failure> {
    let (app, name) = &args.target;
    let found = match session.app(app) {
        Ok(found) => Some(found),
        Err(failure) if failure.exit() == Exit::NotFound => None,
        Err(failure) => return Err(failure),
    };
    let services = found.as_ref().and_then(|app| app["services"].as_array());
    let service =
        services.and_then(|all| all.iter().find(|service| service["name"] == name.as_str()));
    if let Some(id) = service.and_then(|service| service["id"].as_str()) {
        return change(session, id, &format!("{app}/{name}"), &args.spec);
    }
    if args.spec.image.is_none() {
        let text = format!("{app}/{name}: a new service needs --image");
        return Err(Failure::new(Code::Usage, text));
    }
    let app_id = match &found {
        Some(app) => app["id"].as_str().unwrap_or_default().to_owned(),
        None => make_app(session, app)?,
    };
    create(session, &app_id, args)
}

fn make_app(session: &Session<'_>, name: &str) -> Result<String, Failure> {
    if session.remote.tries() {
        let text =
            format!("app {name}: there is none yet, so nothing can be tried in it; make it first");
        return Err(Failure::new(Code::NotFound, text));
    }
    let fields = Fields::default()
        .set("name", Some(name))
        .set("tenant_id", session.tenant_option());
    let call = Call::post(api("/apps")).body(fields.into_value());
    let call = session.keyed(call, "app");
    match session.client.send(&call) {
        Ok(answer) => {
            session.console.note(&format!("app {name} created"));
            Ok(answer.body["id"].as_str().unwrap_or(name).to_owned())
        }
        Err(failure) => Err(failure),
    }
}

fn create(session: &Session<'_>, app_id: &str, args: &Deploy) -> Result<Exit, Failure> {
    let (app, name) = &args.target;
    let fields = args
        .spec
        .fields()
        .set("name", Some(name.as_str()))
        .set("autoscale", args.spec.autoscale());
    let path = api(&format!("/apps/{}/services", segment(app_id)));
    let answer = session.write(Call::post(path).body(fields.into_value()))?;
    finish(session, answer, &format!("service {app}/{name} created"))
}

/// Changes what was said; the policy has a call of its own.
fn change(session: &Session<'_>, id: &str, name: &str, spec: &Spec) -> Result<Exit, Failure> {
    let path = format!("/services/{}", segment(id));
    let before = whole(session, &path)?;
    let wanted = spec.changes().into_value();
    let mut answer = before.clone();
    let changed = differs(&before.body, &wanted);
    let bounds_differ = spec.autoscale().is_some_and(|policy| {
        let now = &before.body["autoscale"];
        ["min", "max"].iter().any(|key| now[*key] != policy[*key])
    });
    if changed {
        let call = Call::patch(api(&path)).body(wanted).if_match(before.etag());
        answer = session.write(call)?;
    }
    if let Some(policy) = spec.autoscale().filter(|_| bounds_differ) {
        let call = Call::put(api(&format!("{path}/autoscale"))).body(policy);
        let after = session.client.send(&session.keyed(call, "autoscale"))?;
        if !changed {
            answer = after;
        }
    }
    if !changed && !bounds_differ {
        let text = format!(
            "service {name} is as it should be, revision {}",
            revision(&before.body)
        );
        return session.rolled(id, &text, before.body);
    }
    finish(session, answer, &format!("service {name} changed"))
}

fn finish(session: &Session<'_>, answer: Answer, what: &str) -> Result<Exit, Failure> {
    if session.remote.tries() {
        return session.done(answer, what);
    }
    let id = answer.body["id"].as_str().unwrap_or_default().to_owned();
    let operation = answer.operation().map(|id| format!("; operation {id}"));
    let text = format!(
        "{what} ({id}), revision {}{}",
        revision(&answer.body),
        operation.unwrap_or_default()
    );
    session.rolled(&id, &text, answer.body)
}

fn revision(service: &Value) -> String {
    service["current_revision"]
        .as_u64()
        .map_or_else(|| "-".to_owned(), |n| n.to_string())
}

/// Options of `service edit`: what is said is changed.
pub(super) fn edit(session: &Session<'_>, args: &Edit) -> Result<Exit, Failure> {
    if args.spec.changes().is_empty() && args.spec.autoscale.is_none() {
        let text = "expected something to change, such as --image or --cpu";
        return Err(Failure::new(Code::Usage, text));
    }
    let id = session.service(&args.service)?;
    change(session, &id, &args.service, &args.spec)
}

/// Whether any field that was asked for is not so yet. Maps are merged by a PATCH, so each key counts.
pub(crate) fn differs(now: &Value, wanted: &Value) -> bool {
    let none = Map::new();
    let fields = wanted.as_object().unwrap_or(&none);
    fields.iter().any(|(key, wanted)| {
        let now = &now[key];
        match (now, wanted) {
            (Value::Object(_), Value::Object(_)) => differs(now, wanted),
            (Value::String(a), Value::String(b)) => a != b && !same_quantity(key, a, b),
            _ => now != wanted,
        }
    })
}

/// `1` and `1000m` are one and the same.
fn same_quantity(key: &str, a: &str, b: &str) -> bool {
    use nimbus_core::units::{Bytes, Cpu};
    match key.split('_').next() {
        Some("cpu") => Cpu::parse(a).is_ok_and(|a| Cpu::parse(b).is_ok_and(|b| a == b)),
        Some("memory") => Bytes::parse(a).is_ok_and(|a| Bytes::parse(b).is_ok_and(|b| a == b)),
        _ => false,
    }
}

/// All services of all apps, with the app's name beside each.
pub(super) fn everywhere(session: &Session<'_>, page: &Page) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    for app in session.apps()? {
        let Some(id) = app["id"].as_str() else {
            continue;
        };
        if app["services"].as_array().is_some_and(Vec::is_empty) {
            continue;
        }
        let call = Call::get(api(&format!("/apps/{}/services", segment(id))));
        let list = session.list(call, page)?;
        for mut service in list["items"].as_array().cloned().unwrap_or_default() {
            if let Value::Object(object) = &mut service {
                object.insert("app".to_owned(), app["slug"].clone());
            }
            all.push(service);
        }
        let full = page
            .limit
            .is_some_and(|most| all.len() >= usize::try_from(most).unwrap_or(usize::MAX));
        if full {
            break;
        }
    }
    all.truncate(page.limit.map_or(usize::MAX, |most| {
        usize::try_from(most).unwrap_or(usize::MAX)
    }));
    Ok(all)
}

#[test]
fn bounds_are_read_and_checked() {
    assert_eq!("1..5".parse(), Ok(Bounds { min: 1, max: 5 }));
    for bad in ["", "1", "5..1", "0..3", "1..1001", "a..b", "1...5"] {
        assert!(bad.parse::<Bounds>().is_err(), "{bad}");
    }
}

#[test]
fn only_what_differs_is_a_change() {
    use serde_json::json;
    let now = json!({ "image": "a", "cpu_limit": "1", "env": { "A": "1", "B": "2" }, "port": 80 });
    assert!(!differs(
        &now,
        &json!({ "image": "a", "cpu_limit": "1000m", "env": { "A": "1" } })
    ));
    assert!(differs(&now, &json!({ "cpu_limit": "1001m" })));
    assert!(differs(&now, &json!({ "env": { "C": "3" } })));
    assert!(differs(&now, &json!({ "port": 81 })));
}
