//! Services: listed, made, shown, changed, scaled, restarted, deleted.

use axum::extract::State;
use nimbus_core::access::permit;
use nimbus_core::cluster::PodSpec;
use nimbus_core::ids::ServiceNo;
use nimbus_core::machine::Reply;
use nimbus_core::workload::{self, Actor, Deploy, Kind, ServiceStatus, Strategy, Subject};
use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::answer::{Answer, Outcome};
use crate::http::app::{App, Command};
use crate::http::caller::Caller;
use crate::http::extract::{IfMatch, Json, Match, Name, Path, Query, Trial, parse_value};
use crate::http::forms::patch::merge;
use crate::http::forms::services::{ServiceForm, Wish};
use crate::http::list::{List, PageOf};
use crate::http::lookup::Looked;
use crate::http::problem::{Code, Problem};
use crate::http::views::autoscale::Autoscale;
use crate::http::views::rollout::Rollout;
use crate::http::views::services::Service;
use crate::store::{Found, ServiceFilter, ServiceView, Store};

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, edit, delete))
        .routes(routes!(scale))
        .routes(routes!(restart))
        .routes(routes!(unpin))
        .routes(routes!(set_autoscale, unset_autoscale))
}

/// Filters of the list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Filter {
    /// Only services in this state.
    status: Option<String>,
}

/// Whether a policy that may oscillate is taken.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Unstable {
    /// Take a policy that may scale up and down for ever under constant load.
    #[serde(default)]
    allow_unstable: bool,
}

/// How many replicas.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Scale {
    /// 0..1000 and within the bounds of the autoscale policy.
    #[schema(example = 5, maximum = 1000)]
    replicas: u32,
}

fn state(word: &str) -> Result<ServiceStatus, Problem> {
    serde_json::from_value(Value::from(word)).map_err(|_| {
        let text =
            "expected pending, progressing, ready, degraded, failed, stopped, deleting or gone";
        Problem::new(Code::BadRequest, format!("status: {text}")).field("status", "invalid", text)
    })
}

/// Lists the services of an app.
#[utoipa::path(
    get, path = "/api/v1/apps/{id}/services", operation_id = "list_services", tag = "services",
    params(("id" = String, Path, description = "Id or slug of the app"), crate::http::list::Params, Filter),
    responses((status = 200, description = "Services", body = PageOf<Service>)),
    extensions(("x-nimbus-permission" = json!("service:read")), ("x-nimbus-rows" = json!(["S1-03", "S1-24"]))),
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    list: List<Filter>,
) -> Outcome<PageOf<Value>> {
    let (found, _) = app.app::<permit::ServiceRead>(&caller, &name).await?;
    let page = list.page(Store::WORKLOAD_SORTS, false)?;
    let filter = ServiceFilter {
        app: Some(found.row.row.no),
        status: list.filter.status.as_deref().map(state).transpose()?,
        text: list.text.clone(),
        ..ServiceFilter::default()
    };
    let reach = caller.reach();
    let listed = app.read(move |store| store.services(&reach, &filter, &page));
    Ok(Answer::ok(
        list.answer(listed.await?, |row| Service::of(&row))?,
    ))
}

/// What is deployed for a wish.
fn deploy(wish: Wish, by: &Caller, onto: Onto) -> Deploy {
    Deploy {
        tenant: onto.tenant,
        app: onto.app,
        service: wish.name,
        kind: onto.kind,
        image: wish.image,
        spec: wish.spec.into(),
        replicas: wish.replicas,
        strategy: onto.strategy,
        autoscale: wish.autoscale.map(Into::into),
        starts: onto.starts,
        details: wish.details,
        by: by.principal().name.clone(),
    }
}

/// Where it is deployed, and what of it forms do not say.
struct Onto {
    tenant: nimbus_core::ids::TenantNo,
    app: std::sync::Arc<str>,
    kind: Kind,
    strategy: Strategy,
    starts: bool,
}

