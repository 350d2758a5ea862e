//! An invoice: lines that point at their windows, a total that is their sum.

use serde::{Deserialize, Serialize};

use super::chain::ContentHash;
use super::period::Period;
use super::price::{Currency, Meter};
use super::usage::text;
use crate::digest::content_hash;
use crate::ids::{InvoiceId, OrgNo, TenantNo};
use crate::plan::PlanCode;
use crate::time::Time;

/// What a line is for. The order is that of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// The price of a plan, prorated by seconds of the whole period.
    Plan,
    /// Use of a tenant.
    Usage,
    /// Use that the plan includes; negative.
    Allowance,
    /// A correction of a period whose invoice is final.
    Adjustment,
}

/// The windows that a line is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windows {
    /// Start of the first window.
    pub first: Time,
    /// Start of the last window.
    pub last: Time,
    /// Head of the tenant's chain after the last window.
    pub root: ContentHash,
}

/// A line. Rounding happened here, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceLine {
    /// What it is for.
    pub kind: LineKind,
    /// Whose use.
    pub tenant: Option<TenantNo>,
    /// Which meter.
    pub meter: Option<Meter>,
    /// Which plan.
    pub plan: Option<PlanCode>,
    /// Millicore-seconds, byte-seconds, or for a plan the seconds in force. Exact.
    #[serde(with = "text")]
    pub quantity: i128,
    /// The quantity's divisor to one sold unit: metered units per unit-hour, or seconds of the whole period.
    #[serde(with = "text")]
    pub per_unit: i128,
    /// The sold unit: `vCPU-hour`, `GiB-hour`, `month`.
    pub unit: Unit,
    /// Price of one sold unit in micro-minor-units.
    #[serde(with = "text")]
    pub price_micro_minor: i128,
    /// Amount in minor units.
    pub amount_minor: i64,
    /// The windows that show the use.
    pub windows: Option<Windows>,
}

/// What is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// One core for an hour.
    #[serde(rename = "vCPU-hour")]
    VcpuHour,
    /// 2^30 bytes for an hour.
    #[serde(rename = "GiB-hour")]
    GibHour,
    /// A plan for a whole period.
    #[serde(rename = "month")]
    Month,
}

impl Unit {
    /// The unit's word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Unit::VcpuHour => Meter::Cpu.unit(),
            Unit::GibHour => Meter::Memory.unit(),
            Unit::Month => "month",
        }
    }
}

impl InvoiceLine {
    /// The quantity in sold units for people: exact where six decimals suffice, else rounded to them.
    #[must_use]
    pub fn quantity_text(&self) -> String {
        super::quantity_text(self.quantity, self.per_unit)
    }
}

/// State of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceState {
    /// Computed on reading, never stored.
    Draft,
    /// Final: numbered, hashed, never changed.
    Open,
}

/// An invoice, or the draft of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// Its id, once it is final.
    pub id: Option<InvoiceId>,
    /// Whose.
    pub org: OrgNo,
    /// Its number, once it is final: 1, 2, … without a gap.
    pub number: Option<u64>,
    /// State.
    pub state: InvoiceState,
    /// What it is about.
    pub period: Period,
    /// Usage counts up to here: the period's end, or when a draft was made.
    pub through: Time,
    /// The one currency of all amounts.
    pub currency: Currency,
    /// Lines, by kind, then tenant, then meter.
    pub lines: Vec<InvoiceLine>,
    /// Sum of all lines, in minor units.
    pub subtotal_minor: i64,
    /// Credits, in minor units.
    pub credits_minor: i64,
    /// Tax, in minor units.
    pub tax_minor: i64,
    /// What is due, in minor units.
    pub total_minor: i64,
    /// SHA-256 over the roots of all usage lines, in order.
    pub usage_root_hash: ContentHash,
    /// Hash of the document before, in order of numbers; zeros for the first.
    pub prev_document_hash: Option<ContentHash>,
    /// SHA-256 over the canonical bytes of the document without this field, once it is final.
    pub document_hash: Option<ContentHash>,
}

impl Invoice {
    /// The hash that a final document must bear.
    #[must_use]
    pub fn expected_hash(&self) -> ContentHash {
        let bare = Invoice {
            document_hash: None,
            ..self.clone()
        };
        ContentHash(content_hash(&bare))
    }

    /// An amount of this invoice as people read it: `3.78 USD`.
    #[must_use]
    pub fn show(&self, minor: i64) -> String {
        self.currency.show(minor)
    }

    /// Sum of the amounts of one tenant's lines, in minor units: its part of the document.
    #[must_use]
    pub fn of_tenant(&self, tenant: TenantNo) -> i64 {
        self.lines
            .iter()
            .filter(|line| line.tenant == Some(tenant))
            .map(|line| line.amount_minor)
            .fold(0, i64::saturating_add)
    }
}
