//! What the scheduler can be told.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::cluster::{NodeSpec, NodeState, PodSpec};
use crate::ids::{NodeNo, PodNo, PoolNo, ServiceNo, SpecNo, TenantNo};
use crate::machine::Class;

/// Everything that the scheduler takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// From the cluster: a pod specification, before the first pod that has it.
    SpecSeen {
        /// Its ordinal.
        spec: SpecNo,
        /// What it asks for.
        pod: Arc<PodSpec>,
    },
    /// From the cluster: a node, new or with another specification.
    NodeSeen {
        /// Its ordinal.
        node: NodeNo,
        /// What it is.
        spec: Arc<NodeSpec>,
        /// Its state.
        state: NodeState,
    },
    /// From the cluster: a node's state changed.
    NodeChanged {
        /// Which.
        node: NodeNo,
        /// To what.
        state: NodeState,
    },
    /// From the cluster: a node is gone; its pods were reported before.
    NodeGone {
        /// Which.
        node: NodeNo,
    },
    /// From the cluster: pods wait, `count` of them with consecutive ordinals.
    PodsPending {
        /// The first.
        first: PodNo,
        /// How many.
        count: u32,
        /// What each asks for.
        spec: SpecNo,
        /// Owner.
        tenant: TenantNo,
        /// Which service they are replicas of.
        service: ServiceNo,
    },
    /// From the cluster: a binding took effect.
    PodBound {
        /// Which pod.
        pod: PodNo,
        /// On which node: another one than was asked for is taken as the truth.
        node: NodeNo,
    },
    /// From the cluster: a pod has ended, bound or not.
    PodFinished {
        /// Which.
        pod: PodNo,
    },
    /// From itself: place what waits. At most one is on its way.
    Pass,
    /// From its own timer: a node of a pool may have been empty for long enough.
    Sweep {
        /// Which pool.
        pool: PoolNo,
    },
}

impl Input {
    /// Its place within a round.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Input::PodFinished { .. } => Class::Departure,
            Input::Pass | Input::Sweep { .. } => Class::Scheduler,
            _ => Class::Observation,
        }
    }
}
