//! What was used: by tenant, app or service, over any time, in steps if wanted.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use axum::extract::State;
use nimbus_core::access::permit;
use nimbus_core::billing::{Config, Meter, Period, Run, Usage, WindowState, used};
use nimbus_core::ids::{OrgNo, ServiceNo, TenantId, TenantNo};
use nimbus_core::store::StoreError;
use nimbus_core::time::{Span, Time};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Ledger, Money};
use crate::http::answer::{Answer, Outcome};
use crate::http::app::App;
use crate::http::caller::Caller;
use crate::http::extract::{Name, Path};
use crate::http::list::{List, PageOf};
use crate::http::problem::Problem;
use crate::http::show::Stamp;
use crate::store::{LIMIT_MAX, Listed, Store, TenantFilter, TenantView};

/// Most gaps that one answer names.
const GAPS_MAX: usize = 100;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(usage))
        .routes(routes!(usage_seed))
        .routes(routes!(tenant_usage))
}

/// What one line of the answer is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum GroupBy {
    /// A tenant.
    #[default]
    Tenant,
    /// An app.
    App,
    /// A service.
    Service,
}

/// What use is counted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum Basis {
    /// What pods ask for: what is billed.
    #[default]
    Requested,
}

/// Filters of usage.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Filter {
    /// Only this tenant, by id or slug.
    tenant_id: Option<String>,
    /// From this time; without it from the beginning of the present month.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Stamp>,
    /// Before this time; without it up to the last that was observed.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Stamp>,
    /// `tenant` without it; `app` and `service` need `tenant_id`.
    #[param(inline)]
    group_by: Option<GroupBy>,
    /// One line for each so long a time, as in `1h`; needs `tenant_id`.
    #[param(example = "1h")]
    step: Option<String>,
    /// `requested`.
    #[param(inline)]
    basis: Option<Basis>,
}

/// A time for which not everything is known.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Gap {
    /// From.
    #[schema(value_type = String, format = DateTime)]
    from: Stamp,
    /// To.
    #[schema(value_type = String, format = DateTime)]
    to: Stamp,
    /// `gap`: billed by what was there before and after; `in_doubt`: pods vanished in it, whose seconds are
    /// not charged; `late`: a correction of what was billed before.
    #[schema(value_type = String, example = "gap")]
    state: WindowState,
}

/// What was used over some time.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct UsageView {
    /// The tenant.
    tenant_id: String,
    /// Its slug.
    #[schema(example = "acme")]
    tenant: String,
    /// The app, if it is asked for by app or service.
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<String>,
    /// The service, if it is asked for by service.
    #[serde(skip_serializing_if = "Option::is_none")]
    service_id: Option<String>,
    /// From.
    #[schema(value_type = String, format = DateTime)]
    from: Stamp,
    /// To.
    #[schema(value_type = String, format = DateTime)]
    to: Stamp,
    /// Requested millicores × seconds.
    #[schema(example = 335_923_200_i64)]
    cpu_millicore_seconds: i64,
    /// Requested MiB × seconds, rounded down.
    #[schema(example = 429_981_696_i64)]
    memory_mb_seconds: i64,
    /// Requested bytes × seconds, exact.
    #[schema(example = "450868486864896")]
    memory_byte_seconds: String,
    /// Always 0: no accelerators are metered yet.
    gpu_seconds: i64,
    /// Always 0: no volumes are metered yet.
    volume_gb_seconds: i64,
    /// Always 0: no instances are metered yet.
    instance_seconds: i64,
    /// At the prices in force, before plans and allowances.
    cost: Money,
    /// Where not everything is known; only by tenant, without steps. The first 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    gaps: Option<Vec<Gap>>,
    /// Pod-seconds in doubt in that time, not charged; only by tenant, without steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_doubt_seconds: Option<i64>,
    /// Pod-seconds by which samples ever differed from what is billed; only by tenant, without steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    drift_seconds: Option<i64>,
    /// The last that was observed: what comes after is not counted yet.
    #[schema(value_type = String, format = DateTime)]
    through: Stamp,
}

