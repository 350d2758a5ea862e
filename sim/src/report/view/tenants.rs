//! Tenants: quota and use, metering, and their invoices.

use super::super::format;
use super::super::invoice::day;
use super::super::model::{Amounts, Money, Report, Tenant, Unit};
use super::super::page::{Block, Cell, Mood, Section, Table};

/// Invoices printed in full; the others are in the table.
const INVOICES_MAX: usize = 100;

/// Tenants.
pub(super) fn section(report: &Report) -> Section {
    let mut section = Section::new("tenants", "Tenants");
    section.table(quotas(&report.tenants));
    section.table(metering(&report.tenants));
    section
}

fn quotas(tenants: &[Tenant]) -> Table {
    let table = Table::new(
        "quota",
        "Peak use of quota",
        &[
            "tenant:tenant",
            "plan:plan",
            "state:state",
            "peak_cpu_m>cpu",
            "quota_cpu_m>of",
            "peak_memory_bytes>memory",
            "quota_memory_bytes>of",
            "peak_pods>pods",
            "quota_pods>of",
            "placed>placed",
            "refused>refused",
        ],
    );
    table.with_rows(tenants.iter().map(|tenant| {
        let Amounts {
            cpu_m,
            memory_bytes,
            pods,
        } = tenant.peak;
        let quota = &tenant.quota;
        let at = |part: u64, whole: u64, unit| {
            let full = part >= whole && whole > 0;
            let mood = if full { Mood::Warn } else { Mood::Plain };
            Cell::Judged(Box::new(Cell::of(part, unit)), mood)
        };
        vec![
            Cell::text(&tenant.name),
            Cell::text(tenant.plan.as_str()),
            Cell::text(&tenant.state),
            at(cpu_m, quota.cpu_m, Unit::Millicores),
            Cell::of(quota.cpu_m, Unit::Millicores),
            at(memory_bytes, quota.memory_bytes, Unit::Bytes),
            Cell::of(quota.memory_bytes, Unit::Bytes),
            at(pods, quota.pods, Unit::Count),
            Cell::count(quota.pods),
            Cell::count(tenant.placed),
            Cell::count(tenant.refused_requests),
        ]
    }))
}

fn metering(tenants: &[Tenant]) -> Table {
    let table = Table::new(
        "metering",
        "Metering",
        &[
            "tenant:tenant",
            "cpu_millicore_seconds>vCPU-hours",
            "memory_byte_seconds>GiB-hours",
            "windows>windows",
            "gaps>gaps",
            "in_doubt_s>in doubt",
            "samples>samples",
            "drift_s>drift",
            "chain_hash:chain",
        ],
    );
    table.with_rows(tenants.iter().map(|tenant| {
        vec![
            Cell::text(&tenant.name),
            Cell::of(tenant.cpu_millicore_seconds.0, Unit::CpuHours),
            Cell::of(tenant.memory_byte_seconds.0, Unit::GibHours),
            Cell::count(tenant.windows),
            Cell::count(tenant.gaps),
            Cell::of(tenant.in_doubt_seconds, Unit::Seconds),
            Cell::count(tenant.samples),
            Cell::of(tenant.drift_seconds, Unit::Seconds),
            Cell::Code(tenant.chain_hash.clone()),
        ]
    }))
}

/// The sum of all invoices; `None` without one, or if it leaves 64 bits.
pub(super) fn total(report: &Report) -> Option<Money> {
    let first = report.invoices.first()?;
    let minor = report
        .invoices
        .iter()
        .try_fold(0i64, |sum, invoice| sum.checked_add(invoice.total.minor))?;
    Some(Money {
        minor,
        ..first.total.clone()
    })
}

/// Invoices: a table of all, then each.
pub(super) fn invoices(report: &Report) -> Section {
    let mut section = Section::new("invoices", "Invoices");
    let table = Table::new(
        "invoices",
        "",
        &[
            "organization:organization",
            "from:from",
            "to:to",
            "state:state",
            "lines>lines",
            "subtotal>subtotal",
            "total>total",
        ],
    );
    let mut table = table.with_rows(report.invoices.iter().map(|invoice| {
        vec![
            Cell::text(&invoice.organization),
            Cell::text(day(&invoice.from.to_string())),
            Cell::text(day(&invoice.to.to_string())),
            Cell::text(&invoice.state),
            Cell::count(i128::try_from(invoice.lines.len()).unwrap_or(i128::MAX)),
            Cell::Money(invoice.subtotal.clone()),
            Cell::Money(invoice.total.clone()),
        ]
    }));
    table.limit_text = 100;
    section.table(table);
    for invoice in report.invoices.iter().take(INVOICES_MAX) {
        section
            .blocks
            .push(Block::Invoice(Box::new(invoice.clone())));
    }
    let more = report.invoices.len().saturating_sub(INVOICES_MAX);
    if more > 0 {
        let more = format::count(i128::try_from(more).unwrap_or(i128::MAX));
        section.text(format!(
            "{more} more invoices are left out here; JSON has them in full."
        ));
    }
    section
}
