//! Tenants: quota, use, refusals, and what they pay.

use nimbus_core::plan::PlanCode;
use serde::{Deserialize, Serialize};

use super::exact::{Money, Stamp, Wide};

/// Cpu, memory and pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amounts {
    /// Millicores.
    pub cpu_m: u64,
    /// Bytes.
    pub memory_bytes: u64,
    /// Pods.
    pub pods: u64,
}

impl From<nimbus_core::units::Resources> for Amounts {
    fn from(resources: nimbus_core::units::Resources) -> Amounts {
        Amounts {
            cpu_m: resources.cpu.0,
            memory_bytes: resources.memory.0,
            pods: u64::from(resources.pods),
        }
    }
}

/// One tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// Its slug.
    pub name: String,
    /// Its organization's slug; the same for an implied one.
    pub organization: String,
    /// Its plan at the end.
    pub plan: PlanCode,
    /// `active`, `suspended`, …, at the end.
    pub state: String,
    /// Its quota at the end.
    pub quota: Amounts,
    /// Most at once, each by itself.
    pub peak: Amounts,
    /// Pods that were placed.
    pub placed: u64,
    /// Requests that were refused.
    pub refused_requests: u64,
    /// Pods that these asked for.
    pub refused_pods: u64,
    /// Requested millicores × seconds.
    pub cpu_millicore_seconds: Wide,
    /// Requested bytes × seconds.
    pub memory_byte_seconds: Wide,
    /// Seconds of pods that nobody can prove, not charged.
    pub in_doubt_seconds: u64,
    /// Differences between intervals and samples, in seconds.
    pub drift_seconds: u64,
    /// 30 s windows that were billed.
    pub windows: u64,
    /// Windows marked as gaps.
    pub gaps: u64,
    /// Usage samples that audited the intervals.
    pub samples: u64,
    /// Head of the hash chain over its windows, in hex.
    pub chain_hash: String,
}

/// An invoice or the draft of one (`api.md` 6.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invoice {
    /// Who pays: the organization's slug.
    pub organization: String,
    /// `invoice` or `credit_note`.
    pub kind: String,
    /// Number; `None` for a draft.
    pub number: Option<u64>,
    /// `draft`, `open`, `paid` or `void`.
    pub state: String,
    /// Begin of the period, included.
    pub from: Stamp,
    /// End of the period, not included.
    pub to: Stamp,
    /// Up to when usage is in it.
    pub through: Stamp,
    /// The lines, in order.
    pub lines: Vec<InvoiceLine>,
    /// Sum of the lines.
    pub subtotal: Money,
    /// What is credited, as a negative amount or zero.
    pub credits: Money,
    /// Tax.
    pub tax: Money,
    /// What is to be paid.
    pub total: Money,
    /// Hash of the document, in hex; `None` for a draft.
    pub document_hash: Option<String>,
}

/// One line of an invoice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvoiceLine {
    /// `plan`, `usage`, `adjustment` or `credit`.
    pub kind: String,
    /// Whose usage; `None` for a line of the organization.
    pub tenant: Option<String>,
    /// In words: `vCPU-hours`, `Business plan`.
    pub description: String,
    /// Exact decimal.
    pub quantity: String,
    /// `vCPU-hour`, `GiB-hour`, `month`.
    pub unit: String,
    /// Price of a unit, exact decimal in major units.
    pub price: String,
    /// What it comes to.
    pub amount: Money,
    /// The windows it is made of; `None` for a line without usage.
    pub windows: Option<Windows>,
}

/// The windows behind a line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// Begin of the first.
    pub first: Stamp,
    /// Begin of the last.
    pub last: Stamp,
    /// How many.
    pub count: u64,
    /// Hash over them, in hex.
    pub root: String,
}

/// Rows that a control plane would have written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tables {
    /// Usage samples, one for each service and period.
    pub usage_samples: u64,
    /// Usage intervals, one for each bound pod.
    pub usage_intervals: u64,
    /// 30 s windows that were billed.
    pub billed_windows: u64,
    /// Runs of consecutive windows with equal totals: what is stored.
    pub window_runs: u64,
    /// Decisions that were explained.
    pub decisions: u64,
}
