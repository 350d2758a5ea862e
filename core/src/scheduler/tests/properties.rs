//! What holds after any sequence of inputs: restore, capacity, bounds of pools.

use super::*;

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
