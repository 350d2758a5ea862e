//! Slow work that somebody can ask after.

use std::convert::Infallible;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use nimbus_core::access::permit;
use nimbus_core::ids::OperationId;
use nimbus_core::store::StoreError;
use nimbus_core::workload;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::answer::{Answer, Outcome};
use crate::http::app::{App, Command};
use crate::http::caller::Caller;
use crate::http::extract::{Name, Path, Query};
use crate::http::list::{List, PageOf, Params};
use crate::http::problem::{Body, Code, Problem};
use crate::http::progress::{LOOK, Progress, State as Stands, progress};
use crate::http::show::Stamp;
use crate::http::stream::{Open, Recheck};
use crate::store::{By, Listed, OperationFilter, OperationRow};

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(one))
        .routes(routes!(cancel))
}

/// Slow work.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Operation {
    /// Its id.
    #[schema(example = "op-0000000000000000000000000a")]
    id: String,
    /// What is done.
    #[schema(example = "tenant.create")]
    kind: String,
    /// Id of what it works on.
    target: String,
    /// How it stands.
    state: Stands,
    /// How far it is, 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    progress: f64,
    /// Its steps.
    steps: Vec<Step>,
    /// What is wrong; null if nothing is.
    error: Option<Body>,
    /// Where the result is, once there is one.
    result: Option<String>,
    /// Whether it can be cancelled.
    cancellable: bool,
    /// When it began, in machine time.
    started_at: Stamp,
    /// When it ended; null before.
    ended_at: Option<Stamp>,
}

/// A step of slow work.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OperationStep)]
struct Step {
    /// What is done.
    name: String,
    /// How it stands.
    state: Stands,
    /// What is wrong; null if nothing is.
    error: Option<String>,
}

/// Which operations.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Filter {
    /// Of this kind.
    #[param(example = "tenant.create")]
    kind: Option<String>,
    /// That work on this.
    target: Option<String>,
    /// That this principal began.
    by: Option<String>,
}

/// How to look at one.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Look {
    /// As a stream, until it has ended.
    #[serde(default)]
    follow: bool,
    /// A one-use ticket instead of a header, for streams.
    #[serde(rename = "ticket")]
    _ticket: Option<String>,
}

fn show(row: &OperationRow, progress: &Progress) -> Operation {
    let at = format!("/api/v1/operations/{}", row.id);
    let error = progress.error.as_ref().map(|why| {
        let request = row.id.to_string();
        Problem::new(Code::StateConflict, why.clone()).body(&at, &request)
    });
    let done = progress.state == Stands::Succeeded;
    Operation {
        id: row.id.to_string(),
        kind: row.kind.to_string(),
        target: row.target.to_string(),
        state: progress.state,
        progress: f64::from(progress.percent) / 100.0,
        steps: vec![Step {
            name: row.kind.to_string(),
            state: progress.state,
            error: progress.error.clone(),
        }],
        error,
        result: done.then(|| row.target.to_string()),
        cancellable: progress.undo.is_some(),
        started_at: Stamp(row.started_at),
        ended_at: progress.ended_at.map(Stamp),
    }
}

async fn found(
    app: &App,
    caller: &Caller,
    name: &Name,
) -> Result<(OperationRow, Progress), Problem> {
    let id = name.id::<OperationId>().ok_or_else(Problem::not_found)?;
    let reach = caller.reach();
    app.find(move |store| {
        let Some(row) = store.operation(&reach, id)? else {
            return Ok(None);
        };
        let progress = progress(store, &row)?;
        Ok::<_, StoreError>(Some((row, progress)))
    })
    .await
}

/// Slow work, newest first.
#[utoipa::path(
    get, path = "/api/v1/operations", operation_id = "listOperations", tag = "system",
    params(Filter, Params),
    responses((status = 200, description = "A page", body = PageOf<Operation>)),
    extensions(("x-nimbus-permission" = json!("tenant:read")), ("x-nimbus-rows" = json!(["S1-01"]))),
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    list: List<Filter>,
) -> Outcome<PageOf<serde_json::Value>> {
    let visible = caller.sight::<permit::TenantRead>()?;
    let (filter, list) = list.split();
    let page = list.page(&[By::CreatedAt], true)?;
    let filter = OperationFilter {
        kind: filter.kind,
        target: filter.target,
        by: filter.by,
    };
    let listed = app.read(move |store| {
        let listed = store.operations(&visible, &filter, &page)?;
        let one = |row: OperationRow| Ok((progress(store, &row)?, row));
        let items: Result<Vec<_>, StoreError> = listed.items.into_iter().map(one).collect();
        Ok::<_, StoreError>(Listed {
            items: items?,
            next: listed.next,
        })
    });
    let page = list.answer(listed.await?, |(progress, row)| show(&row, &progress))?;
    Ok(Answer::ok(page))
}

