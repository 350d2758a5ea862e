//! A simulated cluster that is killed, restored and looked at whenever; what its replicas say.

use nimbus_core::conductor::Conductor;
use nimbus_core::ids::{ServiceNo, TenantNo};
use nimbus_core::machine::{Effect, Message, Outbox, Reply};
use nimbus_core::machines::Machines;
use nimbus_core::plan::PlanCode;
use nimbus_core::time::Span;
use nimbus_core::units::{Bytes, Cpu, Resources};
use nimbus_core::workload::Actor;
use nimbus_core::{tenant, workload};
use proptest::prelude::*;

use super::*;
use crate::store::{Phase, ReplicaView};

/// A scenario with services of its own, nodes that come and go, delays, and load for everything.
const BUSY: &str = r#"
[scenario]
name = "busy"
version = 1
seed = 11
duration = "1h"
metrics_period = "10s"
metrics_lag = "3s"
space_delay = "1s"

[[node_pool]]
name = "general"
cpu = "2"
memory = "8Gi"
min = 1
max = 4
boot_delay = { min = "5s", max = "20s" }

[[tenant]]
name = "house"
plan = "business"

[[workload]]
tenant = "house"
name = "shop"
cpu = "250m"
memory = "128Mi"
start_delay = { min = "1s", max = "9s" }
autoscaler = "steps"

[[workload]]
tenant = "house"
name = "nightly"
kind = "batch"
cpu = "100m"
memory = "64Mi"
replicas = 3
lifetime = "40s"

[[autoscaler]]
name = "steps"
period = "10s"
max = 6

[api]
start_delay = { min = "1s", max = "5s" }
pull_delay = { min = "1s", max = "3s" }
use_fraction = "5%"

[[load]]
workload = "shop"
source = "sine"
low = 2
high = 90
period = "2m"

[[load]]
match = "api:*"
source = "poisson"
rate = 40
interval = "20s"

[scheduler]
empty_after = "30s"
"#;

fn busy() -> Arc<Scene> {
    Arc::new(Scene::read(BUSY, "busy.toml").unwrap())
}

/// Machines over a simulated cluster, with what a store would keep.
struct Play {
    conductor: Conductor<Message>,
    machines: Machines,
    cluster: SimCluster,
    rows: Vec<OutboxRow>,
    saved: Saved,
    taken: Vec<Event>,
    groups: u64,
    replies: Vec<Reply>,
}

impl Play {
    fn new(scene: &Arc<Scene>) -> Play {
        let cluster = SimCluster::new(Arc::clone(scene));
        Play {
            conductor: Conductor::default(),
            machines: Machines::new(&scene.machines()),
            saved: cluster.save().unwrap(),
            cluster,
            rows: Vec::new(),
            taken: Vec::new(),
            groups: 0,
            replies: Vec::new(),
        }
    }

    /// One group: what the cluster says until `now`, and what somebody asks.
    fn group(&mut self, now: Time, most: usize, asks: Vec<Message>) {
        let mut events = Vec::new();
        self.cluster.observe(now, most, &mut events);
        self.taken.extend(events.iter().cloned());
        self.groups += 1;
        self.conductor.begin(now, u128::from(self.groups));
        for ask in asks {
            self.conductor.outside(ask);
        }
        for event in events {
            let root = self.conductor.root();
            event.deliver(|message| self.conductor.join(root, message));
        }
        let commands = self.rest();
        let first = self.rows.len();
        for command in commands {
            self.rows.push(OutboxRow {
                seq: u64::try_from(self.rows.len()).unwrap() + 1,
                group: self.groups,
                at: self.conductor.now(),
                command,
            });
        }
        self.cluster.carry(self.rows[first..].to_vec());
    }

