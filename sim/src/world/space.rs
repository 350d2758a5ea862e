//! Tenants' spaces: quota admission as the backstop behind the tenant machine's own reservation.

use std::collections::BTreeSet;
use std::sync::Arc;

use nimbus_core::cluster::{self, Event, Finish};
use nimbus_core::ids::{PodNo, ServiceNo, TenantNo};
use nimbus_core::rng;
use nimbus_core::time::Time;
use nimbus_core::units::Resources;
use serde::{Deserialize, Serialize};

use super::World;
use super::run::Due;

/// Purpose byte of the UIDs of namespaces, apart from every address of a machine.
const UID: u8 = u8::MAX;

/// A tenant's space.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Space {
    pub(super) quota: Resources,
    pub(super) admits: bool,
    /// What its pods ask for, bound or not.
    pub(super) used: Resources,
    /// Whether it is being deleted.
    terminating: bool,
    uid: u128,
    /// Deployments that quota admission left short of pods.
    pub(super) starved: BTreeSet<ServiceNo>,
}

impl Space {
    /// How many pods of this size it still admits.
    pub(super) fn admits(&self, asks: Resources) -> u32 {
        if !self.admits || self.terminating {
            return 0;
        }
        let left = self.quota.saturating_sub(self.used);
        let by_cpu = left.cpu.0.checked_div(asks.cpu.0).unwrap_or(u64::MAX);
        let by_memory = left.memory.0.checked_div(asks.memory.0).unwrap_or(u64::MAX);
        let by_pods = left.pods.checked_div(asks.pods).unwrap_or(u32::MAX);
        u32::try_from(by_cpu.min(by_memory))
            .unwrap_or(u32::MAX)
            .min(by_pods)
    }
}

impl World {
    pub(super) fn space(&mut self, tenant: TenantNo) -> Option<&mut Space> {
        self.spaces.get_mut(tenant.index())?.as_deref_mut()
    }

    /// What the pods of a tenant ask for now, bound or not; `None` without a space.
    #[must_use]
    pub fn tenant_use(&self, tenant: TenantNo) -> Option<Resources> {
        Some(self.spaces.get(tenant.index())?.as_deref()?.used)
    }

    /// The tenants that have a space, in order.
    pub fn tenants(&self) -> impl Iterator<Item = TenantNo> {
        let spaces = self.spaces.iter().enumerate();
        spaces.filter_map(|(index, space)| space.as_ref().map(|_| TenantNo::at(index)))
    }

    pub(super) fn ensure_space(
        &mut self,
        now: Time,
        tenant: TenantNo,
        wanted: &cluster::Space,
        out: &mut Vec<Event>,
    ) {
        let index = tenant.index();
        if self.spaces.len() <= index {
            self.spaces.resize_with(index + 1, || None);
        }
        let seed = u128::from(self.config.seed);
        let made = &mut self.spaces_made;
        let space = self.spaces[index].get_or_insert_with(|| {
            *made += 1;
            Box::new(Space {
                quota: Resources::ZERO,
                admits: false,
                used: Resources::ZERO,
                terminating: false,
                uid: rng::draw(seed, UID, *made),
                starved: BTreeSet::new(),
            })
        });
        if space.terminating {
            out.push(Event::SpaceFailed {
                tenant,
                retryable: true,
                reason: Arc::from("the namespace is terminating"),
            });
            return;
        }
        space.quota = wanted.quota;
        space.admits = wanted.admits;
        let starved = std::mem::take(&mut space.starved);
        self.dirty.extend(starved);
        self.arm(now + self.config.space_delay, Due::SpaceReady(tenant));
    }

    pub(super) fn space_ready(&mut self, tenant: TenantNo, out: &mut Vec<Event>) {
        if let Some(space) = self.space(tenant).filter(|space| !space.terminating) {
            let uid = space.uid;
            out.push(Event::SpaceReady { tenant, uid });
        }
    }

    /// Ends all that the tenant has; the space itself is gone a little later.
    pub(super) fn delete_space(&mut self, now: Time, tenant: TenantNo, out: &mut Vec<Event>) {
        match self.space(tenant) {
            Some(space) if space.terminating => return,
            Some(space) => space.terminating = true,
            None => {}
        }
        let owned: Vec<ServiceNo> = (0..)
            .map(ServiceNo)
            .zip(&self.services)
            .filter(|(_, service)| service.known && service.tenant == tenant)
            .map(|(no, _)| no)
            .collect();
        for &service in &owned {
            if self.services[service.index()].deployment.is_some() {
                self.delete_deployment(now, service, out);
            }
        }
        let pods: Vec<PodNo> = self
            .pods
            .iter()
            .filter(|(_, pod)| owned.binary_search(&pod.service).is_ok())
            .map(|(no, _)| PodNo(no))
            .collect();
        for pod in pods {
            self.finish(now, pod, Finish::Deleted, out);
        }
        self.arm(now + self.config.space_delay, Due::SpaceGone(tenant));
    }

    pub(super) fn space_gone(&mut self, tenant: TenantNo, out: &mut Vec<Event>) {
        if let Some(slot) = self.spaces.get_mut(tenant.index()) {
            *slot = None;
        }
        out.push(Event::SpaceGone { tenant });
    }
}
