//! Time and spans of time: integers that are handed in.
//!
//! A machine never reads a clock. Whoever drives it says what time it is, in microseconds since the
//! Unix epoch (UTC), and a timer is a [`Time`] that the machine asks to be woken at.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

/// A point in time: microseconds since the Unix epoch, UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(pub i64);

/// A length of time in microseconds, never negative by convention.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Span(pub i64);

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a duration: expected an integer with a unit, as in 250ms, 30s, 10m, 24h or 7d"
)]
pub struct BadSpan(pub String);

/// Why a text is not a point in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a time: expected RFC 3339, as in 2026-11-01T00:00:00Z")]
pub struct BadTime(pub String);

impl Time {
    /// The Unix epoch.
    pub const ZERO: Time = Time(0);
    /// Later than everything that happens.
    pub const MAX: Time = Time(i64::MAX);

    /// Reads what [`Display`](fmt::Display) writes: RFC 3339, any offset, at most microseconds kept.
    ///
    /// # Errors
    /// Another form, or a time before the year −9999 or after 9999.
    pub fn parse(text: &str) -> Result<Time, BadTime> {
        text.parse::<jiff::Timestamp>()
            .map(|stamp| Time(stamp.as_microsecond()))
            .map_err(|_| BadTime(text.chars().take(64).collect()))
    }

    /// A time from whole seconds since the epoch; saturates at the ends.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Time {
        Time(secs.saturating_mul(1_000_000))
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// How long ago `earlier` was; zero if it is not earlier.
    #[must_use]
    pub const fn since(self, earlier: Time) -> Span {
        let d = self.0.saturating_sub(earlier.0);
        Span(if d < 0 { 0 } else { d })
    }

    /// The first multiple of `step` after the epoch that is later than this time.
    #[must_use]
    pub const fn next_multiple(self, step: Span) -> Time {
        Time((self.0.div_euclid(step.0) + 1).saturating_mul(step.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// A span of whole seconds; saturates.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Span {
        Span(secs.saturating_mul(1_000_000))
    }

    /// A span of milliseconds; saturates.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Span {
        Span(millis.saturating_mul(1_000))
    }

    /// Whole seconds, rounded down.
    #[must_use]
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Reads `250ms`, `30s`, `10m`, `24h`, `7d`, or a sum such as `1h30m`. Units: us, ms, s, m, h, d.
    ///
    /// # Errors
    /// A missing unit, an unknown unit, a sign, a fraction, or more than `i64` microseconds.
    pub fn parse(text: &str) -> Result<Span, BadSpan> {
        let bad = || BadSpan(text.to_owned());
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(bad());
        }
        let mut total: i64 = 0;
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number: i64 = rest[..digits].parse().map_err(|_| bad())?;
            rest = &rest[digits..];
            let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
            let unit: i64 = match &rest[..letters] {
                "us" => 1,
                "ms" => 1_000,
                "s" => 1_000_000,
                "m" => 60_000_000,
                "h" => 3_600_000_000,
                "d" => 86_400_000_000,
                _ => return Err(bad()),
            };
            rest = &rest[letters..];
            total = number
                .checked_mul(unit)
                .and_then(|n| total.checked_add(n))
                .ok_or_else(bad)?;
        }
        Ok(Span(total))
    }
}

impl fmt::Display for Span {
    /// The shortest sum of units that says exactly this: `1h30m`, `250ms`, `0s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0.unsigned_abs();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let units: [(u64, &str); 6] = [
            (86_400_000_000, "d"),
            (3_600_000_000, "h"),
            (60_000_000, "m"),
            (1_000_000, "s"),
            (1_000, "ms"),
            (1, "us"),
        ];
        for (size, name) in units {
            if rest >= size {
                write!(f, "{}{name}", rest / size)?;
                rest %= size;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Time {
    /// RFC 3339, UTC, with microseconds only where there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(stamp) => write!(f, "{stamp}"),
            Err(_) => write!(f, "{}us", self.0),
        }
    }
}

impl Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub<Span> for Time {
    type Output = Time;
    fn sub(self, span: Span) -> Time {
        Time(self.0.saturating_sub(span.0))
    }
}

impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_read_and_shown() {
        assert_eq!(Span::parse("1h30m"), Ok(Span::from_secs(5_400)));
        assert_eq!(Span::parse("250ms"), Ok(Span(250_000)));
        assert_eq!(Span::from_secs(90_061).to_string(), "1d1h1m1s");
        for bad in [
            "",
            "5",
            "s",
            "-1s",
            "1.5h",
            "1 h",
            "9223372036854775807d",
            "3w",
        ] {
            assert!(Span::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_shown_as_rfc_3339() {
        assert_eq!(Time::from_secs(0).to_string(), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn times_are_read_as_rfc_3339() {
        for time in [Time(0), Time(1_700_000_000_123_456), Time(-1)] {
            assert_eq!(Time::parse(&time.to_string()), Ok(time));
        }
        assert_eq!(Time::parse("1970-01-01T01:00:00+01:00"), Ok(Time(0)));
        for bad in ["", "today", "2026-11-01", "1970-01-01T00:00:00"] {
            assert!(Time::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(micros in 0i64..i64::MAX) {
            prop_assert_eq!(Span::parse(&Span(micros).to_string()), Ok(Span(micros)));
        }
    }
}
