//! The HTTP edge: parses, recognises the caller, checks one permission, then reads the store or asks the
//! conductor. No decision and no SQL stands here; no actor is named.
//!
//! A handler takes [`App`], [`Caller`] and the extractors of [`extract`], and answers a value of
//! [`answer`] or a [`problem::Problem`]. Everything that is the same for all routes happens in [`edge`].

pub mod answer;
pub mod app;
pub mod caller;
mod cors;
pub mod edge;
pub mod endpoints;
pub mod extract;
pub mod foresee;
pub mod forms;
mod gate;
pub mod health;
pub mod idempotency;
pub mod limits;
pub mod list;
pub mod lookup;
pub mod openapi;
pub mod problem;
pub mod progress;
pub mod router;
pub mod serve;
pub mod show;
mod stream;
pub mod views;

pub use app::{App, Command};
pub use caller::Caller;
pub use problem::{Code, Problem};

#[cfg(test)]
mod tests;