    fn rest(&mut self) -> Vec<Command> {
        let (mut out, mut commands) = (Outbox::default(), Vec::new());
        while let Some(batch) = self.conductor.batch().unwrap() {
            for delivery in batch.deliveries {
                let address = delivery.message.address();
                let (seed, drawn) = self.conductor.open(&delivery.message);
                out.begin(seed, address, drawn);
                self.machines.handle(batch.now, delivery.message, &mut out);
                self.conductor.close(address, out.drawn(), out.effects());
                for effect in out.drain() {
                    match effect {
                        Effect::Send(Message::Cluster(command)) => commands.push(command),
                        Effect::Send(message) => self.conductor.send(delivery.root, message),
                        Effect::At(at, message) => self.conductor.at(delivery.root, at, message),
                        Effect::Reply(reply) => self.replies.push(reply),
                        Effect::Record(_) | Effect::Explain(_) => {}
                    }
                }
            }
        }
        commands
    }

    fn seed(&mut self) {
        let mut seeding = self.cluster.scene().seeding();
        let mut now = self.cluster.scene().start();
        while let Some((ask, _, _)) = seeding.ask() {
            now += Span(400_000);
            self.group(now, 256, vec![ask]);
            let reply = self.replies.last().unwrap();
            seeding.learn(reply).unwrap();
        }
    }

    /// Throws the cluster away and makes it again from what a store has.
    fn kill(&mut self) {
        let since = self.saved.outbox_seq;
        let rows = self.rows.iter().filter(|row| row.seq > since).cloned();
        let cursor = u64::try_from(self.taken.len()).unwrap();
        let scene = Arc::clone(self.cluster.scene());
        let again = SimCluster::restore(Some(&scene), &self.saved, rows.collect(), cursor);
        self.cluster = again.unwrap();
    }
}

#[derive(Clone, Debug)]
struct Step {
    wait: i64,
    most: usize,
    ask: Option<u8>,
    save: bool,
}

fn deploy(number: u8) -> Message {
    let requests = Resources::pod(Cpu(50 + 50 * u64::from(number % 4)), Bytes::mib(64));
    let deploy = workload::Deploy {
        tenant: TenantNo(0),
        app: format!("app-{}", number % 3).into(),
        service: "api".into(),
        kind: workload::Kind::Service,
        image: format!("image:{number}").into(),
        spec: Arc::new(nimbus_core::cluster::PodSpec {
            requests,
            ..nimbus_core::cluster::PodSpec::default()
        }),
        replicas: Some(1 + u32::from(number % 5)),
        ..first(TenantNo(0))
    };
    workload::Input::Deploy(Arc::new(deploy)).into()
}

/// The first deployment of the scenario, for the parts that do not matter here.
fn first(tenant: TenantNo) -> workload::Deploy {
    let scene = busy();
    workload::Deploy {
        tenant,
        autoscale: None,
        ..nimbus_sim::run::first_deploy(&scene.prepared().scenario, 0)
    }
}

