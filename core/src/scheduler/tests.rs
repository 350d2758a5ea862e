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

/// What a random run does next.
#[derive(Clone, Debug)]
enum Step {
    Tell(Vec<Input>),
    Wait(u8),
}

fn any_pod() -> impl Strategy<Value = PodSpec> {
    (0usize..5, 0i32..3, prop::option::weighted(0.2, 0usize..2)).prop_map(
        |(size, priority, zone)| PodSpec {
            priority,
            zone: zone.map(|zone| ["a", "b"][zone].into()),
            ..asks([100, 500, 1_000, 3_000, 9_000][size])
        },
    )
}

fn any_node() -> impl Strategy<Value = NodeSpec> {
    (1u64..6, 0usize..2, prop::option::of(0u32..3)).prop_map(|(cores, zone, pool)| NodeSpec {
        zone: ["a", "b"][zone].into(),
        pool: pool.map(PoolNo),
        ..sized(cores)
    })
}

fn any_state() -> impl Strategy<Value = NodeState> {
    prop_oneof![
        3 => Just(NodeState::Active),
        1 => Just(NodeState::Draining),
        1 => Just(NodeState::Joining),
        1 => Just(NodeState::Crashed)
    ]
}

fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        1 => (0u32..6, any_pod()).prop_map(|(spec, pod)| Input::SpecSeen {
            spec: SpecNo(spec),
            pod: Arc::new(pod)
        }),
        3 => (0u32..8, any_node(), any_state()).prop_map(|(node, spec, state)| Input::NodeSeen {
            node: NodeNo(node),
            spec: Arc::new(spec),
            state
        }),
        2 => (0u32..8, any_state())
            .prop_map(|(node, state)| Input::NodeChanged { node: NodeNo(node), state }),
        1 => (0u32..8).prop_map(|node| Input::NodeGone { node: NodeNo(node) }),
        6 => (0u64..200, 1u32..6, 0u32..6, 0u32..4)
            .prop_map(|(first, count, spec, service)| pending(first, count, spec, service)),
        4 => (0u64..200).prop_map(finished),
        2 => (0u64..200, 0u32..9)
            .prop_map(|(pod, node)| Input::PodBound { pod: PodNo(pod), node: NodeNo(node) }),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => prop::collection::vec(any_input(), 1..4).prop_map(Step::Tell),
        1 => any::<u8>().prop_map(Step::Wait),
    ]
}

fn starters() -> Vec<Step> {
    let specs = [100, 500, 1_000, 3_000].into_iter().zip(0u32..);
    let specs = specs.map(|(cpu, spec)| Input::SpecSeen {
        spec: SpecNo(spec),
        pod: Arc::new(asks(cpu)),
    });
    vec![Step::Tell(specs.collect())]
}

/// Runs a step on a machine; what a timer of the pools is due in between is fired by `bench`.
fn step(bench: &mut Bench, step: &Step) -> Vec<Effect> {
    match step {
        Step::Tell(inputs) => bench.group(inputs.clone()),
        Step::Wait(amount) => bench.wait(Span::from_secs(i64::from(*amount) * 5)),
    }
}

fn any_config() -> impl Strategy<Value = Config> {
    (0usize..4, 0u32..3, 0u32..4).prop_map(|(score, min, more)| Config {
        score: ScoreKind::ALL[score],
        ..pooled(min, min + more, 1)
    })
}

