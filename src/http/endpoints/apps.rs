//! Apps: listed, made, shown, changed, deleted.

use axum::extract::State;
use nimbus_core::access::{Object, permit};
use nimbus_core::ids::{AppNo, TenantNo};
use nimbus_core::machine::Reply;
use nimbus_core::workload::{self, AppStatus, Subject};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::answer::{Answer, Outcome};
use crate::http::app::{App, Command};
use crate::http::caller::Caller;
use crate::http::extract::{IfMatch, Json, Match, Name, Path, Trial};
use crate::http::forms::app::{CreateApp, EditApp};
use crate::http::list::{List, PageOf};
use crate::http::problem::{Code, Problem};
use crate::http::views::app::App as Shown;
use crate::store::{AppFilter, AppView, Found, Listed, OperationRow, Store};

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, edit, delete))
}

/// Filters of the list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Filter {
    /// Only apps of this tenant, by id or slug.
    tenant_id: Option<String>,
    /// Only apps in this state.
    status: Option<String>,
}

fn status(word: &str) -> Result<AppStatus, Problem> {
    let value = serde_json::Value::from(word);
    serde_json::from_value(value).map_err(|_| {
        let text = "expected pending, provisioning, ready, degraded, error or deleting";
        Problem::new(Code::BadRequest, format!("status: {text}")).field("status", "invalid", text)
    })
}

/// Lists the apps that the caller sees.
#[utoipa::path(
    get, path = "/api/v1/apps", operation_id = "list_apps", tag = "apps",
    params(crate::http::list::Params, Filter),
    responses((status = 200, description = "Apps", body = PageOf<Shown>)),
    extensions(("x-nimbus-permission" = json!("app:read")), ("x-nimbus-rows" = json!(["S1-01"]))),
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    list: List<Filter>,
) -> Outcome<PageOf<serde_json::Value>> {
    let page = list.page(Store::WORKLOAD_SORTS, false)?;
    let sight = caller.sight::<permit::AppRead>()?;
    let mut filter = AppFilter {
        tenant: None,
        status: list.filter.status.as_deref().map(status).transpose()?,
        text: list.text.clone(),
    };
    let tenant = list.filter.tenant_id.clone();
    let listed = app.read(move |store| {
        if let Some(name) = tenant {
            match store.tenant(&sight, &name)? {
                Some(found) => filter.tenant = Some(found.row.no),
                None => {
                    return Ok(Listed {
                        items: Vec::new(),
                        next: None,
                    });
                }
            }
        }
        store.apps(&sight, &filter, &page)
    });
    Ok(Answer::ok(
        list.answer(listed.await?, |row| Shown::of(&row))?,
    ))
}

/// The tenant in which something is made: the one named, or the caller's.
pub(super) async fn tenant_of<P: nimbus_core::access::Permit>(
    app: &App,
    caller: &Caller,
    named: Option<&str>,
) -> Result<TenantNo, Problem> {
    if let Some(name) = named {
        let name = Name::read(name).ok_or_else(Problem::not_found)?;
        let (found, _) = app.tenant::<P>(caller, &name).await?;
        return Ok(found.row.no);
    }
    let own = caller.principal().tenant();
    let text = "is required: the caller has no tenant of its own";
    let tenant = own.ok_or_else(|| Problem::invalid("tenant_id", "required", text))?;
    let found = app.find(move |store| store.tenant_by_no(tenant)).await?;
    let org = found.row.row.org;
    caller.authorize::<P>(Object::Tenant { tenant, org })?;
    Ok(tenant)
}

/// Makes an app. It stays without services until it is deleted.
#[utoipa::path(
    post, path = "/api/v1/apps", operation_id = "create_app", tag = "apps",
    params(Trial), request_body = CreateApp,
    responses((status = 201, description = "The app", body = Shown)),
    extensions(("x-nimbus-permission" = json!("deploy:create")), ("x-nimbus-rows" = json!(["S1-01", "S1-02", "S1-20"]))),
)]
async fn create(
    State(app): State<App>,
    caller: Caller,
    trial: Trial,
    Json(body): Json<CreateApp>,
) -> Outcome<Shown> {
    let named = body.tenant_id.as_deref();
    let tenant = tenant_of::<permit::DeployCreate>(&app, &caller, named).await?;
    let wish = body.wish(tenant)?;
    let subject = wish.slug.clone();
    let input = workload::Input::CreateApp(wish.into());
    let command = Command::new("app.create", subject, input).of(tenant);
    if let Some(horizon) = trial.horizon() {
        return app.foresee(&caller, command, horizon).await;
    }
    let answered = app.ask(&caller, command).await?;
    let Reply::Workload(Ok(workload::Answer::App { no, .. })) = answered.reply else {
        return Err(Problem::internal("an app was made without an ordinal"));
    };
    let found = app.find(move |store| store.app_by_no(no)).await?;
    let shown = Shown::of(&found);
    let location = format!("/api/v1/apps/{}", shown.id);
    let version = shown.version;
    Ok(Answer::created(location, shown).state(version))
}

