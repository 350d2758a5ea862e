//! Tenants: listed, made, shown, changed, suspended, deleted.

use axum::extract::State;
use nimbus_core::access::{Object, permit};
use nimbus_core::ids::TenantNo;
use nimbus_core::machine::Reply;
use nimbus_core::tenant::{self, Status};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::answer::{Answer, Outcome};
use crate::http::app::{App, Command};
use crate::http::caller::Caller;
use crate::http::extract::{IfMatch, Json, Match, Name, Path, Trial};
use crate::http::forms::tenant::{CreateTenant, EditTenant, SuspendTenant, status};
use crate::http::list::{List, PageOf};
use crate::http::problem::Problem;
use crate::http::views::tenant::Tenant;
use crate::store::{
    Found, LIMIT_MAX, Listed, OperationFilter, OperationRow, Page, Store, TenantFilter, TenantView,
    Visible,
};

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, edit, delete))
        .routes(routes!(suspend))
        .routes(routes!(resume))
        .routes(routes!(list_bare, create_bare))
        .routes(routes!(get_bare, delete_bare))
}

/// Filters of the list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Filter {
    /// Only tenants of this organization, by id or slug.
    organization_id: Option<String>,
    /// Only tenants in this state; without it all that are not gone.
    status: Option<String>,
    /// Only tenants with these labels, `key=value`, several by commas.
    label: Option<String>,
}

async fn page_of(
    app: &App,
    caller: &Caller,
    list: &List<Filter>,
    page: Page,
) -> Result<Listed<Found<TenantView>>, Problem> {
    let sight = caller.sight::<permit::TenantRead>()?;
    let filter = &list.filter;
    let labels = filter.label.iter().flat_map(|text| text.split(','));
    let mut wanted = TenantFilter {
        org: None,
        status: filter.status.as_deref().map(status).transpose()?,
        labels: labels.map(str::to_owned).collect(),
        text: list.text.clone(),
    };
    let org = filter.organization_id.clone();
    app.read(move |store| {
        if let Some(name) = org {
            match store.org(&sight, &name)? {
                Some(found) => wanted.org = Some(found.row.no),
                None => {
                    return Ok(Listed {
                        items: Vec::new(),
                        next: None,
                    });
                }
            }
        }
        store.tenants(&sight, &wanted, &page)
    })
    .await
}

/// Lists the tenants that the caller sees.
#[utoipa::path(
    get, path = "/api/v1/tenants", operation_id = "list_tenants", tag = "tenants",
    params(crate::http::list::Params, Filter),
    responses((status = 200, description = "Tenants", body = PageOf<Tenant>)),
    extensions(("x-nimbus-permission" = json!("tenant:read")), ("x-nimbus-rows" = json!(["S0-20"]))),
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    list: List<Filter>,
) -> Outcome<PageOf<serde_json::Value>> {
    let page = list.page(Store::TENANT_SORTS, false)?;
    let listed = page_of(&app, &caller, &list, page).await?;
    Ok(Answer::ok(list.answer(listed, |row| Tenant::of(&row))?))
}

/// Lists the tenants that the caller sees, as a bare array; the next page is in `Link`.
#[utoipa::path(
    get, path = "/tenants", operation_id = "list_tenants_seed", tag = "tenants",
    params(crate::http::list::Params, Filter),
    responses((status = 200, description = "Tenants", body = Vec<Tenant>)),
    extensions(("x-nimbus-permission" = json!("tenant:read")), ("x-nimbus-rows" = json!(["S0-20"]))),
)]
async fn list_bare(
    State(app): State<App>,
    caller: Caller,
    list: List<Filter>,
) -> Outcome<Vec<serde_json::Value>> {
    let page = list.page_of(Store::TENANT_SORTS, false, LIMIT_MAX)?;
    let listed = page_of(&app, &caller, &list, page).await?;
    let (items, next) = list.bare(listed, |row| Tenant::of(&row))?;
    Ok(Answer::ok(items).next(next))
}

async fn make(app: &App, caller: &Caller, trial: Trial, body: &CreateTenant) -> Outcome<Tenant> {
    let org = match &body.organization_id {
        Some(name) => {
            let name = Name::read(name).ok_or_else(Problem::not_found)?;
            let (found, _) = app.org::<permit::TenantCreate>(caller, &name).await?;
            Some((found.row.no, found.row.row.plan))
        }
        None => {
            caller.authorize::<permit::TenantCreate>(Object::Platform)?;
            None
        }
    };
    let wish = body.wish(org)?;
    let subject = wish.slug.clone();
    let input = tenant::Input::Create(wish.into());
    let command = Command::new("tenant.create", subject, input).slow("tenant.create");
    if let Some(horizon) = trial.horizon() {
        return app.foresee(caller, command, horizon).await;
    }
    let answered = app.ask(caller, command).await?;
    let Reply::Tenant(Ok(tenant::Answer::Tenant { no, .. })) = answered.reply else {
        return Err(Problem::internal("a tenant was made without an ordinal"));
    };
    begun(app, no, answered.operation.as_ref()).await
}

