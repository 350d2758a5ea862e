//! The history: every group of outside inputs, on disk before its effects leave.
//!
//! The store is the truth; the journal is what a replay needs. Groups are appended in order and synced
//! one by one. Groups behind the store's last one, after a crash, are marked dropped by [`Restored`].

use std::io;

use nimbus_core::digest::EventHash;
use nimbus_core::time::Time;
use serde::{Deserialize, Serialize};

use super::group::Group;

/// A start from the store: groups of the journal behind `last_group` were never committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The last group that the store has; 0 if it has none.
    pub last_group: u64,
    /// Machine time of that group.
    pub now: Time,
    /// The hash of the run after it.
    pub hash: EventHash,
}

/// Where groups are written.
pub trait Journal: Send {
    /// Appends a group and returns when it is on disk.
    ///
    /// # Errors
    /// What the disk says. The group may or may not be there; nothing of it may leave. The same number may
    /// be appended again: the last one counts.
    fn append(&mut self, group: &Group) -> io::Result<()>;

    /// Says where the machines were restored; what was appended behind it is dropped.
    ///
    /// # Errors
    /// As for [`Journal::append`].
    fn restored(&mut self, restored: &Restored) -> io::Result<()>;
}
