//! Opening a database and bringing its tables to this version.

use std::fs::{File, TryLockError};
use std::path::Path;

use diesel::ConnectionError;
use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::Store;
use super::conn::{Conn, MultiBackend, Role, Target};
use super::fault::{Trouble, trouble};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// Texts are compared byte by byte, as SQLite does, whatever the database's own language is.
const COLLATION: &str = include_str!("collation.sql");

/// Replicas that start at once migrate one after the other: a lock of the session, by a number of ours.
const LOCK: &str = "SELECT pg_advisory_lock(5648021)";
const UNLOCK: &str = "SELECT pg_advisory_unlock(5648021)";

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
        "the database {place} is at version {found}, this nimbus knows versions up to {known}: use a newer nimbus"
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
    /// Do not look: whoever says so knows that all is there.
    Off,
}

/// One migration and whether the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its version: the order in which migrations run.
    pub version: String,
    /// Version and name, as the folder is called.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

/// A lock that is held. It is given back by name: a process that was just forked holds the file too, until it
/// has become another program.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.0.unlock(); // closing the file gives it back in any case
    }
}

/// A database that is open for its tables alone.
pub struct Schema {
    target: Target,
    conn: Conn,
    lock: Option<Lock>,
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Schema({})", self.target.shown())
    }
}

impl Store {
    /// Opens a database: a path, `sqlite:PATH`, or `postgres://…`. A file is made if it does not exist, and
    /// is this process's alone.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(place: &str, migrate: Migrate) -> Result<Store, OpenError> {
        let mut schema = Schema::open(place)?;
        match migrate {
            Migrate::Auto => drop(schema.up()?),
            Migrate::Check => schema.check()?,
            Migrate::Off => {}
        }
        Ok(Store::new(schema.target, schema.conn, schema.lock))
    }

    /// Opens a database beside a process that serves it, to read from it.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_beside(place: &str) -> Result<Store, OpenError> {
        let target = Target::parse(place);
        if let Target::Sqlite(path) = &target
            && !path.exists()
        {
            let why = "there is no such file".to_owned();
            let place = target.shown();
            return Err(OpenError::Unreachable { place, why });
        }
        let conn = dial(&target)?;
        let lock = None;
        let mut schema = Schema { target, conn, lock };
        schema.check()?;
        Ok(Store::new(schema.target, schema.conn, None))
    }
}

