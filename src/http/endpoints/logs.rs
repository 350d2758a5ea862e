//! Log lines of a service's replicas: as a list, as they come, over a WebSocket.
//!
//! A simulated cluster runs no programs: its lines tell the life of the replicas as the cluster reported it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use nimbus_core::access::permit;
use nimbus_core::ids::ServiceNo;
use nimbus_core::store::StoreError;
use nimbus_core::time::{Span, Time};
use serde::Deserialize;
use tokio::time::sleep;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::replicas::present;
use crate::cluster::sim::{LogLine, lines};
use crate::http::answer::Answer;
use crate::http::app::App;
use crate::http::caller::Caller;
use crate::http::extract::{Name, Path, Query};
use crate::http::list::PageOf;
use crate::http::problem::{Code, Problem};
use crate::http::stream::{Open, Recheck};
use crate::http::views::logs::Line;
use crate::http::views::replica::name as replica_name;
use crate::store::{LIMIT_MAX, Page, Phase, ReplicaView, Store};

/// Lines of a list if the client names no number, and most of them.
const TAIL: usize = 100;
const TAIL_MAX: usize = 10_000;
/// How often a stream looks for new lines.
const LOOK: Duration = Duration::from_secs(1);
/// After so long without a line a comment keeps the connection open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(socket))
}

/// The last lines of replicas.
pub(super) fn said(
    replicas: &[ReplicaView],
    since: Option<Time>,
    now: Time,
    tail: usize,
) -> Vec<LogLine> {
    lines(replicas, since, now, tail)
}

/// Which lines.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Which {
    /// So many of the last lines, at most 10000; 100 without it.
    #[param(maximum = 10000)]
    tail: Option<u32>,
    /// Only lines of the last `10m`.
    #[param(example = "10m")]
    since: Option<String>,
    /// Of replicas that have ended instead of those that live.
    #[serde(default)]
    previous: bool,
    /// Only lines of this replica, by name.
    replica: Option<String>,
    /// Go on with lines as they come, as server-sent events.
    #[serde(default)]
    follow: bool,
    /// A one-use ticket instead of a header, for streams.
    #[serde(rename = "ticket")]
    _ticket: Option<String>,
}

/// Which lines, checked.
#[derive(Clone, Debug)]
struct Wanted {
    service: ServiceNo,
    deployment: std::sync::Arc<str>,
    tail: usize,
    since: Option<Span>,
    previous: bool,
    replica: Option<String>,
}

impl Wanted {
    fn of(
        which: &Which,
        service: ServiceNo,
        deployment: &std::sync::Arc<str>,
    ) -> Result<Wanted, Problem> {
        let bad = |name: &str, text: String| {
            Problem::new(Code::BadRequest, format!("{name}: {text}")).field(name, "invalid", text)
        };
        let tail = which.tail.map_or(Ok(TAIL), usize::try_from);
        let tail = tail.ok().filter(|&tail| tail <= TAIL_MAX);
        let since = which.since.as_deref().map(Span::parse).transpose();
        Ok(Wanted {
            service,
            deployment: deployment.clone(),
            tail: tail.ok_or_else(|| bad("tail", "expected at most 10000".to_owned()))?,
            since: since.map_err(|error| bad("since", error.to_string()))?,
            previous: which.previous,
            replica: which.replica.clone(),
        })
    }

    fn wants(&self, replica: &ReplicaView) -> bool {
        let named = self.replica.as_ref();
        let named = named.is_none_or(|name| *name == replica_name(&self.deployment, replica.pod.0));
        named && self.previous == (replica.phase == Phase::Finished)
    }

    /// Lines behind a time, and the time up to which they were looked for.
    fn read(&self, store: &Store, after: Option<Time>) -> Result<(Vec<Line>, Time), StoreError> {
        let now = present(store)?;
        let since = self.since.map(|span| Time(now.0.saturating_sub(span.0)));
        let mut replicas = store.replicas(self.service, &Page::first(LIMIT_MAX))?.items;
        // a stream goes on with what a replica says at its end
        replicas.retain(|replica| self.wants(replica) || (after.is_some() && !self.previous));
        let said = said(&replicas, after.or(since), now, self.tail);
        let shown = said.iter().map(|line| Line::of(line, &self.deployment));
        Ok((shown.collect(), now))
    }
}

