//! Who, what, when: the head of every report, its answer, what was expected, and what the run took.

use nimbus_core::explain::ScoreKind;
use serde::{Deserialize, Serialize};

use super::exact::{Currency, Money, Stamp};

/// The version of the JSON that this build writes. One that is newer is refused.
pub const FORMAT_VERSION: u32 = 1;

/// One key of a scenario and what it was set to.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Dotted key.
    pub key: String,
    /// Its value, as in TOML.
    pub value: String,
}

/// Where a report comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Version of this JSON, [`FORMAT_VERSION`].
    pub format_version: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// One line on what it shows.
    pub title: String,
    /// SHA-256 of the resolved scenario, its traces included, in hex.
    pub scenario_hash: String,
    /// Seed of all random streams.
    pub seed: u64,
    /// What was changed on the command line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<Setting>,
    /// How nodes were ranked.
    pub score: ScoreKind,
    /// Version of the build that decided.
    pub build: String,
    /// Virtual time at which it begins.
    pub start: Stamp,
    /// Virtual time that was simulated, in milliseconds.
    pub duration_ms: i64,
    /// Virtual time before which nothing counts for rates and percentiles, in milliseconds.
    pub warm_up_ms: i64,
    /// Events that were processed.
    pub events: u64,
    /// The run's hash, in hex.
    pub event_hash: String,
    /// What money is in.
    pub currency: Currency,
    /// Why the run ended early; `None`: it is complete.
    pub partial: Option<String>,
}

impl Default for Header {
    fn default() -> Header {
        Header {
            format_version: FORMAT_VERSION,
            scenario: String::new(),
            title: String::new(),
            scenario_hash: String::new(),
            seed: 0,
            set: Vec::new(),
            score: ScoreKind::default(),
            build: String::new(),
            start: Stamp::default(),
            duration_ms: 0,
            warm_up_ms: 0,
            events: 0,
            event_hash: String::new(),
            currency: Currency::default(),
            partial: None,
        }
    }
}

/// Nodes over the run and what they cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodesNeeded {
    /// Name of the pool, or `all`.
    pub pool: String,
    /// Half of the time at most so many.
    pub nodes_p50: u64,
    /// 95 % of the time at most so many.
    pub nodes_p95: u64,
    /// Most at once.
    pub nodes_peak: u64,
    /// No packing can do with fewer at the peak; `None`: not computed.
    pub lower_bound: Option<u64>,
    /// Cost over the run.
    pub cost: Money,
    /// The same rate for 30 days.
    pub cost_30d: Money,
}

/// One promise of `[slo]`, and whether it was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// What was promised: `99 % of pods are bound within`.
    pub what: String,
    /// The limit, with its unit.
    pub promised: String,
    /// What the run gave, with its unit.
    pub found: String,
    /// Whether it was kept.
    pub ok: bool,
}

/// Which resource is short first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// `cpu`, `memory` or `pods`.
    pub resource: String,
    /// Its largest share of what was allocatable, in ppm.
    pub peak_ppm: u64,
}

/// What the run was for, first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Sentences that stand before those made from the figures. Usually none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headline: Vec<String>,
    /// All pools together.
    pub all: NodesNeeded,
    /// Each pool, in order of the scenario.
    pub pools: Vec<NodesNeeded>,
    /// The promises; empty: none was given.
    pub slo: Vec<Promise>,
    /// What binds; `None`: nothing was requested.
    pub binding: Option<Binding>,
}

impl Answer {
    /// Whether every promise was kept; `None` without promises.
    #[must_use]
    pub fn slo_met(&self) -> Option<bool> {
        (!self.slo.is_empty()).then(|| self.slo.iter().all(|promise| promise.ok))
    }
}

/// One line of `[expect]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// Its key, in words: `peak nodes`.
    pub text: String,
    /// What the scenario asks for: `at most 1,000`.
    pub expected: String,
    /// What the run gave.
    pub found: String,
    /// Whether it holds.
    pub ok: bool,
}

/// What may differ between two runs of the same input. It stands in JSON under `run` and nowhere else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Time on the wall.
    pub wall_ms: u64,
    /// Cpu time, all threads.
    pub cpu_ms: u64,
    /// Events per second of wall time.
    pub events_per_s: u64,
    /// Largest memory in use, in bytes; 0: unknown.
    pub peak_rss_bytes: u64,
    /// The machine: processor and count of cores.
    pub host: String,
    /// `off`, `touched` or `full`.
    pub oracles: String,
    /// `fast` or `actors`.
    pub driver: String,
    /// Threads that ran.
    pub threads: u32,
}
