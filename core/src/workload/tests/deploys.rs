//! Creating, changing and scaling services, with the quota first.

use std::sync::Arc;

use super::bench::{Bench, batch, deploy, pods};
use crate::autoscaler::{self, Policy};
use crate::explain::Lack;
use crate::ids::{ServiceNo, TenantNo};
use crate::machine::Reply;
use crate::store::workload::TenantState;
use crate::units::Resources;
use crate::workload::{
    Actor, Answer, Config, Deploy, Input, Refusal, ServiceStatus, Strategy, deployment_name,
};

fn with_policy(policy: Policy, replicas: Option<u32>) -> Deploy {
    Deploy {
        autoscale: Some(Arc::new(policy)),
        replicas,
        ..deploy("shop", "web", 100, 1)
    }
}

fn scale(service: ServiceNo, replicas: u32, by: Actor) -> Input {
    Input::Scale {
        service,
        replicas,
        by,
    }
}

#[test]
fn a_first_deploy_makes_app_service_revision_and_deployment() {
    let mut bench = Bench::new();
    let web = bench.deploy(deploy("shop", "web", 100, 3));
    let last = bench.last();
    assert_eq!((last.generation, last.revision, last.replicas), (1, 1, 3));
    assert_eq!((last.max_surge, last.max_unavailable), (1, 0));
    assert_eq!(bench.used(), pods(100, 3), "nothing to surge beside");
    let view = bench.machine.service(web).unwrap();
    assert_eq!(&*view.row().name, "shop-web");
    assert_eq!(view.status(), ServiceStatus::Progressing);
    assert_eq!(bench.tenants[&TenantNo(0)].used.apps, 1);
}

#[test]
fn the_deployment_is_named_like_the_service_if_the_app_is_too() {
    assert_eq!(&*deployment_name(&"web".into(), &"web".into()), "web");
    assert_eq!(&*deployment_name(&"shop".into(), &"web".into()), "shop-web");
}

#[test]
fn a_name_is_unique_within_the_tenant() {
    let mut bench = Bench::new();
    bench.deploy(deploy("a-b", "c", 100, 1));
    let taken = bench.ask(Input::Deploy(Arc::new(deploy("a", "b-c", 100, 1))));
    assert_eq!(taken, Err(Refusal::Taken("a-b-c".into())));
    bench.add(TenantNo(1), pods(100, 10));
    bench.deploy(Deploy {
        tenant: TenantNo(1),
        ..deploy("a", "b-c", 100, 1)
    });
}

#[track_caller]
fn check_slug(app: &str, service: &str, field: &str) {
    let mut bench = Bench::new();
    let reply = bench.ask(Input::Deploy(Arc::new(deploy(app, service, 100, 1))));
    let Err(Refusal::Slug { field: named, .. }) = reply else {
        panic!("{reply:?}");
    };
    assert_eq!(&*named, field);
}

#[test]
fn slugs_are_labels_of_at_most_thirty_characters() {
    check_slug("", "web", "app");
    check_slug("Shop", "web", "app");
    check_slug("1shop", "web", "app");
    check_slug("shop", "web-", "service");
    check_slug("shop", "w_b", "service");
    check_slug("shop", &"w".repeat(31), "service");
}

#[test]
fn a_refused_creation_leaves_nothing_behind() {
    let mut bench = Bench::with(Config::default(), pods(100, 2));
    let reply = bench.ask(Input::Deploy(Arc::new(deploy("shop", "web", 100, 3))));
    let Err(Refusal::Quota(Lack::Cpu { .. })) = reply else {
        panic!("{reply:?}");
    };
    assert_eq!(
        bench.machine.services().count() + bench.machine.apps().count(),
        0
    );
    assert_eq!(bench.used(), Resources::ZERO);
    bench.deploy(deploy("shop", "web", 100, 2));
}

#[test]
fn a_tenant_that_does_not_exist_is_refused_and_forgotten() {
    let mut bench = Bench::new();
    let unknown = Deploy {
        tenant: TenantNo(u32::MAX),
        ..deploy("shop", "web", 100, 1)
    };
    let reply = bench.ask(Input::Deploy(Arc::new(unknown)));
    assert_eq!(reply, Err(Refusal::Quota(Lack::NotAdmitting)));
    assert_eq!(
        bench.machine.state_of(TenantNo(u32::MAX)),
        TenantState::Waiting
    );
}

