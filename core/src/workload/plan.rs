//! Desired against observed: what to do about one service now, as a pure function.
//!
//! Level-triggered: [`plan`] looks at the two states alone, not at what happened. It is idempotent:
//! once its actions are taken, it has nothing more to say until something changes.

use serde::{Deserialize, Serialize};

use crate::cluster::DeploymentStatus;
use crate::store::workload::{Fence, Held};
use crate::units::Resources;

/// What a Deployment is, as far as it can change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Number of the revision.
    pub revision: u32,
    /// Restarts of that revision.
    pub restart: u32,
    /// Replicas.
    pub replicas: u32,
    /// Pods above and below during a rollout.
    pub fence: Fence,
    /// Whether the rollout stands still.
    pub paused: bool,
}

/// What is wanted of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Desired {
    /// Whether it should exist; false while it is deleted.
    pub exists: bool,
    /// Whether the tenant takes work, or did when it was suspended.
    pub admitted: bool,
    /// Whether its tenant is suspended: rollouts and reservations stand still.
    pub suspended: bool,
    /// Whether a reservation is under way: what is held stands still until it is answered.
    pub reserving: bool,
    /// What the Deployment should be.
    pub shape: Shape,
    /// What each pod of the current revision asks for.
    pub requests: Resources,
}

/// A rollout that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// Generation that began it.
    pub since: u32,
    /// Most ready replicas of its revision so far.
    pub best: u32,
}

/// What was asked of the cluster and seen of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// What the Deployment was last asked to be.
    pub applied: Option<Shape>,
    /// Whether its deletion was asked for.
    pub deleted: bool,
    /// Generation of what was last asked.
    pub generation: u32,
    /// The last status.
    pub status: DeploymentStatus,
    /// What is held of the quota.
    pub held: Held,
    /// The rollout that runs.
    pub running: Option<Running>,
}

/// Why a Deployment is applied: the first difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It was never applied.
    New,
    /// Another revision.
    Revision,
    /// A restart.
    Restart,
    /// Another replica count.
    Replicas,
    /// Paused or resumed.
    Paused,
    /// Other bounds of the rollout.
    Fence,
}

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Create or change the Deployment.
    Apply {
        /// What it should be.
        shape: Shape,
        /// Its generation.
        generation: u32,
        /// Why.
        why: Why,
    },
    /// Delete the Deployment.
    Delete,
    /// More replicas of the rollout's revision are ready than ever: the deadline moves.
    Progress {
        /// How many.
        best: u32,
    },
    /// The rollout is complete.
    Complete,
    /// Give back what is no longer needed.
    Free {
        /// What is still held.
        held: Held,
    },
}

/// The first difference between what was asked for and what is wanted.
fn difference(applied: Option<Shape>, wanted: Shape) -> Option<Why> {
    let Some(applied) = applied else {
        return Some(Why::New);
    };
    [
        (applied.revision != wanted.revision, Why::Revision),
        (applied.restart != wanted.restart, Why::Restart),
        (applied.replicas != wanted.replicas, Why::Replicas),
        (applied.paused != wanted.paused, Why::Paused),
        (applied.fence != wanted.fence, Why::Fence),
    ]
    .into_iter()
    .find_map(|(differs, why)| differs.then_some(why))
}

/// Whether all replicas are of the wanted template, ready, and as many as wanted. Kubernetes'
/// `DeploymentComplete`.
#[must_use]
pub fn is_complete(status: &DeploymentStatus, replicas: u32) -> bool {
    status.updated == replicas
        && status.updated_ready == replicas
        && status.ready == replicas
        && status.total == replicas
}

/// What to do now.
#[must_use]
pub fn plan(desired: &Desired, observed: &Observed) -> Vec<Action> {
    let mut actions = Vec::new();
    if !desired.exists {
        if observed.applied.is_some() && !observed.deleted {
            actions.push(Action::Delete);
        }
        return actions;
    }
    if !desired.admitted {
        actions.extend(free(desired, observed));
        return actions;
    }
    if let Some(why) = difference(observed.applied, desired.shape) {
        actions.push(Action::Apply {
            shape: desired.shape,
            generation: observed.generation.saturating_add(1),
            why,
        });
        // What the last status says of readiness still counts; all else waits until this is seen.
        let progress = |action: &Action| matches!(action, Action::Progress { .. });
        actions.extend(advance(desired, observed).filter(progress));
        return actions;
    }
    actions.extend(advance(desired, observed));
    actions.extend(free(desired, observed));
    actions
}

/// What the status means for the rollout.
fn advance(desired: &Desired, observed: &Observed) -> Option<Action> {
    let running = observed.running?;
    let status = &observed.status;
    if desired.suspended || status.generation < running.since {
        return None;
    }
    let seen = status.generation == observed.generation && !desired.shape.paused;
    if seen && is_complete(status, desired.shape.replicas) {
        Some(Action::Complete)
    } else if status.updated_ready > running.best {
        Some(Action::Progress {
            best: status.updated_ready,
        })
    } else {
        None
    }
}

/// What may be given back: only what the cluster has shown to be gone. A suspended service keeps what it
/// holds, so that resuming cannot fail.
fn free(desired: &Desired, observed: &Observed) -> Option<Action> {
    let seen = observed.applied.is_none() || observed.status.generation == observed.generation;
    if desired.suspended || desired.reserving || !seen {
        return None;
    }
    let held = observed.held.shrunk(
        desired.shape.replicas,
        desired.requests,
        observed.status,
        desired.shape.paused,
    );
    (held != observed.held).then_some(Action::Free { held })
}

impl Observed {
    /// What is observed after an action was taken.
    pub fn take(&mut self, action: Action) {
        match action {
            Action::Apply {
                shape, generation, ..
            } => {
                self.applied = Some(shape);
                self.generation = generation;
            }
            Action::Delete => self.deleted = true,
            Action::Progress { best } => {
                if let Some(running) = &mut self.running {
                    running.best = best;
                }
            }
            Action::Complete => self.running = None,
            Action::Free { held } => self.held = held,
        }
    }
}
