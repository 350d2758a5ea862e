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
    #[serde(with = "hex")]
    pub seed: u128,
    /// The outside inputs, in order; none if only timers were due.
    pub inputs: Vec<Input>,
    /// Timers that were left out, since handling them panicked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dead: Vec<Message>,
    /// The hash of the run after this group.
    #[serde(with = "hash")]
    pub hash: EventHash,
}

/// 128 bits as 32 hex digits, since common tools read a number of JSON as a float.
pub mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de};

    /// Writes 32 digits.
    ///
    /// # Errors
    /// What the writer answers.
    pub fn serialize<S: Serializer>(bits: &u128, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{bits:032x}"))
    }

    /// Reads up to 32 digits.
    ///
    /// # Errors
    /// If it is not a hex number of 128 bits.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u128, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        u128::from_str_radix(&text, 16).map_err(de::Error::custom)
    }
}

/// A hash as 32 hex digits.
pub mod hash {
    use nimbus_core::digest::EventHash;
    use serde::{Deserializer, Serializer};

    /// Writes 32 digits.
    ///
    /// # Errors
    /// What the writer answers.
    pub fn serialize<S: Serializer>(hash: &EventHash, to: S) -> Result<S::Ok, S::Error> {
        super::hex::serialize(&hash.0, to)
    }

    /// Reads up to 32 digits.
    ///
    /// # Errors
    /// If it is not a hex number of 128 bits.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<EventHash, D::Error> {
        super::hex::deserialize(from).map(EventHash)
    }
}
