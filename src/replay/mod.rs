//! Replays: scenarios through the actors, journals through the machines.
//!
//! Guarantees: what is replayed reaches no cluster, no store and no socket; the same input gives the same
//! hash under every driver. Never: decides.

pub mod actors;
pub mod anonymise;
mod branch;
pub mod follow;
pub mod fork;
pub mod journal;
pub mod lab;
pub mod record;
pub mod regenerate;

pub use branch::{BranchError, Origin};
