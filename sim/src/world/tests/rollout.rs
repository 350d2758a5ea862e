//! Deployments over whole rollouts.

use nimbus_core::cluster::{DeploymentStatus, Event};

use super::super::StartDelay;
use super::*;

/// A world in which pods of the service take ten seconds to start.
fn slow() -> Run {
    let mut run = Run::plain(4);
    let ten = (Span::from_secs(10), Span::from_secs(10));
    let delay = StartDelay {
        pull: (Span::ZERO, Span::ZERO),
        start: ten,
    };
    run.world.start_delay(WEB, "acme/web", delay);
    run
}

/// The statuses as (second, updated, ready, updated ready, total).
fn statuses(run: &mut Run) -> Vec<(i64, u32, u32, u32, u32)> {
    let seen = std::mem::take(&mut run.seen);
    let status = |(at, event): (i64, Event)| match event {
        Event::Deployment { status: s, .. } => {
            Some((at, s.updated, s.ready, s.updated_ready, s.total))
        }
        _ => None,
    };
    seen.into_iter().filter_map(status).collect()
}

#[test]
fn a_rollout_goes_step_by_step_as_the_real_controller() {
    let mut run = slow();
    run.deploy(1, |_| {});
    run.until(20);
    assert_eq!(statuses(&mut run), [(0, 4, 0, 0, 4), (10, 4, 4, 4, 4)]);
    // 4 replicas, surge 1, unavailable 1: up to 5 pods, at least 3 available.
    run.deploy(2, |deployment| deployment.revision = 2);
    run.until(100);
    assert_eq!(
        statuses(&mut run),
        [
            (20, 2, 3, 0, 5), // +1 new (surge), −1 old (5 − 3 − 1), +1 new
            (30, 4, 3, 2, 5), // 2 ready: −2 old (5 − 3 − 0), +2 new
            (40, 4, 4, 4, 4), // all ready: the last old one goes
        ]
    );
}

#[test]
fn surge_zero_takes_away_first_and_unavailable_zero_adds_first() {
    let mut run = slow();
    run.deploy(1, |deployment| deployment.replicas = 2);
    run.until(20);
    run.seen.clear();
    run.deploy(2, |deployment| {
        deployment.replicas = 2;
        deployment.revision = 2;
        deployment.max_surge = 0;
    });
    run.until(60);
    assert_eq!(
        statuses(&mut run),
        [(20, 1, 1, 0, 2), (30, 2, 1, 1, 2), (40, 2, 2, 2, 2)]
    );
    run.deploy(3, |deployment| {
        deployment.replicas = 2;
        deployment.revision = 3;
        deployment.max_unavailable = 0;
    });
    run.until(120);
    assert_eq!(
        statuses(&mut run),
        [(60, 1, 2, 0, 3), (70, 2, 2, 1, 3), (80, 2, 2, 2, 2)]
    );
}

#[test]
fn a_bad_image_stops_at_the_bounds_and_a_rollback_cleans_it_up() {
    let mut run = slow();
    run.deploy(1, |_| {});
    run.until(20);
    run.deploy(2, |deployment| {
        deployment.revision = 2;
        deployment.starts = false;
    });
    run.until(500);
    let status = run.world.status(WEB).unwrap();
    assert_eq!(
        (
            status.updated,
            status.ready,
            status.updated_ready,
            status.total
        ),
        (2, 3, 0, 5)
    );
    run.seen.clear();
    run.deploy(3, |_| {}); // the old template again
    run.until(500);
    assert_eq!(statuses(&mut run), [(500, 4, 3, 3, 4)]);
    run.until(520);
    assert_eq!(statuses(&mut run), [(510, 4, 4, 4, 4)]);
}

