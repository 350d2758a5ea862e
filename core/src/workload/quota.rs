//! What a service holds of its tenant's quota, and how it grows and shrinks.
//!
//! A service holds `slots` pods of `per` each. The rule that keeps its pods within that:
//!
//! * before anything is asked of the cluster, the holding grows: slots to replicas + surge, `per` to the
//!   larger of old and new request in each resource, for as long as pods of both may run;
//! * it shrinks only when the cluster has shown that what was taken away has **ended**: terminating pods
//!   still count in a Kubernetes ResourceQuota, so quota given back earlier could be promised twice.
//!
//! During a rollout terminating pods may stand beside replicas + surge; the ResourceQuota of the space,
//! which counts them, then makes new pods wait, so a tenant's real pods never exceed its quota.

use crate::cluster::DeploymentStatus;
use crate::store::workload::Held;
use crate::units::Resources;

fn larger(a: Resources, b: Resources) -> Resources {
    Resources {
        cpu: a.cpu.max(b.cpu),
        memory: a.memory.max(b.memory),
        pods: a.pods.max(b.pods),
    }
}

impl Held {
    /// All of it; `None` when it is more than can be counted, which [`Held::grown`] never gives.
    #[must_use]
    pub fn total(&self) -> Option<Resources> {
        self.per.checked_mul(self.slots)
    }

    /// What must be held for `replicas` and `surge` pods of `requests` beside what may still be there.
    /// `None` on overflow.
    #[must_use]
    pub fn grown(&self, replicas: u32, surge: u32, requests: Resources) -> Option<Held> {
        let to = Held {
            slots: self.slots.max(replicas.checked_add(surge)?),
            surge,
            per: larger(self.per, requests),
        };
        to.total().map(|_| to)
    }

    /// What is still needed. `seen` is a status of the present generation, or an empty one when nothing
    /// was ever applied; `keep_template` says that pods of another template may still be made (paused).
    #[must_use]
    pub fn shrunk(
        &self,
        replicas: u32,
        requests: Resources,
        seen: DeploymentStatus,
        keep_template: bool,
    ) -> Held {
        let one_template =
            seen.updated == seen.total && seen.updated_ready >= replicas && !keep_template;
        let surge = if one_template { 0 } else { self.surge };
        let exist = seen.total.saturating_add(seen.terminating);
        let slots = replicas.saturating_add(surge).max(exist).min(self.slots);
        let per = if one_template && seen.terminating == 0 {
            requests
        } else {
            self.per
        };
        Held { slots, surge, per }
    }

    /// What `self` has more than `less`; zero parts where it has not.
    #[must_use]
    pub fn beyond(&self, less: &Held) -> Resources {
        let total = self.total().unwrap_or(Resources::ZERO);
        total.saturating_sub(less.total().unwrap_or(Resources::ZERO))
    }
}
