//! What a policy may say.

use super::super::Policy;
use crate::time::Span;

/// Most replicas of a service.
const REPLICAS_MAX: u32 = 1_000;
/// Highest threshold, percent.
const PERCENT_MAX: u32 = 1_000;
/// Shortest period.
const PERIOD_MIN: Span = Span::from_secs(1);
/// Longest period and cool-down.
const SPAN_MAX: Span = Span::from_secs(86_400);

/// A field of a policy is out of its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {value} is refused; expected {expected}")]
pub struct BadPolicy {
    /// Which field.
    pub field: &'static str,
    /// What it says.
    pub value: String,
    /// What it may say.
    pub expected: &'static str,
}

impl Policy {
    /// Checks the ranges: `1 ≤ min ≤ max ≤ 1000`, steps and percents in 1..=1000, up above down, a period of
    /// 1 s to 1 day, a cool-down of at most 1 day. Whether it can oscillate is asked of [`super::check`].
    ///
    /// # Errors
    /// The first field that is out of range.
    pub fn validate(&self) -> Result<(), BadPolicy> {
        let count = |field, value: u32, low: u32, high: u32, expected| {
            range(field, &value, &low, &high, expected)
        };
        range("period", &self.period, &PERIOD_MIN, &SPAN_MAX, "1s..1d")?;
        count("up_percent", self.up_percent, 1, PERCENT_MAX, "1..1000")?;
        count("down_percent", self.down_percent, 1, PERCENT_MAX, "1..1000")?;
        let below = self.up_percent - 1;
        count(
            "down_percent",
            self.down_percent,
            1,
            below,
            "less than up_percent",
        )?;
        count("min", self.min, 1, REPLICAS_MAX, "1..1000")?;
        count("max", self.max, 1, REPLICAS_MAX, "1..1000")?;
        count("max", self.max, self.min, REPLICAS_MAX, "at least min")?;
        count("step_up", self.step_up, 1, REPLICAS_MAX, "1..1000")?;
        count("step_down", self.step_down, 1, REPLICAS_MAX, "1..1000")?;
        range("cooldown", &self.cooldown, &Span::ZERO, &SPAN_MAX, "0s..1d")
    }
}

fn range<T: Ord + ToString>(
    field: &'static str,
    value: &T,
    low: &T,
    high: &T,
    expected: &'static str,
) -> Result<(), BadPolicy> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(BadPolicy {
        field,
        value: value.to_string(),
        expected,
    })
}
