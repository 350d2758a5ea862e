//! Reservations, quotas, plans and limits.

use super::*;
use crate::explain::Decision;

#[test]
fn a_reservation_is_all_or_nothing_and_names_what_lacks_first() {
    let mut rig = Rig::acme();
    assert_eq!(verdict(&rig.tell(reserve(ask(500, 1_024, 1)))), Ok(false));
    rig.tell(ready(1));
    let cases = [
        (
            ask(1_501, 9_999, 99),
            Lack::Cpu {
                asked: 1_501,
                left: 1_500,
            },
        ),
        (
            ask(1_500, 3_073, 99),
            Lack::Memory {
                asked: 3_073 << 20,
                left: 3_072 << 20,
            },
        ),
        (ask(1_500, 3_072, 10), Lack::Pods { asked: 10, left: 9 }),
        (
            ask(u64::MAX, 1, 1),
            Lack::Cpu {
                asked: u64::MAX,
                left: 1_500,
            },
        ),
    ];
    for (ask, lacks) in cases {
        let effects = rig.tell(reserve(ask));
        assert_eq!(verdict(&effects), Err(lacks));
        assert!(effects.iter().any(
            |effect| matches!(effect, Effect::Explain(Decision::Deny(deny)) if deny.lacks == lacks)
        ));
        assert_eq!(
            rig.machine.tenant(ACME).unwrap().used,
            amount(500, 1_024, 1)
        );
    }
    assert_eq!(verdict(&rig.tell(reserve(ask(1_500, 3_072, 9)))), Ok(true));
    rig.tell(Input::Release {
        tenant: ACME,
        ask: ask(2_000, 4_096, 10),
    });
    assert_eq!(rig.machine.tenant(ACME).unwrap().used, Resources::ZERO);
}

#[test]
fn apps_are_limited_over_the_organization() {
    let mut rig = Rig::default();
    rig.tell(Input::CreateOrg {
        slug: "o".into(),
        plan: PlanCode::Free,
    });
    rig.tell(create("acme", Some(OrgNo(0))));
    rig.tell(create("beta", Some(OrgNo(0))));
    let app = Ask {
        resources: amount(100, 64, 1),
        apps: 1,
    };
    let of = |tenant| Input::Reserve {
        tenant,
        ask: app,
        ticket: 1,
    };
    assert_eq!(verdict(&rig.tell(of(ACME))), Ok(false));
    assert_eq!(
        verdict(&rig.tell(of(TenantNo(1)))),
        Err(Lack::Apps { limit: 1 })
    );
    assert_eq!(
        rig.machine.tenant(TenantNo(1)).unwrap().used,
        Resources::ZERO
    );
    rig.tell(Input::Release {
        tenant: ACME,
        ask: app,
    });
    assert_eq!(verdict(&rig.tell(of(TenantNo(1)))), Ok(false));
}

#[test]
fn a_quota_below_use_needs_force_and_closes_growth() {
    let mut rig = Rig::active();
    rig.tell(reserve(ask(1_500, 64, 3)));
    assert_eq!(
        refusal(&rig.tell(set_quota(1_000, false))),
        Some(&Refusal::BelowUse(Lack::Cpu {
            asked: 1_500,
            left: 1_000
        }))
    );
    let effects = rig.tell(set_quota(1_000, true));
    assert_eq!(answer(&effects), Some(&Answer::Accepted(Status::Active)));
    assert_eq!(spaces(&effects)[0].quota.cpu, Cpu(1_000));
    for closed in [ask(1, 1, 1), ask(0, 1, 1)] {
        assert!(verdict(&rig.tell(reserve(closed))).is_err());
    }
    rig.tell(Input::Release {
        tenant: ACME,
        ask: ask(600, 0, 1),
    });
    assert_eq!(verdict(&rig.tell(reserve(ask(100, 1, 1)))), Ok(true));
}

#[test]
fn another_plan_brings_its_quota_unless_it_was_set_by_hand() {
    let mut rig = Rig::active();
    rig.tell(create("beta", Some(OrgNo(0))));
    rig.tell(set_quota(1_234, false));
    let set = Input::SetPlan {
        org: OrgNo(0),
        plan: PlanCode::Business,
    };
    let effects = rig.tell(set.clone());
    let quotas: Vec<_> = rig.machine.tenants().map(|t| t.quota.cpu.0).collect();
    assert_eq!(quotas, [1_234, 20_000]);
    assert_eq!(spaces(&effects).len(), 1);
    assert!(sends(
        &effects,
        billing::Input::PlanChanged {
            org: OrgNo(0),
            plan: PlanCode::Business
        }
    ));
    assert_eq!(
        rig.tell(set),
        [Effect::Reply(Reply::Tenant(Ok(Answer::Done)))]
    );
}

#[test]
fn limits_on_counts_hold() {
    let mut rig = Rig::default();
    rig.machine.config.tenants_max = 1;
    rig.tell(create("a", None));
    assert_eq!(
        refusal(&rig.tell(create("b", Some(OrgNo(0))))),
        Some(&Refusal::Limit {
            what: "tenants".into(),
            max: 1
        })
    );
    rig.machine.config.orgs_max = 1;
    let org = Input::CreateOrg {
        slug: "o".into(),
        plan: PlanCode::Free,
    };
    assert!(matches!(
        refusal(&rig.tell(org)),
        Some(Refusal::Limit { .. })
    ));
}
