//! What reports and oracles read of the tenant machine.

use crate::ids::{OrgId, OrgNo, TenantId, TenantNo};
use crate::plan::PlanCode;
use crate::tenant::Status;
use crate::units::Resources;

/// An organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrgView<'a> {
    /// Its ordinal.
    pub no: OrgNo,
    /// Its id.
    pub id: OrgId,
    /// Its slug.
    pub slug: &'a str,
    /// Its plan.
    pub plan: PlanCode,
    /// Apps of all its tenants.
    pub apps: u32,
    /// It was implied and its last tenant is gone.
    pub closed: bool,
}

/// A tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TenantView<'a> {
    /// Its ordinal.
    pub no: TenantNo,
    /// Its id.
    pub id: TenantId,
    /// Rises with each record of its row.
    pub version: u32,
    /// Its slug.
    pub slug: &'a str,
    /// Shown name.
    pub name: &'a str,
    /// Its organization.
    pub org: OrgNo,
    /// Its state.
    pub status: Status,
    /// Its quota.
    pub quota: Resources,
    /// What it has reserved.
    pub used: Resources,
    /// Apps that it has reserved.
    pub apps: u32,
    /// What the cluster said last, if it failed.
    pub last_error: Option<&'a str>,
}