/// 202 with a tenant as it is now.
async fn begun(app: &App, no: TenantNo, operation: Option<&OperationRow>) -> Outcome<Tenant> {
    let found = app.find(move |store| store.tenant_by_no(no)).await?;
    let tenant = Tenant::of(&found);
    let location = format!("/api/v1/tenants/{}", tenant.id);
    let version = tenant.version;
    Ok(Answer::accepted(location, operation, tenant).state(version))
}

/// Makes a tenant. Its space in the cluster is made behind the answer.
#[utoipa::path(
    post, path = "/api/v1/tenants", operation_id = "create_tenant", tag = "tenants",
    params(Trial), request_body = CreateTenant,
    responses((status = 202, description = "The tenant, provisioning", body = Tenant)),
    extensions(("x-nimbus-permission" = json!("tenant:create")), ("x-nimbus-rows" = json!(["S0-01", "S0-21"]))),
)]
async fn create(
    State(app): State<App>,
    caller: Caller,
    trial: Trial,
    Json(body): Json<CreateTenant>,
) -> Outcome<Tenant> {
    make(&app, &caller, trial, &body).await
}

/// Makes a tenant. Its space in the cluster is made behind the answer.
#[utoipa::path(
    post, path = "/tenants", operation_id = "create_tenant_seed", tag = "tenants",
    params(Trial), request_body = CreateTenant,
    responses((status = 202, description = "The tenant, provisioning", body = Tenant)),
    extensions(("x-nimbus-permission" = json!("tenant:create")), ("x-nimbus-rows" = json!(["S0-21"]))),
)]
async fn create_bare(
    State(app): State<App>,
    caller: Caller,
    trial: Trial,
    Json(body): Json<CreateTenant>,
) -> Outcome<Tenant> {
    make(&app, &caller, trial, &body).await
}

async fn show(app: &App, caller: &Caller, name: &Name) -> Outcome<Tenant> {
    let (found, _) = app.tenant::<permit::TenantRead>(caller, name).await?;
    if found.row.row.status == Status::Gone {
        return Err(Problem::not_found());
    }
    let version = found.row.row.version;
    Ok(Answer::ok(Tenant::of(&found)).state(version))
}

/// Shows a tenant.
#[utoipa::path(
    get, path = "/api/v1/tenants/{id}", operation_id = "get_tenant", tag = "tenants",
    params(("id" = String, Path, description = "Id or slug of the tenant")),
    responses((status = 200, description = "The tenant", body = Tenant)),
    extensions(("x-nimbus-permission" = json!("tenant:read")), ("x-nimbus-rows" = json!(["S0-22"]))),
)]
async fn get(State(app): State<App>, caller: Caller, Path(name): Path<Name>) -> Outcome<Tenant> {
    show(&app, &caller, &name).await
}

/// Shows a tenant.
#[utoipa::path(
    get, path = "/tenants/{id}", operation_id = "get_tenant_seed", tag = "tenants",
    params(("id" = String, Path, description = "Id or slug of the tenant")),
    responses((status = 200, description = "The tenant", body = Tenant)),
    extensions(("x-nimbus-permission" = json!("tenant:read")), ("x-nimbus-rows" = json!(["S0-22"]))),
)]
async fn get_bare(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
) -> Outcome<Tenant> {
    show(&app, &caller, &name).await
}

/// The input, if the tenant still has the version that the client names.
fn guarded(tenant: TenantNo, version: Option<u32>, then: tenant::Input) -> tenant::Input {
    match version {
        None => then,
        Some(version) => tenant::Input::Expect {
            tenant,
            version,
            then: Box::new(then),
        },
    }
}

/// Changes a tenant: all fields together, or nothing.
#[utoipa::path(
    patch, path = "/api/v1/tenants/{id}", operation_id = "edit_tenant", tag = "tenants",
    params(("id" = String, Path, description = "Id or slug of the tenant"), Trial),
    request_body = EditTenant,
    responses((status = 200, description = "The tenant", body = Tenant)),
    extensions(("x-nimbus-permission" = json!("tenant:update")), ("x-nimbus-rows" = json!(["S0-03"]))),
)]
async fn edit(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    trial: Trial,
    Match(version): Match,
    Json(body): Json<EditTenant>,
) -> Outcome<Tenant> {
    let (found, _) = app.tenant::<permit::TenantUpdate>(&caller, &name).await?;
    let (tenant, row) = (found.row.no, &found.row.row);
    // labels and quota are merged with what was read, so that it must still be there
    let version = version.unwrap_or(row.version);
    let edit = body.wish(row)?.into();
    let input = guarded(tenant, Some(version), tenant::Input::Edit { tenant, edit });
    let command = Command::new("tenant.edit", row.id.to_string(), input).of(tenant);
    if let Some(horizon) = trial.horizon() {
        return app.foresee(&caller, command, horizon).await;
    }
    app.ask(&caller, command).await?;
    let found = app.find(move |store| store.tenant_by_no(tenant)).await?;
    let version = found.row.row.version;
    Ok(Answer::ok(Tenant::of(&found)).state(version))
}

