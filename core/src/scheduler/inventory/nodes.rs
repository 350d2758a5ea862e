//! The node table: one array per field, indexed by ordinal.

use std::sync::Arc;

use crate::cluster::{NodeSpec, NodeState};
use crate::scheduler::amount::Amount;

/// Stands for no group.
pub(super) const NO_GROUP: u32 = u32::MAX;

/// Rows by ordinal; a row that is not alive may still hold pods that are reported late.
#[derive(Clone, Debug, Default)]
pub(super) struct Nodes {
    pub(super) free_cpu: Vec<i64>,
    pub(super) free_memory: Vec<i64>,
    pub(super) free_pods: Vec<i64>,
    /// Group in the index; none if the node takes no pods.
    pub(super) group: Vec<u32>,
    pub(super) class: Vec<u32>,
    pub(super) alive: Vec<bool>,
    pub(super) state: Vec<NodeState>,
    pub(super) leaving: Vec<bool>,
    /// Pods on it.
    pub(super) held: Vec<u32>,
    pub(super) spec: Vec<Option<Arc<NodeSpec>>>,
}

impl Nodes {
    /// Rows, alive or not.
    pub(super) fn len(&self) -> usize {
        self.alive.len()
    }

    /// Makes sure that there is a row.
    pub(super) fn reach(&mut self, node: usize) {
        if node < self.len() {
            return;
        }
        let len = node + 1;
        self.free_cpu.resize(len, 0);
        self.free_memory.resize(len, 0);
        self.free_pods.resize(len, 0);
        self.group.resize(len, NO_GROUP);
        self.class.resize(len, 0);
        self.alive.resize(len, false);
        self.state.resize(len, NodeState::Joining);
        self.leaving.resize(len, false);
        self.held.resize(len, 0);
        self.spec.resize(len, None);
    }

    #[inline]
    pub(super) fn free(&self, node: usize) -> Amount {
        Amount {
            cpu: self.free_cpu[node],
            memory: self.free_memory[node],
            pods: self.free_pods[node],
        }
    }

    #[inline]
    pub(super) fn set_free(&mut self, node: usize, free: Amount) {
        self.free_cpu[node] = free.cpu;
        self.free_memory[node] = free.memory;
        self.free_pods[node] = free.pods;
    }

    pub(super) fn allocatable(&self, node: usize) -> Amount {
        self.spec[node]
            .as_ref()
            .map_or(Amount::default(), |spec| Amount::offered(spec.allocatable))
    }
}
