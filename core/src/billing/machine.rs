//! The billing machine: dispatch and state.

use std::sync::Arc;

use super::account::Account;
use super::chain::ContentHash;
use super::price::{Currency, PriceList};
use super::usage::Usage;
use super::{Input, Invoice, Refusal};
use crate::ids::{OrgNo, TenantNo};
use crate::machine::{Machine, Outbox};
use crate::store::billing::Row;
use crate::time::Time;

/// What the billing machine is set up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Config {
    /// The currency of all invoices.
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
    /// Head of the chain.
    pub head: ContentHash,
    /// Pod-seconds in doubt, not charged.
    pub in_doubt_s: i64,
    /// Pod-seconds by which samples differed from the intervals.
    pub drift_s: i64,
    /// Open intervals.
    pub open: u32,
}

/// The billing machine.
#[derive(Clone, Debug)]
pub struct Billing {
    config: Config,
    accounts: Vec<Option<Account>>,
    invoices: Vec<Arc<Invoice>>,
}

impl Billing {
    /// A machine that has been told nothing yet.
    #[must_use]
    pub fn new(config: Config) -> Billing {
        Billing {
            config,
            accounts: Vec::new(),
            invoices: Vec::new(),
        }
    }

    /// Rebuilds the machine from its rows and arms its timers.
    #[must_use]
    pub fn restore(config: Config, _rows: Vec<Row>, _now: Time, _out: &mut Outbox) -> Billing {
        Billing::new(config)
    }

    /// Each tenant's metering up to `now`, in order of tenants.
    #[must_use]
    pub fn metered(&self, _now: Time) -> Vec<Metered> {
        Vec::new()
    }

    /// The draft of an organization's invoice for the present period. Writes nothing.
    ///
    /// # Errors
    /// No such organization, or a sum beyond its width.
    pub fn draft(&self, org: OrgNo, _now: Time) -> Result<Invoice, Refusal> {
        Err(Refusal::NoOrg(org))
    }

    /// All invoices up to `now`: the final ones by number, then the drafts of all periods that are not
    /// final, by period and organization.
    ///
    /// # Errors
    /// A sum beyond its width.
    pub fn invoices(&self, _now: Time) -> Result<Vec<Arc<Invoice>>, Refusal> {
        Ok(self.invoices.clone())
    }

    /// All organizations, in order.
    pub fn orgs(&self) -> impl Iterator<Item = OrgNo> {
        std::iter::empty()
    }

    /// The final invoices, by number.
    #[must_use]
    pub fn finals(&self) -> &[Arc<Invoice>] {
        &self.invoices
    }

    /// What the machine was set up with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// A tenant's account as it was last advanced.
    #[must_use]
    pub fn account(&self, tenant: TenantNo) -> Option<&Account> {
        self.accounts.get(tenant.index())?.as_ref()
    }
}

impl Machine for Billing {
    type Input = Input;

    fn handle(&mut self, _now: Time, _input: Input, _out: &mut Outbox) {}
}
