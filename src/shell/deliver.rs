//! Delivers a batch to the shells and gathers the effects in the order of the batch.
//!
//! The order and the hash are those of the fast driver: each delivery is opened and closed in its place,
//! whichever shell handled it and whenever that shell answered.

use actix::{Actor, Addr, MailboxError};
use nimbus_core::autoscaler::Autoscaler;
use nimbus_core::billing::Billing;
use nimbus_core::conductor::{Batch, Conductor};
use nimbus_core::digest::EventHash;
use nimbus_core::machine::{Address, Effect, Message};
use nimbus_core::machines::Machines;
use nimbus_core::scheduler::Scheduler;
use nimbus_core::tenant::Tenants;
use nimbus_core::workload::Workloads;
use nimbus_core::{autoscaler, billing, scheduler, tenant, workload};

use super::actor::{Deliver, Exchange, Observed, Ping, Poisoned, Replace, Shell, Step};

/// The shells of all machines.
#[derive(Clone, Debug)]
pub struct Shells {
    /// Tenants.
    pub tenants: Addr<Shell<Tenants>>,
    /// Workloads.
    pub workloads: Addr<Shell<Workloads>>,
    /// Scheduler.
    pub scheduler: Addr<Shell<Scheduler>>,
    /// Autoscaler.
    pub autoscaler: Addr<Shell<Autoscaler>>,
    /// Billing.
    pub billing: Addr<Shell<Billing>>,
}

/// A delivery after its machine has handled it.
#[derive(Debug)]
pub struct Handled {
    /// Place of the outside input at its root; `None` for what a timer began.
    pub root: Option<u32>,
    /// What was delivered.
    pub message: Message,
    /// The effects, in order.
    pub effects: Vec<Effect>,
    /// The hash of its address after it.
    pub hash: EventHash,
}

/// Why a batch was not handled. The group must be undone.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// A machine panicked; it takes nothing more before it is replaced.
    #[error("{poisoned}")]
    Poisoned {
        /// Place of the outside input at the root of it; `None` for what a timer began.
        root: Option<u32>,
        /// What was delivered.
        message: Box<Message>,
        /// What the panic said.
        poisoned: Poisoned,
    },
    /// A shell does not answer.
    #[error("the shell of the {0:?} machine is gone")]
    Gone(Address),
}

/// The word of an address in logs and metrics.
#[must_use]
pub const fn word(address: Address) -> &'static str {
    match address {
        Address::Tenant => "tenant",
        Address::Workload => "workload",
        Address::Scheduler => "scheduler",
        Address::Autoscaler => "autoscaler",
        Address::Billing => "billing",
        Address::Cluster => "cluster",
    }
}

/// The inputs of a batch by machine.
#[derive(Default)]
struct Shares {
    tenants: Vec<tenant::Input>,
    workloads: Vec<workload::Input>,
    scheduler: Vec<scheduler::Input>,
    autoscaler: Vec<autoscaler::Input>,
    billing: Vec<billing::Input>,
}

/// The answers to the shares.
type Steps = [std::vec::IntoIter<Result<Step, Poisoned>>; Address::COUNT];

impl Shares {
    fn of(batch: &Batch<Message>) -> Shares {
        let mut shares = Shares::default();
        for delivery in &batch.deliveries {
            match delivery.message.clone() {
                Message::Tenant(input) => shares.tenants.push(input),
                Message::Workload(input) => shares.workloads.push(input),
                Message::Scheduler(input) => shares.scheduler.push(input),
                Message::Autoscaler(input) => shares.autoscaler.push(input),
                Message::Billing(input) => shares.billing.push(input),
                Message::Cluster(_) => {}
            }
        }
        shares
    }
}

/// Sends its share to one shell, if there is any.
macro_rules! share {
    ($shells:ident . $noun:ident, $address:ident, $shares:ident, $batch:ident, $conductor:ident, $steps:ident) => {
        if !$shares.$noun.is_empty() {
            let (seed, drawn) = $conductor.drawn(Address::$address);
            let inputs = $shares.$noun;
            let now = $batch.now;
            let sent = $shells.$noun.send(Deliver {
                now,
                seed,
                drawn,
                inputs,
            });
            let answer = sent.await.map_err(|error| gone(Address::$address, error))?;
            $steps[Address::$address.index()] = answer.into_iter();
        }
    };
}

fn gone(address: Address, error: MailboxError) -> Broken {
    tracing::error!(%error, ?address, "a shell does not answer");
    Broken::Gone(address)
}

impl Shells {
    /// Starts a shell around each machine, on the actor system of this thread.
    #[must_use]
    pub fn start(machines: Machines) -> Shells {
        Shells {
            tenants: Shell::new(Address::Tenant, machines.tenants).start(),
            workloads: Shell::new(Address::Workload, machines.workloads).start(),
            scheduler: Shell::new(Address::Scheduler, machines.scheduler).start(),
            autoscaler: Shell::new(Address::Autoscaler, machines.autoscaler).start(),
            billing: Shell::new(Address::Billing, machines.billing).start(),
        }
    }

