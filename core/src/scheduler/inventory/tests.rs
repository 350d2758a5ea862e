//! The index finds what a scan over all nodes finds, whatever has happened before.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::cluster::{Arch, Taint, TaintEffect, Toleration};
use crate::explain::{Removed, RunnerUp};
use crate::units::{Bytes, Cpu, MIB};
use proptest::prelude::*;
use proptest::test_runner::TestRng;

/// Numbers below a bound, from proptest's generator: cheap where thousands are needed.
struct Dice(TestRng);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64() % bound
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

fn text(text: &str) -> Arc<str> {
    Arc::from(text)
}

fn labels(dice: &mut Dice, percent: u64) -> BTreeMap<Arc<str>, Arc<str>> {
    let mut labels = BTreeMap::new();
    for key in ["disk", "team", "tier", "gpu"] {
        if dice.chance(percent) {
            labels.insert(text(key), text(dice.one(&["a", "b"])));
        }
    }
    labels
}

fn taint(dice: &mut Dice) -> Taint {
    Taint {
        key: text(dice.one(&["spot", "gpu"])),
        value: text(dice.one(&["", "x"])),
        effect: dice.one(&[
            TaintEffect::NoSchedule,
            TaintEffect::PreferNoSchedule,
            TaintEffect::NoExecute,
        ]),
    }
}

fn some_node(dice: &mut Dice) -> NodeSpec {
    let cores = dice.one(&[4, 8, 8, 16]);
    let odd = if dice.chance(30) { 7 } else { 0 };
    NodeSpec {
        arch: dice.one(&[Arch::Amd64, Arch::Amd64, Arch::Arm64]),
        region: text(dice.one(&["north", "north", "south"])),
        zone: text(dice.one(&["a", "b", "c"])),
        labels: labels(dice, 50),
        taints: if dice.chance(20) {
            vec![taint(dice)]
        } else {
            Vec::new()
        },
        allocatable: Resources {
            cpu: Cpu(cores * 1_000 - odd * 10),
            memory: Bytes((cores * 4 * 1_024 - odd) * MIB + odd * 511),
            pods: u32::try_from(cores + 2).unwrap(),
        },
        ..NodeSpec::default()
    }
}

fn some_pod(dice: &mut Dice) -> PodSpec {
    let large = dice.chance(15);
    let cpu = dice.one(if large {
        &[4_000, 8_000, 16_000, 99_000]
    } else {
        &[0, 100, 250, 500, 501, 1_000, 2_000]
    });
    let memory = dice.one(if large {
        &[8_192 * MIB, 32_768 * MIB]
    } else {
        &[0, 128 * MIB, 512 * MIB, 512 * MIB + 1, 2_048 * MIB, 77]
    });
    let required = |dice: &mut Dice, words: &[&str]| {
        let word = text(dice.one(words));
        dice.chance(15).then_some(word)
    };
    PodSpec {
        requests: Resources::pod(Cpu(cpu), Bytes(memory)),
        arch: dice.chance(20).then_some(Arch::Amd64),
        region: required(dice, &["north", "south"]),
        zone: required(dice, &["a", "b", "c", "nowhere"]),
        selector: labels(dice, 8),
        tolerations: if dice.chance(40) {
            vec![Toleration {
                key: text(dice.one(&["spot", "gpu", ""])),
                value: None,
                effect: None,
            }]
        } else {
            Vec::new()
        },
        priority: 0,
    }
}

/// The scan over plain values, without classes, groups or weights.
#[derive(Default)]
struct Model {
    nodes: BTreeMap<u32, (NodeSpec, NodeState, bool)>,
    used: BTreeMap<u32, Amount>,
}

impl Model {
    fn free(&self, node: u32) -> Amount {
        let offered = Amount::offered(self.nodes[&node].0.allocatable);
        offered - self.used.get(&node).copied().unwrap_or_default()
    }

