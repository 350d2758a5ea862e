//! Rows of the noun `tenant`, and the questions about them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::ids::{OrgId, OrgNo, TenantId, TenantNo};
use crate::plan::PlanCode;
use crate::tenant::{Isolation, Labels, Status};
use crate::time::Time;
use crate::units::Resources;

/// An organization as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrgRow {
    /// Its id.
    pub id: OrgId,
    /// Its slug; free again once it is closed.
    pub slug: Arc<str>,
    /// Its plan.
    pub plan: PlanCode,
    /// Made by a tenant that named none; it closes with its last tenant.
    pub implied: bool,
    /// It takes no tenant any more.
    pub closed: bool,
}

/// A tenant as it is stored, all but its use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantRow {
    /// Its id.
    pub id: TenantId,
    /// Rises with each record of this row.
    pub version: u32,
    /// Its slug; free again once it is gone.
    pub slug: Arc<str>,
    /// Shown name.
    pub name: Arc<str>,
    /// Labels.
    pub labels: Labels,
    /// How far it is kept apart.
    pub isolation: Isolation,
    /// Its organization.
    pub org: OrgNo,
    /// Its quota.
    pub quota: Resources,
    /// The quota was set by hand: another plan leaves it alone.
    pub by_hand: bool,
    /// Its state.
    pub status: Status,
    /// Why it is suspended, if somebody said.
    pub suspend_reason: Option<Arc<str>>,
    /// UID of its namespace, once seen.
    pub uid: Option<u128>,
    /// In deletion: no service is left.
    pub children_gone: bool,
    /// When provisioning has taken too long.
    pub deadline: Time,
    /// Number of the last retry timer; never falls, so that a stale timer is known.
    pub attempt: u32,
    /// Failures since the last success: the exponent of the back-off.
    pub failures: u32,
    /// When the cluster is asked again.
    pub retry_at: Option<Time>,
    /// What the cluster said last, if it failed.
    pub last_error: Option<Arc<str>>,
}

/// A row. Use has a row of its own, since it changes with every replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Row {
    /// An organization.
    Org(OrgNo, Box<OrgRow>),
    /// A tenant; a tombstone stays.
    Tenant(TenantNo, Box<TenantRow>),
    /// What a tenant has reserved; no row is nothing.
    Used {
        /// Whose.
        tenant: TenantNo,
        /// Resources.
        used: Resources,
        /// Apps.
        apps: u32,
    },
}

/// The key of a row. Rows of the machine are read back in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Key {
    /// An organization.
    Org(OrgNo),
    /// A tenant.
    Tenant(TenantNo),
    /// What a tenant has reserved.
    Used(TenantNo),
}

impl Row {
    /// The row's key.
    #[must_use]
    pub fn key(&self) -> Key {
        match self {
            Row::Org(no, _) => Key::Org(*no),
            Row::Tenant(no, _) => Key::Tenant(*no),
            Row::Used { tenant, .. } => Key::Used(*tenant),
        }
    }
}

/// What can be asked.
pub trait Questions {
    /// All rows in order of their keys: what the machine is restored from.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn tenant_rows(&self) -> Result<Vec<Row>, StoreError>;
}
