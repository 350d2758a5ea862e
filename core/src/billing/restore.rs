//! A restart: accounts as they were recorded, and what came after from the intervals.

use super::Input;
use super::audit::Audit;
use super::machine::{Billing, Config, Open, Org, account_mut};
use super::period::{OPEN_AFTER_END, Period};
use super::usage::Usage;
use crate::machine::Outbox;
use crate::store::billing::{Row, UsageInterval};
use crate::time::{Span, Time};

/// How long a finalization that is overdue at a restart waits for the report of the outage.
pub const AFTER_RESTART: Span = Span::from_secs(300);

impl Billing {
    /// Rebuilds the machine from its rows and arms its timers. Of the windows it needs none, of the closed
    /// intervals those that ended after their account was recorded, and all to know repeated reports.
    #[must_use]
    pub fn restore(config: Config, rows: Vec<Row>, now: Time, out: &mut Outbox) -> Billing {
        let mut billing = Billing::new(config);
        let mut intervals = Vec::new();
        for row in rows {
            match row {
                Row::Interval(interval) => intervals.push(interval),
                row => billing.take(row),
            }
        }
        let accounts = billing.accounts.iter().flatten();
        for (tenant, org) in accounts.map(|account| (account.tenant, account.org)) {
            if let Some(row) = billing.orgs.get_mut(&org) {
                row.tenants.push(tenant);
            }
        }
        billing.reopen(&intervals);
        billing.derive(&intervals);
        billing.arm(now, out);
        billing
    }

    fn take(&mut self, row: Row) {
        match row {
            Row::Spec(spec, requests) => put(&mut self.specs, spec.index(), requests),
            Row::Org(row) => {
                let tenants = Vec::new();
                let plans = row.plans;
                self.orgs.insert(row.org, Org { plans, tenants });
            }
            Row::Account(account) => put(&mut self.accounts, account.tenant.index(), *account),
            Row::Invoice(invoice) => self.finals.push(invoice),
            Row::Book(book) => self.book = Some(book),
            Row::Sampled(at) => self.audit.set_sampled(at),
            Row::Interval(_) | Row::Window(_) => {}
        }
    }

    /// Open intervals, ended pods, and the auditor's counts.
    fn reopen(&mut self, intervals: &[UsageInterval]) {
        let mut audit = Audit::default();
        if let Some(at) = self.audit.sampled() {
            audit.set_sampled(at);
        }
        for row in intervals {
            let cpu_m = self.requests(row.spec).unwrap_or_default().cpu.0;
            audit.begin(row.service, row.tenant, cpu_m, row.start_s);
            if let Some(end_s) = row.end_s {
                audit.end(row.service, cpu_m, end_s);
                self.finished.insert(row.pod);
            } else {
                let open = Open {
                    start_s: row.start_s,
                    tenant: row.tenant,
                    service: row.service,
                    spec: row.spec,
                };
                self.open.insert(row.pod.0, open);
            }
        }
        self.audit = audit;
    }

    /// Advances each account from its record over what came after. The same links as before are closed
    /// again, and are in the store already.
    fn derive(&mut self, intervals: &[UsageInterval]) {
        for account in self.accounts.iter_mut().flatten() {
            account.rate = Usage::ZERO;
            account.open = 0;
        }
        let mut changes: Vec<(i64, bool, &UsageInterval)> = Vec::new();
        for row in intervals {
            let Some(account) = account_mut(&mut self.accounts, row.tenant) else {
                continue;
            };
            let at_s = account.at_s;
            let requests = self.specs.get(row.spec.index()).copied().flatten();
            if row.end_s.is_some_and(|end_s| end_s < at_s) {
                continue;
            }
            if row.start_s < at_s {
                account.begin(Usage::per_second(requests.unwrap_or_default()));
            } else {
                changes.push((row.start_s, false, row));
            }
            if let Some(end_s) = row.end_s {
                changes.push((end_s, true, row));
            }
        }
        // Beginnings before ends within a second, so that no rate falls below zero.
        changes.sort_by_key(|&(at_s, ends, row)| (at_s, ends, row.pod));
        for (at_s, ends, row) in changes {
            let rate = Usage::per_second(self.requests(row.spec).unwrap_or_default());
            let Some(account) = account_mut(&mut self.accounts, row.tenant) else {
                continue;
            };
            account.advance(at_s, &mut |_| {});
            if ends {
                account.end(rate);
            } else {
                account.begin(rate);
            }
        }
    }

    fn arm(&self, now: Time, out: &mut Outbox) {
        let Some(book) = self.book else {
            return;
        };
        let mut period = Period::month_of(book.final_to);
        while period.to <= book.present {
            let due = period.to + OPEN_AFTER_END;
            let at = if due < now { now + AFTER_RESTART } else { due };
            out.at(at, Input::Finalize { end: period.to });
            period = period.next();
        }
        out.at(period.to, Input::PeriodEnd { end: period.to });
    }
}

fn put<T>(table: &mut Vec<Option<T>>, index: usize, row: T) {
    if index >= table.len() {
        table.resize_with(index + 1, || None);
    }
    table[index] = Some(row);
}
