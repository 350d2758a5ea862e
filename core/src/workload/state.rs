//! What the machine knows: tenants, apps, services with their revisions and rollouts.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::plan::{Desired, Observed, Running, Shape};
use crate::cluster::DeploymentStatus;
use crate::ids::{AppNo, ServiceNo};
use crate::store::workload::{Held, Revision, Rollout, Service, TenantState};

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