/// Re-arms what a restored machine asked for and takes the rows as they were.
fn restored(bench: &Bench, config: &Config) -> Bench {
    let mut out = Outbox::default();
    let rows = bench.rows.values().cloned().collect();
    let machine = Scheduler::restore(config.clone(), rows, bench.now, &mut out);
    let effects = out.take();
    Bench {
        machine,
        rows: bench.rows.clone(),
        timers: timers(&effects).collect(),
        now: bench.now,
        effects: Vec::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn a_restored_machine_goes_on_like_the_one_that_ran_on(
        config in any_config(),
        steps in prop::collection::vec(any_step(), 1..60),
        at in 0usize..60,
    ) {
        let mut bench = Bench::new(config.clone());
        for first in &starters() {
            step(&mut bench, first);
        }
        let at = at.min(steps.len());
        for next in &steps[..at] {
            step(&mut bench, next);
        }
        let mut other = restored(&bench, &config);
        prop_assert_eq!(&other.timers, &bench.timers);
        for next in &steps[at..] {
            prop_assert_eq!(step(&mut bench, next), step(&mut other, next));
        }
        prop_assert_eq!(bench.rows, other.rows);
    }
}

/// An independent account of what was asked of the cluster, which does what it is told.
struct Ledger {
    bench: Bench,
    config: Config,
    specs: BTreeMap<u32, PodSpec>,
    nodes: BTreeMap<u32, (NodeSpec, NodeState)>,
    bound: BTreeMap<u64, (u32, u32)>,
    waiting: BTreeMap<u64, u32>,
    next_node: u32,
}

impl Ledger {
    fn tell(&mut self, input: Input) -> Result<(), TestCaseError> {
        let effects = self.bench.tell(input);
        self.obey(&effects)
    }

    fn obey(&mut self, effects: &[Effect]) -> Result<(), TestCaseError> {
        for command in commands(effects) {
            match command {
                Command::Bind { pod, node } => self.bind(pod.0, node.0)?,
                Command::BootNodes { pool, count } => {
                    for _ in 0..count {
                        let spec = NodeSpec::clone(&self.config.pools[pool.index()].template);
                        self.add(spec)?;
                    }
                }
                Command::RemoveNode { node } => {
                    let held = self.bound.values().filter(|(on, _)| *on == node.0).count();
                    prop_assert_eq!(held, 0, "a node with pods was given back");
                    self.nodes.remove(&node.0);
                    self.tell(Input::NodeGone { node })?;
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
        self.pools_are_within_bounds()
    }

    fn add(&mut self, spec: NodeSpec) -> Result<(), TestCaseError> {
        let node = self.next_node;
        self.next_node += 1;
        self.nodes.insert(node, (spec.clone(), NodeState::Active));
        self.tell(seen(node, spec))
    }

    fn bind(&mut self, pod: u64, node: u32) -> Result<(), TestCaseError> {
        let Some(spec) = self.waiting.remove(&pod) else {
            prop_assert!(false, "pod {} was bound twice or never asked", pod);
            return Ok(());
        };
        self.bound.insert(pod, (node, spec));
        let (what, state) = &self.nodes[&node];
        prop_assert_eq!(*state, NodeState::Active);
        let sum = self
            .bound
            .values()
            .filter(|(on, _)| *on == node)
            .try_fold(Resources::ZERO, |sum, (_, spec)| {
                sum.checked_add(self.specs[spec].requests)
            });
        prop_assert!(sum.unwrap().fits(what.allocatable), "over-committed");
        Ok(())
    }

    fn pools_are_within_bounds(&self) -> Result<(), TestCaseError> {
        for (pool, number) in self.config.pools.iter().zip(0u32..) {
            let of_pool = |spec: &NodeSpec| spec.pool == Some(PoolNo(number));
            let nodes = self
                .nodes
                .values()
                .filter(|(spec, _)| of_pool(spec))
                .count();
            prop_assert!(nodes <= pool.max as usize);
            prop_assert!(nodes >= pool.min as usize);
        }
        Ok(())
    }

    /// At rest no waiting pod fits anywhere.
    fn nothing_waits_in_vain(&self) -> Result<(), TestCaseError> {
        for spec in self.waiting.values() {
            for (node, (what, state)) in &self.nodes {
                let used = self
                    .bound
                    .values()
                    .filter(|(on, _)| on == node)
                    .try_fold(self.specs[spec].requests, |sum, (_, spec)| {
                        sum.checked_add(self.specs[spec].requests)
                    });
                let fits = used.unwrap().fits(what.allocatable) && *state == NodeState::Active;
                prop_assert!(!fits, "spec {} waits though node {} has room", spec, node);
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn nothing_is_over_committed_bound_twice_or_waits_in_vain(
        config in any_config(),
        sizes in prop::collection::vec(1u64..40, 4),
        steps in prop::collection::vec((0u8..10, any::<u16>(), 1u32..8), 1..80),
    ) {
        let mut ledger = Ledger {
            bench: Bench::new(config.clone()),
            config: config.clone(),
            specs: BTreeMap::new(),
            nodes: BTreeMap::new(),
            bound: BTreeMap::new(),
            waiting: BTreeMap::new(),
            next_node: 0,
        };
        for pool in &config.pools {
            for _ in 0..pool.min {
                let spec = NodeSpec::clone(&pool.template);
                ledger.nodes.insert(ledger.next_node, (spec, NodeState::Active));
                ledger.next_node += 1;
            }
        }
        for node in 0..ledger.next_node {
            let spec = ledger.nodes[&node].0.clone();
            ledger.tell(seen(node, spec))?;
        }
        for (size, spec) in sizes.into_iter().zip(0u32..) {
            ledger.specs.insert(spec, asks(size * 100));
            ledger.bench.spec(spec, asks(size * 100));
        }
        let mut next_pod = 0u64;
        for (kind, pick, count) in steps {
            match kind {
                0..4 => {
                    let spec = u32::from(pick) % 4;
                    for pod in next_pod..next_pod + u64::from(count) {
                        ledger.waiting.insert(pod, spec);
                    }
                    let first = next_pod;
                    next_pod += u64::from(count);
                    ledger.tell(pending(first, count, spec, u32::from(pick) % 3))?;
                }
                4..7 if next_pod > 0 => {
                    let pod = u64::from(pick) % next_pod;
                    ledger.bound.remove(&pod);
                    ledger.waiting.remove(&pod);
                    ledger.tell(finished(pod))?;
                }
                7 => ledger.add(sized(u64::from(pick % 6)))?,
                8 if ledger.next_node > 0 => {
                    let node = u32::from(pick) % ledger.next_node;
                    let state = [NodeState::Active, NodeState::Draining][usize::from(pick % 2)];
                    if let Some(row) = ledger.nodes.get_mut(&node) {
                        row.1 = state;
                        ledger.tell(Input::NodeChanged { node: NodeNo(node), state })?;
                    }
                }
                _ => {
                    let effects = ledger.bench.wait(Span::from_secs(i64::from(count) * 120));
                    ledger.obey(&effects)?;
                }
            }
            ledger.nothing_waits_in_vain()?;
        }
    }
}
