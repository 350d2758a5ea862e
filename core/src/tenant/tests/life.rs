//! The states of a tenant and its space.

use super::*;

#[test]
fn a_tenant_is_provisioned_without_a_further_step() {
    let mut rig = Rig::default();
    let effects = rig.tell(create("acme", None));
    let org = OrgNo(0);
    assert_eq!(
        spaces(&effects),
        [Space {
            namespace: "nimbus-acme".into(),
            quota: amount(2_000, 4_096, 10),
            admits: true
        }]
    );
    let plan = PlanCode::Metered;
    assert!(sends(&effects, billing::Input::OrgOpened { org, plan }));
    let tenant = ACME;
    assert!(sends(
        &effects,
        billing::Input::TenantOpened { tenant, org }
    ));
    assert!(matches!(
        answer(&effects),
        Some(Answer::Tenant { no: ACME, .. })
    ));
    assert_eq!(rig.status(), Status::Provisioning);
    let effects = rig.tell(ready(1));
    assert!(sends(&effects, workload::Input::TenantActive { tenant }));
    assert_eq!(rig.status(), Status::Active);
    assert_eq!(rig.tell(ready(1)), [], "repeating it is harmless");
}

#[test]
fn slugs_are_labels_and_some_are_reserved() {
    for bad in [
        "",
        "Acme",
        "1acme",
        "-a",
        "a-",
        "a_b",
        "ä",
        "admin",
        "system",
        "default",
        "kube-x",
        "nimbus-",
        "nimbus-x",
        &"a".repeat(41),
    ] {
        let effects = Rig::default().tell(create(bad, None));
        assert!(
            matches!(refusal(&effects), Some(Refusal::Slug { .. })),
            "{bad}"
        );
        assert_eq!(effects.len(), 1, "{bad}");
    }
    for good in ["a", "kube", "nimbus", "a1-b", &"a".repeat(40)] {
        let effects = Rig::default().tell(create(good, None));
        assert_eq!(refusal(&effects), None, "{good}");
    }
}

#[test]
fn a_slug_is_free_again_after_the_tenant_is_gone() {
    let mut rig = Rig::active();
    assert_eq!(
        refusal(&rig.tell(create("acme", None))),
        Some(&Refusal::Taken("acme".into()))
    );
    rig.tell(Input::Delete { tenant: ACME });
    rig.tell(Input::ChildrenGone { tenant: ACME });
    assert!(refusal(&rig.tell(create("acme", None))).is_some());
    let effects = rig.tell(Input::SpaceGone { tenant: ACME });
    assert!(sends(
        &effects,
        billing::Input::TenantClosed { tenant: ACME }
    ));
    let effects = rig.tell(create("acme", None));
    assert!(matches!(
        answer(&effects),
        Some(Answer::Tenant {
            no: TenantNo(1),
            org: OrgNo(1),
            ..
        })
    ));
    assert_eq!(rig.machine.by_slug("acme"), Some(TenantNo(1)));
    let first = rig.machine.orgs().next().unwrap();
    assert!(first.closed, "an implied organization ends with its tenant");
    assert_eq!(
        refusal(&rig.tell(create("other", Some(OrgNo(0))))),
        Some(&Refusal::NoOrg(OrgNo(0)))
    );
}

#[test]
fn an_organization_made_by_name_stays_and_keeps_its_slug() {
    let mut rig = Rig::default();
    let create_org = Input::CreateOrg {
        slug: "acme".into(),
        plan: PlanCode::Business,
    };
    rig.tell(create_org.clone());
    let taken = Refusal::Taken("acme".into());
    assert_eq!(refusal(&rig.tell(create_org)), Some(&taken));
    assert_eq!(refusal(&rig.tell(create("acme", None))), Some(&taken));
    rig.tell(create("acme", Some(OrgNo(0))));
    assert_eq!(
        rig.machine.tenant(ACME).unwrap().quota,
        PlanCode::Business.plan().quota
    );
    rig.tell(Input::Delete { tenant: ACME });
    rig.tell(Input::ChildrenGone { tenant: ACME });
    rig.tell(Input::SpaceGone { tenant: ACME });
    let org = rig.machine.orgs().next().unwrap();
    assert_eq!((org.closed, org.plan), (false, PlanCode::Business));
}

#[test]
fn an_input_that_a_state_does_not_name_is_refused_and_changes_nothing() {
    let tenant = ACME;
    let suspend = Input::Suspend {
        tenant,
        reason: None,
    };
    let resume = Input::Resume { tenant };
    let set = set_quota(1_000, false);
    let paths: [(&[Input], Status, &[&Input]); 5] = [
        (&[], Status::Provisioning, &[&suspend, &resume, &set]),
        (&[failed(false)], Status::Error, &[&suspend, &resume, &set]),
        (&[ready(1)], Status::Active, &[&resume]),
        (
            &[ready(1), suspend.clone()],
            Status::Suspended,
            &[&suspend, &set],
        ),
        (
            &[ready(1), Input::Delete { tenant }],
            Status::Deleting,
            &[&suspend, &resume, &set],
        ),
    ];
    for (path, status, refused) in paths {
        let mut rig = Rig::acme();
        for input in path {
            rig.tell(input.clone());
        }
        assert_eq!(rig.status(), status);
        let before = rig.machine.clone();
        for &input in refused {
            assert_eq!(
                rig.tell(input.clone()),
                [Effect::Reply(Reply::Tenant(Err(Refusal::State {
                    tenant,
                    status
                })))]
            );
        }
        assert_eq!(rig.machine, before);
    }
    assert_eq!(
        refusal(&Rig::default().tell(suspend)),
        Some(&Refusal::NoTenant(ACME))
    );
}

