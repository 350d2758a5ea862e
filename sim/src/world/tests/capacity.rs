//! Nodes that boot, go and fail; integrals of capacity.

use nimbus_core::cluster::Event;
use nimbus_core::ids::PoolNo;
use proptest::prelude::*;

use super::*;

#[test]
fn initial_nodes_come_sorted_by_name_and_zones_in_turn() {
    let mut zoned = pool("b", 10, 8);
    zoned.zones = vec!["x".into(), "y".into(), "z".into()];
    let mut world = World::new(
        Config {
            pools: vec![zoned, pool("a", 2, 8)],
            ..Config::default()
        },
        at(7),
    );
    let mut events = Vec::new();
    assert_eq!(world.next(), Some(at(7)));
    world.step(at(7), &mut events);
    let names: Vec<String> = world
        .nodes()
        .iter()
        .map(|n| format!("{}{}", n.spec.name, n.spec.zone))
        .collect();
    assert_eq!(
        names[..6],
        ["a-1", "a-2", "b-01x", "b-02y", "b-03z", "b-04x"]
    );
    assert_eq!((names.len(), world.active_nodes()), (12, 12));
}

#[test]
fn ordered_nodes_are_seen_when_they_have_booted() {
    let mut slow = pool("n", 1, 8);
    slow.boot_delay = (Span::from_secs(30), Span::from_secs(90));
    let mut run = Run::new(Config {
        pools: vec![slow],
        ..Config::default()
    });
    run.until(10);
    run.tell(Command::BootNodes {
        pool: PoolNo(0),
        count: 3,
    });
    run.tell(Command::BootNodes {
        pool: PoolNo(9),
        count: 3,
    }); // no such pool
    assert_eq!(run.world.totals(run.now).pools[0].booting, 3);
    run.until(200);
    let words = run.words();
    let names: Vec<&str> = words.iter().map(|(_, word)| word.as_str()).collect();
    assert_eq!(names, ["node n-2", "node n-3", "node n-4"]);
    assert!(
        words.iter().all(|(at, _)| (40..=100).contains(at)),
        "{words:?}"
    );
    let total = run.world.totals(run.now).pools[0];
    assert_eq!(
        (total.nodes, total.booting, total.peak, total.booted),
        (4, 0, 4, 3)
    );
}

#[test]
fn a_lost_node_takes_its_pods_with_it() {
    let mut run = Run::plain(2);
    run.binds = false;
    run.run_pods(3, 1_000, Some(100));
    run.bind(0, 0);
    run.bind(1, 1);
    run.bind(2, 0);
    run.until(10);
    run.seen.clear();
    let mut events = Vec::new();
    run.world.lose_node(at(10), NodeNo(0), &mut events);
    run.world.lose_node(at(10), NodeNo(0), &mut events); // already gone
    run.hear(events);
    run.until(200);
    run.expect(&[
        (10, "NodeLost 0"),
        (10, "NodeLost 2"),
        (10, "node 0 gone"),
        (100, "Completed 1"),
    ]);
    assert_eq!(run.world.allocatable().cpu, Cpu(8_000));
    run.tell(Command::RemoveNode { node: NodeNo(1) });
    run.expect(&[(200, "node 1 gone")]);
    assert_eq!(run.world.nodes()[1].gone, Some(at(200)));
}

#[test]
fn integrals_are_exact() {
    let mut run = Run::plain(1);
    run.until(10);
    run.run_pods(1, 2_000, Some(30)); // 10..40
    run.until(20);
    run.tell(Command::BootNodes {
        pool: PoolNo(0),
        count: 1,
    }); // 80..
    run.until(100);
    let totals = run.world.totals(at(100));
    assert_eq!(totals.requested.cpu, 2_000 * 30_000_000);
    assert_eq!(totals.requested.pods, 30_000_000);
    assert_eq!(totals.allocatable.cpu, 8_000 * 120_000_000);
    assert_eq!(totals.pools[0].node_us, 120_000_000);
    assert_eq!(
        totals.allocatable.minus(totals.requested).cpu,
        8_000 * 120_000_000 - 2_000 * 30_000_000
    );
}

#[derive(Clone, Debug)]
enum Step {
    Run(u32, u64, Option<i64>),
    Stop,
    Deploy(u32, u32),
    Boot(u32),
    Lose(u32),
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1u32..5, 1u64..9, proptest::option::of(0i64..60)).prop_map(|(n, c, l)| Step::Run(
            n,
            c * 500,
            l
        )),
        Just(Step::Stop),
        (1u32..3, 0u32..6).prop_map(|(revision, replicas)| Step::Deploy(revision, replicas)),
        (0u32..3).prop_map(Step::Boot),
        (0u32..4).prop_map(Step::Lose),
        (0i64..50).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 1..40)
}