    /// Puts other machines into the shells: after a panic or an undone group.
    ///
    /// # Errors
    /// [`Broken::Gone`].
    pub async fn replace(&self, machines: Machines) -> Result<(), Broken> {
        let sent = self.tenants.send(Replace(machines.tenants)).await;
        sent.map_err(|error| gone(Address::Tenant, error))?;
        let sent = self.workloads.send(Replace(machines.workloads)).await;
        sent.map_err(|error| gone(Address::Workload, error))?;
        let sent = self.scheduler.send(Replace(machines.scheduler)).await;
        sent.map_err(|error| gone(Address::Scheduler, error))?;
        let sent = self.autoscaler.send(Replace(machines.autoscaler)).await;
        sent.map_err(|error| gone(Address::Autoscaler, error))?;
        let sent = self.billing.send(Replace(machines.billing)).await;
        sent.map_err(|error| gone(Address::Billing, error))
    }

    /// Puts other machines into the shells and gives the present ones out, between two groups.
    ///
    /// # Errors
    /// [`Broken::Gone`].
    pub async fn exchange(&self, machines: Machines) -> Result<Machines, Broken> {
        let tenants = self.tenants.send(Exchange(machines.tenants)).await;
        let workloads = self.workloads.send(Exchange(machines.workloads)).await;
        let scheduler = self.scheduler.send(Exchange(machines.scheduler)).await;
        let autoscaler = self.autoscaler.send(Exchange(machines.autoscaler)).await;
        let billing = self.billing.send(Exchange(machines.billing)).await;
        Ok(Machines {
            tenants: tenants.map_err(|error| gone(Address::Tenant, error))?,
            workloads: workloads.map_err(|error| gone(Address::Workload, error))?,
            scheduler: scheduler.map_err(|error| gone(Address::Scheduler, error))?,
            autoscaler: autoscaler.map_err(|error| gone(Address::Autoscaler, error))?,
            billing: billing.map_err(|error| gone(Address::Billing, error))?,
        })
    }

    /// Asks every shell whether it lives.
    ///
    /// # Errors
    /// [`Broken::Gone`] with the first that does not.
    pub async fn ping(&self) -> Result<[(Address, Observed); 5], Broken> {
        let t = self.tenants.send(Ping).await;
        let w = self.workloads.send(Ping).await;
        let s = self.scheduler.send(Ping).await;
        let a = self.autoscaler.send(Ping).await;
        let b = self.billing.send(Ping).await;
        let check = |address, pong: Result<Observed, MailboxError>| {
            let pong = pong.map_err(|error| gone(address, error));
            pong.map(|observed| (address, observed))
        };
        Ok([
            check(Address::Tenant, t)?,
            check(Address::Workload, w)?,
            check(Address::Scheduler, s)?,
            check(Address::Autoscaler, a)?,
            check(Address::Billing, b)?,
        ])
    }

    /// Delivers a batch, each machine its share, and folds what was handled into the conductor's hash, in
    /// the order of the batch. What the effects ask for is left to the caller.
    ///
    /// # Errors
    /// See [`Broken`]: nothing of the group may leave then.
    pub async fn deliver(
        &self,
        conductor: &mut Conductor<Message>,
        batch: Batch<Message>,
    ) -> Result<Vec<Handled>, Broken> {
        let shares = Shares::of(&batch);
        let mut steps: Steps = Default::default();
        share!(self.tenants, Tenant, shares, batch, conductor, steps);
        share!(self.workloads, Workload, shares, batch, conductor, steps);
        share!(self.scheduler, Scheduler, shares, batch, conductor, steps);
        share!(self.autoscaler, Autoscaler, shares, batch, conductor, steps);
        share!(self.billing, Billing, shares, batch, conductor, steps);
        gather(conductor, batch, &mut steps)
    }
}

fn gather(
    conductor: &mut Conductor<Message>,
    batch: Batch<Message>,
    steps: &mut Steps,
) -> Result<Vec<Handled>, Broken> {
    let mut handled = Vec::with_capacity(batch.deliveries.len());
    for delivery in batch.deliveries {
        let (root, message) = (delivery.root, delivery.message);
        let address = message.address();
        // commands are for the cluster, which has no shell: an outside input may be one all the same
        let none = (address == Address::Cluster).then(|| Ok(Step::none()));
        let step = none.or_else(|| steps[address.index()].next());
        match step {
            Some(Ok(Step { effects, drawn })) => {
                conductor.open(&message);
                let hash = conductor.close(address, drawn, &effects);
                handled.push(Handled {
                    root,
                    message,
                    effects,
                    hash,
                });
            }
            Some(Err(poisoned)) => {
                let message = Box::new(message);
                return Err(Broken::Poisoned {
                    root,
                    message,
                    poisoned,
                });
            }
            None => return Err(Broken::Gone(address)),
        }
    }
    Ok(handled)
}

#[cfg(test)]
mod tests;
