//! A group as the journal keeps it: all that came from outside, and nothing that follows from it.

use std::sync::Arc;

use nimbus_core::cluster::Event;
use nimbus_core::digest::EventHash;
use nimbus_core::machine::Message;
use nimbus_core::time::Time;
use serde::{Deserialize, Serialize};

/// One outside input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Somebody asked.
    Asked {
        /// What for.
        message: Message,
        /// The principal who asked.
        by: Arc<str>,
        /// The request that it came with.
        request: Arc<str>,
    },
    /// The cluster reported.
    Seen(Event),
}

/// All that a replay needs of one group. Timers and messages between machines are consequences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// 1, 2, …; gapless within a chain of segments.
    pub seq: u64,
    /// Machine time of the group.
    pub now: Time,
    /// What ids and jitter of the group are drawn from. Public: never a secret.
    pub seed: u128,
    /// The outside inputs, in order; none if only timers were due.
    pub inputs: Vec<Input>,
    /// Timers that were left out, since handling them panicked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dead: Vec<Message>,
    /// The hash of the run after this group.
    pub hash: EventHash,
}
