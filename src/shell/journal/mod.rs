//! The journal: every group that came from outside, in files that ordinary tools can read.
//!
//! A folder holds chains (`chain-000001/`), a chain segments (`000001.jsonl.gz`). A chain begins with a
//! snapshot: what the machines are restored from. Then a line a group. `zcat chain-000001/*.gz | jq .`
//! reads it; the format is described in [`entry`].
//!
//! Guarantees: what was appended is on disk before [`Journal::append`] returns; a torn tail never hides a
//! whole group before it; an error leaves nothing torn and a later append works. Never: is the truth. The
//! store is; groups that it does not have are marked as dropped by a `restored` entry.

pub mod entry;
mod files;
mod read;
mod segment;
#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;

use nimbus_core::digest::EventHash;
use nimbus_core::time::Time;
use serde::{Deserialize, Serialize};

pub use entry::{Entry, Snapshot};
pub use files::{Files, Identity, Options};
pub use read::{Chain, Cut, Ending, Line, Reader, chain, chains, last};

use super::group::{Group, hash};

/// A start from the store: groups of the journal behind `last_group` were never committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The last group that the store has; 0 if it has none.
    pub last_group: u64,
    /// Machine time of that group.
    pub now: Time,
    /// The hash of the run after it.
    #[serde(with = "hash")]
    pub hash: EventHash,
}

/// Where groups are written. Called by one conductor: after each start [`Journal::restored`], then, whenever
/// one is [due](Journal::due), [`Journal::begin`], and [`Journal::append`] for each group.
pub trait Journal: Send {
    /// Appends a group and returns when it is on disk.
    ///
    /// # Errors
    /// What the disk says. The group may or may not be there; nothing of it may leave. The same number may
    /// be appended again: the last one counts, and what was appended behind it is dropped.
    fn append(&mut self, group: &Group) -> io::Result<()>;

    /// Says where the machines were restored, after a start or when a group was undone; what was appended
    /// behind it is dropped.
    ///
    /// # Errors
    /// As for [`Journal::append`].
    fn restored(&mut self, restored: &Restored) -> io::Result<()>;

    /// Whether a new chain must begin before the next group: there is none that can be continued, it does
    /// not reach up to what the store holds, or it has grown large or old.
    fn due(&self) -> bool;

    /// Begins a chain: replays restore the machines from this. Takes time and space for every row.
    ///
    /// # Errors
    /// As for [`Journal::append`]; the last chain goes on then.
    fn begin(&mut self, snapshot: &Snapshot) -> io::Result<()>;

    /// Bytes written since it was opened, for metrics.
    fn written(&self) -> u64;
}

/// Why the journal did not take or give something.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk, or the folder.
    #[error("{}: {error}", path.display())]
    Disk {
        /// Where.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A line before others is not what was written.
    #[error("{}:{line}: {why}", path.display())]
    Damaged {
        /// Which segment.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// Groups do not follow each other.
    #[error("group {found} cannot follow group {last}")]
    Order {
        /// The last one.
        last: u64,
        /// The one that came.
        found: u64,
    },
}

impl From<JournalError> for io::Error {
    fn from(error: JournalError) -> io::Error {
        let kind = match &error {
            JournalError::Disk { error, .. } => error.kind(),
            JournalError::Damaged { .. } => io::ErrorKind::InvalidData,
            JournalError::Order { .. } => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, error)
    }
}

impl JournalError {
    pub(crate) fn disk(path: &std::path::Path, error: io::Error) -> JournalError {
        JournalError::Disk {
            path: path.to_owned(),
            error,
        }
    }
}

/// Entries in memory: for tests, and for services that keep no history.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// What was appended, if it is kept.
    pub entries: Vec<Entry>,
    /// Whether it is kept.
    pub keep: bool,
    begun: bool,
}

impl Memory {
    /// Keeps everything.
    #[must_use]
    pub fn keeping() -> Memory {
        Memory {
            keep: true,
            ..Memory::default()
        }
    }

    fn push(&mut self, entry: impl FnOnce() -> Entry) -> io::Result<()> {
        if self.keep {
            self.entries.push(entry());
        }
        Ok(())
    }
}

impl Journal for Memory {
    fn append(&mut self, group: &Group) -> io::Result<()> {
        self.push(|| Entry::Group(Box::new(group.clone())))
    }
    fn restored(&mut self, restored: &Restored) -> io::Result<()> {
        self.push(|| Entry::Restored(restored.clone()))
    }
    fn due(&self) -> bool {
        !self.begun
    }
    fn begin(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        self.begun = true;
        self.push(|| Entry::Snapshot(Box::new(snapshot.clone())))
    }
    fn written(&self) -> u64 {
        0
    }
}
