//! Apps of their own, the quota over their services, guards and policies.

use std::sync::Arc;

use super::bench::{Bench, batch, deploy, pods};
use crate::autoscaler::Policy;
use crate::explain::Lack;
use crate::ids::{AppNo, TenantNo};
use crate::tenant;
use crate::units::Resources;
use crate::workload::{
    Actor, Answer, AppEdit, AppStatus, Config, Deploy, Input, NewApp, Refusal, ServiceStatus,
    Subject,
};

const SHOP: AppNo = AppNo(0);

fn new_app(slug: &str, quota: Option<Resources>) -> Input {
    Input::CreateApp(Arc::new(NewApp {
        tenant: TenantNo(0),
        slug: slug.into(),
        details: r#"{"description":"x"}"#.into(),
        quota,
    }))
}

fn edit(edit: AppEdit) -> Input {
    Input::EditApp {
        app: SHOP,
        edit: Arc::new(edit),
    }
}

fn quota(quota: Resources, force: bool) -> Input {
    edit(AppEdit {
        quota: Some(Some(quota)),
        force,
        ..AppEdit::default()
    })
}

fn deployed(deploy: Deploy) -> Input {
    Input::Deploy(Arc::new(deploy))
}

/// With an app `shop` that may hold `count` pods of 100m.
fn shop(count: u32) -> Bench {
    let mut bench = Bench::new();
    bench.ask(new_app("shop", Some(pods(100, count)))).unwrap();
    bench
}

#[test]
fn an_app_made_by_itself_stays_without_services_and_counts_for_the_plan() {
    let mut bench = Bench::new();
    let made = bench.ask(new_app("shop", None));
    assert!(matches!(made, Ok(Answer::App { no: SHOP, .. })), "{made:?}");
    assert_eq!(bench.machine.app_status(SHOP), AppStatus::Pending);
    let web = bench.deploy(deploy("shop", "web", 100, 1));
    bench.settle();
    bench.ask(Input::Delete { service: web }).unwrap();
    bench.settle();
    let app = bench.machine.app(SHOP).unwrap();
    assert!(!app.gone && app.services == 0 && app.explicit);
    assert_eq!(bench.tenants[&TenantNo(0)].used.apps, 1);
    assert_eq!(
        bench.ask(new_app("shop", None)),
        Err(Refusal::TakenApp("shop".into()))
    );
    bench.ask(Input::DeleteApp { app: SHOP }).unwrap();
    assert!(bench.machine.app(SHOP).unwrap().gone);
    assert_eq!(bench.tenants[&TenantNo(0)].used.apps, 0);
    assert!(
        bench.ask(new_app("shop", None)).is_ok(),
        "the name is free again"
    );
}

#[test]
fn deleting_an_app_deletes_its_services_first_and_again_changes_nothing() {
    let mut bench = Bench::new();
    let web = bench.deploy(deploy("shop", "web", 100, 2));
    let api = bench.deploy(deploy("shop", "api", 100, 2));
    let other = bench.deploy(deploy("blog", "web", 100, 1));
    bench.settle();
    for _ in 0..2 {
        assert_eq!(bench.ask(Input::DeleteApp { app: SHOP }), Ok(Answer::Done));
    }
    assert_eq!(bench.machine.app_status(SHOP), AppStatus::Deleting);
    let closed = bench.ask(deployed(deploy("shop", "new", 100, 1)));
    assert!(matches!(closed, Err(Refusal::AppState(_))), "{closed:?}");
    let closed = bench.ask(edit(AppEdit::default()));
    assert!(matches!(closed, Err(Refusal::AppState(_))), "{closed:?}");
    bench.settle();
    for gone in [web, api] {
        assert!(bench.machine.service(gone).unwrap().row().gone);
    }
    assert!(bench.machine.app(SHOP).unwrap().gone);
    assert_eq!(
        bench.machine.service(other).unwrap().status(),
        ServiceStatus::Ready
    );
    assert_eq!(
        bench.ask(Input::DeleteApp { app: SHOP }),
        Err(Refusal::NoApp(SHOP))
    );
}

