//! The steps of a tenant's life that are asked for from outside, `domain.md` 4.1.

use std::sync::Arc;

use super::edit::{check_name, check_reason, offered};
use super::machine::Tenants;
use super::org::limit;
use super::space::{ensure, put};
use super::{Answer, NewTenant, Refusal, Status, labels, slug};
use crate::billing;
use crate::ids::{OrgNo, TenantId, TenantNo};
use crate::machine::Outbox;
use crate::store::tenant::TenantRow;
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
        let tenant = self.add_tenant(row);
        let row = &mut self.tenants[tenant.index()].row;
        self.slugs.insert(Arc::clone(&new.slug), tenant);
        put(tenant, row, out);
        out.send(billing::Input::TenantOpened { tenant, org });
        ensure(tenant, row, out);
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
        check_name(&new.name)?;
        labels::check(&new.labels)?;
        if self.slugs.contains_key(&new.slug) {
            return Err(Refusal::Taken(Arc::clone(&new.slug)));
        }
        limit("tenants", self.tenants.len(), self.config.tenants_max)?;
        let plan = match new.org {
            None => {
                self.org_is_free(&new.slug)?;
                new.plan
            }
            Some(no) => match self.orgs.get(no.index()) {
                Some(org) if !org.row.closed => org.row.plan,
                _ => return Err(Refusal::NoOrg(no)),
            },
        };
        new.isolation.map_or(Ok(()), |asked| offered(plan, asked))
    }

    fn first_row(&self, now: Time, org: OrgNo, new: &NewTenant, id: TenantId) -> TenantRow {
        let plan = self.orgs[org.index()].row.plan.plan();
        TenantRow {
            id,
            version: 0,
            slug: Arc::clone(&new.slug),
            name: Arc::clone(&new.name),
            labels: new.labels.clone(),
            isolation: new.isolation.unwrap_or(plan.isolation),
            org,
            quota: new.quota.unwrap_or(plan.quota),
            by_hand: new.quota.is_some(),
            status: Status::Provisioning,
            suspend_reason: None,
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
        reason: Option<Arc<str>>,
        out: &mut Outbox,
    ) -> Result<Answer, Refusal> {
        if let Some(reason) = &reason {
            check_reason(reason)?;
        }
        self.step(tenant, (Status::Active, Status::Suspended), reason, out)?;
        out.send(workload::Input::TenantSuspended { tenant });
        Ok(Answer::Accepted(Status::Suspended))
    }

    /// Opens admission and has the workload machine restore its replicas.
    pub(super) fn resume(&mut self, tenant: TenantNo, out: &mut Outbox) -> Result<Answer, Refusal> {
        self.step(tenant, (Status::Suspended, Status::Active), None, out)?;
        out.send(workload::Input::TenantResumed { tenant });
        Ok(Answer::Accepted(Status::Active))
    }

    /// From one state to another, with the space to match.
    fn step(
        &mut self,
        no: TenantNo,
        (from, to): (Status, Status),
        reason: Option<Arc<str>>,
        out: &mut Outbox,
    ) -> Result<(), Refusal> {
        let tenant = self.find(no)?;
        let status = tenant.row.status;
        if status != from {
            return Err(Refusal::State { tenant: no, status });
        }
        tenant.row.status = to;
        tenant.row.suspend_reason = reason;
        put(no, &mut tenant.row, out);
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
        put(tenant, row, out);
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
        put(tenant, row, out);
        out.send(crate::cluster::Command::DeleteTenantSpace { tenant });
    }
}
