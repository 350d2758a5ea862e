//! All routes on one page, grouped by who calls them.

use axum::Router;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

use super::app::App;
use super::cors;
use super::edge::edge;
use super::endpoints::{
    actors, apps, audit, auth, billing, config, decisions, docs, events, health, keys, logs,
    metrics, nodes, operations, organizations, problems, quota, replicas, revisions, rollouts,
    runs, scenarios, services, tenants, version, whoami,
};
use super::openapi;
use super::problem::Problem;

/// Every documented route.
fn api() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::base())
        // anybody
        .merge(health::routes())
        .merge(version::routes())
        .merge(auth::routes())
        .merge(metrics::routes())
        // whoever has a credential
        .merge(whoami::routes())
        .merge(keys::routes())
        .merge(organizations::routes())
        .merge(billing::routes())
        .merge(decisions::routes())
        .merge(config::routes())
        .merge(events::routes())
        .merge(operations::routes())
        .merge(tenants::routes())
        .merge(apps::routes())
        .merge(quota::routes())
        .merge(services::routes())
        .merge(replicas::routes())
        .merge(revisions::routes())
        .merge(rollouts::routes())
        .merge(logs::routes())
        .merge(nodes::routes())
        // those who rehearse
        .merge(scenarios::routes())
        .merge(runs::routes())
        // those who run the installation
        .merge(audit::routes())
        .merge(actors::routes())
        // people with a browser
        .merge(docs::routes())
        .merge(problems::routes())
}

/// The document of the API.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    openapi::complete(api().into_openapi())
}

/// The whole service on one listener.
pub fn router(app: App) -> Router {
    dressed(routes(), app)
}

/// Every route, bare.
pub(super) fn routes() -> Router<App> {
    api().split_for_parts().0
}

/// Routes behind everything that is the same for all of them.
pub(super) fn dressed(routes: Router<App>, app: App) -> Router {
    let cors = cors::layer(app.limits());
    let router = routes
        .fallback(absent)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(app.clone(), edge))
        .with_state(app);
    match cors {
        Some(cors) => router.layer(cors),
        None => router,
    }
}

async fn absent() -> Problem {
    Problem::not_found()
}

/// A handler's defect costs its request. What it said is logged, not told.
fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    Problem::internal(text.unwrap_or("a handler panicked")).into_response()
}
