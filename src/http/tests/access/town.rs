//! Two tenants with all that the API can show of them, keys of every kind, and a clock that can be turned.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nimbus_core::access::{Areas, Role};
use nimbus_core::billing::Period;
use nimbus_core::cluster::PodSpec;
use nimbus_core::explain::{Decision, Deny, Lack};
use nimbus_core::ids::{AppNo, DecisionId, InvoiceId, OrgNo, PodNo, ServiceNo, SpecNo, TenantNo};
use nimbus_core::machine::{Address, Effect, Message, Outbox};
use nimbus_core::machines::{Config, Machines};
use nimbus_core::plan::PlanCode;
use nimbus_core::store::billing::Row as BillingRow;
use nimbus_core::store::{Record, Row};
use nimbus_core::tenant::NewTenant;
use nimbus_core::time::{Span, Time};
use nimbus_core::units::{Bytes, Cpu, Resources};
use nimbus_core::{billing, tenant, workload};
use tokio::sync::mpsc;
use tower::ServiceExt;

use super::super::{Fine, Got, call, commit};
use crate::auth::{self, Access, Identity, KeyWish, Proof, Ring};
use crate::http::app::{App, Parts};
use crate::http::endpoints::metrics::Public;
use crate::http::limits::Limits;
use crate::shell::feed::Feed;
use crate::shell::port::Port;
use crate::store::{Commit, DecisionRow, Migrate, Store, Subject, Visible};
use crate::{metrics, runtime};

/// What tokens are signed with here.
const SECRET: &str = "R2qf8VtnYw0xGJ3m1sKcPzE7oLhUaD5b";

/// The two tenants.
pub(super) const ACME: TenantNo = TenantNo(0);
pub(super) const GLOBEX: TenantNo = TenantNo(1);

/// The beginning of machine time.
pub(super) const START: Time = Time::from_secs(1_793_491_200);

pub(super) struct Town {
    pub(super) router: Router,
    pub(super) store: Store,
    pub(super) access: Access,
    /// How far the clock of the edge is turned, seconds.
    pub(super) turned: Arc<AtomicI64>,
    pub(super) keys: Keys,
    pub(super) invoice: InvoiceId,
    pub(super) folder: tempfile::TempDir,
}

/// Keys as their owners know them.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) admin: String,
    pub(super) acme: String,
    pub(super) globex: String,
    pub(super) viewer: String,
    pub(super) developer: String,
}

/// Drives machines by hand: no conductor, one group.
struct Day {
    machines: Machines,
    records: Vec<Record>,
    deliveries: u32,
}

impl Day {
    fn tell(&mut self, now: Time, message: impl Into<Message>) {
        let mut waiting = VecDeque::from([message.into()]);
        while let Some(message) = waiting.pop_front() {
            let mut out = Outbox::default();
            self.deliveries += 1;
            out.begin(u128::from(self.deliveries), Address::Tenant, 0);
            self.machines.handle(now, message, &mut out);
            for effect in out.take() {
                match effect {
                    Effect::Record(record) => self.records.push(record),
                    Effect::Send(message) => waiting.push_back(message),
                    Effect::At(..) | Effect::Reply(_) | Effect::Explain(_) => {}
                }
            }
        }
    }

    fn tenant(&mut self, no: TenantNo, slug: &str) {
        let new = NewTenant {
            slug: slug.into(),
            name: slug.into(),
            org: None,
            plan: PlanCode::Metered,
            quota: None,
            isolation: None,
            labels: Default::default(),
        };
        self.tell(START, tenant::Input::Create(Arc::new(new)));
        let uid = u128::from(no.0) + 1;
        self.tell(START, tenant::Input::SpaceReady { tenant: no, uid });
    }

