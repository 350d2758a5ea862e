//! A tenant's account: its rate now, its windows, its sums. Advanced when something changes, never by a clock.
//!
//! The rate is constant between two changes, so all windows in between are equal but the first and the
//! last: an advance costs the same for a second and for a month. What happens within one second changes
//! nothing that was billed, in whatever order it comes.

use serde::{Deserialize, Serialize};

use super::chain::{ContentHash, Run, UsageWindow, WINDOW_S, WindowState};
use super::period::Period;
use super::usage::Usage;
use crate::ids::{OrgNo, TenantNo};
use crate::time::Time;

/// What a tenant used in one billing period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodUse {
    /// Which period.
    pub period: Period,
    /// Use in it.
    pub usage: Usage,
    /// The part that a plan without limit includes.
    pub unlimited: Usage,
    /// Start of the first and of the last window in it, if there is any.
    pub windows: Option<(Time, Time)>,
    /// Head of the chain after the last window.
    pub root: ContentHash,
}

impl PeriodUse {
    pub(crate) fn new(period: Period) -> PeriodUse {
        PeriodUse {
            period,
            usage: Usage::ZERO,
            unlimited: Usage::ZERO,
            windows: None,
            root: ContentHash::default(),
        }
    }
}

/// The window that is not full yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partial {
    /// Use so far.
    pub usage: Usage,
    /// Pod-seconds in doubt so far.
    pub in_doubt_s: i64,
    /// The worst state so far.
    pub state: WindowState,
}

/// Which meters the present plan includes without limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlimited {
    /// Cpu.
    pub cpu: bool,
    /// Memory.
    pub memory: bool,
}

/// A tenant's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Whose.
    pub tenant: TenantNo,
    /// The organization that pays.
    pub org: OrgNo,
    /// First second.
    pub opened_s: i64,
    /// The second after the last, once it is closed.
    pub closed_s: Option<i64>,
    /// All seconds before this one are accounted for.
    pub at_s: i64,
    /// Use per second now: the sum over open intervals.
    pub rate: Usage,
    /// Open intervals.
    pub open: u32,
    /// Use in all.
    pub total: Usage,
    /// The window that is not full yet.
    pub partial: Partial,
    /// Full windows with equal totals that are not in the chain yet.
    pub pending: Option<Run>,
    /// Links in the chain.
    pub links: u64,
    /// Windows in the chain.
    pub windows: u64,
    /// Head of the chain.
    pub head: ContentHash,
    /// Pod-seconds in doubt, not charged.
    pub in_doubt_s: i64,
    /// Pod-seconds by which samples differed from the intervals.
    pub drift_s: i64,
    /// What the present plan includes without limit.
    pub unlimited: Unlimited,
    /// Corrections of periods that are final, for the next invoice.
    pub late: Usage,
    /// Use in the present period.
    pub present: PeriodUse,
    /// Use in periods that have ended and are not final, in order.
    pub ended: Vec<PeriodUse>,
    /// A sum left its width: nothing can be billed.
    pub overflow: bool,
}
