//! Autoscaling per service.

use serde::{Deserialize, Serialize};

use super::exact::Wide;
use super::scheduling::{Percentiles, Tally};

/// One service with a load.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// `tenant/service`.
    pub service: String,
    /// Its policy in words, `none` without one.
    pub policy: String,
    /// Steps up.
    pub up: u64,
    /// Steps down.
    pub down: u64,
    /// Requests that came.
    pub requests: u64,
    /// Requests above the share of ready capacity that `[slo]` allows.
    pub violating: u64,
    /// The same per million requests.
    pub violating_ppm: u64,
    /// Minutes with at least one such request.
    pub overload_minutes: u64,
    /// Ready replicas × seconds.
    pub pod_seconds: Wide,
    /// The least that would have carried the load, at each instant.
    pub ideal_pod_seconds: Wide,
    /// From the first overload to enough ready replicas.
    pub reaction: Option<Percentiles>,
    /// Periods without a change, by reason.
    pub holds: Vec<Tally>,
    /// Seconds from the start, rising.
    pub at_s: Vec<i64>,
    /// Requests per 1,000 seconds at these instants.
    pub load_mrps: Vec<u64>,
    /// Requests per 1,000 seconds that ready replicas carry; may be empty.
    pub capacity_mrps: Vec<u64>,
    /// Ready replicas.
    pub replicas: Vec<u64>,
}