    /// An app with a service of the first tenant.
    fn service(&mut self) {
        let deploy = workload::Deploy {
            tenant: ACME,
            app: "shop".into(),
            service: "api".into(),
            kind: workload::Kind::Service,
            image: "nginx".into(),
            spec: Arc::new(PodSpec {
                requests: Resources::pod(Cpu(200), Bytes(256 << 20)),
                ..PodSpec::default()
            }),
            replicas: Some(2),
            strategy: workload::Strategy::default(),
            autoscale: None,
            starts: true,
            details: "{}".into(),
            by: "test".into(),
        };
        self.tell(START, workload::Input::Deploy(Arc::new(deploy)));
    }

    /// Two pods each from the second hour on; the month ends, and its invoices become final.
    fn month(&mut self) -> Time {
        let spec = SpecNo(0);
        let requests = Resources::pod(Cpu(200), Bytes(256 << 20));
        self.tell(START, billing::Input::SpecSeen { spec, requests });
        let begun = START + Span::from_secs(3_600);
        for (pod, tenant) in [(1, ACME), (2, ACME), (3, GLOBEX)] {
            let bound = billing::Input::Bound {
                pod: PodNo(pod),
                spec,
                tenant,
                service: ServiceNo(tenant.0),
            };
            self.tell(begun, bound);
        }
        let end = Period::month_of(START).to;
        self.tell(end, billing::Input::PeriodEnd { end });
        let later = end + billing::OPEN_AFTER_END;
        self.tell(later, billing::Input::Finalize { end });
        later + Span::from_secs(3_600)
    }

    fn first_invoice(&self) -> InvoiceId {
        let of = |record: &Record| match record {
            Record::Put(Row::Billing(BillingRow::Invoice(invoice))) => invoice.id,
            _ => None,
        };
        self.records.iter().find_map(of).expect("a final invoice")
    }
}

impl Town {
    pub(super) async fn new() -> Town {
        Town::with(false).await
    }

    pub(super) async fn with(dev: bool) -> Town {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nimbus.db");
        let store = Store::open(path.to_str().unwrap(), Migrate::Auto).unwrap();
        let invoice = settle(&store);
        let turned = Arc::<AtomicI64>::default();
        let clock = turned.clone();
        let access = Access::new(auth::Parts {
            store: store.clone(),
            ring: Ring::given("test", SECRET).unwrap(),
            dev,
            clock: Arc::new(move || {
                runtime::now() + Span::from_secs(clock.load(Ordering::Relaxed))
            }),
        });
        let access = access.unwrap();
        let keys = keys(&access, &store, folder.path()).await;
        Town {
            router: crate::http::router::router(app(&store, &access)),
            store,
            access,
            turned,
            keys,
            invoice,
            folder,
        }
    }

    pub(super) async fn get(&self, credential: &str, path: &str) -> Got {
        self.send(call(Method::GET, credential, path, Body::empty()))
            .await
    }

