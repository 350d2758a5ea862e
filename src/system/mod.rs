//! Starts the parts in order (S0-36), and stops them in reverse.
//!
//! Order: data folder, database, cluster and journal, actors, API. The actors live on a thread of their
//! own; the edge on the runtime of the caller. Nothing is half started: what cannot start ends the process
//! with one sentence.

mod actors;
mod backends;
mod ends;
mod lock;
mod running;
mod seed;
pub mod testing;

pub use ends::{Cause, Stopped};
pub use running::{Hello, Service, serve};
