//! Many runs of one scenario over a grid of parameters.

use serde::{Deserialize, Serialize};

use super::head::{Header, Run, Setting};

/// One key of the grid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knob {
    /// Dotted key.
    pub key: String,
    /// The values tried, in order.
    pub values: Vec<String>,
}

/// What one run of a point gave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// Its seed.
    pub seed: u64,
    /// Cost of nodes (or of pods where nodes cost nothing), minor units.
    pub cost_minor: i64,
    /// Requests above capacity, ppm.
    pub violations_ppm: u64,
    /// 99th percentile of the time that pods wait, ms.
    pub pending_p99_ms: u64,
    /// Changes of replica counts.
    pub actions: u64,
    /// Most nodes at once.
    pub peak_nodes: u64,
    /// Its event hash, in hex.
    pub event_hash: String,
    /// Why it has no result; its figures then count for nothing.
    pub error: Option<String>,
}

/// Mean and range of one figure over the seeds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// Mean, rounded half away from zero.
    pub mean: i64,
    /// Least.
    pub min: i64,
    /// Largest.
    pub max: i64,
}

/// One point of the grid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Its parameters, in order of the knobs.
    pub set: Vec<Setting>,
    /// One run for each seed.
    pub trials: Vec<Trial>,
    /// Cost, minor units.
    pub cost: Spread,
    /// Requests above capacity, ppm.
    pub violations: Spread,
    /// 99th percentile of waiting, ms.
    pub pending: Spread,
    /// Changes of replica counts.
    pub actions: Spread,
    /// No other point is at least as good in cost and in violations and better in one of them.
    pub pareto: bool,
    /// Keeps what `[slo]` promises with every seed; `None` without promises.
    pub slo_met: Option<bool>,
}

/// How much a knob matters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sensitivity {
    /// Dotted key.
    pub key: String,
    /// Largest difference between the mean costs of two of its values, minor units.
    pub cost_minor: i64,
    /// The same of violations, ppm.
    pub violations_ppm: i64,
    /// Value with the least mean cost.
    pub cheapest: String,
    /// Value with the fewest violations on average.
    pub calmest: String,
}

/// A sweep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// Where it comes from; `events` is the sum over all runs.
    pub header: Header,
    /// The grid.
    pub knobs: Vec<Knob>,
    /// The seeds of each point.
    pub seeds: Vec<u64>,
    /// The points, the last knob fastest.
    pub points: Vec<Point>,
    /// How much each knob matters, in order of the knobs.
    pub sensitivity: Vec<Sensitivity>,
    /// Remarks.
    pub notes: Vec<String>,
    /// What may differ between two runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
}
