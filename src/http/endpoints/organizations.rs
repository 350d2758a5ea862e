//! Organizations and their plans.

use axum::extract::State;
use nimbus_core::access::{Object, permit};
use nimbus_core::machine::Reply;
use nimbus_core::plan::PlanCode;
use nimbus_core::tenant::{Answer as Said, Input};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::answer::{Answer, Outcome};
use crate::http::app::{App, Command};
use crate::http::caller::Caller;
use crate::http::extract::{Json, Name, Path};
use crate::http::list::{List, PageOf};
use crate::http::problem::Problem;
use crate::http::show::Stamp;
use crate::store::{Found, OrgView, Store, Visible};

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get))
        .routes(routes!(subscription, subscribe))
}

/// An organization: who pays.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Organization {
    /// Its id.
    id: String,
    /// Its name in paths.
    #[schema(example = "acme")]
    slug: String,
    /// Its plan.
    #[schema(value_type = String, example = "business")]
    plan: PlanCode,
    /// Made with a tenant that named none; it closes with its last tenant.
    implied: bool,
    /// It takes no tenant any more.
    closed: bool,
    /// When it was made, in machine time.
    #[schema(value_type = String, format = DateTime)]
    created_at: Stamp,
    /// When it last changed, in machine time.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Stamp,
}

impl From<Found<OrgView>> for Organization {
    fn from(found: Found<OrgView>) -> Organization {
        let row = found.row.row;
        Organization {
            id: row.id.to_string(),
            slug: row.slug.to_string(),
            plan: row.plan,
            implied: row.implied,
            closed: row.closed,
            created_at: found.created_at.into(),
            updated_at: found.updated_at.into(),
        }
    }
}

/// What organization is wished for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct CreateOrganization {
    /// Its name in paths: at most 40 lower-case letters, digits and hyphens, first a letter; unique.
    #[schema(example = "acme", min_length = 1, max_length = 40)]
    slug: String,
    /// Its plan; `metered` without it.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "business")]
    plan: PlanCode,
}

/// No filters.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct NoFilter {}

/// Lists the organizations that the caller sees.
#[utoipa::path(
    get, path = "/api/v1/organizations", operation_id = "list_organizations", tag = "organizations",
    params(crate::http::list::Params),
    responses((status = 200, description = "Organizations", body = PageOf<Organization>)),
    extensions(("x-nimbus-permission" = json!("org:read")), ("x-nimbus-rows" = json!(["S0-17"]))),
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    list: List<NoFilter>,
) -> Outcome<PageOf<serde_json::Value>> {
    let page = list.page(Store::TENANT_SORTS, false)?;
    let (sight, text) = (caller.sight::<permit::OrgRead>()?, list.text.clone());
    if let Visible::Tenant(_) = sight {
        // a role over one tenant reaches no organization
        return Err(Problem::forbidden("org:read"));
    }
    let read = app.read(move |store| store.orgs(&sight, text.as_deref(), &page));
    Ok(Answer::ok(list.answer(read.await?, Organization::from)?))
}

/// Makes an organization.
#[utoipa::path(
    post, path = "/api/v1/organizations", operation_id = "create_organization", tag = "organizations",
    request_body = CreateOrganization,
    responses((status = 201, description = "The organization", body = Organization)),
    extensions(("x-nimbus-permission" = json!("org:create")), ("x-nimbus-rows" = json!(["S0-17"]))),
)]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CreateOrganization>,
) -> Outcome<Organization> {
    caller.authorize::<permit::OrgCreate>(Object::Platform)?;
    let input = Input::CreateOrg {
        slug: body.slug.as_str().into(),
        plan: body.plan,
    };
    let command = Command::new("org.create", body.slug.as_str(), input);
    let answered = app.ask(&caller, command).await?;
    let Reply::Tenant(Ok(Said::Org { no, .. })) = answered.reply else {
        return Err(Problem::internal(
            "another answer than that of an organization",
        ));
    };
    let found = app.find(move |store| store.org_by_no(no)).await?;
    let body = Organization::from(found);
    Ok(Answer::created(
        format!("/api/v1/organizations/{}", body.id),
        body,
    ))
}

/// Tells one organization.
#[utoipa::path(
    get, path = "/api/v1/organizations/{id}", operation_id = "get_organization", tag = "organizations",
    params(("id" = String, Path, description = "Id or slug of the organization")),
    responses((status = 200, description = "The organization", body = Organization)),
    extensions(("x-nimbus-permission" = json!("org:read")), ("x-nimbus-rows" = json!(["S0-17"]))),
)]
async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
) -> Outcome<Organization> {
    let (found, _) = app.org::<permit::OrgRead>(&caller, &name).await?;
    Ok(Answer::ok(found.into()))
}

/// The plan of an organization.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Subscription {
    /// The organization.
    organization_id: String,
    /// Its plan.
    #[schema(value_type = String, example = "business")]
    plan: PlanCode,
}

/// Another plan.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Subscribe {
    /// The plan: `metered`, `free`, `business` or `enterprise`.
    #[schema(value_type = String, example = "business")]
    plan: PlanCode,
}

/// Tells the plan of an organization.
#[utoipa::path(
    get, path = "/api/v1/organizations/{id}/subscription", operation_id = "get_subscription", tag = "organizations",
    params(("id" = String, Path, description = "Id or slug of the organization")),
    responses((status = 200, description = "The plan", body = Subscription)),
    extensions(("x-nimbus-permission" = json!("billing:read")), ("x-nimbus-rows" = json!(["S0-17"]))),
)]
async fn subscription(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
) -> Outcome<Subscription> {
    let (found, _) = app.org::<permit::BillingRead>(&caller, &name).await?;
    let row = found.row.row;
    Ok(Answer::ok(Subscription {
        organization_id: row.id.to_string(),
        plan: row.plan,
    }))
}

/// Puts an organization on another plan, from now on. Quotas that were not set by hand follow.
#[utoipa::path(
    put, path = "/api/v1/organizations/{id}/subscription", operation_id = "set_subscription", tag = "organizations",
    params(("id" = String, Path, description = "Id or slug of the organization")),
    request_body = Subscribe,
    responses((status = 202, description = "The plan; quotas follow", body = Subscription)),
    extensions(("x-nimbus-permission" = json!("billing:manage")), ("x-nimbus-rows" = json!(["S0-17"]))),
)]
async fn subscribe(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    Json(body): Json<Subscribe>,
) -> Outcome<Subscription> {
    let (found, _) = app.org::<permit::BillingManage>(&caller, &name).await?;
    let id = found.row.row.id.to_string();
    let input = Input::SetPlan {
        org: found.row.no,
        plan: body.plan,
    };
    app.ask(&caller, Command::new("org.plan", id.as_str(), input))
        .await?;
    let location = format!("/api/v1/organizations/{id}/subscription");
    let body = Subscription {
        organization_id: id,
        plan: body.plan,
    };
    Ok(Answer::accepted(location, None, body))
}