fn living(found: Found<AppView>) -> Result<Found<AppView>, Problem> {
    if found.row.row.gone {
        return Err(Problem::not_found());
    }
    Ok(found)
}

/// Shows an app.
#[utoipa::path(
    get, path = "/api/v1/apps/{id}", operation_id = "get_app", tag = "apps",
    params(("id" = String, Path, description = "Id or slug of the app")),
    responses((status = 200, description = "The app", body = Shown)),
    extensions(("x-nimbus-permission" = json!("app:read")), ("x-nimbus-rows" = json!(["S1-01", "S1-24"]))),
)]
async fn get(State(app): State<App>, caller: Caller, Path(name): Path<Name>) -> Outcome<Shown> {
    let (found, _) = app.app::<permit::AppRead>(&caller, &name).await?;
    let found = living(found)?;
    let version = found.row.row.version;
    Ok(Answer::ok(Shown::of(&found)).state(version))
}

/// The input, if the app still has the version that the client names.
fn guarded(app: AppNo, version: Option<u32>, then: workload::Input) -> workload::Input {
    match version {
        None => then,
        Some(version) => workload::Input::Expect {
            subject: Subject::App(app),
            version,
            then: Box::new(then),
        },
    }
}

/// Changes an app: all fields together, or nothing.
#[utoipa::path(
    patch, path = "/api/v1/apps/{id}", operation_id = "edit_app", tag = "apps",
    params(("id" = String, Path, description = "Id or slug of the app"), Trial),
    request_body = EditApp,
    responses((status = 200, description = "The app", body = Shown)),
    extensions(("x-nimbus-permission" = json!("deploy:update")), ("x-nimbus-rows" = json!(["S1-01", "S1-20"]))),
)]
async fn edit(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    trial: Trial,
    Match(version): Match,
    Json(body): Json<EditApp>,
) -> Outcome<Shown> {
    let (found, _) = app.app::<permit::DeployUpdate>(&caller, &name).await?;
    let found = living(found)?;
    let row = &found.row.row;
    let no = row.no;
    // the patch is merged with what was read, so that it must still be there
    let version = version.unwrap_or(row.version);
    let edit = body.wish(row)?.into();
    let input = guarded(
        no,
        Some(version),
        workload::Input::EditApp { app: no, edit },
    );
    let command = Command::new("app.edit", row.id.to_string(), input).of(row.tenant);
    if let Some(horizon) = trial.horizon() {
        return app.foresee(&caller, command, horizon).await;
    }
    app.ask(&caller, command).await?;
    let found = app.find(move |store| store.app_by_no(no)).await?;
    let version = found.row.row.version;
    Ok(Answer::ok(Shown::of(&found)).state(version))
}

fn begun(found: &Found<AppView>, operation: Option<&OperationRow>) -> Answer<Shown> {
    let shown = Shown::of(found);
    let location = format!("/api/v1/apps/{}", shown.id);
    let version = shown.version;
    Answer::accepted(location, operation, shown).state(version)
}

/// Deletes an app, its services first. Asked again, the answer is the same.
#[utoipa::path(
    delete, path = "/api/v1/apps/{id}", operation_id = "delete_app", tag = "apps",
    params(("id" = String, Path, description = "Id or slug of the app"), Trial),
    responses((status = 202, description = "The app, deleting", body = Shown)),
    extensions(("x-nimbus-permission" = json!("deploy:delete")), ("x-nimbus-rows" = json!(["S1-24"]))),
)]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    trial: Trial,
    IfMatch(version): IfMatch,
) -> Outcome<Shown> {
    let (found, _) = app.app::<permit::DeployDelete>(&caller, &name).await?;
    let found = living(found)?;
    let row = &found.row.row;
    let no = row.no;
    let input = guarded(no, version, workload::Input::DeleteApp { app: no });
    let command = Command::new("app.delete", row.id.to_string(), input).of(row.tenant);
    if let Some(horizon) = trial.horizon() {
        return app.foresee(&caller, command, horizon).await;
    }
    let answered = app.ask(&caller, command.slow("app.delete")).await?;
    let found = app.find(move |store| store.app_by_no(no)).await?;
    Ok(begun(&found, answered.operation.as_ref()))
}
