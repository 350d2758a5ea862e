//! The status of a service, cheap to poll: one look answers where it stands and why.

use nimbus_core::explain::Decision;
use nimbus_core::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use super::logs::Line;
use super::replica::{Replica, name};
use super::rollout::Rollout;
use super::services::last_error;
use crate::store::{DecisionRow, Phase, ReplicaView, ServiceView};

/// A replica in a status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Pod {
    /// Its name.
    #[schema(example = "api-17")]
    pub name: String,
    /// The revision that it is of; null if that is not known.
    pub revision: Option<u32>,
    /// Its node; null while it waits.
    #[schema(example = "node-a")]
    pub node: Option<String>,
    /// `pending`, `starting` or `ready`.
    #[schema(example = "ready")]
    pub phase: &'static str,
    /// How often it was started again.
    pub restarts: u32,
    /// Seconds since it was made.
    #[schema(example = 180)]
    pub age_s: i64,
    /// Why it stands where it stands.
    pub reason: Option<String>,
}

/// A replica that waits for a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Waiting {
    /// Its name.
    #[schema(example = "api-18")]
    pub replica: String,
    /// Why.
    #[schema(example = "no node: cpu removed 3 of 3")]
    pub reason: String,
    /// The decision that says more; null before there is one.
    pub decision_id: Option<String>,
}

/// The rollout in a status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatusRollout {
    /// Its id.
    #[schema(example = "rol-01hx0000000000000000000000")]
    pub id: String,
    /// Its state.
    #[schema(example = "progressing")]
    pub state: String,
    /// Whether it stands still.
    pub paused: bool,
    /// When it was made.
    pub started_at: String,
    /// When it fails without a new ready replica.
    pub deadline_at: Option<String>,
    /// What a person should know.
    pub message: Option<String>,
}

/// Where a service stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ServiceStatus)]
pub struct Status {
    /// Whose.
    #[schema(example = "svc-01hx0000000000000000000000")]
    pub service_id: String,
    /// Its state.
    #[schema(example = "progressing")]
    pub status: &'static str,
    /// Number of its current revision.
    #[schema(example = 2)]
    pub revision: u32,
    /// Replicas wanted.
    #[schema(example = 3)]
    pub replicas: u32,
    /// Replicas of the current revision.
    #[schema(example = 2)]
    pub updated: u32,
    /// Ready replicas.
    #[schema(example = 2)]
    pub ready: u32,
    /// Replicas that serve.
    #[schema(example = 2)]
    pub available: u32,
    /// Its last rollout; null if there was none.
    pub rollout: Option<StatusRollout>,
    /// Its replicas that have not ended.
    pub pods: Vec<Pod>,
    /// Those that wait for a node.
    pub waiting: Vec<Waiting>,
    /// What went wrong last, while it stands.
    pub last_error: Option<String>,
    /// The last lines, if something went wrong.
    pub last_log_lines: Vec<Line>,
}

/// All that a status is made of.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The service.
    pub service: &'a ServiceView,
    /// Its replicas.
    pub replicas: &'a [ReplicaView],
    /// The last decision about replicas of it that wait.
    pub wait: Option<&'a DecisionRow>,
    /// What its replicas said last.
    pub lines: &'a [Line],
    /// The time.
    pub now: Time,
}

impl Status {
    /// Shows the facts.
    #[must_use]
    pub fn of(facts: &Facts<'_>) -> Status {
        let view = facts.service;
        let living = || {
            let replicas = facts.replicas.iter();
            replicas.filter(|replica| replica.phase != Phase::Finished)
        };
        let error = last_error(view);
        Status {
            service_id: view.row.id.to_string(),
            status: view.status.as_str(),
            revision: view.row.revision,
            replicas: view.row.desired,
            updated: view.observed.updated,
            ready: view.observed.ready,
            available: view.observed.ready,
            rollout: view.rollout.as_ref().map(|row| rollout(row, view)),
            pods: living().map(|row| pod(row, view, facts.now)).collect(),
            waiting: living()
                .filter(|replica| replica.phase == Phase::Pending)
                .map(|replica| waiting(replica, view, facts.wait))
                .collect(),
            last_log_lines: match error {
                Some(_) => facts.lines.to_vec(),
                None => Vec::new(),
            },
            last_error: error,
        }
    }
}

fn rollout(row: &nimbus_core::store::workload::Rollout, view: &ServiceView) -> StatusRollout {
    let shown = Rollout::of(row, view);
    StatusRollout {
        id: shown.id,
        state: shown.state,
        paused: shown.paused,
        started_at: shown.started_at,
        deadline_at: shown.deadline_at,
        message: shown.message,
    }
}

fn pod(row: &ReplicaView, view: &ServiceView, now: Time) -> Pod {
    let shown = Replica::of(row, &view.row.name, now);
    Pod {
        name: shown.name,
        revision: shown.revision,
        node: shown.node,
        phase: shown.phase,
        restarts: shown.restarts,
        age_s: shown.age_s,
        reason: shown.reason,
    }
}

fn waiting(row: &ReplicaView, view: &ServiceView, wait: Option<&DecisionRow>) -> Waiting {
    let said = wait.map(|row| (row, &row.decision));
    let reason = match said {
        Some((_, Decision::Wait(wait))) => reason(wait),
        _ => "no decision yet".to_owned(),
    };
    Waiting {
        replica: name(&view.row.name, row.pod.0),
        reason,
        decision_id: said.map(|(row, _)| row.id.to_string()),
    }
}

/// Which filters removed how many nodes.
fn reason(wait: &nimbus_core::explain::Wait) -> String {
    let removed = |filter: nimbus_core::explain::Filter| {
        let count = wait.removed.by(filter);
        (count > 0).then(|| format!("{} removed {count} of {}", filter.as_str(), wait.nodes))
    };
    let parts: Vec<String> = nimbus_core::explain::Filter::ALL
        .into_iter()
        .filter_map(removed)
        .collect();
    if parts.is_empty() {
        "no node".to_owned()
    } else {
        format!("no node: {}", parts.join(", "))
    }
}