#[test]
fn an_app_and_a_service_of_it_may_be_made_at_one_instant() {
    let mut bench = Bench::new();
    let inputs = vec![
        deployed(deploy("shop", "web", 100, 1)).into(),
        new_app("shop", None).into(),
        new_app("blog", None).into(),
        deployed(deploy("blog", "web", 100, 1)).into(),
        Input::DeleteApp { app: SHOP }.into(),
    ];
    let replies = bench.group(inputs);
    let good: Vec<bool> = replies
        .iter()
        .map(|reply| matches!(reply[..], [crate::machine::Reply::Workload(Ok(_))]))
        .collect();
    assert_eq!(good, [true, false, true, true, false], "{replies:?}");
}

#[test]
fn a_tenant_in_deletion_takes_its_empty_apps_with_it() {
    let mut bench = shop(3);
    bench.ask(new_app("blog", None)).unwrap();
    bench.deploy(deploy("shop", "web", 100, 1));
    bench.settle();
    let tenant = TenantNo(0);
    bench.group(vec![tenant::Input::Delete { tenant }.into()]);
    bench.settle();
    assert!(bench.tenants[&tenant].gone);
    assert!(bench.machine.apps().all(|app| app.gone));
}

#[test]
fn the_quota_of_an_app_holds_at_create_deploy_scale_and_run() {
    let mut bench = shop(4);
    let lack = |asked: u64, left: u64| {
        Err(Refusal::AppQuota(Lack::Cpu {
            asked: asked * 100,
            left: left * 100,
        }))
    };
    assert_eq!(
        bench.ask(deployed(deploy("shop", "web", 100, 5))),
        lack(5, 4)
    );
    assert_eq!(bench.machine.services().count(), 0, "nothing was made");
    let web = bench.deploy(deploy("shop", "web", 100, 3));
    bench.settle();
    assert_eq!(
        bench.ask(deployed(deploy("shop", "api", 100, 2))),
        lack(2, 1)
    );
    let scale = |replicas| Input::Scale {
        service: web,
        replicas,
        by: Actor::User,
    };
    assert_eq!(bench.ask(scale(5)), lack(2, 1));
    assert!(bench.ask(scale(4)).is_ok());
    bench.ask(scale(3)).unwrap();
    bench.settle();
    assert_eq!(bench.machine.app_used(SHOP), pods(100, 3));
    let bigger = bench.ask(deployed(deploy("shop", "web", 300, 3)));
    assert!(matches!(bigger, Err(Refusal::AppQuota(_))), "{bigger:?}");
    let jobs = bench.deploy(Deploy {
        app: "shop".into(),
        ..batch("jobs", 100)
    });
    let run = |count| Input::Run {
        service: jobs,
        lifetime: None,
        count,
    };
    assert_eq!(bench.ask(run(2)), lack(2, 1));
    assert!(bench.ask(run(1)).is_ok());
    let free = bench.deploy(deploy("blog", "web", 100, 9));
    bench.settle();
    assert_eq!(
        bench.machine.service(free).unwrap().status(),
        ServiceStatus::Ready,
        "another app has no such quota"
    );
}

#[test]
fn two_scales_of_one_instant_cannot_both_take_the_last_of_an_apps_quota() {
    let mut bench = shop(4);
    let web = bench.deploy(deploy("shop", "web", 100, 1));
    let api = bench.deploy(deploy("shop", "api", 100, 1));
    bench.settle();
    let scale = |service| {
        Input::Scale {
            service,
            replicas: 3,
            by: Actor::User,
        }
        .into()
    };
    let replies = bench.group(vec![scale(web), scale(api)]);
    let done = |reply: &Vec<_>| matches!(reply[..], [crate::machine::Reply::Workload(Ok(_))]);
    assert_eq!(replies.iter().map(done).collect::<Vec<_>>(), [true, false]);
    assert_eq!(bench.machine.app_used(SHOP), pods(100, 4));
}

