//! A rollout as it is shown.

use nimbus_core::store::workload::Rollout as Row;
use nimbus_core::workload::Clock;
use serde::Serialize;
use utoipa::ToSchema;

use super::word;
use crate::store::ServiceView;

/// A rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rollout {
    /// Its id.
    #[schema(example = "rol-01hx0000000000000000000000")]
    pub id: String,
    /// Whose.
    #[schema(example = "svc-01hx0000000000000000000000")]
    pub service_id: String,
    /// The revision that it brings.
    #[schema(example = 2)]
    pub revision: u32,
    /// The revision before; null for the first.
    pub from_revision: Option<u32>,
    /// `deploy`, `rollback` or `restart`.
    #[schema(example = "deploy")]
    pub cause: String,
    /// `pending`, `progressing`, `complete`, `failed` or `superseded`.
    #[schema(example = "progressing")]
    pub state: String,
    /// Replicas wanted; null once a newer one has begun.
    pub desired: Option<u32>,
    /// Replicas of the revision; null once a newer one has begun.
    pub updated: Option<u32>,
    /// Ready replicas of the revision; null once a newer one has begun.
    pub ready: Option<u32>,
    /// Whether it stands still.
    pub paused: bool,
    /// What a person should know.
    pub message: Option<String>,
    /// When it fails without a new ready replica; null while that stands still and at the end.
    pub deadline_at: Option<String>,
    /// When it was made.
    pub started_at: String,
    /// When it ended.
    pub ended_at: Option<String>,
}

impl Rollout {
    /// Shows a row of a service.
    #[must_use]
    pub fn of(row: &Row, service: &ServiceView) -> Rollout {
        let present = row.number == service.row.rollout;
        let seen = service.observed;
        let clock = match row.progress.clock {
            Clock::Runs(at) if !row.state.ended() => Some(at.to_string()),
            Clock::Runs(_) | Clock::Still(_) => None,
        };
        Rollout {
            id: row.id.to_string(),
            service_id: service.row.id.to_string(),
            revision: row.revision,
            from_revision: row.from,
            cause: word(&row.cause),
            state: word(&row.state),
            desired: present.then_some(service.row.desired),
            updated: present.then_some(seen.updated),
            ready: present.then_some(seen.updated_ready),
            paused: row.paused,
            message: row.message().map(str::to_owned),
            deadline_at: clock,
            started_at: row.started_at.to_string(),
            ended_at: row.ended_at.map(|at| at.to_string()),
        }
    }
}
