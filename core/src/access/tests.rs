//! The table against an independent copy of the published matrix, and what principals reach.

use proptest::prelude::*;

use super::*;
use crate::ids::{OrgNo, TenantNo};

/// The published matrix, row by row, without the column of agents: action, permissions that stand for it,
/// platform_admin, org_owner, org_admin, org_member, team_admin, developer, viewer.
const MATRIX: &[(&str, &[Permission], &str)] = &[
    ("org: read", &[Permission::OrgRead], "yyyyyyy"),
    ("org: update settings", &[Permission::OrgUpdate], "yyy----"),
    (
        "org: delete, transfer ownership",
        &[Permission::OrgDelete, Permission::OrgTransfer],
        "yy-----",
    ),
    ("org members", &[Permission::MemberWrite], "yyy----"),
    ("billing: read", &[Permission::BillingRead], "yyy----"),
    (
        "billing: change plan",
        &[Permission::BillingManage],
        "yy-----",
    ),
    (
        "invoice: finalise",
        &[Permission::BillingOperate],
        "y------",
    ),
    (
        "deployment: create/update/delete/scale/rollback",
        &[
            Permission::DeployCreate,
            Permission::DeployUpdate,
            Permission::DeployDelete,
            Permission::DeployScale,
            Permission::DeployRollback,
        ],
        "yyy-yy-",
    ),
    (
        "deployment: read, status, metrics",
        &[Permission::AppRead, Permission::ServiceRead],
        "yyy-yyy",
    ),
    ("deployment: logs", &[Permission::LogsRead], "yyy-yyy"),
    ("decisions", &[Permission::DecisionRead], "yyy-yyy"),
    (
        "scenario run",
        &[Permission::SimRead, Permission::SimRun],
        "yyy----",
    ),
    ("platform policies", &[Permission::PolicyPromote], "y------"),
    ("audit log: read", &[Permission::AuditRead], "yyy----"),
    ("tenant: suspend", &[Permission::TenantSuspend], "y------"),
    ("system", &[Permission::SystemRead], "y------"),
    (
        "tenant: create, update, delete",
        &[
            Permission::TenantCreate,
            Permission::TenantUpdate,
            Permission::TenantDelete,
        ],
        "yyy----",
    ),
    ("tenant: read", &[Permission::TenantRead], "yyyyyyy"),
];

#[test]
fn the_table_is_the_published_matrix() {
    for (action, permissions, row) in MATRIX {
        for permission in *permissions {
            let ours: String = Role::ALL[..7]
                .iter()
                .map(|&role| if allows(role, *permission) { 'y' } else { '-' })
                .collect();
            assert_eq!(&ours, row, "{action}: {}", permission.as_str());
        }
    }
}

#[test]
fn the_page_of_the_table_is_current() {
    let stored = include_str!("../../../docs/access.md");
    assert_eq!(page(), stored, "run `nimbus gen access`");
}

#[test]
fn words_are_read_back() {
    for &permission in Permission::ALL {
        assert_eq!(Permission::from_word(permission.as_str()), Some(permission));
    }
    for role in Role::ALL {
        assert_eq!(Role::from_word(role.as_str()), Some(role));
    }
    assert_eq!(Permission::from_word("tenant:own"), None);
    assert_eq!(Role::from_word("root"), None);
}

fn tenant(tenant: u32, org: u32) -> Object {
    Object::Tenant {
        tenant: TenantNo(tenant),
        org: OrgNo(org),
    }
}

fn principal(role: Role, over: Over) -> Principal {
    Principal::new("key:1", vec![Grant { role, over }])
}

#[track_caller]
fn check(role: Role, over: Over, permission: Permission, object: Object, want: Result<(), Denial>) {
    assert_eq!(principal(role, over).check(permission, object), want);
}

