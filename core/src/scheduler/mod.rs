//! Which node each pod gets, and how many nodes there are.
//!
//! Guarantees: the node chosen is always the one that a scan over all nodes under the same policy returns;
//! no node is over-committed and no pod bound twice (I-1); each choice and each wait is explained.
//! Never: evicts, moves or counts replicas; reads a clock.
//! Told by: the cluster, its own timers. Tells: the cluster.
#![deny(clippy::float_arithmetic)]

mod amount;
mod config;
mod filter;
mod fleet;
mod input;
mod inventory;
mod machine;
mod pass;
mod plan;
mod queue;
mod score;
mod sweep;
mod template;

pub use config::{Config, Pool};
pub use input::Input;
pub use inventory::{Choice, Inventory, NODES_MAX, SPECS_MAX};
pub use machine::{RUN_MAX, Scheduler};

#[cfg(test)]
mod tests;
