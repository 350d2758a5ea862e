//! The steps of a tenant's life that are asked for from outside, `domain.md` 4.1.

use std::sync::Arc;

use super::machine::Tenants;
use super::org::limit;
use super::slug;
use super::space::ensure;
use super::{Answer, NewTenant, Refusal, Status};
use crate::billing;
use crate::ids::{OrgNo, TenantId, TenantNo};
use crate::machine::Outbox;
use crate::store::tenant::{Row, TenantRow};
use crate::time::Time;
use crate::workload;

impl Tenants {
    /// A new tenant: its space is asked for; it may reserve at once, and is active when the space is there.
    pub(super) fn create(
        &mut self,
        now: Time,
        new: &NewTenant,
        out: &mut Outbox,
    ) -> Result<Answer, Refusal> {
        self.may_create(new)?;
        let org = match new.org {
            Some(org) => org,
            None => self.open_org(Arc::clone(&new.slug), new.plan, true, out),
        };
        let row = self.first_row(now, org, new, TenantId(out.draw()));
        let id = row.id;
        let tenant = self.add_tenant(row.clone());
        self.slugs.insert(Arc::clone(&new.slug), tenant);
        out.record(Row::Tenant(tenant, Box::new(row.clone())));
        out.send(billing::Input::TenantOpened { tenant, org });
        ensure(tenant, &row, out);
        out.at(row.deadline, super::Input::SpaceDeadline { tenant });
        Ok(Answer::Tenant {
            no: tenant,
            id,
            org,
        })
    }

    fn may_create(&self, new: &NewTenant) -> Result<(), Refusal> {
        if let Err(why) = slug::tenant(&new.slug) {
            return Err(Refusal::Slug {
                slug: Arc::clone(&new.slug),
                why: why.into(),
            });
        }
        if self.slugs.contains_key(&new.slug) {
            return Err(Refusal::Taken(Arc::clone(&new.slug)));
        }
        limit("tenants", self.tenants.len(), self.config.tenants_max)?;
        match new.org {
            None => self.org_is_free(&new.slug),
            Some(no) => match self.orgs.get(no.index()) {
                Some(org) if !org.row.closed => Ok(()),
                _ => Err(Refusal::NoOrg(no)),
            },
        }
    }

    fn first_row(&self, now: Time, org: OrgNo, new: &NewTenant, id: TenantId) -> TenantRow {
        let plan = self.orgs[org.index()].row.plan.plan();
        TenantRow {
            id,
            slug: Arc::clone(&new.slug),
            org,
            quota: new.quota.unwrap_or(plan.quota),
            by_hand: new.quota.is_some(),
            status: Status::Provisioning,
            uid: None,
            children_gone: false,
            deadline: now + self.config.deadline,
            attempt: 0,
            failures: 0,
            retry_at: None,
            last_error: None,
        }
    }

    /// Closes admission and has the workload machine scale all to zero.
    pub(super) fn suspend(
        &mut self,
        tenant: TenantNo,
        out: &mut Outbox,
    ) -> Result<Answer, Refusal> {
        self.step(tenant, Status::Active, Status::Suspended, out)?;
        out.send(workload::Input::TenantSuspended { tenant });
        Ok(Answer::Accepted(Status::Suspended))
    }

    /// Opens admission and has the workload machine restore its replicas.
    pub(super) fn resume(&mut self, tenant: TenantNo, out: &mut Outbox) -> Result<Answer, Refusal> {
        self.step(tenant, Status::Suspended, Status::Active, out)?;
        out.send(workload::Input::TenantResumed { tenant });
        Ok(Answer::Accepted(Status::Active))
    }

    /// From one state to another, with the space to match.
    fn step(
        &mut self,
        no: TenantNo,
        from: Status,
        to: Status,
        out: &mut Outbox,
    ) -> Result<(), Refusal> {
        let tenant = self.find(no)?;
        let status = tenant.row.status;
        if status != from {
            return Err(Refusal::State { tenant: no, status });
        }
        tenant.row.status = to;
        out.record(Row::Tenant(no, Box::new(tenant.row.clone())));
        ensure(no, &tenant.row, out);
        Ok(())
    }

    /// Closes admission and has the workload machine delete all services; the space goes after them. Asked
    /// again, the answer is the state that it has reached.
    pub(super) fn delete(&mut self, tenant: TenantNo, out: &mut Outbox) -> Result<Answer, Refusal> {
        let row = &mut self.find(tenant)?.row;
        if matches!(row.status, Status::Deleting | Status::Gone) {
            return Ok(Answer::Accepted(row.status));
        }
        let was_open = row.status == Status::Active;
        row.status = Status::Deleting;
        row.settle();
        out.record(Row::Tenant(tenant, Box::new(row.clone())));
        if was_open {
            ensure(tenant, row, out);
        }
        out.send(workload::Input::TenantDeleting { tenant });
        Ok(Answer::Accepted(Status::Deleting))
    }

    /// A tenant in deletion has no service left: its space goes.
    pub(super) fn children_gone(&mut self, tenant: TenantNo, out: &mut Outbox) {
        let Ok(found) = self.find(tenant) else { return };
        let row = &mut found.row;
        if row.status != Status::Deleting || row.children_gone {
            return;
        }
        row.children_gone = true;
        out.record(Row::Tenant(tenant, Box::new(row.clone())));
        out.send(crate::cluster::Command::DeleteTenantSpace { tenant });
    }
}
