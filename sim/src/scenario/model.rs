//! The resolved scenario: every default filled in, every reference an index, every unit typed.
//!
//! Points in time are kept as spans from the scenario's start ([`Scenario::time`] turns them into times), so
//! that a scenario can be moved by changing `start` alone. Groups (`count = 3`, `tenant = "each"`) are
//! expanded: a driver walks plain lists.

use std::collections::BTreeMap;
use std::sync::Arc;

use nimbus_core::autoscaler::Policy;
use nimbus_core::billing::{Currency, PriceList};
use nimbus_core::cluster::{Arch, PodSpec, Taint};
use nimbus_core::digest;
use nimbus_core::explain::ScoreKind;
use nimbus_core::plan::PlanCode;
use nimbus_core::time::{Span, Time};
use nimbus_core::units::Resources;
use nimbus_core::workload::{Kind, Strategy};
use serde::Serialize;

use super::source::Load;

/// One scenario, resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scenario {
    /// Name and clock.
    pub head: Head,
    /// Node pools, in order of the file: `PoolNo(i)` is the i-th.
    pub pools: Vec<NodePool>,
    /// Organizations that are made before the first tenant.
    pub orgs: Vec<Org>,
    /// Tenants, groups expanded.
    pub tenants: Vec<Tenant>,
    /// Workloads, `each` expanded; those of one tenant are together in order of the file.
    pub workloads: Vec<Workload>,
    /// Where the demand comes from.
    pub loads: Vec<Load>,
    /// Autoscale policies by name.
    pub autoscalers: Vec<Autoscaler>,
    /// How pods are placed.
    pub scheduler: Scheduler,
    /// Prices.
    pub billing: Billing,
    /// What users were promised.
    pub slo: Slo,
    /// What people do, in order of time, then of the file.
    pub actions: Vec<Action>,
    /// Services made through the API while it is served.
    #[serde(skip_serializing_if = "Api::is_usual")]
    pub api: Api,
    /// What must hold in the end.
    pub expect: Expect,
    /// Which settings a sweep tries.
    pub sweep: Sweep,
}

/// `[scenario]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Head {
    /// Equal to the file's name without `.toml`.
    pub name: Arc<str>,
    /// One line for the head of a report; the name if none is given.
    pub title: Arc<str>,
    /// Seed of all random streams.
    pub seed: u64,
    /// When it begins.
    pub start: Time,
    /// How long it runs.
    pub duration: Span,
    /// What happens before this is simulated and left out of rates and percentiles.
    pub warm_up: Span,
    /// Time between two usage samples.
    pub metrics_period: Span,
    /// How old a sample is when it is delivered.
    pub metrics_lag: Span,
    /// How long making or deleting a tenant's space takes.
    pub space_delay: Span,
}

/// A span drawn evenly between two ends, each included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Delay {
    /// Shortest.
    pub min: Span,
    /// Longest; at least `min`.
    pub max: Span,
}

/// `[[node_pool]]`: nodes of one shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodePool {
    /// Unique name; nodes are `<name>-<n>`.
    pub name: Arc<str>,
    /// What pods may ask of one node.
    pub allocatable: Resources,
    /// Nodes at the start; within `min..=max`.
    pub count: u32,
    /// Never fewer.
    pub min: u32,
    /// Never more.
    pub max: u32,
    /// Architecture.
    pub arch: Arch,
    /// Region; empty if none.
    pub region: Arc<str>,
    /// Zones in which nodes are made in turn; empty if none.
    pub zones: Vec<Arc<str>>,
    /// Labels of each node.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// Taints of each node, in order.
    pub taints: Vec<Taint>,
    /// From the order to the node that takes pods.
    pub boot_delay: Delay,
    /// Price of a node for an hour, in micro-minor-units (1 cent = 1,000,000).
    pub price_per_hour: u64,
}

/// `[[org]]`: a customer with several tenants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Org {
    /// Unique slug.
    pub name: Arc<str>,
    /// Its plan.
    pub plan: PlanCode,
}

