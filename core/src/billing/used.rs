//! Use over any time and by service, from the intervals: what usage reports show. The sum over a period is
//! what the accounts bill.

use std::collections::BTreeMap;

use super::Usage;
use super::chain::UsageWindow;
use super::machine::Billing;
use crate::ids::{ServiceNo, SpecNo, TenantNo};
use crate::store::billing::Row;
use crate::time::Time;
use crate::units::Resources;

/// Use by tenant and service.
pub type UsedBy = BTreeMap<(TenantNo, ServiceNo), Usage>;

/// Use in the seconds `from_s..to_s` by tenant and service, from the rows that a machine is restored from.
/// What is still open counts up to `to_s`, which must not lie beyond what was observed. `None` when a sum
/// leaves its width.
#[must_use]
pub fn used(rows: &[Row], from_s: i64, to_s: i64) -> Option<UsedBy> {
    let mut specs: BTreeMap<SpecNo, Resources> = BTreeMap::new();
    let mut closed: BTreeMap<TenantNo, i64> = BTreeMap::new();
    for row in rows {
        match row {
            Row::Spec(spec, requests) => drop(specs.insert(*spec, *requests)),
            Row::Account(account) => {
                closed.extend(account.closed_s.map(|end_s| (account.tenant, end_s)));
            }
            _ => {}
        }
    }
    let mut sums = UsedBy::new();
    for row in rows {
        let Row::Interval(interval) = row else {
            continue;
        };
        let closed_s = closed.get(&interval.tenant).copied().unwrap_or(i64::MAX);
        let end_s = interval.end_s.unwrap_or(to_s).min(to_s).min(closed_s);
        let secs = end_s.saturating_sub(interval.start_s.max(from_s));
        let requests = specs.get(&interval.spec).copied().unwrap_or_default();
        if secs > 0 {
            let part = Usage::per_second(requests).checked_mul(secs)?;
            let sum = sums.entry((interval.tenant, interval.service)).or_default();
            *sum = sum.checked_add(part)?;
        }
    }
    Some(sums)
}

impl Billing {
    /// The links that would close a tenant's chain now: what follows the recorded ones.
    #[must_use]
    pub fn tail(&self, tenant: TenantNo, now: Time) -> Vec<UsageWindow> {
        let mut tail = Vec::new();
        if let Some(account) = self.account(tenant) {
            let mut copy = account.clone();
            copy.close(self.second(now), &mut |window| tail.push(window));
        }
        tail
    }
}