#[test]
fn a_suspended_tenant_admits_nothing_until_it_is_resumed() {
    let mut rig = Rig::active();
    let tenant = ACME;
    let effects = rig.tell(Input::Suspend {
        tenant,
        reason: None,
    });
    assert!(!spaces(&effects)[0].admits);
    assert!(sends(&effects, workload::Input::TenantSuspended { tenant }));
    let effects = rig.tell(reserve(ask(100, 64, 1)));
    assert_eq!(verdict(&effects), Err(Lack::NotAdmitting));
    let effects = rig.tell(Input::Resume { tenant });
    assert!(spaces(&effects)[0].admits);
    assert!(sends(&effects, workload::Input::TenantResumed { tenant }));
    assert_eq!(verdict(&rig.tell(reserve(ask(100, 64, 1)))), Ok(true));
}

#[test]
fn deleting_again_gives_the_same_answer() {
    let mut rig = Rig::active();
    let tenant = ACME;
    let effects = rig.tell(Input::Delete { tenant });
    assert!(!spaces(&effects)[0].admits);
    assert!(sends(&effects, workload::Input::TenantDeleting { tenant }));
    let again = rig.tell(Input::Delete { tenant });
    assert_eq!(answer(&effects), answer(&again));
    assert_eq!(again.len(), 1);
    assert_eq!(
        verdict(&rig.tell(reserve(ask(1, 1, 1)))),
        Err(Lack::NotAdmitting)
    );
    assert_eq!(
        rig.tell(Input::SpaceGone { tenant }),
        [],
        "children are left"
    );
    let effects = rig.tell(Input::ChildrenGone { tenant });
    assert!(sends(&effects, Command::DeleteTenantSpace { tenant }));
    assert_eq!(rig.tell(Input::ChildrenGone { tenant }), []);
    rig.tell(Input::SpaceGone { tenant });
    assert_eq!(rig.status(), Status::Gone);
    assert_eq!(
        answer(&rig.tell(Input::Delete { tenant })),
        Some(&Answer::Accepted(Status::Gone))
    );
}

#[test]
fn a_failed_step_is_tried_again_with_doubling_waits() {
    let mut rig = Rig::acme();
    let mut waits = Vec::new();
    for _ in 0..8 {
        let effects = rig.tell(failed(true));
        let wait = effects.iter().find_map(|effect| match effect {
            Effect::At(at, _) => Some(at.since(rig.now).0),
            _ => None,
        });
        waits.push(wait.unwrap());
        assert_eq!(spaces(&rig.pass(Span(wait.unwrap()))).len(), 1);
    }
    for (wait, full) in waits.iter().zip([1, 2, 4, 8, 16, 32, 60, 60]) {
        let full = full * 1_000_000;
        assert!((full / 2..=full).contains(wait), "{wait} of {full}");
    }
    rig.tell(ready(1));
    assert_eq!(rig.status(), Status::Active);
    assert_eq!(
        rig.pass(Span::from_secs(600)),
        [],
        "stale timers are ignored"
    );
}

#[test]
fn provisioning_that_takes_too_long_is_an_error_and_is_tried_on() {
    let mut rig = Rig::acme();
    assert_eq!(rig.pass(Span(299_999_999)), []);
    rig.pass(Span(1));
    assert_eq!(rig.status(), Status::Error);
    let error = rig.machine.tenant(ACME).unwrap().last_error;
    assert_eq!(error, Some("the space is not ready after 5m"));
    assert!(spaces(&rig.pass(Span::from_secs(3_600))).len() >= 60);
    let effects = rig.tell(ready(3));
    assert!(sends(
        &effects,
        workload::Input::TenantActive { tenant: ACME }
    ));
    assert_eq!(rig.machine.tenant(ACME).unwrap().last_error, None);
    assert_eq!(rig.pass(Span::from_secs(3_600)), []);
}

#[test]
fn a_failure_for_good_is_an_error_at_once() {
    let mut rig = Rig::acme();
    rig.tell(failed(false));
    assert_eq!(rig.status(), Status::Error);
    assert_eq!(verdict(&rig.tell(reserve(ask(1, 1, 1)))), Ok(false));
}

#[test]
fn a_lost_space_is_asked_for_again() {
    let mut rig = Rig::active();
    let effects = rig.tell(Input::SpaceGone { tenant: ACME });
    assert_eq!(spaces(&effects).len(), 1);
    rig.tell(failed(true));
    assert_eq!(spaces(&rig.pass(Span::from_secs(1))).len(), 1);
    rig.tell(ready(2));
    assert_eq!(rig.status(), Status::Active);
    assert_eq!(rig.machine.tenants[0].row.uid, Some(2));
}

#[test]
fn a_failed_deletion_of_the_space_is_tried_again() {
    let mut rig = Rig::active();
    let tenant = ACME;
    rig.tell(Input::Delete { tenant });
    rig.tell(Input::ChildrenGone { tenant });
    rig.tell(failed(true));
    let effects = rig.pass(Span::from_secs(1));
    assert!(sends(&effects, Command::DeleteTenantSpace { tenant }));
}

#[test]
fn a_retry_that_was_armed_before_a_deletion_deletes_nothing() {
    let mut rig = Rig::acme();
    rig.tell(failed(true));
    rig.tell(Input::Delete { tenant: ACME });
    assert_eq!(rig.pass(Span::from_secs(600)), [], "children may be left");
    assert_eq!(rig.status(), Status::Deleting);
}
