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
        && let Some(lack) = Lack::first(quota, used, ask.resources)
    {
        return Err(lack);
    }
    match apps_left {
        Some((limit, left)) if ask.apps > left => Err(Lack::Apps { limit }),
        _ => Ok(()),
    }
}

/// Whether a new quota is at least what is used.
///
/// # Errors
/// The first resource where it is not: `asked` is the use, `left` the new quota.
pub(super) fn covers(quota: Resources, used: Resources) -> Result<(), Lack> {
    match Lack::first(quota, Resources::ZERO, used) {
        Some(lack) => Err(lack),
        None => Ok(()),
    }
}
