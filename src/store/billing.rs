//! Questions about usage and invoices.

use std::sync::Arc;

use nimbus_core::billing::{Invoice, InvoiceState, UsageWindow};
use nimbus_core::ids::{InvoiceId, OrgNo, TenantNo};
use nimbus_core::store::StoreError;
use nimbus_core::store::billing::Row;
use nimbus_core::time::Time;

use super::Store;
use super::page::{Listed, Page};
use super::pending;

/// Which invoices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvoiceFilter {
    /// Of these organizations; `None` is all.
    pub orgs: Option<Vec<OrgNo>>,
    /// Of the period that holds this time.
    pub period: Option<Time>,
    /// In this state.
    pub state: Option<InvoiceState>,
}

impl Store {
    /// What a billing machine needs to answer for one organization: its row, specifications, accounts and
    /// intervals of its tenants, its invoices, the book and the last sample. In order of keys.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn billing_rows_of(&self, org: OrgNo) -> Result<Vec<Row>, StoreError> {
        pending(&[&org])
    }

    /// A final invoice.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn invoice(&self, id: InvoiceId) -> Result<Option<Arc<Invoice>>, StoreError> {
        pending(&[&id])
    }

    /// Final invoices by number, newest first unless the page says otherwise.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn invoices(
        &self,
        filter: &InvoiceFilter,
        page: &Page,
    ) -> Result<Listed<Arc<Invoice>>, StoreError> {
        pending(&[&filter, &page])
    }

    /// Runs of windows of a tenant that begin in `from..to`, in order of their chain.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn usage_windows(
        &self,
        tenant: TenantNo,
        from: Time,
        to: Time,
    ) -> Result<Vec<UsageWindow>, StoreError> {
        pending(&[&tenant, &from, &to])
    }
}