    pub(super) async fn post(&self, credential: &str, path: &str, body: &str) -> Got {
        let body = Body::from(body.to_owned());
        self.send(call(Method::POST, credential, path, body)).await
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Got {
        let response = self.router.clone().oneshot(request).await.unwrap();
        Got::of(response).await
    }

    /// A token for a key.
    pub(super) async fn token(&self, tenant: &str, key: &str) -> String {
        let issued = self.access.exchange(Proof {
            tenant: tenant.to_owned(),
            secret: Some(key.to_owned().into()),
            address: None,
            request: "test".into(),
        });
        issued.await.unwrap().token.to_string()
    }

    /// A token of acme that ended an hour ago.
    pub(super) async fn expired(&self) -> String {
        self.turned.store(-25 * 3_600, Ordering::Relaxed);
        let token = self.token("acme", &self.keys.acme).await;
        self.turned.store(0, Ordering::Relaxed);
        token
    }

    /// A good token whose header says that it needs no signature.
    pub(super) async fn forged(&self) -> String {
        let good = self.token("acme", &self.keys.acme).await;
        let payload = good.split('.').nth(1).unwrap();
        let header = URL_SAFE_NO_PAD.encode("{\"typ\":\"JWT\",\"alg\":\"none\"}");
        format!("{header}.{payload}.")
    }

    pub(super) fn tenant_id(&self, no: TenantNo) -> String {
        let found = self.store.tenant_by_no(no).unwrap().unwrap();
        found.row.row.id.to_string()
    }

    pub(super) fn app_id(&self) -> String {
        let found = self.store.app_by_no(AppNo(0)).unwrap().unwrap();
        found.row.row.id.to_string()
    }

    pub(super) fn service_id(&self) -> String {
        let found = self.store.service_by_no(ServiceNo(0)).unwrap().unwrap();
        found.row.row.id.to_string()
    }

    pub(super) fn org_id(&self, no: OrgNo) -> String {
        let found = self.store.org_by_no(no).unwrap().unwrap();
        found.row.row.id.to_string()
    }
}

/// Writes one group with everything in it.
fn settle(store: &Store) -> InvoiceId {
    let mut day = Day {
        machines: Machines::new(&Config::default()),
        records: Vec::new(),
        deliveries: 0,
    };
    day.tenant(ACME, "acme");
    day.tenant(GLOBEX, "globex");
    day.service();
    let now = day.month();
    let invoice = day.first_invoice();
    let deny = |id: u128, tenant: TenantNo| DecisionRow {
        id: DecisionId(id),
        time: START,
        group: 1,
        decision: Decision::Deny(Deny {
            tenant,
            asks: Resources::pod(Cpu(500), Bytes(1 << 20)),
            lacks: Lack::Cpu {
                asked: 500,
                left: 200,
            },
        }),
    };
    let commit = Commit {
        now,
        records: day.records,
        decisions: vec![deny(1, ACME), deny(2, GLOBEX)],
        ..commit(1)
    };
    store.commit(&commit).unwrap();
    invoice
}

fn app(store: &Store, access: &Access) -> App {
    let metrics = metrics::Registry::default();
    // nobody takes writes: whoever is let through is told that the service stops
    let (inbox, _) = mpsc::channel(1);
    App::new(Parts {
        port: Port::new(inbox, Duration::from_secs(5), metrics.shell.clone()),
        store: store.clone(),
        gate: Arc::new(access.clone()),
        limits: Limits {
            rate: 0,
            ..Limits::default()
        },
        feed: Feed::default(),
        health: Arc::<Fine>::default(),
        metrics,
        public_metrics: Public::Token,
        settings: serde_json::json!({}),
        billing: billing::Config::default(),
        dev: false,
        secret: [7; 32],
    })
}

async fn keys(access: &Access, store: &Store, folder: &std::path::Path) -> Keys {
    let admin = access.bootstrap(folder).unwrap().unwrap().to_string();
    let header = format!("Bearer {admin}");
    let maker = access.identify(Some(&header)).await.unwrap().unwrap();
    let mut made = Vec::new();
    for (tenant, role) in [
        (ACME, None),
        (GLOBEX, None),
        (ACME, Some(Role::Viewer)),
        (ACME, Some(Role::Developer)),
    ] {
        made.push(key(access, &maker, Subject::Tenant(tenant), role).await);
    }
    assert_eq!(
        store
            .tenants(
                &Visible::All,
                &Default::default(),
                &crate::store::Page::first(9)
            )
            .unwrap()
            .items
            .len(),
        2
    );
    let [acme, globex, viewer, developer] = made.try_into().unwrap();
    Keys {
        admin,
        acme,
        globex,
        viewer,
        developer,
    }
}

/// Makes a key.
pub(super) async fn key(
    access: &Access,
    maker: &Identity,
    subject: Subject,
    role: Option<Role>,
) -> String {
    let wish = KeyWish {
        subject,
        role,
        name: "test".to_owned(),
        areas: Areas::ALL,
        life: None,
        request: "test".into(),
    };
    let made = access.add_key(maker, wish).await.unwrap();
    made.key.to_string()
}
