//! What the tenant machine can be told, and what it answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::explain::Lack;
use crate::ids::{OrgId, OrgNo, TenantId, TenantNo};
use crate::machine::Class;
use crate::plan::{Isolation, PlanCode};
use crate::units::Resources;

/// What a reservation asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Quota.
    pub resources: Resources,
    /// Apps, which the plan of the organization limits.
    pub apps: u32,
}

/// Labels by key: at most 64, keys and values as Kubernetes takes them.
pub type Labels = BTreeMap<Arc<str>, Arc<str>>;

/// A request for a new tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTenant {
    /// A DNS label of at most 40 characters, unique, see `domain.md` 2.
    pub slug: Arc<str>,
    /// Shown name, 1 to 100 characters without control characters.
    pub name: Arc<str>,
    /// Its organization; `None` makes an implied one.
    pub org: Option<OrgNo>,
    /// Plan of an implied organization.
    pub plan: PlanCode,
    /// Quota instead of the plan's.
    pub quota: Option<Resources>,
    /// Isolation, not above the plan's; `None` is the plan's.
    pub isolation: Option<Isolation>,
    /// Labels.
    pub labels: Labels,
}

/// What changes of a tenant: all of it, or nothing. `None` leaves a part as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantEdit {
    /// Shown name, 1 to 100 characters without control characters.
    pub name: Option<Arc<str>>,
    /// All labels.
    pub labels: Option<Labels>,
    /// Isolation, not above the plan's.
    pub isolation: Option<Isolation>,
    /// The quota, set by hand. Below use it is refused, or accepted with `force` and growth closed.
    pub quota: Option<Resources>,
    /// Accept a quota below use.
    pub force: bool,
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
    /// From outside: other fields of a tenant, together.
    Edit {
        /// Which tenant.
        tenant: TenantNo,
        /// What changes.
        edit: Arc<TenantEdit>,
    },
    /// From outside: scale everything to zero and admit nothing.
    Suspend {
        /// Which tenant.
        tenant: TenantNo,
        /// Why, for people: at most 500 characters without control characters.
        reason: Option<Arc<str>>,
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
    /// From outside: do something to a tenant only if it still has this version.
    Expect {
        /// Which tenant.
        tenant: TenantNo,
        /// The version that was read.
        version: u32,
        /// What is asked of the same tenant.
        then: Box<Input>,
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
    pub fn class(&self) -> Class {
        match self {
            Input::Expect { then, .. } => then.class(),
            Input::Release { .. } | Input::ChildrenGone { .. } | Input::SpaceGone { .. } => {
                Class::Departure
            }
            Input::SpaceReady { .. } | Input::SpaceFailed { .. } => Class::Observation,
            _ => Class::Arrival,
        }
    }

    /// The tenant that it names; `None` for what makes something, or is about an organization.
    #[must_use]
    pub const fn tenant(&self) -> Option<TenantNo> {
        match self {
            Input::CreateOrg { .. } | Input::Create(_) | Input::SetPlan { .. } => None,
            Input::SetQuota { tenant, .. }
            | Input::Edit { tenant, .. }
            | Input::Suspend { tenant, .. }
            | Input::Resume { tenant }
            | Input::Delete { tenant }
            | Input::Expect { tenant, .. }
            | Input::SpaceReady { tenant, .. }
            | Input::SpaceFailed { tenant, .. }
            | Input::SpaceGone { tenant }
            | Input::RetrySpace { tenant, .. }
            | Input::SpaceDeadline { tenant }
            | Input::Reserve { tenant, .. }
            | Input::Release { tenant, .. }
            | Input::ChildrenGone { tenant } => Some(*tenant),
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
    /// It was changed since it was read.
    #[error("the version is {version} by now")]
    Stale {
        /// Its version.
        version: u32,
    },
    /// Beyond what the plan of the organization offers (403).
    #[error("{field}: the plan {plan:?} offers at most {most}")]
    Tier {
        /// Which field.
        field: Arc<str>,
        /// The plan.
        plan: PlanCode,
        /// What it offers.
        most: Arc<str>,
    },
    /// A field is out of its range.
    #[error("{field}: {why}")]
    Invalid {
        /// Which field.
        field: Arc<str>,
        /// What was expected.
        why: Arc<str>,
    },
    /// The installation has as many as it may have.
    #[error("{what}: the limit of {max} is reached")]
    Limit {
        /// `organizations` or `tenants`.
        what: Arc<str>,
        /// The limit.
        max: u32,
    },
}
