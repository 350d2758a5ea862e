//! Usage intervals, windows, rates, invoices: money exact to the last unit.
//!
//! Guarantees: for each pod the billed time is its exact lifetime in whole seconds minus what is in doubt,
//! never more (R7); windows of a tenant are disjoint and gapless or marked (I-5); an invoice's total is the
//! sum of its lines; a final invoice never changes (R8).
//! Never: a float, a guess for a gap, a second rounding.
//! Told by: the tenant machine, the cluster, its own timers. Tells: nobody.
#![deny(clippy::float_arithmetic)]

mod input;

pub use input::{Answer, Input, Refusal};

/// An invoice, or the draft of one.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Invoice {}