#[test]
fn a_rollout_without_room_for_its_surge_runs_without_it() {
    let mut bench = shop(4);
    let web = bench.deploy(deploy("shop", "web", 100, 4));
    bench.settle();
    let next = Deploy {
        image: "img:2".into(),
        ..deploy("shop", "web", 100, 4)
    };
    bench.deploy(next);
    let last = bench.last();
    assert_eq!((last.max_surge, last.max_unavailable), (0, 1));
    bench.settle();
    let view = bench.machine.service(web).unwrap();
    assert_eq!(view.status(), ServiceStatus::Ready);
    assert!(view.rollouts().last().unwrap().surge_refused);
}

#[test]
fn the_autoscaler_stops_at_the_quota_of_the_app() {
    let mut bench = shop(2);
    let web = bench.deploy(Deploy {
        autoscale: Some(Arc::new(Policy::default())),
        ..deploy("shop", "web", 100, 2)
    });
    bench.settle();
    let wish = Input::Scale {
        service: web,
        replicas: 3,
        by: Actor::Autoscaler,
    };
    bench.group(vec![wish.into()]);
    assert_eq!(bench.machine.service(web).unwrap().row().desired, 2);
}

#[test]
fn a_quota_below_what_the_app_holds_needs_force_and_closes_growth() {
    let mut bench = shop(5);
    let web = bench.deploy(deploy("shop", "web", 100, 3));
    bench.settle();
    let refused = bench.ask(quota(pods(100, 2), false));
    assert!(matches!(refused, Err(Refusal::BelowUse(_))), "{refused:?}");
    bench.ask(quota(pods(100, 2), true)).unwrap();
    let scale = |replicas| Input::Scale {
        service: web,
        replicas,
        by: Actor::User,
    };
    assert!(matches!(bench.ask(scale(4)), Err(Refusal::AppQuota(_))));
    bench.ask(scale(1)).unwrap();
    bench.settle();
    bench.ask(scale(2)).unwrap();
    let none = AppEdit {
        quota: Some(None),
        ..AppEdit::default()
    };
    bench.ask(edit(none)).unwrap();
    assert!(bench.ask(scale(9)).is_ok());
}

#[test]
fn each_record_of_an_app_makes_a_version_and_a_guard_compares_it() {
    let mut bench = shop(9);
    let version = |bench: &Bench| bench.machine.app(SHOP).unwrap().version;
    assert_eq!(version(&bench), 1);
    let details = |text: &str| {
        edit(AppEdit {
            details: Some(text.into()),
            ..AppEdit::default()
        })
    };
    let guarded = |version, then| Input::Expect {
        subject: Subject::App(SHOP),
        version,
        then: Box::new(then),
    };
    assert_eq!(bench.ask(guarded(1, details("{}"))), Ok(Answer::Done));
    assert_eq!(version(&bench), 2);
    assert_eq!(bench.ask(details("{}")), Ok(Answer::Done));
    assert_eq!(version(&bench), 2, "nothing changed");
    assert_eq!(
        bench.ask(guarded(1, details("[]"))),
        Err(Refusal::Stale { version: 2 })
    );
    let other = guarded(2, Input::DeleteApp { app: AppNo(7) });
    assert!(matches!(bench.ask(other), Err(Refusal::Invalid { .. })));
    let long = "x".repeat(65_537);
    let long = bench.ask(details(&long));
    assert!(matches!(long, Err(Refusal::Invalid { .. })), "{long:?}");
    assert_eq!(
        bench.ask(guarded(2, Input::DeleteApp { app: SHOP })),
        Ok(Answer::Done)
    );
}

#[test]
fn a_guarded_change_waits_for_the_one_before_it_and_is_then_too_late() {
    let mut bench = Bench::new();
    let web = bench.deploy(deploy("shop", "web", 100, 1));
    bench.settle();
    let version = bench.machine.service(web).unwrap().row().version;
    let guarded = |replicas| {
        Input::Expect {
            subject: Subject::Service(web),
            version,
            then: Box::new(Input::Scale {
                service: web,
                replicas,
                by: Actor::User,
            }),
        }
        .into()
    };
    let replies = bench.group(vec![guarded(2), guarded(3)]);
    let done = |reply: &Vec<_>| matches!(reply[..], [crate::machine::Reply::Workload(Ok(_))]);
    assert_eq!(replies.iter().map(done).collect::<Vec<_>>(), [true, false]);
    assert_eq!(bench.machine.service(web).unwrap().row().desired, 2);
}

