//! The machine: queue, waits, pools, restore, and what must never happen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::*;
use crate::cluster::{Command, NodeSpec, NodeState, PodSpec};
use crate::explain::{Decision, Filter, Place, PoolChange, ScoreKind, Wait};
use crate::ids::{NodeNo, PodNo, PoolNo, ServiceNo, SpecNo, TenantNo};
use crate::machine::{Effect, Machine, Message, Outbox};
use crate::store::scheduler::{Key, Row};
use crate::store::{self, Record};
use crate::time::{Span, Time};
use crate::units::{Bytes, Cpu, GIB, Resources};
use proptest::prelude::*;

mod properties;

/// A scheduler, its store and its timers.
struct Bench {
    machine: Scheduler,
    rows: BTreeMap<Key, Row>,
    timers: BTreeSet<(Time, PoolNo)>,
    now: Time,
    effects: Vec<Effect>,
}

fn absorb(rows: &mut BTreeMap<Key, Row>, effects: &[Effect]) {
    for effect in effects {
        match effect {
            Effect::Record(Record::Put(store::Row::Scheduler(row))) => {
                rows.insert(row.key(), row.clone());
            }
            Effect::Record(Record::Drop(store::Key::Scheduler(key))) => {
                rows.remove(key);
            }
            _ => {}
        }
    }
}

fn timers(effects: &[Effect]) -> impl Iterator<Item = (Time, PoolNo)> + '_ {
    effects.iter().filter_map(|effect| match effect {
        Effect::At(time, Message::Scheduler(Input::Sweep { pool })) => Some((*time, *pool)),
        _ => None,
    })
}

impl Bench {
    fn new(config: Config) -> Bench {
        Bench {
            machine: Scheduler::new(config),
            rows: BTreeMap::new(),
            timers: BTreeSet::new(),
            now: Time::from_secs(1_000),
            effects: Vec::new(),
        }
    }

    /// Runs inputs of one instant until it rests; returns the effects.
    fn group(&mut self, inputs: Vec<Input>) -> Vec<Effect> {
        let effects = run(&mut self.machine, self.now, inputs);
        absorb(&mut self.rows, &effects);
        self.timers.extend(timers(&effects));
        self.effects.extend(effects.iter().cloned());
        effects
    }

    fn tell(&mut self, input: Input) -> Vec<Effect> {
        self.group(vec![input])
    }

    /// Lets time pass; fires what is due on the way.
    fn wait(&mut self, span: Span) -> Vec<Effect> {
        let end = self.now + span;
        let mut all = Vec::new();
        while let Some(&(time, pool)) = self.timers.first()
            && time <= end
        {
            self.timers.pop_first();
            self.now = self.now.max(time);
            all.extend(self.tell(Input::Sweep { pool }));
        }
        self.now = end;
        all
    }

    fn node(&mut self, node: u32, cores: u64) -> Vec<Effect> {
        self.tell(seen(node, sized(cores)))
    }

    fn spec(&mut self, spec: u32, pod: PodSpec) {
        self.tell(Input::SpecSeen {
            spec: SpecNo(spec),
            pod: Arc::new(pod),
        });
    }

    fn pods(&mut self, first: u64, count: u32, spec: u32) -> Vec<Effect> {
        self.tell(pending(first, count, spec, 0))
    }
}

/// One group: inputs, then what the machine sends itself, round by round.
fn run(machine: &mut Scheduler, now: Time, inputs: Vec<Input>) -> Vec<Effect> {
    let mut all = Vec::new();
    let mut round = inputs;
    round.sort_by_key(Input::class);
    while !round.is_empty() {
        let mut out = Outbox::default();
        for input in round.drain(..) {
            machine.handle(now, input, &mut out);
        }
        for effect in out.take() {
            match effect {
                Effect::Send(Message::Scheduler(input)) => round.push(input),
                other => all.push(other),
            }
        }
    }
    all
}

fn sized(cores: u64) -> NodeSpec {
    NodeSpec {
        allocatable: Resources {
            cpu: Cpu(cores * 1_000),
            memory: Bytes(cores * 4 * GIB),
            pods: 100,
        },
        ..NodeSpec::default()
    }
}

fn seen(node: u32, spec: NodeSpec) -> Input {
    Input::NodeSeen {
        node: NodeNo(node),
        spec: Arc::new(spec),
        state: NodeState::Active,
    }
}

fn asks(cpu: u64) -> PodSpec {
    PodSpec {
        requests: Resources::pod(Cpu(cpu), Bytes(GIB)),
        ..PodSpec::default()
    }
}

fn pending(first: u64, count: u32, spec: u32, service: u32) -> Input {
    Input::PodsPending {
        first: PodNo(first),
        count,
        spec: SpecNo(spec),
        tenant: TenantNo(7),
        service: ServiceNo(service),
    }
}

fn finished(pod: u64) -> Input {
    Input::PodFinished { pod: PodNo(pod) }
}

fn commands(effects: &[Effect]) -> Vec<Command> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send(Message::Cluster(command)) => Some(command.clone()),
            _ => None,
        })
        .collect()
}

