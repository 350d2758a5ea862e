//! The trace of a run: one step a delivery, to look at and to compare.

use std::fmt::Write;

use nimbus_core::digest::EventHash;
use nimbus_core::machine::{Address, Class, Effect, Message};
use nimbus_core::time::Time;
use serde::{Deserialize, Serialize};

/// Steps that a trace keeps, the first ones: some hundred megabytes.
pub const STEPS_MAX: usize = 500_000;

/// One delivery: what came in, what went out, and the hash of its address afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When, microseconds since the epoch.
    pub at: Time,
    /// Round at this instant.
    pub round: u32,
    /// Class within the round.
    pub class: Class,
    /// Which machine.
    pub address: Address,
    /// What came in.
    pub input: String,
    /// What went out.
    pub effects: Vec<String>,
    /// Hash of the address after it, hex.
    pub hash: String,
}

impl Step {
    pub(super) fn open(at: Time, round: u32, class: Class, message: &Message) -> Step {
        let input = format!("{message:?}");
        Step {
            at,
            round,
            class,
            address: message.address(),
            input,
            effects: Vec::new(),
            hash: String::new(),
        }
    }

    pub(super) fn close(mut self, effects: &[Effect], hash: EventHash) -> Step {
        self.effects = effects.iter().map(|effect| format!("{effect:?}")).collect();
        self.hash = hash.to_string();
        self
    }

    /// The step in a few lines: time, address, input, effects.
    #[must_use]
    pub fn show(&self) -> String {
        let mut text = format!(
            "{} round {} {:?}\n  in  {}\n",
            self.at, self.round, self.address, self.input
        );
        for effect in &self.effects {
            let _ = writeln!(text, "  out {effect}");
        }
        text
    }
}

/// The first place at which two traces differ, with the steps that stand there.
#[must_use]
pub fn diff<'a>(
    left: &'a [Step],
    right: &'a [Step],
) -> Option<(usize, Option<&'a Step>, Option<&'a Step>)> {
    let same = left.iter().zip(right).take_while(|(l, r)| l == r).count();
    (same < left.len().max(right.len())).then(|| (same, left.get(same), right.get(same)))
}
