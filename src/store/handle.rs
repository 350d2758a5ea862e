//! The store as everybody holds it: one writer, a pool of readers, and how their transactions go.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use diesel::QueryResult;
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::r2d2::Pool;
use nimbus_core::store::StoreError;

use super::answer::Rendered;
use super::conn::{Conn, Dialer, Role, Target};
use super::fault::{Fault, Trouble, at_commit, told, trouble};
use super::migrate::Lock;

/// How often a transaction is tried that others got in the way of.
const TRIES: u32 = 4;

/// A database. Cheap to clone; everybody shares one writer and one pool.
#[derive(Clone)]
pub struct Store {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) target: Target,
    writer: Mutex<Option<Conn>>,
    readers: Pool<Dialer>,
    /// Answers as they were sent, on their way into the next group.
    pub(super) rendered: Mutex<Vec<Rendered>>,
    /// Held while the store is open, so that a file has one process.
    _lock: Option<Lock>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.inner.target.shown())
    }
}

impl Store {
    pub(super) fn new(target: Target, writer: Conn, lock: Option<Lock>) -> Store {
        let readers = target.pool();
        Store {
            inner: Arc::new(Inner {
                target,
                writer: Mutex::new(Some(writer)),
                readers,
                rendered: Mutex::default(),
                _lock: lock,
            }),
        }
    }

    /// Where it is, without a password.
    #[must_use]
    pub fn place(&self) -> String {
        self.inner.target.shown()
    }

    /// `sqlite` or `postgres`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.inner.target {
            Target::Sqlite(_) => "sqlite",
            Target::Postgres(_) => "postgres",
        }
    }

    /// Asks a question on a connection of the pool. A dead connection is thrown away and the question
    /// asked again; there may be as many dead ones as the pool holds.
    pub(super) fn read<T>(
        &self,
        ask: impl Fn(&mut Conn) -> QueryResult<T>,
    ) -> Result<T, StoreError> {
        let mut left = self.inner.readers.max_size();
        loop {
            let pooled = self.inner.readers.get();
            let mut pooled = pooled.map_err(|error| StoreError::Unavailable(error.to_string()))?;
            let error = match ask(&mut pooled.conn) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            pooled.dead = matches!(trouble(&error), Trouble::Dead | Trouble::Busy);
            if trouble(&error) != Trouble::Dead || left == 0 {
                return Err(told(&error));
            }
            left -= 1;
        }
    }

    /// Runs a transaction on the writer: all of it or nothing. Serialization failures are tried again here
    /// and nowhere else; a connection that was dead before anything was sent is dialled again.
    pub(super) fn write<T>(
        &self,
        mut act: impl FnMut(&mut Conn) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let writer = self.inner.writer.lock();
        let mut slot = writer.unwrap_or_else(PoisonError::into_inner);
        let mut last = StoreError::Unavailable("nothing was tried".to_owned());
        for _ in 0..TRIES {
            // taken out, so that a panic in between leaves no half transaction behind
            let mut conn = match slot.take() {
                Some(conn) => conn,
                None => self.dial_writer()?,
            };
            if let Err(error) = begin(&mut conn) {
                let again = matches!(trouble(&error), Trouble::Dead | Trouble::Again);
                last = told(&error);
                if again {
                    continue;
                }
                return Err(last);
            }
            match attempt(&mut conn, &mut act) {
                Attempt::Done(value) => {
                    *slot = Some(conn);
                    return Ok(value);
                }
                Attempt::Again(error) => {
                    *slot = Some(conn);
                    last = told(&error);
                }
                Attempt::Kept(error) => {
                    *slot = Some(conn);
                    return Err(error);
                }
                // SQLite may say only once that its disk is full, so it is dialled again too
                Attempt::Lost(error) => return Err(error),
            }
        }
        Err(last)
    }

    pub(super) fn dial_writer(&self) -> Result<Conn, StoreError> {
        let dialled = self.inner.target.dial(Role::Writer);
        dialled.map_err(|error| StoreError::Unavailable(error.to_string()))
    }
}

enum Attempt<T> {
    /// Committed.
    Done(T),
    /// Rolled back; the same again may work.
    Again(diesel::result::Error),
    /// Rolled back; the connection is good.
    Kept(StoreError),
    /// The connection is not to be used again.
    Lost(StoreError),
}

/// `act` within the transaction that was begun, and its end.
fn attempt<T>(conn: &mut Conn, act: &mut impl FnMut(&mut Conn) -> Result<T, Fault>) -> Attempt<T> {
    match act(conn) {
        Ok(value) => match commit(conn) {
            Ok(()) => Attempt::Done(value),
            Err(error) => Attempt::Lost(at_commit(&error)),
        },
        Err(Fault::Told(error)) => match rollback(conn) {
            Ok(()) => Attempt::Kept(error),
            Err(_) => Attempt::Lost(error),
        },
        Err(Fault::Query(error)) => {
            let clean = rollback(conn).is_ok();
            match trouble(&error) {
                Trouble::Again if clean => Attempt::Again(error),
                Trouble::Wrong if clean => Attempt::Kept(told(&error)),
                _ => Attempt::Lost(told(&error)),
            }
        }
    }
}

/// SQLite takes the one lock of writers at once, so that no transaction fails half-way for it.
fn begin(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(conn) => {
            AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")
        }
        Conn::Postgres(conn) => AnsiTransactionManager::begin_transaction(conn),
    }
}

fn commit(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(conn) => AnsiTransactionManager::commit_transaction(conn),
        Conn::Postgres(conn) => AnsiTransactionManager::commit_transaction(conn),
    }
}

fn rollback(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(conn) => AnsiTransactionManager::rollback_transaction(conn),
        Conn::Postgres(conn) => AnsiTransactionManager::rollback_transaction(conn),
    }
}

/// Begins a transaction in which everything is read as of one instant.
pub(super) fn begin_snapshot(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(conn) => {
            AnsiTransactionManager::begin_transaction(conn)?;
            conn.batch_execute("SELECT one FROM last_group") // the first read fixes the instant
        }
        Conn::Postgres(conn) => AnsiTransactionManager::begin_transaction_sql(
            conn,
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        ),
    }
}
