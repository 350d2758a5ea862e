//! Who the caller is, as the service sees it.

use axum::extract::State;
use axum::http::HeaderMap;
use nimbus_core::access::{Over, Permission};
use nimbus_core::ids::{OrgNo, TenantNo};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::identity;
use crate::auth::{Identity, Kind};
use crate::http::app::App;
use crate::http::caller::Caller;
use crate::http::extract::Json;
use crate::http::problem::Problem;

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(whoami))
}

/// A role over one tenant.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct TeamRole {
    /// The tenant.
    tenant_id: String,
    /// The role.
    #[schema(example = "developer")]
    role: &'static str,
}

/// The caller.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct WhoAmI {
    /// Its name, as it stands in the audit log.
    #[schema(example = "tenant:acme")]
    principal: String,
    /// What it was recognised by.
    #[schema(value_type = String, example = "tenant")]
    kind: Kind,
    /// Organizations that it belongs to.
    organization_ids: Vec<String>,
    /// Roles over single tenants.
    team_roles: Vec<TeamRole>,
    /// The tenant that it acts in; null if there is none.
    tenant_id: Option<String>,
    /// What it may do, where its roles reach.
    #[schema(value_type = Vec<String>, example = json!(["tenant:read"]))]
    permissions: Vec<Permission>,
    /// When its credential ends; null for one that does not.
    #[schema(example = "2026-12-01T10:00:00Z")]
    expires_at: Option<String>,
}

/// Tells who the caller is and what it may do.
#[utoipa::path(
    get, path = "/api/v1/whoami", operation_id = "whoami", tag = "auth",
    responses((status = 200, description = "The caller", body = WhoAmI)),
    extensions(("x-nimbus-permission" = json!("any")), ("x-nimbus-rows" = json!(["S0-18"]))),
)]
async fn whoami(
    State(app): State<App>,
    _: Caller,
    headers: HeaderMap,
) -> Result<Json<WhoAmI>, Problem> {
    let identity = identity(&app, &headers).await?;
    let orgs = identity.orgs.clone();
    let teams = teams(&identity);
    let read = app.read(move |store| {
        let nos: Vec<TenantNo> = teams.iter().map(|(no, _)| *no).collect();
        let tenants = store.tenant_ids(&nos)?;
        let orgs = named(&orgs, store.org_ids(&orgs)?);
        let role = |(no, role): (TenantNo, &'static str)| {
            let (_, id) = tenants.iter().find(|(known, _)| *known == no)?;
            let tenant_id = id.to_string();
            Some(TeamRole { tenant_id, role })
        };
        let teams = teams.into_iter().filter_map(role).collect();
        Ok::<_, nimbus_core::store::StoreError>((orgs, teams))
    });
    let (organization_ids, team_roles) = read.await?;
    Ok(Json(WhoAmI {
        principal: identity.principal.name.to_string(),
        kind: identity.kind,
        organization_ids,
        team_roles,
        tenant_id: identity.tenant.map(|(_, id)| id.to_string()),
        permissions: identity.principal.permissions(),
        expires_at: identity.expires_at.map(|at| at.to_string()),
    }))
}

fn teams(identity: &Identity) -> Vec<(TenantNo, &'static str)> {
    let grants = identity.principal.grants.iter();
    let role = grants.filter_map(|grant| match grant.over {
        Over::Tenant(no) => Some((no, grant.role.as_str())),
        Over::All | Over::Org(_) => None,
    });
    role.collect()
}

fn named(nos: &[OrgNo], ids: Vec<(OrgNo, nimbus_core::ids::OrgId)>) -> Vec<String> {
    let known = ids.into_iter().filter(|(no, _)| nos.contains(no));
    known.map(|(_, id)| id.to_string()).collect()
}