impl Schema {
    /// Opens a database and runs nothing.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(place: &str) -> Result<Schema, OpenError> {
        let target = Target::parse(place);
        let lock = match &target {
            Target::Sqlite(path) => Some(lock(path, &target)?),
            Target::Postgres(_) => None,
        };
        let conn = dial(&target)?;
        Ok(Schema { target, conn, lock })
    }

    /// All migrations that are known here, in order.
    ///
    /// # Errors
    /// `Newer` if the database has others.
    pub fn steps(&mut self) -> Result<Vec<Step>, OpenError> {
        let place = self.target.shown();
        let applied = self.conn.applied_migrations();
        let applied = applied.map_err(|error| unreachable(&self.target, &*error))?;
        let applied: Vec<String> = applied.iter().map(ToString::to_string).collect();
        let known = known();
        let last = known.last().map(|step| step.version.clone());
        let newer = applied
            .iter()
            .filter(|version| known.iter().all(|step| step.version != **version))
            .max();
        if let Some(found) = newer {
            let found = found.clone();
            let known = last.unwrap_or_default();
            return Err(OpenError::Newer {
                place,
                found,
                known,
            });
        }
        let with = |step: Step| Step {
            applied: applied.contains(&step.version),
            ..step
        };
        Ok(known.into_iter().map(with).collect())
    }

    /// Runs what is missing; what was run.
    ///
    /// # Errors
    /// See [`OpenError`]. A migration that fails is rolled back, those before it stay.
    pub fn up(&mut self) -> Result<Vec<String>, OpenError> {
        self.exclusively(|conn| {
            let run = conn.run_pending_migrations(MIGRATIONS)?;
            let run = run.iter().map(ToString::to_string).collect();
            if let Conn::Postgres(conn) = conn {
                conn.batch_execute(COLLATION)?;
            }
            Ok(run)
        })
    }

    /// Reverts the last `count` migrations; what was reverted. Their tables are dropped with all that is in
    /// them.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn down(&mut self, count: usize) -> Result<Vec<String>, OpenError> {
        let applied = self.steps()?.iter().filter(|step| step.applied).count();
        self.exclusively(|conn| {
            let mut reverted = Vec::new();
            for _ in 0..count.min(applied) {
                reverted.push(conn.revert_last_migration(MIGRATIONS)?.to_string());
            }
            Ok(reverted)
        })
    }

    /// Whether all is there.
    ///
    /// # Errors
    /// `Behind` if not.
    pub fn check(&mut self) -> Result<(), OpenError> {
        let steps = self.steps()?;
        if steps.iter().all(|step| step.applied) {
            return Ok(());
        }
        let applied = steps.iter().rev().find(|step| step.applied);
        Err(OpenError::Behind {
            place: self.target.shown(),
            found: applied.map_or_else(|| "none".to_owned(), |step| step.version.clone()),
            known: steps
                .last()
                .map(|step| step.version.clone())
                .unwrap_or_default(),
        })
    }

    #[cfg(test)]
    pub(super) fn connection(&mut self) -> &mut Conn {
        &mut self.conn
    }

    fn exclusively<T>(
        &mut self,
        act: impl FnOnce(&mut Conn) -> diesel::migration::Result<T>,
    ) -> Result<T, OpenError> {
        self.steps()?; // a newer database is left alone
        let locked = match &mut self.conn {
            Conn::Postgres(conn) => conn.batch_execute(LOCK),
            Conn::Sqlite(_) => Ok(()),
        };
        locked.map_err(|error| unreachable(&self.target, &error))?;
        let done = act(&mut self.conn);
        if let Conn::Postgres(conn) = &mut self.conn {
            // ends with the session at the latest
            let _ = conn.batch_execute(UNLOCK);
        }
        done.map_err(|error| unreachable(&self.target, &*error))
    }
}

fn known() -> Vec<Step> {
    let migrations: Vec<Box<dyn Migration<MultiBackend>>> =
        MIGRATIONS.migrations().unwrap_or_default();
    let steps = migrations.iter().map(|migration| Step {
        version: migration.name().version().to_string(),
        name: migration.name().to_string(),
        applied: false,
    });
    let mut steps: Vec<Step> = steps.collect();
    steps.sort_by(|a, b| a.version.cmp(&b.version));
    steps
}

/// SQLite is for one process: a lock beside the file, which ends with the process however it ends.
fn lock(path: &Path, target: &Target) -> Result<Lock, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = File::options()
        .create(true)
        .append(true)
        .open(name)
        .map_err(|error| unreachable(target, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked {
            place: target.shown(),
        }),
        Err(TryLockError::Error(error)) => Err(unreachable(target, &error)),
    }
}

fn dial(target: &Target) -> Result<Conn, OpenError> {
    target.dial(Role::Writer).map_err(|error| {
        let busy = matches!(
            &error,
            ConnectionError::CouldntSetupConfiguration(error)
                if trouble(error) == Trouble::Busy && error.to_string().contains("locked")
        );
        if busy {
            return OpenError::Locked {
                place: target.shown(),
            };
        }
        unreachable(target, &error)
    })
}

fn unreachable(target: &Target, error: &(dyn std::error::Error + 'static)) -> OpenError {
    OpenError::Unreachable {
        place: target.shown(),
        // libpq ends its sentences with a line break and may have several
        why: error.to_string().trim().replace('\n', "; "),
    }
}
