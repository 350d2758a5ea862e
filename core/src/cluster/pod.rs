//! What a pod asks for: the part of its specification that placement and metering look at.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::node::{Arch, Taint, TaintEffect};
use crate::units::Resources;

/// Lets a pod onto nodes with a matching taint. Rules of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Toleration {
    /// Key; empty matches every key (then `value` must be `None`).
    pub key: Arc<str>,
    /// `Some`: operator Equal. `None`: operator Exists.
    pub value: Option<Arc<str>>,
    /// `None` matches every effect.
    pub effect: Option<TaintEffect>,
}

impl Toleration {
    /// Whether it lets a pod onto a node with this taint.
    #[must_use]
    pub fn tolerates(&self, taint: &Taint) -> bool {
        (self.key.is_empty() || self.key == taint.key)
            && self
                .value
                .as_ref()
                .is_none_or(|value| *value == taint.value)
            && self.effect.is_none_or(|effect| effect == taint.effect)
    }
}

/// What a pod asks for. Equal specifications are one scheduling class.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PodSpec {
    /// Requests; `pods` is 1.
    pub requests: Resources,
    /// Required architecture.
    pub arch: Option<Arch>,
    /// Required region.
    pub region: Option<Arc<str>>,
    /// Required zone.
    pub zone: Option<Arc<str>>,
    /// Labels that the node must have.
    pub selector: BTreeMap<Arc<str>, Arc<str>>,
    /// Taints that it accepts.
    pub tolerations: Vec<Toleration>,
    /// Higher goes first in the queue.
    pub priority: i32,
}