/// Lists what was used: by default in the present month, by tenant.
#[utoipa::path(
    get, path = "/api/v1/billing/usage", operation_id = "list_usage", tag = "billing",
    params(crate::http::list::Params, Filter),
    responses((status = 200, description = "Use", body = PageOf<UsageView>)),
    extensions(("x-nimbus-permission" = json!("billing:read")), ("x-nimbus-rows" = json!(["S0-15", "S0-16", "S0-24"]))),
)]
async fn usage(
    State(app): State<App>,
    caller: Caller,
    list: List<Filter>,
) -> Outcome<PageOf<serde_json::Value>> {
    let rows = rows(&app, &caller, &list, 50).await?;
    Ok(Answer::ok(list.answer(rows, |row| row)?))
}

/// Lists what was used, as a bare array.
#[utoipa::path(
    get, path = "/billing/usage", operation_id = "list_usage_seed", tag = "billing",
    params(crate::http::list::Params, Filter),
    responses((status = 200, description = "Use", body = Vec<UsageView>)),
    extensions(("x-nimbus-permission" = json!("billing:read")), ("x-nimbus-rows" = json!(["S0-24"]))),
)]
async fn usage_seed(
    State(app): State<App>,
    caller: Caller,
    list: List<Filter>,
) -> Outcome<Vec<serde_json::Value>> {
    let rows = rows(&app, &caller, &list, LIMIT_MAX).await?;
    let (items, link) = list.bare(rows, |row| row)?;
    Ok(Answer::ok(items).next(link))
}

/// Lists what one tenant used.
#[utoipa::path(
    get, path = "/api/v1/tenants/{id}/usage", operation_id = "list_tenant_usage", tag = "billing",
    params(("id" = String, Path, description = "Id or slug of the tenant"), crate::http::list::Params, Filter),
    responses((status = 200, description = "Use", body = PageOf<UsageView>)),
    extensions(("x-nimbus-permission" = json!("billing:read")), ("x-nimbus-rows" = json!(["S0-16"]))),
)]
async fn tenant_usage(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    mut list: List<Filter>,
) -> Outcome<PageOf<serde_json::Value>> {
    list.filter.tenant_id = Some(name.to_string());
    let rows = rows(&app, &caller, &list, 50).await?;
    Ok(Answer::ok(list.answer(rows, |row| row)?))
}

/// What is asked for, checked.
#[derive(Clone, Copy)]
struct Question {
    config: Config,
    from: Option<Time>,
    to: Option<Time>,
    by: GroupBy,
    step: Option<Span>,
}

impl Question {
    fn of(app: &App, filter: &Filter) -> Result<Question, Problem> {
        let Basis::Requested = filter.basis.unwrap_or_default();
        let by = filter.group_by.unwrap_or_default();
        let narrow = by != GroupBy::Tenant || filter.step.is_some();
        if narrow && filter.tenant_id.is_none() {
            let text = "is required with group_by=app, group_by=service and step";
            return Err(Problem::invalid("tenant_id", "required", text));
        }
        let step = filter.step.as_deref().map(Span::parse).transpose();
        let step = step.map_err(|bad| Problem::invalid("step", "invalid", bad.to_string()))?;
        if step.is_some_and(|step| step.secs() < 1) {
            return Err(Problem::invalid("step", "invalid", "expected at least 1s"));
        }
        Ok(Question {
            config: *app.billing(),
            from: filter.from.map(|stamp| stamp.0),
            to: filter.to.map(|stamp| stamp.0),
            by,
            step,
        })
    }

    /// The time that is asked for, in whole seconds.
    fn span(&self, through: Time) -> Result<(i64, i64), Problem> {
        let from = self
            .from
            .unwrap_or_else(|| Period::month_of(self.to.unwrap_or(through)).from);
        let to = self.to.unwrap_or(through);
        if to < from {
            return Err(Problem::invalid("to", "invalid", "lies before from"));
        }
        Ok((from.secs(), to.secs()))
    }

