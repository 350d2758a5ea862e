//! What reports read: never a number that the machine does not bill by.

use std::sync::Arc;

use super::account::Account;
use super::chain::ContentHash;
use super::invoice::Invoice;
use super::machine::{Billing, Config};
use super::usage::Usage;
use crate::ids::{OrgNo, TenantNo};
use crate::time::Time;

/// A tenant's metering up to some instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metered {
    /// Whose.
    pub tenant: TenantNo,
    /// The organization that pays.
    pub org: OrgNo,
    /// Use in all.
    pub usage: Usage,
    /// Windows that have begun.
    pub windows: u64,
    /// Links in the chain: runs of equal windows.
    pub runs: u64,
    /// Head of the chain, were it closed now.
    pub head: ContentHash,
    /// Pod-seconds in doubt, not charged.
    pub in_doubt_s: i64,
    /// Pod-seconds by which samples differed from the intervals.
    pub drift_s: i64,
    /// Open intervals.
    pub open: u32,
}

impl Billing {
    /// Each tenant's metering up to `now`, in order of tenants.
    #[must_use]
    pub fn metered(&self, now: Time) -> Vec<Metered> {
        let accounts = self.accounts.iter().flatten();
        accounts
            .map(|account| self.metered_of(account, now))
            .collect()
    }

    fn metered_of(&self, account: &Account, now: Time) -> Metered {
        let mut copy = account.clone();
        copy.close(self.second(now), &mut |_| {});
        Metered {
            tenant: copy.tenant,
            org: copy.org,
            usage: copy.total,
            windows: copy.windows,
            runs: copy.links,
            head: copy.head,
            in_doubt_s: copy.in_doubt_s,
            drift_s: copy.drift_s,
            open: copy.open,
        }
    }

    /// A tenant's account as it was last advanced.
    #[must_use]
    pub fn account(&self, tenant: TenantNo) -> Option<&Account> {
        self.accounts.get(tenant.index())?.as_ref()
    }

    /// All organizations, in order.
    pub fn orgs(&self) -> impl Iterator<Item = OrgNo> {
        self.orgs.keys().copied()
    }

    /// The final invoices, by number.
    #[must_use]
    pub fn finals(&self) -> &[Arc<Invoice>] {
        &self.finals
    }

    /// Open intervals of all tenants.
    #[must_use]
    pub fn open_intervals(&self) -> usize {
        self.open.len()
    }

    /// When the last sample was taken: the last proof of life.
    #[must_use]
    pub fn sampled(&self) -> Option<Time> {
        self.audit.sampled()
    }

    /// What the machine was set up with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}
