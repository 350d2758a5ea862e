//! Tests of the world: it is told commands, and what it reports is compared.

mod capacity;
mod pods;
mod rollout;
mod space;
mod usage;

use std::sync::Arc;

use nimbus_core::cluster::{self, Command, Deployment, Event, NodeSpec, PodSpec};
use nimbus_core::ids::{NodeNo, PodNo, ServiceNo, TenantNo};
use nimbus_core::time::{Span, Time};
use nimbus_core::units::{Bytes, Cpu, Resources};

use super::{Config, Pool, World};

pub(super) const TENANT: TenantNo = TenantNo(0);
pub(super) const WEB: ServiceNo = ServiceNo(0);

pub(super) fn at(secs: i64) -> Time {
    Time::from_secs(secs)
}

pub(super) fn spec(cpu: u64, mib: u64) -> Arc<PodSpec> {
    Arc::new(PodSpec {
        requests: Resources::pod(Cpu(cpu), Bytes::mib(mib)),
        ..PodSpec::default()
    })
}

pub(super) fn pool(name: &str, initial: u32, cores: u64) -> Pool {
    Pool {
        name: name.into(),
        template: Arc::new(NodeSpec {
            allocatable: Resources {
                cpu: Cpu(cores * 1_000),
                memory: Bytes::gib(64),
                pods: 110,
            },
            ..NodeSpec::default()
        }),
        zones: Vec::new(),
        initial,
        boot_delay: (Span::from_secs(60), Span::from_secs(60)),
        price_micro_hour: 0,
    }
}

/// A world with its clock, and all that it has reported.
#[derive(Clone)]
pub(super) struct Run {
    pub(super) world: World,
    pub(super) now: Time,
    pub(super) seen: Vec<(i64, Event)>,
    /// Binds each waiting pod to the first node that takes it.
    pub(super) binds: bool,
    bound: Vec<PodNo>,
}

impl Run {
    /// A world of nodes with an active space of a tenant.
    pub(super) fn new(config: Config) -> Run {
        let mut run = Run {
            world: World::new(config, at(0)),
            now: at(0),
            seen: Vec::new(),
            binds: true,
            bound: Vec::new(),
        };
        run.space(
            Resources {
                cpu: Cpu(1 << 40),
                memory: Bytes(1 << 60),
                pods: 1 << 30,
            },
            true,
        );
        run.until(0);
        run.seen.clear();
        run
    }

    pub(super) fn plain(nodes: u32) -> Run {
        Run::new(Config {
            pools: vec![pool("n", nodes, 8)],
            ..Config::default()
        })
    }

    pub(super) fn space(&mut self, quota: Resources, admits: bool) {
        let space = cluster::Space {
            namespace: "nimbus-acme".into(),
            quota,
            admits,
        };
        self.tell(Command::EnsureTenantSpace {
            tenant: TENANT,
            space: Arc::new(space),
        });
    }

    pub(super) fn tell(&mut self, command: Command) {
        let mut events = Vec::new();
        self.world.apply(self.now, command, &mut events);
        self.hear(events);
    }

    pub(super) fn deploy(&mut self, generation: u32, change: impl FnOnce(&mut Deployment)) {
        let mut deployment = Deployment {
            name: "web".into(),
            tenant: TENANT,
            generation,
            revision: 1,
            restart: 0,
            spec: spec(1_000, 128),
            replicas: 4,
            max_surge: 1,
            max_unavailable: 1,
            paused: false,
            starts: true,
        };
        change(&mut deployment);
        self.tell(Command::ApplyDeployment {
            service: WEB,
            deployment: Arc::new(deployment),
        });
    }

    pub(super) fn run_pods(&mut self, count: u32, cpu: u64, secs: Option<i64>) {
        self.tell(Command::RunPods {
            tenant: TENANT,
            service: WEB,
            revision: 1,
            spec: spec(cpu, 128),
            count,
            lifetime: secs.map(Span::from_secs),
        });
    }

    pub(super) fn bind(&mut self, pod: u64, node: u32) {
        self.tell(Command::Bind {
            pod: PodNo(pod),
            node: NodeNo(node),
        });
    }

    fn hear(&mut self, events: Vec<Event>) {
        let mut binds = Vec::new();
        for event in events {
            if let Event::PodsPending { first, count, .. } = event {
                binds.extend((first.0..first.0 + u64::from(count)).map(PodNo));
            }
            self.seen.push((self.now.secs(), event));
        }
        if self.binds {
            self.bound.extend(binds);
        }
    }

    fn bind_all(&mut self) {
        for pod in std::mem::take(&mut self.bound) {
            let snapshot = self.world.snapshot(self.now);
            let Some(seen) = snapshot.pods.iter().find(|seen| seen.pod == pod) else {
                continue;
            };
            let asks = self.world.specs()[seen.spec.index()].requests;
            let fits = |node: &&cluster::NodeSeen| {
                let used = self.world.nodes()[node.node.index()].allocated;
                used.checked_add(asks)
                    .is_some_and(|sum| sum.fits(node.spec.allocatable))
            };
            if let Some(node) = snapshot.nodes.iter().find(fits) {
                self.bind(pod.0, node.node.0);
            }
        }
    }

    /// Runs to the end of a second.
    pub(super) fn until(&mut self, secs: i64) {
        loop {
            self.bind_all();
            match self.world.next().filter(|next| *next <= at(secs)) {
                Some(next) => {
                    assert!(next >= self.now, "time never goes back");
                    self.now = next;
                    let mut events = Vec::new();
                    self.world.step(next, &mut events);
                    self.hear(events);
                }
                None => break,
            }
        }
        self.now = at(secs);
    }

    /// What was seen, one word and second an event; samples are left out.
    pub(super) fn words(&self) -> Vec<(i64, String)> {
        let word = |event: &Event| match event {
            Event::PodsPending { first, count, .. } => format!("pending {first}+{count}"),
            Event::PodBound { pod, node, .. } => format!("bound {pod} on {node}"),
            Event::PodReady { pod, .. } => format!("ready {pod}"),
            Event::PodFinished { pod, why, .. } => format!("{why:?} {pod}"),
            Event::NodeSeen { spec, .. } => format!("node {}", spec.name),
            Event::NodeGone { node } => format!("node {node} gone"),
            Event::DeploymentGone { .. } => "deployment gone".to_owned(),
            Event::Deployment { status, .. } => format!(
                "status {}/{}/{}/{}",
                status.updated, status.ready, status.updated_ready, status.total
            ),
            Event::SpecSeen { spec, .. } => format!("spec {spec}"),
            Event::SpaceReady { .. } => "space ready".to_owned(),
            Event::SpaceGone { .. } => "space gone".to_owned(),
            Event::SpaceFailed { retryable, .. } => format!("space failed {retryable}"),
            Event::NodeChanged { .. } | Event::Usage(_) => String::new(),
        };
        let words = self.seen.iter().map(|(at, event)| (*at, word(event)));
        words.filter(|(_, word)| !word.is_empty()).collect()
    }

    #[track_caller]
    pub(super) fn expect(&mut self, expected: &[(i64, &str)]) {
        let words = self.words();
        let words: Vec<(i64, &str)> = words
            .iter()
            .map(|(at, word)| (*at, word.as_str()))
            .collect();
        assert_eq!(words, expected);
        self.seen.clear();
    }
}
