//! Questions about apps, services, revisions, rollouts and replicas.

use std::sync::Arc;

use nimbus_core::cluster::{DeploymentStatus, Finish};
use nimbus_core::ids::{
    AppId, AppNo, NodeNo, PodNo, RolloutId, ServiceId, ServiceNo, TenantId, TenantNo,
};
use nimbus_core::store::StoreError;
use nimbus_core::store::workload::{App, Held, Revision, Rollout, Service};
use nimbus_core::time::Time;
use nimbus_core::workload::{AppStatus, ServiceStatus};

use super::Store;
use super::page::{By, Found, Listed, Page, Visible};
use super::pending;

/// An app, and what an answer about it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppView {
    /// Its row.
    pub row: App,
    /// Its tenant.
    pub tenant_id: TenantId,
    /// Its state, by those of its services.
    pub status: AppStatus,
    /// Its services that are not gone, in order of ordinals.
    pub services: Vec<ServiceLine>,
}

/// A service as an app lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceLine {
    /// Its ordinal.
    pub no: ServiceNo,
    /// Its id.
    pub id: ServiceId,
    /// Its slug.
    pub slug: Arc<str>,
    /// Its state.
    pub status: ServiceStatus,
}

/// A service, and what an answer about it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceView {
    /// Its row.
    pub row: Service,
    /// Its tenant.
    pub tenant_id: TenantId,
    /// Its app.
    pub app_id: AppId,
    /// Slug of its app.
    pub app_slug: Arc<str>,
    /// Its state.
    pub status: ServiceStatus,
    /// What the cluster said of its Deployment last.
    pub observed: DeploymentStatus,
    /// Its current revision; `None` only if it was never deployed.
    pub revision: Option<Revision>,
    /// Its last rollout.
    pub rollout: Option<Rollout>,
    /// What it holds of its tenant's quota.
    pub held: Held,
}

/// A copy of a service, as the cluster reported it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaView {
    /// Its ordinal.
    pub pod: PodNo,
    /// Whose.
    pub service: ServiceNo,
    /// Owner.
    pub tenant: TenantNo,
    /// The revision that it is of; 0 if it is not known.
    pub revision: u32,
    /// Its node.
    pub node: Option<NodeNo>,
    /// Name of its node.
    pub node_name: Option<Arc<str>>,
    /// Where it stands.
    pub phase: Phase,
    /// Since when it waits or waited.
    pub pending_at: Time,
    /// When it got its node.
    pub bound_at: Option<Time>,
    /// When it began to serve.
    pub ready_at: Option<Time>,
    /// When and why it ended.
    pub finished: Option<(Time, Finish)>,
}

/// Where a replica stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It waits for a node.
    Pending,
    /// It has a node.
    Starting,
    /// It serves.
    Ready,
    /// It has ended.
    Finished,
}

/// Which apps or services. Those that are gone are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppFilter {
    /// Of this tenant.
    pub tenant: Option<TenantNo>,
    /// In this state.
    pub status: Option<AppStatus>,
    /// Whose slug holds this text.
    pub text: Option<String>,
}

/// Which services. Those that are gone are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceFilter {
    /// Of this tenant.
    pub tenant: Option<TenantNo>,
    /// Of this app.
    pub app: Option<AppNo>,
    /// In this state.
    pub status: Option<ServiceStatus>,
    /// Whose slug holds this text.
    pub text: Option<String>,
}

impl Store {
    /// What apps and services can be sorted by. Revisions and rollouts come by number.
    pub const WORKLOAD_SORTS: &'static [By] = &[By::CreatedAt, By::UpdatedAt, By::Name];

    /// An app by id, gone or not, or by slug, if exactly one visible one that is not gone has it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn app(&self, visible: &Visible, name: &str) -> Result<Option<Found<AppView>>, StoreError> {
        pending(&[&visible, &name])
    }

    /// An app by ordinal, gone or not.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn app_by_no(&self, no: AppNo) -> Result<Option<Found<AppView>>, StoreError> {
        pending(&[&no])
    }

    /// Apps.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn apps(
        &self,
        visible: &Visible,
        filter: &AppFilter,
        page: &Page,
    ) -> Result<Listed<Found<AppView>>, StoreError> {
        pending(&[&visible, &filter, &page])
    }

    /// A service by id, gone or not, or by slug or name of its Deployment, if exactly one visible one that
    /// is not gone has it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn service(
        &self,
        visible: &Visible,
        name: &str,
    ) -> Result<Option<Found<ServiceView>>, StoreError> {
        pending(&[&visible, &name])
    }

    /// A service by ordinal, gone or not.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn service_by_no(&self, no: ServiceNo) -> Result<Option<Found<ServiceView>>, StoreError> {
        pending(&[&no])
    }

    /// Services.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn services(
        &self,
        visible: &Visible,
        filter: &ServiceFilter,
        page: &Page,
    ) -> Result<Listed<Found<ServiceView>>, StoreError> {
        pending(&[&visible, &filter, &page])
    }

    /// Ids of services by ordinal; an ordinal that is unknown is left out.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn service_ids(
        &self,
        nos: &[ServiceNo],
    ) -> Result<Vec<(ServiceNo, ServiceId)>, StoreError> {
        pending(&[&nos])
    }

    /// One revision of a service.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn revision(
        &self,
        service: ServiceNo,
        number: u32,
    ) -> Result<Option<Revision>, StoreError> {
        pending(&[&service, &number])
    }

    /// Revisions of a service, newest first unless the page says otherwise.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn revisions(
        &self,
        service: ServiceNo,
        page: &Page,
    ) -> Result<Listed<Revision>, StoreError> {
        pending(&[&service, &page])
    }

    /// A rollout by id, with its progress.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn rollout(
        &self,
        visible: &Visible,
        id: RolloutId,
    ) -> Result<Option<Found<Rollout>>, StoreError> {
        pending(&[&visible, &id])
    }

    /// Rollouts of a service, newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn rollouts(
        &self,
        service: ServiceNo,
        page: &Page,
    ) -> Result<Listed<Found<Rollout>>, StoreError> {
        pending(&[&service, &page])
    }

    /// Replicas of a service by ordinal; those that have ended stay for an hour.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn replicas(
        &self,
        service: ServiceNo,
        page: &Page,
    ) -> Result<Listed<ReplicaView>, StoreError> {
        pending(&[&service, &page])
    }
}
