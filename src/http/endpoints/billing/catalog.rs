//! Price lists and plans, as they are in force.

use axum::extract::State;
use nimbus_core::access::permit;
use nimbus_core::billing::Config;
use nimbus_core::digest::content_hash;
use nimbus_core::ids::PriceListId;
use nimbus_core::plan::{Plan, PlanCode};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::answer::{Answer, Outcome};
use crate::http::app::App;
use crate::http::caller::Caller;
use crate::http::extract::{Name, Path};
use crate::http::list::PageOf;
use crate::http::problem::Problem;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(price_lists))
        .routes(routes!(price_list))
        .routes(routes!(plans))
        .routes(routes!(plan))
}

/// Prices by the unit-hour.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct PriceList {
    /// Its id: another price makes another id.
    id: String,
    /// The currency of all amounts.
    #[schema(example = "USD")]
    currency: String,
    /// From when it is in force.
    effective_from: String,
    /// A core for an hour.
    #[schema(example = "0.0404800")]
    cpu_vcpu_hour: String,
    /// 2^30 bytes for an hour.
    #[schema(example = "0.0044450")]
    memory_gib_hour: String,
}

/// The id of the price list in force.
pub(super) fn price_list_id(config: &Config) -> PriceListId {
    let hash = content_hash(&(config.currency, config.prices));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    PriceListId(u128::from_be_bytes(bytes))
}

fn shown(config: &Config) -> PriceList {
    PriceList {
        id: price_list_id(config).to_string(),
        currency: config.currency.code.into(),
        effective_from: config.start.to_string(),
        cpu_vcpu_hour: config.currency.price(config.prices.cpu_vcpu_hour),
        memory_gib_hour: config.currency.price(config.prices.memory_gib_hour),
    }
}

/// Lists the price lists: today the one in force.
#[utoipa::path(
    get, path = "/api/v1/billing/price-lists", operation_id = "list_price_lists", tag = "billing",
    responses((status = 200, description = "Price lists", body = PageOf<PriceList>)),
    extensions(("x-nimbus-permission" = json!("billing:read")), ("x-nimbus-rows" = json!(["S0-17"]))),
)]
async fn price_lists(State(app): State<App>, caller: Caller) -> Outcome<PageOf<PriceList>> {
    caller.visible::<permit::BillingRead>()?;
    Ok(Answer::ok(PageOf {
        items: vec![shown(app.billing())],
        next_cursor: None,
    }))
}

/// Tells one price list.
#[utoipa::path(
    get, path = "/api/v1/billing/price-lists/{id}", operation_id = "get_price_list", tag = "billing",
    params(("id" = String, Path, description = "Id of the price list")),
    responses((status = 200, description = "The price list", body = PriceList)),
    extensions(("x-nimbus-permission" = json!("billing:read")), ("x-nimbus-rows" = json!(["S0-17"]))),
)]
async fn price_list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Name>,
) -> Outcome<PriceList> {
    caller.visible::<permit::BillingRead>()?;
    if id.id() != Some(price_list_id(app.billing())) {
        return Err(Problem::not_found());
    }
    Ok(Answer::ok(shown(app.billing())).version(1))
}

/// What a plan allows; null is unlimited.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Limits {
    /// Apps of the organization.
    deployments: Option<u32>,
}

/// The quota of each tenant.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct PlanQuota {
    /// Millicores.
    cpu_m: u64,
    /// MiB.
    memory_mb: u64,
    /// Pods.
    pods: u32,
}

/// What a month holds without further cost; null is all of it.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Included {
    /// Cores by the hour.
    vcpu_hours: Option<u64>,
    /// GiB by the hour.
    gib_hours: Option<u64>,
}

/// A plan.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct PlanView {
    /// The same as its code.
    id: &'static str,
    /// `metered`, `free`, `business` or `enterprise`.
    #[schema(example = "business")]
    code: &'static str,
    /// What it allows.
    limits: Limits,
    /// The quota of each tenant, unless the platform sets another.
    quota: PlanQuota,
    /// Most isolation of its tenants.
    #[schema(value_type = String)]
    isolation: nimbus_core::plan::Isolation,
    /// Price of a month.
    price_month: super::Money,
    /// What a month holds.
    included: Included,
}

fn plan_view(plan: &Plan, config: &Config) -> PlanView {
    PlanView {
        id: plan.code.as_str(),
        code: plan.code.as_str(),
        limits: Limits {
            deployments: plan.apps_max,
        },
        quota: PlanQuota {
            cpu_m: plan.quota.cpu.0,
            memory_mb: plan.quota.memory.0 >> 20,
            pods: plan.quota.pods,
        },
        isolation: plan.isolation,
        price_month: super::Money::of(config.currency, plan.price_month_minor),
        included: Included {
            vcpu_hours: plan.included_vcpu_hours,
            gib_hours: plan.included_gib_hours,
        },
    }
}

/// Lists the plans, cheapest first.
#[utoipa::path(
    get, path = "/api/v1/billing/plans", operation_id = "list_plans", tag = "billing",
    responses((status = 200, description = "Plans", body = PageOf<PlanView>)),
    extensions(("x-nimbus-permission" = json!("billing:read")), ("x-nimbus-rows" = json!(["S0-17"]))),
)]
async fn plans(State(app): State<App>, caller: Caller) -> Outcome<PageOf<PlanView>> {
    caller.visible::<permit::BillingRead>()?;
    let all = PlanCode::ALL.iter();
    let items = all
        .map(|code| plan_view(&code.plan(), app.billing()))
        .collect();
    Ok(Answer::ok(PageOf {
        items,
        next_cursor: None,
    }))
}

/// Tells one plan.
#[utoipa::path(
    get, path = "/api/v1/billing/plans/{id}", operation_id = "get_plan", tag = "billing",
    params(("id" = String, Path, description = "Code of the plan")),
    responses((status = 200, description = "The plan", body = PlanView)),
    extensions(("x-nimbus-permission" = json!("billing:read")), ("x-nimbus-rows" = json!(["S0-17"]))),
)]
async fn plan(State(app): State<App>, caller: Caller, Path(id): Path<Name>) -> Outcome<PlanView> {
    caller.visible::<permit::BillingRead>()?;
    let mut all = PlanCode::ALL.iter();
    let code = all.find(|code| code.as_str() == id.as_str());
    let code = code.ok_or_else(Problem::not_found)?;
    Ok(Answer::ok(plan_view(&code.plan(), app.billing())).version(1))
}
