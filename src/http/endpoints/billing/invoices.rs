//! Invoices: final ones as they were made, drafts computed when they are read.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::response::{IntoResponse, Response};
use nimbus_core::access::{Object, permit};
use nimbus_core::billing::{
    Chains, Config, ContentHash, Difference, Invoice, InvoiceState, Period, prove,
};
use nimbus_core::ids::{InvoiceId, OrgNo, TenantNo};
use nimbus_core::store::StoreError;
use nimbus_core::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::invoice::{InvoiceView, Part, Tenants};
use super::{Ledger, month};
use crate::http::answer::{Answer, Outcome};
use crate::http::app::App;
use crate::http::caller::Caller;
use crate::http::extract::{Name, Path, Query};
use crate::http::list::{List, PageOf};
use crate::http::problem::Problem;
use crate::store::{By, InvoiceFilter, Listed, Page, Position, Store, Value, Visible};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(verify))
        .routes(routes!(of_tenant))
}

/// States that a list can be limited to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum StateFilter {
    /// Computed when it is read.
    Draft,
    /// Final.
    Open,
}

/// Filters of the list.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Filter {
    /// Only of this organization, by id or slug; drafts are shown too.
    organization_id: Option<String>,
    /// Only the part of this tenant, by id or slug; drafts are shown too.
    tenant_id: Option<String>,
    /// Only of this month.
    #[param(example = "2026-11")]
    period: Option<String>,
    /// `draft` or `open`.
    #[param(inline)]
    state: Option<StateFilter>,
}

/// How an invoice is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum Form {
    /// JSON.
    #[default]
    Json,
    /// A table, one row a line.
    Csv,
    /// A page for a browser.
    Html,
}

/// Parameters of one invoice.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct OneQuery {
    /// `json`, `csv` or `html`.
    #[param(inline)]
    format: Option<Form>,
}

/// Parameters of a tenant's invoice.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct PeriodQuery {
    /// The month; without it the present one.
    #[param(example = "2026-11")]
    period: Option<String>,
    /// `json`, `csv` or `html`.
    #[param(inline)]
    format: Option<Form>,
}

/// Whose invoices are asked for.
enum Whose {
    All,
    Orgs(Vec<OrgNo>),
    One(OrgNo, Part),
}

/// Lists invoices, newest first: final ones, and drafts where one organization or tenant is asked for.
#[utoipa::path(
    get, path = "/api/v1/billing/invoices", operation_id = "list_invoices", tag = "billing",
    params(crate::http::list::Params, Filter),
    responses((status = 200, description = "Invoices", body = PageOf<InvoiceView>)),
    extensions(("x-nimbus-permission" = json!("billing:read")), ("x-nimbus-rows" = json!(["S0-17"]))),
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    list: List<Filter>,
) -> Outcome<PageOf<serde_json::Value>> {
    let whose = whose(&app, &caller, &list.filter).await?;
    let period = list.filter.period.as_deref().map(month).transpose()?;
    let state = list.filter.state;
    let drafts_only = state == Some(StateFilter::Draft);
    if drafts_only && !matches!(whose, Whose::One(..)) {
        let text = "or tenant_id is required for drafts";
        return Err(Problem::invalid("organization_id", "required", text));
    }
    let page = list.page(&[By::CreatedAt], true)?;
    let config = *app.billing();
    let read = app.read(move |store| {
        let mut found = Vec::new();
        let first = page.after.is_none();
        if let (Whose::One(org, _), true) = (&whose, first && state != Some(StateFilter::Open)) {
            found = drafts(store, config, *org, period)?;
        }
        let finals = if drafts_only {
            Listed {
                items: Vec::new(),
                next: None,
            }
        } else {
            finals(store, &whose, period, &page)?
        };
        found.extend(finals.items);
        let part = match whose {
            Whose::One(_, part) => part,
            Whose::All | Whose::Orgs(_) => Part::Whole,
        };
        let views = views(store, &found, part, &config)?;
        Ok::<_, Problem>(Listed {
            items: views,
            next: finals.next,
        })
    });
    let mut listed = read.await?;
    listed.items.retain(|view| !view.is_empty());
    Ok(Answer::ok(list.answer(listed, |view| view)?))
}

