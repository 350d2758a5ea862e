//! The autoscaler's state and what it does with each input.

use super::Input;
use crate::machine::{Machine, Outbox};
use crate::store::autoscaler::Row;
use crate::time::{Span, Time};

/// What the installation sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// A sample older than this is no metric. At least twice the sample period; see [`Config::for_samples`].
    pub stale_after: Span,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            stale_after: Span::from_secs(90),
        }
    }
}

impl Config {
    /// The configuration for samples that come once per `period`: valid for 90 s or two periods, whichever is
    /// longer, so that a single lost sample is not yet a missing metric.
    #[must_use]
    pub fn for_samples(period: Span) -> Config {
        let two = Span(period.0.saturating_mul(2));
        Config {
            stale_after: two.max(Config::default().stale_after),
        }
    }
}

/// The autoscaler.
#[derive(Clone, Debug, Default)]
pub struct Autoscaler {
    config: Config,
}

impl Autoscaler {
    /// One that watches nothing.
    #[must_use]
    pub fn new(config: Config) -> Autoscaler {
        Autoscaler { config }
    }

    /// One that goes on from its rows, in order of their keys; re-arms its timers.
    #[must_use]
    pub fn restore(config: Config, rows: Vec<Row>, now: Time, out: &mut Outbox) -> Autoscaler {
        let _ = (rows, now, out);
        Autoscaler::new(config)
    }

    /// Looks that found no metric, since the start of the process.
    #[must_use]
    pub fn missing_metrics(&self) -> u64 {
        let _ = self.config;
        0
    }
}

impl Machine for Autoscaler {
    type Input = Input;

    fn handle(&mut self, _now: Time, _input: Input, _out: &mut Outbox) {}
}
