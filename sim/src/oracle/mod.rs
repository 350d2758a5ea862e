//! Checks the invariants of `domain.md` 7 and `reliability.md` 2 over a run, against books of its own.
//!
//! Guarantees: what it compares with is counted from commands, events, messages and records alone, never
//! asked of the machine that is checked. Never: changes anything, panics, or decides.
//! Told by: the driver, in this order: [`Oracle::event`] for each report of the cluster before it is
//! delivered; [`Oracle::message`] for each delivery, then [`Oracle::effect`] for each of its effects;
//! [`Oracle::command`] for each command before the world takes it; [`Oracle::checkpoint`] when an instant
//! rests and [`Oracle::due`] asks for it; [`Oracle::finish`] at the end.
//!
//! `touched` checks what an event touches (its node, tenant and service), in constant time, and recounts
//! everything now and then (amortised constant) and at the end; `full` recounts at every instant.
//!
//! [`COVERED`] lists what is checked and where, [`NOT_YET`] what is not and why.

mod books;
mod bounded;
mod bounds;
mod capacity;
mod check;
mod coverage;
mod deletion;
mod identity;
mod isolation;
mod ledger;
mod metering;
mod monotone;
mod owner;
mod quota;
mod rest;
mod violation;

pub use check::{Mode, Oracle, Views};
pub use coverage::{COVERED, Invariant, NOT_YET};
pub use violation::Violation;

#[cfg(test)]
mod tests;
