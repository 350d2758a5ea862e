//! The billing machine: dispatch and state.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::account::{Account, Unlimited};
use super::audit::Audit;
use super::finished::Finished;
use super::price::{Currency, PriceList};
use super::{Answer, Input, Invoice, Usage};
use crate::cluster::UsageTick;
use crate::ids::{OrgNo, PodNo, ServiceNo, SpecNo, TenantNo};
use crate::machine::{Machine, Outbox, Reply};
use crate::plan::PlanCode;
use crate::store::billing::{Book, OrgRow, Row, UsageInterval};
use crate::table::Table;
use crate::time::Time;
use crate::units::Resources;

/// What the billing machine is set up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// The currency of all invoices. The prices of plans are in its minor units as well.
    pub currency: Currency,
    /// The rate card.
    pub prices: PriceList,
    /// Beginning of metering: nothing before it is billed.
    pub start: Time,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            currency: Currency::USD,
            prices: PriceList::default(),
            start: Time::ZERO,
        }
    }
}

/// An open interval. 24 bytes: a million of them are open at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) start_s: i64,
    pub(super) tenant: TenantNo,
    pub(super) service: ServiceNo,
    pub(super) spec: SpecNo,
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Org {
    pub(super) plans: Vec<(i64, PlanCode)>,
    pub(super) tenants: Vec<TenantNo>,
}

/// Links of a tenant's chain between two records of its account. More make records fewer and a restart
/// longer: so many links and their intervals are derived again.
/// Few in tests, so that a restart finds accounts of every age.
pub(super) const LINKS_PER_RECORD: u64 = if cfg!(test) { 3 } else { 64 };

/// The billing machine.
#[derive(Clone, Debug)]
pub struct Billing {
    pub(super) config: Config,
    pub(super) specs: Vec<Option<Resources>>,
    pub(super) orgs: BTreeMap<OrgNo, Org>,
    pub(super) accounts: Vec<Option<Account>>,
    pub(super) open: Table<Open>,
    pub(super) finished: Finished,
    pub(super) audit: Audit,
    /// `None` until there is an organization.
    pub(super) book: Option<Book>,
    pub(super) finals: Vec<Arc<Invoice>>,
}

impl Billing {
    /// A machine that has been told nothing yet.
    #[must_use]
    pub fn new(config: Config) -> Billing {
        Billing {
            config,
            specs: Vec::new(),
            orgs: BTreeMap::new(),
            accounts: Vec::new(),
            open: Table::default(),
            finished: Finished::default(),
            audit: Audit::default(),
            book: None,
            finals: Vec::new(),
        }
    }

    /// The billing clock: whole seconds, truncated once, here.
    pub(super) fn second(&self, now: Time) -> i64 {
        now.max(self.config.start).secs()
    }

    fn spec_seen(&mut self, spec: SpecNo, requests: Resources, out: &mut Outbox) {
        let index = spec.index();
        if index >= self.specs.len() {
            self.specs.resize(index + 1, None);
        }
        if self.specs[index].is_none() {
            self.specs[index] = Some(requests);
            out.record(Row::Spec(spec, requests));
        }
    }

    pub(super) fn requests(&self, spec: SpecNo) -> Option<Resources> {
        self.specs.get(spec.index()).copied().flatten()
    }

    fn org_opened(&mut self, now: Time, org: OrgNo, plan: PlanCode, out: &mut Outbox) {
        if self.orgs.contains_key(&org) {
            return;
        }
        let accounts = self.accounts.iter().flatten();
        let tenants = accounts
            .filter(|account| account.org == org)
            .map(|account| account.tenant);
        let row = Org {
            plans: Vec::new(),
            tenants: tenants.collect(),
        };
        self.orgs.insert(org, row);
        self.open_book(now, out);
        self.set_plan(now, org, plan, out);
    }

    /// Another plan from this second on; all before is billed by the old one.
    fn set_plan(&mut self, now: Time, org: OrgNo, plan: PlanCode, out: &mut Outbox) {
        let now_s = self.second(now);
        let Some(row) = self.orgs.get_mut(&org) else {
            return;
        };
        if row.plans.last().is_some_and(|&(_, last)| last == plan) {
            return;
        }
        row.plans.retain(|&(start_s, _)| start_s < now_s);
        if row.plans.last().is_none_or(|&(_, last)| last != plan) {
            row.plans.push((now_s, plan));
        }
        let plans = row.plans.clone();
        out.record(Row::Org(Box::new(OrgRow { org, plans })));
        for tenant in row.tenants.clone() {
            let Some(account) = account_mut(&mut self.accounts, tenant) else {
                continue;
            };
            account.advance(now_s, &mut |window| {
                out.record(Row::Window(Box::new(window)))
            });
            account.unlimited = unlimited(plan);
            record(account, out);
        }
    }

    fn tenant_opened(&mut self, now: Time, tenant: TenantNo, org: OrgNo, out: &mut Outbox) {
        let now_s = self.second(now);
        let index = tenant.index();
        if index >= self.accounts.len() {
            self.accounts.resize(index + 1, None);
        }
        if self.accounts[index].is_some() {
            return;
        }
        let plan = self.orgs.get_mut(&org).and_then(|row| {
            row.tenants.push(tenant);
            row.tenants.sort_unstable();
            row.plans.last().map(|&(_, plan)| plan)
        });
        let included = plan.map(unlimited).unwrap_or_default();
        let account = self.accounts[index].insert(Account::new(tenant, org, now_s, included));
        record(account, out);
    }

