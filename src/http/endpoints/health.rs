//! Whether the service lives, is ready, and how its parts are.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::app::App;
use crate::http::extract::Json;
use crate::http::health::Checked;

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(healthz))
        .routes(routes!(health))
        .routes(routes!(livez))
        .routes(routes!(readyz))
}

/// How a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = HealthState)]
pub(in crate::http) enum Shape {
    /// Well.
    Ok,
    /// Not well; requests are answered.
    Degraded,
    /// Requests fail.
    Error,
}

/// How the service and its parts are.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Health {
    /// The worst of the parts.
    status: Shape,
    /// The database.
    database: Shape,
    /// The cluster.
    cluster: Shape,
    /// The machines and their conductor.
    actors: Shape,
    /// The journal, and with it all writes.
    journal: Shape,
}

/// Whether requests should be sent here, and what of the service works.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Ready {
    /// Whether requests should be sent here.
    status: Shape,
    /// Whether writes are taken.
    writes: bool,
    /// The database.
    database: Shape,
    /// Its migrations; without them the service does not start.
    migrations: Shape,
    /// The cluster.
    cluster: Shape,
    /// Whether the machines answer here.
    leader: Shape,
}

/// Whether the process lives.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Alive {
    /// Whether every actor answers within a second.
    status: Shape,
}

const fn shape(well: bool, otherwise: Shape) -> Shape {
    if well { Shape::Ok } else { otherwise }
}

fn coded<T: Serialize>(well: bool, body: T) -> Response {
    let status = match well {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(body)).into_response()
}

fn summary(checked: &Checked) -> Response {
    let runs = checked.database && checked.actors;
    let all = checked.cluster && checked.writes;
    let body = Health {
        status: if runs {
            shape(all, Shape::Degraded)
        } else {
            Shape::Error
        },
        database: shape(checked.database, Shape::Error),
        cluster: shape(checked.cluster, Shape::Degraded),
        actors: shape(checked.actors, Shape::Error),
        journal: shape(checked.writes, Shape::Degraded),
    };
    coded(runs, body)
}

/// How the service and its parts are.
#[utoipa::path(
    get, path = "/healthz", operation_id = "healthz", tag = "system", security(()),
    responses(
        (status = 200, description = "It answers requests", body = Health),
        (status = 503, description = "It does not", body = Health),
    ),
    extensions(("x-nimbus-permission" = json!("open")), ("x-nimbus-rows" = json!(["S1-10"]))),
)]
async fn healthz(State(app): State<App>) -> Response {
    summary(&app.check().await)
}

/// The same under the name that other clients know.
#[utoipa::path(
    get, path = "/health", operation_id = "health", tag = "system", security(()),
    responses(
        (status = 200, description = "It answers requests", body = Health),
        (status = 503, description = "It does not", body = Health),
    ),
    extensions(("x-nimbus-permission" = json!("open")), ("x-nimbus-rows" = json!(["S1-10"]))),
)]
async fn health(State(app): State<App>) -> Response {
    summary(&app.check().await)
}

/// Whether the process lives: if not, start it anew.
#[utoipa::path(
    get, path = "/livez", operation_id = "livez", tag = "system", security(()),
    responses(
        (status = 200, description = "Every actor answers", body = Alive),
        (status = 503, description = "One does not", body = Alive),
    ),
    extensions(("x-nimbus-permission" = json!("open")), ("x-nimbus-rows" = json!(["S1-10"]))),
)]
pub(in crate::http) async fn livez(State(app): State<App>) -> Response {
    let lives = app.lives().await;
    let status = shape(lives, Shape::Error);
    coded(lives, Alive { status })
}

/// Whether requests should be sent here. Without writes they still should: reads go on.
#[utoipa::path(
    get, path = "/readyz", operation_id = "readyz", tag = "system", security(()),
    responses(
        (status = 200, description = "Send requests here", body = Ready),
        (status = 503, description = "Do not", body = Ready),
    ),
    extensions(("x-nimbus-permission" = json!("open")), ("x-nimbus-rows" = json!(["S1-10"]))),
)]
pub(in crate::http) async fn readyz(State(app): State<App>) -> Response {
    let checked = app.check().await;
    let ready = checked.database && checked.actors && checked.cluster;
    let body = Ready {
        status: shape(ready, Shape::Error),
        writes: checked.writes,
        database: shape(checked.database, Shape::Error),
        migrations: Shape::Ok,
        cluster: shape(checked.cluster, Shape::Error),
        leader: shape(checked.actors, Shape::Error),
    };
    coded(ready, body)
}
