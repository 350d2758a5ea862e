//! The laboratory: scenarios that people keep, and runs of them.
//!
//! Guarantees: a run gives the hash that `nimbus replay` gives for the same file, seed and settings; it
//! touches neither the machines nor the cluster of the service; it is bounded in time, and so is the number
//! of runs. Never: reads a file of the server for somebody.

mod run;
mod scenario;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nimbus_core::ids::{ReportId, RunId, ScenarioId};
use nimbus_core::store::StoreError;
use nimbus_sim::report::{Document, Format};
use tokio::sync::Semaphore;

pub use run::{Driver, RunFacts, RunState, Wish};
pub use scenario::{Checked, Summary, Wrong, check, explain, from_json};

use crate::runtime;
use crate::store::{ReportRow, RunRow, ScenarioRow, Store};
use run::Control;

/// Runs at the same time.
pub const AT_ONCE: usize = 2;

/// Runs that wait or run.
pub const RUNS_MAX: usize = 64;

/// Longest time that a run may compute.
pub const BUDGET: Duration = Duration::from_secs(300);

/// Why the laboratory did not do something.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The scenario or the settings are wrong.
    #[error("the scenario is wrong")]
    Wrong(Vec<Wrong>),
    /// As many runs as may wait or run.
    #[error("{RUNS_MAX} runs wait or run already")]
    Full,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is kept cannot be read.
    #[error("what is kept cannot be read: {0}")]
    Kept(String),
}

/// Scenarios, runs and reports. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Lab {
    store: Store,
    places: Arc<Semaphore>,
    active: Arc<Mutex<BTreeMap<RunId, Arc<Control>>>>,
}

impl Lab {
    /// A laboratory that keeps its rows here.
    #[must_use]
    pub fn new(store: Store) -> Lab {
        Lab {
            store,
            places: Arc::new(Semaphore::new(AT_ONCE)),
            active: Arc::default(),
        }
    }

    /// Keeps a scenario: blocks. An existing row is replaced and gets the next version.
    ///
    /// # Errors
    /// It is wrong, or the store failed.
    pub fn keep(
        &self,
        toml: String,
        by: &str,
        old: Option<&ScenarioRow>,
    ) -> Result<(ScenarioRow, Vec<String>), LabError> {
        let checked = check(&toml).map_err(LabError::Wrong)?;
        let row = ScenarioRow {
            id: old.map_or_else(|| ScenarioId(fresh()), |old| old.id),
            name: checked.summary.name.as_str().into(),
            hash: checked.summary.hash.as_str().into(),
            by: old.map_or_else(|| by.into(), |old| Arc::clone(&old.by)),
            data: text_of(&checked.summary)?,
            version: old.map_or(1, |old| old.version + 1),
            created_at: old.map_or_else(runtime::now, |old| old.created_at),
            toml,
        };
        self.store.put_scenario(&row)?;
        Ok((row, checked.warnings))
    }

    /// Begins a run of a scenario: checks it, keeps the row, and computes beside the async threads. Blocks
    /// for the check; must be called within a runtime.
    ///
    /// # Errors
    /// The settings are wrong, too many runs wait, or the store failed.
    pub fn begin(&self, scenario: &ScenarioRow, wish: &Wish, by: &str) -> Result<RunRow, LabError> {
        let job = run::prepare_job(&scenario.toml, wish).map_err(LabError::Wrong)?;
        let id = RunId(fresh());
        let control = Arc::new(Control::new(job.facts()));
        {
            let mut active = self.lock();
            if active.len() >= RUNS_MAX {
                return Err(LabError::Full);
            }
            active.insert(id, Arc::clone(&control));
        }
        let row = RunRow {
            id,
            scenario: Some(scenario.id),
            state: RunState::Queued.as_str().into(),
            by: by.into(),
            data: text_of(&control.facts())?,
            created_at: runtime::now(),
        };
        if let Err(error) = self.store.put_run(&row) {
            self.lock().remove(&id);
            return Err(error.into());
        }
        let lab = self.clone();
        let kept = row.clone();
        let work = async move {
            // the semaphore is never closed
            let place = Arc::clone(&lab.places).acquire_owned().await;
            let (computing, watched) = (lab.clone(), Arc::clone(&control));
            let row = kept.clone();
            let done = runtime::blocking(move || {
                computing.compute(row, &job, &watched);
                drop(place);
            });
            if done.await.is_err() {
                control.failed("internal", "the run panicked, which is a defect");
                // what cannot be kept is logged
                let _ = runtime::blocking(move || lab.close(kept, &control)).await;
            }
        };
        drop(runtime::spawn(work));
        Ok(row)
    }

