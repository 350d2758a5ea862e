//! Runs: a scenario, made ready, driven to its end, summed up.

mod arrivals;
mod demand;
mod feed;
mod figures;
mod ready;
mod sample;
mod served;
mod summary;

use nimbus_core::digest::EventHash;
use nimbus_core::time::{Span, Time};

pub use feed::{Feed, first_deploy, new_tenant};
pub use figures::Figures;
pub use ready::{Data, Prepared, Source, Unready};
pub use sample::{Sample, Sampler};
pub use served::{Known, Served};

use crate::driver::{Driver, Fault, Step};
use crate::oracle::{Mode, Oracle};
use crate::record::Recorder;
use crate::report::Report;
use crate::store::MemoryStore;
use crate::world::World;

/// Groups between two reports of progress.
pub const PROGRESS_EVERY: u64 = 2_048;

/// How a scenario is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Seed instead of the scenario's.
    pub seed: Option<u64>,
    /// Count from here on, as a span from the start; before it all is simulated.
    pub from: Option<Span>,
    /// Stop here, as a span from the start.
    pub until: Option<Span>,
    /// Which invariants are checked.
    pub oracles: Mode,
    /// Keep all decisions.
    pub keep_all: bool,
    /// Keep the trace.
    pub trace: bool,
    /// Keep the rows of a store.
    pub store: bool,
}

impl Options {
    /// What a person gets: the touched invariants are checked.
    #[must_use]
    pub fn normal() -> Options {
        Options {
            seed: None,
            from: None,
            until: None,
            oracles: Mode::Touched,
            keep_all: false,
            trace: false,
            store: false,
        }
    }

    /// What sweeps and searches use: nothing is checked.
    #[must_use]
    pub fn quick() -> Options {
        Options {
            oracles: Mode::Off,
            ..Options::normal()
        }
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Virtual time since the start.
    pub done: Span,
    /// Virtual time in all.
    pub total: Span,
    /// Deliveries handled.
    pub events: u64,
}

/// A run that has ended.
#[derive(Debug)]
pub struct Done {
    /// Its report.
    pub report: Report,
    /// Its figures.
    pub figures: Figures,
    /// Its trace, if it was kept.
    pub trace: Option<Vec<Step>>,
}

/// Runs a scenario. `progress` is asked now and then whether to go on; if not, the report is partial and
/// says so.
///
/// # Errors
/// See [`Fault`].
pub fn run(
    prepared: &Prepared,
    options: &Options,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<Done, Fault> {
    let mut running = Running::new(prepared, options);
    running.finish(progress)
}

/// Runs a scenario for its figures alone: what sweeps and searches need. Gives the figures, the run's hash
/// and the number of its events.
///
/// # Errors
/// See [`Fault`].
pub fn figures(prepared: &Prepared, options: &Options) -> Result<(Figures, EventHash, u64), Fault> {
    let mut running = Running::new(prepared, options);
    running.drive(&mut |_| true)?;
    let figures = summary::figures(&running);
    Ok((
        figures,
        running.driver.hash(),
        running.driver.conductor.events(),
    ))
}

/// A run on its way.
#[derive(Debug)]
pub struct Running {
    /// What runs.
    pub driver: Driver<Feed>,
    pub(crate) prepared: Prepared,
    pub(crate) options: Options,
    pub(crate) sampler: Sampler,
    pub(crate) end: Time,
    pub(crate) partial: Option<String>,
}

impl Running {
    /// A run at its beginning.
    #[must_use]
    pub fn new(prepared: &Prepared, options: &Options) -> Running {
        let scenario = &prepared.scenario;
        let seed = options.seed.unwrap_or(scenario.head.seed);
        let from = scenario.time(options.from.unwrap_or(scenario.head.warm_up));
        let end = options.until.map_or(scenario.end(), |until| {
            scenario.time(until).min(scenario.end())
        });
        let config = prepared.machines();
        let oracle = Oracle::new(options.oracles, scenario.head.start);
        let world = World::new(prepared.world(seed), scenario.head.start);
        let feed = Feed::new(prepared, seed);
        let mut recorder = Recorder::new(from);
        recorder.keep_all = options.keep_all;
        let mut driver = Driver::new(seed, config, world, feed, recorder, oracle);
        driver.store = options.store.then(MemoryStore::new);
        driver.trace = options.trace.then(Vec::new);
        let sampler = Sampler::new(scenario, from, end);
        Running {
            driver,
            prepared: prepared.clone(),
            options: options.clone(),
            sampler,
            end,
            partial: None,
        }
    }

    /// The instant of the next group, sampled up to it; nothing when there is none before the end.
    pub fn ahead(&mut self) -> Option<Time> {
        let now = self.driver.next().filter(|now| *now < self.end)?;
        self.sampler.until(now, &self.driver);
        Some(now)
    }

    /// Whether [`Running::ahead`] will look at the machines.
    #[must_use]
    pub fn samples(&self) -> bool {
        let next = self.driver.next().unwrap_or(self.end);
        self.sampler.due() <= next.min(self.end)
    }

    /// Takes note of a group that was run.
    pub fn behind(&mut self, now: Time) {
        self.sampler.settled(now, &self.driver);
    }

    /// Runs the next group; false when there is none before the end.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn step(&mut self) -> Result<bool, Fault> {
        let Some(now) = self.ahead() else {
            return Ok(false);
        };
        self.driver.group(now)?;
        self.behind(now);
        Ok(true)
    }

    /// Runs to the end and sums up.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn finish(&mut self, progress: &mut dyn FnMut(Progress) -> bool) -> Result<Done, Fault> {
        self.drive(progress)?;
        Ok(summary::done(self))
    }

    /// Sums up a run whose groups were driven from elsewhere.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn sum_up(&mut self) -> Result<Done, Fault> {
        self.close()?;
        Ok(summary::done(self))
    }

    /// Ends the run at the last group: the report is partial and says so.
    pub fn interrupt(&mut self) {
        let now = self.driver.conductor.now();
        self.partial = Some(format!("interrupted at {now}"));
        self.end = now;
    }

    fn drive(&mut self, progress: &mut dyn FnMut(Progress) -> bool) -> Result<(), Fault> {
        let mut groups = 0u64;
        while self.step()? {
            groups += 1;
            if groups.is_multiple_of(PROGRESS_EVERY) && !progress(self.progress()) {
                self.interrupt();
                break;
            }
        }
        self.close()
    }

    fn close(&mut self) -> Result<(), Fault> {
        self.sampler.close(self.end, &self.driver);
        self.driver.finish(self.end)
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let start = self.prepared.scenario.head.start;
        Progress {
            done: self.driver.conductor.now().since(start),
            total: self.end.since(start),
            events: self.driver.conductor.events(),
        }
    }
}
