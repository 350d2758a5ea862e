//! Rows of the noun `workload`, and the questions about them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::cluster::DeploymentStatus;
use crate::ids::{AppNo, ServiceNo, TenantNo};
use crate::workload::{App, Held, Progress, Revision, Rollout, Service, TenantState};

/// A row. The kinds that change with pods are small.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Row {
    /// State of a tenant, as the workload machine was told.
    Tenant {
        /// Which.
        tenant: TenantNo,
        /// Its state.
        state: TenantState,
    },
    /// An app.
    App(Box<App>),
    /// A service.
    Service(Box<Service>),
    /// A revision; written once.
    Revision(Arc<Revision>),
    /// A rollout.
    Rollout(Box<Rollout>),
    /// How far the running rollout of a service is; stands before what the rollout's own row says.
    Progress {
        /// Whose.
        service: ServiceNo,
        /// How far.
        progress: Progress,
    },
    /// The last status of a Deployment.
    Status {
        /// Whose.
        service: ServiceNo,
        /// What it is.
        status: DeploymentStatus,
    },
    /// What a service holds of the quota; of a batch service the slots are its bare pods.
    Held {
        /// Which service.
        service: ServiceNo,
        /// What it holds.
        held: Held,
    },
}

/// The key of a row. In key order tenants come before apps, apps before services, services before what
/// belongs to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Key {
    /// A tenant's.
    Tenant(TenantNo),
    /// An app's.
    App(AppNo),
    /// A service's.
    Service(ServiceNo),
    /// A revision's: service and number.
    Revision(ServiceNo, u32),
    /// A rollout's: service and number.
    Rollout(ServiceNo, u32),
    /// The progress of a service's running rollout.
    Progress(ServiceNo),
    /// A status's.
    Status(ServiceNo),
    /// A holding's.
    Held(ServiceNo),
}

impl Row {
    /// The row's key.
    #[must_use]
    pub fn key(&self) -> Key {
        match self {
            Row::Tenant { tenant, .. } => Key::Tenant(*tenant),
            Row::App(app) => Key::App(app.no),
            Row::Service(service) => Key::Service(service.no),
            Row::Revision(revision) => Key::Revision(revision.service, revision.number),
            Row::Rollout(rollout) => Key::Rollout(rollout.service, rollout.number),
            Row::Progress { service, .. } => Key::Progress(*service),
            Row::Status { service, .. } => Key::Status(*service),
            Row::Held { service, .. } => Key::Held(*service),
        }
    }
}

/// What can be asked.
pub trait Questions {
    /// All rows in order of their keys: what the machine is restored from.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn workload_rows(&self) -> Result<Vec<Row>, StoreError>;
}