    /// Computes a run and keeps how it ended.
    fn compute(&self, mut row: RunRow, job: &run::Job, control: &Control) {
        row.state = RunState::Running.as_str().into();
        self.put(&mut row, control);
        let document = control.compute(job);
        if let Some(document) = document {
            let report = ReportRow {
                id: ReportId(fresh()),
                kind: "replay".into(),
                run: Some(row.id),
                by: Arc::clone(&row.by),
                content_hash: run::sha256(&document).into(),
                document,
                created_at: runtime::now(),
            };
            match self.store.put_report(&report) {
                Ok(()) => control.reported(report.id),
                Err(error) => control.failed("report", &error.to_string()),
            }
        }
        self.close(row, control);
    }

    /// Keeps how a run ended.
    fn close(&self, mut row: RunRow, control: &Control) {
        row.state = control.facts().state.as_str().into();
        self.put(&mut row, control);
        self.lock().remove(&row.id);
    }

    fn put(&self, row: &mut RunRow, control: &Control) {
        if let Ok(text) = text_of(&control.facts()) {
            row.data = text;
        }
        if let Err(error) = self.store.put_run(row) {
            tracing::warn!(run = %row.id, %error, "the state of a run could not be kept");
        }
    }

    /// How a run stands: as it is now while it is computed, else as it was kept. One that a stop of the
    /// process broke off is failed. May block.
    ///
    /// # Errors
    /// What is kept cannot be read.
    pub fn stands(&self, row: &RunRow) -> Result<RunFacts, LabError> {
        if let Some(control) = self.lock().get(&row.id) {
            return Ok(control.facts());
        }
        let facts = kept(row)?;
        if facts.state.ended() {
            return Ok(facts);
        }
        // it may have ended since the row was read: how it ended is kept before it is forgotten here
        let present = self.store.run(row.id)?;
        let mut facts = present.as_ref().map_or(Ok(facts), kept)?;
        if !facts.state.ended() {
            facts.state = RunState::Failed;
            facts.error = Some(run::Failure {
                code: "interrupted".to_owned(),
                detail: "the service stopped while it ran".to_owned(),
            });
        }
        Ok(facts)
    }

    /// Asks a run to stop; whether it was waiting or running.
    #[must_use]
    pub fn cancel(&self, id: RunId) -> bool {
        let active = self.lock();
        let control = active.get(&id);
        control.is_some_and(|control| {
            control.cancel();
            true
        })
    }

    /// A kept report in another format; `None` for a format that is not known.
    ///
    /// # Errors
    /// What is kept cannot be read.
    pub fn render(
        row: &ReportRow,
        format: &str,
    ) -> Result<Option<(String, &'static str)>, LabError> {
        let Some(format) = word(format) else {
            return Ok(None);
        };
        let document = Document::from_json(&row.document)
            .map_err(|error| LabError::Kept(error.to_string()))?;
        let media = match format {
            Format::Json => "application/json",
            Format::Csv => "text/csv; charset=utf-8",
            Format::Markdown => "text/markdown; charset=utf-8",
            Format::Html => "text/html; charset=utf-8",
            Format::Text => "text/plain; charset=utf-8",
        };
        Ok(Some((document.render(format, false), media)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<RunId, Arc<Control>>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn kept(row: &RunRow) -> Result<RunFacts, LabError> {
    serde_json::from_str(&row.data).map_err(|error| LabError::Kept(error.to_string()))
}

/// A format by its word in the API.
fn word(format: &str) -> Option<Format> {
    match format {
        "md" => Some(Format::Markdown),
        word => Format::from_word(word),
    }
}

/// 128 fresh bits for an id.
fn fresh() -> u128 {
    u128::from_le_bytes(runtime::random_bytes::<16>())
}

fn text_of(value: &impl serde::Serialize) -> Result<String, LabError> {
    serde_json::to_string(value).map_err(|error| LabError::Kept(error.to_string()))
}
