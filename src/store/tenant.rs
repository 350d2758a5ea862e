//! Questions about organizations and tenants.

use nimbus_core::ids::{OrgId, OrgNo, TenantId, TenantNo};
use nimbus_core::store::StoreError;
use nimbus_core::store::tenant::{OrgRow, TenantRow};
use nimbus_core::tenant::Status;
use nimbus_core::units::Resources;

use super::Store;
use super::page::{By, Found, Listed, Page, Visible};
use super::pending;

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgView {
    /// Its ordinal.
    pub no: OrgNo,
    /// Its row.
    pub row: OrgRow,
}

/// A tenant, and what an answer about it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantView {
    /// Its ordinal.
    pub no: TenantNo,
    /// Its row.
    pub row: TenantRow,
    /// Its organization.
    pub org: OrgRow,
    /// What it has reserved.
    pub used: Resources,
    /// Apps that it has.
    pub apps: u32,
}

/// Which tenants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantFilter {
    /// Of this organization.
    pub org: Option<OrgNo>,
    /// In this state; without one all that are not gone.
    pub status: Option<Status>,
    /// With all of these labels, `key=value`.
    pub labels: Vec<String>,
    /// Whose name or slug holds this text, whatever its case.
    pub text: Option<String>,
}

impl Store {
    /// What tenants and organizations can be sorted by.
    pub const TENANT_SORTS: &'static [By] = &[By::CreatedAt, By::UpdatedAt, By::Name];

    /// An organization by id or slug; closed ones by id only.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn org(&self, visible: &Visible, name: &str) -> Result<Option<Found<OrgView>>, StoreError> {
        pending(&[&visible, &name])
    }

    /// An organization by ordinal.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn org_by_no(&self, no: OrgNo) -> Result<Option<Found<OrgView>>, StoreError> {
        pending(&[&no])
    }

    /// Organizations that are not closed; `text` is looked for in the slug.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn orgs(
        &self,
        visible: &Visible,
        text: Option<&str>,
        page: &Page,
    ) -> Result<Listed<Found<OrgView>>, StoreError> {
        pending(&[&visible, &text, &page])
    }

    /// A tenant by id or slug; one that is gone by id only.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn tenant(
        &self,
        visible: &Visible,
        name: &str,
    ) -> Result<Option<Found<TenantView>>, StoreError> {
        pending(&[&visible, &name])
    }

    /// A tenant by ordinal, gone or not.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn tenant_by_no(&self, no: TenantNo) -> Result<Option<Found<TenantView>>, StoreError> {
        pending(&[&no])
    }

    /// Tenants.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn tenants(
        &self,
        visible: &Visible,
        filter: &TenantFilter,
        page: &Page,
    ) -> Result<Listed<Found<TenantView>>, StoreError> {
        pending(&[&visible, &filter, &page])
    }

    /// Ids of organizations by ordinal; an ordinal that is unknown is left out.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn org_ids(&self, nos: &[OrgNo]) -> Result<Vec<(OrgNo, OrgId)>, StoreError> {
        pending(&[&nos])
    }

    /// Ids of tenants by ordinal; an ordinal that is unknown is left out.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn tenant_ids(&self, nos: &[TenantNo]) -> Result<Vec<(TenantNo, TenantId)>, StoreError> {
        pending(&[&nos])
    }
}
