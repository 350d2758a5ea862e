//! Decisions as data: what was chosen, by which rule, and what the others lacked.
//!
//! The API, the dashboard, the reports and the golden files print these values; nothing is explained in
//! prose that is made elsewhere. Scores are shown in parts per million, rounded down; they are compared
//! exactly, by cross-multiplication, before they are rounded.

use serde::{Deserialize, Serialize};

use crate::ids::{NodeNo, PodNo, PoolNo, ServiceNo, TenantNo};
use crate::time::Span;
use crate::units::Resources;

/// What can make a node unfit for a pod. Each is counted by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Too little free cpu.
    Cpu,
    /// Too little free memory.
    Memory,
    /// No pod slot left.
    Pods,
    /// Not active.
    State,
    /// Another architecture.
    Arch,
    /// Another region.
    Region,
    /// Another zone.
    Zone,
    /// A required label is missing or different.
    Labels,
    /// A taint that the pod does not tolerate.
    Taints,
}

impl Filter {
    /// All filters, in the order of [`Removed`].
    pub const ALL: [Filter; 9] = [
        Filter::Cpu,
        Filter::Memory,
        Filter::Pods,
        Filter::State,
        Filter::Arch,
        Filter::Region,
        Filter::Zone,
        Filter::Labels,
        Filter::Taints,
    ];

    /// The filter's word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Filter::Cpu => "cpu",
            Filter::Memory => "memory",
            Filter::Pods => "pods",
            Filter::State => "state",
            Filter::Arch => "arch",
            Filter::Region => "region",
            Filter::Zone => "zone",
            Filter::Labels => "labels",
            Filter::Taints => "taints",
        }
    }
}

/// How many nodes each filter removes, each counted over all nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed(pub [u32; 9]);

impl Removed {
    /// Nodes that this filter removes.
    #[must_use]
    pub const fn by(&self, filter: Filter) -> u32 {
        self.0[filter as usize]
    }
}

/// Which score chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoreKind {
    /// Allocated / allocatable cpu before placement, highest (S0-07).
    #[default]
    BusiestCpu,
    /// Sum over resources of (free − request) / allocatable, least.
    BestFit,
    /// Lowest ordinal.
    FirstFit,
    /// Allocated / allocatable cpu before placement, least.
    Spread,
}

impl ScoreKind {
    /// All scores.
    pub const ALL: [ScoreKind; 4] = [
        ScoreKind::BusiestCpu,
        ScoreKind::BestFit,
        ScoreKind::FirstFit,
        ScoreKind::Spread,
    ];

    /// The score's word in scenarios and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ScoreKind::BusiestCpu => "busiest_cpu",
            ScoreKind::BestFit => "best_fit",
            ScoreKind::FirstFit => "first_fit",
            ScoreKind::Spread => "spread",
        }
    }

    /// The score of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<ScoreKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// The best other feasible node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunnerUp {
    /// Which.
    pub node: NodeNo,
    /// Its score, ppm.
    pub score_ppm: u64,
    /// Whether it lost on the score (`true`) or only came later (`false`).
    pub lacks_score: bool,
}

/// A pod found a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Which pod.
    pub pod: PodNo,
    /// Its service.
    pub service: ServiceNo,
    /// Its tenant.
    pub tenant: TenantNo,
    /// The winner.
    pub node: NodeNo,
    /// The rule.
    pub rule: ScoreKind,
    /// The winner's score, ppm.
    pub score_ppm: u64,
    /// The best other feasible node, if there was one.
    pub runner_up: Option<RunnerUp>,
    /// Nodes removed per filter.
    pub removed: Removed,
    /// How long the pod had waited.
    pub waited: Span,
}