async fn remove(
    app: &App,
    caller: &Caller,
    name: &Name,
    trial: Trial,
    version: Option<u32>,
) -> Outcome<Tenant> {
    let (found, _) = app.tenant::<permit::TenantDelete>(caller, name).await?;
    let (tenant, row) = (found.row.no, &found.row.row);
    let id = row.id.to_string();
    if matches!(row.status, Status::Deleting | Status::Gone) {
        let before = deletion(app, id.clone()).await?;
        return begun(app, tenant, before.as_ref()).await;
    }
    let input = guarded(tenant, version, tenant::Input::Delete { tenant });
    let command = Command::new("tenant.delete", id, input).of(tenant);
    if let Some(horizon) = trial.horizon() {
        return app.foresee(caller, command, horizon).await;
    }
    let answered = app.ask(caller, command.slow("tenant.delete")).await?;
    begun(app, tenant, answered.operation.as_ref()).await
}

/// The operation that deletes this already.
async fn deletion(app: &App, id: String) -> Result<Option<OperationRow>, Problem> {
    let filter = OperationFilter {
        kind: Some("tenant.delete".to_owned()),
        target: Some(id),
        by: None,
    };
    let listed = app.read(move |store| store.operations(&Visible::All, &filter, &Page::first(1)));
    Ok(listed.await?.items.into_iter().next())
}

/// Deletes a tenant with all that it has. Asked again, the answer is the same.
#[utoipa::path(
    delete, path = "/api/v1/tenants/{id}", operation_id = "delete_tenant", tag = "tenants",
    params(("id" = String, Path, description = "Id or slug of the tenant"), Trial),
    responses((status = 202, description = "The tenant, deleting", body = Tenant)),
    extensions(("x-nimbus-permission" = json!("tenant:delete")), ("x-nimbus-rows" = json!(["S0-23"]))),
)]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    trial: Trial,
    IfMatch(version): IfMatch,
) -> Outcome<Tenant> {
    remove(&app, &caller, &name, trial, version).await
}

/// Deletes a tenant with all that it has. Asked again, the answer is the same.
#[utoipa::path(
    delete, path = "/tenants/{id}", operation_id = "delete_tenant_seed", tag = "tenants",
    params(("id" = String, Path, description = "Id or slug of the tenant"), Trial),
    responses((status = 202, description = "The tenant, deleting", body = Tenant)),
    extensions(("x-nimbus-permission" = json!("tenant:delete")), ("x-nimbus-rows" = json!(["S0-23"]))),
)]
async fn delete_bare(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    trial: Trial,
    IfMatch(version): IfMatch,
) -> Outcome<Tenant> {
    remove(&app, &caller, &name, trial, version).await
}

/// Scales all services of a tenant to zero and admits nothing until it is resumed.
#[utoipa::path(
    post, path = "/api/v1/tenants/{id}/suspend", operation_id = "suspend_tenant", tag = "tenants",
    params(("id" = String, Path, description = "Id or slug of the tenant"), Trial),
    request_body = SuspendTenant,
    responses((status = 202, description = "The tenant, suspended", body = Tenant)),
    extensions(("x-nimbus-permission" = json!("tenant:suspend")), ("x-nimbus-rows" = json!(["S0-03"]))),
)]
async fn suspend(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    trial: Trial,
    IfMatch(version): IfMatch,
    Json(body): Json<SuspendTenant>,
) -> Outcome<Tenant> {
    let (found, _) = app.tenant::<permit::TenantSuspend>(&caller, &name).await?;
    let (tenant, id) = (found.row.no, found.row.row.id.to_string());
    let reason = body.reason.as_deref().map(Into::into);
    let input = guarded(tenant, version, tenant::Input::Suspend { tenant, reason });
    let command = Command::new("tenant.suspend", id, input).of(tenant);
    if let Some(horizon) = trial.horizon() {
        return app.foresee(&caller, command, horizon).await;
    }
    let answered = app.ask(&caller, command.slow("tenant.suspend")).await?;
    begun(&app, tenant, answered.operation.as_ref()).await
}

/// Gives a suspended tenant its replicas back.
#[utoipa::path(
    post, path = "/api/v1/tenants/{id}/resume", operation_id = "resume_tenant", tag = "tenants",
    params(("id" = String, Path, description = "Id or slug of the tenant"), Trial),
    responses((status = 202, description = "The tenant, active", body = Tenant)),
    extensions(("x-nimbus-permission" = json!("tenant:suspend")), ("x-nimbus-rows" = json!(["S0-03"]))),
)]
async fn resume(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    trial: Trial,
    IfMatch(version): IfMatch,
) -> Outcome<Tenant> {
    let (found, _) = app.tenant::<permit::TenantSuspend>(&caller, &name).await?;
    let (tenant, id) = (found.row.no, found.row.row.id.to_string());
    let input = guarded(tenant, version, tenant::Input::Resume { tenant });
    let command = Command::new("tenant.resume", id, input).of(tenant);
    if let Some(horizon) = trial.horizon() {
        return app.foresee(&caller, command, horizon).await;
    }
    let answered = app.ask(&caller, command.slow("tenant.resume")).await?;
    begun(&app, tenant, answered.operation.as_ref()).await
}
