//! What can be seen of the machines and of their conductor.

use axum::extract::State;
use nimbus_core::access::{Object, permit};
use nimbus_core::machine::Address;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::app::App;
use crate::http::caller::Caller;
use crate::http::extract::Json;
use crate::http::problem::{Code, Problem};
use crate::http::show::Stamp;
use crate::shell::actor::Observed;

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(actors))
}

/// The machines and their conductor.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Actors {
    /// Each machine.
    items: Vec<Actor>,
    /// The conductor.
    conductor: Conductor,
}

/// One machine.
#[derive(Debug, Serialize, ToSchema)]
struct Actor {
    /// Its noun.
    #[schema(example = "workload")]
    name: String,
    /// Inputs handled since the process started.
    handled: u64,
    /// Inputs that failed.
    faults: u64,
    /// How often it was replaced.
    restarts: u64,
    /// Machine time of its last input.
    last_input_at: Option<Stamp>,
}

/// The conductor.
#[derive(Debug, Serialize, ToSchema)]
struct Conductor {
    /// The last committed group.
    group: u64,
    /// Its machine time.
    now: Stamp,
    /// The hash of the run after it.
    hash: String,
    /// Writes that wait.
    inbox: usize,
    /// Writes that may wait.
    inbox_max: usize,
    /// Armed timers.
    timers: usize,
    /// When the next is due.
    next_timer_at: Option<Stamp>,
    /// The leader's epoch.
    epoch: i64,
    /// Whether this process leads.
    leader: bool,
    /// Whether writes are taken.
    writes: bool,
    /// Inputs left out since handling them failed.
    dead_letters: u64,
    /// Bytes of journal written since the process started.
    journal_bytes: u64,
}

fn actor((address, seen): (Address, Observed)) -> Actor {
    let name = serde_json::to_value(address).unwrap_or_default();
    Actor {
        name: name.as_str().unwrap_or_default().to_owned(),
        handled: seen.handled,
        faults: seen.faults,
        restarts: seen.restarts,
        last_input_at: seen.last.map(Stamp),
    }
}

fn conductor(app: &App) -> Conductor {
    let standing = app.health().standing();
    let (inbox, inbox_max) = app.inbox();
    Conductor {
        group: standing.group,
        now: Stamp(standing.now),
        hash: standing.hash.to_string(),
        inbox,
        inbox_max,
        timers: standing.timers,
        next_timer_at: standing.due.map(Stamp),
        epoch: standing.epoch,
        leader: true,
        writes: standing.refusing.is_none(),
        dead_letters: standing.dead_letters,
        journal_bytes: standing.journal_bytes,
    }
}

/// What can be seen of the machines and of their conductor.
#[utoipa::path(
    get, path = "/api/v1/actors", operation_id = "listActors", tag = "system",
    responses((status = 200, description = "Machines and conductor", body = Actors)),
    extensions(("x-nimbus-permission" = json!("system:read")), ("x-nimbus-rows" = json!(["S0-36"]))),
)]
async fn actors(State(app): State<App>, caller: Caller) -> Result<Json<Actors>, Problem> {
    caller.authorize::<permit::SystemRead>(Object::Platform)?;
    let machines = app.health().check().await;
    let machines = machines.map_err(|why| Problem::new(Code::Unavailable, why))?;
    Ok(Json(Actors {
        items: machines.into_iter().map(actor).collect(),
        conductor: conductor(&app),
    }))
}