    /// That time in steps.
    fn steps(&self, through: Time) -> Result<Vec<(i64, i64)>, Problem> {
        let (from_s, to_s) = self.span(through)?;
        let Some(step) = self.step else {
            return Ok(vec![(from_s, to_s)]);
        };
        let count = (to_s - from_s + step.secs() - 1) / step.secs();
        if usize::try_from(count).map_or(true, |count| count > LIMIT_MAX) {
            return Err(Problem::invalid(
                "step",
                "too_small",
                "gives more than 500 lines",
            ));
        }
        let part = |at: i64| {
            let begin = from_s + at * step.secs();
            (begin, to_s.min(begin + step.secs()))
        };
        Ok((0..count).map(part).collect())
    }
}

async fn rows(
    app: &App,
    caller: &Caller,
    list: &List<Filter>,
    limit: usize,
) -> Result<Listed<UsageView>, Problem> {
    let question = Question::of(app, &list.filter)?;
    let page = list.page_of(Store::TENANT_SORTS, false, limit)?;
    let tenants = match &list.filter.tenant_id {
        Some(name) => {
            let name = Name::read(name).ok_or_else(Problem::not_found)?;
            let (found, _) = app.tenant::<permit::BillingRead>(caller, &name).await?;
            Listed {
                items: vec![found],
                next: None,
            }
        }
        None => {
            let sight = caller.sight::<permit::BillingRead>()?;
            let filter = TenantFilter {
                text: list.text.clone(),
                ..TenantFilter::default()
            };
            app.read(move |store| store.tenants(&sight, &filter, &page))
                .await?
        }
    };
    let views: Vec<TenantView> = tenants.items.into_iter().map(|found| found.row).collect();
    let items = app.read(move |store| all(store, &question, &views)).await?;
    Ok(Listed {
        items,
        next: tenants.next,
    })
}

/// All lines, in order of tenants; each organization is opened once.
fn all(
    store: &Store,
    question: &Question,
    tenants: &[TenantView],
) -> Result<Vec<UsageView>, Problem> {
    let mut ledgers: BTreeMap<OrgNo, Ledger> = BTreeMap::new();
    let mut lines = Vec::new();
    for tenant in tenants {
        let org = tenant.row.org;
        let ledger = match ledgers.entry(org) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(Ledger::open(store, question.config, org)?),
        };
        lines.extend(of_tenant(store, question, ledger, tenant)?);
        if lines.len() > LIMIT_MAX.max(tenants.len()) {
            let text = "gives more than 500 lines; ask for less time or longer steps";
            return Err(Problem::invalid("group_by", "too_many", text));
        }
    }
    Ok(lines)
}

fn of_tenant(
    store: &Store,
    question: &Question,
    ledger: &Ledger,
    tenant: &TenantView,
) -> Result<Vec<UsageView>, Problem> {
    let through_s = ledger.now.secs();
    let mut lines = Vec::new();
    for (from_s, to_s) in question.steps(ledger.now)? {
        let used = used(&ledger.rows, from_s, to_s.min(through_s)).ok_or_else(wide)?;
        let own = used.into_iter().filter(|((of, _), _)| *of == tenant.no);
        let own: Vec<(ServiceNo, Usage)> =
            own.map(|((_, service), part)| (service, part)).collect();
        for (app_id, service_id, usage) in grouped(store, question.by, own)? {
            let mut line = line(question, tenant, (from_s, to_s), usage, ledger.now)?;
            line.app_id = app_id;
            line.service_id = service_id;
            lines.push(line);
        }
    }
    if let ([line], GroupBy::Tenant, None) = (lines.as_mut_slice(), question.by, question.step) {
        let span = question.span(ledger.now)?;
        let known = known(store, ledger, tenant.no, span)?;
        (line.gaps, line.in_doubt_seconds) = (Some(known.0), Some(known.1));
        let account = ledger.billing.account(tenant.no);
        line.drift_seconds = Some(account.map_or(0, |account| account.drift_s));
    }
    Ok(lines)
}

