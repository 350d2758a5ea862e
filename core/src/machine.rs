//! What a machine is, and the five kinds of effect that it may have.
//!
//! A machine is a plain struct with one entry point. It has no clock, no randomness of its own and no
//! I/O; what it knows came in as an input, what it wants goes out through the [`Outbox`]. Machines never
//! reach each other: the conductor delivers what they send.

use serde::{Deserialize, Serialize};

use crate::explain::Decision;
use crate::rng;
use crate::store::Record;
use crate::time::Time;
use crate::{autoscaler, billing, cluster, scheduler, tenant, workload};

/// A decision machine.
pub trait Machine {
    /// Everything that it can be told.
    type Input;

    /// Takes one input. Never panics on input: what it cannot accept it refuses with a reply.
    fn handle(&mut self, now: Time, input: Self::Input, out: &mut Outbox);
}

/// Whom a message is for. The order is the order in which hashes are folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    /// Organizations, tenants, quota.
    Tenant,
    /// Apps, services, revisions, rollouts, replica counts.
    Workload,
    /// Nodes, pools, placement.
    Scheduler,
    /// Wishes for replica counts.
    Autoscaler,
    /// Metering and invoices.
    Billing,
    /// The cluster boundary: commands leave when the group has come to rest.
    Cluster,
}

impl Address {
    /// All addresses that have a machine, in order.
    pub const MACHINES: [Address; 5] = [
        Address::Tenant,
        Address::Workload,
        Address::Scheduler,
        Address::Autoscaler,
        Address::Billing,
    ];
    /// Number of addresses.
    pub const COUNT: usize = 6;

    /// Place in a table of addresses.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// Order of deliveries within one round of one instant. A function of address and input variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// What ends something: first, so that capacity and quota freed at an instant serve its arrivals.
    Departure,
    /// What asks for something.
    Arrival,
    /// What the cluster reports; before the deciders below, so that they see the present state.
    Observation,
    /// Wishes for replica counts: before placement, since they make the pods that are placed.
    Autoscaler,
    /// Placement: after all that changes demand and capacity at this instant.
    Scheduler,
    /// Metering and invoices: last, over what the others have settled.
    Billing,
}

impl Class {
    /// Number of classes.
    pub const COUNT: usize = 6;
}

/// A message to a machine or to the cluster; the variant is the address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// To the tenant machine.
    Tenant(tenant::Input),
    /// To the workload machine.
    Workload(workload::Input),
    /// To the scheduler.
    Scheduler(scheduler::Input),
    /// To the autoscaler.
    Autoscaler(autoscaler::Input),
    /// To the billing machine.
    Billing(billing::Input),
    /// To the cluster.
    Cluster(cluster::Command),
}

impl Message {
    /// Whom it is for.
    #[must_use]
    pub const fn address(&self) -> Address {
        match self {
            Message::Tenant(_) => Address::Tenant,
            Message::Workload(_) => Address::Workload,
            Message::Scheduler(_) => Address::Scheduler,
            Message::Autoscaler(_) => Address::Autoscaler,
            Message::Billing(_) => Address::Billing,
            Message::Cluster(_) => Address::Cluster,
        }
    }

    /// Its place within a round.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Message::Tenant(input) => input.class(),
            Message::Workload(input) => input.class(),
            Message::Scheduler(input) => input.class(),
            Message::Autoscaler(input) => input.class(),
            Message::Billing(input) => input.class(),
            Message::Cluster(_) => Class::Observation,
        }
    }
}

macro_rules! from_inputs {
    ($($variant:ident($input:ty)),*) => {
        $(impl From<$input> for Message {
            fn from(input: $input) -> Message {
                Message::$variant(input)
            }
        })*
    };
}

from_inputs! {
    Tenant(tenant::Input), Workload(workload::Input), Scheduler(scheduler::Input),
    Autoscaler(autoscaler::Input), Billing(billing::Input), Cluster(cluster::Command)
}

/// The answer to an outside input. The conductor knows which input was at the root of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// From the tenant machine.
    Tenant(Result<tenant::Answer, tenant::Refusal>),
    /// From the workload machine.
    Workload(Result<workload::Answer, workload::Refusal>),
    /// From the billing machine.
    Billing(Result<billing::Answer, billing::Refusal>),
}

/// One thing that a machine wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// Deliver this in the next round of this instant.
    Send(Message),
    /// Deliver this at a time; a time that has passed means the next round.
    At(Time, Message),
    /// Make this durable: a keyed upsert or delete.
    Record(Record),
    /// Answer the outside input at the root of this delivery.
    Reply(Reply),
    /// A choice that a person may ask about.
    Explain(Decision),
}

/// Collects the effects of one delivery, in order, and hands out its ids and jitter.
#[derive(Debug, Default)]
pub struct Outbox {
    effects: Vec<Effect>,
    seed: u128,
    address: u8,
    drawn: u32,
}

impl Outbox {
    /// Starts a delivery in a group with this seed, to an address that has drawn `drawn` values in it.
    pub fn begin(&mut self, seed: u128, address: Address, drawn: u32) {
        debug_assert!(
            self.effects.is_empty(),
            "the effects of the last delivery were taken"
        );
        self.seed = seed;
        self.address = address as u8;
        self.drawn = drawn;
    }

    /// 128 bits for an id or for jitter; never for a secret. They depend on the group's seed, the address
    /// and how often it has drawn in this group: not on deliveries that draw nothing, such as stale timers.
    pub fn draw(&mut self) -> u128 {
        self.drawn += 1;
        rng::draw(self.seed, self.address, self.drawn)
    }

    /// How many values the address has drawn in this group.
    #[must_use]
    pub fn drawn(&self) -> u32 {
        self.drawn
    }

    /// Sends a message to another machine, or a command to the cluster.
    #[inline]
    pub fn send(&mut self, message: impl Into<Message>) {
        self.effects.push(Effect::Send(message.into()));
    }

    /// Arms a timer: the message comes at `time`. Timers are not cancelled; a stale one is ignored.
    #[inline]
    pub fn at(&mut self, time: Time, message: impl Into<Message>) {
        self.effects.push(Effect::At(time, message.into()));
    }

    /// Makes a row durable, or drops it.
    #[inline]
    pub fn record(&mut self, record: impl Into<Record>) {
        self.effects.push(Effect::Record(record.into()));
    }

    /// Answers the outside input that caused this.
    pub fn reply(&mut self, reply: Reply) {
        self.effects.push(Effect::Reply(reply));
    }

    /// Says why.
    #[inline]
    pub fn explain(&mut self, decision: impl Into<Decision>) {
        self.effects.push(Effect::Explain(decision.into()));
    }

    /// The effects so far, in order.
    #[must_use]
    pub fn effects(&self) -> &[Effect] {
        &self.effects
    }

    /// Takes the effects out and keeps the space.
    pub fn drain(&mut self) -> std::vec::Drain<'_, Effect> {
        self.effects.drain(..)
    }

    /// Takes the effects as a list: for tests and shells.
    pub fn take(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }
}
