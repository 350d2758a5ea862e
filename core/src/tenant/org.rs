//! Organizations and their plans.

use std::sync::Arc;

use super::machine::Tenants;
use super::slug;
use super::space::{ensure, put};
use super::{Answer, Refusal, Status};
use crate::billing;
use crate::ids::{OrgId, OrgNo, TenantNo};
use crate::machine::Outbox;
use crate::plan::PlanCode;
use crate::store::tenant::{OrgRow, Row};

impl Tenants {
    /// A new organization by name.
    pub(super) fn create_org(
        &mut self,
        slug: Arc<str>,
        plan: PlanCode,
        out: &mut Outbox,
    ) -> Result<Answer, Refusal> {
        if let Err(why) = slug::label(&slug, slug::TENANT_MAX) {
            let why = why.into();
            return Err(Refusal::Slug { slug, why });
        }
        self.org_is_free(&slug)?;
        let no = self.open_org(slug, plan, false, out);
        let id = self.orgs[no.index()].row.id;
        Ok(Answer::Org { no, id })
    }

    /// Whether an organization of this slug may be made.
    pub(super) fn org_is_free(&self, slug: &Arc<str>) -> Result<(), Refusal> {
        if self.org_slugs.contains_key(slug) {
            return Err(Refusal::Taken(Arc::clone(slug)));
        }
        limit("organizations", self.orgs.len(), self.config.orgs_max)
    }

    /// Makes one; the caller has checked.
    pub(super) fn open_org(
        &mut self,
        slug: Arc<str>,
        plan: PlanCode,
        implied: bool,
        out: &mut Outbox,
    ) -> OrgNo {
        let row = OrgRow {
            id: OrgId(out.draw()),
            slug: Arc::clone(&slug),
            plan,
            implied,
            closed: false,
        };
        let org = self.add_org(row.clone());
        self.org_slugs.insert(slug, org);
        out.record(Row::Org(org, Box::new(row)));
        out.send(billing::Input::OrgOpened { org, plan });
        org
    }

    /// Another plan, and its quota for each tenant whose quota was not set by hand; below use it counts as
    /// forced.
    pub(super) fn set_plan(
        &mut self,
        no: OrgNo,
        plan: PlanCode,
        out: &mut Outbox,
    ) -> Result<Answer, Refusal> {
        let org = self
            .orgs
            .get_mut(no.index())
            .filter(|org| !org.row.closed)
            .ok_or(Refusal::NoOrg(no))?;
        if org.row.plan == plan {
            return Ok(Answer::Done);
        }
        org.row.plan = plan;
        out.record(Row::Org(no, Box::new(org.row.clone())));
        out.send(billing::Input::PlanChanged { org: no, plan });
        let quota = plan.plan().quota;
        for (index, tenant) in self.tenants.iter_mut().enumerate() {
            let row = &mut tenant.row;
            let going = matches!(row.status, Status::Deleting | Status::Gone);
            if row.org != no || going || row.by_hand || row.quota == quota {
                continue;
            }
            row.quota = quota;
            put(TenantNo::at(index), row, out);
            ensure(TenantNo::at(index), row, out);
        }
        Ok(Answer::Done)
    }

    /// Takes note that a tenant of an organization is gone. An implied one ends with its last tenant: its
    /// slug is free, and it goes back to the plan without a monthly price, so that nothing is charged on.
    pub(super) fn left(&mut self, no: OrgNo, apps: u32, out: &mut Outbox) {
        let Some(org) = self.orgs.get_mut(no.index()) else {
            return;
        };
        org.apps = org.apps.saturating_sub(apps);
        org.living = org.living.saturating_sub(1);
        if !org.row.implied || org.living > 0 {
            return;
        }
        let paid = org.row.plan != PlanCode::Metered;
        org.row.closed = true;
        org.row.plan = PlanCode::Metered;
        self.org_slugs.remove(&org.row.slug);
        out.record(Row::Org(no, Box::new(org.row.clone())));
        if paid {
            let plan = PlanCode::Metered;
            out.send(billing::Input::PlanChanged { org: no, plan });
        }
    }
}

/// Whether there may be one more.
pub(super) fn limit(what: &str, count: usize, max: u32) -> Result<(), Refusal> {
    if u32::try_from(count).is_ok_and(|count| count < max) {
        return Ok(());
    }
    Err(Refusal::Limit {
        what: what.into(),
        max,
    })
}
