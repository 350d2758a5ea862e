//! Rollouts: surge, deadline, pause, undo, rollback with pin, restart.

use std::sync::Arc;

use super::bench::{Bench, deploy, pods};
use crate::ids::ServiceNo;
use crate::time::Span;
use crate::workload::{
    Answer, Config, Deploy, Input, Phase, Reason, Refusal, Rollout, RolloutState, ServiceStatus,
};

fn image(tag: &str, replicas: u32) -> Deploy {
    Deploy {
        image: format!("img:{tag}").into(),
        ..deploy("shop", "web", 100, replicas)
    }
}

fn bad(tag: &str, replicas: u32) -> Deploy {
    Deploy {
        starts: false,
        ..image(tag, replicas)
    }
}

fn rollout(bench: &Bench, service: ServiceNo) -> Rollout {
    *bench
        .machine
        .service(service)
        .unwrap()
        .rollouts()
        .last()
        .unwrap()
}

fn status(bench: &Bench, service: ServiceNo) -> ServiceStatus {
    bench.machine.service(service).unwrap().status()
}

/// A service of four ready replicas.
fn ready(bench: &mut Bench) -> ServiceNo {
    let web = bench.deploy(image("1", 4));
    bench.settle();
    assert_eq!(status(bench, web), ServiceStatus::Ready);
    assert_eq!(rollout(bench, web).state, RolloutState::Complete);
    web
}

#[test]
fn a_new_image_rolls_with_its_surge_reserved_and_given_back() {
    let mut bench = Bench::new();
    let web = ready(&mut bench);
    bench.deploy(image("2", 4));
    assert_eq!(bench.used(), pods(100, 5));
    assert_eq!((bench.last().revision, bench.last().max_surge), (2, 1));
    bench.settle();
    assert_eq!(rollout(&bench, web).state, RolloutState::Complete);
    assert_eq!(bench.used(), pods(100, 4));
    let view = bench.machine.service(web).unwrap();
    assert_eq!(
        (view.phase(1), view.phase(2)),
        (Phase::Superseded, Phase::Active)
    );
    assert_eq!(view.row().rollouts_complete, 2);
}

#[test]
fn without_room_for_the_surge_it_runs_without_and_says_so() {
    let mut bench = Bench::with(Config::default(), pods(100, 4));
    let web = ready(&mut bench);
    bench.deploy(image("2", 4));
    assert_eq!(
        (bench.last().max_surge, bench.last().max_unavailable),
        (0, 1)
    );
    assert!(
        rollout(&bench, web)
            .message()
            .unwrap()
            .contains("surge 0, unavailable 1")
    );
    bench.settle();
    assert_eq!(status(&bench, web), ServiceStatus::Ready);
}

#[test]
fn larger_pods_are_reserved_for_both_sizes_until_the_old_ones_are_gone() {
    let mut bench = Bench::new();
    let web = ready(&mut bench);
    bench.deploy(deploy("shop", "web", 300, 4));
    assert_eq!(bench.used(), pods(300, 5).checked_sub(pods(0, 0)).unwrap());
    bench.settle();
    assert_eq!(bench.used(), pods(300, 4));
    bench.deploy(deploy("shop", "web", 100, 4));
    assert_eq!(bench.used(), pods(300, 5), "old ones are still that large");
    bench.settle();
    assert_eq!(bench.used(), pods(100, 4));
    assert_eq!(bench.machine.service(web).unwrap().row().revision, 3);
}

#[test]
fn larger_pods_over_quota_change_nothing() {
    let mut bench = Bench::with(Config::default(), pods(100, 10));
    let web = ready(&mut bench);
    let reply = bench.ask(Input::Deploy(Arc::new(deploy("shop", "web", 300, 4))));
    assert!(matches!(reply, Err(Refusal::Quota(_))), "{reply:?}");
    assert_eq!(bench.used(), pods(100, 4));
    assert_eq!(bench.machine.service(web).unwrap().row().revision, 1);
}