/// Slow work, or, with `follow`, a stream of its states until it has ended.
#[utoipa::path(
    get, path = "/api/v1/operations/{id}", operation_id = "getOperation", tag = "system",
    params(("id" = String, Path, description = "Id"), Look),
    responses((status = 200, description = "How far it is", content(
        (Operation = "application/json"), (serde_json::Value = "text/event-stream"),
    ))),
    extensions(("x-nimbus-permission" = json!("tenant:read")), ("x-nimbus-rows" = json!(["S1-01"]))),
)]
async fn one(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    Query(look): Query<Look>,
) -> Result<Response, Problem> {
    let (row, progress) = found(&app, &caller, &name).await?;
    if look.follow {
        let open = Open::new(&app, &caller)?;
        return Ok(follow(app, &caller, row, open).into_response());
    }
    Ok(Answer::ok(show(&row, &progress)).into_response())
}

/// Each state once, until the last.
fn follow(app: App, caller: &Caller, row: OperationRow, open: Open) -> impl IntoResponse + use<> {
    struct Following {
        app: App,
        row: OperationRow,
        last: Option<Progress>,
        recheck: Recheck,
        live: tokio::sync::broadcast::Receiver<std::sync::Arc<crate::store::EventRow>>,
        _open: Open,
    }
    let recheck = Recheck::new(&app, caller);
    let live = app.feed().subscribe();
    let start = Following {
        app,
        row,
        last: None,
        recheck,
        live,
        _open: open,
    };
    let states = futures::stream::unfold(start, |mut at| async move {
        if at.last.as_ref().is_some_and(|last| last.state.ended()) {
            return None;
        }
        loop {
            at.recheck.due(&at.app).await.ok()?;
            let asked = at.row.clone();
            let now = at
                .app
                .read(move |store| progress(store, &asked))
                .await
                .ok()?;
            if at.last.as_ref() != Some(&now) {
                let event = Event::default().event("operation");
                let event = event.json_data(show(&at.row, &now)).ok()?;
                at.last = Some(now);
                return Some((Ok::<_, Infallible>(event), at));
            }
            let _ = tokio::time::timeout(LOOK, at.live.recv()).await;
        }
    });
    Sse::new(states).keep_alive(KeepAlive::default())
}

/// Cancels slow work, where that is possible: a rollout goes back to the revision before it.
#[utoipa::path(
    post, path = "/api/v1/operations/{id}/cancel", operation_id = "cancelOperation", tag = "system",
    params(("id" = String, Path, description = "Id")),
    responses((status = 202, description = "It will be cancelled", body = Operation)),
    extensions(("x-nimbus-permission" = json!("deploy:rollback")), ("x-nimbus-rows" = json!(["S1-01"]))),
)]
async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
) -> Outcome<Operation> {
    let (row, progress) = found(&app, &caller, &name).await?;
    let Some(rollout) = progress.undo else {
        return Err(Problem::new(Code::StateConflict, "it cannot be cancelled"));
    };
    let service = app
        .read(move |store| store.service_by_no(rollout.service))
        .await?;
    let service = service.ok_or_else(Problem::not_found)?;
    let id = service.row.row.id.to_string();
    let (_, _) = app
        .service_by::<permit::DeployRollback>(&caller, &id)
        .await?;
    let undo = workload::Input::UndoRollout {
        service: rollout.service,
        by: caller.principal().name.clone(),
    };
    let command = Command::new("rollout.undo", &*id, undo).of(service.row.row.tenant);
    app.ask(&caller, command).await?;
    let (_, progress) = found(&app, &caller, &name).await?;
    let at = format!("/api/v1/operations/{}", row.id);
    Ok(Answer::accepted(at, None, show(&row, &progress)))
}
