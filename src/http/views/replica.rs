//! A replica as it is shown.

use nimbus_core::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use super::{age, word};
use crate::store::{Phase, ReplicaView};

/// A copy of a service, as the cluster reported it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Replica {
    /// What the cluster calls it.
    #[schema(example = "17")]
    pub uid: String,
    /// Its name.
    #[schema(example = "api-17")]
    pub name: String,
    /// The revision that it is of; null if that is not known.
    #[schema(example = 2)]
    pub revision: Option<u32>,
    /// Its node; null while it waits.
    #[schema(example = "node-a")]
    pub node: Option<String>,
    /// `pending`, `starting`, `ready` or `finished`.
    #[schema(example = "ready")]
    pub phase: &'static str,
    /// How often it was started again.
    pub restarts: u32,
    /// Millicores that it uses; null without a metric.
    pub cpu_used_m: Option<u64>,
    /// MiB that it uses; null without a metric.
    pub memory_used_mb: Option<u64>,
    /// When it got its node.
    pub bound_at: Option<String>,
    /// Seconds since it was made, or that it lived.
    #[schema(example = 180)]
    pub age_s: i64,
    /// Why it ended.
    pub reason: Option<String>,
}

/// Name of a replica of the Deployment of this name.
#[must_use]
pub fn name(deployment: &str, pod: u64) -> String {
    format!("{deployment}-{pod}")
}

/// The word of a phase.
#[must_use]
pub fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Pending => "pending",
        Phase::Starting => "starting",
        Phase::Ready => "ready",
        Phase::Finished => "finished",
    }
}

impl Replica {
    /// Shows a row at a time.
    #[must_use]
    pub fn of(row: &ReplicaView, deployment: &str, now: Time) -> Replica {
        let end = row.finished.map_or(now, |(at, _)| at);
        Replica {
            uid: row.pod.to_string(),
            name: name(deployment, row.pod.0),
            revision: Some(row.revision).filter(|&revision| revision > 0),
            node: row.node_name.as_ref().map(ToString::to_string),
            phase: phase(row.phase),
            restarts: 0,
            cpu_used_m: None,
            memory_used_mb: None,
            bound_at: row.bound_at.map(|at| at.to_string()),
            age_s: age(row.pending_at, end),
            reason: row.finished.map(|(_, why)| word(&why)),
        }
    }
}
