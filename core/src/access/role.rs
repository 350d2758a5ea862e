//! Roles: what a grant gives.

use serde::{Deserialize, Serialize};

/// A role. Roles of one principal add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the installation.
    PlatformAdmin,
    /// The one owner of an organization.
    OrgOwner,
    /// Runs an organization.
    OrgAdmin,
    /// Belongs to an organization.
    OrgMember,
    /// Runs a team: here, the tenant that the team uses.
    TeamAdmin,
    /// Deploys into a tenant.
    Developer,
    /// Looks at a tenant.
    Viewer,
    /// The tenant itself: a program with the tenant's own key or token.
    Tenant,
}

impl Role {
    /// All roles, in the order of the table's columns.
    pub const ALL: [Role; 8] = [
        Role::PlatformAdmin,
        Role::OrgOwner,
        Role::OrgAdmin,
        Role::OrgMember,
        Role::TeamAdmin,
        Role::Developer,
        Role::Viewer,
        Role::Tenant,
    ];

    /// The role's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::PlatformAdmin => "platform_admin",
            Role::OrgOwner => "org_owner",
            Role::OrgAdmin => "org_admin",
            Role::OrgMember => "org_member",
            Role::TeamAdmin => "team_admin",
            Role::Developer => "developer",
            Role::Viewer => "viewer",
            Role::Tenant => "tenant",
        }
    }

    /// The role of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Role> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Whether it is held over an organization or more, not over one tenant.
    #[must_use]
    pub const fn is_org_wide(self) -> bool {
        matches!(
            self,
            Role::PlatformAdmin | Role::OrgOwner | Role::OrgAdmin | Role::OrgMember
        )
    }

    /// Its column in the table.
    pub(super) const fn column(self) -> usize {
        self as usize
    }
}