/// Pods stay pending. One decision stands for all waiting pods of a class and pass that lack the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// The first of them.
    pub pod: PodNo,
    /// How many.
    pub count: u32,
    /// Service of the first.
    pub service: ServiceNo,
    /// Tenant of the first.
    pub tenant: TenantNo,
    /// What each asks for.
    pub asks: Resources,
    /// Nodes in all.
    pub nodes: u32,
    /// Nodes removed per filter.
    pub removed: Removed,
    /// Among nodes that pass all filters but cpu, memory and pods, the one with the most free cpu (then
    /// memory, then the lowest ordinal), and what it has free.
    pub largest_free: Option<(NodeNo, Resources)>,
}

/// Why a replica count was wished or kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleReason {
    /// Use above the upper threshold.
    AboveUp,
    /// Use below the lower threshold.
    BelowDown,
    /// Between the thresholds.
    InBand,
    /// The bounds allow no further step.
    AtBound,
    /// No metric: hold.
    NoMetric,
    /// No replica is ready: hold.
    NoneReady,
    /// A rollout is running: hold.
    RolloutRunning,
    /// The last change is too recent.
    Cooldown,
    /// `wait_ready`: replicas of the last step up are not ready yet.
    WaitReady,
}

/// A wish for a replica count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scale {
    /// Which service.
    pub service: ServiceNo,
    /// Replicas before.
    pub from: u32,
    /// Replicas wished.
    pub to: u32,
    /// Why.
    pub reason: ScaleReason,
    /// Cpu used, millicores; `None` without a metric.
    pub used_m: Option<u64>,
    /// Cpu requested, millicores.
    pub requested_m: u64,
}

/// What a quota or limit lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lack {
    /// Millicores.
    Cpu {
        /// Asked for.
        asked: u64,
        /// Left in the quota.
        left: u64,
    },
    /// Bytes.
    Memory {
        /// Asked for.
        asked: u64,
        /// Left in the quota.
        left: u64,
    },
    /// Pods.
    Pods {
        /// Asked for.
        asked: u32,
        /// Left in the quota.
        left: u32,
    },
    /// Apps of the plan.
    Apps {
        /// Allowed by the plan.
        limit: u32,
    },
    /// The tenant is not in a state that admits new work.
    NotAdmitting,
}

impl Lack {
    /// The first resource that is above quota already, or would be.
    #[must_use]
    pub fn first(quota: Resources, used: Resources, asks: Resources) -> Option<Lack> {
        let left = quota.saturating_sub(used);
        if used.cpu > quota.cpu || asks.cpu > left.cpu {
            return Some(Lack::Cpu {
                asked: asks.cpu.0,
                left: left.cpu.0,
            });
        }
        if used.memory > quota.memory || asks.memory > left.memory {
            return Some(Lack::Memory {
                asked: asks.memory.0,
                left: left.memory.0,
            });
        }
        (used.pods > quota.pods || asks.pods > left.pods).then_some(Lack::Pods {
            asked: asks.pods,
            left: left.pods,
        })
    }
}

/// A request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deny {
    /// Whose.
    pub tenant: TenantNo,
    /// What was asked for.
    pub asks: Resources,
    /// What was lacking first, in the order cpu, memory, pods, apps.
    pub lacks: Lack,
}

/// A node pool grows or shrinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolChange {
    /// Which pool.
    pub pool: PoolNo,
    /// Nodes ordered.
    pub booted: u32,
    /// The node given back.
    pub removed: Option<NodeNo>,
    /// Pods that wait, which the order is for.
    pub waiting: u32,
    /// Nodes of the pool afterwards, booting ones included.
    pub nodes: u32,
}

/// One explained choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// A pod found a node.
    Place(Place),
    /// Pods wait.
    Wait(Wait),
    /// A wish for a replica count.
    Scale(Scale),
    /// A refusal.
    Deny(Deny),
    /// A pool changes.
    Pool(PoolChange),
}

macro_rules! from_decisions {
    ($($variant:ident($inner:ty)),*) => {
        $(impl From<$inner> for Decision {
            fn from(inner: $inner) -> Decision {
                Decision::$variant(inner)
            }
        })*
    };
}

from_decisions! { Place(Place), Wait(Wait), Scale(Scale), Deny(Deny), Pool(PoolChange) }
