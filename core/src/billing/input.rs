//! What the billing machine can be told, and what it answers.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::cluster::UsageTick;
use crate::ids::{OrgNo, PodNo, ServiceNo, SpecNo, TenantNo};
use crate::machine::Class;
use crate::plan::PlanCode;
use crate::time::Time;
use crate::units::Resources;

/// Everything that the billing machine takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// From the tenant machine: a new organization and its plan, from now on.
    OrgOpened {
        /// Which.
        org: OrgNo,
        /// Its plan.
        plan: PlanCode,
    },
    /// From the tenant machine: another plan, from now on.
    PlanChanged {
        /// Which organization.
        org: OrgNo,
        /// Its plan.
        plan: PlanCode,
    },
    /// From the tenant machine: a new tenant; its windows begin.
    TenantOpened {
        /// Which.
        tenant: TenantNo,
        /// Its organization.
        org: OrgNo,
    },
    /// From the tenant machine: a tenant is gone; its last window is closed.
    TenantClosed {
        /// Which.
        tenant: TenantNo,
    },
    /// From the cluster: what pods of a specification ask for.
    SpecSeen {
        /// Its ordinal.
        spec: SpecNo,
        /// What each asks for.
        requests: Resources,
    },
    /// From the cluster: a pod is bound; its usage interval opens now. Repeating it is harmless.
    Bound {
        /// Which pod.
        pod: PodNo,
        /// What it asks for.
        spec: SpecNo,
        /// Owner.
        tenant: TenantNo,
        /// Which service it is a replica of.
        service: ServiceNo,
    },
    /// From the cluster: a pod has ended; its interval closes now. Unknown pods are ignored.
    Finished {
        /// Which pod.
        pod: PodNo,
    },
    /// From the cluster: use of all services; audits the intervals and proves life.
    Usage(Arc<UsageTick>),
    /// From a restarted cluster boundary: nothing was observed in between. What still exists is billed on;
    /// windows in between are marked as gaps.
    Outage {
        /// Last time that anything was observed.
        from: Time,
        /// Pods that vanished meanwhile: billed to `from`, the rest is in doubt and not charged.
        vanished: Arc<[PodNo]>,
    },
    /// From outside: the draft invoice of an organization up to now. Writes nothing.
    Draft {
        /// Which.
        org: OrgNo,
    },
    /// From its own timer: a billing period has ended.
    PeriodEnd {
        /// The period's end.
        end: Time,
    },
    /// From its own timer, 24 h after the end: invoices of the period become final.
    Finalize {
        /// The period's end.
        end: Time,
    },
}

impl Input {
    /// Its place within a round: the ends of intervals free nothing for others, so all is billing.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Input::SpecSeen { .. } | Input::OrgOpened { .. } | Input::TenantOpened { .. } => {
                Class::Observation
            }
            _ => Class::Billing,
        }
    }
}

/// What the billing machine answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// A draft.
    Draft(Arc<super::Invoice>),
}

/// Why the billing machine refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// There is no such organization.
    #[error("organization {0} does not exist")]
    NoOrg(OrgNo),
    /// A product or sum left its width.
    #[error("amount: beyond 128 bits")]
    Overflow,
}
