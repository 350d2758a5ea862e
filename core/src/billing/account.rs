//! A tenant's account: its rate now, its windows, its sums. Advanced when something changes, never by a clock.
//!
//! The rate is constant between two changes, so all windows in between are equal but the first and the
//! last: an advance costs the same for a second and for a month. What happens within one second changes
//! nothing that was billed, in whatever order it comes.
//!
//! Two advances are the same as one: the chain depends on the intervals alone. So an account is recorded
//! now and then, and what came after is derived again from the intervals.

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

/// How much is known of the time that an advance covers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Doubt {
    /// The state of every window that it touches.
    pub(crate) state: WindowState,
    /// Pods that vanished in it.
    pub(crate) pods: u32,
}

impl Account {
    /// The account of a new tenant.
    pub(crate) fn new(tenant: TenantNo, org: OrgNo, now_s: i64, unlimited: Unlimited) -> Account {
        Account {
            tenant,
            org,
            opened_s: now_s,
            closed_s: None,
            at_s: now_s,
            rate: Usage::ZERO,
            open: 0,
            total: Usage::ZERO,
            partial: Partial::default(),
            pending: None,
            links: 0,
            windows: 0,
            head: ContentHash::default(),
            in_doubt_s: 0,
            drift_s: 0,
            unlimited,
            late: Usage::ZERO,
            present: PeriodUse::new(Period::month_of(Time::from_secs(now_s))),
            ended: Vec::new(),
            overflow: false,
        }
    }

    /// Accounts for all seconds before `to_s`; hands out the links that this closes.
    #[inline]
    pub(crate) fn advance(&mut self, to_s: i64, sealed: &mut impl FnMut(UsageWindow)) {
        if to_s > self.at_s {
            self.advance_in(to_s, Doubt::default(), sealed);
        }
    }

    /// As [`Account::advance`], over time of which less is known.
    pub(crate) fn advance_in(
        &mut self,
        to_s: i64,
        doubt: Doubt,
        sealed: &mut impl FnMut(UsageWindow),
    ) {
        while self.at_s < to_s && self.closed_s.is_none() {
            let end_s = self.present.period.to.secs();
            if self.at_s >= end_s {
                self.end_period(sealed);
                continue;
            }
            self.advance_within(to_s.min(end_s), doubt, sealed);
        }
    }

    /// Within the present period, whose ends are ends of windows.
    fn advance_within(&mut self, to_s: i64, doubt: Doubt, sealed: &mut impl FnMut(UsageWindow)) {
        let first_s = window_of(self.at_s);
        let full_s = first_s + WINDOW_S;
        self.count(to_s - self.at_s, doubt);
        if to_s < full_s {
            self.fill(to_s - self.at_s, doubt);
        } else {
            self.fill(full_s - self.at_s, doubt);
            let partial = std::mem::take(&mut self.partial);
            self.push(run_of(first_s, 1, partial), sealed);
            self.push_full(full_s, (to_s - full_s) / WINDOW_S, doubt, sealed);
            let rest = (to_s - full_s) % WINDOW_S;
            if rest > 0 {
                self.fill(rest, doubt);
            }
        }
        self.at_s = to_s;
    }

    /// Adds `secs` at the present rate to the sums.
    fn count(&mut self, secs: i64, doubt: Doubt) {
        self.in_doubt_s = self.in_doubt_s.saturating_add(times(doubt.pods, secs));
        let Some(usage) = self.rate.checked_mul(secs) else {
            self.overflow = true;
            return;
        };
        let free = self.free(usage);
        self.overflow |= !(add(&mut self.total, usage)
            && add(&mut self.present.usage, usage)
            && add(&mut self.present.unlimited, free));
    }

    /// The part that the present plan includes without limit.
    fn free(&self, usage: Usage) -> Usage {
        let part = |included: bool, of: i128| if included { of } else { 0 };
        Usage {
            cpu_millicore_s: part(self.unlimited.cpu, usage.cpu_millicore_s),
            memory_byte_s: part(self.unlimited.memory, usage.memory_byte_s),
        }
    }

    /// Adds `secs` at the present rate to the window that is not full yet.
    fn fill(&mut self, secs: i64, doubt: Doubt) {
        match self.rate.checked_mul(secs) {
            Some(usage) => self.overflow |= !add(&mut self.partial.usage, usage),
            None => self.overflow = true,
        }
        let doubtful = times(doubt.pods, secs);
        self.partial.in_doubt_s = self.partial.in_doubt_s.saturating_add(doubtful);
        self.partial.state = self.partial.state.max(doubt.state);
    }

    /// Adds full windows at the present rate.
    fn push_full(
        &mut self,
        first_s: i64,
        count: i64,
        doubt: Doubt,
        sealed: &mut impl FnMut(UsageWindow),
    ) {
        if count == 0 {
            return;
        }
        let usage = self.rate.checked_mul(WINDOW_S).unwrap_or_else(|| {
            self.overflow = true;
            Usage::ZERO
        });
        let each = Partial {
            usage,
            in_doubt_s: times(doubt.pods, WINDOW_S),
            state: doubt.state,
        };
        let (mut first_s, mut left) = (first_s, count);
        while left > 0 {
            let part = u32::try_from(left).unwrap_or(u32::MAX);
            self.push(run_of(first_s, part, each), sealed);
            first_s += WINDOW_S * i64::from(part);
            left -= i64::from(part);
        }
    }

