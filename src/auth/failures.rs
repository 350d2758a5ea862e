//! Failed sign-ins: five a minute per address and subject, then a wait. Bounded in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use nimbus_core::time::{Span, Time};

/// Failures that are free.
pub(super) const FREE: u32 = 5;
/// Within this time.
pub(super) const WITHIN: Span = Span::from_secs(60);
/// Most pairs that are remembered; the ones that failed longest ago go first.
pub(super) const PAIRS_MAX: usize = 100_000;
/// Longest part of a subject that is told apart.
const SUBJECT_MAX: usize = 64;

type Pair = (Option<IpAddr>, String);

#[derive(Debug, Default)]
struct Counted {
    /// Since when, and how many, by pair.
    pairs: BTreeMap<Pair, (Time, u32)>,
    /// Pairs by the start of their minute.
    by_time: BTreeSet<(Time, Pair)>,
}

/// Counts failures.
#[derive(Debug, Default)]
pub(super) struct Failures {
    counted: Mutex<Counted>,
}

impl Failures {
    /// Whether one more try is allowed.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn check(
        &self,
        address: Option<IpAddr>,
        subject: &str,
        now: Time,
    ) -> Result<(), Span> {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        match counted.pairs.get(&pair(address, subject)) {
            Some(&(since, count)) if count >= FREE && recent(since, now) => {
                Err(Span(WITHIN.0 - now.since(since).0))
            }
            _ => Ok(()),
        }
    }

    /// Counts a failure.
    pub(super) fn count(&self, address: Option<IpAddr>, subject: &str, now: Time) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let pair = pair(address, subject);
        let before = counted.pairs.get(&pair).copied();
        let (since, count) = match before {
            Some((since, count)) if recent(since, now) => (since, count.saturating_add(1)),
            _ => (now, 1),
        };
        if let Some((old, _)) = before {
            counted.by_time.remove(&(old, pair.clone()));
        }
        counted.by_time.insert((since, pair.clone()));
        counted.pairs.insert(pair, (since, count));
        while counted.pairs.len() > PAIRS_MAX
            && let Some((_, oldest)) = counted.by_time.pop_first()
        {
            counted.pairs.remove(&oldest);
        }
    }

    /// How many pairs are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.pairs.len()
    }
}

fn pair(address: Option<IpAddr>, subject: &str) -> Pair {
    (address, subject.chars().take(SUBJECT_MAX).collect())
}

fn recent(since: Time, now: Time) -> bool {
    since <= now && now.since(since) < WITHIN
}
