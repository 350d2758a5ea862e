//! All machines together: dispatch by address, and restoring them from a store.

use serde::{Deserialize, Serialize};

use crate::autoscaler::Autoscaler;
use crate::billing::Billing;
use crate::conductor::Conductor;
use crate::machine::{Effect, Machine, Message, Outbox};
use crate::scheduler::Scheduler;
use crate::store::{Store, StoreError};
use crate::tenant::Tenants;
use crate::time::Time;
use crate::workload::Workloads;
use crate::{autoscaler, billing, scheduler, tenant, workload};

/// What each machine is configured with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Tenants.
    pub tenant: tenant::Config,
    /// Workloads.
    pub workload: workload::Config,
    /// Scheduler.
    pub scheduler: scheduler::Config,
    /// Autoscaler.
    pub autoscaler: autoscaler::Config,
    /// Billing.
    pub billing: billing::Config,
}

/// The machines of a control plane.
#[derive(Debug)]
pub struct Machines {
    /// Tenants.
    pub tenants: Tenants,
    /// Workloads.
    pub workloads: Workloads,
    /// Scheduler.
    pub scheduler: Scheduler,
    /// Autoscaler.
    pub autoscaler: Autoscaler,
    /// Billing.
    pub billing: Billing,
}

impl Machines {
    /// Machines that have seen nothing.
    #[must_use]
    pub fn new(config: &Config) -> Machines {
        Machines {
            tenants: Tenants::new(config.tenant),
            workloads: Workloads::new(config.workload),
            scheduler: Scheduler::new(config.scheduler.clone()),
            autoscaler: Autoscaler::new(config.autoscaler),
            billing: Billing::new(config.billing),
        }
    }

    /// Machines as the store remembers them; their timers are armed again in `conductor`.
    ///
    /// # Errors
    /// What the store answers.
    pub fn restore(
        config: &Config,
        store: &impl Store,
        now: Time,
        conductor: &mut Conductor<Message>,
    ) -> Result<Machines, StoreError> {
        let mut out = Outbox::default();
        let machines = Machines {
            tenants: Tenants::restore(config.tenant, store.tenant_rows()?, now, &mut out),
            workloads: Workloads::restore(config.workload, store.workload_rows()?, now, &mut out),
            scheduler: Scheduler::restore(
                config.scheduler.clone(),
                store.scheduler_rows()?,
                now,
                &mut out,
            ),
            autoscaler: Autoscaler::restore(
                config.autoscaler,
                store.autoscaler_rows()?,
                now,
                &mut out,
            ),
            billing: Billing::restore(config.billing, store.billing_rows()?, now, &mut out),
        };
        for effect in out.drain() {
            if let Effect::At(at, message) = effect {
                conductor.at(None, at, message);
            }
        }
        Ok(machines)
    }

    /// Hands a message to its machine. Commands are not for machines and are left alone.
    #[inline]
    pub fn handle(&mut self, now: Time, message: Message, out: &mut Outbox) {
        match message {
            Message::Tenant(input) => self.tenants.handle(now, input, out),
            Message::Workload(input) => self.workloads.handle(now, input, out),
            Message::Scheduler(input) => self.scheduler.handle(now, input, out),
            Message::Autoscaler(input) => self.autoscaler.handle(now, input, out),
            Message::Billing(input) => self.billing.handle(now, input, out),
            Message::Cluster(_) => {}
        }
    }
}
