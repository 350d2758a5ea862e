//! The one table: which role holds which permission. Nothing else decides this.

use super::permission::Permission;
use super::role::Role;

/// One letter per role, in the order of [`Role::ALL`]: `y` holds it, `-` does not.
///
/// Columns: platform_admin, org_owner, org_admin, org_member, team_admin, developer, viewer, tenant.
const fn row(permission: Permission) -> &'static [u8; 8] {
    match permission {
        Permission::TenantRead => b"yyyyyyyy",
        Permission::OrgRead | Permission::MemberRead => b"yyyyyyy-",
        Permission::PolicyRead => b"yyyyyyyy",
        Permission::AppRead
        | Permission::ServiceRead
        | Permission::LogsRead
        | Permission::DecisionRead => b"yyy-yyyy",
        Permission::DeployCreate
        | Permission::DeployUpdate
        | Permission::DeployDelete
        | Permission::DeployScale
        | Permission::DeployRollback
        | Permission::PolicyWrite => b"yyy-yy-y",
        Permission::KeyRead | Permission::KeyWrite => b"yyy-y--y",
        Permission::BillingRead => b"yyy----y",
        Permission::TenantCreate
        | Permission::TenantUpdate
        | Permission::TenantDelete
        | Permission::OrgUpdate
        | Permission::MemberWrite
        | Permission::SimRead
        | Permission::SimRun
        | Permission::AuditRead => b"yyy-----",
        Permission::OrgDelete | Permission::OrgTransfer | Permission::BillingManage => b"yy------",
        Permission::OrgCreate
        | Permission::UserManage
        | Permission::TenantSuspend
        | Permission::BillingOperate
        | Permission::PolicyPromote
        | Permission::SystemRead => b"y-------",
    }
}

/// Whether a role holds a permission, where the role reaches.
#[must_use]
pub const fn allows(role: Role, permission: Permission) -> bool {
    row(permission)[role.column()] == b'y'
}

/// Whether whoever has a role may give another one to a key or a member: never more than it holds itself.
/// A role within a tenant is measured by what can be done to a tenant. An owner is not made by giving:
/// ownership is handed over.
#[must_use]
pub fn may_grant(own: Role, given: Role) -> bool {
    let counts = |permission: &&Permission| given.is_org_wide() || concerns_tenants(**permission);
    let within = Permission::ALL
        .iter()
        .filter(counts)
        .all(|&permission| !allows(given, permission) || allows(own, permission));
    within && given != Role::OrgOwner
}

const fn concerns_tenants(permission: Permission) -> bool {
    !matches!(
        permission,
        Permission::OrgRead | Permission::MemberRead | Permission::MemberWrite
    )
}
