//! I-3, R9: replica counts under a policy.

use std::collections::BTreeMap;
use std::sync::Arc;

use nimbus_core::autoscaler::Policy;
use nimbus_core::cluster::Deployment;
use nimbus_core::explain::Scale;
use nimbus_core::ids::ServiceNo;
use nimbus_core::tenant::Status;
use nimbus_core::time::Time;

use super::books::Books;
use super::coverage::BOUNDS;
use super::violation::Finds;

/// A watched service.
#[derive(Clone, Debug)]
struct Watched {
    policy: Arc<Policy>,
    desired: u32,
    /// When that changed last: a wish that was refused is no change, and may be repeated.
    changed: Option<Time>,
    decided: Option<Time>,
}

/// All watched services.
#[derive(Clone, Debug, Default)]
pub(super) struct Bounds {
    watched: BTreeMap<ServiceNo, Watched>,
}

impl Bounds {
    pub(super) fn watch(
        &mut self,
        now: Time,
        service: ServiceNo,
        policy: &Arc<Policy>,
        desired: u32,
    ) {
        let known = self.watched.get(&service);
        if known.is_some_and(|watched| watched.policy == *policy) {
            return self.replicas(now, service, desired);
        }
        let watched = Watched {
            policy: Arc::clone(policy),
            desired,
            changed: None,
            decided: None,
        };
        self.watched.insert(service, watched);
    }

    /// The count that is wanted, by whomever.
    pub(super) fn replicas(&mut self, now: Time, service: ServiceNo, desired: u32) {
        if let Some(watched) = self.watched.get_mut(&service)
            && watched.desired != desired
        {
            watched.desired = desired;
            watched.changed = Some(now);
        }
    }

    pub(super) fn unwatch(&mut self, service: ServiceNo) {
        self.watched.remove(&service);
    }

    /// A decision: within the bounds, by at most a step unless it leads back into them.
    pub(super) fn decided(&mut self, finds: &mut Finds, scale: &Scale) {
        let no = scale.service;
        if scale.from == scale.to {
            return;
        }
        let Some(watched) = self.watched.get_mut(&no) else {
            return finds.add(BOUNDS, format!("service {no}"), "a policy", "none");
        };
        let policy = &watched.policy;
        within(finds, no, policy, scale.to);
        let outside = !(policy.min..=policy.max).contains(&scale.from);
        let step = if scale.to > scale.from {
            policy.step_up
        } else {
            policy.step_down
        };
        let moved = scale.to.abs_diff(scale.from);
        if !outside && moved > step {
            finds.add(
                BOUNDS,
                format!("service {no}"),
                format!("at most {step} replicas at once"),
                format!("{} to {}", scale.from, scale.to),
            );
        }
        let twice = watched.decided.replace(finds.now) == Some(finds.now);
        let early = watched
            .changed
            .filter(|last| twice || finds.now.since(*last) < policy.cooldown);
        if let Some(last) = early.filter(|_| !outside) {
            finds.add(
                BOUNDS,
                format!("service {no}"),
                format!("no change before {}", last + policy.cooldown),
                format!("one at {}", finds.now),
            );
        }
    }

    /// A Deployment leaves: its replicas are within the bounds, or 0 while the tenant does not run. A tenant
    /// that is suspended and resumed at one instant runs again when both commands leave.
    pub(super) fn applied(
        &self,
        books: &Books,
        finds: &mut Finds,
        no: ServiceNo,
        deployment: &Deployment,
    ) {
        let owner = deployment.tenant;
        let known = books.tenants.get(owner.index());
        let at_once = known.is_some_and(|tenant| tenant.stopped == Some(books.now));
        let idle = at_once || books.status(owner) != Some(Status::Active);
        let stopped = deployment.replicas == 0 && idle;
        if let Some(watched) = self.watched.get(&no).filter(|_| !stopped) {
            within(finds, no, &watched.policy, deployment.replicas);
        }
    }
}

fn within(finds: &mut Finds, no: ServiceNo, policy: &Policy, replicas: u32) {
    if !(policy.min..=policy.max).contains(&replicas) {
        finds.add(
            BOUNDS,
            format!("service {no}"),
            format!("{}..{} replicas", policy.min, policy.max),
            format!("{replicas}"),
        );
    }
}
