//! What was placed, what waited and why, what was refused.

use hdrhistogram::{Counter, Histogram};
use serde::{Deserialize, Serialize};

/// A distribution of milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Percentiles {
    /// Values.
    pub count: u64,
    /// Half are at most this.
    pub p50_ms: u64,
    /// 90 % are at most this.
    pub p90_ms: u64,
    /// 99 % are at most this.
    pub p99_ms: u64,
    /// The largest.
    pub max_ms: u64,
}

impl Percentiles {
    /// Those of a histogram whose values are `1/per_ms` of a millisecond (1,000 for microseconds, 1 for
    /// milliseconds), rounded up. `per_ms` of 0 counts as 1.
    #[must_use]
    pub fn of<C: Counter>(histogram: &Histogram<C>, per_ms: u64) -> Percentiles {
        let at = |quantile| {
            histogram
                .value_at_quantile(quantile)
                .div_ceil(per_ms.max(1))
        };
        Percentiles {
            count: histogram.len(),
            p50_ms: at(0.50),
            p90_ms: at(0.90),
            p99_ms: at(0.99),
            max_ms: at(1.0),
        }
    }
}

/// How often something happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// What.
    pub what: String,
    /// How often.
    pub count: u64,
}

/// A decision in words, see [`explain`](crate::report::explain).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explained {
    /// Milliseconds from the start.
    pub at_ms: i64,
    /// `place`, `wait`, `scale`, `deny` or `pool`.
    pub kind: String,
    /// The decision with its reason.
    pub text: String,
}

/// All placements.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheduling {
    /// Pods that found a node.
    pub placed: u64,
    /// Pods that waited for capacity before.
    pub waited: u64,
    /// Pods that wait at the end.
    pub waiting: u64,
    /// Requests refused by quota, plan or state.
    pub refused_requests: u64,
    /// Pods that these requests asked for.
    pub refused_pods: u64,
    /// Refusals by what was lacking: `cpu`, `memory`, `pods`, `apps`, `state`.
    pub refusals: Vec<Tally>,
    /// From created to bound.
    pub pending: Percentiles,
    /// Waits by filter: how many pods waited while this filter removed nodes. A wait may count for several.
    pub waits_by_filter: Vec<Tally>,
    /// Seconds from the start, rising.
    pub at_s: Vec<i64>,
    /// Pods that wait at these instants.
    pub pending_pods: Vec<u64>,
    /// The first decisions of each kind.
    pub samples: Vec<Explained>,
}
