//! Planted bugs between the machines and the cluster.

use nimbus_core::cluster::{DeploymentStatus, NodeState};
use nimbus_core::ids::{PoolNo, SpecNo};

use super::*;

fn bound(pod: u64, node: u32) -> Event {
    Event::PodBound {
        pod: PodNo(pod),
        node: NodeNo(node),
        spec: SpecNo(0),
        tenant: ACME,
        service: JOBS,
    }
}

#[test]
fn a_second_binding_is_caught() {
    let mut play = history();
    play.bind(1, 0);
    play.caught(&["I-1/R5"]);
    let mut play = history();
    play.oracle.event(play.now, &bound(1, 0));
    play.caught(&["I-1/R5"]);
}

#[test]
fn an_over_committed_node_is_caught_before_and_after() {
    let mut play = Play::new();
    play.run(5, None);
    for pod in 0..4 {
        play.bind(pod, 0);
    }
    play.sound();
    play.oracle.command(
        play.now,
        &Command::Bind {
            pod: PodNo(4),
            node: NodeNo(0),
        },
    );
    play.caught(&["I-1/R5"]);
    let mut play = Play::new();
    play.run(5, None);
    play.bills = false;
    for pod in 0..5 {
        play.oracle.event(play.now, &bound(pod, 0));
    }
    play.caught(&["I-1/R5"]);
}

#[test]
fn two_bindings_on_their_way_count_together() {
    let mut play = Play::new();
    play.run(5, None);
    for pod in 0..5 {
        play.oracle.command(
            play.now,
            &Command::Bind {
                pod: PodNo(pod),
                node: NodeNo(0),
            },
        );
    }
    play.caught(&["I-1/R5"]);
}

#[test]
fn a_binding_to_a_node_that_takes_none_is_caught() {
    let mut play = Play::new();
    play.run(1, None);
    let drained = Event::NodeChanged {
        node: NodeNo(1),
        state: NodeState::Draining,
    };
    play.oracle.event(play.now, &drained);
    play.bind(0, 1);
    play.caught(&["I-1/R5"]);
    let mut play = Play::new();
    play.run(1, None);
    play.bind(0, 7);
    play.caught(&["I-1/R5"]);
}

#[test]
fn a_node_that_goes_with_pods_on_it_is_caught() {
    let mut play = history();
    play.oracle
        .event(play.now, &Event::NodeGone { node: NodeNo(0) });
    play.caught(&["I-1/R5"]);
}

#[test]
fn pods_above_the_quota_are_caught() {
    let mut play = history();
    let pending = Event::PodsPending {
        first: PodNo(50),
        count: 2,
        spec: SpecNo(0),
        tenant: ACME,
        service: JOBS,
        revision: 0,
    };
    play.oracle.event(play.now, &pending);
    play.caught(&["I-2/R6"]);
}

#[test]
fn above_a_forced_quota_use_may_fall_and_not_grow() {
    let mut play = history();
    play.tell(Command::EnsureTenantSpace {
        tenant: ACME,
        space: Arc::new(cluster::Space {
            namespace: "nimbus-acme".into(),
            quota: amount(2, 2, 2),
            admits: true,
        }),
    });
    play.until(100); // two of four pods end
    play.sound();
    let pending = Event::PodsPending {
        first: PodNo(50),
        count: 1,
        spec: SpecNo(0),
        tenant: ACME,
        service: JOBS,
        revision: 0,
    };
    play.oracle.event(play.now, &pending);
    play.caught(&["I-2/R6"]);
}

#[test]
fn pods_that_were_not_reserved_are_caught() {
    let mut play = history();
    play.used(ACME, amount(3, 3, 3), 1);
    play.checkpoint();
    play.caught(&["I-2/R6"]);
}

#[test]
fn a_replica_of_nothing_is_caught() {
    let mut play = history();
    let pending = Event::PodsPending {
        first: PodNo(50),
        count: 1,
        spec: SpecNo(0),
        tenant: OTHER,
        service: ServiceNo(9),
        revision: 0,
    };
    play.oracle.event(play.now, &pending);
    play.caught(&["I-4"]);
    let mut play = history();
    play.deploy(2, |deployment| deployment.revision = 7);
    play.caught(&["I-4"]);
}

#[test]
fn a_status_that_does_not_add_up_is_caught() {
    let mut play = history();
    let status = DeploymentStatus {
        generation: 1,
        updated: 2,
        ready: 3,
        updated_ready: 2,
        total: 2,
        terminating: 0,
    };
    play.oracle.event(
        play.now,
        &Event::Deployment {
            service: WEB,
            status,
        },
    );
    play.caught(&["I-4"]);
}

#[test]
fn an_object_of_another_tenant_is_caught() {
    let mut play = history();
    play.deploy(2, |deployment| {
        deployment.tenant = OTHER;
        deployment.replicas = 3;
    });
    play.caught(&["I-7/R1"]);
}

#[test]
fn a_pod_that_the_books_do_not_know_breaks_conservation() {
    // The cluster runs a pod of which no event told: tenants and idle no longer make up what is offered.
    let mut play = history();
    play.run(1, None);
    let mut unheard = Vec::new();
    let bind = Command::Bind {
        pod: PodNo(4),
        node: NodeNo(1),
    };
    play.world.apply(play.now, bind, &mut unheard);
    play.now = at(55);
    play.checkpoint();
    let ids: Vec<&str> = play
        .oracle
        .violations()
        .iter()
        .map(|v| v.invariant.id)
        .collect();
    assert!(ids.contains(&"I-6/R8"), "{ids:?}");
    assert!(ids.contains(&"I-13/R3"), "{ids:?}");
}

