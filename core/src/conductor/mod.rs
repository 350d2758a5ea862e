//! One order for all machines: queue, rounds, timers, the running hash.
//!
//! Guarantees: deliveries come in the order (time, round, class, sequence); the hash depends on nothing
//! else. Never: knows what a message is about, who calls the machines, or whether time is real.
//! Both drivers use it: a plain loop in the simulation, actors in production.

mod order;
mod queue;

pub use order::{Batch, Cascade, Conductor, Delivery, Envelope, ROUNDS_MAX};
pub use queue::RadixHeap;
