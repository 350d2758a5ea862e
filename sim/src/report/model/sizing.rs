//! The smallest count of each pool that meets the objective.

use serde::{Deserialize, Serialize};

use super::exact::Money;
use super::head::{Header, Promise, Run};

/// One attempt of the search.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// Nodes of each pool, in order of the pools.
    pub counts: Vec<u32>,
    /// Whether every promise was kept.
    pub ok: bool,
    /// The first promise that was broken, or the figures that were kept.
    pub why: String,
    /// Cost of these nodes for 30 days.
    pub cost_30d: Money,
}

/// One pool of the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolSize {
    /// Its name.
    pub pool: String,
    /// Smallest count that meets the objective with the counts of the others.
    pub count: u32,
    /// No packing can do with fewer; `None`: not computed.
    pub lower_bound: Option<u32>,
    /// The resource that makes the bound.
    pub binding: Option<String>,
    /// One node fewer, failing; `None` at the least count that a pool may have.
    pub below: Option<Attempt>,
    /// Cost of this pool for 30 days.
    pub cost_30d: Money,
}

/// The sizes of all pools.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizing {
    /// Where it comes from; `events` is the sum over all attempts.
    pub header: Header,
    /// Whether any counts within the pools' bounds meet the objective.
    pub met: bool,
    /// The promises and what the answer gives.
    pub slo: Vec<Promise>,
    /// The pools, in order of the scenario. If nothing meets the objective: the largest counts.
    pub pools: Vec<PoolSize>,
    /// Cost of all for 30 days.
    pub cost_30d: Money,
    /// What was tried, in order.
    pub attempts: Vec<Attempt>,
    /// Remarks.
    pub notes: Vec<String>,
    /// What may differ between two runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
}
