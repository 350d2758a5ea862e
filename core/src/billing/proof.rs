//! Whether an invoice follows from its windows: every link, every quantity, every sum, every hash (U-11).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::chain::{ContentHash, UsageWindow, WindowState, verify};
use super::invoice::{Invoice, InvoiceState, LineKind};
use super::price::Meter;
use super::usage::Usage;
use crate::digest::content_hash;
use crate::ids::TenantNo;

/// The first thing about an invoice that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// A recorded run of windows was changed, is missing or was added.
    #[error(
        "link {link} of the chain of tenant {tenant} does not follow from what stands before it"
    )]
    Link {
        /// Whose.
        tenant: TenantNo,
        /// The first link that differs.
        link: u64,
    },
    /// A line points at the end of another chain.
    #[error("the line of tenant {tenant} points at windows that are not in its chain")]
    Root {
        /// Whose.
        tenant: TenantNo,
    },
    /// A line's quantity is not the sum of its windows.
    #[error("the quantity of a line of tenant {tenant} is not the sum of its windows")]
    Quantity {
        /// Whose.
        tenant: TenantNo,
        /// Which meter.
        meter: Meter,
    },
    /// The total is not the sum of the lines.
    #[error("the total is not the sum of the lines")]
    Total,
    /// The hash over the ends of the chains is another.
    #[error("the hash over the ends of the chains is another")]
    UsageRoot,
    /// The document does not have the hash that it bears.
    #[error("the document was changed after it became final")]
    Document,
    /// The document before has another hash than this one says.
    #[error("the document before was changed or exchanged")]
    Previous,
}

/// The recorded chains of the tenants of an invoice, each from its beginning.
pub type Chains = BTreeMap<TenantNo, Vec<UsageWindow>>;

/// Recomputes an invoice's proof. `before` is the hash that the document before bears, zeros for the first.
/// Returns how many windows were recomputed.
///
/// # Errors
/// The first [`Difference`], chains first.
pub fn prove(invoice: &Invoice, chains: &Chains, before: ContentHash) -> Result<u64, Difference> {
    let mut checked = 0u64;
    for (&tenant, chain) in chains {
        let found = verify(tenant, chain);
        let (_, count) = found.map_err(|broken| Difference::Link {
            tenant,
            link: broken.link,
        })?;
        checked = checked.saturating_add(count);
    }
    for line in &invoice.lines {
        let (Some(tenant), Some(meter), Some(windows)) = (line.tenant, line.meter, line.windows)
        else {
            continue;
        };
        let chain = chains.get(&tenant).map_or(&[][..], Vec::as_slice);
        let ends = chain.iter().any(|window| window.hash == windows.root);
        if invoice.state != InvoiceState::Draft && !ends {
            return Err(Difference::Root { tenant });
        }
        let sum = sum_in(invoice, chain);
        if line.kind == LineKind::Usage && sum.is_some_and(|sum| meter.of(sum) != line.quantity) {
            return Err(Difference::Quantity { tenant, meter });
        }
    }
    whole(invoice, before)?;
    Ok(checked)
}

/// Use in the invoice's period by its windows; `None` if a correction reaches into it, whose part of the
/// period the chain does not tell, or if the invoice is a draft, whose last windows are not recorded.
fn sum_in(invoice: &Invoice, chain: &[UsageWindow]) -> Option<Usage> {
    if invoice.state == InvoiceState::Draft {
        return None;
    }
    let period = invoice.period;
    let mut sum = Usage::ZERO;
    for window in chain {
        let run = window.run;
        let touches = run.first < period.to && run.end() > period.from;
        if run.state == WindowState::Late && touches {
            return None;
        }
        if touches {
            sum = sum.checked_add(run.usage.checked_mul(i64::from(run.count))?)?;
        }
    }
    Some(sum)
}

/// What can be seen of the document alone.
fn whole(invoice: &Invoice, before: ContentHash) -> Result<(), Difference> {
    let lines = invoice.lines.iter();
    let sum = lines
        .clone()
        .try_fold(0i64, |sum, line| sum.checked_add(line.amount_minor));
    let due = sum.and_then(|sum| {
        sum.checked_sub(invoice.credits_minor)?
            .checked_add(invoice.tax_minor)
    });
    if sum != Some(invoice.subtotal_minor) || due != Some(invoice.total_minor) {
        return Err(Difference::Total);
    }
    let roots: Vec<ContentHash> = lines.filter_map(|line| Some(line.windows?.root)).collect();
    if invoice.usage_root_hash != ContentHash(content_hash(&roots)) {
        return Err(Difference::UsageRoot);
    }
    if invoice.state == InvoiceState::Draft {
        return Ok(());
    }
    if invoice.document_hash != Some(invoice.expected_hash()) {
        return Err(Difference::Document);
    }
    if invoice.prev_document_hash != Some(before) {
        return Err(Difference::Previous);
    }
    Ok(())
}
