//! One thing by id or slug, looked up and checked in one call: 404 if it is not visible, 403 if it is not
//! allowed.

use nimbus_core::access::{Authorized, Object, Permit};
use nimbus_core::ids::{OrgNo, TenantNo};
use nimbus_core::store::StoreError;

use super::app::App;
use super::caller::Caller;
use super::extract::Name;
use super::problem::Problem;
use crate::store::{AppView, Found, OrgView, ServiceView, Store, TenantView, Visible};

/// A thing and the witness that the caller may do this to it.
pub type Looked<T, P> = (Found<T>, Authorized<P>);

impl App {
    /// An organization.
    ///
    /// # Errors
    /// 404, 403.
    pub async fn org<P: Permit>(
        &self,
        caller: &Caller,
        name: &Name,
    ) -> Result<Looked<OrgView, P>, Problem> {
        let (reach, name) = (caller.reach(), name.clone());
        let found = self
            .find(move |store| store.org(&reach, name.as_str()))
            .await?;
        let witness = caller.authorize(Object::Org(found.row.no))?;
        Ok((found, witness))
    }

    /// A tenant.
    ///
    /// # Errors
    /// 404, 403.
    pub async fn tenant<P: Permit>(
        &self,
        caller: &Caller,
        name: &Name,
    ) -> Result<Looked<TenantView, P>, Problem> {
        let (reach, name) = (caller.reach(), name.clone());
        let found = self
            .find(move |store| store.tenant(&reach, name.as_str()))
            .await?;
        let witness = caller.authorize(Object::Tenant {
            tenant: found.row.no,
            org: found.row.row.org,
        })?;
        Ok((found, witness))
    }

    /// An app.
    ///
    /// # Errors
    /// 404, 403.
    pub async fn app<P: Permit>(
        &self,
        caller: &Caller,
        name: &Name,
    ) -> Result<Looked<AppView, P>, Problem> {
        let (reach, name) = (caller.reach(), name.clone());
        let found = self.find(move |store| {
            let Some(found) = store.app(&reach, name.as_str())? else {
                return Ok(None);
            };
            let org = payer(store, &reach, found.row.row.tenant)?;
            Ok(Some((found, org)))
        });
        let (found, org) = found.await?;
        let tenant = found.row.row.tenant;
        let witness = caller.authorize(Object::Tenant { tenant, org })?;
        Ok((found, witness))
    }

    /// A service.
    ///
    /// # Errors
    /// 404, 403.
    pub async fn service<P: Permit>(
        &self,
        caller: &Caller,
        name: &Name,
    ) -> Result<Looked<ServiceView, P>, Problem> {
        self.service_by(caller, name.as_str()).await
    }

    /// A service by a name that does not come from a path.
    ///
    /// # Errors
    /// 404, 403.
    pub async fn service_by<P: Permit>(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<Looked<ServiceView, P>, Problem> {
        let (reach, name) = (caller.reach(), name.to_owned());
        let found = self.find(move |store| {
            let Some(found) = store.service(&reach, &name)? else {
                return Ok(None);
            };
            let org = payer(store, &reach, found.row.row.tenant)?;
            Ok(Some((found, org)))
        });
        let (found, org) = found.await?;
        let tenant = found.row.row.tenant;
        let witness = caller.authorize(Object::Tenant { tenant, org })?;
        Ok((found, witness))
    }
}

/// The organization of a tenant. Only grants over organizations ask for it, so without one there is
/// nothing to look up.
fn payer(store: &Store, reach: &Visible, tenant: TenantNo) -> Result<OrgNo, StoreError> {
    match reach {
        Visible::All | Visible::Tenant(_) => Ok(OrgNo(u32::MAX)),
        Visible::Orgs(_) => {
            let found = store.tenant_by_no(tenant)?;
            Ok(found.map_or(OrgNo(u32::MAX), |found| found.row.row.org))
        }
    }
}
