//! Reservations: the one place where a tenant's use changes, so that requests cannot race (I-15).

use super::machine::{Tenant, Tenants};
use super::quota::admit;
use super::{Ask, Status};
use crate::explain::{Deny, Lack};
use crate::ids::TenantNo;
use crate::machine::Outbox;
use crate::store::tenant::Row;
use crate::units::Resources;
use crate::workload;

impl Tenants {
    /// Takes all that is asked for, or nothing.
    pub(super) fn reserve(&mut self, no: TenantNo, ask: Ask, ticket: u64, out: &mut Outbox) {
        match self.try_reserve(no, ask) {
            Ok(tenant) => {
                out.record(used_row(no, tenant));
                let active = tenant.row.status == Status::Active;
                out.send(workload::Input::Admitted { ticket, active });
            }
            Err(lacks) => {
                out.explain(Deny {
                    tenant: no,
                    asks: ask.resources,
                    lacks,
                });
                out.send(workload::Input::Refused { ticket, lacks });
            }
        }
    }

    fn try_reserve(&mut self, no: TenantNo, ask: Ask) -> Result<&Tenant, Lack> {
        let tenant = self.tenants.get_mut(no.index()).ok_or(Lack::NotAdmitting)?;
        let row = &tenant.row;
        match row.status {
            Status::Provisioning | Status::Active | Status::Error => {}
            Status::Suspended | Status::Deleting | Status::Gone => return Err(Lack::NotAdmitting),
        }
        if ask.apps == 0 {
            admit(row.quota, tenant.used, ask, None)?;
        } else {
            let org = self
                .orgs
                .get_mut(row.org.index())
                .ok_or(Lack::NotAdmitting)?;
            let limit = org.row.plan.plan().apps_max.unwrap_or(u32::MAX);
            let left = limit.saturating_sub(org.apps);
            admit(row.quota, tenant.used, ask, Some((limit, left)))?;
            org.apps = org.apps.saturating_add(ask.apps);
            tenant.apps = tenant.apps.saturating_add(ask.apps);
        }
        let sum = tenant.used.checked_add(ask.resources);
        tenant.used = sum.unwrap_or(row.quota); // a sum that fits the quota does not overflow
        debug_assert!(
            ask.resources == Resources::ZERO || tenant.used.fits(tenant.row.quota),
            "a reservation never exceeds the quota (I-2)"
        );
        Ok(tenant)
    }

    /// Gives back; what was never reserved is not given back.
    pub(super) fn release(&mut self, no: TenantNo, ask: Ask, out: &mut Outbox) {
        let Some(tenant) = self.tenants.get_mut(no.index()) else {
            return;
        };
        if tenant.row.status == Status::Gone || ask == Ask::default() {
            return;
        }
        debug_assert!(
            ask.resources.fits(tenant.used) && ask.apps <= tenant.apps,
            "tenant {no} releases {ask:?} of {:?} and {} apps",
            tenant.used,
            tenant.apps
        );
        let apps = ask.apps.min(tenant.apps);
        tenant.used = tenant.used.saturating_sub(ask.resources);
        tenant.apps -= apps;
        if let Some(org) = self.orgs.get_mut(tenant.row.org.index()) {
            org.apps = org.apps.saturating_sub(apps);
        }
        out.record(used_row(no, tenant));
    }
}

fn used_row(no: TenantNo, tenant: &Tenant) -> Row {
    Row::Used {
        tenant: no,
        used: tenant.used,
        apps: tenant.apps,
    }
}
