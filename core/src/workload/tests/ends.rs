//! Deletion, and what a tenant's state brings.

use std::sync::Arc;

use super::bench::{Bench, batch, deploy, pods};
use crate::ids::{ServiceNo, TenantNo};
use crate::machine::Message;
use crate::tenant;
use crate::time::Span;
use crate::units::Resources;
use crate::workload::{
    Actor, Answer, AppStatus, Deploy, Input, Refusal, RolloutState, ServiceStatus,
};

const TENANT: TenantNo = TenantNo(0);

fn suspend() -> Message {
    tenant::Input::Suspend {
        tenant: TENANT,
        reason: None,
    }
    .into()
}

fn resume() -> Message {
    tenant::Input::Resume { tenant: TENANT }.into()
}

fn delete() -> Message {
    tenant::Input::Delete { tenant: TENANT }.into()
}

fn status(bench: &Bench, service: ServiceNo) -> ServiceStatus {
    bench.machine.service(service).unwrap().status()
}

#[test]
fn a_deleted_service_gives_its_quota_back_when_its_pods_are_gone() {
    let mut bench = Bench::new();
    let web = bench.deploy(deploy("shop", "web", 100, 3));
    let api = bench.deploy(deploy("shop", "api", 100, 1));
    bench.settle();
    assert_eq!(bench.ask(Input::Delete { service: web }), Ok(Answer::Done));
    assert_eq!(bench.ask(Input::Delete { service: web }), Ok(Answer::Done));
    assert_eq!(status(&bench, web), ServiceStatus::Deleting);
    assert_eq!(bench.used(), pods(100, 4));
    let closed = bench.ask(Input::Restart { service: web });
    assert!(matches!(closed, Err(Refusal::State { .. })), "{closed:?}");
    bench.settle();
    assert_eq!(bench.used(), pods(100, 1));
    assert_eq!(
        bench.tenants[&TENANT].used.apps, 1,
        "another service is left"
    );
    assert_eq!(
        bench.ask(Input::Delete { service: web }),
        Err(Refusal::NoService(web))
    );
    bench.ask(Input::Delete { service: api }).unwrap();
    bench.settle();
    assert_eq!(bench.tenants[&TENANT].used, tenant::Ask::default());
    let again = bench.deploy(deploy("shop", "web", 100, 1));
    assert_eq!(again, ServiceNo(2), "ordinals are not given again");
}

#[test]
fn a_service_that_was_never_applied_is_gone_at_once() {
    let mut bench = Bench::new();
    bench.add(TenantNo(1), pods(100, 9));
    let web = bench.deploy(Deploy {
        tenant: TenantNo(1),
        ..deploy("shop", "web", 100, 3)
    });
    bench.ask(Input::Delete { service: web }).unwrap();
    assert_eq!(status(&bench, web), ServiceStatus::Gone);
    assert_eq!(bench.tenants[&TenantNo(1)].used, tenant::Ask::default());
}

#[test]
fn a_suspended_tenant_keeps_its_reservations_and_gets_its_replicas_back() {
    let mut bench = Bench::new();
    let web = bench.deploy(deploy("shop", "web", 100, 3));
    let jobs = bench.deploy(batch("jobs", 100));
    bench.settle();
    let run = Input::Run {
        service: jobs,
        lifetime: None,
        count: 2,
    };
    bench.ask(run.clone()).unwrap();
    bench.group(vec![suspend()]);
    assert_eq!(bench.last().replicas, 0);
    bench.settle();
    assert_eq!(bench.used(), pods(100, 3), "the bare pods are stopped");
    assert_eq!(status(&bench, web), ServiceStatus::Stopped);
    for refused in [
        run,
        Input::Restart { service: web },
        Input::Deploy(Arc::new(deploy("shop", "web", 100, 4))),
        Input::Scale {
            service: web,
            replicas: 1,
            by: Actor::User,
        },
    ] {
        let reply = bench.ask(refused);
        assert!(matches!(reply, Err(Refusal::State { .. })), "{reply:?}");
    }
    bench.group(vec![resume()]);
    assert_eq!(bench.last().replicas, 3);
    bench.settle();
    assert_eq!(status(&bench, web), ServiceStatus::Ready);
}

#[test]
fn a_rollout_stands_still_while_its_tenant_is_suspended() {
    let mut bench = Bench::new();
    let web = bench.deploy(deploy("shop", "web", 100, 4));
    bench.settle();
    bench.deploy(Deploy {
        image: "img:2".into(),
        ..deploy("shop", "web", 100, 4)
    });
    bench.step();
    bench.group(vec![suspend()]);
    bench.settle();
    bench.wait(Span::from_secs(5_000));
    let last = |bench: &Bench| {
        let view = bench.machine.service(web).unwrap();
        view.rollouts().last().unwrap().state
    };
    assert_eq!(last(&bench), RolloutState::Progressing);
    bench.group(vec![resume()]);
    bench.settle();
    assert_eq!(last(&bench), RolloutState::Complete);
}

#[test]
fn suspending_and_resuming_at_the_instant_of_a_deploy_ends_where_it_should() {
    let mut bench = Bench::new();
    let first = Input::Deploy(Arc::new(deploy("shop", "web", 100, 3)));
    bench.group(vec![first.into(), suspend(), resume()]);
    bench.settle();
    let second = Input::Deploy(Arc::new(deploy("shop", "api", 100, 3)));
    bench.group(vec![second.into(), suspend()]);
    bench.settle();
    bench.group(vec![resume()]);
    bench.settle();
    for service in bench.machine.services() {
        assert_eq!(service.status(), ServiceStatus::Ready);
    }
}

#[test]
fn a_tenant_without_services_has_no_children_at_once() {
    let mut bench = Bench::new();
    bench.group(vec![delete()]);
    assert!(bench.tenants[&TENANT].gone);
    assert!(bench.rows.is_empty(), "{:?}", bench.rows);
}

#[test]
fn a_deleted_tenant_has_no_children_when_all_pods_are_gone() {
    let mut bench = Bench::new();
    let web = bench.deploy(deploy("shop", "web", 100, 3));
    let jobs = bench.deploy(batch("jobs", 100));
    bench.settle();
    bench
        .ask(Input::Run {
            service: jobs,
            lifetime: None,
            count: 2,
        })
        .unwrap();
    let late = Input::Deploy(Arc::new(deploy("shop", "late", 100, 1)));
    bench.group(vec![late.into(), delete()]);
    assert!(!bench.tenants[&TENANT].gone);
    assert_eq!(
        bench
            .machine
            .app_status(bench.machine.service(web).unwrap().row().app),
        AppStatus::Deleting
    );
    bench.settle();
    assert!(bench.tenants[&TENANT].gone);
    assert_eq!(bench.used(), Resources::ZERO);
}
