//! Autoscaling policies: pure functions of (now, sample, state), one file each, and their static check.

mod flap;
mod step;
mod valid;

pub use flap::{Flap, check};
pub use step::{Metric, Now, Verdict, decide};
pub use valid::BadPolicy;
