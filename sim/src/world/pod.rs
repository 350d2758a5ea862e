//! Pods: made, bound, started, ended; and the sums per service that samples are made of.

use std::sync::Arc;

use nimbus_core::cluster::{Event, Finish, PodSpec};
use nimbus_core::ids::{NodeNo, PodNo, ServiceNo, SpecNo, TenantNo};
use nimbus_core::rng::{self, Stream};
use nimbus_core::time::{Span, Time};
use nimbus_core::units::Resources;
use serde::{Deserialize, Serialize};

use super::config::StartDelay;
use super::deployment::Rollout;
use super::node::draw;
use super::run::Due;
use super::usage::{Meter, Use};
use super::{Conflicts, Node, PoolTotal, World, save};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    Pending,
    Starting,
    Ready,
}

/// Stands for "no node" and "no replica set" in a pod, which keeps it at 32 bytes.
const NONE: u32 = u32::MAX;
/// Stands for "until it is stopped".
const FOREVER: i64 = -1;

/// A live pod.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(from = "Row", into = "Row")]
pub(super) struct Pod {
    /// Lifetime until it is bound, then the time of the binding.
    at: i64,
    pub(super) service: ServiceNo,
    pub(super) spec: SpecNo,
    node: u32,
    set: u32,
    phase: Phase,
}

/// A pod as it is saved.
type Row = (i64, ServiceNo, SpecNo, u32, u32, Phase);

impl From<Pod> for Row {
    fn from(pod: Pod) -> Row {
        (pod.at, pod.service, pod.spec, pod.node, pod.set, pod.phase)
    }
}

impl From<Row> for Pod {
    fn from((at, service, spec, node, set, phase): Row) -> Pod {
        Pod {
            at,
            service,
            spec,
            node,
            set,
            phase,
        }
    }
}

impl Pod {
    pub(super) fn node(&self) -> Option<NodeNo> {
        (self.node != NONE).then_some(NodeNo(self.node))
    }

    pub(super) fn bound_at(&self) -> Option<Time> {
        (self.node != NONE).then_some(Time(self.at))
    }

    pub(super) fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// The serial of its replica set; `None` if it is bare.
    pub(super) fn set(&self) -> Option<u32> {
        (self.set != NONE).then_some(self.set)
    }

    /// The order in which a replica set gives pods up (kubernetes/kubernetes
    /// `pkg/controller/controller_utils.go`, `ActivePodsWithRanks`, as far as these pods differ):
    /// without a node, then not ready, then ready; within each the newest.
    pub(super) fn rank(&self) -> u8 {
        match self.phase {
            Phase::Pending => 0,
            Phase::Starting => 1,
            Phase::Ready => 2,
        }
    }
}

/// What the world knows of a service.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Service {
    /// Whether it has had pods.
    pub(super) known: bool,
    pub(super) tenant: TenantNo,
    /// Replicas that are bound.
    pub(super) bound: u32,
    /// Replicas that are ready, and what they ask for.
    pub(super) ready: u32,
    pub(super) ready_m: u64,
    pub(super) ready_memory: u64,
    pub(super) usage: Option<Box<Use>>,
    pub(super) meter: Option<Box<Meter>>,
    pub(super) deployment: Option<Box<Rollout>>,
    delay: StartDelay,
    #[serde(with = "save::stream")]
    stream: Option<Box<Stream>>,
    /// The specification that was interned last.
    #[serde(skip)]
    last: Option<(Arc<PodSpec>, SpecNo)>,
}

impl World {
    pub(super) fn service(&mut self, service: ServiceNo) -> &mut Service {
        if self.services.len() <= service.index() {
            self.services
                .resize_with(service.index() + 1, Service::default);
        }
        &mut self.services[service.index()]
    }

    /// How long pods of a service take from binding to ready. `name` names its random stream.
    pub fn start_delay(&mut self, service: ServiceNo, name: &str, delay: StartDelay) {
        let stream = rng::stream(u128::from(self.config.seed), "start", name);
        let service = self.service(service);
        service.delay = delay;
        service.stream = (!delay.is_zero()).then(|| Box::new(stream));
    }

    /// Ready and bound replicas of a service.
    #[must_use]
    pub fn replicas(&self, service: ServiceNo) -> (u32, u32) {
        let service = self.services.get(service.index());
        service.map_or((0, 0), |service| (service.ready, service.bound))
    }

    /// The ordinal of a specification, remembered per service.
    pub(super) fn spec_of(
        &mut self,
        service: ServiceNo,
        pod: &Arc<PodSpec>,
        out: &mut Vec<Event>,
    ) -> SpecNo {
        if let Some((last, spec)) = &self.service(service).last
            && Arc::ptr_eq(last, pod)
        {
            return *spec;
        }
        let spec = self.intern(pod, out);
        self.service(service).last = Some((Arc::clone(pod), spec));
        spec
    }

