//! Durable facts, as a list or as a stream.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::response::{IntoResponse, Response};
use nimbus_core::access::permit;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::answer::Answer;
use crate::http::app::App;
use crate::http::caller::Caller;
use crate::http::extract::{Name, Path};
use crate::http::list::{List, PageOf, Params};
use crate::http::problem::{Code, Problem};
use crate::http::show::Stamp;
use crate::http::stream;
use crate::store::{By, EventFilter, EventRow, EventsSince, Listed, Page, Position, Visible};

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(of_tenant))
}

/// A durable fact.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Event {
    /// Its id.
    #[schema(example = "evt-0000000000000000000000000a")]
    id: String,
    /// Its place among all events; streams go on behind it.
    seq: i64,
    /// When, in machine time.
    time: Stamp,
    /// What happened.
    #[schema(example = "service.scaled")]
    kind: String,
    /// Whose; null if it is nobody's.
    tenant_id: Option<String>,
    /// Id or name of what it is about.
    subject: String,
    /// Who did it: a principal, a machine or the cluster.
    actor: String,
    /// What belongs to it.
    #[schema(value_type = Object)]
    data: Value,
    /// The request that it came from; null without one.
    request_id: Option<String>,
}

/// Which events.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Filter {
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    tenant_id: Option<Name>,
    /// Of this kind; with a full stop at the end, of all kinds that begin so.
    #[param(example = "service.")]
    kind: Option<String>,
    /// About this.
    subject: Option<String>,
    /// Behind this place, oldest first.
    #[param(minimum = 0)]
    since: Option<i64>,
    /// A one-use ticket instead of a header, for streams.
    #[serde(rename = "ticket")]
    _ticket: Option<String>,
}

/// Which events of a tenant.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct OfTenant {
    /// Of this kind; with a full stop at the end, of all kinds that begin so.
    #[param(example = "service.")]
    kind: Option<String>,
    /// About this.
    subject: Option<String>,
    /// Behind this place, oldest first.
    #[param(minimum = 0)]
    since: Option<i64>,
    /// A one-use ticket instead of a header, for streams.
    #[serde(rename = "ticket")]
    _ticket: Option<String>,
}

/// Events as they are shown.
pub(in crate::http) async fn show(app: &App, rows: Vec<EventRow>) -> Result<Vec<Event>, Problem> {
    let ids = app
        .tenant_ids(rows.iter().filter_map(|row| row.tenant))
        .await?;
    let one = |row: EventRow| Event {
        id: row.id.to_string(),
        seq: row.seq,
        time: Stamp(row.time),
        kind: row.kind.to_string(),
        tenant_id: row
            .tenant
            .and_then(|no| ids.get(&no))
            .map(ToString::to_string),
        subject: row.subject.to_string(),
        actor: row.actor.to_string(),
        data: serde_json::from_str(&row.data).unwrap_or_default(),
        request_id: row.request.as_deref().map(str::to_owned),
    };
    Ok(rows.into_iter().map(one).collect())
}

/// What a request for events asks for.
struct Wish {
    filter: EventFilter,
    since: Option<i64>,
}

async fn answer(
    app: App,
    caller: &Caller,
    headers: &HeaderMap,
    wish: Wish,
    list: List<()>,
) -> Result<Response, Problem> {
    if streams(headers) {
        let after = last_seen(headers)?.or(wish.since);
        let stream = stream::events::<permit::TenantRead>(app, caller, wish.filter, after);
        return Ok(stream.await?.into_response());
    }
    let visible = caller.sight::<permit::TenantRead>()?;
    let page = list.page(&[By::CreatedAt], true)?;
    let (filter, since) = (wish.filter, wish.since);
    let asked = page.clone();
    let listed = app.read(move |store| match since {
        Some(since) => behind(store, &visible, &filter, since, &asked),
        None => Ok(store.events(&visible, &filter, &asked)?),
    });
    let Listed { items, next } = listed.await?;
    let items = show(&app, items).await?;
    let page = list.answer(Listed { items, next }, |event| event)?;
    Ok(Answer::ok(page).into_response())
}

