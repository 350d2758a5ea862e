//! How a service stands: its status, cheap to poll, and its replicas.

use axum::extract::State;
use nimbus_core::access::permit;
use nimbus_core::store::StoreError;
use nimbus_core::time::Time;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::logs::said;
use super::services::{Nothing, looked};
use crate::http::answer::{Answer, Outcome};
use crate::http::app::App;
use crate::http::caller::Caller;
use crate::http::extract::{Name, Path};
use crate::http::list::{List, PageOf};
use crate::http::views::logs::Line;
use crate::http::views::replica::Replica;
use crate::http::views::status::{Facts, Status};
use crate::store::{
    By, DecisionFilter, DecisionKind, LIMIT_MAX, Page, ServiceView, Store, Visible,
};

/// Log lines in the status of a service that failed.
const LAST_LINES: usize = 50;

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(replicas))
}

/// The time of the last committed group: ages are told as of then.
pub(super) fn present(store: &Store) -> Result<Time, StoreError> {
    Ok(store.last()?.map_or(Time::ZERO, |last| last.now))
}

/// What a status is made of, read at once.
fn facts(store: &Store, view: &ServiceView) -> Result<Status, StoreError> {
    let now = present(store)?;
    let replicas = store.replicas(view.row.no, &Page::first(LIMIT_MAX))?.items;
    let filter = DecisionFilter {
        tenant: Some(view.row.tenant),
        service: Some(view.row.no),
        kind: Some(DecisionKind::Wait),
        since: None,
    };
    let wait = store.decisions(&Visible::All, &filter, &Page::first(1))?;
    let lines = said(&replicas, None, now, LAST_LINES);
    let shown: Vec<Line> = lines
        .iter()
        .map(|line| Line::of(line, &view.row.name))
        .collect();
    Ok(Status::of(&Facts {
        service: view,
        replicas: &replicas,
        wait: wait.items.first(),
        lines: &shown,
        now,
    }))
}

/// Shows where a service stands and why. Cheap to poll: send the `ETag` back as `If-None-Match`.
#[utoipa::path(
    get, path = "/api/v1/services/{id}/status", operation_id = "get_service_status", tag = "services",
    params(("id" = String, Path, description = "Id or name of the service")),
    responses((status = 200, description = "The status", body = Status)),
    extensions(("x-nimbus-permission" = json!("service:read")), ("x-nimbus-rows" = json!(["S1-06", "S1-09"]))),
)]
async fn status(State(app): State<App>, caller: Caller, Path(name): Path<Name>) -> Outcome<Status> {
    let found = looked::<permit::ServiceRead>(&app, &caller, &name).await?;
    let version = found.row.row.version;
    let status = app.read(move |store| facts(store, &found.row)).await?;
    Ok(Answer::ok(status).state(version))
}

/// Lists the replicas of a service; those that have ended stay for an hour.
#[utoipa::path(
    get, path = "/api/v1/services/{id}/replicas", operation_id = "list_replicas", tag = "services",
    params(("id" = String, Path, description = "Id or name of the service"), crate::http::list::Params),
    responses((status = 200, description = "Replicas", body = PageOf<Replica>)),
    extensions(("x-nimbus-permission" = json!("service:read")), ("x-nimbus-rows" = json!(["S1-09"]))),
)]
async fn replicas(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    list: List<Nothing>,
) -> Outcome<PageOf<Value>> {
    let found = looked::<permit::ServiceRead>(&app, &caller, &name).await?;
    let (service, deployment) = (found.row.row.no, found.row.row.name.clone());
    let page = list.page(&[By::CreatedAt], false)?;
    let (now, listed) = app
        .read(move |store| Ok::<_, StoreError>((present(store)?, store.replicas(service, &page)?)))
        .await?;
    Ok(Answer::ok(list.answer(listed, |row| {
        Replica::of(&row, &deployment, now)
    })?))
}
