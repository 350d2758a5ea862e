//! Deployments: replica sets that follow the controller's arithmetic, and the status that is reported.

use std::sync::Arc;

use nimbus_core::cluster::{Deployment, DeploymentStatus, Event, Finish};
use nimbus_core::ids::{PodNo, ServiceNo, SpecNo};
use nimbus_core::time::Time;
use serde::{Deserialize, Serialize};

use super::World;
use super::pod::Pod;
use super::rolling::{self, Goal, Pass, Size};

/// Most passes of a controller at one instant: far more than any rollout between two starts needs.
const PASSES_MAX: u32 = 10_000;

/// A replica set: the pods of one template. Empty ones are dropped, except the newest.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Set {
    serial: u32,
    revision: u32,
    restart: u32,
    starts: bool,
    spec: SpecNo,
    size: Size,
    /// Its pods in the order in which they were made.
    pods: Vec<PodNo>,
}

impl Set {
    /// Pods that are still to be made.
    fn lacks(&self) -> u32 {
        let have = u32::try_from(self.pods.len()).unwrap_or(u32::MAX);
        self.size.replicas.saturating_sub(have)
    }
}

/// A Deployment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Rollout {
    wanted: Arc<Deployment>,
    sets: Vec<Set>,
    serials: u32,
    reported: Option<DeploymentStatus>,
}

impl Rollout {
    fn goal(&self) -> Goal {
        Goal {
            replicas: self.wanted.replicas,
            surge: self.wanted.max_surge,
            unavailable: self.wanted.max_unavailable,
            paused: self.wanted.paused,
        }
    }

    /// The place of the set with the present template.
    fn newest(&self) -> Option<usize> {
        let key = (self.wanted.revision, self.wanted.restart);
        let same = |set: &Set| (set.revision, set.restart) == key;
        self.sets.iter().position(same)
    }

    fn set(&mut self, serial: u32) -> Option<&mut Set> {
        self.sets.iter_mut().find(|set| set.serial == serial)
    }

    fn pass(&mut self) -> Pass {
        let mut sizes: Vec<Size> = self.sets.iter().map(|set| set.size).collect();
        let pass = rolling::pass(&self.goal(), &mut sizes, self.newest());
        for (set, size) in self.sets.iter_mut().zip(sizes) {
            set.size = size;
        }
        pass
    }

    fn make(&mut self, spec: SpecNo, replicas: u32) {
        let goal = self.goal();
        self.sets.push(Set {
            serial: self.serials,
            revision: self.wanted.revision,
            restart: self.wanted.restart,
            starts: self.wanted.starts,
            spec,
            size: Size {
                replicas,
                available: 0,
                desired: goal.replicas,
                max: goal.replicas.saturating_add(goal.surge),
            },
            pods: Vec::new(),
        });
        self.serials += 1;
    }

    fn prune(&mut self) {
        let newest = self.newest();
        let last = self.sets.len().saturating_sub(1);
        let mut index = 0;
        self.sets.retain(|set| {
            let keep = Some(index) == newest || index == last;
            index += 1;
            keep || set.size.replicas > 0 || !set.pods.is_empty()
        });
    }

    fn status(&self) -> DeploymentStatus {
        let count = |set: &Set| u32::try_from(set.pods.len()).unwrap_or(u32::MAX);
        let new = self.newest().map(|index| &self.sets[index]);
        DeploymentStatus {
            generation: self.wanted.generation,
            updated: new.map_or(0, count),
            ready: self.sets.iter().map(|set| set.size.available).sum(),
            updated_ready: new.map_or(0, |set| set.size.available),
            total: self.sets.iter().map(count).sum(),
            terminating: 0,
        }
    }
}

impl World {
    fn rollout(&mut self, service: ServiceNo) -> Option<&mut Rollout> {
        self.services
            .get_mut(service.index())?
            .deployment
            .as_deref_mut()
    }

    /// What the Deployment of a service should be, as the cluster holds it.
    #[must_use]
    pub fn deployment(&self, service: ServiceNo) -> Option<&Arc<Deployment>> {
        let deployment = self.services.get(service.index())?.deployment.as_deref()?;
        Some(&deployment.wanted)
    }

    /// The status of a service's Deployment as of now.
    #[must_use]
    pub fn status(&self, service: ServiceNo) -> Option<DeploymentStatus> {
        let deployment = self.services.get(service.index())?.deployment.as_deref()?;
        Some(deployment.status())
    }

    /// Takes a Deployment; its controller looks at it in the next step. One of an older generation is a
    /// repetition that comes late, and ignored.
    pub(super) fn apply_deployment(&mut self, no: ServiceNo, wanted: Arc<Deployment>) {
        let service = self.service(no);
        service.known = true;
        service.tenant = wanted.tenant;
        match &mut service.deployment {
            Some(rollout) if rollout.wanted.generation >= wanted.generation => return,
            Some(rollout) => rollout.wanted = wanted,
            None => {
                service.deployment = Some(Box::new(Rollout {
                    wanted,
                    sets: Vec::new(),
                    serials: 0,
                    reported: None,
                }));
            }
        }
        self.dirty.insert(no);
    }

