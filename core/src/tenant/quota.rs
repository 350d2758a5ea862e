//! Quota arithmetic: what fits, and what is lacking first in the order cpu, memory, pods, apps.

use super::Ask;
use crate::explain::Lack;
use crate::units::Resources;

/// Whether an ask fits beside what is used.
///
/// While any part of `used` stands above `quota` (it was lowered by force) nothing that asks for resources
/// fits. `apps_left` is `None` where the plan sets no limit, else (limit, left).
///
/// # Errors
/// What is lacking first.
pub(super) fn admit(
    quota: Resources,
    used: Resources,
    ask: Ask,
    apps_left: Option<(u32, u32)>,
) -> Result<(), Lack> {
    if ask.resources != Resources::ZERO
        && let Some(lack) = first_lack(quota, used, ask.resources)
    {
        return Err(lack);
    }
    match apps_left {
        Some((limit, left)) if ask.apps > left => Err(Lack::Apps { limit }),
        _ => Ok(()),
    }
}

/// The first resource that is above quota already, or would be.
pub(crate) fn first_lack(quota: Resources, used: Resources, asks: Resources) -> Option<Lack> {
    let left = quota.saturating_sub(used);
    if used.cpu > quota.cpu || asks.cpu > left.cpu {
        return Some(Lack::Cpu {
            asked: asks.cpu.0,
            left: left.cpu.0,
        });
    }
    if used.memory > quota.memory || asks.memory > left.memory {
        return Some(Lack::Memory {
            asked: asks.memory.0,
            left: left.memory.0,
        });
    }
    (used.pods > quota.pods || asks.pods > left.pods).then_some(Lack::Pods {
        asked: asks.pods,
        left: left.pods,
    })
}

/// Whether a new quota is at least what is used.
///
/// # Errors
/// The first resource where it is not: `asked` is the use, `left` the new quota.
pub(super) fn covers(quota: Resources, used: Resources) -> Result<(), Lack> {
    match first_lack(quota, Resources::ZERO, used) {
        Some(lack) => Err(lack),
        None => Ok(()),
    }
}
