//! Billing periods: calendar months in UTC. They tile by construction: each ends where the next starts.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::time::{Span, Time};

/// A billing period, half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Period {
    /// Its first instant.
    pub from: Time,
    /// The first instant after it.
    pub to: Time,
}

/// How long drafts stay open after the period's end, for late usage.
pub const OPEN_AFTER_END: Span = Span::from_secs(24 * 3_600);

/// Beginning of the years 1 and 9000: all before and all after is one period each.
const CALENDAR: (i64, i64) = (-62_135_596_800, 221_845_392_000);

impl Period {
    /// The calendar month (UTC) that holds a time.
    #[must_use]
    pub fn month_of(time: Time) -> Period {
        let secs = time.secs();
        if secs < CALENDAR.0 {
            return Period {
                from: Time(i64::MIN),
                to: Time::from_secs(CALENDAR.0),
            };
        }
        if secs >= CALENDAR.1 {
            return Period {
                from: Time::from_secs(CALENDAR.1),
                to: Time::MAX,
            };
        }
        let start = Timestamp::from_second(secs)
            .map(|stamp| stamp.to_zoned(TimeZone::UTC).datetime())
            .unwrap_or_default()
            .first_of_month()
            .start_of_day();
        let next = start.checked_add(1.month()).unwrap_or(start);
        Period {
            from: utc(start),
            to: utc(next),
        }
    }

    /// The period that follows.
    #[must_use]
    pub fn next(self) -> Period {
        Period::month_of(self.to)
    }

    /// Its whole seconds.
    #[must_use]
    pub fn secs(self) -> i64 {
        self.to.secs() - self.from.secs()
    }
}

fn utc(time: DateTime) -> Time {
    time.to_zoned(TimeZone::UTC)
        .map_or(Time::ZERO, |zoned| Time(zoned.timestamp().as_microsecond()))
}
