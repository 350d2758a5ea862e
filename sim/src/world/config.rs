//! What a world is made of: pools of nodes, delays, and the metrics' period.

use std::sync::Arc;

use nimbus_core::cluster::NodeSpec;
use nimbus_core::time::Span;
use serde::{Deserialize, Serialize};

/// What the driver says of a world before it begins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Config {
    /// Seed of all its random streams.
    pub seed: u64,
    /// Node pools; the place in the list is the pool's ordinal.
    pub pools: Vec<Pool>,
    /// How often usage is sampled, aligned to its multiples; zero: never.
    pub metrics_period: Span,
    /// How much later a sample is delivered.
    pub metrics_lag: Span,
    /// A request is a violation above this share of ready capacity, percent (contract 6.2: 90).
    pub capacity_percent: u32,
    /// How long making or deleting a tenant's space takes.
    pub space_delay: Span,
}

impl Default for Config {
    /// No pools; samples every 30 s without lag; spaces at once.
    fn default() -> Self {
        Config {
            seed: 0,
            pools: Vec::new(),
            metrics_period: Span::from_secs(30),
            metrics_lag: Span::ZERO,
            capacity_percent: 90,
            space_delay: Span::ZERO,
        }
    }
}

/// Nodes of one shape.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pool {
    /// Its name; nodes are called `<name>-<n>`, counted from 1 and padded to the width of `initial`, so
    /// that the order of names of the initial nodes is that of their numbers.
    pub name: Arc<str>,
    /// What its nodes are; name, pool and zone are filled in.
    pub template: Arc<NodeSpec>,
    /// Zones, taken in turn; empty: the template's zone.
    pub zones: Vec<Arc<str>>,
    /// Nodes at the start, active.
    pub initial: u32,
    /// Least and longest time from an order to an active node; drawn evenly.
    pub boot_delay: (Span, Span),
    /// Price of a node, micro-minor-units an hour.
    pub price_micro_hour: u64,
}

/// How long a pod takes from its binding to ready, drawn evenly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartDelay {
    /// Least and longest time to pull the image: once per node and revision of the service.
    pub pull: (Span, Span),
    /// Least and longest time to start.
    pub start: (Span, Span),
}

impl StartDelay {
    /// Whether there is no delay at all.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.pull.1.0 <= 0 && self.start.1.0 <= 0
    }
}