/// Lines as they come.
struct Follow {
    app: App,
    wanted: Wanted,
    after: Option<Time>,
    ready: VecDeque<Line>,
    recheck: Recheck,
    _open: Open,
}

impl Follow {
    fn new(app: App, caller: &Caller, wanted: Wanted) -> Result<Follow, Problem> {
        Ok(Follow {
            recheck: Recheck::new(&app, caller),
            _open: Open::new(&app, caller)?,
            app,
            wanted,
            after: None,
            ready: VecDeque::new(),
        })
    }

    /// The next line; `None` once the caller may not read on, or the store does not answer.
    async fn next(&mut self) -> Option<Line> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(line);
            }
            self.recheck.due(&self.app).await.ok()?;
            if self.after.is_some() {
                sleep(LOOK).await;
            }
            let (wanted, after) = (self.wanted.clone(), self.after);
            let read = self.app.read(move |store| wanted.read(store, after));
            let (lines, now) = read.await.ok()?;
            self.ready.extend(lines);
            self.after = Some(now);
        }
    }
}

async fn wanted(app: &App, caller: &Caller, name: &Name, which: &Which) -> Result<Wanted, Problem> {
    let (found, _) = app.service::<permit::LogsRead>(caller, name).await?;
    let row = &found.row.row;
    if row.gone {
        return Err(Problem::not_found());
    }
    Wanted::of(which, row.no, &row.name)
}

/// Gives log lines of a service's replicas, oldest first; with `follow` it goes on as server-sent events. A
/// simulated cluster runs no programs: its lines tell the life of the replicas.
#[utoipa::path(
    get, path = "/api/v1/services/{id}/logs", operation_id = "get_logs", tag = "logs",
    params(("id" = String, Path, description = "Id or name of the service"), Which),
    responses((status = 200, description = "Lines", body = PageOf<Line>)),
    extensions(("x-nimbus-permission" = json!("logs:read")), ("x-nimbus-rows" = json!(["S1-09", "S1-17"]))),
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let wanted = wanted(&app, &caller, &name, &which).await?;
    if !which.follow {
        let (items, _) = app.read(move |store| wanted.read(store, None)).await?;
        let next_cursor = None;
        return Ok(Answer::ok(PageOf { items, next_cursor }).into_response());
    }
    let follow = Follow::new(app, &caller, wanted)?;
    let stream = futures::stream::unfold(follow, |mut follow| async move {
        let line = follow.next().await?;
        let event = Event::default().event("log").json_data(&line);
        let event = event.unwrap_or_default();
        Some((Ok::<_, Infallible>(event), follow))
    });
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    Ok(Sse::new(stream).keep_alive(keep_alive).into_response())
}

/// Sends log lines of a service's replicas as they come: one JSON object a message.
#[utoipa::path(
    get, path = "/api/v1/services/{id}/logs/ws", operation_id = "follow_logs", tag = "logs",
    params(("id" = String, Path, description = "Id or name of the service"), Which),
    responses((status = 101, description = "A WebSocket with lines")),
    extensions(("x-nimbus-permission" = json!("logs:read")), ("x-nimbus-rows" = json!(["S1-17"]))),
)]
async fn socket(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    Query(which): Query<Which>,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let wanted = wanted(&app, &caller, &name, &which).await?;
    let text = "expected the opening of a WebSocket";
    let upgrade = upgrade.map_err(|_| Problem::new(Code::BadRequest, text))?;
    let follow = Follow::new(app, &caller, wanted)?;
    Ok(upgrade.on_upgrade(|socket| tell(socket, follow)))
}

/// Sends lines until one side ends it.
async fn tell(mut socket: WebSocket, mut follow: Follow) {
    loop {
        tokio::select! {
            biased;
            heard = socket.recv() => match heard {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
            line = follow.next() => {
                let Some(line) = line else { return };
                let text = serde_json::to_string(&line).unwrap_or_default();
                if socket.send(Message::text(text)).await.is_err() {
                    return;
                }
            }
        }
    }
}
