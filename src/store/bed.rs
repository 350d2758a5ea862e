//! What the tests of the store stand on: real machines that make real rows, and a store to keep them in.

use std::collections::VecDeque;
use std::sync::Arc;

use nimbus_core::cluster::PodSpec;
use nimbus_core::digest::EventHash;
use nimbus_core::ids::{EventId, OrgNo, ServiceNo, TenantNo};
use nimbus_core::machine::{Address, Effect, Message, Outbox, Reply};
use nimbus_core::machines::{Config, Machines};
use nimbus_core::plan::PlanCode;
use nimbus_core::store::Record;
use nimbus_core::tenant::{self, NewTenant};
use nimbus_core::time::Time;
use nimbus_core::units::{Bytes, Cpu, Resources};
use nimbus_core::workload::{self, Deploy, Kind, Strategy};

use super::{Commit, EventRow, Migrate, Store};

/// 2026-11-01 00:00 UTC.
pub(super) const START: Time = Time(1_793_491_200_000_000);

/// Machines whose records have not been committed yet.
pub(super) struct Bed {
    machines: Machines,
    seed: u128,
    now: Time,
    group: u64,
    pub(super) records: Vec<Record>,
    pub(super) reply: Option<Reply>,
}

impl Bed {
    pub(super) fn new() -> Bed {
        Bed {
            machines: Machines::new(&Config::default()),
            seed: 0,
            now: START,
            group: 0,
            records: Vec::new(),
            reply: None,
        }
    }

    /// Tells the machines something and lets them come to rest.
    pub(super) fn tell(&mut self, input: impl Into<Message>) {
        self.seed += 1;
        let mut drawn = [0; Address::COUNT];
        let mut out = Outbox::default();
        let mut queue = VecDeque::from([input.into()]);
        while let Some(message) = queue.pop_front() {
            let address = message.address();
            out.begin(self.seed, address, drawn[address.index()]);
            self.machines.handle(self.now, message, &mut out);
            drawn[address.index()] = out.drawn();
            for effect in out.drain() {
                match effect {
                    Effect::Send(message) => queue.push_back(message),
                    Effect::Record(record) => self.records.push(record),
                    Effect::Reply(reply) => self.reply = Some(reply),
                    Effect::At(..) | Effect::Explain(_) => {}
                }
            }
        }
    }

    /// An active tenant of an organization, or of an implied one.
    pub(super) fn tenant(
        &mut self,
        no: u32,
        slug: &str,
        org: Option<OrgNo>,
        labels: &[(&str, &str)],
    ) -> TenantNo {
        let large = Resources {
            cpu: Cpu(1_000_000),
            memory: Bytes(1 << 42),
            pods: 10_000,
        };
        let labels = labels
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()));
        self.tell(tenant::Input::Create(Arc::new(NewTenant {
            slug: slug.into(),
            name: format!("The {slug}").into(),
            org,
            plan: PlanCode::Enterprise,
            quota: Some(large),
            isolation: None,
            labels: labels.collect(),
        })));
        assert!(
            matches!(self.reply, Some(Reply::Tenant(Ok(_)))),
            "{:?}",
            self.reply
        );
        let tenant = TenantNo(no);
        let uid = u128::from(no) + 1;
        self.tell(tenant::Input::SpaceReady { tenant, uid });
        tenant
    }

    pub(super) fn service(&mut self, tenant: TenantNo, app: &str, service: &str) {
        self.deploy(tenant, app, service, "nginx:1");
    }

    pub(super) fn deploy(&mut self, tenant: TenantNo, app: &str, service: &str, image: &str) {
        let spec = PodSpec {
            requests: Resources {
                cpu: Cpu(100),
                memory: Bytes(1 << 27),
                pods: 1,
            },
            ..PodSpec::default()
        };
        self.tell(workload::Input::Deploy(Arc::new(Deploy {
            tenant,
            app: app.into(),
            service: service.into(),
            kind: Kind::Service,
            image: image.into(),
            spec: Arc::new(spec),
            replicas: Some(2),
            strategy: Strategy::default(),
            autoscale: None,
            starts: true,
            details: "{}".into(),
            by: "tester".into(),
        })));
        assert!(
            matches!(self.reply, Some(Reply::Workload(Ok(_)))),
            "{:?}",
            self.reply
        );
    }

    /// The next group, with everything that was recorded since the last.
    pub(super) fn commit(&mut self, epoch: i64) -> Commit {
        self.group += 1;
        self.now = Time(self.now.0 + 1_000_000);
        Commit {
            group: self.group,
            now: self.now,
            round: 3,
            hashes: [EventHash(u128::from(self.group)); Address::COUNT],
            deliveries: self.group * 10,
            epoch,
            cursor: self.group * 2,
            records: std::mem::take(&mut self.records),
            ..Commit::default()
        }
    }

    /// Commits what was recorded since the last group.
    pub(super) fn keep(&mut self, store: &Store) {
        let commit = self.commit(store.epoch().unwrap());
        store.commit(&commit).unwrap();
    }

    /// What the machines would be restored from, by their own memory.
    pub(super) fn service_status(&self, no: u32) -> workload::ServiceStatus {
        let service = self.machines.workloads.service(ServiceNo(no));
        service.map(|service| service.status()).unwrap()
    }
}

/// A file of its own, gone with the test.
pub(super) fn sqlite() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nimbus.db");
    let store = Store::open(path.to_str().unwrap(), Migrate::Auto).unwrap();
    (dir, store)
}

pub(super) fn event(kind: &str, tenant: Option<TenantNo>, number: u128) -> EventRow {
    EventRow {
        id: EventId(number),
        seq: 0,
        time: START,
        kind: kind.into(),
        tenant,
        subject: "svc-x".into(),
        actor: "cluster".into(),
        data: "{}".to_owned(),
        request: None,
    }
}

/// Changes a database behind the store's back.
pub(super) fn tamper(store: &Store, sql: &str) {
    use diesel::connection::SimpleConnection;
    store.write(|conn| Ok(conn.batch_execute(sql)?)).unwrap();
}
