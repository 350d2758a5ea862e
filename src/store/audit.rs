//! The audit log: one chain of hashes per tenant and one of the platform.

use nimbus_core::ids::TenantNo;
use nimbus_core::store::StoreError;
use nimbus_core::time::Time;
use serde::{Deserialize, Serialize};

use super::page::{Listed, Page, Visible};
use super::pending;
use super::{AuditRow, Store};

/// An entry as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Place among all entries.
    pub seq: i64,
    /// Who did what.
    pub row: AuditRow,
    /// Hash of the entry before in its chain, hex; zeros for the first.
    pub prev_hash: String,
    /// SHA-256 over the canonical bytes of the hash before, the place in the chain and the row, hex.
    pub hash: String,
}

/// Which entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this tenant's chain.
    pub tenant: Option<TenantNo>,
    /// By this principal.
    pub principal: Option<String>,
    /// This action, or, if it ends with a full stop, all that begin so.
    pub action: Option<String>,
    /// To this.
    pub target: Option<String>,
    /// Not before.
    pub from: Option<Time>,
    /// Before.
    pub to: Option<Time>,
}

/// What a check of the chains found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditVerdict {
    /// Chains that were checked.
    pub chains: u64,
    /// Entries that were checked.
    pub entries: u64,
    /// The first difference, if there is one.
    pub broken: Option<Broken>,
}

/// Where a chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// Whose chain; `None` is the platform's.
    pub tenant: Option<TenantNo>,
    /// The entry; `None` if entries are missing at the end.
    pub seq: Option<i64>,
    /// What is wrong with it.
    pub what: String,
}

impl Store {
    /// Writes entries that belong to no group: sign-ins, keys, refusals at the edge.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn put_audit(&self, rows: &[AuditRow]) -> Result<(), StoreError> {
        pending(&[&rows])
    }

    /// Entries, newest first. An organization sees the chains of its tenants, the platform's only who sees
    /// everything.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn audit(
        &self,
        visible: &Visible,
        filter: &AuditFilter,
        page: &Page,
    ) -> Result<Listed<AuditEntry>, StoreError> {
        pending(&[&visible, &filter, &page])
    }

    /// Recomputes every visible chain.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn verify_audit(&self, visible: &Visible) -> Result<AuditVerdict, StoreError> {
        pending(&[&visible])
    }
}