fn act(run: &mut Run, step: &Step, number: u32) {
    match *step {
        Step::Run(count, cpu, lifetime) => run.run_pods(count, cpu, lifetime),
        Step::Stop => run.tell(Command::StopPods { service: WEB }),
        Step::Deploy(revision, replicas) => run.deploy(number, |deployment| {
            deployment.revision = revision;
            deployment.replicas = replicas;
        }),
        Step::Boot(count) => run.tell(Command::BootNodes {
            pool: PoolNo(0),
            count,
        }),
        Step::Lose(node) => run.tell(Command::RemoveNode { node: NodeNo(node) }),
        Step::Wait(secs) => run.until(run.now.secs() + secs),
    }
}

proptest! {
    #[test]
    fn a_fork_goes_on_equally_and_the_books_agree_with_the_pods(steps in steps(), fork in 0usize..40) {
        let mut run = Run::plain(2);
        let mut forked = None;
        for (index, step) in steps.iter().enumerate() {
            if index == fork {
                forked = Some(run.clone());
            }
            if let Some(other) = &mut forked {
                act(other, step, u32::try_from(index).unwrap() + 1);
            }
            act(&mut run, step, u32::try_from(index).unwrap() + 1);
            agrees(&run)?;
        }
        if let Some(other) = forked {
            prop_assert_eq!(&other.seen, &run.seen);
            prop_assert_eq!(other.world.snapshot(run.now), run.world.snapshot(run.now));
            prop_assert_eq!(other.world.totals(run.now), run.world.totals(run.now));
        }
        idle_is_what_is_left(&run)?;
    }
}

/// What the world keeps as sums equals what its pods and nodes add up to.
fn agrees(run: &Run) -> Result<(), TestCaseError> {
    let snapshot = run.world.snapshot(run.now);
    let mut requested = Resources::ZERO;
    let mut used = Resources::ZERO;
    let mut nodes = vec![Resources::ZERO; run.world.nodes().len()];
    for pod in &snapshot.pods {
        let asks = run.world.specs()[pod.spec.index()].requests;
        used = used.checked_add(asks).unwrap();
        if let Some(node) = pod.node {
            requested = requested.checked_add(asks).unwrap();
            nodes[node.index()] = nodes[node.index()].checked_add(asks).unwrap();
        }
    }
    prop_assert_eq!(run.world.requested(), requested);
    prop_assert_eq!(run.world.tenant_use(TENANT), Some(used));
    let phases = run.world.phases();
    let count = |ready, bound| {
        snapshot
            .pods
            .iter()
            .filter(|p| p.ready == ready && p.node.is_some() == bound)
            .count() as u64
    };
    prop_assert_eq!(
        (phases.pending, phases.starting, phases.ready),
        (count(false, false), count(false, true), count(true, true))
    );
    for (node, sum) in run.world.nodes().iter().zip(nodes) {
        prop_assert!(sum.fits(node.spec.allocatable));
        prop_assert!(node.gone.is_some() || node.allocated == sum);
    }
    Ok(())
}

/// Allocatable × time is what the events say, and requested × time never exceeds it.
fn idle_is_what_is_left(run: &Run) -> Result<(), TestCaseError> {
    let totals = run.world.totals(run.now);
    let mut bound = std::collections::BTreeMap::new();
    let mut requested = 0i128;
    for (secs, event) in &run.seen {
        match event {
            Event::PodBound { pod, spec, .. } => {
                bound.insert(*pod, (*secs, *spec));
            }
            Event::PodFinished { pod, .. } => {
                if let Some((since, spec)) = bound.remove(pod) {
                    requested += i128::from(secs - since)
                        * i128::from(run.world.specs()[spec.index()].requests.cpu.0);
                }
            }
            _ => {}
        }
    }
    for (since, spec) in bound.into_values() {
        requested += i128::from(run.now.secs() - since)
            * i128::from(run.world.specs()[spec.index()].requests.cpu.0);
    }
    prop_assert_eq!(totals.requested.cpu, requested * 1_000_000);
    let idle = totals.allocatable.minus(totals.requested);
    prop_assert!(idle.cpu >= 0 && idle.memory >= 0 && idle.pods >= 0);
    Ok(())
}
