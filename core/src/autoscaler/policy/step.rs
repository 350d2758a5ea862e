//! The policy `nimbus-step` (S0-14): one step up above a threshold, one down below another.
//!
//! Utilization is used / requested cpu over ready replicas, compared by cross-multiplication, strictly. A
//! sample that was measured before the last change says nothing about the replicas of now, so it moves
//! nothing: else lag alone would make sound thresholds oscillate.

use super::super::Policy;
use crate::explain::ScaleReason;
use crate::store::autoscaler::Sample;
use crate::time::Time;
use crate::units::{above_percent, below_percent};

/// What is known of a service's use at a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// A sample that no look has used, measured at this time.
    New(Time, Sample),
    /// The last sample is still valid and was used by an earlier look: nothing new.
    Used,
    /// None, or none that is still valid.
    Missing,
}

/// What a decision looks at, beside the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The time.
    pub now: Time,
    /// Replicas wanted.
    pub desired: u32,
    /// A rollout or a suspension holds them.
    pub hold: bool,
    /// When the wanted replicas last changed.
    pub changed_at: Option<Time>,
    /// The reason of the look before this.
    pub reason: Option<ScaleReason>,
    /// Use.
    pub metric: Metric,
}

/// A decision: the wish and its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Replicas wanted before.
    pub from: u32,
    /// Replicas wished.
    pub to: u32,
    /// Why.
    pub reason: ScaleReason,
}

/// Decides for one service. The wish lies within the bounds unless `hold` keeps replicas outside of them;
/// from within the bounds it moves by at most one step.
#[must_use]
pub fn decide(policy: &Policy, at: &Look) -> Verdict {
    let from = at.desired;
    let keep = |reason| Verdict {
        from,
        to: from,
        reason,
    };
    if at.hold {
        return keep(ScaleReason::RolloutRunning);
    }
    let bounded = bound(policy, from);
    if bounded != from {
        return Verdict {
            from,
            to: bounded,
            reason: ScaleReason::AtBound,
        };
    }
    let (measured, sample) = match at.metric {
        Metric::New(measured, sample) => (measured, sample),
        Metric::Used => return keep(at.reason.unwrap_or(ScaleReason::NoMetric)),
        Metric::Missing => return keep(ScaleReason::NoMetric),
    };
    let wish = wish(policy, from, &sample);
    if wish.to == from {
        return wish;
    }
    let too_recent = at
        .changed_at
        .is_some_and(|changed| measured <= changed || at.now.since(changed) < policy.cooldown);
    if too_recent {
        return keep(ScaleReason::Cooldown);
    }
    if wish.to > from && policy.wait_ready && sample.ready < from {
        return keep(ScaleReason::WaitReady);
    }
    wish
}

fn bound(policy: &Policy, replicas: u32) -> u32 {
    replicas.max(policy.min).min(policy.max)
}

/// The step that the thresholds ask for, within the bounds.
fn wish(policy: &Policy, from: u32, sample: &Sample) -> Verdict {
    let keep = |reason| Verdict {
        from,
        to: from,
        reason,
    };
    if sample.ready == 0 {
        return keep(ScaleReason::NoneReady);
    }
    let (Some(used), requested @ 1..) = (sample.used_m, sample.requested_m) else {
        return keep(ScaleReason::NoMetric);
    };
    let (wanted, reason) = if above_percent(used, requested, policy.up_percent) {
        (from.saturating_add(policy.step_up), ScaleReason::AboveUp)
    } else if below_percent(used, requested, policy.down_percent) {
        (
            from.saturating_sub(policy.step_down),
            ScaleReason::BelowDown,
        )
    } else {
        (from, ScaleReason::InBand)
    };
    let to = bound(policy, wanted);
    if to == from && wanted != from {
        return keep(ScaleReason::AtBound);
    }
    Verdict { from, to, reason }
}
