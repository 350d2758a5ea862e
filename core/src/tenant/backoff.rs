//! How long to wait before a failed step is tried again.

use super::Config;
use crate::time::Span;

/// Least wait, whatever is configured: a retry never comes within the instant of its failure.
const LEAST: i64 = 1_000;

/// The wait after `failures` earlier ones: `first · 2^failures`, at most `max`, of which the upper half is
/// jitter. `draw` is any 128 bits.
pub(super) fn wait(config: &Config, failures: u32, draw: u128) -> Span {
    let doubled = config
        .retry_first
        .0
        .saturating_mul(1 << failures.min(40))
        .min(config.retry_max.0)
        .max(LEAST);
    let half = doubled / 2;
    let jitter = draw % (u128::from(half.unsigned_abs()) + 1);
    Span(doubled - half + i64::try_from(jitter).unwrap_or(half))
}