/// Makes a service in an app, with its first revision and a rollout that is pending.
#[utoipa::path(
    post, path = "/api/v1/apps/{id}/services", operation_id = "create_service", tag = "services",
    params(("id" = String, Path, description = "Id or slug of the app"), Unstable, Trial),
    request_body = ServiceForm,
    responses((status = 201, description = "The service", body = Service)),
    extensions(("x-nimbus-permission" = json!("deploy:create")), ("x-nimbus-rows" = json!(["S1-03", "S1-04", "S1-07", "S1-20"]))),
)]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    trial: Trial,
    Query(unstable): Query<Unstable>,
    Json(body): Json<ServiceForm>,
) -> Outcome<Service> {
    let (found, _) = app.app::<permit::DeployCreate>(&caller, &name).await?;
    let row = found.row.row;
    if row.gone {
        return Err(Problem::not_found());
    }
    let wish = body.wish(&PodSpec::default(), unstable.allow_unstable)?;
    let subject = format!("{}/{}", row.slug, wish.name);
    let onto = Onto {
        tenant: row.tenant,
        app: row.slug.clone(),
        kind: Kind::Service,
        strategy: Strategy::default(),
        starts: true,
    };
    let input = workload::Input::Create(deploy(wish, &caller, onto).into());
    let command = Command::new("service.create", subject, input).of(row.tenant);
    if let Some(horizon) = trial.horizon() {
        return app.foresee(&caller, command, horizon).await;
    }
    let answered = app.ask(&caller, command.slow("rollout")).await?;
    let no = deployed(&answered.reply)?;
    let found = app.find(move |store| store.service_by_no(no)).await?;
    let shown = Service::of(&found);
    let location = format!("/api/v1/services/{}", shown.id);
    let version = shown.version;
    Ok(Answer::created(location, shown)
        .operation(answered.operation.as_ref())
        .state(version))
}

fn deployed(reply: &Reply) -> Result<ServiceNo, Problem> {
    match reply {
        Reply::Workload(Ok(workload::Answer::Deployed { no, .. })) => Ok(*no),
        _ => Err(Problem::internal(
            "a service was deployed without an ordinal",
        )),
    }
}

/// A service that is not gone, and the witness.
pub(super) async fn looked<P: nimbus_core::access::Permit>(
    app: &App,
    caller: &Caller,
    name: &Name,
) -> Result<Found<ServiceView>, Problem> {
    let (found, _): Looked<ServiceView, P> = app.service(caller, name).await?;
    if found.row.row.gone {
        return Err(Problem::not_found());
    }
    Ok(found)
}

/// Shows a service.
#[utoipa::path(
    get, path = "/api/v1/services/{id}", operation_id = "get_service", tag = "services",
    params(("id" = String, Path, description = "Id or name of the service")),
    responses((status = 200, description = "The service", body = Service)),
    extensions(("x-nimbus-permission" = json!("service:read")), ("x-nimbus-rows" = json!(["S1-24"]))),
)]
async fn get(State(app): State<App>, caller: Caller, Path(name): Path<Name>) -> Outcome<Service> {
    let found = looked::<permit::ServiceRead>(&app, &caller, &name).await?;
    let version = found.row.row.version;
    Ok(Answer::ok(Service::of(&found)).state(version))
}

/// The input, if the service still has the version that the client names.
pub(super) fn guarded(
    service: ServiceNo,
    version: Option<u32>,
    then: workload::Input,
) -> workload::Input {
    match version {
        None => then,
        Some(version) => workload::Input::Expect {
            subject: Subject::Service(service),
            version,
            then: Box::new(then),
        },
    }
}

/// A write to a service.
pub(super) fn command(action: &'static str, view: &ServiceView, input: workload::Input) -> Command {
    Command::new(action, view.row.id.to_string(), input).of(view.row.tenant)
}

/// A service as it is now.
async fn now(app: &App, no: ServiceNo) -> Result<Found<ServiceView>, Problem> {
    app.find(move |store| store.service_by_no(no)).await
}

/// The form of a service as it is, with a patch merged into it.
fn patched(view: &ServiceView, patch: Value) -> Result<ServiceForm, Problem> {
    let Value::Object(fields) = &patch else {
        return Err(Problem::invalid("body", "wrong_type", "expected an object"));
    };
    let said = |name: &str| fields.get(name).is_some_and(|value| !value.is_null());
    let named = fields.get("name").and_then(Value::as_str);
    if named.is_some_and(|name| *name != *view.row.slug) || fields.get("name") == Some(&Value::Null)
    {
        return Err(Problem::invalid("name", "immutable", "cannot be changed"));
    }
    let revision = view.revision.as_ref().ok_or_else(Problem::not_found)?;
    let policy = view.row.autoscale.as_deref();
    let form = ServiceForm::of(&view.row.slug, &revision.template, policy);
    let mut document = serde_json::to_value(form).unwrap_or_default();
    if let Value::Object(fields) = &mut document {
        // what is short for several fields replaces them
        if said("instance_type") {
            for name in ["cpu_limit", "memory_limit", "cpu_request", "memory_request"] {
                fields.remove(name);
            }
        }
        if said("port") {
            fields.remove("ports");
        }
    }
    merge(&mut document, patch);
    parse_value(&document)
}

