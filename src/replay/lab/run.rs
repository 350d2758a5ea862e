//! One run: what was wished, how far it is, how it ended.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use nimbus_core::ids::ReportId;
use nimbus_core::time::Span;
use nimbus_sim::report::Document;
use nimbus_sim::run::{self, Done, Options, Prepared, Progress};
use nimbus_sim::scenario::Override;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::BUDGET;
use super::scenario::{Wrong, hash, prepare};
use crate::replay::actors;
use crate::runtime::Stopwatch;

/// Which driver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Driver {
    /// A plain loop.
    #[default]
    Fast,
    /// The actors of production; the same hash, slower.
    Actors,
}

/// What run is wished for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Instead of the scenario's.
    pub seed: Option<u64>,
    /// Which driver.
    pub driver: Driver,
    /// Settings by dotted key, as `--set`.
    pub set: Vec<(String, String)>,
    /// Stops here, as a span from the start.
    pub until: Option<Span>,
}

/// State of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// It waits for its turn.
    Queued,
    /// It is computed.
    Running,
    /// It ran to its end.
    Done,
    /// It broke off.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

impl RunState {
    /// The state's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            RunState::Queued => "queued",
            RunState::Running => "running",
            RunState::Done => "done",
            RunState::Failed => "failed",
            RunState::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more happens to it.
    #[must_use]
    pub const fn ended(self) -> bool {
        !matches!(self, RunState::Queued | RunState::Running)
    }
}

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// `budget`, `violation`, `fault`, `interrupted`, `report`, `internal`.
    pub code: String,
    /// In a sentence.
    pub detail: String,
}

/// All that is known of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFacts {
    /// Hash of the scenario with its settings, hex.
    pub scenario_hash: String,
    /// The build that computes it.
    pub build_id: String,
    /// Its seed.
    pub seed: u64,
    /// Its driver.
    pub driver: Driver,
    /// How it stands.
    pub state: RunState,
    /// Virtual time since the start, seconds.
    pub virtual_now_s: i64,
    /// Virtual time in all, seconds.
    pub virtual_duration_s: i64,
    /// Deliveries handled.
    pub events: u64,
    /// Hash of the run, hex, once it has ended.
    pub event_hash: Option<String>,
    /// SHA-256 over the report, hex.
    pub result_hash: Option<String>,
    /// Its report.
    pub report_id: Option<ReportId>,
    /// Violated invariants, in words.
    pub violations: Vec<String>,
    /// Why it failed.
    pub error: Option<Failure>,
    /// How long it was computed.
    pub wall_ms: u64,
}

/// A run that can be computed.
#[derive(Debug)]
pub(super) struct Job {
    prepared: Prepared,
    options: Options,
    driver: Driver,
}

/// Reads the scenario with the settings.
pub(super) fn prepare_job(toml: &str, wish: &Wish) -> Result<Job, Vec<Wrong>> {
    let set: Vec<Override> = wish
        .set
        .iter()
        .map(|(key, value)| Override {
            key: key.clone(),
            value: value.clone(),
        })
        .collect();
    Ok(Job {
        prepared: prepare(toml, &set)?,
        options: Options {
            seed: wish.seed,
            until: wish.until,
            ..Options::normal()
        },
        driver: wish.driver,
    })
}

impl Job {
    pub(super) fn facts(&self) -> RunFacts {
        let scenario = &self.prepared.scenario;
        let duration = self.options.until.unwrap_or(scenario.head.duration);
        let duration = duration.min(scenario.head.duration);
        RunFacts {
            scenario_hash: hash(scenario),
            build_id: env!("CARGO_PKG_VERSION").to_owned(),
            seed: self.options.seed.unwrap_or(scenario.head.seed),
            driver: self.driver,
            state: RunState::Queued,
            virtual_now_s: 0,
            virtual_duration_s: duration.0 / 1_000_000,
            events: 0,
            event_hash: None,
            result_hash: None,
            report_id: None,
            violations: Vec::new(),
            error: None,
            wall_ms: 0,
        }
    }
}

/// A run that waits or is computed, as others see it.
#[derive(Debug)]
pub(super) struct Control {
    cancelled: AtomicBool,
    facts: Mutex<RunFacts>,
}

impl Control {
    pub(super) fn new(facts: RunFacts) -> Control {
        Control {
            cancelled: AtomicBool::new(false),
            facts: Mutex::new(facts),
        }
    }

    pub(super) fn facts(&self) -> RunFacts {
        self.lock().clone()
    }

    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// It ran to its end, and its report is kept: only now others see it done.
    pub(super) fn reported(&self, id: ReportId) {
        let mut facts = self.lock();
        facts.state = RunState::Done;
        facts.report_id = Some(id);
    }

    pub(super) fn failed(&self, code: &str, detail: &str) {
        let mut facts = self.lock();
        facts.state = RunState::Failed;
        facts.error = Some(Failure {
            code: code.to_owned(),
            detail: detail.to_owned(),
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, RunFacts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Computes the run; its report, if it ran to its end.
    pub(super) fn compute(&self, job: &Job) -> Option<String> {
        let clock = Stopwatch::start();
        if self.cancelled.load(Ordering::Relaxed) {
            self.lock().state = RunState::Cancelled;
            return None;
        }
        self.lock().state = RunState::Running;
        let mut over = false;
        let mut progress = |progress: Progress| {
            let mut facts = self.lock();
            facts.virtual_now_s = progress.done.0 / 1_000_000;
            facts.events = progress.events;
            facts.wall_ms = millis(&clock);
            over = clock.wall() > BUDGET;
            !over && !self.cancelled.load(Ordering::Relaxed)
        };
        let computed = drive(job, &mut progress);
        self.lock().wall_ms = millis(&clock);
        match computed {
            Err((code, detail)) => {
                if code == "violation" {
                    self.lock().violations.push(detail.clone());
                }
                self.failed(code, &detail);
            }
            Ok(_) if over => {
                let detail = format!("it took more than {} s", BUDGET.as_secs());
                self.failed("budget", &detail);
            }
            Ok(_) if self.cancelled.load(Ordering::Relaxed) => {
                self.lock().state = RunState::Cancelled;
            }
            Ok(done) => return Some(self.done(done)),
        }
        None
    }

    fn done(&self, done: Done) -> String {
        let header = &done.report.header;
        let (events, hash) = (header.events, header.event_hash.clone());
        let text = Document::from(done.report).to_json();
        let mut facts = self.lock();
        facts.virtual_now_s = facts.virtual_duration_s;
        facts.events = events;
        facts.event_hash = Some(hash);
        facts.result_hash = Some(sha256(&text));
        text
    }
}

type Broken = (&'static str, String);

fn drive(job: &Job, progress: &mut dyn FnMut(Progress) -> bool) -> Result<Done, Broken> {
    let fault = |fault: &nimbus_sim::driver::Fault| match fault {
        nimbus_sim::driver::Fault::Violation(violation) => ("violation", violation.to_string()),
        other => ("fault", other.to_string()),
    };
    match job.driver {
        Driver::Fast => {
            run::run(&job.prepared, &job.options, progress).map_err(|error| fault(&error))
        }
        Driver::Actors => {
            actors::run(&job.prepared, &job.options, progress).map_err(|error| match &error {
                actors::Unfinished::Fault(inner) => fault(inner),
                other => ("fault", other.to_string()),
            })
        }
    }
}

fn millis(clock: &Stopwatch) -> u64 {
    u64::try_from(clock.wall().as_millis()).unwrap_or(u64::MAX)
}

/// SHA-256 over a text, hex.
pub(super) fn sha256(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