/// `[[tenant]]`, or one of its `count`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tenant {
    /// Unique slug.
    pub name: Arc<str>,
    /// `name` of its section.
    pub group: Arc<str>,
    /// Whether the section has a `count`, so that the name ends in a number.
    pub numbered: bool,
    /// Index into [`Scenario::orgs`]; `None` makes an implied organization.
    pub org: Option<usize>,
    /// Plan of an implied organization; that of its organization otherwise.
    pub plan: PlanCode,
    /// Quota instead of the plan's.
    pub quota: Option<Resources>,
    /// When it is created, from the start.
    pub at: Span,
}

/// `[[workload]]`, or what `each` makes of it for one tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Workload {
    /// Index into [`Scenario::tenants`].
    pub tenant: usize,
    /// `tenant` of its section: a tenant, a group or `each`.
    pub target: Arc<str>,
    /// Ordinal of its section.
    pub section: u32,
    /// Slug of its app.
    pub app: Arc<str>,
    /// Slug of the service; unique within the tenant.
    pub name: Arc<str>,
    /// Service or batch.
    pub kind: Kind,
    /// Image.
    pub image: Arc<str>,
    /// What each replica asks for and where it may run.
    pub spec: Arc<PodSpec>,
    /// Replicas at the start. Batch: replicas that are run at `at`.
    pub replicas: u32,
    /// How long batch replicas run once bound; `None` until stopped.
    pub lifetime: Option<Span>,
    /// How its rollouts go.
    pub strategy: Strategy,
    /// Index into [`Scenario::autoscalers`].
    pub autoscaler: Option<usize>,
    /// When it is deployed, from the start; see [`Scenario::deployed_at`].
    pub at: Span,
    /// From bound to ready, once the image is there.
    pub start_delay: Delay,
    /// How long a node takes to pull the image, once per node and image.
    pub pull_delay: Delay,
    /// Cpu time of one request.
    pub cpu_per_request: Span,
    /// Share of the requested cpu that a ready replica uses without any request, in parts per million.
    pub use_fraction: u32,
    /// Whether its pods start at all; false stands for a bad image.
    pub starts: bool,
}

/// `[[autoscaler]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Autoscaler {
    /// Unique name.
    pub name: Arc<str>,
    /// The parameters.
    pub policy: Arc<Policy>,
}

/// `[api]`: services made through the API while the scenario is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Api {
    /// Cpu time of one request.
    pub cpu_per_request: Span,
    /// Share of the requested cpu that a ready replica uses without any request, in parts per million.
    pub use_fraction: u32,
    /// From bound to ready, once the image is there.
    pub start_delay: Delay,
    /// How long a node takes to pull the image, once per node and revision.
    pub pull_delay: Delay,
}

impl Api {
    /// Whether nothing was said, so that the hash of a scenario does not change by it.
    fn is_usual(&self) -> bool {
        let five = Span::from_secs(5);
        let start_delay = Delay {
            min: five,
            max: five,
        };
        *self
            == Api {
                cpu_per_request: Span(10_000),
                use_fraction: 0,
                start_delay,
                pull_delay: Delay::default(),
            }
    }
}

/// `[scheduler]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Scheduler {
    /// How nodes are ranked.
    pub score: ScoreKind,
    /// How long a node of a pool is empty before it is given back.
    pub empty_after: Span,
}

/// `[billing]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Billing {
    /// Currency of all prices and invoices.
    pub currency: Currency,
    /// The rate card.
    pub prices: PriceList,
}

/// `[slo]`. `None`: nothing was promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Slo {
    /// 99 of 100 pods are bound within this.
    pub pending_p99: Option<Span>,
    /// Largest share of requests above capacity, in parts per million.
    pub violations_max: Option<u32>,
    /// A request is a violation above this share of ready capacity, percent.
    pub capacity_percent: u32,
}

/// `[[action]]`: what a person does at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Action {
    /// When, from the start.
    pub at: Span,
    /// What.
    pub act: Act,
}