    fn verdicts(&self, node: u32, pod: &PodSpec) -> [bool; 9] {
        let (spec, state, leaving) = &self.nodes[&node];
        let (free, ask) = (self.free(node), Amount::asked(pod.requests));
        [
            filter::cpu::passes(free.cpu, ask.cpu),
            filter::memory::passes(free.memory, ask.memory),
            filter::pods::passes(free.pods, ask.pods),
            filter::state::passes(*state, *leaving),
            filter::arch::passes(spec.arch, pod.arch),
            filter::region::passes(&spec.region, pod.region.as_ref()),
            filter::zone::passes(&spec.zone, pod.zone.as_ref()),
            filter::labels::passes(&spec.labels, &pod.selector),
            filter::taints::passes(&spec.taints, &pod.tolerations),
        ]
    }

    /// The score as the design words it: a fraction of which the lesser wins, and the ppm shown.
    fn cost(&self, kind: ScoreKind, node: u32, pod: &PodSpec) -> ((u128, u128), u64) {
        let offered = Amount::offered(self.nodes[&node].0.allocatable);
        let (free, ask) = (self.free(node), Amount::asked(pod.requests));
        let positive = |value: i64| u128::try_from(value).unwrap();
        let allocated = positive(offered.cpu - free.cpu);
        let whole = positive(offered.cpu);
        let share = u64::try_from(allocated * 1_000_000 / whole).unwrap();
        match kind {
            ScoreKind::BusiestCpu => ((whole - allocated, whole), share),
            ScoreKind::Spread => ((allocated, whole), share),
            ScoreKind::FirstFit => ((0, 1), 0),
            ScoreKind::BestFit => {
                let [c, m, p] =
                    [offered.cpu, offered.memory, offered.pods].map(|size| positive(size.max(1)));
                let num = positive(free.cpu - ask.cpu) * m * p
                    + positive(free.memory - ask.memory) * c * p
                    + positive(free.pods - ask.pods) * c * m;
                let den = c * m * p;
                ((num, den), u64::try_from(num * 1_000_000 / den).unwrap())
            }
        }
    }

    fn decide(&self, kind: ScoreKind, pod: &PodSpec) -> Choice {
        let mut removed = Removed::default();
        let mut fitting = Vec::new();
        for &node in self.nodes.keys() {
            let verdicts = self.verdicts(node, pod);
            for (count, passes) in removed.0.iter_mut().zip(verdicts) {
                *count += u32::from(!passes);
            }
            if verdicts == [true; 9] {
                fitting.push((self.cost(kind, node, pod), node));
            }
        }
        let less = |a: (u128, u128), b: (u128, u128)| {
            score::Ratio { num: a.0, den: a.1 }.cmp(&score::Ratio { num: b.0, den: b.1 })
        };
        fitting.sort_by(|a, b| less(a.0.0, b.0.0).then(a.1.cmp(&b.1)));
        let winner = fitting.first().copied();
        Choice {
            winner: winner.map(|((_, shown), node)| (NodeNo(node), shown)),
            runner_up: winner.and_then(|((first, _), _)| {
                let &((second, shown), node) = fitting.get(1)?;
                Some(RunnerUp {
                    node: NodeNo(node),
                    score_ppm: shown,
                    lacks_score: less(second, first).is_gt(),
                })
            }),
            removed,
        }
    }

    fn largest_free(&self, pod: &PodSpec) -> Option<(NodeNo, Resources)> {
        let nodes = self
            .nodes
            .keys()
            .filter(|&&node| self.verdicts(node, pod)[3..] == [true; 6]);
        let best = nodes.max_by_key(|&&node| {
            let free = self.free(node);
            (free.cpu.max(0), free.memory.max(0), Reverse(node))
        })?;
        Some((NodeNo(*best), self.free(*best).resources()))
    }
}

/// An inventory and its model side by side.
struct Pair {
    kind: ScoreKind,
    dice: Dice,
    inventory: Inventory,
    model: Model,
    pods: Vec<PodSpec>,
    placed: Vec<(u32, usize)>,
    next: u32,
    full: u64,
}

impl Pair {
    fn new(kind: ScoreKind, rng: TestRng) -> Pair {
        Pair {
            kind,
            dice: Dice(rng),
            inventory: Inventory::new(kind),
            model: Model::default(),
            pods: Vec::new(),
            placed: Vec::new(),
            next: 0,
            full: 0,
        }
    }

