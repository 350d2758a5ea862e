//! Each oracle finds nothing in a sound history, and its planted bug in a tampered one.

mod inside;
mod outside;
mod whole;

use std::sync::Arc;

use nimbus_core::cluster::{self, Command, Deployment, Event, Finish, NodeSpec, PodSpec};
use nimbus_core::ids::{NodeNo, OrgId, OrgNo, PodNo, RevisionId, ServiceNo, TenantId, TenantNo};
use nimbus_core::machine::{Effect, Message};
use nimbus_core::plan::PlanCode;
use nimbus_core::store::billing::UsageInterval;
use nimbus_core::store::{Record, billing, tenant as ten, workload as work};
use nimbus_core::tenant::Status;
use nimbus_core::time::{Span, Time};
use nimbus_core::units::{Bytes, Cpu, Resources};
use nimbus_core::workload::{Reason, Revision, Template};

use super::{Mode, Oracle, Views};
use crate::world::{Config, Pool, World};

pub(super) const ACME: TenantNo = TenantNo(0);
pub(super) const OTHER: TenantNo = TenantNo(1);
pub(super) const WEB: ServiceNo = ServiceNo(0);
pub(super) const JOBS: ServiceNo = ServiceNo(1);

pub(super) fn at(secs: i64) -> Time {
    Time::from_secs(secs)
}

pub(super) fn amount(cores: u64, gib: u64, pods: u32) -> Resources {
    Resources {
        cpu: Cpu(cores * 1_000),
        memory: Bytes::gib(gib),
        pods,
    }
}

pub(super) fn spec() -> Arc<PodSpec> {
    Arc::new(PodSpec {
        requests: amount(1, 1, 1),
        ..PodSpec::default()
    })
}

/// A history: the oracle hears what the world reports and what sound machines would record.
pub(super) struct Play {
    pub(super) oracle: Oracle,
    pub(super) world: World,
    pub(super) now: Time,
    /// Whether intervals are recorded for what the world reports.
    pub(super) bills: bool,
}

impl Play {
    /// Two nodes of four cores; organization 0 with tenants 0 and 1, quota five pods each; service 0 of
    /// tenant 0 with a revision, service 1 of tenant 0 for bare pods.
    pub(super) fn new() -> Play {
        let pool = Pool {
            name: "n".into(),
            template: Arc::new(NodeSpec {
                allocatable: amount(4, 16, 10),
                ..NodeSpec::default()
            }),
            zones: Vec::new(),
            initial: 2,
            boot_delay: (Span::ZERO, Span::ZERO),
            price_micro_hour: 0,
        };
        let config = Config {
            pools: vec![pool],
            ..Config::default()
        };
        let mut play = Play {
            oracle: Oracle::new(Mode::Full, at(0)),
            world: World::new(config, at(0)),
            now: at(0),
            bills: true,
        };
        play.until(0);
        play.record(ten::Row::Org(OrgNo(0), Box::new(org())));
        for tenant in [ACME, OTHER] {
            play.tenant(tenant, Status::Active, amount(5, 5, 5));
            play.used(tenant, amount(5, 5, 5), 1);
            play.tell(Command::EnsureTenantSpace {
                tenant,
                space: Arc::new(cluster::Space {
                    namespace: "nimbus-acme".into(),
                    quota: amount(5, 5, 5),
                    admits: true,
                }),
            });
        }
        play.record(billing::Row::Sampled(at(0)));
        play.revision(WEB, 1);
        play.revision(JOBS, 1);
        play.until(0);
        play
    }

    pub(super) fn record(&mut self, row: impl Into<Record>) {
        let effect = Effect::Record(row.into());
        self.oracle.effect(self.now, &effect);
    }

    /// Delivers a message: what is recorded next are its effects.
    pub(super) fn deliver(&mut self, message: impl Into<Message>) {
        self.oracle.message(self.now, &message.into());
    }

    pub(super) fn tenant(&mut self, no: TenantNo, status: Status, quota: Resources) {
        let row = ten::TenantRow {
            id: TenantId(u128::from(no.0)),
            version: 1,
            slug: format!("t{no}").into(),
            name: format!("t{no}").into(),
            labels: nimbus_core::tenant::Labels::new(),
            isolation: nimbus_core::plan::Isolation::Shared,
            org: OrgNo(0),
            quota,
            by_hand: false,
            status,
            suspend_reason: None,
            uid: None,
            children_gone: false,
            deadline: at(0),
            attempt: 0,
            failures: 0,
            retry_at: None,
            last_error: None,
        };
        self.record(ten::Row::Tenant(no, Box::new(row)));
    }

    pub(super) fn used(&mut self, tenant: TenantNo, used: Resources, apps: u32) {
        self.record(ten::Row::Used { tenant, used, apps });
    }

    pub(super) fn revision(&mut self, service: ServiceNo, number: u32) {
        let template = Template {
            image: "nginx".into(),
            spec: spec(),
            starts: true,
            details: "".into(),
        };
        let spec_hash = template.hash();
        self.record(work::Row::Revision(Arc::new(Revision {
            service,
            number,
            id: RevisionId(0),
            template,
            spec_hash,
            reason: Reason::Deploy,
            from: None,
            by: "".into(),
            created_at: self.now,
        })));
    }

    pub(super) fn tell(&mut self, command: Command) {
        self.oracle.command(self.now, &command);
        let mut events = Vec::new();
        self.world.apply(self.now, command, &mut events);
        for event in events {
            self.hear(&event);
        }
    }