/// Whose invoices a filter means, and whether the caller may read them.
async fn whose(app: &App, caller: &Caller, filter: &Filter) -> Result<Whose, Problem> {
    if let Some(name) = &filter.tenant_id {
        let name = Name::read(name).ok_or_else(Problem::not_found)?;
        let (found, _) = app.tenant::<permit::BillingRead>(caller, &name).await?;
        return Ok(Whose::One(found.row.row.org, Part::Tenant(found.row.no)));
    }
    if let Some(name) = &filter.organization_id {
        let name = Name::read(name).ok_or_else(Problem::not_found)?;
        let (found, _) = app.org::<permit::BillingRead>(caller, &name).await?;
        return Ok(Whose::One(found.row.no, Part::Whole));
    }
    match caller.sight::<permit::BillingRead>()? {
        Visible::All => Ok(Whose::All),
        Visible::Orgs(orgs) => Ok(Whose::Orgs(orgs)),
        Visible::Tenant(no) => {
            let found = app.find(move |store| store.tenant_by_no(no)).await?;
            Ok(Whose::One(found.row.row.org, Part::Tenant(no)))
        }
    }
}

/// Drafts of an organization, newest first.
fn drafts(
    store: &Store,
    config: Config,
    org: OrgNo,
    period: Option<Period>,
) -> Result<Vec<Arc<Invoice>>, Problem> {
    let ledger = Ledger::open(store, config, org)?;
    let mut all = ledger.billing.invoices(ledger.now)?;
    let fits = |invoice: &Arc<Invoice>| {
        let asked = period.is_none_or(|period| period == invoice.period);
        invoice.state == InvoiceState::Draft && invoice.org == org && asked
    };
    all.retain(fits);
    all.reverse();
    Ok(all)
}

fn finals(
    store: &Store,
    whose: &Whose,
    period: Option<Period>,
    page: &Page,
) -> Result<Listed<Arc<Invoice>>, StoreError> {
    let filter = InvoiceFilter {
        orgs: match whose {
            Whose::All => None,
            Whose::Orgs(orgs) => Some(orgs.clone()),
            Whose::One(org, _) => Some(vec![*org]),
        },
        period: period.map(|period| period.from),
        state: None,
    };
    store.invoices(&filter, page)
}

fn views(
    store: &Store,
    invoices: &[Arc<Invoice>],
    part: Part,
    config: &Config,
) -> Result<Vec<InvoiceView>, Problem> {
    let view = |invoice: &Arc<Invoice>| {
        let org = store
            .org_by_no(invoice.org)?
            .ok_or_else(Problem::not_found)?;
        let tenants = tenants(store, invoice, part)?;
        Ok(InvoiceView::of(invoice, part, &org.row, &tenants, config))
    };
    invoices.iter().map(view).collect()
}

fn tenants(store: &Store, invoice: &Invoice, part: Part) -> Result<Tenants, StoreError> {
    let mut nos: Vec<TenantNo> = invoice
        .lines
        .iter()
        .filter_map(|line| line.tenant)
        .collect();
    if let Part::Tenant(no) = part {
        nos.push(no);
    }
    nos.sort_unstable();
    nos.dedup();
    Ok(store.tenant_ids(&nos)?.into_iter().collect())
}

/// Tells one final invoice: the whole to who pays, its part to a tenant.
#[utoipa::path(
    get, path = "/api/v1/billing/invoices/{id}", operation_id = "get_invoice", tag = "billing",
    params(("id" = String, Path, description = "Id of the invoice"), OneQuery),
    responses((status = 200, description = "The invoice", content(
        (InvoiceView = "application/json"), (String = "text/csv"), (String = "text/html"),
    ))),
    extensions(("x-nimbus-permission" = json!("billing:read")), ("x-nimbus-rows" = json!(["S0-17"]))),
)]
async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    Query(query): Query<OneQuery>,
) -> Result<Response, Problem> {
    let (invoice, part) = one(&app, &caller, &name).await?;
    let view = view(&app, invoice, part).await?;
    Ok(written(&view, query.format.unwrap_or_default()))
}

