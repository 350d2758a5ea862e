//! Permissions: what an operation of the API asks for. Each operation names exactly one.

use serde::{Deserialize, Serialize};

use super::area::{Area, Deed};

/// A permission as a type, so that a witness says what was checked.
pub trait Permit {
    /// Which.
    const PERMISSION: Permission;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $area:ident $deed:ident;)*) => {
        /// What an operation asks for, `<resource>:<verb>`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Permission {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl Permission {
            /// All permissions, in the order of the table.
            pub const ALL: &'static [Permission] = &[$(Permission::$name),*];

            /// Its word, as in `x-nimbus-permission`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Permission::$name => $word,)* }
            }

            /// The scope that a key with scopes needs for it.
            #[must_use]
            pub const fn scope(self) -> (Area, Deed) {
                match self { $(Permission::$name => (Area::$area, Deed::$deed),)* }
            }
        }

        /// Each permission as a type.
        pub mod permit {
            use super::{Permission, Permit};
            $(
                $(#[$doc])*
                #[derive(Clone, Copy, Debug)]
                pub enum $name {}
                impl Permit for $name {
                    const PERMISSION: Permission = Permission::$name;
                }
            )*
        }
    };
}

permissions! {
    /// See an organization.
    OrgRead = "org:read", Tenants Read;
    /// Make an organization.
    OrgCreate = "org:create", Tenants Write;
    /// Change an organization's settings.
    OrgUpdate = "org:update", Tenants Write;
    /// Close an organization.
    OrgDelete = "org:delete", Tenants Write;
    /// Hand an organization over to another owner.
    OrgTransfer = "org:transfer", Tenants Write;
    /// See the members of an organization.
    MemberRead = "member:read", Tenants Read;
    /// Add and remove members and set their roles, none above one's own.
    MemberWrite = "member:write", Tenants Write;
    /// Make and disable users of the installation.
    UserManage = "user:manage", Tenants Write;
    /// See a tenant, its quota and its events.
    TenantRead = "tenant:read", Tenants Read;
    /// Make a tenant.
    TenantCreate = "tenant:create", Tenants Write;
    /// Change a tenant.
    TenantUpdate = "tenant:update", Tenants Write;
    /// Delete a tenant.
    TenantDelete = "tenant:delete", Tenants Write;
    /// Suspend and resume a tenant.
    TenantSuspend = "tenant:suspend", Tenants Write;
    /// See the API keys of a tenant; a key always sees itself.
    KeyRead = "key:read", Tenants Read;
    /// Make and delete API keys of a tenant, none above one's own role.
    KeyWrite = "key:write", Tenants Write;
    /// See apps.
    AppRead = "app:read", Deployments Read;
    /// See services, revisions, rollouts, replicas.
    ServiceRead = "service:read", Deployments Read;
    /// Read the log lines of replicas.
    LogsRead = "logs:read", Deployments Read;
    /// Read why something was decided.
    DecisionRead = "decision:read", Deployments Read;
    /// Make apps and services.
    DeployCreate = "deploy:create", Deployments Write;
    /// Change apps and services.
    DeployUpdate = "deploy:update", Deployments Write;
    /// Delete apps and services.
    DeployDelete = "deploy:delete", Deployments Write;
    /// Set the number of replicas.
    DeployScale = "deploy:scale", Deployments Write;
    /// Go back to an earlier revision.
    DeployRollback = "deploy:rollback", Deployments Write;
    /// Read usage, invoices and prices.
    BillingRead = "billing:read", Billing Read;
    /// Change plan, payment and budgets.
    BillingManage = "billing:manage", Billing Write;
    /// Finalise and void invoices, set prices and plans.
    BillingOperate = "billing:operate", Billing Write;
    /// See policies.
    PolicyRead = "policy:read", Deployments Read;
    /// Set a service's own autoscaling, inside the platform's bounds.
    PolicyWrite = "policy:write", Deployments Write;
    /// Set, shadow and promote policies of the platform, a cluster or a tenant.
    PolicyPromote = "policy:promote", Nodes Write;
    /// See scenarios, runs and reports.
    SimRead = "sim:read", Sim Read;
    /// Run scenarios.
    SimRun = "sim:run", Sim Write;
    /// Read the audit log.
    AuditRead = "audit:read", Tenants Read;
    /// See actors and the whole configuration.
    SystemRead = "system:read", Nodes Read;
}

impl Permission {
    /// The permission of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Permission> {
        Self::ALL
            .iter()
            .copied()
            .find(|permission| permission.as_str() == word)
    }
}
