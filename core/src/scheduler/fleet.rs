//! Node pools: what is there, what is on its way, what stands empty.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{NodeNo, PoolNo};
use crate::store::scheduler::Row;
use crate::time::Time;

/// One pool.
#[derive(Clone, Debug, Default)]
pub(super) struct PoolState {
    /// Ordered and not seen yet.
    pub(super) booting: u32,
    /// When the timer for empty nodes is due.
    pub(super) sweep_at: Option<Time>,
    /// Nodes that are there, those given back included.
    pub(super) nodes: u32,
    /// Nodes given back and still there.
    pub(super) leaving: u32,
    /// Nodes that are there and not ready yet.
    pub(super) joining: u32,
    /// Nodes without a pod, longest first.
    pub(super) idle: BTreeSet<(Time, NodeNo)>,
}

impl PoolState {
    /// Nodes that are there and stay.
    pub(super) fn staying(&self) -> u32 {
        self.nodes - self.leaving
    }

    pub(super) fn row(&self, pool: PoolNo) -> Row {
        Row::Pool {
            pool,
            booting: self.booting,
            sweep_at: self.sweep_at,
        }
    }
}

/// All pools.
#[derive(Clone, Debug, Default)]
pub(super) struct Fleet {
    pub(super) pools: Vec<PoolState>,
    idle_since: BTreeMap<NodeNo, Time>,
}

/// How a node counts in its pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) pool: PoolNo,
    pub(super) leaving: bool,
    pub(super) joining: bool,
}

impl Fleet {
    pub(super) fn new(pools: usize) -> Fleet {
        Fleet {
            pools: vec![PoolState::default(); pools],
            idle_since: BTreeMap::new(),
        }
    }

    /// Counts a node anew: what it was before and what it is now, if it was and is of a pool.
    pub(super) fn recount(&mut self, before: Option<Member>, after: Option<Member>) {
        if let Some(was) = before {
            let pool = &mut self.pools[was.pool.index()];
            pool.nodes -= 1;
            pool.leaving -= u32::from(was.leaving);
            pool.joining -= u32::from(was.joining);
        }
        if let Some(is) = after {
            let pool = &mut self.pools[is.pool.index()];
            pool.nodes += 1;
            pool.leaving += u32::from(is.leaving);
            pool.joining += u32::from(is.joining);
        }
    }

    /// Since when a node has been empty.
    pub(super) fn idle_since(&self, node: NodeNo) -> Option<Time> {
        self.idle_since.get(&node).copied()
    }

    /// A node has no pod.
    pub(super) fn set_idle(&mut self, pool: PoolNo, node: NodeNo, since: Time) {
        self.idle_since.insert(node, since);
        self.pools[pool.index()].idle.insert((since, node));
    }

    /// A node has pods, is given back, or is gone; whether it was idle.
    pub(super) fn clear_idle(&mut self, node: NodeNo) -> bool {
        let Some(since) = self.idle_since.remove(&node) else {
            return false;
        };
        for pool in &mut self.pools {
            pool.idle.remove(&(since, node));
        }
        true
    }
}
