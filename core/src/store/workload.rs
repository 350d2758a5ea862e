//! Rows of the noun `workload`, and the questions about them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::autoscaler;
use crate::cluster::{DeploymentStatus, PodSpec};
use crate::ids::{AppId, AppNo, RevisionId, RolloutId, ServiceId, ServiceNo, TenantNo};
use crate::time::{Span, Time};
use crate::units::Resources;
use crate::workload::{Kind, Strategy};

/// What the machine knows of a tenant's state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantState {
    /// Its space is not there yet: services wait.
    #[default]
    Waiting,
    /// Takes work.
    Active,
    /// Scaled to zero.
    Suspended,
    /// Going away.
    Deleting,
}

/// An app. Its row stays as a tombstone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// Its ordinal.
    pub no: AppNo,
    /// Its id.
    pub id: AppId,
    /// Owner.
    pub tenant: TenantNo,
    /// Its slug, unique among the tenant's apps that are not gone.
    pub slug: Arc<str>,
    /// Rises with each record of this row.
    pub version: u32,
    /// What decides nothing, as canonical JSON; empty for an app that came with a service.
    pub details: Arc<str>,
    /// What its services may hold together; `None`: the tenant's.
    pub quota: Option<Resources>,
    /// Made by itself: it stays without services. Else it goes with its last one.
    pub explicit: bool,
    /// Services, those in deletion included.
    pub services: u32,
    /// Deletion was asked for.
    pub deleting: bool,
    /// Nothing of it is left.
    pub gone: bool,
}

/// A service that automation leaves alone (a rollback pins).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The revision that the rollback made.
    pub revision: u32,
    /// Who asked for it; empty in simulations.
    pub by: Arc<str>,
    /// Since when.
    pub since: Time,
}

/// What a strategy means for a number of replicas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    /// Pods above the desired count.
    pub surge: u32,
    /// Pods below the desired count.
    pub unavailable: u32,
}

/// What a service holds: `slots` times `per`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Pods that may exist.
    pub slots: u32,
    /// How many of the slots are the surge of a rollout.
    pub surge: u32,
    /// What each may ask for.
    pub per: Resources,
}

/// A service. Its row stays as a tombstone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its ordinal.
    pub no: ServiceNo,
    /// Its id.
    pub id: ServiceId,
    /// Rises with each record of this row.
    pub version: u32,
    /// Owner.
    pub tenant: TenantNo,
    /// Its app.
    pub app: AppNo,
    /// Its slug.
    pub slug: Arc<str>,
    /// Name of its Deployment, unique among the tenant's services that are not gone.
    pub name: Arc<str>,
    /// What kind.
    pub kind: Kind,
    /// How its rollouts go.
    pub strategy: Strategy,
    /// Its autoscale policy.
    pub autoscale: Option<Arc<autoscaler::Policy>>,
    /// Replicas wanted now; 0 while suspended.
    pub desired: u32,
    /// Replicas to restore when the tenant is resumed.
    pub suspended_replicas: Option<u32>,
    /// Number of the current revision.
    pub revision: u32,
    /// Number of the revision whose rollout completed last; of a batch service the current one.
    pub active: Option<u32>,
    /// Restarts of the current revision.
    pub restart: u32,
    /// Set by a rollback.
    pub pinned: Option<Pin>,
    /// Bounds of the last rollout, in pods.
    pub fence: Fence,
    /// Generation of the Deployment; 0 if it was never applied.
    pub generation: u32,
    /// Number of the last rollout; 0 if there was none.
    pub rollout: u32,
    /// Rollouts that completed.
    pub rollouts_complete: u32,
    /// Rollouts that failed.
    pub rollouts_failed: u32,
    /// Rollouts that something newer ended.
    pub rollouts_superseded: u32,
    /// Scaled, and not all replicas were ready since.
    pub scaling: bool,
    /// Deletion was asked for.
    pub deleting: bool,
    /// Nothing of it is left.
    pub gone: bool,
}

/// Why a revision was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A deploy with another specification.
    Deploy,
    /// A rollback: the specification of an earlier revision.
    Rollback,
}

/// What makes the pod template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Image.
    pub image: Arc<str>,
    /// What each replica asks for.
    pub spec: Arc<PodSpec>,
    /// Whether its pods start at all.
    pub starts: bool,
    /// What decides nothing, as canonical JSON; empty in simulations.
    pub details: Arc<str>,
}

/// One revision. Never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Whose.
    pub service: ServiceNo,
    /// 1, 2, …
    pub number: u32,
    /// Its id.
    pub id: RevisionId,
    /// What makes the pod template.
    pub template: Template,
    /// SHA-256 over the canonical bytes of the template.
    pub spec_hash: [u8; 32],
    /// Why it was made.
    pub reason: Reason,
    /// The revision that was current before; of a rollback the one whose specification it took.
    pub from: Option<u32>,
    /// Who asked for it; empty in simulations.
    pub by: Arc<str>,
    /// When.
    pub created_at: Time,
}

/// What began a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A deploy.
    Deploy,
    /// A rollback.
    Rollback,
    /// A restart of the same revision.
    Restart,
}

/// State of a rollout, `domain.md` 4.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RolloutState {
    /// Nothing applied yet: the tenant is not active.
    Pending,
    /// The cluster works on it.
    Progressing,
    /// All replicas are of the revision and ready.
    Complete,
    /// The progress deadline passed.
    Failed,
    /// A newer revision, a restart or a deletion came first.
    Superseded,
}

/// The progress deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// It stands still with this much left: not applied, paused, or the tenant is suspended.
    Still(Span),
    /// It runs out at this time.
    Runs(Time),
}

/// How far a rollout is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Most ready replicas of the revision seen so far.
    pub best: u32,
    /// The progress deadline.
    pub clock: Clock,
    /// The timer that is armed for it; it may be earlier than the deadline and is then armed again.
    pub timer: Option<Time>,
}

/// One rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// Whose.
    pub service: ServiceNo,
    /// 1, 2, … within the service.
    pub number: u32,
    /// Its id.
    pub id: RolloutId,
    /// The revision that it brings.
    pub revision: u32,
    /// The revision that was current before it; `None` for the first.
    pub from: Option<u32>,
    /// What began it.
    pub cause: Cause,
    /// Its state.
    pub state: RolloutState,
    /// Whether it stands still.
    pub paused: bool,
    /// Whether the quota refused its surge, so that it runs with surge 0 and unavailable 1.
    pub surge_refused: bool,
    /// Longest time without a new ready replica.
    pub deadline: Span,
    /// Generation of the Deployment that began it.
    pub since: u32,
    /// How far it is; recorded by itself, since it changes with pods.
    pub progress: Progress,
    /// When it was made.
    pub started_at: Time,
    /// When it ended.
    pub ended_at: Option<Time>,
}

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
