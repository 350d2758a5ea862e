//! Capacity and node pools over time.

use serde::{Deserialize, Serialize};

use super::exact::{Money, Wide};

/// One resource over the instants of [`Capacity::at_s`]. An empty list was not measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Levels {
    /// What active nodes offer.
    pub allocatable: Vec<u64>,
    /// What bound pods ask for.
    pub requested: Vec<u64>,
    /// What they use.
    pub used: Vec<u64>,
}

/// The cluster as a whole. Cpu in millicores, memory in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// Seconds from the start, rising.
    pub at_s: Vec<i64>,
    /// Cpu, millicores.
    pub cpu: Levels,
    /// Memory, bytes.
    pub memory: Levels,
    /// Pod slots.
    pub pods: Levels,
    /// Active nodes.
    pub nodes: Vec<u64>,
    /// Active nodes without a pod.
    pub empty_nodes: Vec<u64>,
    /// Free cpu of the node that has most: the largest pod that still fits, millicores.
    pub largest_free_cpu: Vec<u64>,
    /// Free memory of the node that has most, bytes.
    pub largest_free_memory: Vec<u64>,
    /// Nodes × seconds of the run.
    pub node_seconds: Wide,
    /// Least nodes × seconds if pods were fluid: per instant the busiest resource over a node's; `None`: not
    /// computed.
    pub fluid_node_seconds: Option<Wide>,
    /// Most nodes at once.
    pub peak_nodes: u64,
    /// No packing can do with fewer at the peak; `None`: not computed.
    pub peak_lower_bound: Option<u64>,
}

/// One node pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// Cpu of a node, millicores.
    pub cpu_m: u64,
    /// Memory of a node, bytes.
    pub memory_bytes: u64,
    /// Pods of a node.
    pub pods: u32,
    /// Never fewer nodes.
    pub min: u32,
    /// Never more.
    pub max: u32,
    /// Price of a node-hour, in micro-minor-units.
    pub price_per_hour: u64,
    /// Nodes ordered after the start.
    pub boots: u64,
    /// Nodes given back or lost.
    pub removals: u64,
    /// Nodes × seconds.
    pub node_seconds: Wide,
    /// What they cost.
    pub cost: Money,
    /// Seconds from the start, rising.
    pub at_s: Vec<i64>,
    /// Nodes at these instants.
    pub nodes: Vec<u64>,
    /// Cpu requested of allocatable at these instants, ppm; may be empty.
    pub cpu_ppm: Vec<u64>,
}