#[test]
fn the_same_specification_changes_nothing() {
    let mut bench = Bench::new();
    let web = bench.deploy(deploy("shop", "web", 100, 3));
    bench.settle();
    let applied = bench.cluster.applied.len();
    let reply = bench.ask(Input::Deploy(Arc::new(deploy("shop", "web", 100, 3))));
    let Ok(Answer::Deployed {
        no,
        revision,
        changed,
        ..
    }) = reply
    else {
        panic!("{reply:?}");
    };
    assert_eq!((no, revision, changed), (web, 1, false));
    assert_eq!(bench.cluster.applied.len(), applied);
}

#[test]
fn another_strategy_or_replica_count_makes_no_revision() {
    let mut bench = Bench::new();
    let web = bench.deploy(deploy("shop", "web", 100, 3));
    bench.settle();
    bench.deploy(Deploy {
        strategy: Strategy {
            surge: crate::workload::Share::Count(2),
            ..Strategy::default()
        },
        ..deploy("shop", "web", 100, 5)
    });
    let view = bench.machine.service(web).unwrap();
    assert_eq!((view.row().revision, view.row().desired), (1, 5));
    assert_eq!(view.status(), ServiceStatus::Progressing);
    assert_eq!(bench.last().replicas, 5);
    bench.settle();
    assert_eq!(
        bench.machine.service(web).unwrap().status(),
        ServiceStatus::Ready
    );
}

#[test]
fn two_deploys_of_one_name_at_one_instant_make_one_service() {
    let mut bench = Bench::new();
    let first = Input::Deploy(Arc::new(deploy("shop", "web", 100, 3)));
    let second = Input::Deploy(Arc::new(deploy("shop", "web", 100, 4)));
    let third = Input::Deploy(Arc::new(deploy("shop", "api", 100, 1)));
    let replies = bench.group(vec![first.into(), second.into(), third.into()]);
    for reply in &replies {
        assert!(
            matches!(reply.as_slice(), [Reply::Workload(Ok(_))]),
            "{replies:?}"
        );
    }
    assert_eq!(bench.machine.services().count(), 2);
    assert_eq!(bench.machine.apps().count(), 1);
    assert_eq!(bench.used(), pods(100, 5));
    assert_eq!(bench.tenants[&TenantNo(0)].used.apps, 1);
}

#[test]
fn services_of_a_provisioning_tenant_wait_for_it() {
    let mut bench = Bench::new();
    bench.add(TenantNo(1), pods(100, 10));
    let web = bench.deploy(Deploy {
        tenant: TenantNo(1),
        ..deploy("shop", "web", 100, 3)
    });
    assert_eq!(
        bench.machine.service(web).unwrap().status(),
        ServiceStatus::Pending
    );
    assert!(bench.cluster.applied.is_empty());
    bench.group(vec![bench.space_ready(1)]);
    assert_eq!(bench.last().replicas, 3);
    bench.settle();
    assert_eq!(
        bench.machine.service(web).unwrap().status(),
        ServiceStatus::Ready
    );
}

#[test]
fn a_scale_up_is_all_or_nothing() {
    let mut bench = Bench::with(Config::default(), pods(100, 4));
    let web = bench.deploy(deploy("shop", "web", 100, 3));
    bench.settle();
    let reply = bench.ask(scale(web, 5, Actor::User));
    assert!(matches!(reply, Err(Refusal::Quota(_))), "{reply:?}");
    assert_eq!(bench.machine.service(web).unwrap().row().desired, 3);
    let reply = bench.ask(scale(web, 4, Actor::User));
    assert_eq!(reply, Ok(Answer::Scaled { replicas: 4 }));
    assert_eq!(
        bench.ask(scale(ServiceNo(9), 1, Actor::User)),
        Err(Refusal::NoService(ServiceNo(9)))
    );
    let bounds = Refusal::Bounds {
        replicas: 1_001,
        min: 0,
        max: 1_000,
    };
    assert_eq!(bench.ask(scale(web, 1_001, Actor::User)), Err(bounds));
}