/// Events behind a place, oldest first.
fn behind(
    store: &crate::store::Store,
    visible: &Visible,
    filter: &EventFilter,
    since: i64,
    page: &Page,
) -> Result<Listed<EventRow>, Problem> {
    let after = page
        .after
        .as_ref()
        .and_then(|position| position.id.parse().ok());
    match store.events_since(visible, filter, after.unwrap_or(since), page.limit)? {
        EventsSince::Gone { oldest } => Err(stream::gone(oldest)),
        EventsSince::Rows(items) => {
            let full = items.len() >= page.limit;
            let next = items.last().filter(|_| full).map(|row| Position {
                key: crate::store::Value::Int(row.seq),
                id: row.seq.to_string(),
            });
            Ok(Listed { items, next })
        }
    }
}

/// Whether the client wants a stream: it says so, and says nothing of JSON before.
fn streams(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|text| text.trim_start().starts_with("text/event-stream"))
}

/// Where a client that comes back has stopped.
fn last_seen(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get("last-event-id") else {
        return Ok(None);
    };
    let seq = value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse::<i64>().ok());
    let seq = seq.filter(|seq| *seq >= 0);
    let bad = || {
        Problem::new(
            Code::BadRequest,
            "last-event-id: expected the id of an event",
        )
    };
    seq.map(Some).ok_or_else(bad)
}

/// Durable facts: what happened, newest first. With `Accept: text/event-stream` a stream that goes on behind
/// `Last-Event-ID`.
#[utoipa::path(
    get, path = "/api/v1/events", operation_id = "listEvents", tag = "system",
    params(Filter, Params),
    responses((status = 200, description = "A page, or a stream", content(
        (PageOf<Event> = "application/json"), (serde_json::Value = "text/event-stream"),
    )), (status = 410, description = "No longer kept", body = crate::http::problem::Body, content_type = "application/problem+json")),
    extensions(("x-nimbus-permission" = json!("tenant:read")), ("x-nimbus-rows" = json!(["S0-29"]))),
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    list: List<Filter>,
) -> Result<Response, Problem> {
    let (filter, list) = list.split();
    let tenant = match &filter.tenant_id {
        Some(name) => Some(
            app.tenant::<permit::TenantRead>(&caller, name)
                .await?
                .0
                .row
                .no,
        ),
        None => None,
    };
    let wish = Wish {
        filter: EventFilter {
            tenant,
            kind: filter.kind,
            subject: filter.subject,
        },
        since: filter.since,
    };
    answer(app, &caller, &headers, wish, list).await
}

/// The same for one tenant.
#[utoipa::path(
    get, path = "/api/v1/tenants/{id}/events", operation_id = "listTenantEvents", tag = "tenants",
    params(("id" = String, Path, description = "Id or slug"), OfTenant, Params),
    responses((status = 200, description = "A page, or a stream", content(
        (PageOf<Event> = "application/json"), (serde_json::Value = "text/event-stream"),
    )), (status = 410, description = "No longer kept", body = crate::http::problem::Body, content_type = "application/problem+json")),
    extensions(("x-nimbus-permission" = json!("tenant:read")), ("x-nimbus-rows" = json!(["S0-29"]))),
)]
async fn of_tenant(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    headers: HeaderMap,
    list: List<OfTenant>,
) -> Result<Response, Problem> {
    let (tenant, _) = app.tenant::<permit::TenantRead>(&caller, &name).await?;
    let (filter, list) = list.split();
    let wish = Wish {
        filter: EventFilter {
            tenant: Some(tenant.row.no),
            kind: filter.kind,
            subject: filter.subject,
        },
        since: filter.since,
    };
    answer(app, &caller, &headers, wish, list).await
}
