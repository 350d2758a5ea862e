//! What a line of the journal says.
//!
//! A line is one JSON object with one of the fields of [`Entry`], then `line`, its number in the segment from
//! 1, and last `crc32`: eight hex digits over the bytes of the line before `,"crc32"`. So a line can be
//! checked alone, and a copy of it elsewhere does not pass:
//!
//! ```text
//! {"group":{"seq":7,"now":1790000000000000,"seed":"00…","inputs":[…],"hash":"5f…"},"line":9,"crc32":"0a1b2c3d"}
//! ```
//!
//! Times are microseconds since the epoch; hashes and seeds are hex. The seed is public: nothing secret is
//! ever drawn from it. A segment is one gzip stream of such lines, flushed after each group.

use flate2::Crc;
use nimbus_core::digest::EventHash;
use nimbus_core::machine::Address;
use nimbus_core::machines::Config;
use nimbus_core::store::Row;
use nimbus_core::time::Time;
use serde::{Deserialize, Serialize};

use super::Restored;
use crate::shell::group::{Group, hash};

/// The version of the format; another one is refused.
pub const FORMAT: u32 = 1;

/// Longest line, bytes; a longer one is refused, not read. A group of 64 inputs takes some hundred KiB.
pub const LINE_MAX: usize = 64 * 1024 * 1024;

/// Rows of a snapshot that stand in one line.
pub const ROWS_PER_LINE: usize = 500;

/// Length of what stands behind the checked bytes: `,"crc32":"12345678"}`.
const TAIL: usize = 20;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// The first of each segment.
    Segment {
        /// Version of the format.
        format: u32,
        /// Number of the chain.
        chain: u64,
        /// Number of the segment within it.
        segment: u64,
        /// The last group before it.
        after: u64,
    },
    /// The beginning of a chain; its rows follow in lines of their own.
    Snapshot(Box<Snapshot>),
    /// Rows of the snapshot.
    Rows(Vec<Row>),
    /// The machines were restored from the store: groups after this one were never committed.
    Restored(Restored),
    /// A group.
    Group(Box<Group>),
}

/// What a replay begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The last group that is in it; 0 if none.
    pub last_group: u64,
    /// The conductor's instant.
    pub now: Time,
    /// Its round at that instant.
    pub round: u32,
    /// Deliveries handled so far.
    pub deliveries: u64,
    /// The chains of all addresses, in their order.
    #[serde(with = "hashes")]
    pub hashes: [EventHash; Address::COUNT],
    /// Which build wrote it: only that one need replay it to the same hashes.
    pub build: String,
    /// SHA-256 over the canonical bytes of the configuration, hex.
    pub config_hash: String,
    /// What the machines are configured with.
    pub config: Config,
    /// The scenario of a simulated cluster, as TOML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// The rows that the machines are restored from.
    #[serde(skip)]
    pub rows: Vec<Row>,
}

impl Snapshot {
    /// The hash of the run: those of all addresses, folded.
    #[must_use]
    pub fn hash(&self) -> EventHash {
        let mut bytes = vec![0; 16];
        for hash in &self.hashes {
            bytes.extend_from_slice(&hash.0.to_le_bytes());
        }
        EventHash::default().chain(&mut bytes)
    }
}

/// SHA-256 of a configuration, as a snapshot names it.
#[must_use]
pub fn config_hash(config: &Config) -> String {
    nimbus_core::digest::hex(&nimbus_core::digest::content_hash(config))
}

/// Appends an entry as the line of this number.
pub(super) fn write(entry: &Entry, number: u64, text: &mut Vec<u8>) {
    let start = text.len();
    serde_json::to_writer(&mut *text, entry).expect("an entry is plain data with texts as keys");
    text.pop(); // the closing brace comes behind the checksum
    text.extend_from_slice(format!(",\"line\":{number}").as_bytes());
    let sum = crc(&text[start..]);
    text.extend_from_slice(format!(",\"crc32\":\"{sum:08x}\"}}\n").as_bytes());
}

/// Reads a line, without its line end: its number and what it says.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(line: &[u8]) -> Result<(u64, Entry), String> {
    let (number, body) = check(line)?;
    let mut json = Vec::with_capacity(body.len() + 1);
    json.extend_from_slice(body);
    json.push(b'}');
    let entry = serde_json::from_slice(&json);
    let entry = entry.map_err(|error| format!("it is of another version: {error}"))?;
    Ok((number, entry))
}

/// The number of a line and its bytes before that, if its checksum is right.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(line: &[u8]) -> Result<(u64, &[u8]), String> {
    let checked = line.len().checked_sub(TAIL).ok_or("it is too short")?;
    let (body, tail) = line.split_at(checked);
    let sum = tail
        .strip_prefix(b",\"crc32\":\"")
        .and_then(|tail| tail.strip_suffix(b"\"}"))
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        .ok_or("it does not end with a checksum")?;
    if crc(body) != sum {
        return Err("its checksum is wrong".to_owned());
    }
    let key = b",\"line\":";
    let at = body.windows(key.len()).rposition(|window| window == key);
    let number = at.and_then(|at| {
        let digits = std::str::from_utf8(&body[at + key.len()..]).ok()?;
        Some((digits.parse().ok()?, &body[..at]))
    });
    number.ok_or_else(|| "it has no number".to_owned())
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Hashes as a list of hex texts.
mod hashes {
    use super::{Address, EventHash, hash};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Hex(#[serde(with = "hash")] EventHash);

    pub(super) fn serialize<S: Serializer>(
        hashes: &[EventHash; Address::COUNT],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(hashes.iter().copied().map(Hex))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<[EventHash; Address::COUNT], D::Error> {
        let list = Vec::<Hex>::deserialize(from)?;
        let list: Vec<EventHash> = list.into_iter().map(|hex| hex.0).collect();
        list.try_into()
            .map_err(|_| de::Error::custom("another number of addresses"))
    }
}
