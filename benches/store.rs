//! What the store carries: groups per second with every commit on disk, and how long a start takes.
//!
//! `cargo bench --bench store` measures; without `--bench` each part runs once, on few rows.
#![allow(clippy::unwrap_used, reason = "benches")]

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use nimbus::runtime::Stopwatch;
use nimbus::store::{AuditRow, Commit, EventRow, Migrate, OperationRow, OutboxRow, Store};
use nimbus_core::cluster::PodSpec;
use nimbus_core::conductor::Conductor;
use nimbus_core::ids::{EventId, OperationId, TenantNo};
use nimbus_core::machine::{Address, Effect, Message, Outbox};
use nimbus_core::machines::{Config, Machines};
use nimbus_core::plan::PlanCode;
use nimbus_core::tenant::{self, NewTenant};
use nimbus_core::time::Time;
use nimbus_core::units::{Bytes, Cpu, Resources};
use nimbus_core::workload::{self, Deploy, Kind, Strategy};
use postgres::Postgres;

#[allow(dead_code, reason = "integration tests use more of it")]
#[path = "../tests/it/postgres.rs"]
mod postgres;

/// Machines that make the rows of groups.
struct Maker {
    machines: Machines,
    seed: u128,
    commit: Commit,
    sent: u64,
}

impl Maker {
    fn new() -> Maker {
        let mut maker = Maker {
            machines: Machines::new(&Config::default()),
            seed: 0,
            commit: Commit::default(),
            sent: 0,
        };
        maker.commit.now = Time(1_793_491_200_000_000);
        maker
    }

    /// One request, with all that the conductor writes beside its records.
    fn tell(&mut self, input: impl Into<Message>) {
        self.seed += 1;
        let mut drawn = [0; Address::COUNT];
        let mut out = Outbox::default();
        let mut queue = VecDeque::from([input.into()]);
        while let Some(message) = queue.pop_front() {
            let address = message.address();
            if let Message::Cluster(command) = message {
                self.sent += 1;
                self.commit.outbox.push(OutboxRow {
                    seq: self.sent,
                    group: self.commit.group,
                    at: self.commit.now,
                    command,
                });
                continue;
            }
            out.begin(self.seed, address, drawn[address.index()]);
            self.machines.handle(self.commit.now, message, &mut out);
            drawn[address.index()] = out.drawn();
            for effect in out.drain() {
                match effect {
                    Effect::Send(message) => queue.push_back(message),
                    Effect::Record(record) => self.commit.records.push(record),
                    _ => {}
                }
            }
        }
    }

    fn tenant(&mut self, no: u32) {
        let quota = Resources {
            cpu: Cpu(1 << 40),
            memory: Bytes(1 << 50),
            pods: 1 << 30,
        };
        self.tell(tenant::Input::Create(Arc::new(NewTenant {
            slug: format!("t{no}").into(),
            name: format!("Tenant {no}").into(),
            org: None,
            plan: PlanCode::Enterprise,
            quota: Some(quota),
            isolation: None,
            labels: [("tier".into(), "gold".into())].into(),
        })));
        let uid = u128::from(no) + 1;
        let tenant = TenantNo(no);
        self.tell(tenant::Input::SpaceReady { tenant, uid });
    }

    fn service(&mut self, tenant: u32, number: u64) {
        let spec = PodSpec {
            requests: Resources {
                cpu: Cpu(100),
                memory: Bytes(1 << 27),
                pods: 1,
            },
            ..PodSpec::default()
        };
        self.tell(workload::Input::Deploy(Arc::new(Deploy {
            tenant: TenantNo(tenant),
            app: format!("a{number}").into(),
            service: "web".into(),
            kind: Kind::Service,
            image: "nginx:1".into(),
            spec: Arc::new(spec),
            replicas: Some(2),
            strategy: Strategy::default(),
            autoscale: None,
            starts: true,
            details: "{\"env\":{\"A\":\"b\"},\"ports\":[{\"port\":80}]}".into(),
            by: "admin".into(),
        })));
        self.beside(number);
    }

