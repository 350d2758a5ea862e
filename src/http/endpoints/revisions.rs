//! Revisions of a service: listed, shown, compared; going back to one.

use axum::extract::State;
use nimbus_core::access::permit;
use nimbus_core::ids::ServiceNo;
use nimbus_core::store::StoreError;
use nimbus_core::store::workload::{Revision as Row, Rollout as RolloutRow};
use nimbus_core::workload;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::services::{Nothing, command, guarded, rolling};
use crate::http::answer::{Answer, Outcome};
use crate::http::app::App;
use crate::http::caller::Caller;
use crate::http::extract::{IfMatch, Json, Name, Path, Trial};
use crate::http::list::{List, PageOf};
use crate::http::problem::Problem;
use crate::http::views::revision::{Difference, Revision, differences};
use crate::http::views::rollout::Rollout;
use crate::store::{By, LIMIT_MAX, Page, ServiceView, Store};

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(diff))
        .routes(routes!(rollback))
}

/// The rollouts that are kept of a service: they tell the phases of its revisions.
fn rollouts(store: &Store, service: ServiceNo) -> Result<Vec<RolloutRow>, StoreError> {
    let page = Page::first(LIMIT_MAX).sorted(By::CreatedAt, true);
    let listed = store.rollouts(service, &page)?;
    Ok(listed.items.into_iter().map(|found| found.row).collect())
}

async fn looked(app: &App, caller: &Caller, name: &Name) -> Result<ServiceView, Problem> {
    let (found, _) = app.service::<permit::ServiceRead>(caller, name).await?;
    if found.row.row.gone {
        return Err(Problem::not_found());
    }
    Ok(found.row)
}

/// Lists the revisions of a service, newest first. A hundred are kept.
#[utoipa::path(
    get, path = "/api/v1/services/{id}/revisions", operation_id = "list_revisions", tag = "revisions",
    params(("id" = String, Path, description = "Id or name of the service"), crate::http::list::Params),
    responses((status = 200, description = "Revisions", body = PageOf<Revision>)),
    extensions(("x-nimbus-permission" = json!("service:read")), ("x-nimbus-rows" = json!(["S1-07"]))),
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    list: List<Nothing>,
) -> Outcome<PageOf<Value>> {
    let view = looked(&app, &caller, &name).await?;
    let service = view.row.no;
    let page = list.page(&[By::CreatedAt], true)?;
    let (listed, rollouts) = app
        .read(move |store| {
            let listed = store.revisions(service, &page)?;
            Ok::<_, StoreError>((listed, rollouts(store, service)?))
        })
        .await?;
    Ok(Answer::ok(list.answer(listed, |row| {
        Revision::of(&row, &view, &rollouts)
    })?))
}

/// One revision as it is shown; 404 if it is not kept.
async fn shown(app: &App, view: &ServiceView, number: u32) -> Result<Revision, Problem> {
    let service = view.row.no;
    let (row, rollouts): (Row, _) = app
        .find(move |store| match store.revision(service, number)? {
            Some(row) => Ok(Some((row, rollouts(store, service)?))),
            None => Ok(None),
        })
        .await?;
    Ok(Revision::of(&row, view, &rollouts))
}

/// Shows a revision whole; never the values of secrets.
#[utoipa::path(
    get, path = "/api/v1/services/{id}/revisions/{number}", operation_id = "get_revision", tag = "revisions",
    params(
        ("id" = String, Path, description = "Id or name of the service"),
        ("number" = u32, Path, description = "Number of the revision"),
    ),
    responses((status = 200, description = "The revision", body = Revision)),
    extensions(("x-nimbus-permission" = json!("service:read")), ("x-nimbus-rows" = json!(["S1-07"]))),
)]
async fn get(
    State(app): State<App>,
    caller: Caller,
    Path((name, number)): Path<(Name, u32)>,
) -> Outcome<Revision> {
    let view = looked(&app, &caller, &name).await?;
    let revision = shown(&app, &view, number).await?;
    Ok(Answer::ok(revision).state(number))
}

/// Compares the specifications of two revisions: the fields that differ.
#[utoipa::path(
    get, path = "/api/v1/services/{id}/revisions/{a}/diff/{b}", operation_id = "diff_revisions", tag = "revisions",
    params(
        ("id" = String, Path, description = "Id or name of the service"),
        ("a" = u32, Path, description = "Number of the first"),
        ("b" = u32, Path, description = "Number of the second"),
    ),
    responses((status = 200, description = "Fields that differ", body = PageOf<Difference>)),
    extensions(("x-nimbus-permission" = json!("service:read")), ("x-nimbus-rows" = json!(["S1-07"]))),
)]
async fn diff(
    State(app): State<App>,
    caller: Caller,
    Path((name, from, to)): Path<(Name, u32, u32)>,
) -> Outcome<PageOf<Difference>> {
    let view = looked(&app, &caller, &name).await?;
    let from = shown(&app, &view, from).await?;
    let to = shown(&app, &view, to).await?;
    Ok(Answer::ok(PageOf {
        items: differences(&from, &to),
        next_cursor: None,
    }))
}

/// Where to go back to.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Rollback {
    /// Number of a revision; without it the one that was active before the present.
    #[schema(example = 1)]
    to: Option<u32>,
}

/// Makes a revision with the specification of an earlier one, rolls it out and pins the service: automation
/// leaves it alone until it is unpinned.
#[utoipa::path(
    post, path = "/api/v1/services/{id}/rollback", operation_id = "rollback_service", tag = "revisions",
    params(("id" = String, Path, description = "Id or name of the service"), Trial),
    request_body = Rollback,
    responses((status = 202, description = "The rollout", body = Rollout)),
    extensions(("x-nimbus-permission" = json!("deploy:rollback")), ("x-nimbus-rows" = json!(["S1-19"]))),
)]
async fn rollback(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    trial: Trial,
    IfMatch(version): IfMatch,
    Json(body): Json<Rollback>,
) -> Outcome<Rollout> {
    let (found, _) = app
        .service::<permit::DeployRollback>(&caller, &name)
        .await?;
    let view = found.row;
    let service = view.row.no;
    let input = workload::Input::Rollback {
        service,
        revision: body.to,
        by: caller.principal().name.clone(),
    };
    let command = command("service.rollback", &view, guarded(service, version, input));
    if let Some(horizon) = trial.horizon() {
        return app.foresee(&caller, command, horizon).await;
    }
    let answered = app.ask(&caller, command.slow("rollout")).await;
    let answered = answered.map_err(renamed)?;
    rolling(&app, service, answered.operation.as_ref()).await
}

/// The machine's `revision` is this request's `to`.
fn renamed(mut problem: Problem) -> Problem {
    for field in &mut problem.fields {
        if field.path == "revision" {
            field.path = "to".to_owned();
        }
    }
    problem
}
