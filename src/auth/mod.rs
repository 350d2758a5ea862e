//! Who comes in: tokens, API keys, tickets, and the principals that they stand for.
//!
//! Guarantees: a token is believed only for its signature under a key of ours; a key is kept as a hash; what
//! is taken back ends with the next request here and within a second elsewhere; all failed sign-ins look
//! and cost the same. Never: decides what a principal may do; `core::access` does.
//!
//! [`Access::identify`] recognises a caller, [`Access::exchange`] gives out tokens, and keys are made and
//! taken back with [`Access::add_key`] and [`Access::revoke_key`]. None of it is journaled: the store commits
//! it with the epoch check, and its audit log says who did what.

mod access;
mod exchange;
mod failures;
mod jwt;
mod key;
mod keys;
mod memory;
mod refused;
mod ring;
mod standing;
#[cfg(test)]
mod tests;
mod ticket;

pub use access::{Access, Clock, Identity, Kind, Parts};
pub use exchange::{Issued, Proof};
pub use jwt::{Audience, BadToken, Claims};
pub use keys::{BOOTSTRAP_FILE, KeyRefused, KeyWish, MadeKey};
pub use refused::Refused;
pub use ring::{BadSecret, Ring, write_private};
pub use standing::DEV_TENANT;
pub use ticket::LIFE as TICKET_LIFE;
