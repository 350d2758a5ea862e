//! What clients need to know of the configuration; all of it for those who run the installation.

use axum::extract::State;
use nimbus_core::access::{Object, permit};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::app::App;
use crate::http::caller::Caller;
use crate::http::extract::Json;
use crate::http::limits::Limits;
use crate::store::LIMIT_MAX;

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(config))
}

/// The configuration.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Config {
    /// Version of the API.
    api: &'static str,
    /// The service is being tried: no ceremony, nothing to keep.
    dev: bool,
    /// What requests may be at most.
    limits: Shown,
    /// Everything with its origin, secrets masked; only for `system:read`, else null.
    effective: Option<serde_json::Value>,
}

/// What requests may be at most.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConfigLimits)]
struct Shown {
    /// Bytes of a body.
    body_bytes: usize,
    /// Requests per second of a principal; 0 is no limit.
    rate: u32,
    /// Requests that may be saved up.
    burst: u32,
    /// Event streams of a tenant.
    streams: usize,
    /// Items of a page.
    page: usize,
}

impl Shown {
    fn of(limits: &Limits) -> Shown {
        Shown {
            body_bytes: limits.body_bytes,
            rate: limits.rate,
            burst: limits.burst,
            streams: limits.streams,
            page: LIMIT_MAX,
        }
    }
}

/// What clients need to know of the configuration.
#[utoipa::path(
    get, path = "/api/v1/config", operation_id = "config", tag = "system",
    responses((status = 200, description = "The configuration", body = Config)),
    extensions(("x-nimbus-permission" = json!("any")), ("x-nimbus-rows" = json!(["S3-30"]))),
)]
async fn config(State(app): State<App>, caller: Caller) -> Json<Config> {
    let all = caller
        .authorize::<permit::SystemRead>(Object::Platform)
        .is_ok();
    Json(Config {
        api: "v1",
        dev: app.dev(),
        limits: Shown::of(app.limits()),
        effective: all.then(|| app.settings().clone()),
    })
}
