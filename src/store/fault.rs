//! What can go wrong with a database, and what the caller is told.
//!
//! Databases say what happened in words; they are read here and nowhere else.

use diesel::result::{DatabaseErrorKind, Error};
use nimbus_core::store::StoreError;

/// Why a transaction ended.
#[derive(Debug)]
pub(super) enum Fault {
    /// The database said no.
    Query(Error),
    /// The caller must be told this.
    Told(StoreError),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Query(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        Fault::Told(error)
    }
}

/// What kind of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The same again may work at once.
    Again,
    /// The connection is dead.
    Dead,
    /// No room.
    Full,
    /// Somebody holds a lock, or the file takes no writes, or the medium fails.
    Busy,
    /// The statement is wrong or breaks a rule of the tables.
    Wrong,
}

const FULL: [&str; 3] = ["disk is full", "no space left", "quota exceeded"];
const BUSY: [&str; 5] = [
    "database is locked",
    "database table is locked",
    "readonly database",
    "disk i/o error",
    "read-only",
];
const DEAD: [&str; 6] = [
    "server closed the connection",
    "terminating connection",
    "connection to server",
    "no connection to the server",
    "the database system is",
    "could not receive data",
];

pub(super) fn trouble(error: &Error) -> Trouble {
    let (kind, text) = match error {
        Error::DatabaseError(kind, info) => (Some(kind), info.message().to_lowercase()),
        Error::BrokenTransactionManager => return Trouble::Dead,
        other => (None, other.to_string().to_lowercase()),
    };
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match kind {
        Some(DatabaseErrorKind::SerializationFailure) => Trouble::Again,
        _ if text.contains("deadlock detected") => Trouble::Again,
        Some(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand) => {
            Trouble::Dead
        }
        _ if says(&FULL) => Trouble::Full,
        _ if says(&DEAD) => Trouble::Dead,
        Some(DatabaseErrorKind::ReadOnlyTransaction) => Trouble::Busy,
        _ if says(&BUSY) => Trouble::Busy,
        _ => Trouble::Wrong,
    }
}

/// Of a question, or of a transaction that was rolled back.
pub(super) fn told(error: &Error) -> StoreError {
    let text = error.to_string();
    match trouble(error) {
        Trouble::Full => StoreError::Full(text),
        Trouble::Wrong => StoreError::Refused(text),
        Trouble::Again | Trouble::Dead | Trouble::Busy => StoreError::Unavailable(text),
    }
}

/// Of a COMMIT that failed. Only what says by itself that nothing was written is taken for that.
pub(super) fn at_commit(error: &Error) -> StoreError {
    match trouble(error) {
        Trouble::Full => StoreError::Full(error.to_string()),
        Trouble::Again => StoreError::Unavailable(error.to_string()),
        _ => StoreError::Unknown(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(kind: DatabaseErrorKind, text: &str) -> Trouble {
        trouble(&Error::DatabaseError(kind, Box::new(text.to_owned())))
    }

    #[test]
    fn the_words_of_both_databases_are_understood() {
        use DatabaseErrorKind::{SerializationFailure, UniqueViolation, Unknown};
        let cases = [
            (Unknown, "database or disk is full", Trouble::Full),
            (
                Unknown,
                "could not extend file \"base/1\": No space left on device",
                Trouble::Full,
            ),
            (Unknown, "database is locked", Trouble::Busy),
            (
                Unknown,
                "attempt to write a readonly database",
                Trouble::Busy,
            ),
            (
                Unknown,
                "server closed the connection unexpectedly",
                Trouble::Dead,
            ),
            (
                Unknown,
                "FATAL: the database system is starting up",
                Trouble::Dead,
            ),
            (
                SerializationFailure,
                "could not serialize access",
                Trouble::Again,
            ),
            (
                UniqueViolation,
                "UNIQUE constraint failed: apps.id",
                Trouble::Wrong,
            ),
        ];
        for (kind, text, expected) in cases {
            assert_eq!(says(kind, text), expected, "{text}");
        }
    }
}
