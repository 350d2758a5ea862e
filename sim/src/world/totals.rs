//! What the world has counted: integrals of capacity over time, and what it refused.

use nimbus_core::cluster::NodeState;
use nimbus_core::time::Time;
use nimbus_core::units::Resources;
use serde::{Deserialize, Serialize};

use super::World;

/// Resources × time, exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    /// Millicores × microseconds.
    pub cpu: i128,
    /// Bytes × microseconds.
    pub memory: i128,
    /// Pods × microseconds.
    pub pods: i128,
}

impl Area {
    /// Adds `level` held for `micros`.
    pub fn add(&mut self, level: Resources, micros: i64) {
        let micros = i128::from(micros);
        self.cpu += i128::from(level.cpu.0) * micros;
        self.memory += i128::from(level.memory.0) * micros;
        self.pods += i128::from(level.pods) * micros;
    }

    /// The difference, part by part.
    #[must_use]
    pub fn minus(self, other: Area) -> Area {
        Area {
            cpu: self.cpu - other.cpu,
            memory: self.memory - other.memory,
            pods: self.pods - other.pods,
        }
    }
}

/// Bindings and pods that the world refused without an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflicts {
    /// Bindings of a pod that is gone or never was.
    pub pod_gone: u64,
    /// Bindings of a pod that is bound to another node.
    pub bound_elsewhere: u64,
    /// Bindings to a node that is gone or never was.
    pub node_gone: u64,
    /// Bindings that would have over-committed a node.
    pub over_capacity: u64,
    /// Pods that quota admission refused.
    pub over_quota: u64,
}

/// Pods by phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phases {
    /// Waiting for a node.
    pub pending: u64,
    /// Bound, pulling or starting.
    pub starting: u64,
    /// Ready.
    pub ready: u64,
}

/// One pool so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolTotal {
    /// Nodes now, without those that boot.
    pub nodes: u32,
    /// Nodes that boot.
    pub booting: u32,
    /// Nodes with at least one pod.
    pub busy: u32,
    /// Most nodes at once.
    pub peak: u32,
    /// Nodes ever ordered, without the initial ones.
    pub booted: u32,
    /// Nodes given back or lost.
    pub removed: u32,
    /// Nodes × microseconds, exact.
    pub node_us: u128,
}

/// Everything so far, up to one time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Up to when.
    pub at: Time,
    /// What active nodes offered.
    pub allocatable: Area,
    /// What bound pods asked for.
    pub requested: Area,
    /// Cpu used, millicores × microseconds: each sample holds until the next one.
    pub used_cpu: i128,
    /// Per pool, in order.
    pub pools: Vec<PoolTotal>,
}

impl World {
    /// Everything counted up to `at`, which must not be before the last event.
    #[must_use]
    pub fn totals(&self, at: Time) -> Totals {
        let mut totals = self.totals.clone();
        let micros = at.since(totals.at).0;
        totals.allocatable.add(self.allocatable, micros);
        totals.requested.add(self.requested, micros);
        totals.used_cpu += i128::from(self.used_m) * i128::from(micros);
        for pool in &mut totals.pools {
            pool.node_us += u128::from(pool.nodes) * u128::from(micros.unsigned_abs());
        }
        totals.at = totals.at.max(at);
        totals
    }

    /// Closes the books up to `now`, before a level changes.
    #[inline]
    pub(super) fn count(&mut self, now: Time) {
        if now > self.totals.at {
            let micros = now.since(self.totals.at).0;
            self.totals.allocatable.add(self.allocatable, micros);
            self.totals.requested.add(self.requested, micros);
            self.totals.used_cpu += i128::from(self.used_m) * i128::from(micros);
            for pool in &mut self.totals.pools {
                pool.node_us += u128::from(pool.nodes) * u128::from(micros.unsigned_abs());
            }
            self.totals.at = now;
        }
    }

    /// Each pool's books up to the last event, in order: counts are of now.
    #[must_use]
    pub fn pools(&self) -> &[PoolTotal] {
        &self.totals.pools
    }

    /// What all nodes offer now.
    #[must_use]
    pub fn allocatable(&self) -> Resources {
        self.allocatable
    }

    /// What all bound pods ask for now.
    #[must_use]
    pub fn requested(&self) -> Resources {
        self.requested
    }

    /// Cpu used at the last sample, millicores.
    #[must_use]
    pub fn used_m(&self) -> u64 {
        self.used_m
    }

    /// Pods by phase now.
    #[must_use]
    pub fn phases(&self) -> Phases {
        self.phases
    }

    /// What was refused without an event.
    #[must_use]
    pub fn conflicts(&self) -> Conflicts {
        self.conflicts
    }

    /// Nodes that take pods now.
    #[must_use]
    pub fn active_nodes(&self) -> u32 {
        let active = self.nodes.iter();
        let active = active.filter(|node| node.gone.is_none() && node.state == NodeState::Active);
        u32::try_from(active.count()).unwrap_or(u32::MAX)
    }
}
