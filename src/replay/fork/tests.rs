//! Forks of a small control plane: what is foretold is what comes.

use nimbus_core::cluster::PodSpec;
use nimbus_core::ids::ServiceNo;
use nimbus_core::plan::PlanCode;
use nimbus_core::store::{Key, Record, Row};
use nimbus_core::units::{Bytes, Cpu};
use nimbus_core::workload;

use super::*;
use crate::cluster::Cluster;
use crate::shell::ledger::Rows;
use crate::store::{Last, OutboxRow};

const SMALL: &str = r#"
[scenario]
name = "small"
version = 1
duration = "1h"
metrics_period = "10s"

[[node_pool]]
name = "general"
cpu = "4"
memory = "16Gi"
count = 3
min = 3
max = 3

[api]
start_delay = { min = "1s", max = "5s" }

[[load]]
match = "api:*"
source = "constant"
rate = 20
"#;

/// A control plane that keeps its rows.
struct Live {
    scene: Arc<Scene>,
    branch: Branch,
    rows: BTreeMap<Key, Row>,
    outbox: Vec<OutboxRow>,
    group: u64,
}

impl Live {
    fn new() -> Live {
        let scene = Arc::new(Scene::read(SMALL, "small.toml").unwrap());
        Live {
            branch: Branch::new(&scene, &Origin::default()).unwrap(),
            scene,
            rows: BTreeMap::new(),
            outbox: Vec::new(),
            group: 0,
        }
    }

    fn group(&mut self, now: Time, asks: Vec<Message>) -> Option<Reply> {
        let (gave, rows) = self.branch.group(now, asks).unwrap();
        self.group += 1;
        self.outbox.extend(rows);
        for record in gave.records {
            match record {
                Record::Put(row) => drop(self.rows.insert(row.key(), row)),
                Record::Drop(key) => drop(self.rows.remove(&key)),
            }
        }
        gave.replies.into_iter().next()
    }

    /// Until nothing but samples happens.
    fn until(&mut self, seconds: i64) {
        let end = self.branch.now() + Span::from_secs(seconds);
        while let Some(next) = self.branch.next().filter(|next| *next <= end) {
            self.group(next, Vec::new());
        }
    }

    fn ask(&mut self, message: impl Into<Message>) -> Option<Reply> {
        self.group(self.branch.now(), vec![message.into()])
    }

    fn origin(&self) -> Origin {
        let conductor = &self.branch.conductor;
        Origin {
            rows: Rows(self.rows.values().cloned().collect()),
            last: Some(Last {
                group: self.group,
                now: conductor.now(),
                round: conductor.round(),
                hashes: conductor.hashes(),
                deliveries: conductor.events(),
                cursor: self.branch.cluster.cursor(),
                outbox_seq: self.branch.cluster.outbox_seq(),
                event_seq: 0,
            }),
            saved: None,
            outbox: self.outbox.clone(),
        }
    }

    fn forecast(&self, message: impl Into<Message>, tenant: u32, seconds: i64) -> Forecast {
        let question = Question {
            message: message.into(),
            tenant: Some(TenantNo(tenant)),
            horizon: Span::from_secs(seconds),
        };
        forecast(&self.scene, &self.origin(), &question, &mut || true).unwrap()
    }
}

fn tenant(slug: &str) -> Message {
    let new = tenant::NewTenant {
        slug: slug.into(),
        name: slug.into(),
        org: None,
        plan: PlanCode::Business,
        quota: None,
        isolation: None,
        labels: tenant::Labels::new(),
    };
    tenant::Input::Create(Arc::new(new)).into()
}

fn deploy(of: u32, name: &str, cpu: u64, replicas: u32) -> Message {
    let scenario = format!(
        "{SMALL}\n[[tenant]]\nname = \"t\"\n[[workload]]\ntenant = \"t\"\nname = \"w\"\ncpu = \"1\"\nmemory = \"1Gi\"\n"
    );
    let scene = Scene::read(scenario, "small.toml").unwrap();
    let deploy = workload::Deploy {
        tenant: TenantNo(of),
        app: name.into(),
        service: name.into(),
        spec: Arc::new(PodSpec {
            requests: Resources::pod(Cpu(cpu), Bytes::mib(256)),
            ..PodSpec::default()
        }),
        replicas: Some(replicas),
        ..nimbus_sim::run::first_deploy(&scene.prepared().scenario, 0)
    };
    workload::Input::Deploy(Arc::new(deploy)).into()
}

fn live() -> Live {
    let mut live = Live::new();
    live.until(0);
    live.ask(tenant("acme"));
    live.ask(tenant("bolt"));
    live.until(1);
    live.ask(deploy(0, "web", 500, 2));
    live.until(60);
    live
}

