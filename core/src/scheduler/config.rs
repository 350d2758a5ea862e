//! How the scheduler is set up: which score chooses, and the node pools.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::cluster::NodeSpec;
use crate::explain::ScoreKind;
use crate::time::Span;

/// A kind of node that can be ordered and given back. Its ordinal is its place in [`Config::pools`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// Name, for people.
    pub name: Arc<str>,
    /// What each of its nodes is. An empty zone means that its nodes come up in any zone.
    pub template: Arc<NodeSpec>,
    /// Nodes that are always there; the cluster starts with them, the scheduler never goes below.
    pub min: u32,
    /// Most nodes, booting ones included.
    pub max: u32,
    /// Price of a node for an hour in millionths of the minor unit; the cheapest pool is tried first.
    pub price_micro_hour: u64,
}

/// Configuration of the scheduler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Which node wins.
    pub score: ScoreKind,
    /// Node pools, in order of their ordinals.
    pub pools: Vec<Pool>,
    /// How long a node of a pool stands empty before it is given back.
    pub empty_after: Span,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            score: ScoreKind::default(),
            pools: Vec::new(),
            empty_after: Span::from_secs(600),
        }
    }
}