#[test]
fn what_is_not_visible_is_told_apart_from_what_is_forbidden() {
    let own = Over::Tenant(TenantNo(1));
    let scale = Permission::DeployScale;
    let forbidden = Err(Denial::Forbidden(scale));
    check(Role::Developer, own, scale, tenant(1, 1), Ok(()));
    check(Role::Viewer, own, scale, tenant(1, 1), forbidden);
    check(
        Role::Developer,
        own,
        scale,
        tenant(2, 1),
        Err(Denial::Invisible),
    );
    check(
        Role::OrgMember,
        Over::Org(OrgNo(1)),
        scale,
        tenant(1, 1),
        forbidden,
    );
    check(
        Role::OrgAdmin,
        Over::Org(OrgNo(1)),
        scale,
        tenant(1, 1),
        Ok(()),
    );
    check(
        Role::OrgAdmin,
        Over::Org(OrgNo(2)),
        scale,
        tenant(1, 1),
        Err(Denial::Invisible),
    );
    check(Role::PlatformAdmin, Over::All, scale, tenant(1, 1), Ok(()));
    let system = Permission::SystemRead;
    check(
        Role::OrgOwner,
        Over::Org(OrgNo(1)),
        system,
        Object::Platform,
        Err(Denial::Forbidden(system)),
    );
}

#[test]
fn scopes_of_a_key_take_away_and_never_hide() {
    let mut key = principal(Role::Tenant, Over::Tenant(TenantNo(1)));
    key.areas = Areas::from_words(&["deployments:read"]).unwrap();
    let on = |permission| key.check(permission, tenant(1, 1));
    assert_eq!(on(Permission::ServiceRead), Ok(()));
    let forbidden = |permission| Err(Denial::Forbidden(permission));
    assert_eq!(
        on(Permission::DeployScale),
        forbidden(Permission::DeployScale)
    );
    assert_eq!(
        on(Permission::BillingRead),
        forbidden(Permission::BillingRead)
    );
    assert_eq!(
        key.visible::<permit::BillingRead>().unwrap_err(),
        Denial::Forbidden(Permission::BillingRead)
    );
    assert_eq!(
        key.permissions(),
        [
            Permission::AppRead,
            Permission::ServiceRead,
            Permission::LogsRead,
            Permission::DecisionRead,
            Permission::PolicyRead
        ]
    );
}

#[test]
fn scopes_are_read_and_written() {
    let set = Areas::from_words(&["billing:read", "tenants:write"]).unwrap();
    assert_eq!(set.words(), ["tenants:write", "billing:read"]);
    assert!(set.within(Areas::ALL) && !Areas::ALL.within(set));
    assert_eq!(Areas::from_words::<&str>(&[]), Ok(Areas::ALL));
    for bad in [
        "",
        "tenants",
        "tenants:",
        "tenants:own",
        "all:read",
        "tenants:read ",
    ] {
        assert!(bad.parse::<Areas>().is_err(), "{bad}");
    }
}

#[test]
fn nobody_grants_a_role_above_his_own() {
    assert!(may_grant(Role::Tenant, Role::Viewer));
    assert!(may_grant(Role::TeamAdmin, Role::Developer));
    assert!(may_grant(Role::OrgAdmin, Role::Tenant));
    assert!(!may_grant(Role::Viewer, Role::Developer));
    assert!(!may_grant(Role::OrgAdmin, Role::OrgOwner));
    assert!(!may_grant(Role::PlatformAdmin, Role::OrgOwner));
    assert!(!may_grant(Role::Tenant, Role::OrgAdmin));
    assert!(!may_grant(Role::OrgOwner, Role::PlatformAdmin));
}

fn over() -> impl Strategy<Value = Over> {
    prop_oneof![
        Just(Over::All),
        (0u32..3).prop_map(|org| Over::Org(OrgNo(org))),
        (0u32..3).prop_map(|tenant| Over::Tenant(TenantNo(tenant))),
    ]
}

proptest! {
    #[test]
    fn a_role_never_reaches_beyond_what_it_is_held_over(
        role in prop::sample::select(Role::ALL.to_vec()),
        over in over(),
        permission in prop::sample::select(Permission::ALL.to_vec()),
        on in (0u32..3, 0u32..3),
    ) {
        let object = tenant(on.0, on.1);
        let principal = principal(role, over);
        let outcome = principal.check(permission, object);
        prop_assert_eq!(outcome == Err(Denial::Invisible), !over.covers(object));
        prop_assert_eq!(outcome.is_ok(), over.covers(object) && allows(role, permission));
    }
}
