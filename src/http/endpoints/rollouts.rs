//! Rollouts: listed by service, paused, resumed.

use axum::extract::State;
use nimbus_core::access::{Object, permit};
use nimbus_core::ids::RolloutId;
use nimbus_core::workload;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::services::{Nothing, command};
use crate::http::answer::{Answer, Outcome};
use crate::http::app::App;
use crate::http::caller::Caller;
use crate::http::extract::{Name, Path, Trial};
use crate::http::list::{List, PageOf};
use crate::http::problem::{Code, Problem};
use crate::http::views::rollout::Rollout;
use crate::store::By;

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(pause))
        .routes(routes!(resume))
}

/// Lists the rollouts of a service, newest first. A hundred are kept.
#[utoipa::path(
    get, path = "/api/v1/services/{id}/rollouts", operation_id = "list_rollouts", tag = "rollouts",
    params(("id" = String, Path, description = "Id or name of the service"), crate::http::list::Params),
    responses((status = 200, description = "Rollouts", body = PageOf<Rollout>)),
    extensions(("x-nimbus-permission" = json!("service:read")), ("x-nimbus-rows" = json!(["S1-08"]))),
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    list: List<Nothing>,
) -> Outcome<PageOf<Value>> {
    let (found, _) = app.service::<permit::ServiceRead>(&caller, &name).await?;
    let view = found.row;
    if view.row.gone {
        return Err(Problem::not_found());
    }
    let service = view.row.no;
    let page = list.page(&[By::CreatedAt], true)?;
    let listed = app.read(move |store| store.rollouts(service, &page));
    Ok(Answer::ok(list.answer(listed.await?, |found| {
        Rollout::of(&found.row, &view)
    })?))
}

/// Lets a rollout stand still, or go on. Only the last one of its service can.
async fn hold(
    app: &App,
    caller: &Caller,
    name: &Name,
    trial: Trial,
    pause: bool,
) -> Outcome<Rollout> {
    let id: RolloutId = name.id().ok_or_else(Problem::not_found)?;
    let reach = caller.reach();
    let (row, view, org) = app
        .find(move |store| {
            let Some(row) = store.rollout(&reach, id)?.map(|found| found.row) else {
                return Ok(None);
            };
            let Some(view) = store.service_by_no(row.service)?.map(|found| found.row) else {
                return Ok(None);
            };
            let tenant = store.tenant_by_no(view.row.tenant)?;
            Ok(tenant.map(|tenant| (row, view, tenant.row.row.org)))
        })
        .await?;
    let tenant = view.row.tenant;
    caller.authorize::<permit::DeployUpdate>(Object::Tenant { tenant, org })?;
    if row.number != view.row.rollout {
        let text = "a newer rollout has begun";
        return Err(Problem::new(Code::StateConflict, text));
    }
    let service = row.service;
    let (action, input) = match pause {
        true => ("rollout.pause", workload::Input::PauseRollout { service }),
        false => ("rollout.resume", workload::Input::ResumeRollout { service }),
    };
    let command = command(action, &view, input);
    if let Some(horizon) = trial.horizon() {
        return app.foresee(caller, command, horizon).await;
    }
    app.ask(caller, command).await?;
    let view = app
        .find(move |store| store.service_by_no(service))
        .await?
        .row;
    let row = view.rollout.as_ref().ok_or_else(Problem::not_found)?;
    Ok(Answer::ok(Rollout::of(row, &view)))
}

/// Lets a rollout stand still; its deadline stands still with it.
#[utoipa::path(
    post, path = "/api/v1/rollouts/{id}/pause", operation_id = "pause_rollout", tag = "rollouts",
    params(("id" = String, Path, description = "Id of the rollout"), Trial),
    responses((status = 200, description = "The rollout", body = Rollout)),
    extensions(("x-nimbus-permission" = json!("deploy:update")), ("x-nimbus-rows" = json!(["S1-08"]))),
)]
async fn pause(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    trial: Trial,
) -> Outcome<Rollout> {
    hold(&app, &caller, &name, trial, true).await
}

/// Lets a paused rollout go on.
#[utoipa::path(
    post, path = "/api/v1/rollouts/{id}/resume", operation_id = "resume_rollout", tag = "rollouts",
    params(("id" = String, Path, description = "Id of the rollout"), Trial),
    responses((status = 200, description = "The rollout", body = Rollout)),
    extensions(("x-nimbus-permission" = json!("deploy:update")), ("x-nimbus-rows" = json!(["S1-08"]))),
)]
async fn resume(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    trial: Trial,
) -> Outcome<Rollout> {
    hold(&app, &caller, &name, trial, false).await
}