    /// Adds full windows: to the run that is not in the chain yet if they are equal, else after it.
    fn push(&mut self, run: Run, sealed: &mut impl FnMut(UsageWindow)) {
        let last = Time::from_secs(run.end().secs() - WINDOW_S);
        let first = self.present.windows.map_or(run.first, |(first, _)| first);
        self.present.windows = Some((first, last));
        if let Some(pending) = &mut self.pending
            && (pending.usage, pending.state) == (run.usage, run.state)
            && pending.in_doubt_s == run.in_doubt_s
            && let Some(count) = pending.count.checked_add(run.count)
        {
            pending.count = count;
            return;
        }
        self.seal(sealed);
        self.pending = Some(run);
    }

    /// Puts the run that is not in the chain yet into it.
    fn seal(&mut self, sealed: &mut impl FnMut(UsageWindow)) {
        if let Some(run) = self.pending.take() {
            self.link(run, sealed);
            self.windows += u64::from(run.count);
        }
    }

    fn link(&mut self, run: Run, sealed: &mut impl FnMut(UsageWindow)) {
        let window = UsageWindow::seal(self.tenant, self.links, run, self.head);
        self.links += 1;
        self.head = window.hash;
        sealed(window);
    }

    /// Ends the present period: no run of windows reaches into the next.
    fn end_period(&mut self, sealed: &mut impl FnMut(UsageWindow)) {
        self.seal(sealed);
        self.present.root = self.head;
        let next = PeriodUse::new(self.present.period.next());
        self.ended.push(std::mem::replace(&mut self.present, next));
    }

    /// Advances to the end of a period and ends it, whether or not anything comes after.
    pub(crate) fn end_with(&mut self, period: Period, sealed: &mut impl FnMut(UsageWindow)) {
        self.advance(period.to.secs(), sealed);
        while self.present.period.to <= period.to {
            self.end_period(sealed);
        }
    }

    /// Closes the account: the last window is cut off, the chain is complete. On a copy: what a draft shows.
    pub(crate) fn close(&mut self, now_s: i64, sealed: &mut impl FnMut(UsageWindow)) {
        if self.closed_s.is_none() {
            self.advance(now_s, sealed);
            let first_s = window_of(self.at_s);
            if self.at_s > first_s.max(self.opened_s) {
                let partial = std::mem::take(&mut self.partial);
                self.push(run_of(first_s, 1, partial), sealed);
            }
            self.closed_s = Some(self.at_s);
        }
        self.seal(sealed);
        self.present.root = self.head;
    }

    /// A pod of this rate runs from now on.
    pub(crate) fn begin(&mut self, rate: Usage) {
        self.overflow |= !add(&mut self.rate, rate);
        self.open += 1;
    }

    /// A pod of this rate runs no longer.
    pub(crate) fn end(&mut self, rate: Usage) {
        match self.rate.checked_sub(rate) {
            Some(rest) => self.rate = rest,
            None => self.overflow = true,
        }
        self.open = self.open.saturating_sub(1);
    }

    /// Takes back what was billed from `from_s` to now at a rate: a link of its own says so, since the
    /// windows are in the chain already. What belongs to a final period is left for the next invoice.
    pub(crate) fn take_back(
        &mut self,
        from_s: i64,
        rate: Usage,
        sealed: &mut impl FnMut(UsageWindow),
    ) {
        let secs = self.at_s - from_s;
        if secs <= 0 {
            return;
        }
        self.in_doubt_s = self.in_doubt_s.saturating_add(secs);
        let Some(usage) = rate.checked_mul(-secs) else {
            self.overflow = true;
            return;
        };
        self.seal(sealed);
        let first_s = window_of(from_s);
        let windows = (self.at_s - first_s + WINDOW_S - 1) / WINDOW_S;
        let run = Run {
            first: Time::from_secs(first_s),
            count: u32::try_from(windows).unwrap_or(u32::MAX),
            state: WindowState::Late,
            usage,
            in_doubt_s: secs,
        };
        self.link(run, sealed);
        self.overflow |= !add(&mut self.total, usage);
        self.spread(from_s, rate);
    }

    /// Takes `rate` back from each period between `from_s` and now.
    fn spread(&mut self, from_s: i64, rate: Usage) {
        let mut left = self.at_s - from_s;
        for index in 0..=self.ended.len() {
            let period = self.ended.get(index).unwrap_or(&self.present).period;
            let secs = period.to.secs().min(self.at_s) - period.from.secs().max(from_s);
            let Some(usage) = rate.checked_mul(-secs.max(0)) else {
                self.overflow = true;
                return;
            };
            let free = self.free(usage);
            let part = self.ended.get_mut(index).unwrap_or(&mut self.present);
            self.overflow |= !(add(&mut part.usage, usage) && add(&mut part.unlimited, free));
            left -= secs.max(0);
        }
        let late = rate.checked_mul(-left).unwrap_or_default();
        let free = self.free(late);
        let owed = late.checked_sub(free).unwrap_or_default();
        self.overflow |= !add(&mut self.late, owed);
    }

    /// Use in a period that is not final.
    pub(crate) fn used_in(&self, period: Period) -> Option<&PeriodUse> {
        std::iter::once(&self.present)
            .chain(&self.ended)
            .find(|part| part.period == period)
    }
}

/// Start of the window that holds a second.
fn window_of(second: i64) -> i64 {
    second.div_euclid(WINDOW_S) * WINDOW_S
}

fn run_of(first_s: i64, count: u32, each: Partial) -> Run {
    Run {
        first: Time::from_secs(first_s),
        count,
        state: each.state,
        usage: each.usage,
        in_doubt_s: each.in_doubt_s,
    }
}

fn times(pods: u32, secs: i64) -> i64 {
    i64::from(pods).saturating_mul(secs)
}

/// Adds to a sum; says whether it fits.
fn add(sum: &mut Usage, usage: Usage) -> bool {
    sum.checked_add(usage).map(|result| *sum = result).is_some()
}