    fn add_node(&mut self) {
        let spec = some_node(&mut self.dice);
        let state = self
            .dice
            .one(&[NodeState::Active, NodeState::Active, NodeState::Joining]);
        self.see(self.next, spec, state);
        self.next += 1;
    }

    fn see(&mut self, node: u32, spec: NodeSpec, state: NodeState) {
        self.inventory
            .see(NodeNo(node), Arc::new(spec.clone()), state);
        let leaving = self.model.nodes.get(&node).is_some_and(|row| row.2);
        self.model.nodes.insert(node, (spec, state, leaving));
    }

    fn add_spec(&mut self) {
        let pod = some_pod(&mut self.dice);
        self.inventory
            .add_spec(SpecNo::at(self.pods.len()), Arc::new(pod.clone()));
        self.pods.push(pod);
    }

    fn place(&mut self) -> Result<(), TestCaseError> {
        let at = usize::try_from(self.dice.below(self.pods.len() as u64)).unwrap();
        let (spec, pod) = (SpecNo::at(at), self.pods[at].clone());
        let expected = self.model.decide(self.kind, &pod);
        prop_assert_eq!(self.inventory.decide(spec), Some(expected));
        prop_assert_eq!(self.inventory.scan(spec), Some(expected));
        if let Some((node, _)) = expected.winner {
            self.take(node.0, at);
        } else {
            self.full += 1;
            prop_assert_eq!(
                self.inventory.largest_free(spec),
                self.model.largest_free(&pod)
            );
        }
        Ok(())
    }

    fn take(&mut self, node: u32, at: usize) {
        let ask = Amount::asked(self.pods[at].requests);
        self.inventory.take(NodeNo(node), SpecNo::at(at));
        let used = self.model.used.entry(node).or_default();
        *used = *used + ask;
        self.placed.push((node, at));
    }

    fn remove(&mut self) {
        if self.placed.is_empty() {
            return;
        }
        let at = usize::try_from(self.dice.below(self.placed.len() as u64)).unwrap();
        let (node, spec) = self.placed.swap_remove(at);
        self.inventory.release(NodeNo(node), SpecNo::at(spec));
        let used = self.model.used.get_mut(&node).unwrap();
        *used = *used - Amount::asked(self.pods[spec].requests);
    }

    fn any_node(&mut self) -> u32 {
        let at = self.dice.below(self.model.nodes.len() as u64);
        *self
            .model
            .nodes
            .keys()
            .nth(usize::try_from(at).unwrap())
            .unwrap()
    }

    fn change_node(&mut self) {
        let node = self.any_node();
        match self.dice.below(5) {
            0 => {
                self.inventory.forget(NodeNo(node));
                self.model.nodes.remove(&node);
                self.add_node();
            }
            1 => {
                let spec = some_node(&mut self.dice);
                self.see(node, spec, NodeState::Active);
            }
            2 if !self.pods.is_empty() => {
                let at = usize::try_from(self.dice.below(self.pods.len() as u64)).unwrap();
                self.take(node, at); // somebody else bound it, fitting or not
            }
            _ => {
                let state = self.dice.one(&[
                    NodeState::Active,
                    NodeState::Active,
                    NodeState::Draining,
                    NodeState::Crashed,
                ]);
                let leaving = self.dice.chance(10);
                self.inventory.set_state(NodeNo(node), state, leaving);
                let row = self.model.nodes.get_mut(&node).unwrap();
                (row.1, row.2) = (state, leaving);
            }
        }
    }
}

