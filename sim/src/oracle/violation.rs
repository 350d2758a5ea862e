//! What an oracle has found.

use std::fmt;

use nimbus_core::time::Time;
use serde::Serialize;

use super::coverage::Invariant;

/// Violations kept; more are only counted.
pub(super) const KEPT_MAX: usize = 100;

/// An invariant does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which invariant.
    pub invariant: Invariant,
    /// When it was seen.
    pub at: Time,
    /// What it is about.
    pub subject: String,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at {}: {}: expected {}, found {} ({})",
            self.invariant.id,
            self.at,
            self.subject,
            self.expected,
            self.found,
            self.invariant.statement
        )
    }
}

/// Collects violations.
#[derive(Clone, Debug, Default)]
pub(super) struct Finds {
    pub(super) now: Time,
    pub(super) kept: Vec<Violation>,
    pub(super) count: u64,
}

impl Finds {
    /// Adds a violation.
    #[cold]
    pub(super) fn add(
        &mut self,
        invariant: Invariant,
        subject: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        self.count += 1;
        if self.kept.len() < KEPT_MAX {
            self.kept.push(Violation {
                invariant,
                at: self.now,
                subject: subject.into(),
                expected: expected.into(),
                found: found.into(),
            });
        }
    }

    /// Adds a violation unless the two are equal.
    #[inline]
    pub(super) fn equal<T: PartialEq + fmt::Debug>(
        &mut self,
        invariant: Invariant,
        subject: impl FnOnce() -> String,
        expected: &T,
        found: &T,
    ) {
        if expected != found {
            self.add(
                invariant,
                subject(),
                format!("{expected:?}"),
                format!("{found:?}"),
            );
        }
    }
}