    /// An event, and the intervals that a sound billing machine records for it.
    pub(super) fn hear(&mut self, event: &Event) {
        self.oracle.event(self.now, event);
        let row = |pod, tenant, service, spec, start: Time, end_s| UsageInterval {
            pod,
            tenant,
            service,
            spec,
            start_s: start.secs(),
            end_s,
        };
        let row = match *event {
            Event::PodBound {
                pod,
                tenant,
                service,
                spec,
                ..
            } => Some(row(pod, tenant, service, spec, self.now, None)),
            Event::PodFinished {
                pod,
                tenant,
                service,
                spec,
                ..
            } => {
                let pods = &self.oracle.books.pods;
                let known = pods.get(pod.0).filter(|known| known.node.is_some());
                known.map(|known| {
                    row(
                        pod,
                        tenant,
                        service,
                        spec,
                        known.bound,
                        Some(self.now.secs()),
                    )
                })
            }
            _ => None,
        };
        if let Some(row) = row.filter(|_| self.bills) {
            self.record(billing::Row::Interval(row));
        }
    }

    pub(super) fn until(&mut self, secs: i64) {
        while let Some(next) = self.world.next().filter(|next| *next <= at(secs)) {
            self.now = next;
            let mut events = Vec::new();
            self.world.step(next, &mut events);
            for event in events {
                self.hear(&event);
            }
        }
        self.now = at(secs);
    }

    pub(super) fn run(&mut self, count: u32, secs: Option<i64>) {
        self.tell(Command::RunPods {
            tenant: ACME,
            service: JOBS,
            revision: 1,
            spec: spec(),
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

    pub(super) fn deploy(&mut self, generation: u32, change: impl FnOnce(&mut Deployment)) {
        let mut deployment = Deployment {
            name: "web".into(),
            tenant: ACME,
            generation,
            revision: 1,
            restart: 0,
            spec: spec(),
            replicas: 2,
            max_surge: 1,
            max_unavailable: 0,
            paused: false,
            starts: true,
        };
        change(&mut deployment);
        self.tell(Command::ApplyDeployment {
            service: WEB,
            deployment: Arc::new(deployment),
        });
    }

    pub(super) fn checkpoint(&mut self) {
        let views = Views {
            world: &self.world,
            billing: None,
            queue: 0,
            timers: 0,
        };
        self.oracle.checkpoint(self.now, &views);
    }

    pub(super) fn finish(&mut self) {
        let views = Views {
            world: &self.world,
            billing: None,
            queue: 0,
            timers: 0,
        };
        self.oracle.finish(self.now, &views);
    }

    /// Nothing was found.
    #[track_caller]
    pub(super) fn sound(&self) {
        let found: Vec<String> = self
            .oracle
            .violations()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(found.is_empty(), "{found:#?}");
    }

    /// Something was found, all of it by these invariants.
    #[track_caller]
    pub(super) fn caught(&self, ids: &[&str]) {
        let mut found: Vec<&str> = self
            .oracle
            .violations()
            .iter()
            .map(|v| v.invariant.id)
            .collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, ids, "{:#?}", self.oracle.violations());
    }
}

pub(super) fn org() -> ten::OrgRow {
    ten::OrgRow {
        id: OrgId(0),
        slug: "acme".into(),
        plan: PlanCode::Business,
        implied: false,
        closed: false,
    }
}

/// The history that the tests tamper with.
pub(super) fn history() -> Play {
    let mut play = Play::new();
    play.run(2, Some(100));
    play.bind(0, 0);
    play.bind(1, 1);
    play.until(10);
    play.deploy(1, |_| {});
    play.until(10);
    play.bind(2, 0);
    play.bind(3, 0);
    play.until(50);
    play.checkpoint();
    play
}

#[test]
fn a_sound_history_has_no_violation() {
    let mut play = history();
    play.until(120);
    play.revision(WEB, 2);
    play.deploy(2, |deployment| deployment.revision = 2);
    play.until(120);
    play.bind(4, 1);
    play.until(120);
    play.bind(5, 1);
    play.until(400);
    play.finish();
    play.sound();
    assert_eq!(play.oracle.count(), 0);
    assert_eq!(play.world.replicas(WEB), (2, 2));
}

#[test]
fn off_looks_at_nothing() {
    let mut play = history();
    play.oracle = Oracle::new(Mode::Off, at(0));
    play.bind(0, 1);
    play.finish();
    play.sound();
    assert!(!play.oracle.due());
    assert_eq!(Mode::from_word("touched"), Some(Mode::Touched));
    assert_eq!(Mode::from_word("on"), None);
}

#[test]
fn a_violation_says_what_when_and_where() {
    let mut play = history();
    play.bind(0, 1);
    assert_eq!(
        play.oracle.violations()[0].to_string(),
        "I-1/R5 at 1970-01-01T00:00:50Z: pod 0: expected bound once, to node 0, found bound again, to node 1 \
         (for every node and resource allocated ≤ allocatable, and a replica is bound at most once, to an active node)"
    );
}

#[test]
fn a_flood_of_violations_is_counted_and_not_kept() {
    let mut play = history();
    for _ in 0..500 {
        play.oracle.event(play.now, &finished(77, Finish::Deleted));
    }
    assert_eq!(
        (play.oracle.violations().len(), play.oracle.count()),
        (100, 500)
    );
}

pub(super) fn finished(pod: u64, why: Finish) -> Event {
    Event::PodFinished {
        pod: PodNo(pod),
        spec: nimbus_core::ids::SpecNo(0),
        tenant: ACME,
        service: JOBS,
        bare: true,
        why,
    }
}
