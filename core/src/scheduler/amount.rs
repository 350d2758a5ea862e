//! Amounts in the widths that placement computes in.
//!
//! Signed, since a node may hold more than it offers when somebody else bound a pod to it, or when it
//! shrank: then less than nothing is free, and it takes no more.

use std::ops::{Add, Sub};

use crate::units::{Bytes, Cpu, Resources};

/// Most millicores of a node that count: 268,435 cores.
pub(super) const CPU_MAX: u64 = 1 << 28;
/// Most bytes of a node that count: 1 PiB.
pub(super) const MEMORY_MAX: u64 = 1 << 50;
/// Most pods of a node that count.
pub(super) const PODS_MAX: u64 = 1 << 14;

/// An amount of each resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Amount {
    /// Millicores.
    pub(super) cpu: i64,
    /// Bytes.
    pub(super) memory: i64,
    /// Pod slots.
    pub(super) pods: i64,
}

fn at_most(value: u64, most: u64) -> i64 {
    i64::try_from(value.min(most)).unwrap_or(i64::MAX)
}

fn shown(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

impl Amount {
    /// What a node offers; what is above the limits does not count.
    pub(super) fn offered(resources: Resources) -> Amount {
        Amount {
            cpu: at_most(resources.cpu.0, CPU_MAX),
            memory: at_most(resources.memory.0, MEMORY_MAX),
            pods: at_most(resources.pods.into(), PODS_MAX),
        }
    }

    /// What a pod asks for; what is above the limits of every node is just above them.
    pub(super) fn asked(resources: Resources) -> Amount {
        Amount {
            cpu: at_most(resources.cpu.0, CPU_MAX + 1),
            memory: at_most(resources.memory.0, MEMORY_MAX + 1),
            pods: at_most(resources.pods.into(), PODS_MAX + 1),
        }
    }

    /// The amount as people see it: nothing where less than nothing is left.
    pub(super) fn resources(self) -> Resources {
        Resources {
            cpu: Cpu(shown(self.cpu)),
            memory: Bytes(shown(self.memory)),
            pods: u32::try_from(self.pods.max(0)).unwrap_or(u32::MAX),
        }
    }
}

impl Add for Amount {
    type Output = Amount;
    fn add(self, other: Amount) -> Amount {
        Amount {
            cpu: self.cpu.saturating_add(other.cpu),
            memory: self.memory.saturating_add(other.memory),
            pods: self.pods.saturating_add(other.pods),
        }
    }
}

impl Sub for Amount {
    type Output = Amount;
    fn sub(self, other: Amount) -> Amount {
        Amount {
            cpu: self.cpu.saturating_sub(other.cpu),
            memory: self.memory.saturating_sub(other.memory),
            pods: self.pods.saturating_sub(other.pods),
        }
    }
}
