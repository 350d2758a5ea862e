//! Bare pods: pending, bound, started, ended.

use nimbus_core::cluster::Event;

use super::super::{Conflicts, StartDelay};
use super::*;

#[test]
fn a_bare_pod_is_bound_and_ends_after_its_lifetime() {
    let mut run = Run::plain(1);
    run.run_pods(2, 1_000, Some(100));
    run.until(5);
    run.expect(&[
        (0, "spec 0"),
        (0, "pending 0+2"),
        (0, "bound 0 on 0"),
        (0, "bound 1 on 0"),
    ]);
    run.run_pods(1, 1_000, Some(10));
    run.until(200);
    run.expect(&[
        (5, "pending 2+1"),
        (5, "bound 2 on 0"),
        (15, "Completed 2"),
        (100, "Completed 0"),
        (100, "Completed 1"),
    ]);
    assert!(run.world.is_at_rest());
    assert_eq!(run.world.requested(), Resources::ZERO);
    assert_eq!(run.world.tenant_use(TENANT), Some(Resources::ZERO));
}

#[test]
fn the_lifetime_begins_with_the_binding_and_a_pod_without_one_runs_until_it_is_stopped() {
    let mut run = Run::plain(1);
    run.binds = false;
    run.run_pods(1, 1_000, Some(10));
    run.run_pods(1, 1_000, None);
    run.until(50);
    run.bind(0, 0);
    run.bind(1, 0);
    run.until(1_000);
    run.tell(Command::StopPods { service: WEB });
    run.expect(&[
        (0, "spec 0"),
        (0, "pending 0+1"),
        (0, "pending 1+1"),
        (50, "bound 0 on 0"),
        (50, "bound 1 on 0"),
        (60, "Completed 0"),
        (1_000, "Deleted 1"),
    ]);
}

#[test]
fn a_conflicting_binding_is_counted_and_changes_nothing() {
    let mut run = Run::plain(2);
    run.binds = false;
    run.run_pods(3, 5_000, None);
    run.until(1);
    run.bind(0, 0);
    run.bind(0, 0); // repeated
    run.bind(0, 1); // bound elsewhere
    run.bind(1, 0); // 5 + 5 > 8 cores
    run.bind(1, 7); // no such node
    run.bind(9, 0); // no such pod
    run.expect(&[(0, "spec 0"), (0, "pending 0+3"), (1, "bound 0 on 0")]);
    assert_eq!(
        run.world.conflicts(),
        Conflicts {
            pod_gone: 1,
            bound_elsewhere: 1,
            node_gone: 1,
            over_capacity: 1,
            over_quota: 0
        }
    );
    assert_eq!(run.world.nodes()[0].allocated.cpu, Cpu(5_000));
}

#[test]
fn a_pod_pulls_once_per_node_and_starts_each_time() {
    let mut run = Run::plain(2);
    let fixed = |secs| (Span::from_secs(secs), Span::from_secs(secs));
    let delay = StartDelay {
        pull: fixed(20),
        start: fixed(3),
    };
    run.world.start_delay(WEB, "acme/web", delay);
    run.binds = false;
    run.run_pods(4, 1_000, None);
    run.bind(0, 0);
    run.until(5);
    run.bind(1, 0); // waits for the same pull
    run.bind(2, 1); // another node
    run.until(50);
    run.bind(3, 0); // already there
    run.until(100);
    run.expect(&[
        (0, "spec 0"),
        (0, "pending 0+4"),
        (0, "bound 0 on 0"),
        (5, "bound 1 on 0"),
        (5, "bound 2 on 1"),
        (23, "ready 0"),
        (23, "ready 1"),
        (28, "ready 2"),
        (50, "bound 3 on 0"),
        (53, "ready 3"),
    ]);
    let phases = run.world.phases();
    assert_eq!((phases.pending, phases.starting, phases.ready), (0, 0, 4));
}

#[test]
fn drawn_delays_lie_within_their_bounds_and_repeat() {
    let delays = || {
        let mut run = Run::plain(1);
        let delay = StartDelay {
            pull: (Span::ZERO, Span::ZERO),
            start: (Span::from_secs(2), Span::from_secs(9)),
        };
        run.world.start_delay(WEB, "acme/web", delay);
        run.run_pods(8, 1_000, None);
        run.until(20);
        let ready = run
            .seen
            .iter()
            .filter(|(_, event)| matches!(event, Event::PodReady { .. }));
        ready.map(|(at, _)| *at).collect::<Vec<i64>>()
    };
    let first = delays();
    assert_eq!(first.len(), 8);
    assert!(first.iter().all(|at| (2..=9).contains(at)), "{first:?}");
    assert!(first.iter().any(|at| *at != first[0]), "{first:?}");
    assert_eq!(first, delays());
}

#[test]
fn a_pod_is_at_most_32_bytes() {
    assert!(size_of::<Option<super::super::pod::Pod>>() <= 32);
}