#[test]
fn what_is_left_of_a_deleted_tenant_is_caught() {
    let mut play = history();
    play.tenant(ACME, Status::Gone, amount(5, 5, 5));
    play.caught(&["I-13/R3"]);
    let mut play = Play::new();
    play.tell(Command::DeleteTenantSpace { tenant: OTHER });
    play.until(1);
    play.used(OTHER, Resources::ZERO, 0);
    play.tenant(OTHER, Status::Gone, amount(5, 5, 5));
    play.checkpoint();
    play.sound();
    play.tell(Command::EnsureTenantSpace {
        tenant: OTHER,
        space: Arc::new(cluster::Space {
            namespace: "nimbus-other".into(),
            quota: amount(1, 1, 1),
            admits: true,
        }),
    });
    play.caught(&["I-13/R3"]);
}

#[test]
fn an_end_of_nothing_is_caught() {
    let mut play = history();
    play.oracle
        .event(play.now, &finished(60, Finish::Completed));
    play.caught(&["I-13/R3"]);
}

#[test]
fn a_wish_that_never_came_true_is_caught() {
    let mut play = history();
    // The command is lost on its way.
    let lost = Deployment {
        name: "web".into(),
        tenant: ACME,
        generation: 2,
        revision: 1,
        restart: 0,
        spec: spec(),
        replicas: 3,
        max_surge: 1,
        max_unavailable: 0,
        paused: false,
        starts: true,
    };
    let lost = Command::ApplyDeployment {
        service: WEB,
        deployment: Arc::new(lost),
    };
    play.oracle.command(play.now, &lost);
    play.until(400);
    play.finish();
    play.caught(&["R2"]);
}

#[test]
fn a_write_of_what_is_so_already_is_caught() {
    let mut play = history();
    play.deploy(2, |_| {});
    play.caught(&["R2"]);
}

#[test]
fn a_reused_ordinal_is_caught() {
    let mut play = history();
    let again = Event::PodsPending {
        first: PodNo(1),
        count: 1,
        spec: SpecNo(0),
        tenant: ACME,
        service: JOBS,
        revision: 0,
    };
    play.oracle.event(play.now, &again);
    play.caught(&["R4"]);
    let mut play = Play::new();
    let ready = Event::SpaceReady {
        tenant: ACME,
        uid: 5,
    };
    play.oracle.event(play.now, &ready);
    play.caught(&["R4"]);
}

#[test]
fn what_goes_back_is_caught() {
    let mut play = history();
    play.deploy(3, |deployment| deployment.replicas = 1);
    play.sound();
    play.deploy(2, |deployment| deployment.replicas = 2);
    play.caught(&["R11"]);
    let mut play = history();
    let boot = Command::BootNodes {
        pool: PoolNo(0),
        count: 1,
    };
    play.oracle.command(at(49), &boot);
    play.caught(&["R11"]);
    let mut play = history();
    play.deploy(1, |deployment| deployment.replicas = 1);
    play.caught(&["R11"]);
    let mut play = history();
    play.revision(WEB, 3);
    play.revision(WEB, 2);
    play.caught(&["R11"]);
}

#[test]
fn a_pod_that_waits_beside_a_node_with_room_is_caught() {
    let mut play = history();
    play.run(1, None);
    play.checkpoint();
    play.caught(&["R13"]);
}

#[test]
fn a_pod_that_fits_nowhere_may_wait() {
    let mut play = Play::new();
    let large = PodSpec {
        requests: amount(5, 1, 1),
        ..PodSpec::default()
    };
    play.tell(Command::RunPods {
        tenant: ACME,
        service: JOBS,
        revision: 1,
        spec: Arc::new(large),
        count: 1,
        lifetime: None,
    });
    let elsewhere = PodSpec {
        requests: amount(1, 1, 1),
        zone: Some("eu".into()),
        ..PodSpec::default()
    };
    play.tenant(OTHER, Status::Active, amount(5, 5, 5));
    play.tell(Command::RunPods {
        tenant: OTHER,
        service: ServiceNo(2),
        revision: 0,
        spec: Arc::new(elsewhere),
        count: 0,
        lifetime: None,
    });
    play.checkpoint();
    play.caught(&["I-4"]); // only that revision 0 does not exist
}

#[test]
fn messages_and_timers_without_end_are_caught() {
    for (queue, timers) in [(1, 0), (0, 100_000)] {
        let mut play = history();
        let views = Views {
            world: &play.world,
            billing: None,
            queue,
            timers,
        };
        play.oracle.checkpoint(play.now, &views);
        play.caught(&["R14"]);
    }
}

#[test]
fn touched_recounts_now_and_then() {
    let mut play = Play::new();
    play.oracle = Oracle::new(Mode::Touched, at(0));
    assert!(!play.oracle.due());
    let ready = Event::PodReady {
        pod: PodNo(0),
        service: WEB,
    };
    for _ in 0..=100_001 {
        play.oracle.event(play.now, &ready);
    }
    assert!(play.oracle.due());
}
