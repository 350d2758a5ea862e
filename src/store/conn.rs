//! Connections: where a database is, how it is dialled, and the small pool of those who read.

use std::path::PathBuf;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::r2d2::{ManageConnection, Pool};
use diesel::{Connection, ConnectionError, PgConnection, QueryResult, SqliteConnection};

/// One connection to either database.
#[derive(diesel::MultiConnection)]
pub(super) enum Conn {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// How long a connection of the pool is waited for.
const CHECKOUT: Duration = Duration::from_secs(2);
/// Readers of a PostgreSQL database.
const POOL_POSTGRES: u32 = 10;
/// Readers of a SQLite database: what two to four cores can use.
const POOL_SQLITE: u32 = 4;

/// A lock is waited for this long; WAL leaves little to wait for. The writer's commits are durable when
/// they return: WAL with synchronous FULL syncs the log at each of them.
const WRITER: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
    PRAGMA foreign_keys = ON; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;";
const READER: &str =
    "PRAGMA busy_timeout = 5000; PRAGMA query_only = ON; PRAGMA cache_size = -16384;";
/// A server that does not answer is given up; a statement that hangs too.
const POSTGRES: &str = "SET statement_timeout = '60s'; SET idle_in_transaction_session_timeout = '300s'; \
    SET synchronous_commit = on; SET client_min_messages = warning;";

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Writer,
    Reader,
}

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Target {
    /// A URL of PostgreSQL, or the path of a file.
    pub(super) fn parse(place: &str) -> Target {
        if place.starts_with("postgres://") || place.starts_with("postgresql://") {
            return Target::Postgres(place.to_owned());
        }
        let path = place.strip_prefix("sqlite:").unwrap_or(place);
        Target::Sqlite(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))
    }

    /// For people: never with a password.
    pub(super) fn shown(&self) -> String {
        match self {
            Target::Sqlite(path) => path.display().to_string(),
            Target::Postgres(url) => without_password(url),
        }
    }

    pub(super) fn dial(&self, role: Role) -> Result<Conn, ConnectionError> {
        match self {
            Target::Sqlite(path) => {
                let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
                let set = if role == Role::Writer { WRITER } else { READER };
                conn.batch_execute(set)
                    .map_err(ConnectionError::CouldntSetupConfiguration)?;
                Ok(Conn::Sqlite(conn))
            }
            Target::Postgres(url) => {
                let mut conn = PgConnection::establish(&with_timeout(url))?;
                conn.batch_execute(POSTGRES)
                    .map_err(ConnectionError::CouldntSetupConfiguration)?;
                Ok(Conn::Postgres(conn))
            }
        }
    }

    /// The pool of readers. Nobody is dialled before the first question.
    pub(super) fn pool(&self) -> Pool<Dialer> {
        let size = match self {
            Target::Sqlite(_) => POOL_SQLITE,
            Target::Postgres(_) => POOL_POSTGRES,
        };
        Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .connection_timeout(CHECKOUT)
            .test_on_check_out(false) // a dead one is marked when it fails
            .error_handler(Box::new(diesel::r2d2::NopErrorHandler))
            .build_unchecked(Dialer(self.clone()))
    }
}

/// `user:password@host` becomes `user@host`, and `password=` in the query is cut.
fn without_password(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (rest, _query) = rest.split_once('?').unwrap_or((rest, ""));
    let shown = match rest.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{user}@{host}")
        }
        None => rest.to_owned(),
    };
    format!("{scheme}://{shown}")
}

/// libpq waits for minutes by itself.
fn with_timeout(url: &str) -> String {
    if url.contains("connect_timeout=") {
        return url.to_owned();
    }
    let join = if url.contains('?') { '&' } else { '?' };
    format!("{url}{join}connect_timeout=2")
}

/// A connection of the pool; a dead one is not given out again.
pub(super) struct Pooled {
    pub(super) conn: Conn,
    pub(super) dead: bool,
}

/// Dials readers for the pool.
#[derive(Clone, Debug)]
pub(super) struct Dialer(Target);

impl ManageConnection for Dialer {
    type Connection = Pooled;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Pooled, Self::Error> {
        let conn = self.0.dial(Role::Reader);
        let conn = conn.map_err(diesel::r2d2::Error::ConnectionError)?;
        Ok(Pooled { conn, dead: false })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), Self::Error> {
        let alive: QueryResult<()> = pooled.conn.batch_execute("SELECT 1");
        alive.map_err(diesel::r2d2::Error::QueryError)
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.dead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_url_or_a_path() {
        let path = |text: &str| Target::Sqlite(PathBuf::from(text));
        assert_eq!(Target::parse("data/nimbus.db"), path("data/nimbus.db"));
        assert_eq!(Target::parse("sqlite:///tmp/x.db"), path("/tmp/x.db"));
        assert_eq!(Target::parse("sqlite:x.db"), path("x.db"));
        let url = "postgresql://localhost/nimbus";
        assert_eq!(Target::parse(url), Target::Postgres(url.to_owned()));
    }

    #[test]
    fn a_password_is_never_shown() {
        let url = ["postgres:", "//ann:se:cr@t@db:5432/nimbus?password=x"].concat();
        let shown = Target::parse(&url).shown();
        assert_eq!(shown, ["postgres:", "//ann@db:5432/nimbus"].concat());
        let shown = Target::parse("postgres:///nimbus?host=/run/pg").shown();
        assert_eq!(shown, "postgres:///nimbus");
    }
}
