//! Rollouts: the act of bringing a revision to run, and its clock.

use crate::store::workload::{Clock, Progress, Rollout, RolloutState};
use crate::time::{Span, Time};

impl RolloutState {
    /// Whether it has ended.
    #[must_use]
    pub const fn ended(self) -> bool {
        !matches!(self, RolloutState::Pending | RolloutState::Progressing)
    }
}

impl Rollout {
    /// What a person should know about it.
    #[must_use]
    pub fn message(&self) -> Option<&'static str> {
        match (self.state, self.surge_refused) {
            (RolloutState::Failed, false) => {
                Some("no new replica became ready within the deadline; rollback is one call away")
            }
            (RolloutState::Failed, true) => Some(
                "no new replica became ready within the deadline, without surge since the quota refused it; rollback is one call away",
            ),
            (_, true) => Some("the quota refused the surge: surge 0, unavailable 1"),
            (_, false) => None,
        }
    }

    /// Ends it.
    pub fn end(&mut self, state: RolloutState, now: Time) {
        debug_assert!(state.ended() && !self.state.ended());
        self.state = state;
        self.paused = false;
        self.ended_at = Some(now);
    }
}

impl Progress {
    /// Lets the deadline run from where it stands. Returns when to arm a timer, if none is armed.
    #[must_use]
    pub fn start_clock(&mut self, now: Time) -> Option<Time> {
        if let Clock::Still(left) = self.clock {
            self.clock = Clock::Runs(now + left);
        }
        self.arm()
    }

    /// Stops the deadline.
    pub fn stop_clock(&mut self, now: Time) {
        if let Clock::Runs(until) = self.clock {
            self.clock = Clock::Still(until.since(now));
        }
    }

    /// A new replica is ready: the whole deadline is left again.
    pub fn advance(&mut self, best: u32, deadline: Span, now: Time) {
        self.best = best;
        self.clock = match self.clock {
            Clock::Still(_) => Clock::Still(deadline),
            Clock::Runs(_) => Clock::Runs(now + deadline),
        };
    }

    /// Its timer fired.
    #[must_use]
    pub fn fired(&mut self, now: Time) -> Fired {
        if self.timer.is_some_and(|timer| timer <= now) {
            self.timer = None;
        }
        match self.clock {
            Clock::Runs(until) if until <= now => Fired::Failed,
            Clock::Runs(_) => self.arm().map_or(Fired::Nothing, Fired::Arm),
            Clock::Still(_) => Fired::Nothing,
        }
    }

    /// At most one timer is armed, and not later than the deadline.
    fn arm(&mut self) -> Option<Time> {
        match (self.clock, self.timer) {
            (Clock::Runs(until), timer) if timer.is_none_or(|timer| timer > until) => {
                self.timer = Some(until);
                self.timer
            }
            _ => None,
        }
    }
}

/// What a timer of a rollout means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fired {
    /// The deadline has passed.
    Failed,
    /// It was moved: arm a timer for this time.
    Arm(Time),
    /// It stands still, or another timer is armed.
    Nothing,
}
