//! What a report says: integers, decimal strings and words; how it looks is elsewhere.

mod autoscaling;
mod capacity;
mod compare;
mod exact;
mod head;
mod scheduling;
mod sizing;
mod sweep;
mod tenants;

use serde::{Deserialize, Serialize};

pub use autoscaling::Scaling;
pub use capacity::{Capacity, Levels, Pool};
pub use compare::{Better, Compared, Comparison, Figure, LimitFound, Overlay, Unit};
pub use exact::{Currency, EXPONENT_MAX, Money, Stamp, Wide};
pub use head::{
    Answer, Binding, Expectation, FORMAT_VERSION, Header, NodesNeeded, Promise, Run, Setting,
};
pub use scheduling::{Explained, Percentiles, Scheduling, Tally};
pub use sizing::{Attempt, PoolSize, Sizing};
pub use sweep::{Knob, Point, Sensitivity, Spread, Sweep, Trial};
pub use tenants::{Amounts, Invoice, InvoiceLine, Tables, Tenant, Windows};

/// The report of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Where it comes from.
    pub header: Header,
    /// What it was for.
    pub answer: Answer,
    /// `[expect]`.
    pub expectations: Vec<Expectation>,
    /// The cluster as a whole.
    pub capacity: Capacity,
    /// Placements.
    pub scheduling: Scheduling,
    /// Services with a load, in order of the scenario.
    pub autoscaling: Vec<Scaling>,
    /// Node pools, in order of the scenario.
    pub pools: Vec<Pool>,
    /// Tenants, in order of their ordinals.
    pub tenants: Vec<Tenant>,
    /// Invoices of the run, drafts included, by organization, then period.
    pub invoices: Vec<Invoice>,
    /// Rows that a control plane would have written.
    pub tables: Tables,
    /// Remarks: limits that cut something off, assumptions.
    pub notes: Vec<String>,
    /// What may differ between two runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
}

/// Any report; `kind` says which in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Document {
    /// One run.
    Replay(Box<Report>),
    /// Two runs side by side.
    Compare(Box<Comparison>),
    /// Many runs over a grid.
    Sweep(Box<Sweep>),
    /// The smallest pools.
    Capacity(Box<Sizing>),
}
