//! I-6, R8: nothing is lost between nodes, tenants and invoices.

use std::collections::BTreeMap;

use nimbus_core::billing::{Billing, ContentHash, Invoice, InvoiceState, Usage};
use nimbus_core::ids::{OrgNo, TenantNo};
use nimbus_core::time::Time;
use nimbus_core::units::div_half_away;

use super::books::Books;
use super::coverage::{CONSERVATION, INVOICES, METERING};
use super::metering::Metering;
use super::violation::Finds;
use crate::world::{Area, World};

/// The final invoices so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    last: u64,
    head: ContentHash,
    documents: BTreeMap<u64, ContentHash>,
    billed: BTreeMap<(OrgNo, Time), u64>,
}

impl Ledger {
    /// An invoice becomes final.
    pub(super) fn invoice(&mut self, finds: &mut Finds, invoice: &Invoice) {
        let number = invoice.number.unwrap_or(0);
        let subject = || format!("invoice {number} of organization {}", invoice.org);
        let hash = invoice.expected_hash();
        if let Some(before) = self.documents.get(&number) {
            return finds.equal(INVOICES, subject, before, &hash);
        }
        finds.equal(INVOICES, subject, &(self.last + 1), &number);
        finds.equal(INVOICES, subject, &InvoiceState::Open, &invoice.state);
        finds.equal(INVOICES, subject, &Some(hash), &invoice.document_hash);
        finds.equal(
            INVOICES,
            subject,
            &Some(self.head),
            &invoice.prev_document_hash,
        );
        adds_up(finds, &subject(), invoice);
        let period = (invoice.org, invoice.period.from);
        if let Some(other) = self.billed.insert(period, number) {
            finds.add(
                INVOICES,
                subject(),
                "one invoice a period",
                format!("also invoice {other}"),
            );
        }
        self.last = self.last.max(number);
        self.head = hash;
        self.documents.insert(number, hash);
    }
}

/// Total = sum of lines, each rounded once from quantity × price.
fn adds_up(finds: &mut Finds, subject: &str, invoice: &Invoice) {
    let lines = invoice.lines.iter();
    let sum: i128 = lines.map(|line| i128::from(line.amount_minor)).sum();
    finds.equal(
        INVOICES,
        || subject.to_owned(),
        &sum,
        &i128::from(invoice.subtotal_minor),
    );
    let due = sum - i128::from(invoice.credits_minor) + i128::from(invoice.tax_minor);
    finds.equal(
        INVOICES,
        || subject.to_owned(),
        &due,
        &i128::from(invoice.total_minor),
    );
    for line in &invoice.lines {
        let exact = line.quantity.checked_mul(line.price_micro_minor);
        let units = line.per_unit.checked_mul(1_000_000);
        let amount = exact
            .zip(units)
            .and_then(|(exact, units)| div_half_away(exact, units));
        let found = Some(i128::from(line.amount_minor));
        finds.equal(INVOICES, || format!("{subject}, a line"), &amount, &found);
    }
}

/// Tenants and idle capacity are all that nodes offered; idle is the world's own count, never the rest.
pub(super) fn conserved(books: &mut Books, finds: &mut Finds, world: &World) {
    books.count_offer();
    let now = books.now;
    let mut sum = Area::default();
    for tenant in &mut books.tenants {
        tenant.count(now);
        sum.cpu += tenant.area.cpu;
        sum.memory += tenant.area.memory;
        sum.pods += tenant.area.pods;
    }
    let totals = world.totals(now);
    let idle = totals.allocatable.minus(totals.requested);
    let offered = books.offered_area;
    let all = Area {
        cpu: sum.cpu + idle.cpu,
        memory: sum.memory + idle.memory,
        pods: sum.pods + idle.pods,
    };
    finds.equal(
        CONSERVATION,
        || "tenants and idle".to_owned(),
        &offered,
        &all,
    );
}

/// What each tenant is billed for is what its pods were, in whole seconds.
pub(super) fn metered(
    books: &mut Books,
    finds: &mut Finds,
    metering: &mut Metering,
    billing: &Billing,
) {
    let now = books.now;
    for (index, tenant) in books.tenants.iter_mut().enumerate() {
        let no = TenantNo::at(index);
        let Some(account) = billing.account(no) else {
            continue;
        };
        tenant.count(now);
        let left = match account.closed_s {
            Some(_) => Some(Usage::ZERO),
            None => account.rate.checked_mul(now.secs() - account.at_s),
        };
        let billed = left.and_then(|left| account.total.checked_add(left));
        let used = Usage {
            cpu_millicore_s: tenant.area_s.cpu,
            memory_byte_s: tenant.area_s.memory,
        };
        finds.equal(
            METERING,
            || format!("use of tenant {no}"),
            &Some(used),
            &billed,
        );
        let open = (account.pending, account.partial.usage);
        metering.chained(finds, no, open, account.total);
    }
}
