//! How many pods a rollout may have above and below the desired count.
//!
//! Kubernetes' rule (`pkg/controller/deployment/util`, `ResolveFenceposts`): surge rounds up, unavailable
//! rounds down, never both 0.

use super::input::{Share, Strategy};
use crate::store::workload::Fence;

/// What runs when the quota refuses the surge (contract 6.4).
pub const NO_SURGE: Fence = Fence {
    surge: 0,
    unavailable: 1,
};

impl Share {
    fn of(self, replicas: u32, up: bool) -> u32 {
        match self {
            Share::Count(count) => count,
            Share::Percent(percent) => {
                let product = u64::from(percent) * u64::from(replicas);
                let share = if up {
                    product.div_ceil(100)
                } else {
                    product / 100
                };
                u32::try_from(share).unwrap_or(u32::MAX)
            }
        }
    }
}

impl Strategy {
    /// Resolves the shares. A rollout has at most twice the desired pods, so a surge above `replicas` is
    /// one of `replicas`.
    #[must_use]
    pub fn fence(&self, replicas: u32) -> Fence {
        let surge = self.surge.of(replicas, true).min(replicas);
        let unavailable = self.unavailable.of(replicas, false).min(replicas);
        if surge == 0 && unavailable == 0 {
            NO_SURGE
        } else {
            Fence { surge, unavailable }
        }
    }
}
