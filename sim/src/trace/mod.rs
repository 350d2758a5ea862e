//! Readers of recorded history, one file per format, and the generator of churn.
//!
//! Readers stream: a line at a time, gzip by its magic bytes. What is wrong is one [`Problem`] with file,
//! line, column, value and what was expected; nothing is half read. What they give is shared by all runs
//! of a sweep.

pub mod azure_vm;
pub mod churn;
pub mod flavors;
mod lines;
pub mod rate_csv;

use nimbus_core::time::{Span, Time};

pub use lines::{BYTES_MAX, LINE_MAX, ROWS_MAX};

pub use crate::scenario::Problem;

/// Pods that arrive together: same tenant, shape and lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When.
    pub at: Time,
    /// Slot of the tenant within the source.
    pub tenant_index: u32,
    /// Index of the shape within the source.
    pub flavor: u8,
    /// How long each runs once bound; `None` to the end.
    pub lifetime: Option<Span>,
    /// How many.
    pub count: u32,
}

#[cfg(test)]
mod tests;