type Group = (Option<String>, Option<String>, Usage);

fn grouped(
    store: &Store,
    by: GroupBy,
    own: Vec<(ServiceNo, Usage)>,
) -> Result<Vec<Group>, Problem> {
    if by == GroupBy::Tenant {
        let mut parts = own.into_iter().map(|(_, part)| part);
        let sum = parts
            .try_fold(Usage::ZERO, Usage::checked_add)
            .ok_or_else(wide)?;
        return Ok(vec![(None, None, sum)]);
    }
    let mut groups: BTreeMap<(Option<String>, Option<String>), Usage> = BTreeMap::new();
    for (no, part) in own {
        let service = store.service_by_no(no)?;
        let app_no = service.as_ref().map(|found| found.row.row.app);
        let app = match app_no {
            Some(app) => store
                .app_by_no(app)?
                .map(|found| found.row.row.id.to_string()),
            None => None,
        };
        let service = service.map(|found| found.row.row.id.to_string());
        let key = (app, service.filter(|_| by == GroupBy::Service));
        let sum = groups.entry(key).or_default();
        *sum = sum.checked_add(part).ok_or_else(wide)?;
    }
    let line = |((app, service), usage)| (app, service, usage);
    Ok(groups.into_iter().map(line).collect())
}

fn line(
    question: &Question,
    tenant: &TenantView,
    (from_s, to_s): (i64, i64),
    usage: Usage,
    through: Time,
) -> Result<UsageView, Problem> {
    let prices = question.config.prices;
    let amounts = Meter::ALL
        .into_iter()
        .map(|meter| prices.amount(meter, meter.of(usage)));
    let minor = amounts
        .into_iter()
        .try_fold(0i64, |sum, amount| sum.checked_add(amount?));
    let whole = |value: i128| i64::try_from(value).map_err(|_| wide());
    Ok(UsageView {
        tenant_id: id(tenant.row.id),
        tenant: tenant.row.slug.to_string(),
        app_id: None,
        service_id: None,
        from: Time::from_secs(from_s).into(),
        to: Time::from_secs(to_s).into(),
        cpu_millicore_seconds: whole(usage.cpu_millicore_s)?,
        memory_mb_seconds: whole(usage.memory_mib_s())?,
        memory_byte_seconds: usage.memory_byte_s.to_string(),
        gpu_seconds: 0,
        volume_gb_seconds: 0,
        instance_seconds: 0,
        cost: Money::of(question.config.currency, minor.ok_or_else(wide)?),
        gaps: None,
        in_doubt_seconds: None,
        drift_seconds: None,
        through: through.into(),
    })
}

/// Gaps and pod-seconds in doubt within some time, from the recorded windows and those that follow them.
fn known(
    store: &Store,
    ledger: &Ledger,
    tenant: TenantNo,
    (from_s, to_s): (i64, i64),
) -> Result<(Vec<Gap>, i64), StoreError> {
    let (from, to) = (Time::from_secs(from_s), Time::from_secs(to_s));
    let mut windows = store.usage_windows(tenant, Time(i64::MIN), to)?;
    windows.extend(ledger.billing.tail(tenant, ledger.now));
    let runs = windows.iter().map(|window| window.run);
    let doubtful =
        runs.filter(|run| run.state != WindowState::Complete && run.first < to && run.end() > from);
    let doubtful: Vec<Run> = doubtful.collect();
    let in_doubt = doubtful.iter().map(|run| match run.state {
        WindowState::Late => run.in_doubt_s,
        _ => run.in_doubt_s.saturating_mul(i64::from(run.count)),
    });
    let in_doubt = in_doubt.fold(0i64, i64::saturating_add);
    let gap = |run: &Run| Gap {
        from: run.first.into(),
        to: run.end().into(),
        state: run.state,
    };
    Ok((doubtful.iter().take(GAPS_MAX).map(gap).collect(), in_doubt))
}

fn id(id: TenantId) -> String {
    id.to_string()
}

fn wide() -> Problem {
    Problem::internal("a sum of use left its width")
}