/// A final invoice that the caller may read, and which part of it.
async fn one(app: &App, caller: &Caller, name: &Name) -> Result<(Arc<Invoice>, Part), Problem> {
    let id: InvoiceId = name.id().ok_or_else(Problem::not_found)?;
    let invoice = app.find(move |store| store.invoice(id)).await?;
    let Some(tenant) = caller.principal().tenant() else {
        caller.authorize::<permit::BillingRead>(Object::Org(invoice.org))?;
        return Ok((invoice, Part::Whole));
    };
    let found = app.find(move |store| store.tenant_by_no(tenant)).await?;
    let org = found.row.row.org;
    if org != invoice.org {
        return Err(Problem::not_found());
    }
    caller.authorize::<permit::BillingRead>(Object::Tenant { tenant, org })?;
    Ok((invoice, Part::Tenant(tenant)))
}

async fn view(app: &App, invoice: Arc<Invoice>, part: Part) -> Result<InvoiceView, Problem> {
    let config = *app.billing();
    let views = app
        .read(move |store| views(store, &[invoice], part, &config))
        .await?;
    let view = views.into_iter().next().filter(|view| !view.is_empty());
    view.ok_or_else(Problem::not_found)
}

fn written(view: &InvoiceView, form: Form) -> Response {
    let typed = |media: &'static str, text: String| ([(CONTENT_TYPE, media)], text).into_response();
    match form {
        Form::Json => Answer::ok(view).header(ETAG, tag(view)).into_response(),
        Form::Csv => typed("text/csv; charset=utf-8", view.csv()),
        Form::Html => typed("text/html; charset=utf-8", view.html()),
    }
}

/// Invoices have no version: their bytes say whether they are the same.
fn tag(view: &InvoiceView) -> String {
    let text = serde_json::to_string(view).unwrap_or_default();
    let hash = nimbus_core::digest::content_hash(&text);
    format!("\"{}\"", nimbus_core::digest::hex(&hash[..8]))
}

/// Computes the tenant's part of the invoice of a month; reading it writes nothing.
#[utoipa::path(
    get, path = "/billing/invoice/{tenant}", operation_id = "get_tenant_invoice", tag = "billing",
    params(("tenant" = String, Path, description = "Id or slug of the tenant"), PeriodQuery),
    responses((status = 200, description = "The invoice", content(
        (InvoiceView = "application/json"), (String = "text/csv"), (String = "text/html"),
    ))),
    extensions(("x-nimbus-permission" = json!("billing:read")), ("x-nimbus-rows" = json!(["S0-25"]))),
)]
async fn of_tenant(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    Query(query): Query<PeriodQuery>,
) -> Result<Response, Problem> {
    let period = query.period.as_deref().map(month).transpose()?;
    let (found, _) = app.tenant::<permit::BillingRead>(&caller, &name).await?;
    let (org, tenant) = (found.row.row.org, found.row.no);
    let config = *app.billing();
    let read = app.read(move |store| {
        let ledger = Ledger::open(store, config, org)?;
        let period = period.unwrap_or(Period::month_of(ledger.now));
        let all = ledger.billing.invoices(ledger.now)?;
        let mut fitting = all
            .into_iter()
            .filter(|invoice| invoice.org == org && invoice.period == period);
        let invoice = fitting.next_back().ok_or_else(Problem::not_found)?;
        let views = views(store, &[invoice], Part::Tenant(tenant), &config)?;
        views.into_iter().next().ok_or_else(Problem::not_found)
    });
    let view = read.await?;
    Ok(written(&view, query.format.unwrap_or_default()))
}

/// What was found wrong.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct DifferenceView {
    /// `link`, `root`, `quantity`, `total`, `usage_root`, `document` or `previous`.
    #[schema(example = "link")]
    what: &'static str,
    /// Whose.
    tenant_id: Option<String>,
    /// Place in the tenant's chain of windows.
    link: Option<u64>,
    /// In words.
    message: String,
}