    /// Bare pods, all that the quota admits; the others end at once as failed.
    pub(super) fn run_pods(
        &mut self,
        tenant: TenantNo,
        no: ServiceNo,
        pod: &Arc<PodSpec>,
        count: u32,
        lifetime: Option<Span>,
        out: &mut Vec<Event>,
    ) {
        let spec = self.spec_of(no, pod, out);
        let service = self.service(no);
        service.known = true;
        service.tenant = tenant;
        let admitted = self.admit(tenant, spec, count);
        let lifetime = lifetime.map_or(FOREVER, |span| span.0.max(0));
        self.make(no, spec, None, lifetime, admitted, out);
        for _ in admitted..count {
            let pod = PodNo(self.pods_made);
            self.pods_made += 1;
            out.push(Event::PodFinished {
                pod,
                spec,
                tenant,
                service: no,
                bare: true,
                why: Finish::Failed,
            });
        }
    }

    /// Takes quota for as many pods as it admits; returns how many.
    pub(super) fn admit(&mut self, tenant: TenantNo, spec: SpecNo, count: u32) -> u32 {
        let asks = self.asks[spec.index()];
        let admitted = match self.space(tenant) {
            Some(space) => {
                let admitted = space.admits(asks).min(count);
                let taken = asks.checked_mul(admitted);
                let used = taken.and_then(|taken| space.used.checked_add(taken));
                space.used = used.unwrap_or(space.used);
                admitted
            }
            None => 0,
        };
        self.conflicts.over_quota += u64::from(count - admitted);
        admitted
    }

    /// Makes pods with consecutive ordinals.
    pub(super) fn make(
        &mut self,
        service: ServiceNo,
        spec: SpecNo,
        set: Option<u32>,
        lifetime: i64,
        count: u32,
        out: &mut Vec<Event>,
    ) -> PodNo {
        let first = PodNo(self.pods_made);
        if count == 0 {
            return first;
        }
        let pod = Pod {
            at: lifetime,
            service,
            spec,
            node: NONE,
            set: set.unwrap_or(NONE),
            phase: Phase::Pending,
        };
        for _ in 0..count {
            self.pods.insert(self.pods_made, pod);
            self.pods_made += 1;
        }
        self.phases.pending += u64::from(count);
        out.push(Event::PodsPending {
            first,
            count,
            spec,
            tenant: self.services[service.index()].tenant,
            service,
            revision: self.revision_of(pod),
        });
        first
    }

    /// Binds a pod; what a real cluster would refuse is counted and otherwise without effect.
    pub(super) fn bind(&mut self, now: Time, no: PodNo, node: NodeNo, out: &mut Vec<Event>) {
        self.count(now);
        let pod = match self.bindable(no, node) {
            Ok(Some(pod)) => pod,
            Ok(None) => return,
            Err(conflict) => {
                *conflict(&mut self.conflicts) += 1;
                return;
            }
        };
        let asks = self.asks[pod.spec.index()];
        let service = &mut self.services[pod.service.index()];
        service.bound += 1;
        self.phases.pending -= 1;
        self.phases.starting += 1;
        out.push(Event::PodBound {
            pod: no,
            node,
            spec: pod.spec,
            tenant: service.tenant,
            service: pod.service,
        });
        let total = self.requested.checked_add(asks);
        self.requested = total.expect("within what the nodes offer");
        let bare = pod.set == NONE;
        if bare && pod.at != FOREVER {
            self.arm_end(now + Span(pod.at), no);
        }
        if let Some(slot) = self.pods.get_mut(no.0) {
            slot.at = now.0;
            slot.node = node.0;
            slot.phase = Phase::Starting;
        }
        self.start(now, no, node, pod, out);
    }

    /// The pod, if it may be bound to this node; `None` if it already is.
    fn bindable(
        &mut self,
        no: PodNo,
        node: NodeNo,
    ) -> Result<Option<Pod>, fn(&mut Conflicts) -> &mut u64> {
        let Some(pod) = self.pods.get(no.0).copied() else {
            return Err(|conflicts| &mut conflicts.pod_gone);
        };
        if pod.node != NONE {
            return match pod.node == node.0 {
                true => Ok(None),
                false => Err(|conflicts| &mut conflicts.bound_elsewhere),
            };
        }
        let Some(host) = self
            .nodes
            .get_mut(node.index())
            .filter(|node| node.gone.is_none())
        else {
            return Err(|conflicts| &mut conflicts.node_gone);
        };
        let asks = self.asks[pod.spec.index()];
        let was_empty = host.allocated.pods == 0;
        match host.allocated.checked_add(asks) {
            Some(allocated) if allocated.fits(host.spec.allocatable) => host.allocated = allocated,
            _ => return Err(|conflicts| &mut conflicts.over_capacity),
        }
        if was_empty && let Some(total) = pool_of(&mut self.totals.pools, host) {
            total.busy += 1;
        }
        Ok(Some(pod))
    }