    /// Ends all pods of a Deployment and reports it gone; again if it is gone already.
    pub(super) fn delete_deployment(&mut self, now: Time, no: ServiceNo, out: &mut Vec<Event>) {
        if let Some(rollout) = self.service(no).deployment.take() {
            for pod in rollout.sets.into_iter().flat_map(|set| set.pods) {
                self.finish(now, pod, Finish::Deleted, out);
            }
        }
        out.push(Event::DeploymentGone { service: no });
    }

    /// Lets controller and replica sets act until they rest, then reports what changed. Pods are made last:
    /// none is ready at once, so no pass depends on them, and none is made only to be taken away again.
    pub(super) fn reconcile(&mut self, now: Time, no: ServiceNo, out: &mut Vec<Event>) {
        for _ in 0..PASSES_MAX {
            let Some(rollout) = self.rollout(no) else {
                return;
            };
            let pass = rollout.pass();
            if let Pass::Make(replicas) = pass {
                let pod = Arc::clone(&rollout.wanted.spec);
                let spec = self.spec_of(no, &pod, out);
                if let Some(rollout) = self.rollout(no) {
                    rollout.make(spec, replicas);
                }
            }
            if !self.shrink(now, no, out) && pass == Pass::Rest {
                break;
            }
        }
        for index in 0..self.sets(no) {
            self.grow(no, index, out);
        }
        if let Some(rollout) = self.rollout(no) {
            rollout.prune();
            let status = rollout.status();
            if rollout.reported.replace(status) != Some(status) {
                out.push(Event::Deployment {
                    service: no,
                    status,
                });
            }
        }
    }

    fn sets(&mut self, no: ServiceNo) -> usize {
        self.rollout(no).map_or(0, |rollout| rollout.sets.len())
    }

    /// Deletes the pods that sets have too many of; returns whether there were any.
    fn shrink(&mut self, now: Time, no: ServiceNo, out: &mut Vec<Event>) -> bool {
        let mut any = false;
        for index in 0..self.sets(no) {
            for pod in self.victims(no, index) {
                self.finish(now, pod, Finish::Deleted, out);
                any = true;
            }
        }
        any
    }

    /// Makes the pods that a set lacks, or as many as quota admission lets it.
    fn grow(&mut self, no: ServiceNo, index: usize, out: &mut Vec<Event>) {
        let tenant = self.services[no.index()].tenant;
        let Some(set) = self.rollout(no).map(|rollout| &rollout.sets[index]) else {
            return;
        };
        let (spec, serial, count) = (set.spec, set.serial, set.lacks());
        if count == 0 {
            return;
        }
        let admitted = self.admit(tenant, spec, count);
        let first = self.make(no, spec, Some(serial), 0, admitted, out);
        if let Some(rollout) = self.rollout(no) {
            let made = first.0..first.0 + u64::from(admitted);
            rollout.sets[index].pods.extend(made.map(PodNo));
        }
        if admitted < count
            && let Some(space) = self.space(tenant)
        {
            space.starved.insert(no);
        }
    }

    /// The pods that a set gives up: those without a node first, then those not ready, then the newest.
    fn victims(&self, no: ServiceNo, index: usize) -> Vec<PodNo> {
        let rollout = self.services[no.index()].deployment.as_deref();
        let Some(set) = rollout.map(|rollout| &rollout.sets[index]) else {
            return Vec::new();
        };
        let keep = usize::try_from(set.size.replicas).unwrap_or(usize::MAX);
        let Some(count) = set.pods.len().checked_sub(keep).filter(|count| *count > 0) else {
            return Vec::new();
        };
        let mut pods = set.pods.clone();
        pods.sort_by_key(|pod| {
            let rank = self.pods.get(pod.0).map_or(0, Pod::rank);
            (rank, std::cmp::Reverse(*pod))
        });
        pods.truncate(count);
        pods
    }

    /// Whether a pod's image starts at all.
    pub(super) fn starts(&mut self, pod: Pod) -> bool {
        let Some(serial) = pod.set() else {
            return true;
        };
        let set = self
            .rollout(pod.service)
            .and_then(|rollout| rollout.set(serial));
        set.is_some_and(|set| set.starts)
    }

    /// The revision of a pod of a Deployment; 0 for a bare one.
    pub(super) fn revision_of(&mut self, pod: Pod) -> u32 {
        let serial = pod.set();
        let set = serial.and_then(|serial| self.rollout(pod.service)?.set(serial));
        set.map_or(0, |set| set.revision)
    }

    /// A pod of a set became ready.
    pub(super) fn set_ready(&mut self, no: ServiceNo, serial: u32) {
        if let Some(set) = self.rollout(no).and_then(|rollout| rollout.set(serial)) {
            set.size.available += 1;
            self.dirty.insert(no);
        }
    }

    /// A pod of a set has ended.
    pub(super) fn set_lost(&mut self, no: PodNo, pod: Pod) {
        let Some(serial) = pod.set() else {
            return;
        };
        let set = self
            .rollout(pod.service)
            .and_then(|rollout| rollout.set(serial));
        if let Some(set) = set {
            if let Ok(place) = set.pods.binary_search(&no) {
                set.pods.remove(place);
            }
            set.size.available -= u32::from(pod.is_ready());
            self.dirty.insert(pod.service);
        }
    }
}
