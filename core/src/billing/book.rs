//! The book of invoices: periods end, and a day later their invoices become final, in order, for ever.

use std::sync::Arc;

use super::account::Account;
use super::bill::{Bill, Share};
use super::invoice::{Invoice, InvoiceState};
use super::machine::{Billing, Org, record};
use super::period::{OPEN_AFTER_END, Period};
use super::{Input, Refusal};
use crate::ids::{InvoiceId, OrgNo};
use crate::machine::Outbox;
use crate::store::billing::{Book, Row};
use crate::time::Time;

impl Billing {
    /// Opens the book with the first organization and waits for the period's end.
    pub(super) fn open_book(&mut self, now: Time, out: &mut Outbox) {
        if self.book.is_some() {
            return;
        }
        let period = Period::month_of(now.max(self.config.start));
        let book = Book {
            final_to: period.from,
            present: period.from,
            invoices: 0,
        };
        self.book = Some(book);
        out.record(Row::Book(book));
        out.at(period.to, Input::PeriodEnd { end: period.to });
    }

    /// A period has ended. Accounts are cut when they are next advanced; here only timers are armed.
    pub(super) fn period_end(&mut self, now: Time, end: Time, out: &mut Outbox) {
        let Some(book) = &mut self.book else {
            return;
        };
        let ended = Period::month_of(book.present);
        if ended.to != end || now < end {
            return;
        }
        book.present = end;
        out.record(Row::Book(*book));
        out.at(end + OPEN_AFTER_END, Input::Finalize { end });
        let next = ended.next().to;
        out.at(next, Input::PeriodEnd { end: next });
    }

    /// Makes the invoices of all periods up to `end` final. Told again, it does nothing.
    pub(super) fn finalize(&mut self, now: Time, end: Time, out: &mut Outbox) {
        while let Some(book) = self.book {
            let period = Period::month_of(book.final_to);
            if period.to > end || period.to > now {
                return;
            }
            for account in self.accounts.iter_mut().flatten() {
                account.end_with(period, &mut |window| {
                    out.record(Row::Window(Box::new(window)))
                });
            }
            let orgs: Vec<OrgNo> = self.orgs.keys().copied().collect();
            for org in orgs {
                self.finalize_org(org, period, out);
            }
            for account in self.accounts.iter_mut().flatten() {
                record(account, out);
            }
            if let Some(book) = &mut self.book {
                book.final_to = period.to;
                out.record(Row::Book(*book));
            }
        }
    }

    /// Makes one invoice final. One that cannot be computed takes no number; its usage stays on the
    /// accounts, and drafts of it say why.
    fn finalize_org(&mut self, org: OrgNo, period: Period, out: &mut Outbox) {
        let Some(row) = self.orgs.get(&org) else {
            return;
        };
        let accounts = self.accounts_of(row);
        let Some(Ok(draft)) = self.bill(org, row, period, period.to, accounts) else {
            return;
        };
        let tenants = row.tenants.clone();
        let prev = self.finals.last().and_then(|last| last.document_hash);
        let mut invoice = Invoice {
            id: Some(InvoiceId(out.draw())),
            number: Some(u64::try_from(self.finals.len()).unwrap_or(u64::MAX - 1) + 1),
            state: InvoiceState::Open,
            prev_document_hash: Some(prev.unwrap_or_default()),
            ..draft
        };
        invoice.document_hash = Some(invoice.expected_hash());
        let invoice = Arc::new(invoice);
        out.record(Row::Invoice(Arc::clone(&invoice)));
        self.finals.push(invoice);
        for tenant in tenants {
            if let Some(account) = super::machine::account_mut(&mut self.accounts, tenant) {
                account.ended.retain(|part| part.period != period);
                account.late = super::Usage::ZERO;
            }
        }
    }

    /// The accounts of an organization, in order of tenants.
    fn accounts_of<'a>(&'a self, row: &'a Org) -> impl Iterator<Item = &'a Account> {
        row.tenants
            .iter()
            .filter_map(|tenant| self.accounts.get(tenant.index())?.as_ref())
    }

    /// The bill of a period over accounts that have been advanced; `None` if the organization was not
    /// there yet.
    fn bill<'a>(
        &self,
        org: OrgNo,
        row: &Org,
        period: Period,
        through: Time,
        accounts: impl Iterator<Item = &'a Account>,
    ) -> Option<Result<Invoice, Refusal>> {
        let first_s = row.plans.first()?.0;
        if first_s >= period.to.secs() {
            return None;
        }
        let first_open = self.book.is_some_and(|book| period.from <= book.final_to);
        let mut shares = Vec::with_capacity(row.tenants.len());
        for account in accounts {
            if account.overflow {
                return Some(Err(Refusal::Overflow));
            }
            let late = if first_open {
                account.late
            } else {
                super::Usage::ZERO
            };
            let part = account.used_in(period);
            if part.is_none_or(|part| part.windows.is_none()) && late == super::Usage::ZERO {
                continue;
            }
            shares.push(Share {
                tenant: account.tenant,
                part: part
                    .copied()
                    .unwrap_or(super::account::PeriodUse::new(period)),
                late,
            });
        }
        let bill = Bill {
            config: &self.config,
            org,
            plans: &row.plans,
            period,
            through,
            shares,
        };
        Some(bill.draft())
    }

    /// The draft of an organization's invoice for the present period. Writes nothing.
    ///
    /// # Errors
    /// No such organization, or a sum beyond its width.
    pub fn draft(&self, org: OrgNo, now: Time) -> Result<Invoice, Refusal> {
        let now = now.max(self.config.start);
        let row = self.orgs.get(&org).ok_or(Refusal::NoOrg(org))?;
        let period = Period::month_of(now);
        let accounts = self.settled(row, now);
        self.bill(org, row, period, now, accounts.iter())
            .unwrap_or(Err(Refusal::NoOrg(org)))
    }

    /// All invoices up to `now`: the final ones by number, then the drafts of all periods that are not
    /// final, by period and organization.
    ///
    /// # Errors
    /// A sum beyond its width.
    pub fn invoices(&self, now: Time) -> Result<Vec<Arc<Invoice>>, Refusal> {
        let now = now.max(self.config.start);
        let mut all = self.finals.clone();
        let Some(book) = self.book else {
            return Ok(all);
        };
        let settled: Vec<(OrgNo, &Org, Vec<Account>)> = self
            .orgs
            .iter()
            .map(|(&org, row)| (org, row, self.settled(row, now)))
            .collect();
        let mut period = Period::month_of(book.final_to);
        while period.from <= now {
            for (org, row, accounts) in &settled {
                let through = now.min(period.to);
                if let Some(draft) = self.bill(*org, row, period, through, accounts.iter()) {
                    all.push(Arc::new(draft?));
                }
            }
            if period.to == Time::MAX {
                break;
            }
            period = period.next();
        }
        Ok(all)
    }

    /// Copies of an organization's accounts, closed at `now`: exact sums, and the chain as it would end.
    fn settled(&self, row: &Org, now: Time) -> Vec<Account> {
        let now_s = self.second(now);
        let copies = self.accounts_of(row).cloned();
        copies
            .map(|mut account| {
                account.close(now_s, &mut |_| {});
                account
            })
            .collect()
    }
}