fn ask(number: u8) -> Message {
    let service = ServiceNo(u32::from(number % 5));
    match number % 7 {
        0 => workload::Input::Scale {
            service,
            replicas: u32::from(number % 6),
            by: Actor::User,
        }
        .into(),
        1 => workload::Input::Restart { service }.into(),
        2 if number > 200 => workload::Input::Delete { service }.into(),
        _ => deploy(number),
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (
        prop_oneof![Just(0), 1i64..3_000_000, Just(45_000_000)],
        prop_oneof![Just(256usize), 1usize..6],
        proptest::option::weighted(0.3, any::<u8>()),
        proptest::bool::weighted(0.1),
    )
        .prop_map(|(wait, most, ask, save)| Step {
            wait,
            most,
            ask,
            save,
        });
    proptest::collection::vec(step, 20..120)
}

/// Plays the steps; `kill` says after which of them the cluster is lost.
fn play(steps: &[Step], kill: impl Fn(usize) -> bool) -> Play {
    let mut play = Play::new(&busy());
    play.seed();
    let mut now = play.conductor.now();
    for (place, step) in steps.iter().enumerate() {
        now += Span(step.wait);
        play.group(now, step.most, step.ask.map(ask).into_iter().collect());
        if step.save {
            play.saved = play.cluster.save().unwrap();
        }
        if kill(place) {
            play.kill();
        }
    }
    play
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_cluster_that_is_killed_gives_the_same_events(steps in steps(), kills in proptest::collection::vec(0usize..120, 1..4)) {
        let whole = play(&steps, |_| false);
        let killed = play(&steps, |place| kills.contains(&place));
        prop_assert_eq!(&whole.taken, &killed.taken);
        prop_assert_eq!(&whole.rows, &killed.rows);
        prop_assert_eq!(whole.conductor.hash(), killed.conductor.hash());
        prop_assert!(whole.taken.len() > 10);
    }

    #[test]
    fn events_do_not_depend_on_when_somebody_looked(steps in steps()) {
        let mut live = play(&steps, |_| false);
        let end = live.cluster.at + Span::from_secs(60);
        let mut again = SimCluster::new(busy());
        again.resume(live.rows.clone(), 0).unwrap();
        let mut all = Vec::new();
        while again.observe(end, 7, &mut all).more {}
        let mut rest = live.taken.clone();
        while live.cluster.observe(end, 256, &mut rest).more {}
        prop_assert_eq!(all, rest);
    }
}

#[test]
fn commands_that_are_repeated_change_nothing() {
    let mut play = Play::new(&busy());
    play.seed();
    let before = play.cluster.save().unwrap();
    play.cluster.carry(play.rows.clone());
    assert_eq!(play.cluster.save().unwrap(), before);
}

#[test]
fn another_scenario_on_the_same_state_is_refused() {
    let saved = SimCluster::new(busy()).save().unwrap();
    let dev = Scene::dev().unwrap();
    let why = SimCluster::restore(Some(&dev), &saved, Vec::new(), 0).unwrap_err();
    let why = why.to_string();
    assert!(
        why.starts_with("the database was seeded by scenario busy (")
            && why.contains("not by dev ("),
        "{why}"
    );
    let again = SimCluster::restore(None, &saved, Vec::new(), 0).unwrap();
    assert_eq!(&**again.scene().name(), "busy");
}

#[test]
fn a_moved_scene_is_the_same_scenario() {
    let start = Time::from_secs(1_800_000_000);
    let scene = Arc::new(Scene::dev().unwrap().starting(start));
    let saved = SimCluster::new(scene).save().unwrap();
    let dev = Scene::dev().unwrap();
    let again = SimCluster::restore(Some(&dev), &saved, Vec::new(), 0).unwrap();
    assert_eq!(again.scene().start(), start);
    assert_eq!(again.at, start);
}

#[test]
fn a_torn_state_or_one_ahead_of_the_store_is_refused() {
    let mut play = Play::new(&busy());
    play.seed();
    let saved = play.cluster.save().unwrap();
    let why = SimCluster::restore(None, &saved, Vec::new(), saved.cursor - 1).unwrap_err();
    assert!(matches!(why, SimError::Ahead { .. }), "{why}");
    let torn = Saved {
        bytes: saved.bytes[..saved.bytes.len() / 2].to_vec(),
        ..saved
    };
    assert!(SimCluster::restore(None, &torn, Vec::new(), torn.cursor).is_err());
}

#[test]
fn a_service_of_the_dev_scenario_goes_up_and_down_within_minutes() {
    let scene = Arc::new(Scene::dev().unwrap());
    let mut play = Play::new(&scene);
    let start = scene.start();
    let new = tenant::NewTenant {
        slug: "acme".into(),
        name: "Acme".into(),
        org: None,
        plan: PlanCode::Business,
        quota: None,
        isolation: None,
        labels: tenant::Labels::new(),
    };
    play.group(
        start,
        256,
        vec![tenant::Input::Create(Arc::new(new)).into()],
    );
    play.group(start, 256, Vec::new());
    let deploy = workload::Deploy {
        service: "web".into(),
        app: "shop".into(),
        autoscale: Some(Arc::new(nimbus_core::autoscaler::Policy::default())),
        replicas: Some(1),
        spec: Arc::new(nimbus_core::cluster::PodSpec {
            requests: Resources::pod(Cpu(500), Bytes::mib(256)),
            ..nimbus_core::cluster::PodSpec::default()
        }),
        ..first(TenantNo(0))
    };
    play.group(
        start,
        256,
        vec![workload::Input::Deploy(Arc::new(deploy)).into()],
    );
    let mut seen = Vec::new();
    let mut ready = None;
    for second in 0..1_800 {
        let now = start + Span::from_secs(second);
        play.group(now, 256, Vec::new());
        let (up, _) = play.cluster.world().replicas(ServiceNo(0));
        if up > 0 && ready.is_none() {
            ready = Some(second);
        }
        seen.push(up);
    }
    assert!(ready.is_some_and(|second| second <= 8), "{ready:?}");
    let most = seen.iter().copied().max().unwrap();
    assert!(most >= 4, "{seen:?}");
    assert_eq!(*seen.last().unwrap(), 1, "{seen:?}");
}

#[test]
fn a_scene_says_what_it_does_not_play() {
    let text = format!(
        "{BUSY}\n[[action]]\nat = \"5m\"\nkind = \"restart\"\nworkload = \"shop\"\n\
         [[load]]\nsource = \"churn\"\nname = \"noise\"\nrate = 1\nlifetime = \"1m\"\ntenants = \"house\"\n\
         shapes = [{{ name = \"s\", cpu = \"1\", memory = \"1Gi\" }}]\n"
    );
    let scene = Scene::read(text, "busy.toml");
    let left = scene.unwrap().left_out();
    assert_eq!(left, ["1 actions", "the pods of load noise"]);
}

fn replica(pod: u64, from: i64, finished: Option<i64>) -> ReplicaView {
    ReplicaView {
        pod: nimbus_core::ids::PodNo(pod),
        service: ServiceNo(0),
        tenant: TenantNo(0),
        revision: 2,
        node: None,
        node_name: Some("general-1".into()),
        phase: Phase::Ready,
        pending_at: Time::from_secs(from),
        bound_at: Some(Time::from_secs(from + 1)),
        ready_at: Some(Time::from_secs(from + 5)),
        finished: finished.map(|at| (Time::from_secs(at), nimbus_core::cluster::Finish::Deleted)),
    }
}

#[test]
fn lines_tell_the_life_of_replicas_in_order() {
    let replicas = [replica(1, 0, Some(100)), replica(2, 60, None)];
    let text = |lines: Vec<LogLine>| -> Vec<String> {
        let show = |line: &LogLine| {
            let (time, stream) = (line.time.0 / 1_000_000, line.stream.as_str());
            format!("{time} {} {stream} {}", line.replica, line.line)
        };
        lines.iter().map(show).collect()
    };
    let all = text(lines(&replicas, None, Time::from_secs(130), 100));
    insta::assert_debug_snapshot!(all, @r#"
    [
        "0 1 stderr created for revision 2, waiting for a node",
        "1 1 stderr scheduled on general-1",
        "1 1 stderr pulling image",
        "5 1 stderr started, ready",
        "5 1 stdout listening",
        "60 2 stderr created for revision 2, waiting for a node",
        "61 2 stderr scheduled on general-1",
        "61 2 stderr pulling image",
        "65 1 stdout serving, up for 1m",
        "65 2 stderr started, ready",
        "65 2 stdout listening",
        "100 1 stderr terminated: fewer replicas were asked for, or another revision",
        "125 2 stdout serving, up for 1m",
    ]
    "#);
    let since = Some(Time::from_secs(65));
    let later = text(lines(&replicas, since, Time::from_secs(130), 100));
    assert_eq!(later, all[all.len() - 2..]);
    let last = text(lines(&replicas, None, Time::from_secs(130), 2));
    assert_eq!(last, all[all.len() - 2..]);
}