    /// Begins to pull and start a pod that was just bound. A bare pod without delay is ready at once and
    /// without an event; one whose image is bad never is. A node pulls each revision of a service once.
    fn start(&mut self, now: Time, no: PodNo, node: NodeNo, pod: Pod, out: &mut Vec<Event>) {
        if !self.starts(pod) {
            return;
        }
        let revision = self.revision_of(pod);
        let service = &mut self.services[pod.service.index()];
        let Some(stream) = &mut service.stream else {
            return self.ready(now, no, pod, (pod.set != NONE).then_some(out));
        };
        let mut begins = now;
        if service.delay.pull.1 > Span::ZERO {
            let image = (node, pod.service, revision);
            let pulled = self.pulled.entry(image);
            begins = *pulled.or_insert_with(|| now + draw(stream, service.delay.pull));
        }
        let starts = begins.max(now) + draw(stream, service.delay.start);
        self.arm(starts, Due::Started(no));
    }

    /// A pod has started, unless it is gone by now.
    pub(super) fn started(&mut self, now: Time, no: PodNo, out: &mut Vec<Event>) {
        if let Some(pod) = self.pods.get(no.0).copied() {
            self.ready(now, no, pod, Some(out));
        }
    }

    fn ready(&mut self, now: Time, no: PodNo, pod: Pod, out: Option<&mut Vec<Event>>) {
        if let Some(slot) = self.pods.get_mut(no.0) {
            slot.phase = Phase::Ready;
        }
        self.phases.starting -= 1;
        self.phases.ready += 1;
        let asks = self.asks[pod.spec.index()];
        let percent = self.config.capacity_percent;
        let service = &mut self.services[pod.service.index()];
        service.ready += 1;
        service.ready_m += asks.cpu.0;
        service.ready_memory += asks.memory.0;
        service.capacity_changed(now, percent);
        if let Some(set) = pod.set() {
            self.set_ready(pod.service, set);
        }
        if let Some(out) = out {
            out.push(Event::PodReady {
                pod: no,
                service: pod.service,
            });
        }
    }

    /// A bare pod has run to its end, unless it is gone by now.
    #[inline]
    pub(super) fn complete(&mut self, now: Time, no: PodNo, out: &mut Vec<Event>) {
        self.finish(now, no, Finish::Completed, out);
    }

    /// A pod ends; what it took is free.
    pub(super) fn finish(&mut self, now: Time, no: PodNo, why: Finish, out: &mut Vec<Event>) {
        let Some(pod) = self.pods.remove(no.0) else {
            return;
        };
        let asks = self.asks[pod.spec.index()];
        let percent = self.config.capacity_percent;
        let service = &mut self.services[pod.service.index()];
        let tenant = service.tenant;
        if pod.node != NONE {
            service.bound -= 1;
        }
        match pod.phase {
            Phase::Pending => self.phases.pending -= 1,
            Phase::Starting => self.phases.starting -= 1,
            Phase::Ready => {
                self.phases.ready -= 1;
                service.ready -= 1;
                service.ready_m -= asks.cpu.0;
                service.ready_memory -= asks.memory.0;
                service.capacity_changed(now, percent);
            }
        }
        if pod.node != NONE {
            self.free(now, pod, asks);
        }
        self.give_back(tenant, asks);
        if pod.set != NONE {
            self.set_lost(no, pod);
        }
        out.push(Event::PodFinished {
            pod: no,
            spec: pod.spec,
            tenant,
            service: pod.service,
            bare: pod.set == NONE,
            why,
        });
    }

    #[inline]
    fn free(&mut self, now: Time, pod: Pod, asks: Resources) {
        self.count(now);
        self.requested = self.requested.saturating_sub(asks);
        let node = &mut self.nodes[NodeNo(pod.node).index()];
        node.allocated = node.allocated.saturating_sub(asks);
        if node.allocated.pods == 0
            && let Some(total) = pool_of(&mut self.totals.pools, node)
        {
            total.busy -= 1;
        }
    }

    /// Frees quota; Deployments that were short of it try again.
    #[inline]
    fn give_back(&mut self, tenant: TenantNo, asks: Resources) {
        if let Some(space) = self
            .spaces
            .get_mut(tenant.index())
            .and_then(Option::as_deref_mut)
        {
            space.used = space.used.saturating_sub(asks);
            if !space.starved.is_empty() {
                self.dirty.append(&mut space.starved);
            }
        }
    }

    /// Deletes the bare pods of a service.
    pub(super) fn stop_pods(&mut self, now: Time, service: ServiceNo, out: &mut Vec<Event>) {
        let pods = self.pods.iter();
        let pods: Vec<PodNo> = pods
            .filter(|(_, pod)| pod.service == service && pod.set == NONE)
            .map(|(no, _)| PodNo(no))
            .collect();
        for pod in pods {
            self.finish(now, pod, Finish::Deleted, out);
        }
    }
}

/// The books of a node's pool.
fn pool_of<'a>(pools: &'a mut [PoolTotal], node: &Node) -> Option<&'a mut PoolTotal> {
    pools.get_mut(node.spec.pool?.index())
}