#[test]
fn what_is_simulated_and_then_applied_gets_the_same_nodes() {
    let mut live = live();
    let asked = deploy(0, "api", 700, 5);
    let foreseen = live.forecast(asked.clone(), 0, 60);
    live.branch.places.clear();
    let reply = live.ask(asked);
    live.until(60);
    let applied: Vec<_> = live.branch.places.iter().map(|p| (p.pod, p.node)).collect();
    let foretold = foreseen.placements.iter();
    let foretold: Vec<_> = foretold.map(|p| (p.pod, p.decision.node)).collect();
    assert_eq!(foretold, applied);
    assert_eq!(applied.len(), 5);
    let number = |reply: Option<Reply>| match reply {
        Some(Reply::Workload(Ok(workload::Answer::Deployed { no, .. }))) => Some(no),
        _ => None,
    };
    assert_eq!(number(foreseen.reply), number(reply));
    assert!(foreseen.pending.is_empty());
    assert!(foreseen.cost_minor >= 0);
    assert_eq!(&*foreseen.placements[0].node, "general-1");
}

#[test]
fn a_fork_changes_nothing() {
    let live = live();
    let (rows, outbox) = (live.rows.clone(), live.outbox.clone());
    let saved = live.branch.cluster.save().unwrap();
    let first = live.forecast(deploy(0, "api", 700, 5), 0, 600);
    let second = live.forecast(deploy(0, "api", 700, 5), 0, 600);
    assert_eq!(first, second);
    assert_eq!(live.rows, rows);
    assert_eq!(live.outbox, outbox);
    assert_eq!(live.branch.cluster.save().unwrap(), saved);
}

#[test]
fn what_does_not_fit_waits_with_its_reason() {
    let live = live();
    let foreseen = live.forecast(deploy(0, "big", 3_000, 6), 0, 120);
    assert_eq!(foreseen.placements.len() + foreseen.pending.len(), 6);
    assert_eq!(foreseen.pending[0].reason, "no node: cpu 3 of 3 removed");
    assert_eq!(foreseen.queue_time_p99, Span::from_secs(120));
    assert_eq!(foreseen.affected, []);
    let left = foreseen.quota_left.unwrap();
    assert_eq!(left.cpu, Cpu(20_000 - 1_000 - 18_000));
}

#[test]
fn other_tenants_are_affected_only_if_they_wait_more() {
    let mut live = live();
    live.ask(deploy(1, "later", 100, 1));
    live.until(30);
    // bolt takes the room that acme's replica would need
    let foreseen = live.forecast(deploy(1, "hog", 3_500, 3), 1, 60);
    assert!(foreseen.pending.len() < 3);
    assert_eq!(foreseen.affected, []);
}

#[test]
fn a_dry_run_shows_the_answer_of_this_instant() {
    let live = live();
    let refused = live.forecast(deploy(0, "huge", 100_000, 1), 0, 0);
    assert!(matches!(refused.reply, Some(Reply::Workload(Err(_)))));
    assert_eq!(refused.placements, []);
    let scale = workload::Input::Scale {
        service: ServiceNo(0),
        replicas: 3,
        by: workload::Actor::User,
    };
    let scaled = live.forecast(scale, 0, 0);
    assert!(matches!(scaled.reply, Some(Reply::Workload(Ok(_)))));
    assert_eq!(scaled.placements.len(), 1);
    assert_eq!(scaled.cost_minor, 0);
}

#[test]
fn a_fork_that_takes_too_long_is_given_up() {
    let live = live();
    let question = Question {
        message: deploy(0, "api", 100, 1),
        tenant: Some(TenantNo(0)),
        horizon: Span::from_secs(86_400),
    };
    let mut looks = 0;
    let given_up = forecast(&live.scene, &live.origin(), &question, &mut || {
        looks += 1;
        looks < 3
    });
    assert!(matches!(given_up, Err(ForkError::Budget)));
}

#[tokio::test]
async fn more_forks_than_may_are_refused() {
    let live = live();
    let forks = Forks::new(Arc::clone(&live.scene));
    let _held = Arc::clone(&forks.places)
        .acquire_many_owned(2)
        .await
        .unwrap();
    let question = Question {
        message: deploy(0, "api", 100, 1),
        tenant: Some(TenantNo(0)),
        horizon: Span::ZERO,
    };
    let origin = live.origin();
    let refused = forks
        .run(move || Ok::<_, BranchError>(origin), question)
        .await;
    assert!(matches!(refused, Err(ForkError::Busy)));
}
