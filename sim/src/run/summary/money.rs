//! Tenants and what they pay.

use nimbus_core::billing::{self, ContentHash, LineKind};
use nimbus_core::digest::hex;
use nimbus_core::ids::OrgNo;

use super::View;
use crate::report::{Amounts, Invoice, InvoiceLine, Stamp, Tenant, Wide, Windows};

fn hash_text(hash: &ContentHash) -> String {
    hex(&hash.0)
}

impl View<'_> {
    pub(super) fn bill(&mut self) {
        match self
            .running
            .driver
            .machines
            .billing
            .invoices(self.running.end)
        {
            Ok(invoices) => {
                self.invoiced = invoices
                    .iter()
                    .map(|invoice| (invoice.org, invoice.total_minor))
                    .collect();
                self.invoices = invoices
                    .iter()
                    .map(|invoice| self.invoice(invoice))
                    .collect();
            }
            Err(refusal) => self.notes.push(format!("no invoices: {refusal}")),
        }
    }

    fn org_name(&self, org: OrgNo) -> String {
        let mut orgs = self.running.driver.machines.tenants.orgs();
        orgs.find(|found| found.no == org)
            .map_or_else(|| org.to_string(), |found| found.slug.to_owned())
    }

    fn invoice(&self, invoice: &billing::Invoice) -> Invoice {
        let money = |minor| self.currency.money(minor);
        Invoice {
            organization: self.org_name(invoice.org),
            kind: "invoice".to_owned(),
            number: invoice.number,
            state: format!("{:?}", invoice.state).to_lowercase(),
            from: Stamp(invoice.period.from),
            to: Stamp(invoice.period.to),
            through: Stamp(invoice.through),
            lines: invoice
                .lines
                .iter()
                .map(|line| self.line(line, invoice.currency))
                .collect(),
            subtotal: money(invoice.subtotal_minor),
            credits: money(invoice.credits_minor),
            tax: money(invoice.tax_minor),
            total: money(invoice.total_minor),
            document_hash: invoice.document_hash.as_ref().map(hash_text),
        }
    }

    fn line(&self, line: &billing::InvoiceLine, currency: billing::Currency) -> InvoiceLine {
        let kind = match line.kind {
            LineKind::Plan => "plan",
            LineKind::Usage => "usage",
            LineKind::Allowance => "allowance",
            LineKind::Adjustment => "adjustment",
        };
        let description = match (line.plan, line.meter) {
            (Some(plan), None) => format!("{} plan", plan.as_str()),
            (_, Some(_)) => format!("{}s", line.unit.as_str()),
            (None, None) => kind.to_owned(),
        };
        InvoiceLine {
            kind: kind.to_owned(),
            tenant: line.tenant.map(|tenant| self.tenant_name(tenant)),
            description,
            quantity: line.quantity_text(),
            unit: line.unit.as_str().to_owned(),
            price: currency.price(i64::try_from(line.price_micro_minor).unwrap_or(i64::MAX)),
            amount: self.currency.money(line.amount_minor),
            windows: line.windows.as_ref().map(|windows| Windows {
                first: Stamp(windows.first),
                last: Stamp(windows.last),
                count: (windows.last.since(windows.first).secs() / billing::WINDOW_S)
                    .unsigned_abs()
                    + 1,
                root: hash_text(&windows.root),
            }),
        }
    }

    pub(super) fn tenants(&self) -> Vec<Tenant> {
        let driver = &self.running.driver;
        let counts = |no| {
            driver
                .recorder
                .tenants
                .get(&no)
                .copied()
                .unwrap_or_default()
        };
        let orgs: Vec<_> = driver.machines.tenants.orgs().collect();
        let rows = driver.machines.tenants.tenants().map(|tenant| {
            let counted = counts(tenant.no);
            let metered = self
                .metered
                .iter()
                .find(|metered| metered.tenant == tenant.no);
            let org = orgs.iter().find(|org| org.no == tenant.org);
            Tenant {
                name: tenant.slug.to_owned(),
                organization: org.map_or_else(String::new, |org| org.slug.to_owned()),
                plan: org.map(|org| org.plan).unwrap_or_default(),
                state: format!("{:?}", tenant.status).to_lowercase(),
                quota: Amounts::from(tenant.quota),
                peak: self
                    .running
                    .sampler
                    .tenants
                    .get(tenant.no.index())
                    .copied()
                    .unwrap_or_default()
                    .into(),
                placed: counted.placed,
                refused_requests: counted.refused_requests,
                refused_pods: counted.refused_pods,
                cpu_millicore_seconds: Wide(
                    metered.map_or(0, |metered| metered.usage.cpu_millicore_s),
                ),
                memory_byte_seconds: Wide(metered.map_or(0, |metered| metered.usage.memory_byte_s)),
                in_doubt_seconds: metered.map_or(0, |metered| metered.in_doubt_s.unsigned_abs()),
                drift_seconds: metered.map_or(0, |metered| metered.drift_s.unsigned_abs()),
                windows: metered.map_or(0, |metered| metered.windows),
                gaps: 0,
                samples: counted.samples,
                chain_hash: metered.map_or_else(String::new, |metered| hash_text(&metered.head)),
            }
        });
        rows.collect()
    }
}
