//! Taints.

use crate::cluster::{Taint, TaintEffect, Toleration};

/// Whether a taint keeps pods away at all.
pub(in crate::scheduler) fn repels(taint: &Taint) -> bool {
    matches!(
        taint.effect,
        TaintEffect::NoSchedule | TaintEffect::NoExecute
    )
}

/// Whether every taint that repels is tolerated.
pub(in crate::scheduler) fn passes(node: &[Taint], tolerations: &[Toleration]) -> bool {
    node.iter().filter(|taint| repels(taint)).all(|taint| {
        tolerations
            .iter()
            .any(|toleration| toleration.tolerates(taint))
    })
}
