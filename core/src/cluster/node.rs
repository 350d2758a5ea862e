//! Nodes as the cluster shows them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::PoolNo;
use crate::units::Resources;

/// Processor architecture.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    /// x86-64.
    #[default]
    Amd64,
    /// aarch64.
    Arm64,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TaintEffect {
    /// Not placed here.
    NoSchedule,
    /// Placed elsewhere if possible. Read, and without effect on placement so far.
    PreferNoSchedule,
    /// Not placed here; those that run are removed.
    NoExecute,
}

/// A mark on a node that keeps pods away.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Taint {
    /// Key.
    pub key: Arc<str>,
    /// Value; empty if none.
    pub value: Arc<str>,
    /// What it does.
    pub effect: TaintEffect,
}

/// State of a node, `domain.md` 4.8. Only an active node takes pods.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// Seen, not ready yet.
    Joining,
    /// Takes pods.
    #[default]
    Active,
    /// No heartbeat for its interval and grace.
    Unresponsive,
    /// No heartbeat for three intervals and grace.
    Crashed,
    /// Takes no new pod; those on it are moved.
    Draining,
    /// Switched off.
    Inactive,
}

/// A node: what it is and what it offers.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeSpec {
    /// Name in the cluster.
    pub name: Arc<str>,
    /// The pool that it belongs to, if Nimbus booted it or its label says so.
    pub pool: Option<PoolNo>,
    /// Architecture.
    pub arch: Arch,
    /// Region; empty if unknown.
    pub region: Arc<str>,
    /// Zone; empty if unknown.
    pub zone: Arc<str>,
    /// Labels.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// Taints, in order of key, value, effect.
    pub taints: Vec<Taint>,
    /// What pods may ask of it in all.
    pub allocatable: Resources,
}
