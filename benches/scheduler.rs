//! Decisions per second: one random pod leaves, another is placed, with everything that is explained.
//!
//! Nodes of 32 vCPU, 128 GiB, 110 pods; `easy`: 42 small shapes at 85 % of cpu; `tight`: shapes up to
//! 16 vCPU and 64 GiB at 93 %. Each case stands beside the flat scan over all nodes of the same run.

use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nimbus_core::cluster::{NodeSpec, NodeState, PodSpec, Taint, TaintEffect, Toleration};
use nimbus_core::explain::ScoreKind;
use nimbus_core::ids::{NodeNo, SpecNo};
use nimbus_core::scheduler::{Choice, Inventory};
use nimbus_core::units::{Bytes, Cpu, GIB, MIB, Resources};

/// xorshift64*: the same sequence in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap_or(0) % bound
    }
}

/// A full cluster in steady state.
struct Churn {
    inventory: Inventory,
    specs: usize,
    placed: Vec<(NodeNo, SpecNo)>,
    dice: Dice,
}

/// Millicores and MiB of the pod shapes.
fn shapes(tight: bool) -> Vec<(u64, u64)> {
    let (cpus, mems): (&[u64], &[u64]) = if tight {
        (
            &[250, 500, 1_000, 2_000, 4_000, 8_000, 16_000],
            &[512, 1_024, 4_096, 8_192, 16_384, 65_536],
        )
    } else {
        (
            &[100, 250, 500, 750, 1_000, 1_500, 2_000],
            &[128, 256, 512, 1_024, 2_048, 4_096],
        )
    };
    cpus.iter()
        .flat_map(|&cpu| mems.iter().map(move |&mib| (cpu, mib)))
        .collect()
}

/// A quarter of the pods want a zone, 2 % of the nodes are tainted, some pods tolerate it.
fn pod(cpu: u64, mib: u64, number: usize) -> PodSpec {
    let zone = ["a", "b", "c"][number % 3];
    PodSpec {
        requests: Resources::pod(Cpu(cpu), Bytes(mib * MIB)),
        selector: if number % 4 == 3 {
            [("zone".into(), zone.into())].into()
        } else {
            Default::default()
        },
        tolerations: if number.is_multiple_of(10) {
            vec![Toleration {
                key: "spot".into(),
                value: None,
                effect: None,
            }]
        } else {
            Vec::new()
        },
        ..PodSpec::default()
    }
}

fn node(number: u32) -> NodeSpec {
    let zone = ["a", "b", "c"][(number % 3) as usize];
    NodeSpec {
        labels: [("zone".into(), zone.into())].into(),
        taints: if number.is_multiple_of(50) {
            vec![Taint {
                key: "spot".into(),
                value: "".into(),
                effect: TaintEffect::NoSchedule,
            }]
        } else {
            Vec::new()
        },
        allocatable: Resources {
            cpu: Cpu(32_000),
            memory: Bytes(128 * GIB),
            pods: 110,
        },
        ..NodeSpec::default()
    }
}

impl Churn {
    /// Fills the nodes to `percent` of their cpu.
    fn new(kind: ScoreKind, nodes: u32, percent: u64, tight: bool) -> Churn {
        let mut inventory = Inventory::new(kind);
        for number in 0..nodes {
            inventory.see(NodeNo(number), Arc::new(node(number)), NodeState::Active);
        }
        let shapes = shapes(tight);
        for (number, &(cpu, mib)) in shapes.iter().enumerate() {
            inventory.add_spec(SpecNo::at(number), Arc::new(pod(cpu, mib, number)));
        }
        let mut churn = Churn {
            inventory,
            specs: shapes.len(),
            placed: Vec::new(),
            dice: Dice(0x9e37_79b9_7f4a_7c15),
        };
        let goal = u64::from(nodes) * 32_000 * percent / 100;
        let (mut used, mut misses) = (0, 0);
        while used < goal && misses < 20_000 {
            let (spec, choice) = churn.decide();
            match choice.winner {
                Some((node, _)) => {
                    churn.take(node, spec);
                    used += shapes[spec.index()].0;
                }
                None => misses += 1,
            }
        }
        churn
    }

    fn decide(&mut self) -> (SpecNo, Choice) {
        let spec = SpecNo::at(self.dice.below(self.specs));
        (spec, self.inventory.decide(spec).expect("a known shape"))
    }

    fn take(&mut self, node: NodeNo, spec: SpecNo) {
        self.inventory.take(node, spec);
        self.placed.push((node, spec));
    }

    fn remove(&mut self) -> SpecNo {
        let at = self.dice.below(self.placed.len());
        let (node, spec) = self.placed.swap_remove(at);
        self.inventory.release(node, spec);
        spec
    }

    /// One pod goes, another of the same kind as some other placed one comes: the fill stays.
    fn churn(&mut self, scan: bool) -> Option<NodeNo> {
        let spec = self.remove();
        let next = if self.dice.below(2) == 0 || self.placed.is_empty() {
            spec
        } else {
            let at = self.dice.below(self.placed.len());
            self.placed[at].1
        };
        let choice = if scan {
            self.inventory.scan(next)
        } else {
            self.inventory.decide(next)
        };
        match choice?.winner {
            Some((node, _)) => {
                self.take(node, next);
                Some(node)
            }
            None => {
                // The one that went fits where it was: the fill stays.
                let node = self.inventory.decide(spec)?.winner?.0;
                self.take(node, spec);
                None
            }
        }
    }
}

fn churn(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("churn");
    for nodes in [1_000, 5_000, 100_000] {
        for (fill, percent, tight) in [("easy85", 85, false), ("tight93", 93, true)] {
            for kind in [ScoreKind::BusiestCpu, ScoreKind::BestFit] {
                let mut state = Churn::new(kind, nodes, percent, tight);
                for (name, scan, lot) in [("index", false, 1_000u32), ("scan", true, 10)] {
                    let lot = if scan && nodes > 10_000 { 2 } else { lot };
                    group.throughput(Throughput::Elements(lot.into()));
                    let case = format!("{name}/{}/{fill}", kind.as_str());
                    group.bench_function(BenchmarkId::new(case, nodes), |bencher| {
                        bencher.iter(|| {
                            for _ in 0..lot {
                                std::hint::black_box(state.churn(scan));
                            }
                        });
                    });
                }
            }
        }
    }
    group.finish();
}

fn settings() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(std::time::Duration::from_millis(200))
        .measurement_time(std::time::Duration::from_millis(800))
        .without_plots()
}

criterion_group! { name = benches; config = settings(); targets = churn }
criterion_main!(benches);
