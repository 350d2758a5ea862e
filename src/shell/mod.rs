//! The actors: one generic shell around any machine, one conductor that orders them all.
//!
//! Guarantees: no effect leaves before its group is journaled and committed; a panic costs its input,
//! never the others. Never: decides. Edges come in through [`port`] alone.

pub mod actor;
pub mod clock;
pub mod conductor;
pub mod deliver;
mod facts;
pub mod feed;
pub mod group;
pub mod journal;
pub mod ledger;
pub mod port;
pub mod shadow;
pub mod standing;
