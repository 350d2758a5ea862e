//! State of the node.

use crate::cluster::NodeState;

/// Whether the node takes pods: active, and not given back.
pub(in crate::scheduler) fn passes(state: NodeState, leaving: bool) -> bool {
    state == NodeState::Active && !leaving
}
