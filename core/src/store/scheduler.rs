//! Rows of the noun `scheduler`, and the questions about them.
//!
//! In order of their keys: specifications, pools, nodes, idle nodes, runs of waiting pods, bound pods.
//! What can be computed from these is not stored: free capacity, the index, which pods found no node.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::cluster::{NodeSpec, NodeState, PodSpec};
use crate::ids::{NodeNo, PodNo, PoolNo, ServiceNo, SpecNo, TenantNo};
use crate::time::Time;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Row {
    /// A pod specification. Never dropped.
    Spec {
        /// Its ordinal.
        spec: SpecNo,
        /// What it asks for.
        pod: Arc<PodSpec>,
    },
    /// What is on its way in a node pool.
    Pool {
        /// Which pool.
        pool: PoolNo,
        /// Nodes ordered and not seen yet.
        booting: u32,
        /// When the timer for its empty nodes is due.
        sweep_at: Option<Time>,
    },
    /// A node.
    Node {
        /// Its ordinal.
        node: NodeNo,
        /// What it is.
        spec: Arc<NodeSpec>,
        /// Its state.
        state: NodeState,
    },
    /// A node of a pool holds no pod.
    Idle {
        /// Which node.
        node: NodeNo,
        /// Since when.
        since: Time,
        /// Whether it has been given back and takes no more pods.
        leaving: bool,
    },
    /// Pods that wait, with consecutive ordinals.
    Pending {
        /// The first of the run when it began: its key.
        run: PodNo,
        /// The first that still waits.
        first: PodNo,
        /// How many still wait.
        count: u32,
        /// What each asks for.
        spec: SpecNo,
        /// Owner.
        tenant: TenantNo,
        /// Which service they are replicas of.
        service: ServiceNo,
        /// Since when they wait.
        since: Time,
    },
    /// A pod that has a node: asked for or confirmed.
    Bound {
        /// Which pod.
        pod: PodNo,
        /// Its node.
        node: NodeNo,
        /// What it asks for.
        spec: SpecNo,
    },
}

/// The key of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Key {
    /// A pod specification.
    Spec(SpecNo),
    /// A node pool.
    Pool(PoolNo),
    /// A node.
    Node(NodeNo),
    /// An idle node.
    Idle(NodeNo),
    /// A run of waiting pods, by its first when it began.
    Pending(PodNo),
    /// A bound pod.
    Bound(PodNo),
}

impl Row {
    /// The row's key.
    #[must_use]
    pub fn key(&self) -> Key {
        match *self {
            Row::Spec { spec, .. } => Key::Spec(spec),
            Row::Pool { pool, .. } => Key::Pool(pool),
            Row::Node { node, .. } => Key::Node(node),
            Row::Idle { node, .. } => Key::Idle(node),
            Row::Pending { run, .. } => Key::Pending(run),
            Row::Bound { pod, .. } => Key::Bound(pod),
        }
    }
}

/// What can be asked.
pub trait Questions {
    /// All rows in order of their keys: what the machine is restored from.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn scheduler_rows(&self) -> Result<Vec<Row>, StoreError>;
}