#[test]
fn details_are_part_of_the_specification_and_never_looked_into() {
    let mut bench = Bench::new();
    let with = |details: &str| Deploy {
        details: details.into(),
        by: "dev".into(),
        ..deploy("shop", "web", 100, 1)
    };
    let web = bench.deploy(with("not even json"));
    let again = bench.ask(deployed(with("not even json")));
    assert!(matches!(again, Ok(Answer::Deployed { changed: false, .. })));
    let other = bench.ask(deployed(with(r#"{"env":{"K":"V"}}"#)));
    assert!(matches!(other, Ok(Answer::Deployed { revision: 2, .. })));
    let current = bench.machine.service(web).unwrap().current().clone();
    assert_eq!(
        (&*current.template.details, &*current.by),
        (r#"{"env":{"K":"V"}}"#, "dev")
    );
    let long = "x".repeat(65_537);
    let long = bench.ask(deployed(with(&long)));
    assert!(matches!(long, Err(Refusal::Invalid { .. })), "{long:?}");
}

#[test]
fn a_policy_may_be_set_and_taken_away_without_a_revision() {
    let mut bench = Bench::new();
    let web = bench.deploy(deploy("shop", "web", 100, 1));
    bench.settle();
    let set = |policy: Option<Policy>| Input::SetAutoscale {
        service: web,
        policy: policy.map(Arc::new),
    };
    let wide = Policy {
        min: 3,
        max: 9,
        ..Policy::default()
    };
    bench.ask(set(Some(wide))).unwrap();
    let row = bench.machine.service(web).unwrap().row().clone();
    assert_eq!((row.desired, row.revision), (3, 1));
    assert_eq!(row.autoscale.as_deref(), Some(&wide));
    let told = bench.told.len();
    bench.ask(set(Some(wide))).unwrap();
    assert_eq!(bench.told.len(), told, "the same again says nothing");
    let flaps = Policy {
        min: 1,
        max: 2,
        up_percent: 40,
        down_percent: 39,
        ..Policy::default()
    };
    assert!(matches!(
        bench.ask(set(Some(flaps))),
        Err(Refusal::Flaps { .. })
    ));
    bench.ask(set(None)).unwrap();
    let row = bench.machine.service(web).unwrap().row();
    assert_eq!((row.desired, row.autoscale.is_none()), (3, true));
}

#[test]
fn a_tenant_has_only_so_many_apps() {
    let config = Config {
        apps_max: 1,
        ..Config::default()
    };
    let mut bench = Bench::with(config, pods(100, 10));
    bench.ask(new_app("shop", None)).unwrap();
    assert!(matches!(
        bench.ask(new_app("blog", None)),
        Err(Refusal::Invalid { .. })
    ));
    let implied = bench.ask(deployed(deploy("blog", "web", 100, 1)));
    assert!(
        matches!(implied, Err(Refusal::Invalid { .. })),
        "{implied:?}"
    );
}

#[test]
fn a_service_is_created_once_and_only_in_an_app_that_is_there() {
    let mut bench = shop(9);
    let create = |app: &str| Input::Create(Arc::new(deploy(app, "web", 100, 1)));
    assert!(matches!(
        bench.ask(create("blog")),
        Err(Refusal::AppState(_))
    ));
    let replies = bench.group(vec![create("shop").into(), create("shop").into()]);
    let done = |reply: &Vec<_>| matches!(reply[..], [crate::machine::Reply::Workload(Ok(_))]);
    assert_eq!(replies.iter().map(done).collect::<Vec<_>>(), [true, false]);
    let taken = bench.ask(create("shop"));
    assert_eq!(taken, Err(Refusal::Taken("shop-web".into())));
}