/// Pods and nodes of the bindings, in order.
fn binds(effects: &[Effect]) -> Vec<(u64, u32)> {
    commands(effects)
        .into_iter()
        .filter_map(|command| match command {
            Command::Bind { pod, node } => Some((pod.0, node.0)),
            _ => None,
        })
        .collect()
}

fn explained<T>(effects: &[Effect], pick: impl Fn(&Decision) -> Option<T>) -> Vec<T> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Explain(decision) => pick(decision),
            _ => None,
        })
        .collect()
}

fn waits(effects: &[Effect]) -> Vec<Wait> {
    explained(effects, |decision| match decision {
        Decision::Wait(wait) => Some(*wait),
        _ => None,
    })
}

fn places(effects: &[Effect]) -> Vec<Place> {
    explained(effects, |decision| match decision {
        Decision::Place(place) => Some(*place),
        _ => None,
    })
}

fn changes(effects: &[Effect]) -> Vec<PoolChange> {
    explained(effects, |decision| match decision {
        Decision::Pool(change) => Some(*change),
        _ => None,
    })
}

#[test]
fn a_pod_goes_to_the_busiest_node_and_the_choice_is_explained() {
    let mut bench = Bench::new(Config::default());
    bench.node(0, 4);
    bench.node(1, 4);
    bench.node(2, 2);
    bench.spec(0, asks(1_000));
    assert_eq!(binds(&bench.pods(0, 1, 0)), [(0, 0)]);
    bench.tell(Input::PodFinished { pod: PodNo(99) });
    let effects = bench.pods(1, 1, 0);
    let place = places(&effects)[0];
    assert_eq!((place.node, place.score_ppm), (NodeNo(0), 250_000));
    let runner_up = place.runner_up.unwrap();
    assert_eq!(
        (runner_up.node, runner_up.score_ppm, runner_up.lacks_score),
        (NodeNo(1), 0, true)
    );
    assert_eq!(place.tenant, TenantNo(7));
}

#[test]
fn the_queue_goes_by_priority_then_arrival_then_service_then_ordinal() {
    let mut bench = Bench::new(Config::default());
    bench.spec(0, asks(1_000));
    bench.spec(
        1,
        PodSpec {
            priority: 5,
            ..asks(1_000)
        },
    );
    bench.spec(2, asks(1_000 + 1));
    bench.group(vec![
        pending(0, 2, 0, 9),
        pending(2, 1, 2, 3),
        pending(3, 1, 0, 3),
    ]);
    bench.wait(Span::from_secs(1));
    bench.group(vec![pending(10, 1, 1, 4), pending(11, 1, 0, 1)]);
    let order: Vec<u64> = binds(&bench.node(0, 100)).iter().map(|b| b.0).collect();
    assert_eq!(order, [10, 2, 3, 0, 1, 11]);
}

