//! A tenant's quota: what it may have, what is used of it, and by which apps.

use std::collections::BTreeMap;

use axum::extract::State;
use nimbus_core::access::permit;
use nimbus_core::ids::{AppNo, TenantNo};
use nimbus_core::store::StoreError;
use nimbus_core::units::Resources;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::answer::{Answer, Outcome};
use crate::http::app::App;
use crate::http::caller::Caller;
use crate::http::extract::{Name, Path};
use crate::http::views::quota::{AppUse, Quota};
use crate::store::{AppFilter, LIMIT_MAX, Page, Phase, ServiceFilter, ServiceView, Store, Visible};

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(quota))
}

/// What the services of a tenant hold and wait for, app by app.
#[derive(Default)]
struct Held {
    apps: BTreeMap<AppNo, Resources>,
    pending: Resources,
}

/// Adds up all services of a tenant, page by page.
fn held(store: &Store, tenant: TenantNo) -> Result<Held, StoreError> {
    let filter = ServiceFilter {
        tenant: Some(tenant),
        ..ServiceFilter::default()
    };
    let (mut held, mut page) = (Held::default(), Page::first(LIMIT_MAX));
    loop {
        let listed = store.services(&Visible::Tenant(tenant), &filter, &page)?;
        for found in listed.items {
            let view = found.row;
            let sum = held.apps.entry(view.row.app).or_default();
            let total = view.held.total().unwrap_or_default();
            *sum = sum.checked_add(total).unwrap_or(*sum);
            let waiting = waiting(store, &view)?;
            held.pending = held.pending.checked_add(waiting).unwrap_or(held.pending);
        }
        match listed.next {
            Some(after) => page = page.behind(after),
            None => return Ok(held),
        }
    }
}

/// What replicas of a service ask for that wait for a node.
fn waiting(store: &Store, view: &ServiceView) -> Result<Resources, StoreError> {
    let Some(revision) = &view.revision else {
        return Ok(Resources::ZERO);
    };
    if view.observed.ready >= view.observed.total {
        return Ok(Resources::ZERO); // all that are there serve
    }
    let replicas = store.replicas(view.row.no, &Page::first(LIMIT_MAX))?.items;
    let count = replicas
        .iter()
        .filter(|r| r.phase == Phase::Pending)
        .count();
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let asks = revision.template.spec.requests.checked_mul(count);
    Ok(asks.unwrap_or_default())
}

fn apps(store: &Store, tenant: TenantNo, held: &Held) -> Result<Vec<AppUse>, StoreError> {
    let filter = AppFilter {
        tenant: Some(tenant),
        ..AppFilter::default()
    };
    let (mut apps, mut page) = (Vec::new(), Page::first(LIMIT_MAX));
    loop {
        let listed = store.apps(&Visible::Tenant(tenant), &filter, &page)?;
        apps.extend(listed.items.iter().map(|found| {
            let row = &found.row.row;
            AppUse {
                app_id: row.id.to_string(),
                quota: row.quota.map(Into::into),
                used: held.apps.get(&row.no).copied().unwrap_or_default().into(),
            }
        }));
        match listed.next {
            Some(after) => page = page.behind(after),
            None => return Ok(apps),
        }
    }
}

/// Shows a tenant's quota, what is used of it, and by which apps.
#[utoipa::path(
    get, path = "/api/v1/tenants/{id}/quota", operation_id = "get_tenant_quota", tag = "tenants",
    params(("id" = String, Path, description = "Id or slug of the tenant")),
    responses((status = 200, description = "Quota and use", body = Quota)),
    extensions(("x-nimbus-permission" = json!("tenant:read")), ("x-nimbus-rows" = json!(["S0-03", "S1-20"]))),
)]
async fn quota(State(app): State<App>, caller: Caller, Path(name): Path<Name>) -> Outcome<Quota> {
    let (found, _) = app.tenant::<permit::TenantRead>(&caller, &name).await?;
    let view = found.row;
    let tenant = view.no;
    let (pending, apps) = app
        .read(move |store| {
            let held = held(store, tenant)?;
            Ok::<_, StoreError>((held.pending, apps(store, tenant, &held)?))
        })
        .await?;
    Ok(Answer::ok(Quota {
        quota: view.row.quota.into(),
        used: view.used.into(),
        pending: pending.into(),
        apps,
    }))
}
