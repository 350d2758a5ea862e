//! What makes a node unfit for a pod, one file each. Each looks at one thing and knows no other.

pub(super) mod arch;
pub(super) mod cpu;
pub(super) mod labels;
pub(super) mod memory;
pub(super) mod pods;
pub(super) mod region;
pub(super) mod state;
pub(super) mod taints;
pub(super) mod zone;