#[test]
fn a_scale_down_frees_quota_when_the_pods_have_ended() {
    let mut bench = Bench::new();
    let web = bench.deploy(deploy("shop", "web", 100, 5));
    bench.settle();
    assert_eq!(
        bench.ask(scale(web, 2, Actor::User)),
        Ok(Answer::Scaled { replicas: 2 })
    );
    assert_eq!(bench.used(), pods(100, 5), "the cluster has not seen it");
    bench.step();
    assert_eq!(bench.cluster.all(web), 5, "three terminate");
    assert_eq!(bench.used(), pods(100, 5));
    bench.settle();
    assert_eq!(bench.used(), pods(100, 2));
    bench.ask(scale(web, 0, Actor::User)).unwrap();
    bench.settle();
    assert_eq!(bench.used(), Resources::ZERO);
    assert_eq!(
        bench.machine.service(web).unwrap().status(),
        ServiceStatus::Stopped
    );
}

#[test]
fn a_policy_bounds_the_replicas_and_must_settle() {
    let mut bench = Bench::new();
    let flaps = Policy {
        up_percent: 80,
        down_percent: 60,
        ..Policy::default()
    };
    let reply = bench.ask(Input::Deploy(Arc::new(with_policy(flaps, None))));
    assert_eq!(reply, Err(Refusal::Flaps { replicas: 1 }));
    let empty = Policy {
        min: 0,
        ..Policy::default()
    };
    let reply = bench.ask(Input::Deploy(Arc::new(with_policy(empty, None))));
    assert!(matches!(reply, Err(Refusal::Invalid { .. })), "{reply:?}");
    let reply = bench.ask(Input::Deploy(Arc::new(with_policy(
        Policy::default(),
        Some(6),
    ))));
    assert!(
        matches!(reply, Err(Refusal::Bounds { max: 5, .. })),
        "{reply:?}"
    );
    let allowed = Policy {
        allow_flap: true,
        min: 2,
        ..flaps
    };
    let web = bench.deploy(with_policy(allowed, None));
    assert_eq!(bench.machine.service(web).unwrap().row().desired, 2);
    let reply = bench.ask(scale(web, 1, Actor::User));
    assert!(
        matches!(reply, Err(Refusal::Bounds { min: 2, .. })),
        "{reply:?}"
    );
}

#[test]
fn the_autoscaler_is_told_what_is_wanted_and_when_to_hold() {
    use autoscaler::Input as To;
    let mut bench = Bench::with(Config::default(), pods(100, 3));
    let service = bench.deploy(with_policy(Policy::default(), None));
    let told = std::mem::take(&mut bench.told);
    let policy = Arc::new(Policy::default());
    let watch = To::Watch {
        service,
        policy,
        desired: 1,
    };
    let replicas = |desired, hold| To::Replicas {
        service,
        desired,
        hold,
    };
    assert_eq!(told, [watch, replicas(1, true)]);
    bench.settle();
    bench.group(vec![scale(service, 3, Actor::Autoscaler).into()]);
    assert_eq!(bench.machine.service(service).unwrap().row().desired, 3);
    bench.group(vec![scale(service, 4, Actor::Autoscaler).into()]);
    assert_eq!(
        bench.machine.service(service).unwrap().row().desired,
        3,
        "over quota: kept"
    );
    bench.deploy(deploy("shop", "web", 100, 3));
    let told = std::mem::take(&mut bench.told);
    assert_eq!(
        told,
        [
            replicas(1, false),
            replicas(3, false),
            To::Unwatch { service }
        ]
    );
}

#[test]
fn the_autoscaler_waits_for_a_rollout() {
    let mut bench = Bench::new();
    let web = bench.deploy(with_policy(Policy::default(), None));
    bench.group(vec![scale(web, 2, Actor::Autoscaler).into()]);
    assert_eq!(bench.machine.service(web).unwrap().row().desired, 1);
}

#[test]
fn a_kind_cannot_change_and_a_batch_service_has_no_replicas() {
    let mut bench = Bench::new();
    bench.deploy(deploy("shop", "shop", 100, 1));
    let reply = bench.ask(Input::Deploy(Arc::new(batch("shop", 100))));
    assert!(matches!(reply, Err(Refusal::Invalid { .. })), "{reply:?}");
    let reply = bench.ask(Input::Deploy(Arc::new(Deploy {
        replicas: Some(1),
        ..batch("jobs", 100)
    })));
    assert!(matches!(reply, Err(Refusal::Invalid { .. })), "{reply:?}");
}

#[test]
fn what_cannot_be_counted_is_refused() {
    let mut bench = Bench::new();
    let reply = bench.ask(Input::Deploy(Arc::new(deploy("shop", "web", u64::MAX, 2))));
    assert!(matches!(reply, Err(Refusal::Invalid { .. })), "{reply:?}");
}
