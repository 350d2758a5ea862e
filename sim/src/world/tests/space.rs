//! Spaces and quota admission.

use super::*;

fn pods(pods: u32) -> Resources {
    Resources {
        cpu: Cpu(1 << 40),
        memory: Bytes(1 << 60),
        pods,
    }
}

#[test]
fn a_space_is_ready_after_its_delay_and_gone_after_another() {
    let mut run = Run::new(Config {
        pools: vec![pool("n", 1, 8)],
        space_delay: Span::from_secs(2),
        ..Config::default()
    });
    run.until(5);
    run.expect(&[(2, "space ready")]);
    run.run_pods(1, 1_000, None);
    run.deploy(1, |deployment| deployment.replicas = 1);
    run.until(6);
    run.seen.clear();
    run.tell(Command::DeleteTenantSpace { tenant: TENANT });
    run.tell(Command::DeleteTenantSpace { tenant: TENANT }); // repeated
    run.space(pods(9), true); // too early
    run.until(20);
    run.expect(&[
        (6, "Deleted 1"),
        (6, "deployment gone"),
        (6, "Deleted 0"),
        (6, "space failed true"),
        (8, "space gone"),
    ]);
    assert_eq!(run.world.tenants().count(), 0);
    assert!(run.world.snapshot(run.now).pods.is_empty());
}

#[test]
fn a_new_space_of_the_same_tenant_has_another_uid() {
    let uid = |run: &Run| {
        run.seen.iter().find_map(|(_, event)| match event {
            Event::SpaceReady { uid, .. } => Some(*uid),
            _ => None,
        })
    };
    let mut run = Run::plain(1);
    run.space(pods(9), true);
    run.until(1);
    let first = uid(&run);
    run.tell(Command::DeleteTenantSpace { tenant: TENANT });
    run.until(2);
    run.seen.clear();
    run.space(pods(9), true);
    run.until(3);
    assert!(first.is_some());
    assert_ne!(first, uid(&run));
}

#[test]
fn bare_pods_above_the_quota_fail_at_once() {
    let mut run = Run::plain(1);
    run.space(pods(2), true);
    run.until(1);
    run.seen.clear();
    run.run_pods(3, 1_000, Some(10));
    run.expect(&[(1, "spec 0"), (1, "pending 0+2"), (1, "Failed 2")]);
    assert_eq!(run.world.conflicts().over_quota, 1);
    run.space(pods(9), false);
    run.run_pods(1, 1_000, None);
    run.until(1);
    assert_eq!(run.world.conflicts().over_quota, 2);
}

#[test]
fn a_deployment_short_of_quota_goes_on_when_there_is_some() {
    let mut run = Run::plain(1);
    run.space(pods(2), true);
    run.deploy(1, |deployment| deployment.replicas = 4);
    run.until(1);
    run.expect(&[
        (0, "space ready"),
        (0, "spec 0"),
        (0, "pending 0+2"),
        (0, "status 2/0/0/2"),
        (0, "bound 0 on 0"),
        (0, "ready 0"),
        (0, "bound 1 on 0"),
        (0, "ready 1"),
        (0, "status 2/2/2/2"),
    ]);
    run.space(pods(3), true);
    run.until(2);
    assert_eq!(run.world.replicas(WEB), (3, 3));
    // A pod that ends frees quota for the one that waits for it.
    run.space(pods(4), true);
    run.run_pods(1, 100, Some(5));
    run.until(3);
    run.tell(Command::StopPods { service: WEB });
    run.until(10);
    assert_eq!(run.world.replicas(WEB), (4, 4));
}

#[test]
fn without_a_space_nothing_is_admitted() {
    let mut run = Run::plain(1);
    run.tell(Command::RunPods {
        tenant: TenantNo(5),
        service: ServiceNo(9),
        revision: 1,
        spec: spec(1, 1),
        count: 1,
        lifetime: None,
    });
    run.expect(&[(0, "spec 0"), (0, "Failed 0")]);
}
