//! Derived states, shares, the plan.

use proptest::prelude::*;

use crate::cluster::DeploymentStatus;
use crate::units::{Bytes, Cpu, Resources};
use crate::workload::{
    AppStatus, Desired, Facts, Fence, Held, Observed, RolloutState, Running, ServiceStatus, Shape,
    Share, app_status, plan, service_status,
};

#[track_caller]
fn check_fence(surge: Share, unavailable: Share, replicas: u32, expected: (u32, u32)) {
    let strategy = crate::workload::Strategy {
        surge,
        unavailable,
        ..crate::workload::Strategy::default()
    };
    let fence = strategy.fence(replicas);
    assert_eq!((fence.surge, fence.unavailable), expected);
}

#[test]
fn surge_rounds_up_and_unavailable_down_and_never_both_zero() {
    let quarter = Share::Percent(25);
    check_fence(quarter, quarter, 1, (1, 0));
    check_fence(quarter, quarter, 4, (1, 1));
    check_fence(quarter, quarter, 5, (2, 1));
    check_fence(quarter, quarter, 0, (0, 1));
    check_fence(Share::Count(0), Share::Count(0), 3, (0, 1));
    check_fence(Share::Percent(0), quarter, 3, (0, 1));
    check_fence(Share::Count(u32::MAX), Share::Count(u32::MAX), 3, (3, 3));
    check_fence(
        Share::Percent(u32::MAX),
        quarter,
        u32::MAX,
        (u32::MAX, u32::MAX / 4),
    );
}

#[track_caller]
fn check_state(facts: Facts, ready: u32, total: u32, expected: ServiceStatus) {
    let status = DeploymentStatus {
        ready,
        total,
        ..facts.status
    };
    assert_eq!(service_status(&Facts { status, ..facts }), expected);
}

#[test]
fn the_first_match_decides_the_state_of_a_service() {
    let done = Facts {
        applied: true,
        desired: 2,
        rollout: Some(RolloutState::Complete),
        ..Facts::default()
    };
    let failed = Facts {
        rollout: Some(RolloutState::Failed),
        ..done
    };
    check_state(Facts::default(), 0, 0, ServiceStatus::Pending);
    check_state(done, 2, 2, ServiceStatus::Ready);
    check_state(done, 1, 2, ServiceStatus::Degraded);
    check_state(
        Facts {
            scaling: true,
            ..done
        },
        1,
        2,
        ServiceStatus::Progressing,
    );
    check_state(Facts { desired: 0, ..done }, 0, 0, ServiceStatus::Stopped);
    check_state(failed, 1, 3, ServiceStatus::Degraded);
    check_state(failed, 0, 3, ServiceStatus::Failed);
    let healed = DeploymentStatus {
        updated: 2,
        updated_ready: 2,
        ..DeploymentStatus::default()
    };
    check_state(
        Facts {
            status: healed,
            ..failed
        },
        2,
        2,
        ServiceStatus::Ready,
    );
    check_state(
        Facts {
            deleting: true,
            ..done
        },
        2,
        2,
        ServiceStatus::Deleting,
    );
}

#[test]
fn the_first_match_decides_the_state_of_an_app() {
    use ServiceStatus::{Degraded, Deleting, Failed, Gone, Pending, Progressing, Ready, Stopped};
    assert_eq!(app_status(false, []), AppStatus::Pending);
    assert_eq!(app_status(false, [Pending, Gone]), AppStatus::Pending);
    assert_eq!(
        app_status(false, [Ready, Progressing]),
        AppStatus::Provisioning
    );
    assert_eq!(
        app_status(false, [Degraded, Progressing]),
        AppStatus::Degraded
    );
    assert_eq!(app_status(false, [Degraded, Failed]), AppStatus::Error);
    assert_eq!(app_status(false, [Ready, Stopped, Gone]), AppStatus::Ready);
    assert_eq!(app_status(false, [Deleting]), AppStatus::Deleting);
    assert_eq!(app_status(true, [Ready]), AppStatus::Deleting);
    assert_eq!(app_status(true, []), AppStatus::Deleting);
}

fn status(generation: u32) -> impl Strategy<Value = DeploymentStatus> {
    (0..=generation, 0u32..4, 0u32..4, 0u32..4, 0u32..4, 0u32..3).prop_map(
        |(generation, updated, ready, updated_ready, total, terminating)| DeploymentStatus {
            generation,
            updated,
            ready,
            updated_ready,
            total,
            terminating,
        },
    )
}

fn shape() -> impl Strategy<Value = Shape> {
    (1u32..3, 0u32..2, 0u32..4, 0u32..3, any::<bool>()).prop_map(
        |(revision, restart, replicas, surge, paused)| Shape {
            revision,
            restart,
            replicas,
            fence: Fence {
                surge,
                unavailable: 1,
            },
            paused,
        },
    )
}

fn per() -> impl Strategy<Value = Resources> {
    (1u64..4).prop_map(|cpu| Resources::pod(Cpu(cpu), Bytes(1)))
}

fn held() -> impl Strategy<Value = Held> {
    (0u32..8, 0u32..3, per()).prop_map(|(slots, surge, per)| Held { slots, surge, per })
}

proptest! {
    #[test]
    fn a_plan_that_was_carried_out_has_nothing_more_to_say(
        flags in proptest::array::uniform5(any::<bool>()),
        wanted in shape(),
        applied in proptest::option::of(shape()),
        status in status(3),
        held in held(),
        requests in per(),
        running in proptest::option::of((0u32..4, 0u32..4)),
    ) {
        let [exists, admitted, suspended, reserving, same] = flags;
        let desired = Desired { exists, admitted, suspended, reserving, shape: wanted, requests };
        let mut observed = Observed {
            applied: if same { Some(wanted) } else { applied },
            deleted: false,
            generation: 3,
            status,
            held,
            running: running.map(|(since, best)| Running { since, best }),
        };
        for action in plan(&desired, &observed) {
            observed.take(action);
        }
        prop_assert_eq!(plan(&desired, &observed), []);
    }

    #[test]
    fn what_is_held_grows_before_and_never_below_what_exists_after(
        held in held(), replicas in 0u32..6, surge in 0u32..3, requests in per(), seen in status(1), paused: bool,
    ) {
        let grown = held.grown(replicas, surge, requests).unwrap();
        prop_assert!(held.total().unwrap().fits(grown.total().unwrap()));
        prop_assert!(requests.checked_mul(replicas + surge).unwrap().fits(grown.total().unwrap()));
        let shrunk = grown.shrunk(replicas, requests, seen, paused);
        prop_assert!(shrunk.slots >= replicas);
        prop_assert!(shrunk.slots >= grown.slots.min(seen.total + seen.terminating));
        prop_assert!(shrunk.total().unwrap().fits(grown.total().unwrap()));
        prop_assert_eq!(shrunk.shrunk(replicas, requests, seen, paused), shrunk);
    }
}
