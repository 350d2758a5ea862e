//! The tenant machine's state, its dispatch, and how it is restored.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Config, Input, OrgView, Refusal, Status, TenantEdit, TenantView};
use crate::ids::{OrgNo, TenantNo};
use crate::machine::{Machine, Outbox, Reply};
use crate::store::tenant::{OrgRow, Row, TenantRow};
use crate::time::Time;
use crate::units::Resources;

/// An organization, with the sums over its tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Org {
    pub(super) row: OrgRow,
    /// Apps of all its tenants.
    pub(super) apps: u32,
    /// Tenants that are not gone.
    pub(super) living: u32,
}

/// A tenant, with what it has reserved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tenant {
    pub(super) row: TenantRow,
    pub(super) used: Resources,
    pub(super) apps: u32,
}

/// The tenant machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tenants {
    pub(super) config: Config,
    pub(super) orgs: Vec<Org>,
    pub(super) tenants: Vec<Tenant>,
    pub(super) org_slugs: BTreeMap<Arc<str>, OrgNo>,
    pub(super) slugs: BTreeMap<Arc<str>, TenantNo>,
}

impl Tenants {
    /// One without tenants.
    #[must_use]
    pub fn new(config: Config) -> Tenants {
        Tenants {
            config,
            ..Tenants::default()
        }
    }

    /// One that goes on from its rows, in order of their keys; re-arms its timers.
    #[must_use]
    pub fn restore(config: Config, rows: Vec<Row>, _now: Time, out: &mut Outbox) -> Tenants {
        let mut machine = Tenants::new(config);
        for row in rows {
            machine.load(row);
        }
        for (index, tenant) in machine.tenants.iter().enumerate() {
            rearm(TenantNo::at(index), &tenant.row, out);
        }
        machine
    }

    /// Takes one row back. Ordinals are dense, so each new one is the next.
    fn load(&mut self, row: Row) {
        match row {
            Row::Org(no, row) => {
                debug_assert_eq!(no.index(), self.orgs.len(), "organizations come in order");
                if !row.closed {
                    self.org_slugs.insert(Arc::clone(&row.slug), no);
                }
                self.add_org(*row);
            }
            Row::Tenant(no, row) => {
                debug_assert_eq!(no.index(), self.tenants.len(), "tenants come in order");
                if row.status != Status::Gone {
                    self.slugs.insert(Arc::clone(&row.slug), no);
                }
                self.add_tenant(*row);
            }
            Row::Used { tenant, used, apps } => {
                if let Some(tenant) = self.tenants.get_mut(tenant.index()) {
                    tenant.used = used;
                    tenant.apps = apps;
                    if let Some(org) = self.orgs.get_mut(tenant.row.org.index()) {
                        org.apps = org.apps.saturating_add(apps);
                    }
                }
            }
        }
    }

    pub(super) fn add_org(&mut self, row: OrgRow) -> OrgNo {
        let no = OrgNo::at(self.orgs.len());
        self.orgs.push(Org {
            row,
            apps: 0,
            living: 0,
        });
        no
    }

    pub(super) fn add_tenant(&mut self, row: TenantRow) -> TenantNo {
        let no = TenantNo::at(self.tenants.len());
        if let Some(org) = self.orgs.get_mut(row.org.index()) {
            org.living += u32::from(row.status != Status::Gone);
        }
        self.tenants.push(Tenant {
            row,
            used: Resources::ZERO,
            apps: 0,
        });
        no
    }

    /// The tenant that an outside input names.
    pub(super) fn find(&mut self, no: TenantNo) -> Result<&mut Tenant, Refusal> {
        self.tenants
            .get_mut(no.index())
            .ok_or(Refusal::NoTenant(no))
    }

    /// All organizations, in order, closed ones included.
    pub fn orgs(&self) -> impl Iterator<Item = OrgView<'_>> {
        self.orgs.iter().enumerate().map(|(index, org)| OrgView {
            no: OrgNo::at(index),
            id: org.row.id,
            slug: &org.row.slug,
            plan: org.row.plan,
            apps: org.apps,
            closed: org.row.closed,
        })
    }

    /// All tenants, in order, tombstones included.
    pub fn tenants(&self) -> impl Iterator<Item = TenantView<'_>> {
        (0..self.tenants.len()).filter_map(|index| self.tenant(TenantNo::at(index)))
    }

    /// One tenant, or its tombstone.
    #[must_use]
    pub fn tenant(&self, no: TenantNo) -> Option<TenantView<'_>> {
        let tenant = self.tenants.get(no.index())?;
        Some(TenantView {
            no,
            id: tenant.row.id,
            version: tenant.row.version,
            slug: &tenant.row.slug,
            name: &tenant.row.name,
            org: tenant.row.org,
            status: tenant.row.status,
            quota: tenant.row.quota,
            used: tenant.used,
            apps: tenant.apps,
            last_error: tenant.row.last_error.as_deref(),
        })
    }

    /// The living tenant of a slug.
    #[must_use]
    pub fn by_slug(&self, slug: &str) -> Option<TenantNo> {
        self.slugs.get(slug).copied()
    }
}

/// Arms again what a stored tenant waits for.
fn rearm(tenant: TenantNo, row: &TenantRow, out: &mut Outbox) {
    if row.status == Status::Provisioning {
        out.at(row.deadline, Input::SpaceDeadline { tenant });
    }
    if let Some(at) = row.retry_at {
        let attempt = row.attempt;
        out.at(at, Input::RetrySpace { tenant, attempt });
    }
}

impl Machine for Tenants {
    type Input = Input;

    fn handle(&mut self, now: Time, input: Input, out: &mut Outbox) {
        let answer = match input {
            Input::Expect {
                tenant,
                version,
                then,
            } => match self.expect(tenant, version, &then) {
                Ok(()) => return self.handle(now, *then, out),
                Err(refusal) => Err(refusal),
            },
            Input::Reserve {
                tenant,
                ask,
                ticket,
            } => return self.reserve(tenant, ask, ticket, out),
            Input::Release { tenant, ask } => return self.release(tenant, ask, out),
            Input::SpaceReady { tenant, uid } => return self.space_ready(tenant, uid, out),
            Input::SpaceFailed {
                tenant,
                retryable,
                reason,
            } => return self.space_failed(now, tenant, retryable, reason, out),
            Input::SpaceGone { tenant } => return self.space_gone(tenant, out),
            Input::RetrySpace { tenant, attempt } => {
                return self.retry_space(now, tenant, attempt, out);
            }
            Input::SpaceDeadline { tenant } => return self.space_deadline(now, tenant, out),
            Input::ChildrenGone { tenant } => return self.children_gone(tenant, out),
            Input::CreateOrg { slug, plan } => self.create_org(slug, plan, out),
            Input::Create(new) => self.create(now, &new, out),
            Input::SetPlan { org, plan } => self.set_plan(org, plan, out),
            Input::SetQuota {
                tenant,
                quota,
                force,
            } => self.edit(tenant, &TenantEdit::quota(quota, force), out),
            Input::Edit { tenant, edit } => self.edit(tenant, &edit, out),
            Input::Suspend { tenant, reason } => self.suspend(tenant, reason, out),
            Input::Resume { tenant } => self.resume(tenant, out),
            Input::Delete { tenant } => self.delete(tenant, out),
        };
        out.reply(Reply::Tenant(answer));
    }
}
