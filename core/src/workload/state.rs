//! What the machine knows: tenants, apps, services with their revisions and rollouts.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::input::{Kind, Strategy};
use super::plan::{Desired, Observed, Running, Shape};
use super::quota::Held;
use super::revision::Revision;
use super::rollout::Rollout;
use super::strategy::Fence;
use crate::autoscaler;
use crate::cluster::DeploymentStatus;
use crate::ids::{AppId, AppNo, ServiceId, ServiceNo, TenantNo};
use crate::time::Time;

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
    /// Services, those in deletion included; an app without one is gone.
    pub services: u32,
}

/// A service that automation leaves alone (a rollback pins).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The revision that the rollback made.
    pub revision: u32,
    /// Since when.
    pub since: Time,
}

/// A service. Its row stays as a tombstone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its ordinal.
    pub no: ServiceNo,
    /// Its id.
    pub id: ServiceId,
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

/// A service with all that belongs to it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub row: Service,
    pub current: Arc<Revision>,
    pub revisions: VecDeque<Arc<Revision>>,
    pub rollouts: VecDeque<Rollout>,
    pub applied: Option<Shape>,
    /// The cluster was asked to delete it.
    pub deleted: bool,
    pub held: Held,
    pub status: DeploymentStatus,
    /// A reservation that changes the service is under way.
    pub busy: bool,
    /// Runs whose reservations are under way.
    pub runs: u32,
    /// What the autoscaler was told last, if it watches.
    pub told: Option<(u32, bool)>,
}

impl Entry {
    pub(super) fn new(row: Service, current: Arc<Revision>, held: Held) -> Entry {
        Entry {
            row,
            revisions: VecDeque::from([Arc::clone(&current)]),
            current,
            rollouts: VecDeque::new(),
            applied: None,
            deleted: false,
            held,
            status: DeploymentStatus::default(),
            busy: false,
            runs: 0,
            told: None,
        }
    }

    /// The rollout that runs, if one does: always the last.
    pub(super) fn running(&self) -> Option<&Rollout> {
        self.rollouts.back().filter(|last| !last.state.ended())
    }

    pub(super) fn running_mut(&mut self) -> Option<&mut Rollout> {
        self.rollouts.back_mut().filter(|last| !last.state.ended())
    }

    pub(super) fn revision(&self, number: u32) -> Option<&Arc<Revision>> {
        self.revisions.iter().find(|r| r.number == number)
    }

    /// What the Deployment should be.
    pub(super) fn shape(&self) -> Shape {
        Shape {
            revision: self.row.revision,
            restart: self.row.restart,
            replicas: self.row.desired,
            fence: self.row.fence,
            paused: self.running().is_some_and(|rollout| rollout.paused),
        }
    }

    pub(super) fn desired(&self, tenant: TenantState) -> Desired {
        Desired {
            exists: !self.row.deleting,
            admitted: matches!(tenant, TenantState::Active | TenantState::Suspended),
            suspended: tenant == TenantState::Suspended,
            reserving: self.busy,
            shape: self.shape(),
            requests: self.current.template.spec.requests,
        }
    }

    pub(super) fn observed(&self) -> Observed {
        Observed {
            applied: self.applied,
            deleted: self.deleted,
            generation: self.row.generation,
            status: self.status,
            held: self.held,
            running: self.running().map(|rollout| Running {
                since: rollout.since,
                best: rollout.progress.best,
            }),
        }
    }

    /// Whether the autoscaler must keep its hands off.
    pub(super) fn hold(&self, tenant: TenantState) -> bool {
        tenant != TenantState::Active || self.running().is_some()
    }
}

/// A tenant's names and state. A name without an ordinal is being created at this instant.
#[derive(Clone, Debug, Default)]
pub(super) struct Tenant {
    pub state: TenantState,
    pub names: BTreeMap<Arc<str>, Option<ServiceNo>>,
    pub apps: BTreeMap<Arc<str>, Option<AppNo>>,
}