#[test]
fn a_bad_image_fails_at_its_deadline_and_the_old_replicas_serve_on() {
    let mut bench = Bench::new();
    let web = ready(&mut bench);
    bench.deploy(bad("2", 4));
    bench.settle();
    bench.wait(Span::from_secs(590));
    assert_eq!(rollout(&bench, web).state, RolloutState::Progressing);
    bench.wait(Span::from_secs(20));
    let failed = rollout(&bench, web);
    assert_eq!(failed.state, RolloutState::Failed);
    assert!(
        failed
            .message()
            .unwrap()
            .contains("rollback is one call away")
    );
    assert_eq!(status(&bench, web), ServiceStatus::Degraded);
    let view = bench.machine.service(web).unwrap();
    assert_eq!(
        (view.phase(1), view.phase(2)),
        (Phase::Active, Phase::Failed)
    );
    assert_eq!(bench.used(), pods(100, 5), "the surge pod is still there");
}

#[test]
fn a_first_deploy_of_a_bad_image_fails() {
    let mut bench = Bench::new();
    let web = bench.deploy(bad("1", 2));
    bench.settle();
    bench.wait(Span::from_secs(600));
    assert_eq!(status(&bench, web), ServiceStatus::Failed);
    assert_eq!(bench.machine.service(web).unwrap().row().rollouts_failed, 1);
}

#[test]
fn a_rollback_makes_a_new_revision_and_pins() {
    let mut bench = Bench::new();
    let web = ready(&mut bench);
    bench.deploy(bad("2", 4));
    bench.settle();
    bench.wait(Span::from_secs(700));
    let reply = bench.ask(Input::Rollback {
        service: web,
        revision: None,
        by: "eve".into(),
    });
    assert!(
        matches!(reply, Ok(Answer::Deployed { revision: 3, .. })),
        "{reply:?}"
    );
    bench.settle();
    let view = bench.machine.service(web).unwrap();
    assert_eq!(view.status(), ServiceStatus::Ready);
    assert_eq!(&*view.current().template.image, "img:1");
    assert_eq!(
        (view.current().reason, view.current().from),
        (Reason::Rollback, Some(1))
    );
    let pin = view.row().pinned.as_ref().unwrap();
    assert_eq!((pin.revision, &*pin.by), (3, "eve"));
    assert_eq!(bench.used(), pods(100, 4));
    assert_eq!(bench.ask(Input::Unpin { service: web }), Ok(Answer::Done));
    assert_eq!(bench.machine.service(web).unwrap().row().pinned, None);
}

#[test]
fn a_rollback_needs_an_earlier_revision() {
    let mut bench = Bench::new();
    let web = ready(&mut bench);
    for (revision, named) in [(None, 0), (Some(7), 7)] {
        let reply = bench.ask(Input::Rollback {
            service: web,
            revision,
            by: "eve".into(),
        });
        let none = Refusal::NoRevision {
            revision: named,
            last: 1,
        };
        assert_eq!(reply, Err(none));
    }
    let reply = bench.ask(Input::Rollback {
        service: web,
        revision: Some(1),
        by: "eve".into(),
    });
    assert!(matches!(reply, Err(Refusal::State { .. })), "{reply:?}");
}

#[test]
fn undo_goes_back_to_the_revision_before_the_running_rollout() {
    let mut bench = Bench::new();
    let web = ready(&mut bench);
    let undo = Input::UndoRollout {
        service: web,
        by: "eve".into(),
    };
    assert!(matches!(
        bench.ask(undo.clone()),
        Err(Refusal::State { .. })
    ));
    bench.deploy(image("2", 4));
    bench.step();
    assert!(matches!(
        bench.ask(undo),
        Ok(Answer::Deployed { revision: 3, .. })
    ));
    let view = bench.machine.service(web).unwrap();
    let states: Vec<RolloutState> = view.rollouts().map(|r| r.state).collect();
    use RolloutState::{Complete, Progressing, Superseded};
    assert_eq!(states, [Complete, Superseded, Progressing]);
    bench.settle();
    assert_eq!(status(&bench, web), ServiceStatus::Ready);
}