/// Changes a service by a merge patch of the fields of its creation. A changed specification makes a
/// revision and a rollout; the same one changes nothing.
#[utoipa::path(
    patch, path = "/api/v1/services/{id}", operation_id = "edit_service", tag = "services",
    params(("id" = String, Path, description = "Id or name of the service"), Unstable, Trial),
    request_body(content = Object, description = "Any fields of a service's creation; null gives a field its default"),
    responses(
        (status = 200, description = "The service; no rollout was needed", body = Service),
        (status = 202, description = "The service; a rollout has begun", body = Service),
    ),
    extensions(("x-nimbus-permission" = json!("deploy:update")), ("x-nimbus-rows" = json!(["S1-07", "S1-08"]))),
)]
async fn edit(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    trial: Trial,
    Query(unstable): Query<Unstable>,
    Match(version): Match,
    Json(patch): Json<Value>,
) -> Outcome<Service> {
    let found = looked::<permit::DeployUpdate>(&app, &caller, &name).await?;
    let view = &found.row;
    let (no, before) = (view.row.no, view.row.revision);
    // the patch is merged with what was read, so that it must still be there
    let version = version.unwrap_or(view.row.version);
    let template = view.revision.as_ref().map(|revision| &revision.template);
    let template = template.ok_or_else(Problem::not_found)?;
    let allow =
        unstable.allow_unstable || view.row.autoscale.as_ref().is_some_and(|p| p.allow_flap);
    let wish = patched(view, patch)?.wish(&template.spec, allow)?;
    let onto = Onto {
        tenant: view.row.tenant,
        app: view.app_slug.clone(),
        kind: view.row.kind,
        strategy: view.row.strategy,
        starts: template.starts || wish.image != template.image,
    };
    let input = workload::Input::Deploy(deploy(wish, &caller, onto).into());
    let command = command("service.edit", view, guarded(no, Some(version), input));
    if let Some(horizon) = trial.horizon() {
        return app.foresee(&caller, command, horizon).await;
    }
    let answered = app.ask(&caller, command.slow("rollout")).await?;
    let found = now(&app, no).await?;
    let shown = Service::of(&found);
    let version = shown.version;
    let rolled = match answered.reply {
        Reply::Workload(Ok(workload::Answer::Deployed { revision, .. })) => revision != before,
        _ => false,
    };
    let location = format!("/api/v1/services/{}", shown.id);
    Ok(match rolled {
        true => Answer::accepted(location, answered.operation.as_ref(), shown).state(version),
        false => Answer::ok(shown).state(version),
    })
}

/// Deletes a service. Asked again, the answer is the same until it is gone.
#[utoipa::path(
    delete, path = "/api/v1/services/{id}", operation_id = "delete_service", tag = "services",
    params(("id" = String, Path, description = "Id or name of the service"), Trial),
    responses((status = 202, description = "The service, deleting", body = Service)),
    extensions(("x-nimbus-permission" = json!("deploy:delete")), ("x-nimbus-rows" = json!(["S1-24"]))),
)]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    trial: Trial,
    IfMatch(version): IfMatch,
) -> Outcome<Service> {
    let found = looked::<permit::DeployDelete>(&app, &caller, &name).await?;
    let service = found.row.row.no;
    let input = guarded(service, version, workload::Input::Delete { service });
    let command = command("service.delete", &found.row, input).slow("service.delete");
    if let Some(horizon) = trial.horizon() {
        return app.foresee(&caller, command, horizon).await;
    }
    let answered = app.ask(&caller, command).await?;
    let shown = Service::of(&now(&app, service).await?);
    let location = format!("/api/v1/services/{}", shown.id);
    let version = shown.version;
    Ok(Answer::accepted(location, answered.operation.as_ref(), shown).state(version))
}

/// Sets the number of replicas, at once: no revision, no rollout.
#[utoipa::path(
    put, path = "/api/v1/services/{id}/scale", operation_id = "scale_service", tag = "services",
    params(("id" = String, Path, description = "Id or name of the service"), Trial),
    request_body = Scale,
    responses((status = 200, description = "The service", body = Service)),
    extensions(("x-nimbus-permission" = json!("deploy:scale")), ("x-nimbus-rows" = json!(["S1-05", "S1-20"]))),
)]
async fn scale(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    trial: Trial,
    IfMatch(version): IfMatch,
    Json(body): Json<Scale>,
) -> Outcome<Service> {
    let found = looked::<permit::DeployScale>(&app, &caller, &name).await?;
    let service = found.row.row.no;
    let input = workload::Input::Scale {
        service,
        replicas: body.replicas,
        by: Actor::User,
    };
    let command = command(
        "service.scale",
        &found.row,
        guarded(service, version, input),
    );
    if let Some(horizon) = trial.horizon() {
        return app.foresee(&caller, command, horizon).await;
    }
    app.ask(&caller, command).await?;
    let shown = Service::of(&now(&app, service).await?);
    let version = shown.version;
    Ok(Answer::ok(shown).state(version))
}