/// What a person can do. `workload` and `tenant` are indices into the lists of the scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Act {
    /// Deploy the workload again, changed.
    Deploy {
        /// Which.
        workload: usize,
        /// Image.
        image: Arc<str>,
        /// What each replica asks for.
        spec: Arc<PodSpec>,
        /// Replicas, unchanged if not given.
        replicas: Option<u32>,
        /// Whether the new pods start.
        starts: bool,
    },
    /// Set the replicas.
    Scale {
        /// Which.
        workload: usize,
        /// How many.
        replicas: u32,
    },
    /// Go back to a revision.
    Rollback {
        /// Which.
        workload: usize,
        /// Its number; `None`: the one before.
        revision: Option<u32>,
    },
    /// Let automation change the service again after a rollback.
    Unpin {
        /// Which.
        workload: usize,
    },
    /// Roll out the same revision again.
    Restart {
        /// Which.
        workload: usize,
    },
    /// The rollout stands still.
    Pause {
        /// Which.
        workload: usize,
    },
    /// The rollout goes on.
    Resume {
        /// Which.
        workload: usize,
    },
    /// Back to what ran before the rollout.
    Undo {
        /// Which.
        workload: usize,
    },
    /// Delete the service.
    DeleteService {
        /// Which.
        workload: usize,
    },
    /// Scale the tenant to zero and admit nothing.
    Suspend {
        /// Which.
        tenant: usize,
    },
    /// Undo a suspension.
    ResumeTenant {
        /// Which.
        tenant: usize,
    },
    /// Delete the tenant with all that it has.
    DeleteTenant {
        /// Which.
        tenant: usize,
    },
    /// Set the quota.
    SetQuota {
        /// Which.
        tenant: usize,
        /// The quota.
        quota: Resources,
        /// Accept one below use.
        force: bool,
    },
    /// Change the plan of an organization.
    SetPlan {
        /// Whose.
        payer: Payer,
        /// The plan.
        plan: PlanCode,
    },
}

/// Who pays: an organization of the file, or the one behind a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Payer {
    /// Index into [`Scenario::orgs`].
    Org(usize),
    /// Index into [`Scenario::tenants`]: one without an organization of the file.
    Tenant(usize),
}

/// `[expect]`: what must hold in the end. `None`: nothing is asked. Shares in parts per million.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Expect {
    /// Most nodes at once, all pools together.
    pub peak_nodes_max: Option<u64>,
    /// Least number that the largest count of nodes must reach.
    pub peak_nodes_min: Option<u64>,
    /// Largest share of requests above capacity.
    pub violations_max: Option<u32>,
    /// Smallest such share.
    pub violations_min: Option<u32>,
    /// Fewest refusals by quota, limit or state.
    pub refused_min: Option<u64>,
    /// Most refusals.
    pub refused_max: Option<u64>,
    /// Fewest pods placed.
    pub placed_min: Option<u64>,
    /// Most pods placed.
    pub placed_max: Option<u64>,
    /// Most pods that wait at the end.
    pub waiting_max: Option<u64>,
    /// Fewest changes of a replica count by the autoscaler.
    pub scale_actions_min: Option<u64>,
    /// Most such changes.
    pub scale_actions_max: Option<u64>,
    /// Longest 99th percentile of the time that pods wait.
    pub pending_p99_max: Option<Span>,
    /// Totals of invoices in minor units, all periods of the run together, drafts included.
    pub invoices: Vec<(Payer, i64)>,
    /// The run's event hash.
    pub event_hash: Option<u128>,
}

/// `[sweep]`: the grid is the product of all values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sweep {
    /// Dotted key and the values to try, as in `--set`.
    pub grid: Vec<(String, Vec<String>)>,
    /// How many seeds are tried at each point: the scenario's and those that follow.
    pub seeds: u32,
}

impl Scenario {
    /// The time that is `span` after the start.
    #[must_use]
    pub fn time(&self, span: Span) -> Time {
        self.head.start + span
    }

    /// When it ends.
    #[must_use]
    pub fn end(&self) -> Time {
        self.time(self.head.duration)
    }

    /// SHA-256 over all of it, trace files included by their own hash.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        digest::content_hash(self)
    }

    /// When a workload is deployed: never before its tenant is created.
    #[must_use]
    pub fn deployed_at(&self, workload: usize) -> Time {
        let workload = &self.workloads[workload];
        self.time(workload.at.max(self.tenants[workload.tenant].at))
    }

    /// `tenant/name` of a workload: what its random streams are named after.
    #[must_use]
    pub fn path_of(&self, workload: usize) -> String {
        let workload = &self.workloads[workload];
        format!("{}/{}", self.tenants[workload.tenant].name, workload.name)
    }
}
