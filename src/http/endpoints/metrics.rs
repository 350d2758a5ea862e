//! Metrics as Prometheus text: open on a listener of their own, by the setting on the public one.

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use nimbus_core::access::{Object, permit};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::health::{livez, readyz};
use crate::http::app::App;
use crate::http::caller::Caller;
use crate::http::problem::{Code, Problem};
use crate::store::{By, Page, TenantFilter, Visible};

/// Who may read metrics on the public listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Public {
    /// Whoever may read the system.
    #[default]
    Token,
    /// Anybody.
    Open,
    /// Nobody.
    Off,
}

/// Tenants that are read at once.
const BATCH: usize = 500;

/// Routes of this file on the public listener.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(metrics))
}

/// The listener of its own: metrics, life, readiness; no token.
pub fn own(app: App) -> Router {
    Router::new()
        .route("/metrics", get(render))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .with_state(app)
}

async fn render(State(app): State<App>) -> Result<Response, Problem> {
    refresh(&app).await?;
    let text = app.all_metrics().text();
    Ok((
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    )
        .into_response())
}

/// Gauges that are read from the store when somebody looks.
async fn refresh(app: &App) -> Result<(), Problem> {
    let rows = app.read(|store| {
        let mut rows = Vec::new();
        let mut page = Page::first(BATCH).sorted(By::Name, false);
        loop {
            let listed = store.tenants(&Visible::All, &TenantFilter::default(), &page)?;
            rows.extend(listed.items.into_iter().map(|found| found.row));
            match listed.next {
                Some(next) => page = page.behind(next),
                None => return Ok::<_, nimbus_core::store::StoreError>(rows),
            }
        }
    });
    let rows = rows.await?;
    let shown = rows.iter().map(|tenant| {
        let cpu = i64::try_from(tenant.used.cpu.0).unwrap_or(i64::MAX);
        (&*tenant.row.slug, i64::from(tenant.used.pods), cpu)
    });
    app.all_metrics().nouns.tenants(shown);
    Ok(())
}

/// All metrics as Prometheus text.
#[utoipa::path(
    get, path = "/metrics", operation_id = "metrics", tag = "system",
    responses((status = 200, description = "Prometheus text", body = String, content_type = "text/plain")),
    extensions(("x-nimbus-permission" = json!("system:read")), ("x-nimbus-rows" = json!(["S0-26", "S0-27"]))),
)]
async fn metrics(State(app): State<App>, caller: Option<Caller>) -> Result<Response, Problem> {
    match (app.public_metrics(), caller) {
        (Public::Off, _) => return Err(Problem::not_found()),
        (Public::Open, _) => {}
        (Public::Token, Some(caller)) => {
            caller.authorize::<permit::SystemRead>(Object::Platform)?;
        }
        (Public::Token, None) => {
            let text = "metrics need a token here; the metrics listener needs none";
            return Err(Problem::new(Code::Unauthenticated, text));
        }
    }
    render(State(app)).await
}
