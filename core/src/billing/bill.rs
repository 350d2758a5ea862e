//! Makes an invoice: a pure function of accounts, plans and prices. Made twice, it is the same.

use super::account::PeriodUse;
use super::chain::ContentHash;
use super::invoice::{Invoice, InvoiceLine, InvoiceState, LineKind, Unit, Windows};
use super::machine::Config;
use super::period::Period;
use super::price::Meter;
use super::split::split;
use super::{Refusal, Usage};
use crate::digest::content_hash;
use crate::ids::{OrgNo, TenantNo};
use crate::plan::{Plan, PlanCode};
use crate::time::Time;
use crate::units::div_half_away;

/// A tenant's part of a bill.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    /// Whose.
    pub(crate) tenant: TenantNo,
    /// Use in the period.
    pub(crate) part: PeriodUse,
    /// Corrections of periods that are final.
    pub(crate) late: Usage,
}

/// All that an invoice is made of.
#[derive(Clone, Debug)]
pub(crate) struct Bill<'a> {
    pub(crate) config: &'a Config,
    pub(crate) org: OrgNo,
    /// Since which second which plan, in order.
    pub(crate) plans: &'a [(i64, PlanCode)],
    pub(crate) period: Period,
    /// Usage counts up to here.
    pub(crate) through: Time,
    /// In order of tenants.
    pub(crate) shares: Vec<Share>,
}

impl Bill<'_> {
    /// The draft.
    ///
    /// # Errors
    /// [`Refusal::Overflow`] when a product or sum leaves its width.
    pub(crate) fn draft(&self) -> Result<Invoice, Refusal> {
        let lines = self.lines().ok_or(Refusal::Overflow)?;
        let total = lines
            .iter()
            .try_fold(0i64, |sum, line| sum.checked_add(line.amount_minor))
            .ok_or(Refusal::Overflow)?;
        let roots: Vec<ContentHash> = lines
            .iter()
            .filter_map(|line| Some(line.windows?.root))
            .collect();
        Ok(Invoice {
            id: None,
            org: self.org,
            number: None,
            state: InvoiceState::Draft,
            period: self.period,
            through: self.through,
            currency: self.config.currency,
            lines,
            subtotal_minor: total,
            credits_minor: 0,
            tax_minor: 0,
            total_minor: total,
            usage_root_hash: ContentHash(content_hash(&roots)),
            prev_document_hash: None,
            document_hash: None,
        })
    }

    fn lines(&self) -> Option<Vec<InvoiceLine>> {
        let mut lines = self.plan_lines()?;
        for share in &self.shares {
            for meter in Meter::ALL {
                let quantity = meter.of(share.part.usage);
                lines.push(self.line(LineKind::Usage, share, meter, quantity)?);
            }
        }
        let cpu = self.included(Meter::Cpu)?;
        let memory = self.included(Meter::Memory)?;
        for (share, (cpu, memory)) in self.shares.iter().zip(cpu.into_iter().zip(memory)) {
            for (meter, quantity) in [(Meter::Cpu, cpu), (Meter::Memory, memory)] {
                if quantity != 0 {
                    lines.push(self.line(LineKind::Allowance, share, meter, -quantity)?);
                }
            }
        }
        for share in &self.shares {
            for meter in Meter::ALL {
                let quantity = meter.of(share.late);
                if quantity != 0 {
                    lines.push(self.line(LineKind::Adjustment, share, meter, quantity)?);
                }
            }
        }
        Some(lines)
    }

    /// One line for each plan that was in force in the period. The present one is taken to stay.
    fn plan_lines(&self) -> Option<Vec<InvoiceLine>> {
        let whole = self.period.secs();
        self.in_force()
            .into_iter()
            .map(|(plan, secs)| {
                let price = i128::from(plan.price_month_minor);
                let product = price.checked_mul(i128::from(secs))?;
                Some(InvoiceLine {
                    kind: LineKind::Plan,
                    tenant: None,
                    meter: None,
                    plan: Some(plan.code),
                    quantity: i128::from(secs),
                    per_unit: i128::from(whole),
                    unit: Unit::Month,
                    price_micro_minor: price.checked_mul(1_000_000)?,
                    amount_minor: i64::try_from(div_half_away(product, i128::from(whole))?).ok()?,
                    windows: None,
                })
            })
            .collect()
    }

    /// Plans and their seconds within the period, in order of their first second.
    fn in_force(&self) -> Vec<(Plan, i64)> {
        let ends = self.plans.iter().skip(1).map(|&(start_s, _)| start_s);
        let ends = ends.chain([i64::MAX]);
        let mut found: Vec<(Plan, i64)> = Vec::new();
        for (&(start_s, code), end_s) in self.plans.iter().zip(ends) {
            let from_s = start_s.max(self.period.from.secs());
            let secs = end_s.min(self.period.to.secs()).saturating_sub(from_s);
            if secs <= 0 {
                continue;
            }
            match found.iter_mut().find(|(plan, _)| plan.code == code) {
                Some((_, sum)) => *sum += secs,
                None => found.push((code.plan(), secs)),
            }
        }
        found
    }

    /// What the plans include, in metered units, prorated and rounded up once: in doubt the customer does
    /// not pay.
    fn allowance(&self, meter: Meter) -> Option<i128> {
        let mut sum = 0i128;
        for (plan, secs) in self.in_force() {
            let hours = match meter {
                Meter::Cpu => plan.included_vcpu_hours,
                Meter::Memory => plan.included_gib_hours,
            };
            let units = i128::from(hours.unwrap_or(0)).checked_mul(meter.per_unit_hour())?;
            sum = sum.checked_add(units.checked_mul(i128::from(secs))?)?;
        }
        let whole = i128::from(self.period.secs()).max(1);
        Some(sum / whole + i128::from(sum % whole > 0))
    }

    /// What of each tenant's use is included.
    fn included(&self, meter: Meter) -> Option<Vec<i128>> {
        let free = |share: &Share| meter.of(share.part.unlimited);
        let owed: Vec<i128> = self
            .shares
            .iter()
            .map(|share| Some(meter.of(share.part.usage).checked_sub(free(share))?.max(0)))
            .collect::<Option<_>>()?;
        let sum = owed
            .iter()
            .try_fold(0i128, |sum, &owed| sum.checked_add(owed))?;
        let shared = split(self.allowance(meter)?.min(sum), &owed)?;
        let all = self.shares.iter().zip(shared);
        all.map(|(share, part)| free(share).checked_add(part))
            .collect()
    }

    fn line(
        &self,
        kind: LineKind,
        share: &Share,
        meter: Meter,
        quantity: i128,
    ) -> Option<InvoiceLine> {
        let windows = match (kind, share.part.windows) {
            (LineKind::Usage, Some((first, last))) => Some(Windows {
                first,
                last,
                root: share.part.root,
            }),
            _ => None,
        };
        Some(InvoiceLine {
            kind,
            tenant: Some(share.tenant),
            meter: Some(meter),
            plan: None,
            quantity,
            per_unit: meter.per_unit_hour(),
            unit: match meter {
                Meter::Cpu => Unit::VcpuHour,
                Meter::Memory => Unit::GibHour,
            },
            price_micro_minor: i128::from(self.config.prices.of(meter)),
            amount_minor: self.config.prices.amount(meter, quantity)?,
            windows,
        })
    }
}
