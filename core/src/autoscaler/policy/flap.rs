//! Thresholds with a proof (U-03): whether a policy can oscillate under constant load.

use super::super::Policy;

/// The policy may oscillate under constant load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the policy may oscillate at {replicas} replicas: up × replicas < down × replicas after a step"
)]
pub struct Flap {
    /// The least replica count at which it does.
    pub replicas: u32,
}

/// Checks that a policy settles under constant load: `min = max`, or `up · min ≥ down · min(min + s, max)`
/// with `s` the larger of both steps.
///
/// A step up from `n` happens above `up · n` and the step back from `n + s` below `down · (n + s)`; no load
/// lies in both when `up · n ≥ down · (n + s)`. As `up > down`, the least `n` decides. Exact for equal steps,
/// sufficient otherwise. Assumes that a change has taken effect by the next look, and requests of at least
/// 200m a replica, so that whole millicores do not blur the thresholds.
///
/// # Errors
/// [`Flap`] with the replica count.
pub fn check(policy: &Policy) -> Result<(), Flap> {
    let Policy { min, max, .. } = *policy;
    let step = policy.step_up.max(policy.step_down);
    let stepped = min.saturating_add(step).min(max);
    let up = u64::from(policy.up_percent) * u64::from(min);
    let down = u64::from(policy.down_percent) * u64::from(stepped);
    if min == max || up >= down {
        Ok(())
    } else {
        Err(Flap { replicas: min })
    }
}
