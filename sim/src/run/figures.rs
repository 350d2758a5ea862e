//! The figures by which runs are compared: integers, one line a run.

use nimbus_core::units::Resources;
use serde::{Deserialize, Serialize};

/// Outcome of one run in a few numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Figures {
    /// Cost of the nodes over the run, in minor units, rounded half up.
    pub cost_minor: i64,
    /// Requests above the capacity limit, parts per million of all requests.
    pub violations_ppm: u64,
    /// 99th percentile of the time that pods waited, milliseconds.
    pub pending_p99_ms: u64,
    /// Longest wait, milliseconds.
    pub pending_max_ms: u64,
    /// Changes of replica counts by the autoscaler.
    pub scale_actions: u64,
    /// Changes that went back on the one before.
    pub reversals: u64,
    /// Most nodes with a pod at once.
    pub peak_nodes: u64,
    /// Pods placed.
    pub placed: u64,
    /// Pods that wait at the end.
    pub waiting: u64,
    /// Requests refused by quota, limit or state.
    pub refused: u64,
    /// Sum of all invoices and drafts, minor units.
    pub invoiced_minor: i64,
    /// Largest sum of requests of bound pods, each resource by itself.
    pub peak: Resources,
}

impl Figures {
    /// Names of the figures, in order.
    pub const NAMES: [&'static str; 11] = [
        "cost_minor",
        "violations_ppm",
        "pending_p99_ms",
        "pending_max_ms",
        "scale_actions",
        "reversals",
        "peak_nodes",
        "placed",
        "waiting",
        "refused",
        "invoiced_minor",
    ];

    /// The figures in the order of their names.
    #[must_use]
    pub fn values(&self) -> [i128; 11] {
        [
            i128::from(self.cost_minor),
            i128::from(self.violations_ppm),
            i128::from(self.pending_p99_ms),
            i128::from(self.pending_max_ms),
            i128::from(self.scale_actions),
            i128::from(self.reversals),
            i128::from(self.peak_nodes),
            i128::from(self.placed),
            i128::from(self.waiting),
            i128::from(self.refused),
            i128::from(self.invoiced_minor),
        ]
    }

    /// The figure of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<i128> {
        Self::NAMES
            .iter()
            .position(|n| *n == name)
            .map(|place| self.values()[place])
    }
}