/// Whether an invoice follows from what was recorded.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Verdict {
    /// Everything holds.
    ok: bool,
    /// Windows that were recomputed; 0 if something does not hold.
    checked_windows: u64,
    /// The first thing that does not hold.
    first_difference: Option<DifferenceView>,
}

/// Recomputes an invoice from the recorded windows: every link, quantity, sum and hash.
#[utoipa::path(
    get, path = "/api/v1/billing/invoices/{id}/verify", operation_id = "verify_invoice", tag = "billing",
    params(("id" = String, Path, description = "Id of the invoice")),
    responses((status = 200, description = "What was found", body = Verdict)),
    extensions(("x-nimbus-permission" = json!("billing:read")), ("x-nimbus-rows" = json!(["U-11"]))),
)]
async fn verify(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
) -> Outcome<Verdict> {
    let (invoice, part) = one(&app, &caller, &name).await?;
    let verdict = app
        .read(move |store| verdict(store, &invoice, part))
        .await?;
    Ok(Answer::ok(verdict))
}

fn verdict(store: &Store, invoice: &Invoice, part: Part) -> Result<Verdict, StoreError> {
    let ids = tenants(store, invoice, part)?;
    let mut chains = Chains::new();
    for line in invoice.lines.iter().filter(|line| line.windows.is_some()) {
        if let Some(tenant) = line.tenant {
            // from its beginning, since each link stands on the one before
            let chain = store.usage_windows(tenant, Time(i64::MIN), Time::MAX)?;
            chains.entry(tenant).or_insert(chain);
        }
    }
    let outcome = prove(invoice, &chains, before(store, invoice)?);
    // a tenant is told of its own chain only
    let shown = |tenant: TenantNo| {
        let own = match part {
            Part::Whole => true,
            Part::Tenant(no) => no == tenant,
        };
        ids.get(&tenant).filter(|_| own).map(ToString::to_string)
    };
    Ok(match outcome {
        Ok(checked_windows) => Verdict {
            ok: true,
            checked_windows,
            first_difference: None,
        },
        Err(difference) => Verdict {
            ok: false,
            checked_windows: 0,
            first_difference: Some(difference_view(difference, shown)),
        },
    })
}

/// The hash that the document before bears; zeros before the first.
fn before(store: &Store, invoice: &Invoice) -> Result<ContentHash, StoreError> {
    let number = invoice.number.and_then(|number| i64::try_from(number).ok());
    let after = Position {
        key: Value::Int(number.unwrap_or(0)),
        id: String::new(),
    };
    let page = Page::first(1).sorted(By::CreatedAt, true).behind(after);
    let found = store.invoices(&InvoiceFilter::default(), &page)?;
    let before = found.items.first().and_then(|before| before.document_hash);
    Ok(before.unwrap_or_default())
}

fn difference_view(
    difference: Difference,
    shown: impl Fn(TenantNo) -> Option<String>,
) -> DifferenceView {
    let (what, tenant, link, message) = match difference {
        Difference::Link { tenant, link } => (
            "link",
            Some(tenant),
            Some(link),
            "a recorded run of windows was changed, is missing or was added",
        ),
        Difference::Root { tenant } => {
            let text = "a line points at windows that are not in its chain";
            ("root", Some(tenant), None, text)
        }
        Difference::Quantity { tenant, .. } => {
            let text = "the quantity of a line is not the sum of its windows";
            ("quantity", Some(tenant), None, text)
        }
        Difference::Total => ("total", None, None, "the total is not the sum of the lines"),
        Difference::UsageRoot => {
            let text = "the hash over the ends of the chains is another";
            ("usage_root", None, None, text)
        }
        Difference::Document => {
            let text = "the document was changed after it became final";
            ("document", None, None, text)
        }
        Difference::Previous => {
            let text = "the document before was changed or exchanged";
            ("previous", None, None, text)
        }
    };
    DifferenceView {
        what,
        tenant_id: tenant.and_then(shown),
        link,
        message: message.to_owned(),
    }
}
