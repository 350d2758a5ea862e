//! The store as everybody holds it, and what the conductor asks of it.

use std::path::Path;

use nimbus_core::digest::EventHash;
use nimbus_core::machine::Address;
use nimbus_core::store::StoreError;
use nimbus_core::time::Time;

use super::{Commit, OutboxRow, pending};
use crate::cluster::Saved;

/// A database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {}

/// Why a database cannot be used, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It cannot be reached or read.
    #[error("the database {place} cannot be opened: {why}")]
    Unreachable {
        /// Path or URL, without a password.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// Another process uses it.
    #[error("the database {place} is in use by another process")]
    Locked {
        /// Path or URL, without a password.
        place: String,
    },
    /// A newer Nimbus has migrated it.
    #[error(
        "the database {place} is of version {found}, this nimbus knows versions up to {known}: use a newer nimbus"
    )]
    Newer {
        /// Path or URL, without a password.
        place: String,
        /// Its version.
        found: String,
        /// The last one that is known here.
        known: String,
    },
    /// Migrations are missing.
    #[error(
        "the database {place} is at version {found}, this nimbus needs {known}: run `nimbus migrate up`"
    )]
    Behind {
        /// Path or URL, without a password.
        place: String,
        /// Its version.
        found: String,
        /// The one that is needed.
        known: String,
    },
}

/// What to do about missing migrations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Migrate {
    /// Run them.
    #[default]
    Auto,
    /// Refuse to open.
    Check,
}

/// What a committed group got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The place of its first event; the others follow. That of the next event if it has none.
    pub first_event_seq: i64,
}

/// The last committed group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Last {
    /// Its number.
    pub group: u64,
    /// Its time.
    pub now: Time,
    /// The conductor's round at which it came to rest.
    pub round: u32,
    /// The chains of all addresses.
    pub hashes: [EventHash; Address::COUNT],
    /// Deliveries handled since the beginning.
    pub deliveries: u64,
    /// Events of the cluster that were taken.
    pub cursor: u64,
    /// The last command that was sent; 0 if there was none.
    pub outbox_seq: u64,
    /// The place of the last event; 0 if there was none.
    pub event_seq: i64,
}

impl Store {
    /// Opens a database: a path, `sqlite:PATH`, or `postgres://…`.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(place: &str, migrate: Migrate) -> Result<Store, OpenError> {
        Err(OpenError::Unreachable {
            place: place.to_owned(),
            why: format!("not yet: {migrate:?} {:?}", Path::new(place)),
        })
    }

    /// Writes a group, all or nothing. After `Unknown`, [`Store::last`] tells whether it was written.
    ///
    /// # Errors
    /// `Refused` if the group is not the one after the last, `Deposed` if another leader has taken over,
    /// `Full` if the disk is full, `Unavailable` and `Unknown` as they say.
    pub fn commit(&self, commit: &Commit) -> Result<Committed, StoreError> {
        pending(&[commit])
    }

    /// The last committed group. Waits for a commit whose outcome is not known yet.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn last(&self) -> Result<Option<Last>, StoreError> {
        pending(&[])
    }

    /// Makes this process the leader and everybody before it a follower; the new epoch.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn take_epoch(&self, holder: &str, now: Time) -> Result<i64, StoreError> {
        pending(&[&holder, &now])
    }

    /// The present epoch; 0 if nobody ever led.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn epoch(&self) -> Result<i64, StoreError> {
        pending(&[])
    }

    /// Keeps a state of the cluster and forgets the commands that are in it.
    ///
    /// # Errors
    /// `Deposed` if another leader has taken over.
    pub fn save_cluster(&self, saved: &Saved, epoch: i64) -> Result<(), StoreError> {
        pending(&[saved, &epoch])
    }

    /// The state that was kept last.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn saved_cluster(&self) -> Result<Option<Saved>, StoreError> {
        pending(&[])
    }

    /// Commands behind a place, in order.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn outbox_since(&self, seq: u64) -> Result<Vec<OutboxRow>, StoreError> {
        pending(&[&seq])
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn ping(&self) -> Result<(), StoreError> {
        pending(&[])
    }
}
