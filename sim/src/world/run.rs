//! The world itself: its state, what is due, and who takes which command.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use nimbus_core::cluster::{Command, Event, NodeSeen, PodSeen, PodSpec, Snapshot, UsageTick};
use nimbus_core::conductor::RadixHeap;
use nimbus_core::ids::{NodeNo, PodNo, PoolNo, ServiceNo, SpecNo, TenantNo};
use nimbus_core::rng::{self, Stream};
use nimbus_core::table::Table;
use nimbus_core::time::{Span, Time};
use nimbus_core::units::Resources;
use serde::{Deserialize, Serialize};

use super::config::Config;
use super::node::Node;
use super::pod::{Pod, Service};
use super::save;
use super::space::Space;
use super::totals::{Conflicts, Phases, PoolTotal, Totals};

/// What happens by itself at a time, except the ends of bare pods, which have a heap of their own.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Due {
    /// A tenant's space is as it was asked for.
    SpaceReady(TenantNo),
    /// A tenant's space is gone.
    SpaceGone(TenantNo),
    /// The initial nodes are seen.
    Initial,
    /// A node of a pool has booted.
    Boot(PoolNo),
    /// A pod has started.
    Started(PodNo),
}

/// A simulated cluster. A clone is a fork: both go on independently and equally.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct World {
    pub(super) config: Config,
    start: Time,
    now: Time,
    pub(super) nodes: Vec<Node>,
    #[serde(with = "save::streams")]
    pub(super) boots: Vec<Stream>,
    #[serde(with = "save::table")]
    pub(super) pods: Table<Pod>,
    pub(super) pods_made: u64,
    pub(super) specs: Vec<Arc<PodSpec>>,
    #[serde(skip)]
    pub(super) asks: Vec<Resources>,
    #[serde(skip)]
    pub(super) interned: BTreeMap<Arc<PodSpec>, SpecNo>,
    pub(super) services: Vec<Service>,
    pub(super) spaces: Vec<Option<Box<Space>>>,
    /// Spaces ever made: what their UIDs are drawn by.
    pub(super) spaces_made: u32,
    /// When a node has, or will have, the image of a revision of a service that takes time to pull.
    #[serde(with = "save::pairs")]
    pub(super) pulled: BTreeMap<(NodeNo, ServiceNo, u32), Time>,
    #[serde(with = "save::heap")]
    ends: RadixHeap<PodNo>,
    #[serde(with = "save::heap")]
    timers: RadixHeap<Due>,
    /// Services whose controller has something to look at.
    pub(super) dirty: BTreeSet<ServiceNo>,
    pub(super) next_sample: Time,
    pub(super) lagged: VecDeque<(Time, Arc<UsageTick>)>,
    pub(super) totals: Totals,
    pub(super) allocatable: Resources,
    pub(super) requested: Resources,
    pub(super) used_m: u64,
    pub(super) phases: Phases,
    pub(super) conflicts: Conflicts,
}

impl World {
    /// A world that begins at `start`; its initial nodes are due at once.
    #[must_use]
    pub fn new(config: Config, start: Time) -> World {
        let seed = u128::from(config.seed);
        let boots = config.pools.iter();
        let boots = boots
            .map(|pool| rng::stream(seed, "boot", &pool.name))
            .collect();
        let totals = Totals {
            at: start,
            pools: vec![PoolTotal::default(); config.pools.len()],
            ..Totals::default()
        };
        let sampled = config.metrics_period > Span::ZERO;
        let mut world = World {
            start,
            now: start,
            nodes: Vec::new(),
            boots,
            pods: Table::default(),
            pods_made: 0,
            specs: Vec::new(),
            asks: Vec::new(),
            interned: BTreeMap::new(),
            services: Vec::new(),
            spaces: Vec::new(),
            spaces_made: 0,
            pulled: BTreeMap::new(),
            ends: RadixHeap::default(),
            timers: RadixHeap::default(),
            dirty: BTreeSet::new(),
            next_sample: match sampled {
                true => start.next_multiple(config.metrics_period),
                false => Time::MAX,
            },
            lagged: VecDeque::new(),
            totals,
            allocatable: Resources::ZERO,
            requested: Resources::ZERO,
            used_m: 0,
            phases: Phases::default(),
            conflicts: Conflicts::default(),
            config,
        };
        world.arm(start, Due::Initial);
        world
    }

    /// When something is due by itself; never before the last instant that the world was told of.
    #[must_use]
    pub fn next(&self) -> Option<Time> {
        let mut next = if self.dirty.is_empty() {
            Time::MAX
        } else {
            self.now
        };
        if let Some(key) = self.ends.peek() {
            next = next.min(self.time(key));
        }
        if let Some(key) = self.timers.peek() {
            next = next.min(self.time(key));
        }
        if let Some((due, _)) = self.lagged.front() {
            next = next.min(*due);
        }
        next = next.min(self.next_sample);
        (next < Time::MAX).then(|| next.max(self.now))
    }

