//! The cluster at one instant: what a restart compares with its records, and what a fork starts from.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::node::{NodeSpec, NodeState};
use super::pod::PodSpec;
use crate::ids::{NodeNo, PodNo, ServiceNo, SpecNo, TenantNo};
use crate::time::Time;

/// A node as observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSeen {
    /// Its ordinal.
    pub node: NodeNo,
    /// What it is.
    pub spec: Arc<NodeSpec>,
    /// Its state.
    pub state: NodeState,
}

/// A pod as observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodSeen {
    /// Its ordinal.
    pub pod: PodNo,
    /// What it asks for.
    pub spec: SpecNo,
    /// Owner.
    pub tenant: TenantNo,
    /// Which service it is a replica of.
    pub service: ServiceNo,
    /// The node that it is bound to.
    pub node: Option<NodeNo>,
    /// When it was bound.
    pub bound_at: Option<Time>,
    /// Whether it is ready.
    pub ready: bool,
}

/// All that the cluster holds, each list in order of ordinals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When it was taken.
    pub at: Time,
    /// Pod specifications.
    pub specs: Vec<(SpecNo, Arc<PodSpec>)>,
    /// Nodes.
    pub nodes: Vec<NodeSeen>,
    /// Pods.
    pub pods: Vec<PodSeen>,
}