    fn tenant_closed(&mut self, now: Time, tenant: TenantNo, out: &mut Outbox) {
        let now_s = self.second(now);
        let open = account_mut(&mut self.accounts, tenant).is_some_and(|account| account.open > 0);
        if open {
            // A tenant that is gone has no pod; if a report of an end was lost, it ends here (I-13).
            let rows = self.open.iter();
            let pods: Vec<PodNo> = rows
                .filter(|(_, row)| row.tenant == tenant)
                .map(|(pod, _)| PodNo(pod))
                .collect();
            for pod in pods {
                self.finished(now, pod, out);
            }
        }
        if let Some(account) = account_mut(&mut self.accounts, tenant)
            && account.closed_s.is_none()
        {
            account.close(now_s, &mut |window| {
                out.record(Row::Window(Box::new(window)))
            });
            record(account, out);
        }
    }

    fn bound(&mut self, now: Time, pod: PodNo, row: Open, out: &mut Outbox) {
        if self.finished.contains(pod) || self.open.get(pod.0).is_some() {
            return;
        }
        let Some(requests) = self.requests(row.spec) else {
            return;
        };
        let now_s = self.second(now);
        let Some(account) = account_mut(&mut self.accounts, row.tenant) else {
            return;
        };
        if account.closed_s.is_some() {
            return;
        }
        advance(account, now_s, out);
        account.begin(Usage::per_second(requests));
        self.audit
            .begin(row.service, row.tenant, requests.cpu.0, now_s);
        self.open.insert(pod.0, row);
        out.record(Row::Interval(interval(pod, row, None)));
    }

    fn finished(&mut self, now: Time, pod: PodNo, out: &mut Outbox) {
        let Some(row) = self.open.remove(pod.0) else {
            return;
        };
        let end_s = self.second(now).max(row.start_s);
        let requests = self.requests(row.spec).unwrap_or_default();
        if let Some(account) = account_mut(&mut self.accounts, row.tenant) {
            advance(account, end_s, out);
            account.end(Usage::per_second(requests));
        }
        self.audit.end(row.service, requests.cpu.0, end_s);
        self.finished.insert(pod);
        out.record(Row::Interval(interval(pod, row, Some(end_s))));
    }

    fn usage(&mut self, tick: &UsageTick, out: &mut Outbox) {
        let Some(drift) = self.audit.compare(tick) else {
            return;
        };
        for (tenant, pod_s) in drift {
            if let Some(account) = account_mut(&mut self.accounts, tenant) {
                account.drift_s = account.drift_s.saturating_add(pod_s);
                record(account, out);
            }
        }
        out.record(Row::Sampled(tick.sampled_at));
    }
}

/// What a plan includes without limit.
pub(super) fn unlimited(plan: PlanCode) -> Unlimited {
    let plan = plan.plan();
    Unlimited {
        cpu: plan.included_vcpu_hours.is_none(),
        memory: plan.included_gib_hours.is_none(),
    }
}

pub(super) fn account_mut(
    accounts: &mut [Option<Account>],
    tenant: TenantNo,
) -> Option<&mut Account> {
    accounts.get_mut(tenant.index())?.as_mut()
}

/// Advances an account, records the links that this closes, and the account itself now and then.
#[inline]
fn advance(account: &mut Account, to_s: i64, out: &mut Outbox) {
    let before = account.links / LINKS_PER_RECORD;
    account.advance(to_s, &mut |window| {
        out.record(Row::Window(Box::new(window)))
    });
    if account.links / LINKS_PER_RECORD != before {
        record(account, out);
    }
}

pub(super) fn record(account: &Account, out: &mut Outbox) {
    out.record(Row::Account(Box::new(account.clone())));
}

pub(super) fn interval(pod: PodNo, row: Open, end_s: Option<i64>) -> UsageInterval {
    UsageInterval {
        pod,
        tenant: row.tenant,
        service: row.service,
        spec: row.spec,
        start_s: row.start_s,
        end_s,
    }
}

impl Machine for Billing {
    type Input = Input;

    fn handle(&mut self, now: Time, input: Input, out: &mut Outbox) {
        match input {
            Input::OrgOpened { org, plan } => self.org_opened(now, org, plan, out),
            Input::PlanChanged { org, plan } => self.set_plan(now, org, plan, out),
            Input::TenantOpened { tenant, org } => self.tenant_opened(now, tenant, org, out),
            Input::TenantClosed { tenant } => self.tenant_closed(now, tenant, out),
            Input::SpecSeen { spec, requests } => self.spec_seen(spec, requests, out),
            Input::Bound {
                pod,
                spec,
                tenant,
                service,
            } => {
                let row = Open {
                    start_s: self.second(now),
                    tenant,
                    service,
                    spec,
                };
                self.bound(now, pod, row, out);
            }
            Input::Finished { pod } => self.finished(now, pod, out),
            Input::Usage(tick) => self.usage(&tick, out),
            Input::Outage { from, vanished } => self.outage(now, from, &vanished, out),
            Input::Draft { org } => {
                let draft = self.draft(org, now);
                out.reply(Reply::Billing(
                    draft.map(|invoice| Answer::Draft(Arc::new(invoice))),
                ));
            }
            Input::PeriodEnd { end } => self.period_end(now, end, out),
            Input::Finalize { end } => self.finalize(now, end, out),
        }
    }
}