/// Replaces all replicas of the present revision, a few at a time.
#[utoipa::path(
    post, path = "/api/v1/services/{id}/restart", operation_id = "restart_service", tag = "services",
    params(("id" = String, Path, description = "Id or name of the service"), Trial),
    responses((status = 202, description = "The rollout", body = Rollout)),
    extensions(("x-nimbus-permission" = json!("deploy:update")), ("x-nimbus-rows" = json!(["S1-08"]))),
)]
async fn restart(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    trial: Trial,
    IfMatch(version): IfMatch,
) -> Outcome<Rollout> {
    let found = looked::<permit::DeployUpdate>(&app, &caller, &name).await?;
    let service = found.row.row.no;
    let input = guarded(service, version, workload::Input::Restart { service });
    let command = command("service.restart", &found.row, input).slow("rollout");
    if let Some(horizon) = trial.horizon() {
        return app.foresee(&caller, command, horizon).await;
    }
    let answered = app.ask(&caller, command).await?;
    rolling(&app, service, answered.operation.as_ref()).await
}

/// 202 with the last rollout of a service.
pub(super) async fn rolling(
    app: &App,
    service: ServiceNo,
    operation: Option<&crate::store::OperationRow>,
) -> Outcome<Rollout> {
    let view = now(app, service).await?.row;
    let row = view.rollout.as_ref().ok_or_else(Problem::not_found)?;
    let location = format!("/api/v1/services/{}/status", view.row.id);
    Ok(Answer::accepted(
        location,
        operation,
        Rollout::of(row, &view),
    ))
}

/// Lets automation change a service again that a rollback pinned.
#[utoipa::path(
    post, path = "/api/v1/services/{id}/unpin", operation_id = "unpin_service", tag = "services",
    params(("id" = String, Path, description = "Id or name of the service"), Trial),
    responses((status = 200, description = "The service", body = Service)),
    extensions(("x-nimbus-permission" = json!("deploy:update")), ("x-nimbus-rows" = json!(["S1-19"]))),
)]
async fn unpin(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    trial: Trial,
    IfMatch(version): IfMatch,
) -> Outcome<Service> {
    let found = looked::<permit::DeployUpdate>(&app, &caller, &name).await?;
    let service = found.row.row.no;
    let input = guarded(service, version, workload::Input::Unpin { service });
    let command = command("service.unpin", &found.row, input);
    if let Some(horizon) = trial.horizon() {
        return app.foresee(&caller, command, horizon).await;
    }
    app.ask(&caller, command).await?;
    let shown = Service::of(&now(&app, service).await?);
    let version = shown.version;
    Ok(Answer::ok(shown).state(version))
}

async fn scaled_by(
    app: &App,
    caller: &Caller,
    name: &Name,
    (trial, version): (Trial, Option<u32>),
    policy: Option<nimbus_core::autoscaler::Policy>,
) -> Outcome<Service> {
    let found = looked::<permit::DeployUpdate>(app, caller, name).await?;
    let service = found.row.row.no;
    let policy = policy.map(Into::into);
    let input = workload::Input::SetAutoscale { service, policy };
    let command = command(
        "service.autoscale",
        &found.row,
        guarded(service, version, input),
    );
    if let Some(horizon) = trial.horizon() {
        return app.foresee(caller, command, horizon).await;
    }
    app.ask(caller, command).await?;
    let shown = Service::of(&now(app, service).await?);
    let version = shown.version;
    Ok(Answer::ok(shown).state(version))
}

/// Has a service scaled by its load. Its replicas are brought within the bounds at once.
#[utoipa::path(
    put, path = "/api/v1/services/{id}/autoscale", operation_id = "set_autoscale", tag = "services",
    params(("id" = String, Path, description = "Id or name of the service"), Unstable, Trial),
    request_body = Autoscale,
    responses((status = 200, description = "The service", body = Service)),
    extensions(("x-nimbus-permission" = json!("deploy:update")), ("x-nimbus-rows" = json!(["S0-14", "U-03"]))),
)]
async fn set_autoscale(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    trial: Trial,
    Query(unstable): Query<Unstable>,
    IfMatch(version): IfMatch,
    Json(body): Json<Autoscale>,
) -> Outcome<Service> {
    let policy = body.policy("", unstable.allow_unstable)?;
    let guard = (trial, version);
    scaled_by(&app, &caller, &name, guard, Some(policy)).await
}

/// Leaves the replicas of a service to people.
#[utoipa::path(
    delete, path = "/api/v1/services/{id}/autoscale", operation_id = "unset_autoscale", tag = "services",
    params(("id" = String, Path, description = "Id or name of the service"), Trial),
    responses((status = 200, description = "The service", body = Service)),
    extensions(("x-nimbus-permission" = json!("deploy:update")), ("x-nimbus-rows" = json!(["S0-14"]))),
)]
async fn unset_autoscale(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    trial: Trial,
    IfMatch(version): IfMatch,
) -> Outcome<Service> {
    scaled_by(&app, &caller, &name, (trial, version), None).await
}

/// No filters.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Nothing {}