#[test]
fn a_newer_revision_supersedes_a_running_rollout() {
    let mut bench = Bench::new();
    let web = ready(&mut bench);
    bench.deploy(image("2", 4));
    bench.step();
    bench.deploy(image("3", 4));
    bench.settle();
    let view = bench.machine.service(web).unwrap();
    assert_eq!(view.row().rollouts_superseded, 1);
    assert_eq!(
        (view.phase(2), view.phase(3)),
        (Phase::Superseded, Phase::Active)
    );
    bench.wait(Span::from_secs(2_000));
    assert_eq!(
        status(&bench, web),
        ServiceStatus::Ready,
        "stale timers do nothing"
    );
}

#[test]
fn a_paused_rollout_stands_still_with_its_deadline() {
    let mut bench = Bench::new();
    let web = ready(&mut bench);
    bench.deploy(bad("2", 4));
    bench.settle();
    let before = bench.now;
    assert_eq!(
        bench.ask(Input::PauseRollout { service: web }),
        Ok(Answer::Done)
    );
    assert!(bench.last().paused);
    bench.wait(Span::from_secs(5_000));
    assert_eq!(rollout(&bench, web).state, RolloutState::Progressing);
    assert_eq!(
        bench.ask(Input::ResumeRollout { service: web }),
        Ok(Answer::Done)
    );
    assert!(!bench.last().paused);
    let left = Span::from_secs(600 - (before.secs() - rollout(&bench, web).started_at.secs()));
    bench.wait(Span(left.0 - 1));
    assert_eq!(rollout(&bench, web).state, RolloutState::Progressing);
    bench.wait(Span(1));
    assert_eq!(rollout(&bench, web).state, RolloutState::Failed);
    let late = bench.ask(Input::PauseRollout { service: web });
    assert!(matches!(late, Err(Refusal::State { .. })), "{late:?}");
}

#[test]
fn each_new_ready_replica_moves_the_deadline() {
    let mut bench = Bench::new();
    let web = bench.deploy(image("1", 4));
    bench.wait(Span::from_secs(500));
    bench.step();
    bench.step();
    assert_eq!(rollout(&bench, web).state, RolloutState::Complete);
    bench.deploy(image("2", 4));
    for _ in 0..20 {
        bench.wait(Span::from_secs(290));
        bench.step();
        if rollout(&bench, web).state.ended() {
            break;
        }
    }
    assert_eq!(rollout(&bench, web).state, RolloutState::Complete);
}

#[test]
fn a_restart_is_a_rollout_of_the_same_revision() {
    let mut bench = Bench::new();
    let web = ready(&mut bench);
    assert_eq!(bench.ask(Input::Restart { service: web }), Ok(Answer::Done));
    assert_eq!((bench.last().revision, bench.last().restart), (1, 1));
    assert_eq!(bench.used(), pods(100, 5));
    let undo = bench.ask(Input::UndoRollout {
        service: web,
        by: "eve".into(),
    });
    assert!(matches!(undo, Err(Refusal::State { .. })), "{undo:?}");
    bench.settle();
    assert_eq!(status(&bench, web), ServiceStatus::Ready);
    assert_eq!(bench.used(), pods(100, 4));
}

#[test]
fn old_revisions_and_rollouts_are_forgotten_within_limits() {
    let config = Config {
        revisions_kept: 3,
        rollouts_kept: 2,
        ..Config::default()
    };
    let mut bench = Bench::with(config, pods(100, 100));
    let web = ready(&mut bench);
    for tag in 2..8 {
        bench.deploy(bad(&tag.to_string(), 4));
    }
    let view = bench.machine.service(web).unwrap();
    let kept: Vec<u32> = view.revisions().map(|r| r.number).collect();
    assert_eq!(kept, [1, 6, 7], "the active one stays");
    assert_eq!(view.rollouts().count(), 2);
    bench.restore(config);
    bench.deploy(image("9", 4));
}
