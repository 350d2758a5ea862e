//! Autoscaling policies: pure functions of (now, sample, state), one file each, and their static check.

mod flap;
mod step;
mod valid;

pub use flap::{Flap, check};
pub use step::{Look, Metric, Verdict, decide};
pub use valid::BadPolicy;
