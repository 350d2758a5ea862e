//! Who did what, and whether the record of it is whole.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use nimbus_core::access::permit;
use nimbus_core::ids::TenantId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::answer::{Answer, Outcome};
use crate::http::app::App;
use crate::http::caller::Caller;
use crate::http::extract::Name;
use crate::http::list::{List, PageOf, Params};
use crate::http::problem::Problem;
use crate::http::show::{Stamp, cell};
use crate::store::{AuditEntry, AuditFilter, AuditVerdict, By};

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(verify))
}

/// One entry.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(in crate::http) struct Entry {
    /// Its place among all entries.
    seq: i64,
    /// When.
    time: Stamp,
    /// Whose chain it belongs to; null is the platform's.
    tenant_id: Option<String>,
    /// Who.
    #[schema(example = "tenant:acme")]
    principal: String,
    /// What was done.
    #[schema(example = "service.scale")]
    action: String,
    /// To what.
    target: String,
    /// `ok`, or the code of the problem.
    outcome: String,
    /// The request.
    request_id: String,
    /// What was asked for, without secrets.
    #[schema(value_type = Object)]
    data: Value,
    /// Hash of the entry before it in its chain.
    prev_hash: String,
    /// Its own hash.
    hash: String,
}

/// Which entries.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Filter {
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    tenant_id: Option<Name>,
    /// By this principal.
    principal: Option<String>,
    /// This action; with a full stop at the end, all that begin so.
    action: Option<String>,
    /// To this.
    target: Option<String>,
    /// Not before.
    from: Option<Stamp>,
    /// Before.
    to: Option<Stamp>,
    /// `json` or `csv`.
    #[param(value_type = Option<String>, example = "json")]
    #[serde(default)]
    format: Format,
}

/// How to answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    /// A page of objects.
    #[default]
    Json,
    /// Lines.
    Csv,
}

/// Whether the chains hold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditVerdict)]
pub(in crate::http) struct Verdict {
    /// Whether all do.
    ok: bool,
    /// Chains that were checked.
    chains: u64,
    /// Entries that were checked.
    entries: u64,
    /// The first difference; null if there is none.
    first_difference: Option<Difference>,
}

/// Where a chain does not hold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditDifference)]
struct Difference {
    /// Whose chain; null is the platform's.
    tenant_id: Option<String>,
    /// The entry; null if entries are missing at the end.
    seq: Option<i64>,
    /// What is wrong with it.
    what: String,
}

fn show(entry: AuditEntry, ids: &BTreeMap<nimbus_core::ids::TenantNo, TenantId>) -> Entry {
    let row = entry.row;
    Entry {
        seq: entry.seq,
        time: Stamp(row.time),
        tenant_id: row
            .tenant
            .and_then(|no| ids.get(&no))
            .map(ToString::to_string),
        principal: row.principal.to_string(),
        action: row.action.to_string(),
        target: row.target.to_string(),
        outcome: row.outcome.to_string(),
        request_id: row.request.to_string(),
        data: serde_json::from_str(&row.data).unwrap_or_default(),
        prev_hash: entry.prev_hash,
        hash: entry.hash,
    }
}

/// Lines of a table that no spreadsheet takes for formulas.
fn csv(entries: &[Entry]) -> String {
    let mut text =
        "seq,time,tenant_id,principal,action,target,outcome,request_id,hash\r\n".to_owned();
    for entry in entries {
        let tenant = entry.tenant_id.as_deref().unwrap_or_default();
        let cells = [
            entry.seq.to_string(),
            entry.time.to_string(),
            cell(tenant),
            cell(&entry.principal),
            cell(&entry.action),
            cell(&entry.target),
            cell(&entry.outcome),
            cell(&entry.request_id),
            entry.hash.clone(),
        ];
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

/// Who did what, newest first.
#[utoipa::path(
    get, path = "/api/v1/audit", operation_id = "listAudit", tag = "system",
    params(Filter, Params),
    responses((status = 200, description = "A page", content(
        (PageOf<Entry> = "application/json"), (String = "text/csv"),
    ))),
    extensions(("x-nimbus-permission" = json!("audit:read")), ("x-nimbus-rows" = json!(["S2-audit"]))),
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    list: List<Filter>,
) -> Result<Response, Problem> {
    let visible = caller.sight::<permit::AuditRead>()?;
    let (filter, list) = list.split();
    let tenant = match &filter.tenant_id {
        Some(name) => Some(
            app.tenant::<permit::AuditRead>(&caller, name)
                .await?
                .0
                .row
                .no,
        ),
        None => None,
    };
    let page = list.page(&[By::CreatedAt], true)?;
    let asked = AuditFilter {
        tenant,
        principal: filter.principal,
        action: filter.action,
        target: filter.target,
        from: filter.from.map(|stamp| stamp.0),
        to: filter.to.map(|stamp| stamp.0),
    };
    let listed = app
        .read(move |store| store.audit(&visible, &asked, &page))
        .await?;
    let ids = app
        .tenant_ids(listed.items.iter().filter_map(|entry| entry.row.tenant))
        .await?;
    if filter.format == Format::Csv {
        let entries: Vec<Entry> = listed
            .items
            .into_iter()
            .map(|entry| show(entry, &ids))
            .collect();
        return Ok(([(CONTENT_TYPE, "text/csv; charset=utf-8")], csv(&entries)).into_response());
    }
    let page = list.answer(listed, |entry| show(entry, &ids))?;
    Ok(Answer::ok(page).into_response())
}

/// Computes every visible chain of hashes again.
#[utoipa::path(
    get, path = "/api/v1/audit/verify", operation_id = "verifyAudit", tag = "system",
    responses((status = 200, description = "Whether they hold", body = Verdict)),
    extensions(("x-nimbus-permission" = json!("audit:read")), ("x-nimbus-rows" = json!(["S2-audit"]))),
)]
async fn verify(State(app): State<App>, caller: Caller) -> Outcome<Verdict> {
    let visible = caller.sight::<permit::AuditRead>()?;
    let AuditVerdict {
        chains,
        entries,
        broken,
    } = app.read(move |store| store.verify_audit(&visible)).await?;
    let ids = app
        .tenant_ids(broken.iter().filter_map(|broken| broken.tenant))
        .await?;
    let first_difference = broken.map(|broken| Difference {
        tenant_id: broken
            .tenant
            .and_then(|no| ids.get(&no))
            .map(ToString::to_string),
        seq: broken.seq,
        what: broken.what,
    });
    Ok(Answer::ok(Verdict {
        ok: first_difference.is_none(),
        chains,
        entries,
        first_difference,
    }))
}
