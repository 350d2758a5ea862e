//! Turns usage samples into wishes for a replica count.
//!
//! Guarantees: a wish stays within the policy's bounds (I-3); a missing metric never scales down.
//! Never: talks to the cluster, owns replicas (the workload machine does), reads a clock.
//! Told by: the cluster (usage), the workload machine (what is wanted), its own timer.
//! Tells: the workload machine.
#![deny(clippy::float_arithmetic)]

mod input;
mod machine;
pub mod policy;
#[cfg(test)]
mod tests;

pub use input::{Input, Policy};
pub use machine::{Autoscaler, Config};
pub use policy::{BadPolicy, Flap, check};
