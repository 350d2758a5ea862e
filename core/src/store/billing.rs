//! Rows of the noun `billing`, and the questions about them.
//!
//! Recorded per pod: one interval when it opens, the same one when it closes; it stays for ever, since it
//! is what makes a repeated report harmless. Recorded per run of equal windows: the run, and the account
//! of its tenant as it stands then. What happened since is derived from the intervals.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::billing::{Account, Invoice, UsageWindow};
use crate::ids::{OrgNo, PodNo, ServiceNo, SpecNo, TenantNo};
use crate::plan::PlanCode;
use crate::time::Time;
use crate::units::Resources;

/// Time for which a pod is billed: whole seconds since the epoch, half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageInterval {
    /// Which pod.
    pub pod: PodNo,
    /// Owner.
    pub tenant: TenantNo,
    /// Which service it was a replica of.
    pub service: ServiceNo,
    /// What it asked for.
    pub spec: SpecNo,
    /// From.
    pub start_s: i64,
    /// To; open while there is none.
    pub end_s: Option<i64>,
}

/// An organization and the plans that it had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrgRow {
    /// Which.
    pub org: OrgNo,
    /// Since which second which plan, in order.
    pub plans: Vec<(i64, PlanCode)>,
}

/// The installation's book of invoices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    /// The end of the last period whose invoices are final.
    pub final_to: Time,
    /// Start of the present period: its end is the next one that a timer waits for.
    pub present: Time,
    /// Invoices that are final.
    pub invoices: u64,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Row {
    /// What pods of a specification ask for.
    Spec(SpecNo, Resources),
    /// An organization and its plans.
    Org(Box<OrgRow>),
    /// A tenant's account.
    Account(Box<Account>),
    /// A pod's billed time.
    Interval(UsageInterval),
    /// A run of windows; never changed.
    Window(Box<UsageWindow>),
    /// A final invoice; never changed.
    Invoice(Arc<Invoice>),
    /// The book of invoices.
    Book(Book),
    /// When the last usage was sampled.
    Sampled(Time),
}

/// The key of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Key {
    /// A specification.
    Spec(SpecNo),
    /// An organization.
    Org(OrgNo),
    /// A tenant's account.
    Account(TenantNo),
    /// A pod.
    Interval(PodNo),
    /// A run of windows by its place in the tenant's chain.
    Window(TenantNo, u64),
    /// A final invoice by its number.
    Invoice(u64),
    /// The book of invoices.
    Book,
    /// The last sample.
    Sampled,
}

impl Row {
    /// The row's key.
    #[must_use]
    pub fn key(&self) -> Key {
        match self {
            Row::Spec(spec, _) => Key::Spec(*spec),
            Row::Org(row) => Key::Org(row.org),
            Row::Account(account) => Key::Account(account.tenant),
            Row::Interval(interval) => Key::Interval(interval.pod),
            Row::Window(window) => Key::Window(window.tenant, window.link),
            Row::Invoice(invoice) => Key::Invoice(invoice.number.unwrap_or(0)),
            Row::Book(_) => Key::Book,
            Row::Sampled(_) => Key::Sampled,
        }
    }
}

/// What can be asked.
pub trait Questions {
    /// All rows in order of their keys: what the machine is restored from.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn billing_rows(&self) -> Result<Vec<Row>, StoreError>;
}