    /// Whether nothing but samples will happen without a command.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.ends.is_empty() && self.timers.is_empty() && self.dirty.is_empty()
    }

    /// Does all that is due at `now` or before, in the order that the module states.
    pub fn step(&mut self, now: Time, out: &mut Vec<Event>) {
        self.now = self.now.max(now);
        let key = self.key(now);
        while self.ends.peek().is_some_and(|due| due <= key) {
            if let Some((_, pod)) = self.ends.pop() {
                self.complete(now, pod, out);
            }
        }
        while self.timers.peek().is_some_and(|due| due <= key) {
            if let Some((_, due)) = self.timers.pop() {
                self.fire(now, due, out);
            }
        }
        while let Some(service) = self.dirty.pop_first() {
            self.reconcile(now, service, out);
        }
        while self.lagged.front().is_some_and(|(due, _)| *due <= now) {
            out.extend(self.lagged.pop_front().map(|(_, tick)| Event::Usage(tick)));
        }
        if self.next_sample <= now {
            self.sample(now, out);
            self.next_sample = now.next_multiple(self.config.metrics_period);
        }
    }

    fn fire(&mut self, now: Time, due: Due, out: &mut Vec<Event>) {
        match due {
            Due::SpaceReady(tenant) => self.space_ready(tenant, out),
            Due::SpaceGone(tenant) => self.space_gone(tenant, out),
            Due::Initial => self.seed_nodes(now, out),
            Due::Boot(pool) => self.booted(now, pool, out),
            Due::Started(pod) => self.started(now, pod, out),
        }
    }

    /// Takes one command and reports what follows at once. A repeated command changes nothing.
    pub fn apply(&mut self, now: Time, command: Command, out: &mut Vec<Event>) {
        self.now = self.now.max(now);
        match command {
            Command::EnsureTenantSpace { tenant, space } => {
                self.ensure_space(now, tenant, &space, out);
            }
            Command::DeleteTenantSpace { tenant } => self.delete_space(now, tenant, out),
            Command::ApplyDeployment {
                service,
                deployment,
            } => {
                self.apply_deployment(service, deployment);
            }
            Command::DeleteDeployment { service } => self.delete_deployment(now, service, out),
            Command::RunPods {
                tenant,
                service,
                spec,
                count,
                lifetime,
                ..
            } => self.run_pods(tenant, service, &spec, count, lifetime, out),
            Command::StopPods { service } => self.stop_pods(now, service, out),
            Command::Bind { pod, node } => self.bind(now, pod, node, out),
            Command::BootNodes { pool, count } => self.boot(now, pool, count),
            Command::RemoveNode { node } => self.lose_node(now, node, out),
        }
    }

    /// All that it holds, each list in order of ordinals.
    #[must_use]
    pub fn snapshot(&self, at: Time) -> Snapshot {
        let nodes = self.nodes.iter().enumerate();
        Snapshot {
            at,
            specs: (0..).map(SpecNo).zip(self.specs.iter().cloned()).collect(),
            nodes: nodes
                .filter(|(_, node)| node.gone.is_none())
                .map(|(index, node)| NodeSeen {
                    node: NodeNo::at(index),
                    spec: Arc::clone(&node.spec),
                    state: node.state,
                })
                .collect(),
            pods: self.pods().collect(),
        }
    }

    /// All live pods in order.
    pub fn pods(&self) -> impl Iterator<Item = PodSeen> {
        let pods = self.pods.iter();
        pods.map(|(no, pod)| self.seen(PodNo(no), pod))
    }

    fn seen(&self, no: PodNo, pod: &Pod) -> PodSeen {
        PodSeen {
            pod: no,
            spec: pod.spec,
            tenant: self.services[pod.service.index()].tenant,
            service: pod.service,
            node: pod.node(),
            bound_at: pod.bound_at(),
            ready: pod.is_ready(),
        }
    }

    /// The ordinal of a specification; tells the world outside when it is new.
    pub(super) fn intern(&mut self, pod: &Arc<PodSpec>, out: &mut Vec<Event>) -> SpecNo {
        if let Some(spec) = self.interned.get(pod) {
            return *spec;
        }
        let spec = SpecNo::at(self.specs.len());
        self.interned.insert(Arc::clone(pod), spec);
        self.specs.push(Arc::clone(pod));
        self.asks.push(pod.requests);
        out.push(Event::SpecSeen {
            spec,
            pod: Arc::clone(pod),
        });
        spec
    }

    /// Pod specifications by ordinal.
    #[must_use]
    pub fn specs(&self) -> &[Arc<PodSpec>] {
        &self.specs
    }

    /// Arms a timer.
    pub(super) fn arm(&mut self, at: Time, due: Due) {
        self.timers.push(self.key(at), due);
    }

    /// Arms the end of a bare pod.
    #[inline]
    pub(super) fn arm_end(&mut self, at: Time, pod: PodNo) {
        self.ends.push(self.key(at), pod);
    }

    #[inline]
    fn key(&self, at: Time) -> u64 {
        at.since(self.start).0.unsigned_abs()
    }

    fn time(&self, key: u64) -> Time {
        Time(self.start.0.saturating_add_unsigned(key))
    }
}
