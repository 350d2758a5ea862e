//! The document of the API, and a page to read and try it that loads nothing from anywhere else.

use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::app::App;
use crate::http::openapi;

/// What the page may load: only what comes from here.
const POLICY: &str =
    "default-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'";

/// Routes of this file; the page's own files are not part of the API's document.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    let page = || async { file("text/html", include_str!("../docs/index.html")) };
    let script = || async { file("text/javascript", include_str!("../docs/docs.js")) };
    let style = || async { file("text/css", include_str!("../docs/docs.css")) };
    OpenApiRouter::new()
        .routes(routes!(document))
        .route("/api/v1/docs", get(page))
        .route("/api/v1/docs/docs.js", get(script))
        .route("/api/v1/docs/docs.css", get(style))
        .route(
            "/docs",
            get(|| async { Redirect::permanent("/api/v1/docs") }),
        )
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let kind = format!("{kind}; charset=utf-8");
    let headers = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-cache"),
    ];
    let mut response = (headers, text).into_response();
    if let Ok(kind) = HeaderValue::try_from(kind) {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    response
}

/// The document of this API.
#[utoipa::path(
    get, path = "/api/v1/openapi.json", operation_id = "openapi", tag = "system", security(()),
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)),
    extensions(("x-nimbus-permission" = json!("open")), ("x-nimbus-rows" = json!(["S0-31"]))),
)]
async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], openapi::json()).into_response()
}