fn run(kind: ScoreKind, rng: TestRng, nodes: u32, steps: u32) -> Result<(), TestCaseError> {
    let mut pair = Pair::new(kind, rng);
    for _ in 0..nodes {
        pair.add_node();
    }
    for _ in 0..6 {
        pair.add_spec();
    }
    for step in 0..steps {
        match pair.dice.below(100) {
            0 => pair.add_spec(),
            1..4 => pair.change_node(),
            // Fills up, then stays full: below, the share of removals rises.
            4..40 if pair.full > 20 => pair.remove(),
            _ => pair.place()?,
        }
        prop_assert_eq!(
            pair.inventory.len() as usize,
            pair.model.nodes.len(),
            "step {}",
            step
        );
    }
    prop_assert!(pair.full > 0, "the nodes never filled up");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn the_index_finds_what_a_scan_finds(
        rng in Just(()).prop_perturb(|(), rng| rng),
        nodes in 1u32..60,
    ) {
        for kind in ScoreKind::ALL {
            run(kind, rng.clone(), nodes, 2_500)?;
        }
    }
}

fn alike(count: u32, cores: u64, kind: ScoreKind) -> Inventory {
    let mut inventory = Inventory::new(kind);
    for node in 0..count {
        let spec = NodeSpec {
            allocatable: Resources {
                cpu: Cpu(cores * 1_000),
                memory: Bytes(cores * 4_096 * MIB),
                pods: 110,
            },
            ..NodeSpec::default()
        };
        inventory.see(NodeNo(node), Arc::new(spec), NodeState::Active);
    }
    inventory
}

#[test]
fn large_groups_are_searched_exactly_until_nothing_fits() {
    for kind in ScoreKind::ALL {
        let mut inventory = alike(1_500, 8, kind);
        let asks = [(500, 4_096), (1_000, 512), (3_000, 2_048), (250, 1_900)];
        for (spec, (cpu, mib)) in asks.into_iter().enumerate() {
            let pod = PodSpec {
                requests: Resources::pod(Cpu(cpu), Bytes(mib * MIB)),
                ..PodSpec::default()
            };
            inventory.add_spec(SpecNo::at(spec), Arc::new(pod));
        }
        let mut placed = 0;
        let mut failed = 0;
        for step in 0..40_000 {
            let spec = SpecNo::at(step * 7 / 3 % asks.len());
            let choice = inventory.decide(spec).unwrap();
            if step % 97 == 0 {
                assert_eq!(Some(choice), inventory.scan(spec), "{kind:?} step {step}");
            }
            match choice.winner {
                Some((node, _)) => {
                    inventory.take(node, spec);
                    placed += 1;
                }
                None => failed += 1,
            }
        }
        let free: u64 = (0..1_500)
            .map(|node| inventory.free(NodeNo(node)).unwrap().cpu.0)
            .sum();
        assert!(placed > 5_000 && failed > 1_000, "{placed} {failed}");
        assert!(free * 100 < 7 * 1_500 * 8_000, "{kind:?}: {free} free");
    }
}

#[test]
fn a_node_that_holds_more_than_it_offers_takes_no_more() {
    let mut inventory = alike(1, 1, ScoreKind::BusiestCpu);
    let pod = PodSpec {
        requests: Resources::pod(Cpu(600), Bytes(0)),
        ..PodSpec::default()
    };
    inventory.add_spec(SpecNo(0), Arc::new(pod));
    inventory.take(NodeNo(0), SpecNo(0));
    inventory.take(NodeNo(0), SpecNo(0));
    let choice = inventory.decide(SpecNo(0)).unwrap();
    assert_eq!((choice.winner, choice.removed.0[0]), (None, 1));
    assert_eq!(inventory.free(NodeNo(0)).unwrap().cpu, Cpu(0));
    inventory.release(NodeNo(0), SpecNo(0));
    assert_eq!(inventory.free(NodeNo(0)).unwrap().cpu, Cpu(400));
}

#[test]
fn ordinals_beyond_the_limits_are_not_taken() {
    let mut inventory = alike(1, 1, ScoreKind::BestFit);
    inventory.see(
        NodeNo(u32::MAX),
        Arc::new(NodeSpec::default()),
        NodeState::Active,
    );
    inventory.add_spec(SpecNo(u32::MAX), Arc::new(PodSpec::default()));
    assert_eq!(inventory.len(), 1);
    assert_eq!(inventory.decide(SpecNo(u32::MAX)), None);
}
