//! The autoscaler: its rule, the proof of its thresholds, and the machine under random traces.

mod flap;
mod machine;
mod rule;

use proptest::prelude::*;

use super::policy::{Look, Metric, decide};
use super::*;
use crate::explain::ScaleReason;
use crate::store::autoscaler::Sample;
use crate::time::{Span, Time};

/// Requests of one replica: the least for which the check of thresholds is exact.
const REQUEST_M: u64 = 200;

fn sample(used_m: u64, ready: u32) -> Sample {
    Sample {
        used_m: Some(used_m),
        requested_m: REQUEST_M * u64::from(ready),
        ready,
    }
}

/// A look long after the last change, at a new sample.
fn look(desired: u32, sample: Sample) -> Look {
    Look {
        now: Time::from_secs(1_000),
        desired,
        hold: false,
        changed_at: None,
        reason: None,
        metric: Metric::New(Time::from_secs(990), sample),
    }
}

/// Policies that are within their ranges.
fn any_policy() -> impl Strategy<Value = Policy> {
    (
        (2u32..120, 1u32..100),
        (1u32..6, 0u32..12),
        (1u32..4, 1u32..4),
        (1i64..4, 0i64..200),
        any::<bool>(),
    )
        .prop_map(
            |((up, down), (min, more), (step_up, step_down), (period, cooldown), wait_ready)| {
                Policy {
                    period: Span::from_secs(period * 15),
                    up_percent: up.max(down + 1),
                    down_percent: down,
                    min,
                    max: min + more,
                    step_up,
                    step_down,
                    cooldown: Span::from_secs(cooldown),
                    wait_ready,
                    allow_flap: false,
                }
            },
        )
}
