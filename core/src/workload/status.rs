//! States that are derived, never stored: of a service, of an app, of a revision (`domain.md` 4.2–4.4).

use serde::{Deserialize, Serialize};

use super::plan::is_complete;
use crate::cluster::DeploymentStatus;
use crate::store::workload::{Rollout, RolloutState};

/// State of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceStatus {
    /// Not applied yet.
    Pending,
    /// A rollout or a scale is under way.
    Progressing,
    /// As many ready replicas as wanted.
    Ready,
    /// Fewer, or the last rollout failed while others serve.
    Degraded,
    /// The last rollout failed and nothing serves.
    Failed,
    /// Nothing is wanted and nothing is there.
    Stopped,
    /// Going away.
    Deleting,
    /// Only a tombstone is left.
    Gone,
}

impl ServiceStatus {
    /// The state's word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ServiceStatus::Pending => "pending",
            ServiceStatus::Progressing => "progressing",
            ServiceStatus::Ready => "ready",
            ServiceStatus::Degraded => "degraded",
            ServiceStatus::Failed => "failed",
            ServiceStatus::Stopped => "stopped",
            ServiceStatus::Deleting => "deleting",
            ServiceStatus::Gone => "gone",
        }
    }
}

/// What the state of a service follows from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Deletion was asked for.
    pub deleting: bool,
    /// Nothing is left.
    pub gone: bool,
    /// Whether it was ever applied.
    pub applied: bool,
    /// Replicas wanted.
    pub desired: u32,
    /// What the cluster said last.
    pub status: DeploymentStatus,
    /// State of its last rollout.
    pub rollout: Option<RolloutState>,
    /// Scaled, and not all were ready since.
    pub scaling: bool,
}

/// State of a service; the first match wins.
#[must_use]
pub fn service_status(facts: &Facts) -> ServiceStatus {
    let status = &facts.status;
    let failed = facts.rollout == Some(RolloutState::Failed);
    let running = facts.rollout.is_some_and(|state| !state.ended());
    if facts.gone {
        ServiceStatus::Gone
    } else if facts.deleting {
        ServiceStatus::Deleting
    } else if !facts.applied {
        ServiceStatus::Pending
    } else if running {
        ServiceStatus::Progressing
    } else if facts.desired == 0 && status.total == 0 {
        ServiceStatus::Stopped
    } else if failed && !is_complete(status, facts.desired) {
        if status.ready > 0 {
            ServiceStatus::Degraded
        } else {
            ServiceStatus::Failed
        }
    } else if facts.scaling {
        ServiceStatus::Progressing
    } else if status.ready >= facts.desired {
        ServiceStatus::Ready
    } else {
        ServiceStatus::Degraded
    }
}

/// State of an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppStatus {
    /// No service, or nothing observed yet.
    Pending,
    /// A rollout is running.
    Provisioning,
    /// All is well.
    Ready,
    /// A service is degraded.
    Degraded,
    /// A service failed.
    Error,
    /// It or all its services are going away.
    Deleting,
}

impl AppStatus {
    /// The state's word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            AppStatus::Pending => "pending",
            AppStatus::Provisioning => "provisioning",
            AppStatus::Ready => "ready",
            AppStatus::Degraded => "degraded",
            AppStatus::Error => "error",
            AppStatus::Deleting => "deleting",
        }
    }
}

/// State of an app by those of its services, tombstones left out; the first match wins. `deleting`: the app
/// itself was asked to go.
#[must_use]
pub fn app_status(deleting: bool, services: impl IntoIterator<Item = ServiceStatus>) -> AppStatus {
    let mut counts = [0u32; 8];
    let mut all = 0;
    for status in services {
        if status != ServiceStatus::Gone {
            counts[status as usize] += 1;
            all += 1;
        }
    }
    let count = |status: ServiceStatus| counts[status as usize];
    if deleting || (all > 0 && count(ServiceStatus::Deleting) == all) {
        AppStatus::Deleting
    } else if count(ServiceStatus::Failed) > 0 {
        AppStatus::Error
    } else if count(ServiceStatus::Degraded) > 0 {
        AppStatus::Degraded
    } else if count(ServiceStatus::Progressing) > 0 {
        AppStatus::Provisioning
    } else if count(ServiceStatus::Pending) == all {
        AppStatus::Pending
    } else {
        AppStatus::Ready
    }
}

/// Phase of a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Its rollout has not ended.
    Pending,
    /// Its rollout completed last.
    Active,
    /// Another one is active, or came before it could be.
    Superseded,
    /// Its rollout failed and it was never active.
    Failed,
}

/// Phase of a revision, by the service's active revision and the rollouts that are kept.
#[must_use]
pub fn phase<'a>(
    revision: u32,
    active: Option<u32>,
    rollouts: impl IntoIterator<Item = &'a Rollout>,
) -> Phase {
    if active == Some(revision) {
        return Phase::Active;
    }
    let (mut complete, mut failed) = (false, false);
    for rollout in rollouts.into_iter().filter(|r| r.revision == revision) {
        match rollout.state {
            RolloutState::Pending | RolloutState::Progressing => return Phase::Pending,
            RolloutState::Complete => complete = true,
            RolloutState::Failed => failed = true,
            RolloutState::Superseded => {}
        }
    }
    if failed && !complete {
        Phase::Failed
    } else {
        Phase::Superseded
    }
}
