//! Rollouts: the act of bringing a revision to run, and its clock.

use serde::{Deserialize, Serialize};

use crate::ids::{RolloutId, ServiceNo};
use crate::time::{Span, Time};

/// What began a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A deploy.
    Deploy,
    /// A rollback.
    Rollback,
    /// A restart of the same revision.
    Restart,
}

/// State of a rollout, `domain.md` 4.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RolloutState {
    /// Nothing applied yet: the tenant is not active.
    Pending,
    /// The cluster works on it.
    Progressing,
    /// All replicas are of the revision and ready.
    Complete,
    /// The progress deadline passed.
    Failed,
    /// A newer revision, a restart or a deletion came first.
    Superseded,
}

impl RolloutState {
    /// Whether it has ended.
    #[must_use]
    pub const fn ended(self) -> bool {
        !matches!(self, RolloutState::Pending | RolloutState::Progressing)
    }
}

/// The progress deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// It stands still with this much left: not applied, paused, or the tenant is suspended.
    Still(Span),
    /// It runs out at this time.
    Runs(Time),
}

/// How far a rollout is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Most ready replicas of the revision seen so far.
    pub best: u32,
    /// The progress deadline.
    pub clock: Clock,
    /// The timer that is armed for it; it may be earlier than the deadline and is then armed again.
    pub timer: Option<Time>,
}

/// One rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// Whose.
    pub service: ServiceNo,
    /// 1, 2, … within the service.
    pub number: u32,
    /// Its id.
    pub id: RolloutId,
    /// The revision that it brings.
    pub revision: u32,
    /// The revision that was current before it; `None` for the first.
    pub from: Option<u32>,
    /// What began it.
    pub cause: Cause,
    /// Its state.
    pub state: RolloutState,
    /// Whether it stands still.
    pub paused: bool,
    /// Whether the quota refused its surge, so that it runs with surge 0 and unavailable 1.
    pub surge_refused: bool,
    /// Longest time without a new ready replica.
    pub deadline: Span,
    /// Generation of the Deployment that began it.
    pub since: u32,
    /// How far it is; recorded by itself, since it changes with pods.
    pub progress: Progress,
    /// When it was made.
    pub started_at: Time,
    /// When it ended.
    pub ended_at: Option<Time>,
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
