//! Machine time: where it stands, and how long until it stands somewhere else.
//!
//! Machine time goes on from where the store says it stopped, at a speed; while the process is down it
//! stands still. Tokens, limits and deadlines of requests use wall time instead (`runtime::now`).

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use nimbus_core::time::{Span, Time};
use tokio::sync::watch;

use crate::runtime::Stopwatch;

/// Shortest wait for a timer: waking more often than this changes nothing that anybody could see.
const WAIT_MIN: Duration = Duration::from_millis(1);

/// How fast machine time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// This many times as fast as wall time.
    Times(u32),
    /// From one due time to the next, without a wait.
    Max,
    /// Only when it is moved by hand: paused, and tests.
    Hand,
}

/// A clock of machine time. Cheap to clone; all clones show the same.
#[derive(Clone, Debug)]
pub struct Clock {
    pace: Pace,
    origin: Time,
    since: Stopwatch,
    hand: Arc<watch::Sender<Time>>,
}

impl Clock {
    /// A clock that starts now, at this time.
    #[must_use]
    pub fn new(origin: Time, pace: Pace) -> Clock {
        Clock {
            pace,
            origin,
            since: Stopwatch::start(),
            hand: Arc::new(watch::Sender::new(origin)),
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn now(&self) -> Time {
        match self.pace {
            Pace::Times(speed) => {
                let passed = self.since.wall().as_micros() * u128::from(speed);
                self.origin + Span(i64::try_from(passed).unwrap_or(i64::MAX))
            }
            Pace::Max | Pace::Hand => *self.hand.borrow(),
        }
    }

    /// How fast it goes.
    #[must_use]
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// Returns when it stands at `due` or later; never if nothing is due. A clock that is moved by hand
    /// also returns whenever it stands later than `since`.
    pub async fn until(&self, since: Time, due: Option<Time>) {
        match (self.pace, due) {
            (Pace::Hand, _) => {
                let mut hand = self.hand.subscribe();
                // the sender lives as long as this clock does
                let _ = hand.wait_for(|now| *now > since).await;
            }
            (_, None) => pending().await,
            (Pace::Max, Some(due)) => self.set(due),
            (Pace::Times(speed), Some(due)) => {
                let left = due.since(self.now()).0.unsigned_abs() / u64::from(speed.max(1));
                tokio::time::sleep(Duration::from_micros(left).max(WAIT_MIN)).await;
            }
        }
    }

    /// Moves it forward by hand. Does nothing to a clock that runs by itself.
    pub fn advance(&self, span: Span) {
        self.set(self.now() + span);
    }

    /// Moves it to a time by hand; never backwards.
    pub fn set(&self, to: Time) {
        self.hand.send_if_modified(|now| {
            let later = to > *now;
            *now = to.max(*now);
            later
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_by_hand_only_moves_forward() {
        let clock = Clock::new(Time::from_secs(10), Pace::Hand);
        clock.advance(Span::from_secs(5));
        clock.set(Time::from_secs(3));
        assert_eq!(clock.now(), Time::from_secs(15));
    }

    #[tokio::test]
    async fn a_clock_at_full_speed_jumps_to_what_is_due() {
        let clock = Clock::new(Time::from_secs(10), Pace::Max);
        clock
            .until(clock.now(), Some(Time::from_secs(86_400)))
            .await;
        assert_eq!(clock.now(), Time::from_secs(86_400));
    }

    #[tokio::test]
    async fn a_running_clock_goes_on_from_its_origin() {
        let clock = Clock::new(Time::from_secs(10), Pace::Times(1_000_000));
        clock.until(clock.now(), Some(Time::from_secs(11))).await;
        assert!(clock.now() >= Time::from_secs(11));
    }
}
