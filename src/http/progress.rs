//! How far slow work is: read from what it works on, never stored.

use std::time::Duration;

use nimbus_core::ids::{AppId, RolloutId, RunId, ServiceId, TenantId};
use nimbus_core::store::StoreError;
use nimbus_core::store::workload::{Rollout, RolloutState};
use nimbus_core::tenant::Status;
use nimbus_core::time::Time;
use nimbus_core::workload::{AppStatus, ServiceStatus};
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::app::App;
use super::problem::Problem;
use crate::store::{OperationRow, Store, Visible};

/// Slow work is looked at again after so long, events or not.
pub(super) const LOOK: Duration = Duration::from_millis(500);

/// How slow work stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OperationState)]
pub enum State {
    /// Not begun.
    Pending,
    /// Under way.
    Running,
    /// Done.
    Succeeded,
    /// It did not work.
    Failed,
    /// Something else came first, or somebody stopped it.
    Cancelled,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How it stands.
    pub state: State,
    /// Percent of the way.
    pub percent: u32,
    /// What is wrong, if anything.
    pub error: Option<String>,
    /// When it ended, if it did.
    pub ended_at: Option<Time>,
    /// The rollout, if it is one that could be undone.
    pub undo: Option<Rollout>,
}

impl State {
    /// Whether it has ended.
    #[must_use]
    pub const fn ended(self) -> bool {
        matches!(self, State::Succeeded | State::Failed | State::Cancelled)
    }
}

impl Progress {
    fn of(state: State, at: Option<Time>) -> Progress {
        let percent = if state.ended() { 100 } else { 0 };
        Progress {
            state,
            percent,
            error: None,
            ended_at: at.filter(|_| state.ended()),
            undo: None,
        }
    }
}

/// How far an operation is.
///
/// # Errors
/// What the store answers.
pub fn progress(store: &Store, row: &OperationRow) -> Result<Progress, StoreError> {
    let target = &*row.target;
    if let Ok(id) = target.parse::<RolloutId>() {
        return rollout(store, id);
    }
    if let Ok(id) = target.parse::<TenantId>() {
        return tenant(store, row, id);
    }
    if let Ok(id) = target.parse::<ServiceId>() {
        return service(store, row, id);
    }
    if let Ok(id) = target.parse::<AppId>() {
        return app(store, id);
    }
    if let Ok(id) = target.parse::<RunId>() {
        return run(store, id);
    }
    // a target of another kind has nothing that could still be under way
    Ok(Progress::of(State::Succeeded, Some(row.started_at)))
}

fn rollout(store: &Store, id: RolloutId) -> Result<Progress, StoreError> {
    let Some(found) = store.rollout(&Visible::All, id)? else {
        return Ok(Progress::of(State::Cancelled, None));
    };
    let rollout = found.row;
    let state = match rollout.state {
        RolloutState::Pending => State::Pending,
        RolloutState::Progressing => State::Running,
        RolloutState::Complete => State::Succeeded,
        RolloutState::Failed => State::Failed,
        RolloutState::Superseded => State::Cancelled,
    };
    let mut progress = Progress::of(state, rollout.ended_at.or(Some(found.updated_at)));
    let failed = state == State::Failed;
    progress.error = failed.then(|| "the progress deadline passed".to_owned());
    progress.undo = (!state.ended() && rollout.from.is_some()).then_some(rollout);
    Ok(progress)
}

fn tenant(store: &Store, row: &OperationRow, id: TenantId) -> Result<Progress, StoreError> {
    let Some(found) = store.tenant(&Visible::All, &id.to_string())? else {
        return Ok(Progress::of(State::Cancelled, None));
    };
    let deletes = row.kind.ends_with(".delete");
    let state = match found.row.row.status {
        Status::Gone if deletes => State::Succeeded,
        Status::Deleting if deletes => State::Running,
        _ if deletes => State::Pending,
        Status::Gone | Status::Deleting => State::Cancelled,
        Status::Provisioning | Status::Error => State::Running,
        Status::Active | Status::Suspended => State::Succeeded,
    };
    let mut progress = Progress::of(state, Some(found.updated_at));
    let error = found.row.row.last_error.as_deref().map(str::to_owned);
    progress.error = error.filter(|_| found.row.row.status == Status::Error);
    Ok(progress)
}

fn service(store: &Store, row: &OperationRow, id: ServiceId) -> Result<Progress, StoreError> {
    let Some(found) = store.service(&Visible::All, &id.to_string())? else {
        return Ok(Progress::of(State::Cancelled, None));
    };
    if !row.kind.ends_with(".delete")
        && let Some(last) = found.row.rollout
    {
        return rollout(store, last.id);
    }
    let state = match found.row.status {
        ServiceStatus::Gone => State::Succeeded,
        _ => State::Running,
    };
    Ok(Progress::of(state, Some(found.updated_at)))
}

fn app(store: &Store, id: AppId) -> Result<Progress, StoreError> {
    let found = store.app(&Visible::All, &id.to_string())?;
    let state = match &found {
        Some(found) if found.row.status == AppStatus::Deleting => State::Running,
        _ => State::Succeeded,
    };
    Ok(Progress::of(state, found.map(|found| found.updated_at)))
}

fn run(store: &Store, id: RunId) -> Result<Progress, StoreError> {
    let Some(run) = store.run(id)? else {
        return Ok(Progress::of(State::Cancelled, None));
    };
    let state = match &*run.state {
        "queued" => State::Pending,
        "done" => State::Succeeded,
        "failed" => State::Failed,
        "cancelled" => State::Cancelled,
        _ => State::Running,
    };
    Ok(Progress::of(state, None))
}

impl App {
    /// Waits until slow work has ended, at most so long: for `Prefer: wait=10`. Without a wish it returns at
    /// once.
    ///
    /// # Errors
    /// See [`App::read`].
    pub async fn settle(
        &self,
        operation: Option<&OperationRow>,
        wait: Option<Duration>,
    ) -> Result<(), Problem> {
        let (Some(row), Some(wait)) = (operation, wait) else {
            return Ok(());
        };
        let end = Instant::now() + wait;
        let mut live = self.feed().subscribe();
        loop {
            let asked = row.clone();
            let progress = self.read(move |store| progress(store, &asked)).await?;
            let now = Instant::now();
            if progress.state.ended() || now >= end {
                return Ok(());
            }
            // an event may be what was waited for; a missed one is made up for by the next look
            let _ = tokio::time::timeout_at(end.min(now + LOOK), live.recv()).await;
        }
    }
}
