//! What the tenant machine can be told, and what it answers.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::explain::Lack;
use crate::ids::{OrgId, OrgNo, TenantId, TenantNo};
use crate::machine::Class;
use crate::plan::PlanCode;
use crate::units::Resources;

/// What a reservation asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Quota.
    pub resources: Resources,
    /// Apps, which the plan of the organization limits.
    pub apps: u32,
}

/// A request for a new tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTenant {
    /// Shown name and slug: a DNS label of at most 40 characters, see `domain.md` 2.
    pub slug: Arc<str>,
    /// Its organization; `None` makes an implied one.
    pub org: Option<OrgNo>,
    /// Plan of an implied organization.
    pub plan: PlanCode,
    /// Quota instead of the plan's.
    pub quota: Option<Resources>,
}

/// Everything that the tenant machine takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// From outside: a new organization. Answered with [`Answer::Org`].
    CreateOrg {
        /// A slug, unique among organizations.
        slug: Arc<str>,
        /// Its plan.
        plan: PlanCode,
    },
    /// From outside: a new tenant. Answered with [`Answer::Tenant`].
    Create(Arc<NewTenant>),
    /// From outside: another plan for an organization. Quotas that were set by hand stay.
    SetPlan {
        /// Which organization.
        org: OrgNo,
        /// The plan.
        plan: PlanCode,
    },
    /// From outside: another quota. Below use it is refused, or accepted with `force` and growth closed.
    SetQuota {
        /// Which tenant.
        tenant: TenantNo,
        /// The quota.
        quota: Resources,
        /// Accept a quota below use.
        force: bool,
    },
    /// From outside: scale everything to zero and admit nothing.
    Suspend {
        /// Which tenant.
        tenant: TenantNo,
    },
    /// From outside: undo a suspension.
    Resume {
        /// Which tenant.
        tenant: TenantNo,
    },
    /// From outside: delete with all that it has. Asked again, the answer is the same.
    Delete {
        /// Which tenant.
        tenant: TenantNo,
    },
    /// From the cluster: the space is there. Repeating it is harmless.
    SpaceReady {
        /// Whose.
        tenant: TenantNo,
        /// UID of the namespace.
        uid: u128,
    },
    /// From the cluster: a step failed.
    SpaceFailed {
        /// Whose.
        tenant: TenantNo,
        /// Whether trying again can help.
        retryable: bool,
        /// What the cluster said.
        reason: Arc<str>,
    },
    /// From the cluster: the space is gone.
    SpaceGone {
        /// Whose.
        tenant: TenantNo,
    },
    /// From its own timer: ask for the space again.
    RetrySpace {
        /// Whose.
        tenant: TenantNo,
        /// The attempt that this timer belongs to; a stale one is ignored.
        attempt: u32,
    },
    /// From its own timer: provisioning has taken too long.
    SpaceDeadline {
        /// Whose.
        tenant: TenantNo,
    },
    /// From the workload machine: take this much of the quota, all or nothing. Answered at the same
    /// instant with `workload::Input::Admitted` or `Refused`.
    Reserve {
        /// Whose.
        tenant: TenantNo,
        /// What.
        ask: Ask,
        /// Handed back with the answer.
        ticket: u64,
    },
    /// From the workload machine: this much is free again. Never more than was reserved.
    Release {
        /// Whose.
        tenant: TenantNo,
        /// What.
        ask: Ask,
    },
    /// From the workload machine: a tenant in deletion has no service left.
    ChildrenGone {
        /// Whose.
        tenant: TenantNo,
    },
}

impl Input {
    /// Its place within a round: what frees quota comes before what asks for it.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Input::Release { .. } | Input::ChildrenGone { .. } | Input::SpaceGone { .. } => {
                Class::Departure
            }
            Input::SpaceReady { .. } | Input::SpaceFailed { .. } => Class::Observation,
            _ => Class::Arrival,
        }
    }
}

/// State of a tenant, `domain.md` 4.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Its space is being made.
    Provisioning,
    /// Takes work.
    Active,
    /// Scaled to zero; admits nothing.
    Suspended,
    /// Its space cannot be made; tried again.
    Error,
    /// Going away.
    Deleting,
    /// Gone; only a tombstone is left.
    Gone,
}

/// What the tenant machine answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// A new organization.
    Org {
        /// Its ordinal.
        no: OrgNo,
        /// Its id.
        id: OrgId,
    },
    /// A new tenant.
    Tenant {
        /// Its ordinal.
        no: TenantNo,
        /// Its id.
        id: TenantId,
        /// Its organization.
        org: OrgNo,
    },
    /// Accepted; the tenant's state after it.
    Accepted(Status),
    /// Done; nothing more to say.
    Done,
}

/// Why the tenant machine refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// Not a slug.
    #[error("slug: \"{slug}\" is refused: {why}")]
    Slug {
        /// What was given.
        slug: Arc<str>,
        /// What was expected.
        why: Arc<str>,
    },
    /// The slug is taken.
    #[error("slug: \"{0}\" is taken")]
    Taken(Arc<str>),
    /// There is no such organization.
    #[error("organization {0} does not exist")]
    NoOrg(OrgNo),
    /// There is no such tenant.
    #[error("tenant {0} does not exist")]
    NoTenant(TenantNo),
    /// The state does not allow it.
    #[error("tenant {tenant} is {status:?}, which does not allow this")]
    State {
        /// Which tenant.
        tenant: TenantNo,
        /// Its state.
        status: Status,
    },
    /// The new quota is below use and `force` is off.
    #[error("quota: below use ({0:?}); set force to accept it and close growth")]
    BelowUse(Lack),
    /// The installation has as many as it may have.
    #[error("{what}: the limit of {max} is reached")]
    Limit {
        /// `organizations` or `tenants`.
        what: Arc<str>,
        /// The limit.
        max: u32,
    },
}
