//! Load curves: requests per second over time, in whole thousandths.
//!
//! Guarantees: the rate at a time depends on the curve and its seed alone, never on what was asked before,
//! so samples may be taken in any order and on any number of threads.
//! Floats serve shapes (sine, Poisson) through `libm`, which gives the same bits everywhere; what leaves is
//! an integer.

mod poisson;

use std::sync::Arc;

use nimbus_core::rng;
use nimbus_core::time::{Span, Time};
use rand::Rng;

use crate::scenario::Shape;

/// A recorded rate: thousandths of a request per second, one value a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Length of a step.
    pub step: Span,
    /// The rate in each step; zero after the last.
    pub rates: Arc<Vec<u64>>,
}

/// A load over time.
#[derive(Clone, Debug)]
pub struct Curve {
    from: Time,
    until: Time,
    shape: Shape,
    recorded: Option<Recorded>,
    key: u128,
}

impl Curve {
    /// A curve that begins at `from` and is zero before, and from `until` on. `name` names its random
    /// stream; `recorded` is what the file of a [`Shape::Series`] holds.
    #[must_use]
    pub fn new(
        shape: &Shape,
        from: Time,
        until: Option<Time>,
        seed: u64,
        name: &str,
        recorded: Option<Recorded>,
    ) -> Curve {
        let mut stream = rng::stream(u128::from(seed), "load", name);
        let key = u128::from(stream.next_u64()) << 64 | u128::from(stream.next_u64());
        Curve {
            from,
            until: until.unwrap_or(Time::MAX),
            shape: shape.clone(),
            recorded,
            key,
        }
    }

    /// The rate at a time, in thousandths of a request per second.
    #[must_use]
    pub fn rate(&self, at: Time) -> u64 {
        if at < self.from || at >= self.until {
            return 0;
        }
        let since = at.since(self.from);
        match &self.shape {
            Shape::Constant { rate } => *rate,
            Shape::Step { rate, steps } => {
                let past = steps.iter().rev().find(|(from, _)| *from <= since);
                past.map_or(*rate, |(_, rate)| *rate)
            }
            Shape::Ramp { low, high, over } => between(*low, *high, since.0.min(over.0), over.0),
            Shape::Sine {
                low,
                high,
                period,
                phase,
            } => sine(*low, *high, *period, since + *phase),
            Shape::Burst {
                low,
                high,
                period,
                at,
                length,
            } => {
                let begun = since.0.checked_sub(at.0).filter(|begun| *begun >= 0);
                let into = begun.map(|begun| begun.checked_rem(period.0).unwrap_or(begun));
                if into.is_some_and(|into| into < length.0) {
                    *high
                } else {
                    *low
                }
            }
            Shape::Poisson { rate, interval } => {
                let index = since.0.checked_div(interval.0).unwrap_or(0);
                poisson::rate(self.key, index.unsigned_abs(), *rate, *interval)
            }
            Shape::Series(_) => self.recorded.as_ref().map_or(0, |recorded| {
                let index = since
                    .0
                    .checked_div(recorded.step.0)
                    .and_then(|index| usize::try_from(index).ok());
                index
                    .and_then(|index| recorded.rates.get(index))
                    .copied()
                    .unwrap_or(0)
            }),
        }
    }
}

/// `part / whole` of the way from `low` to `high`, rounded towards `low`; `high` at the end of nothing.
fn between(low: u64, high: u64, part: i64, whole: i64) -> u64 {
    if part >= whole {
        return high;
    }
    let (part, whole) = (
        u128::from(part.unsigned_abs()),
        u128::from(whole.unsigned_abs()),
    );
    let way = |far: u64| u64::try_from(u128::from(far) * part / whole).unwrap_or(far);
    if high >= low {
        low + way(high - low)
    } else {
        low - way(low - high)
    }
}

/// A sine wave, lowest at 0.
fn sine(low: u64, high: u64, period: Span, at: Span) -> u64 {
    let into = at.0.checked_rem(period.0).unwrap_or(0);
    let (low, high) = (low.min(high), low.max(high));
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share of a period; libm rounds alike everywhere"
    )]
    let turn = into as f64 / period.0.max(1) as f64;
    let level = (1.0 - libm::cos(turn * std::f64::consts::TAU)) / 2.0;
    #[expect(clippy::cast_precision_loss, reason = "rates stay far below 2^53")]
    let above = libm::round(level * (high - low) as f64);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and high − low"
    )]
    let above = above as u64;
    low + above.min(high - low)
}

#[cfg(test)]
mod tests;