#[test]
fn pods_of_one_service_interleave_by_ordinal_across_specifications() {
    let mut bench = Bench::new(Config::default());
    bench.spec(0, asks(100));
    bench.spec(1, asks(200));
    bench.group(vec![
        pending(0, 2, 0, 1),
        pending(2, 2, 1, 1),
        pending(4, 2, 0, 1),
    ]);
    let order: Vec<u64> = binds(&bench.node(0, 100)).iter().map(|b| b.0).collect();
    assert_eq!(order, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_wait_is_told_once_with_what_removed_each_node() {
    let mut bench = Bench::new(Config::default());
    bench.node(0, 1);
    bench.node(1, 2);
    bench.tell(Input::NodeChanged {
        node: NodeNo(1),
        state: NodeState::Draining,
    });
    bench.tell(seen(
        2,
        NodeSpec {
            zone: "b".into(),
            ..sized(8)
        },
    ));
    bench.spec(
        0,
        PodSpec {
            zone: Some("".into()),
            ..asks(1_500)
        },
    );
    let effects = bench.pods(0, 3, 0);
    let wait = waits(&effects)[0];
    assert_eq!((wait.pod, wait.count, wait.nodes), (PodNo(0), 3, 3));
    for (filter, count) in [
        (Filter::Cpu, 1),
        (Filter::Memory, 0),
        (Filter::Pods, 0),
        (Filter::State, 1),
        (Filter::Zone, 1),
        (Filter::Labels, 0),
    ] {
        assert_eq!(wait.removed.by(filter), count, "{filter:?}");
    }
    assert_eq!(wait.largest_free.unwrap().0, NodeNo(0));
    assert!(waits(&bench.tell(finished(2))).is_empty());
    assert!(waits(&bench.node(3, 1)).is_empty());
    let more = bench.pods(5, 1, 0);
    assert_eq!(waits(&more)[0].count, 3);
    let effects = bench.tell(Input::NodeChanged {
        node: NodeNo(1),
        state: NodeState::Active,
    });
    assert_eq!(binds(&effects), [(0, 1)]);
    assert_eq!(waits(&effects)[0].count, 2);
}

#[test]
fn what_becomes_free_goes_to_what_waits() {
    let mut bench = Bench::new(Config::default());
    bench.node(0, 2);
    bench.spec(0, asks(1_000));
    bench.spec(1, asks(2_000));
    bench.pods(0, 2, 0);
    bench.pods(2, 1, 1);
    bench.pods(3, 1, 0);
    assert_eq!(bench.machine.waiting(), 2);
    assert_eq!(binds(&bench.tell(finished(0))), [(3, 0)]);
    // Too little for the large pod: nothing is tried.
    assert!(
        bench
            .tell(finished(1))
            .iter()
            .all(|effect| !matches!(effect, Effect::Explain(_)))
    );
    assert_eq!(binds(&bench.tell(finished(3))), [(2, 0)]);
}

#[test]
fn a_run_shrinks_where_its_pods_end() {
    let mut bench = Bench::new(Config::default());
    bench.spec(0, asks(1_000));
    bench.pods(10, 5, 0);
    for pod in [12, 10, 14, 12, 99] {
        bench.tell(finished(pod));
    }
    assert_eq!(bench.machine.waiting(), 2);
    assert_eq!(binds(&bench.node(0, 8)), [(11, 0), (13, 0)]);
    let left = bench
        .rows
        .keys()
        .filter(|key| matches!(key, Key::Pending(_)));
    assert_eq!(left.count(), 0);
}

#[test]
fn a_binding_to_another_node_is_taken_as_the_truth() {
    let mut bench = Bench::new(Config::default());
    bench.node(0, 1);
    bench.node(1, 1);
    bench.spec(0, asks(1_000));
    assert_eq!(binds(&bench.pods(0, 1, 0)), [(0, 0)]);
    bench.tell(Input::PodBound {
        pod: PodNo(0),
        node: NodeNo(1),
    });
    assert_eq!(binds(&bench.pods(1, 1, 0)), [(1, 0)]);
    assert!(
        bench
            .tell(Input::PodBound {
                pod: PodNo(1),
                node: NodeNo(0)
            })
            .is_empty()
    );
    assert!(
        bench.pods(1, 1, 0).is_empty(),
        "a repeated report changes nothing"
    );
}

fn pooled(min: u32, max: u32, cores: u64) -> Config {
    let pool = |name: &str, cores: u64, price: u64, no: u32| Pool {
        name: name.into(),
        template: Arc::new(NodeSpec {
            pool: Some(PoolNo(no)),
            ..sized(cores)
        }),
        min,
        max,
        price_micro_hour: price,
    };
    Config {
        pools: vec![
            pool("large", cores * 4, 300, 0),
            pool("small", cores, 100, 1),
        ],
        ..Config::default()
    }
}

fn of_pool(config: &Config, node: u32, pool: usize) -> Input {
    seen(node, NodeSpec::clone(&config.pools[pool].template))
}

#[test]
fn a_pool_grows_by_what_waits_and_shrinks_when_empty() {
    let config = pooled(1, 3, 2);
    let mut bench = Bench::new(config.clone());
    bench.tell(of_pool(&config, 0, 1));
    bench.spec(0, asks(1_000));
    bench.spec(1, asks(99_000));
    let effects = bench.group(vec![pending(0, 5, 0, 0), pending(5, 1, 1, 0)]);
    assert_eq!(
        commands(&effects)[2..],
        [Command::BootNodes {
            pool: PoolNo(1),
            count: 2
        }]
    );
    assert_eq!(
        (changes(&effects)[0].waiting, changes(&effects)[0].nodes),
        (3, 3)
    );
    assert!(
        changes(&bench.pods(6, 1, 0)).is_empty(),
        "the booting ones hold it"
    );
    let more = bench.pods(7, 1, 0);
    assert_eq!(
        commands(&more),
        [Command::BootNodes {
            pool: PoolNo(0),
            count: 1
        }],
        "the cheap pool is at its maximum"
    );
    assert_eq!(binds(&bench.tell(of_pool(&config, 1, 1))).len(), 2);
    assert_eq!(binds(&bench.tell(of_pool(&config, 2, 1))).len(), 2);
    for pod in [0, 1, 2, 3, 4, 6, 7] {
        bench.tell(finished(pod));
    }
    assert!(commands(&bench.wait(Span::from_secs(599))).is_empty());
    let removed = commands(&bench.wait(Span::from_secs(2)));
    assert_eq!(
        removed,
        [
            Command::RemoveNode { node: NodeNo(0) },
            Command::RemoveNode { node: NodeNo(1) }
        ]
    );
    assert_eq!(binds(&bench.pods(20, 1, 0)), [(20, 2)]);
    bench.tell(Input::NodeGone { node: NodeNo(0) });
    assert!(commands(&bench.wait(Span::from_secs(9_999))).is_empty());
}

#[test]
fn pods_that_no_template_holds_boot_nothing() {
    let config = pooled(0, 9, 2);
    let mut bench = Bench::new(config);
    bench.spec(0, asks(64_000));
    bench.spec(
        1,
        PodSpec {
            selector: [("disk".into(), "fast".into())].into(),
            ..asks(100)
        },
    );
    let mut effects = bench.pods(0, 5, 0);
    effects.extend(bench.pods(5, 5, 1));
    assert!(commands(&effects).is_empty());
    assert_eq!(waits(&effects).len(), 2);
}
