//! What reports and oracles may look at.

use super::input::Kind;
use super::machine::Workloads;
use super::state::Entry;
use super::status::{AppStatus, Facts, Phase, ServiceStatus, app_status, phase, service_status};
use crate::cluster::DeploymentStatus;
use crate::ids::{AppNo, ServiceNo, TenantNo};
use crate::store::workload::{App, Held, Revision, Rollout, Service, TenantState};
use crate::tenant::Ask;
use crate::units::Resources;

/// A service to look at.
#[derive(Clone, Copy, Debug)]
pub struct ServiceView<'a>(&'a Entry);

impl<'a> ServiceView<'a> {
    /// Its row: ordinal, id, owner, names, kind, desired replicas, counts of rollouts.
    #[must_use]
    pub fn row(&self) -> &'a Service {
        &self.0.row
    }

    /// Its current revision.
    #[must_use]
    pub fn current(&self) -> &'a Revision {
        &self.0.current
    }

    /// Its revisions that are kept, oldest first.
    pub fn revisions(&self) -> impl Iterator<Item = &'a Revision> {
        self.0.revisions.iter().map(|revision| &**revision)
    }

    /// Its rollouts that are kept, oldest first.
    pub fn rollouts(&self) -> impl Iterator<Item = &'a Rollout> {
        self.0.rollouts.iter()
    }

    /// Phase of one of its revisions.
    #[must_use]
    pub fn phase(&self, revision: u32) -> Phase {
        phase(revision, self.0.row.active, &self.0.rollouts)
    }

    /// The last status of its Deployment.
    #[must_use]
    pub fn observed(&self) -> DeploymentStatus {
        self.0.status
    }

    /// Ready replicas, as last seen; of a batch service the bare pods that were asked for and have not
    /// ended.
    #[must_use]
    pub fn ready(&self) -> u32 {
        match self.0.row.kind {
            Kind::Service => self.0.status.ready,
            Kind::Batch => self.0.held.slots,
        }
    }

    /// What it holds of the quota.
    #[must_use]
    pub fn held(&self) -> Held {
        self.0.held
    }

    /// Its state. A batch service is ready while it has bare pods, else stopped.
    #[must_use]
    pub fn status(&self) -> ServiceStatus {
        let entry = self.0;
        let row = &entry.row;
        if row.kind == Kind::Batch && !row.gone && !row.deleting {
            return if entry.held.slots > 0 {
                ServiceStatus::Ready
            } else {
                ServiceStatus::Stopped
            };
        }
        service_status(&Facts {
            deleting: row.deleting,
            gone: row.gone,
            applied: entry.applied.is_some(),
            desired: row.desired,
            status: entry.status,
            rollout: entry.rollouts.back().map(|rollout| rollout.state),
            scaling: row.scaling,
        })
    }
}

impl Workloads {
    /// All services in order of their ordinals, tombstones included.
    pub fn services(&self) -> impl Iterator<Item = ServiceView<'_>> {
        self.services.iter().map(ServiceView)
    }

    /// One service.
    #[must_use]
    pub fn service(&self, service: ServiceNo) -> Option<ServiceView<'_>> {
        self.services.get(service.index()).map(ServiceView)
    }

    /// The service of a tenant whose Deployment has this name.
    #[must_use]
    pub fn service_named(&self, tenant: TenantNo, name: &str) -> Option<ServiceView<'_>> {
        let no = (*self.tenants.get(&tenant)?.names.get(name)?)?;
        self.service(no)
    }

    /// All apps in order of their ordinals, tombstones included.
    pub fn apps(&self) -> impl Iterator<Item = &App> {
        self.apps.iter()
    }

    /// One app.
    #[must_use]
    pub fn app(&self, app: AppNo) -> Option<&App> {
        self.apps.get(app.index())
    }

    /// State of an app.
    #[must_use]
    pub fn app_status(&self, app: AppNo) -> AppStatus {
        let services = self.services().filter(|service| service.row().app == app);
        let deleting = self.app(app).is_some_and(|app| app.deleting);
        app_status(deleting, services.map(|service| service.status()))
    }

    /// What the services of an app hold, and what is being reserved for them.
    #[must_use]
    pub fn app_used(&self, app: AppNo) -> Resources {
        self.used.get(app.index()).copied().unwrap_or_default()
    }

    /// What the machine knows of a tenant's state.
    #[must_use]
    pub fn state_of(&self, tenant: TenantNo) -> TenantState {
        self.tenant_state(tenant)
    }

    /// What the services of a tenant hold of its quota; saturates.
    #[must_use]
    pub fn reserved(&self, tenant: TenantNo) -> Ask {
        let names = self.tenants.get(&tenant);
        let apps = names.map_or(0, |names| names.apps.values().flatten().count());
        let resources = names
            .into_iter()
            .flat_map(|names| names.names.values().flatten())
            .filter_map(|&no| self.services.get(no.index())?.held.total())
            .fold(Resources::ZERO, |sum, held| {
                sum.checked_add(held).unwrap_or(sum)
            });
        Ask {
            resources,
            apps: u32::try_from(apps).unwrap_or(u32::MAX),
        }
    }
}
