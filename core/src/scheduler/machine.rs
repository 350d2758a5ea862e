//! The machine: takes inputs, keeps the state, dispatches.

use super::config::Config;
use super::input::Input;
use crate::machine::{Machine, Outbox};
use crate::store::scheduler::Row;
use crate::time::Time;

/// The scheduler.
#[derive(Debug)]
pub struct Scheduler {
    config: Config,
}

impl Scheduler {
    /// A scheduler that has seen nothing yet.
    #[must_use]
    pub fn new(config: Config) -> Scheduler {
        Scheduler { config }
    }

    /// The scheduler that recorded these rows (in order of their keys); re-arms its timers.
    #[must_use]
    pub fn restore(config: Config, rows: Vec<Row>, now: Time, out: &mut Outbox) -> Scheduler {
        let _ = (rows, now, out);
        Scheduler::new(config)
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}

impl Machine for Scheduler {
    type Input = Input;

    fn handle(&mut self, now: Time, input: Input, out: &mut Outbox) {
        let _ = (now, input, out);
    }
}
