//! Who may do what: roles, permissions, and the one table that joins them.
//!
//! Guarantees: a principal reaches only what one of its grants covers; what it may not see is not told
//! apart from what does not exist; whoever holds an [`Authorized`] was checked.
//! Never: reads a credential, knows a key or a clock; `auth` does, and asks here.
//! Told by: the edges, with the principal that they recognised. Tells: a witness or a denial.

mod area;
mod page;
mod permission;
mod principal;
mod role;
mod table;
#[cfg(test)]
mod tests;

pub use area::{Area, Areas, BadArea, Deed};
pub use page::page;
pub use permission::{Permission, Permit, permit};
pub use principal::{Authorized, Denial, Grant, Object, Over, Principal, Visible};
pub use role::Role;
pub use table::{allows, may_grant};
