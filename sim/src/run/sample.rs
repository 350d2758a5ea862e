//! Samples of a run at even times, and how long node counts stood at each level.

use nimbus_core::ids::TenantNo;
use nimbus_core::time::{Span, Time};
use nimbus_core::units::Resources;

use super::Feed;
use crate::driver::Driver;
use crate::record::{Levels, sampling};
use crate::scenario::Scenario;

/// Samples of a run at the most.
const POINTS: i64 = 400;

/// The state at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When.
    pub at: Time,
    /// What the nodes offer.
    pub allocatable: Resources,
    /// What bound pods ask for.
    pub requested: Resources,
    /// Cpu used at the last usage sample, millicores.
    pub used_m: u64,
    /// Pods that wait for a node.
    pub pending: u64,
    /// Nodes of each pool.
    pub nodes: Vec<u32>,
    /// Nodes of each pool with a pod.
    pub busy: Vec<u32>,
}

/// Takes samples.
#[derive(Clone, Debug)]
pub struct Sampler {
    /// What was seen.
    pub samples: Vec<Sample>,
    /// Nodes with a pod over time, by pool.
    pub busy: Vec<Levels>,
    /// All nodes with a pod over time.
    pub busy_all: Levels,
    /// Nodes over time, by pool.
    pub nodes: Vec<Levels>,
    /// All nodes over time.
    pub nodes_all: Levels,
    /// Largest sum of requests, each resource by itself.
    pub peak: Resources,
    /// Largest reserved use of each tenant at the samples.
    pub tenants: Vec<Resources>,
    /// Integral of the fluid bound: the larger of cpu and memory requested, as a share of one node of the
    /// first pool, in parts per million × microseconds.
    pub fluid: u128,
    every: Span,
    due: Time,
    from: Time,
    seen: Time,
    level: u128,
    node: Resources,
}

impl Sampler {
    /// Samples from `from` to `end`.
    #[must_use]
    pub fn new(scenario: &Scenario, from: Time, end: Time) -> Sampler {
        let pools = scenario.pools.len();
        Sampler {
            samples: Vec::new(),
            busy: vec![Levels::default(); pools],
            busy_all: Levels::default(),
            nodes: vec![Levels::default(); pools],
            nodes_all: Levels::default(),
            peak: Resources::ZERO,
            tenants: Vec::new(),
            fluid: 0,
            every: sampling(end.since(from), POINTS),
            due: from,
            from,
            seen: from,
            level: 0,
            node: scenario
                .pools
                .first()
                .map(|pool| pool.allocatable)
                .unwrap_or_default(),
        }
    }

    /// When the next sample is taken.
    #[must_use]
    pub fn due(&self) -> Time {
        self.due
    }

    /// Samples all times up to and with `now`, at which nothing has happened yet.
    pub fn until(&mut self, now: Time, driver: &Driver<Feed>) {
        while self.due <= now {
            let at = self.due;
            self.due += self.every;
            self.sample(at, driver);
        }
    }

    fn sample(&mut self, at: Time, driver: &Driver<Feed>) {
        let world = &driver.world;
        let pools = world.pools();
        self.samples.push(Sample {
            at,
            allocatable: world.allocatable(),
            requested: world.requested(),
            used_m: world.used_m(),
            pending: world.phases().pending,
            nodes: pools.iter().map(|pool| pool.nodes).collect(),
            busy: pools.iter().map(|pool| pool.busy).collect(),
        });
        for tenant in driver.machines.tenants.tenants() {
            self.tenant(tenant.no, tenant.used);
        }
    }

    fn tenant(&mut self, no: TenantNo, used: Resources) {
        if self.tenants.len() <= no.index() {
            self.tenants.resize(no.index() + 1, Resources::ZERO);
        }
        self.tenants[no.index()] = most(self.tenants[no.index()], used);
    }

    /// Notes the levels after a group.
    pub fn settled(&mut self, now: Time, driver: &Driver<Feed>) {
        if now < self.from {
            return;
        }
        let world = &driver.world;
        let (mut busy, mut nodes) = (0, 0);
        for (pool, total) in world.pools().iter().enumerate() {
            self.busy[pool].set(now, total.busy);
            self.nodes[pool].set(now, total.nodes);
            busy += total.busy;
            nodes += total.nodes;
        }
        self.busy_all.set(now, busy);
        self.nodes_all.set(now, nodes);
        let requested = world.requested();
        self.peak = most(self.peak, requested);
        self.fluid += self.level * u128::from(now.since(self.seen).0.unsigned_abs());
        self.level = fluid_ppm(requested, self.node);
        self.seen = now;
    }

    /// Counts the last levels up to the end, and takes the last sample.
    pub fn close(&mut self, end: Time, driver: &Driver<Feed>) {
        self.until(end, driver);
        self.settled(end, driver);
        for levels in self.busy.iter_mut().chain(&mut self.nodes) {
            levels.close(end);
        }
        self.busy_all.close(end);
        self.nodes_all.close(end);
    }
}

fn most(a: Resources, b: Resources) -> Resources {
    Resources {
        cpu: a.cpu.max(b.cpu),
        memory: a.memory.max(b.memory),
        pods: a.pods.max(b.pods),
    }
}

/// Nodes that the requests would fill if they were liquid, in parts per million.
fn fluid_ppm(requested: Resources, node: Resources) -> u128 {
    let share = |part: u64, whole: u64| u128::from(part) * 1_000_000 / u128::from(whole.max(1));
    share(requested.cpu.0, node.cpu.0).max(share(requested.memory.0, node.memory.0))
}
