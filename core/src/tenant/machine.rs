//! The tenant machine's state and what it does with each input.

use super::{Config, Input, OrgView, TenantView};
use crate::ids::TenantNo;
use crate::machine::{Machine, Outbox};
use crate::store::tenant::Row;
use crate::time::Time;

/// The tenant machine.
#[derive(Clone, Debug, Default)]
pub struct Tenants {
    config: Config,
}

impl Tenants {
    /// One without tenants.
    #[must_use]
    pub fn new(config: Config) -> Tenants {
        Tenants { config }
    }

    /// One that goes on from its rows, in order of their keys; re-arms its timers.
    #[must_use]
    pub fn restore(config: Config, rows: Vec<Row>, now: Time, out: &mut Outbox) -> Tenants {
        let _ = (rows, now, out);
        Tenants::new(config)
    }

    /// All organizations, in order.
    pub fn orgs(&self) -> impl Iterator<Item = OrgView<'_>> {
        let _ = self.config;
        std::iter::empty()
    }

    /// All tenants, in order, tombstones included.
    pub fn tenants(&self) -> impl Iterator<Item = TenantView<'_>> {
        std::iter::empty()
    }

    /// One tenant.
    #[must_use]
    pub fn tenant(&self, _no: TenantNo) -> Option<TenantView<'_>> {
        None
    }

    /// The living tenant of a slug.
    #[must_use]
    pub fn by_slug(&self, _slug: &str) -> Option<TenantNo> {
        None
    }
}

impl Machine for Tenants {
    type Input = Input;

    fn handle(&mut self, _now: Time, _input: Input, _out: &mut Outbox) {}
}
