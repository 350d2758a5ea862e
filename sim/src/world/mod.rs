//! Plays Kubernetes below the boundary: takes commands, gives events. Contains no policy.
//!
//! Guarantees: the same commands at the same times give the same events; a node is never over-committed;
//! a pod is bound at most once; what it counts (integrals, requests) is exact.
//! Never: chooses a node, a replica count or a price; reads a clock; draws from an unnamed stream.
//! Told by: the driver, which hands it the commands of an instant once the instant rests.
//!
//! **How it is driven.** [`World::next`] says when something is due by itself; [`World::step`] does all of
//! it. [`World::apply`] takes one command and reports what follows at once; the controllers (Deployments,
//! quota) react in the next `step` at the same instant, for which `next` then asks, so that several
//! commands of one instant give one status.
//!
//! **Order within one instant** of a `step`: ends of bare pods (so that their capacity serves arrivals);
//! then spaces, boots and starts in the order in which they were armed; then the controllers, by service;
//! then samples whose lag is over; then a new sample, which sees the settled state.

mod config;
mod deployment;
mod node;
mod pod;
mod rolling;
mod run;
mod save;
mod space;
mod totals;
mod usage;

pub use config::{Config, Pool, StartDelay};
pub use node::Node;
pub use run::World;
pub use save::SaveError;
pub use totals::{Area, Conflicts, Phases, PoolTotal, Totals};
pub use usage::{Rate, Served, Use};

#[cfg(test)]
mod tests;