#[test]
fn a_paused_rollout_stands_still_and_goes_on() {
    let mut run = slow();
    run.deploy(1, |_| {});
    run.until(20);
    run.deploy(2, |deployment| deployment.revision = 2);
    run.until(21);
    run.deploy(3, |deployment| {
        deployment.revision = 2;
        deployment.paused = true;
    });
    run.seen.clear();
    run.until(100);
    // The pods that were made get ready; nothing else moves. Five stand, four are wanted: Kubernetes
    // keeps the surge while it is paused.
    assert_eq!(statuses(&mut run), [(21, 2, 3, 0, 5), (30, 2, 5, 2, 5)]);
    run.deploy(4, |deployment| deployment.revision = 2);
    run.until(200);
    assert_eq!(statuses(&mut run).last(), Some(&(110, 4, 4, 4, 4)));
}

#[test]
fn a_scale_applies_at_once_and_gives_up_the_newest() {
    let mut run = slow();
    run.deploy(1, |_| {});
    run.until(20);
    run.deploy(2, |deployment| deployment.replicas = 6);
    run.until(25);
    run.seen.clear();
    run.deploy(3, |deployment| deployment.replicas = 3);
    run.until(25);
    // Two that are not ready, newest first; then the newest ready one.
    run.expect(&[
        (25, "Deleted 5"),
        (25, "Deleted 4"),
        (25, "Deleted 3"),
        (25, "status 3/3/3/3"),
    ]);
}

#[test]
fn a_scale_during_a_rollout_ends_at_the_new_count() {
    let mut run = slow();
    run.deploy(1, |_| {});
    run.until(20);
    run.deploy(2, |deployment| deployment.revision = 2);
    run.until(25);
    run.deploy(3, |deployment| {
        deployment.revision = 2;
        deployment.replicas = 8;
    });
    run.until(200);
    let end = DeploymentStatus {
        generation: 3,
        updated: 8,
        ready: 8,
        updated_ready: 8,
        total: 8,
        terminating: 0,
    };
    assert_eq!(run.world.status(WEB), Some(end));
}

#[test]
fn a_restart_is_a_new_template() {
    let mut run = slow();
    run.deploy(1, |_| {});
    run.until(20);
    run.deploy(2, |deployment| deployment.restart = 1);
    run.until(200);
    let pods = run.world.snapshot(run.now).pods;
    assert!(pods.iter().all(|pod| pod.pod >= PodNo(4)), "{pods:?}");
    assert_eq!(pods.len(), 4);
}

#[test]
fn a_lost_pod_of_a_deployment_is_replaced() {
    let mut run = slow();
    run.deploy(1, |deployment| deployment.spec = spec(5_000, 128));
    run.until(20);
    run.seen.clear();
    run.tell(Command::RemoveNode { node: NodeNo(2) });
    run.until(50);
    run.expect(&[
        (20, "NodeLost 2"),
        (20, "node 2 gone"),
        (20, "pending 4+1"),
        (20, "status 4/3/3/4"),
    ]);
}

#[test]
fn several_changes_of_one_instant_give_one_status() {
    let mut run = slow();
    run.deploy(1, |_| {});
    run.deploy(2, |deployment| deployment.replicas = 5);
    run.deploy(1, |_| {}); // late repetition
    run.until(0);
    assert_eq!(statuses(&mut run), [(0, 5, 0, 0, 5)]);
    run.tell(Command::DeleteDeployment { service: WEB });
    run.tell(Command::DeleteDeployment { service: WEB });
    run.until(30);
    let gone = run
        .seen
        .iter()
        .filter(|(_, event)| matches!(event, Event::DeploymentGone { .. }));
    assert_eq!(gone.count(), 2);
    assert!(run.world.snapshot(run.now).pods.is_empty());
}

#[test]
fn pods_that_wait_name_the_revision_that_they_are_of() {
    let mut run = slow();
    run.deploy(1, |_| {});
    run.until(20);
    run.deploy(2, |deployment| deployment.revision = 2);
    run.until(100);
    run.run_pods(1, 100, None);
    let named = run.seen.iter().filter_map(|(_, event)| match event {
        Event::PodsPending {
            count, revision, ..
        } => Some((*count, *revision)),
        _ => None,
    });
    let named: Vec<(u32, u32)> = named.collect();
    assert_eq!(named, [(4, 1), (2, 2), (2, 2), (1, 0)]);
}