    /// An event, an audit entry and an operation: what every write leaves.
    fn beside(&mut self, number: u64) {
        let time = self.commit.now;
        self.commit.events.push(EventRow {
            id: EventId(u128::from(number)),
            seq: 0,
            time,
            kind: "service.created".into(),
            tenant: Some(TenantNo(0)),
            subject: "svc-00000000000000000000000000".into(),
            actor: "admin".into(),
            data: "{}".to_owned(),
            request: Some("req-1".into()),
        });
        self.commit.audit.push(AuditRow {
            time,
            tenant: Some(TenantNo(0)),
            principal: "admin".into(),
            action: "service.create".into(),
            target: "web".into(),
            outcome: "ok".into(),
            request: "req-1".into(),
            data: "{}".to_owned(),
        });
        self.commit.operations.push(OperationRow {
            id: OperationId(u128::from(number)),
            kind: "rollout".into(),
            target: "svc-x".into(),
            tenant: Some(TenantNo(0)),
            by: "admin".into(),
            started_at: time,
        });
    }

    fn take(&mut self) -> Commit {
        let group = self.commit.group + 1;
        let now = Time(self.commit.now.0 + 1_000);
        let next = Commit {
            group,
            now,
            ..Commit::default()
        };
        Commit {
            group,
            ..std::mem::replace(&mut self.commit, next)
        }
    }
}

fn micros(watch: &Stopwatch) -> u128 {
    watch.wall().as_micros().max(1)
}

/// Groups of so many new services each.
fn groups(place: &str, name: &str, count: u64, each: u64) {
    let store = Store::open(place, Migrate::Auto).unwrap();
    let mut maker = Maker::new();
    maker.tenant(0);
    store.commit(&maker.take()).unwrap();
    let mut commits = Vec::new();
    for group in 0..count {
        for number in 0..each {
            maker.service(0, group * each + number);
        }
        commits.push(maker.take());
    }
    let mut slowest = 0;
    let watch = Stopwatch::start();
    for commit in &commits {
        let one = Stopwatch::start();
        store.commit(commit).unwrap();
        slowest = slowest.max(micros(&one));
    }
    let took = micros(&watch);
    let per_s = u128::from(count) * 1_000_000 / took;
    println!(
        "{name}: {each} services a group: {per_s} groups/s, {} services/s, mean {} us, slowest {slowest} us",
        per_s * u128::from(each),
        took / u128::from(count),
    );
}

/// A store of so many tenants with ten services each: filled, restored, asked.
fn start(place: &str, name: &str, tenants: u32) {
    let store = Store::open(place, Migrate::Auto).unwrap();
    let mut maker = Maker::new();
    let watch = Stopwatch::start();
    for no in 0..tenants {
        maker.tenant(no);
        for number in 0..10 {
            maker.service(no, u64::from(no) * 10 + number);
        }
        if no % 100 == 99 || no + 1 == tenants {
            store.commit(&maker.take()).unwrap();
        }
    }
    let filled = micros(&watch);
    let watch = Stopwatch::start();
    let mut conductor = Conductor::default();
    let now = Time(1_793_491_200_000_000);
    let snapshot = store.snapshot().unwrap();
    let machines = Machines::restore(&Config::default(), &snapshot, now, &mut conductor).unwrap();
    let restored = micros(&watch);
    assert_eq!(
        machines.workloads.services().count(),
        usize::try_from(tenants).unwrap() * 10
    );
    println!(
        "{name}: {tenants} tenants x 10 services: filled in {} ms, machines restored in {} ms",
        filled / 1_000,
        restored / 1_000
    );
}

fn main() {
    let whole = std::env::args().any(|arg| arg == "--bench");
    let (count, tenants) = if whole { (500, 10_000) } else { (3, 20) };
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| Path::join(dir.path(), name).to_str().unwrap().to_owned();
    groups(&file("one.db"), "sqlite", count, 1);
    groups(&file("many.db"), "sqlite", count, 64);
    start(&file("start.db"), "sqlite", tenants);
    let server = Postgres::start(true);
    groups(&server.database(), "postgres", count, 1);
    groups(&server.database(), "postgres", count, 64);
    start(&server.database(), "postgres", tenants);
}
