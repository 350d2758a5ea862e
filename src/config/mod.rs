//! The configuration of the service: one struct per component, one file, variables, flags.
//!
//! `default.toml` is the manual; a test compares it with the defaults below. Secrets are never values here:
//! they stand in files that only the owner reads.

mod limits;
mod load;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use limits::Limits;
pub use load::{BadConfig, Loaded, MANUAL, Origin, load};

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Folder of everything that the service keeps. `NIMBUS_DATA_DIR`
    pub data_dir: PathBuf,
    /// Try it out, on a loopback listener only. `NIMBUS_DEV`
    pub dev: bool,
    /// Listeners and the way in.
    pub server: Server,
    /// What stands behind.
    pub cluster: Cluster,
    /// Where rows are kept.
    pub database: Database,
    /// Where history is kept.
    pub journal: Journal,
    /// Who comes in.
    pub auth: Auth,
    /// What is logged.
    pub log: Log,
    /// What the edge takes at most.
    pub limits: Limits,
}

/// Listeners and the way in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address of the API. `NIMBUS_SERVER_LISTEN`
    pub listen: SocketAddr,
    /// Address of the metrics. `NIMBUS_SERVER_LISTEN_METRICS`
    #[serde(with = "load::unset")]
    pub listen_metrics: Option<SocketAddr>,
    /// Longest wait of a write for its answer, seconds, 1..600. `NIMBUS_SERVER_DEADLINE_SECONDS`
    pub deadline_seconds: u64,
    /// Writes that may wait, 1..65,536. `NIMBUS_SERVER_INBOX`
    pub inbox: usize,
}

/// What stands behind the service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cluster {
    /// Which kind. `NIMBUS_CLUSTER_KIND`
    #[serde(with = "load::unset")]
    pub kind: Option<Kind>,
    /// Scenario of a simulated one. `NIMBUS_CLUSTER_SCENARIO`
    #[serde(with = "load::unset")]
    pub scenario: Option<PathBuf>,
    /// How fast simulated time goes. `NIMBUS_CLUSTER_SIM_SPEED`
    #[serde(with = "load::unset")]
    pub sim_speed: Option<Speed>,
}

/// A kind of cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The simulated world.
    Sim,
}

/// How fast simulated time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speed {
    /// This many times as fast as real time, 1..100,000.
    Times(u32),
    /// From one due time to the next.
    Max,
    /// Not at all.
    Paused,
}

/// Where rows are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// Path or URL. `NIMBUS_DATABASE_URL`
    #[serde(with = "load::unset")]
    pub url: Option<String>,
    /// What to do about missing migrations. `NIMBUS_DATABASE_MIGRATE`
    pub migrate: Migrate,
}

/// What to do about missing migrations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Migrate {
    /// Run them.
    #[default]
    Auto,
    /// Refuse to start.
    Check,
}

/// Where history is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Journal {
    /// Whether there is one. `NIMBUS_JOURNAL_ENABLED`
    pub enabled: bool,
    /// Its folder. `NIMBUS_JOURNAL_FOLDER`
    #[serde(with = "load::unset")]
    pub folder: Option<PathBuf>,
    /// Megabytes kept. `NIMBUS_JOURNAL_KEEP_MB`
    pub keep_mb: u64,
    /// Days that a chain is kept. `NIMBUS_JOURNAL_KEEP_DAYS`
    pub keep_days: u64,
}

/// Who comes in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// Folder of the signing secrets. `NIMBUS_AUTH_KEYS`
    #[serde(with = "load::unset")]
    pub keys: Option<PathBuf>,
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// Which lines. `NIMBUS_LOG_FILTER`
    pub filter: String,
    /// How they look. `NIMBUS_LOG_FORMAT`
    pub format: Format,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            data_dir: "nimbus-data".into(),
            dev: false,
            server: Server::default(),
            cluster: Cluster::default(),
            database: Database::default(),
            journal: Journal::default(),
            auth: Auth::default(),
            log: Log::default(),
            limits: Limits::default(),
        }
    }
}

impl Default for Server {
    fn default() -> Server {
        Server {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            listen_metrics: Some(SocketAddr::from(([127, 0, 0, 1], 9464))),
            deadline_seconds: 30,
            inbox: 1_024,
        }
    }
}

impl Default for Journal {
    fn default() -> Journal {
        Journal {
            enabled: true,
            folder: None,
            keep_mb: 8_192,
            keep_days: 30,
        }
    }
}

impl Default for Log {
    fn default() -> Log {
        Log {
            filter: "info".to_owned(),
            format: Format::Text,
        }
    }
}

impl Config {
    /// Where the database is.
    #[must_use]
    pub fn database_place(&self) -> String {
        let file = || self.data_dir.join("nimbus.db").display().to_string();
        self.database.url.clone().unwrap_or_else(file)
    }

    /// Where the journal is; nothing if there is none.
    #[must_use]
    pub fn journal_folder(&self) -> Option<PathBuf> {
        let folder = || self.data_dir.join("journal");
        let folder = self.journal.folder.clone().unwrap_or_else(folder);
        self.journal.enabled.then_some(folder)
    }

    /// Where the signing secrets are.
    #[must_use]
    pub fn keys_folder(&self) -> PathBuf {
        let folder = || self.data_dir.join("keys");
        self.auth.keys.clone().unwrap_or_else(folder)
    }

    /// Which cluster stands behind: `dev` means a simulated one.
    #[must_use]
    pub fn cluster_kind(&self) -> Option<Kind> {
        self.cluster.kind.or(self.dev.then_some(Kind::Sim))
    }

    /// How fast simulated time goes: once, with `dev` ten times as fast as real time.
    #[must_use]
    pub fn speed(&self) -> Speed {
        let usual = Speed::Times(if self.dev { 10 } else { 1 });
        self.cluster.sim_speed.unwrap_or(usual)
    }

    /// What does not go together or lies outside its range: the keys, and why.
    ///
    /// # Errors
    /// One sentence for each.
    pub fn check(&self) -> Result<(), Vec<String>> {
        let mut wrong = Vec::new();
        let mut must = |holds: bool, sentence: &str| {
            if !holds {
                wrong.push(sentence.to_owned());
            }
        };
        let loopback = self.server.listen.ip().is_loopback();
        must(
            !self.dev || loopback,
            "dev: needs a loopback address in server.listen, since it gives tokens without proof",
        );
        must(
            self.cluster_kind().is_some(),
            "cluster.kind: must be set (--cluster sim), or dev (--dev)",
        );
        must(
            (1..=600).contains(&self.server.deadline_seconds),
            "server.deadline_seconds: must be 1..600",
        );
        must(
            (1..=65_536).contains(&self.server.inbox),
            "server.inbox: must be 1..65536",
        );
        must(
            self.limits.body_bytes >= 1_024,
            "limits.body_bytes: must be at least 1024",
        );
        must(
            self.limits.connections >= 1,
            "limits.connections: must be at least 1",
        );
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}
