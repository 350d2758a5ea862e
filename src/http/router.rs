//! All routes on one page, grouped by who calls them.

use axum::Router;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

use super::app::App;
use super::edge::edge;
use super::endpoints::{auth, keys, problems, version, whoami};
use super::openapi;
use super::problem::Problem;

/// Every documented route.
fn api() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::base())
        // anybody
        .merge(version::routes())
        .merge(auth::routes())
        // whoever is signed in
        .merge(whoami::routes())
        .merge(keys::routes())
        // people
        .merge(problems::routes())
}

/// The document of the API.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    openapi::complete(api().into_openapi())
}

/// The whole service on one listener.
#[must_use]
pub fn router(app: App) -> Router {
    let (router, _) = api().split_for_parts();
    router
        .fallback(absent)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(app.clone(), edge))
        .with_state(app)
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
