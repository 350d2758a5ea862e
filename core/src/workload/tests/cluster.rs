//! A played cluster: Deployments that roll in small steps, bare pods, terminating pods.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cluster::{Command, Deployment, DeploymentStatus, Event, Finish, PodSpec};
use crate::ids::{PodNo, ServiceNo, SpecNo, TenantNo};
use crate::units::Resources;

/// Revision and restart.
type Template = (u32, u32);

#[derive(Clone, Debug)]
struct Pod {
    template: Template,
    requests: Resources,
    starts: bool,
    ready: bool,
    terminating: bool,
}

#[derive(Clone, Debug, Default)]
struct Rolling {
    wanted: Option<Arc<Deployment>>,
    seen: u32,
    pods: Vec<Pod>,
    deleted: bool,
    reported: DeploymentStatus,
}

/// The cluster.
#[derive(Clone, Debug, Default)]
pub(super) struct Cluster {
    rolling: BTreeMap<ServiceNo, Rolling>,
    pub bare: BTreeMap<ServiceNo, (TenantNo, Vec<Resources>)>,
    stop: Vec<ServiceNo>,
    /// Ends of bare pods that were asked for.
    pub applied: Vec<(ServiceNo, Arc<Deployment>)>,
    pub runs: Vec<(ServiceNo, u32, u32)>,
}

fn count(pods: &[Pod], which: impl Fn(&Pod) -> bool) -> u32 {
    u32::try_from(pods.iter().filter(|pod| which(pod)).count()).unwrap()
}

impl Rolling {
    fn status(&self, wanted: &Deployment) -> DeploymentStatus {
        let new = (wanted.revision, wanted.restart);
        let live = |pod: &Pod| !pod.terminating;
        DeploymentStatus {
            generation: self.seen,
            updated: count(&self.pods, |p| live(p) && p.template == new),
            ready: count(&self.pods, |p| live(p) && p.ready),
            updated_ready: count(&self.pods, |p| live(p) && p.ready && p.template == new),
            total: count(&self.pods, live),
            terminating: count(&self.pods, |p| p.terminating),
        }
    }

    fn end(&mut self, mut number: u32, which: impl Fn(&Pod) -> bool) {
        for pod in &mut self.pods {
            if number > 0 && !pod.terminating && which(pod) {
                pod.terminating = true;
                pod.ready = false;
                number -= 1;
            }
        }
    }

    fn make(&mut self, number: u32, wanted: &Deployment) {
        for _ in 0..number {
            self.pods.push(Pod {
                template: (wanted.revision, wanted.restart),
                requests: wanted.spec.requests,
                starts: wanted.starts,
                ready: false,
                terminating: false,
            });
        }
    }

    /// One pass of the controller: the arithmetic of Kubernetes' rolling update.
    fn control(&mut self, wanted: &Deployment) {
        let new = (wanted.revision, wanted.restart);
        self.seen = wanted.generation;
        let total = count(&self.pods, |p| !p.terminating);
        if wanted.paused {
            let above = total.saturating_sub(wanted.replicas);
            return self.end(above, |_| true);
        }
        let updated = count(&self.pods, |p| !p.terminating && p.template == new);
        self.end(updated.saturating_sub(wanted.replicas), |p| {
            p.template == new
        });
        let room = (wanted.replicas + wanted.max_surge).saturating_sub(total);
        self.make(wanted.replicas.saturating_sub(updated).min(room), wanted);
        let least = wanted.replicas.saturating_sub(wanted.max_unavailable);
        self.end(u32::MAX, |p| p.template != new && !p.ready);
        let ready = count(&self.pods, |p| !p.terminating && p.ready);
        self.end(ready.saturating_sub(least), |p| p.template != new);
    }
}

impl Cluster {
    pub(super) fn take(&mut self, command: Command) {
        match command {
            Command::ApplyDeployment {
                service,
                deployment,
            } => {
                let rolling = self.rolling.entry(service).or_default();
                assert!(deployment.max_surge + deployment.max_unavailable > 0);
                assert!(
                    deployment.generation > rolling.wanted.as_ref().map_or(0, |d| d.generation)
                );
                rolling.wanted = Some(Arc::clone(&deployment));
                self.applied.push((service, deployment));
            }
            Command::DeleteDeployment { service } => {
                self.rolling.entry(service).or_default().deleted = true;
            }
            Command::RunPods {
                tenant,
                service,
                revision,
                spec,
                count,
                ..
            } => {
                let bare = self.bare.entry(service).or_insert((tenant, Vec::new()));
                bare.1.extend((0..count).map(|_| spec.requests));
                self.runs.push((service, revision, count));
            }
            Command::StopPods { service } => self.stop.push(service),
            _ => {}
        }
    }

    /// What the pods of a service that are not terminating ask for.
    pub(super) fn live(&self, service: ServiceNo) -> Resources {
        let pods = self.rolling.get(&service).map_or(&[][..], |r| &r.pods);
        let requests = pods.iter().filter(|p| !p.terminating).map(|p| p.requests);
        let bare = self.bare.get(&service).into_iter();
        let bare = bare.flat_map(|(_, pods)| pods.iter().copied());
        requests
            .chain(bare)
            .fold(Resources::ZERO, |sum, pod| sum.checked_add(pod).unwrap())
    }

    /// All pods of a service, terminating ones included.
    pub(super) fn all(&self, service: ServiceNo) -> u32 {
        let pods = self.rolling.get(&service).map_or(0, |r| r.pods.len());
        u32::try_from(pods).unwrap()
    }

    /// Ends a number of bare pods of a service.
    pub(super) fn end_bare(&mut self, service: ServiceNo, number: usize, events: &mut Vec<Event>) {
        let Some((tenant, pods)) = self.bare.get_mut(&service) else {
            return;
        };
        for _ in 0..number.min(pods.len()) {
            pods.remove(0);
            events.push(Event::PodFinished {
                pod: PodNo(0),
                spec: SpecNo(0),
                tenant: *tenant,
                service,
                bare: true,
                why: Finish::Completed,
            });
        }
    }

    /// A step of everything: `coin` decides which pods become ready or end, and which controller acts.
    pub(super) fn step(&mut self, mut coin: impl FnMut() -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        for service in std::mem::take(&mut self.stop) {
            self.end_bare(service, usize::MAX, &mut events);
        }
        let mut gone = Vec::new();
        for (&service, rolling) in &mut self.rolling {
            let Some(wanted) = rolling.wanted.clone() else {
                continue;
            };
            rolling.pods.retain(|pod| !(pod.terminating && coin()));
            for pod in &mut rolling.pods {
                pod.ready |= pod.starts && !pod.terminating && coin();
            }
            if rolling.deleted {
                rolling.end(u32::MAX, |_| true);
                if rolling.pods.is_empty() {
                    gone.push(service);
                    events.push(Event::DeploymentGone { service });
                    continue;
                }
            } else if coin() {
                rolling.control(&wanted);
            }
            let status = rolling.status(&wanted);
            if status != rolling.reported {
                rolling.reported = status;
                events.push(Event::Deployment { service, status });
            }
        }
        for service in gone {
            self.rolling.remove(&service);
        }
        events
    }

    /// Spec of a plain pod.
    pub(super) fn spec(cpu_m: u64) -> Arc<PodSpec> {
        Arc::new(PodSpec {
            requests: Resources::pod(crate::units::Cpu(cpu_m), crate::units::Bytes::mib(64)),
            ..PodSpec::default()
        })
    }
}
