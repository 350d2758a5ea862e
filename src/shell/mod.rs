//! The actors: one generic shell around any machine, one conductor that orders them all.
//!
//! Guarantees: no effect leaves before its group is journaled and committed; a panic costs its input,
//! never the others. Never: decides. Edges come in through [`port`] alone.

pub mod actor;
pub mod deliver;
pub mod group;
pub mod journal;
pub mod port;
