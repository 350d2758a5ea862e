//! What is running.

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::app::App;
use crate::http::extract::Json;

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(version))
}

/// What is running.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Version {
    /// Version of Nimbus.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// Commit that it was built from; null if that is not known.
    commit: Option<&'static str>,
    /// What replays of its journal need.
    build_id: &'static str,
    /// Version of the API.
    #[schema(example = "v1")]
    api: &'static str,
}

/// Tells what is running.
#[utoipa::path(
    get, path = "/api/v1/version", operation_id = "version", tag = "system",
    responses((status = 200, description = "What is running", body = Version)),
    security(()),
    extensions(("x-nimbus-permission" = json!("open")), ("x-nimbus-rows" = json!(["S0-31"]))),
)]
async fn version() -> Json<Version> {
    Json(Version {
        version: env!("CARGO_PKG_VERSION"),
        commit: option_env!("NIMBUS_COMMIT"),
        build_id: env!("CARGO_PKG_VERSION"),
        api: "v1",
    })
}
