//! `nimbus serve`: the control plane itself.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::exit::{Code, Exit, Failure};
use super::output::Console;
use crate::config::{self, Kind, Loaded, Speed};
use crate::system::{self, Cause, Stopped};
use crate::telemetry;

/// Runs the control plane.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What stands behind: sim. Required unless --dev or configured.
    #[arg(long, value_name = "KIND")]
    cluster: Option<Kind>,
    /// Scenario that the simulated cluster plays.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// How fast simulated time goes: N times real time, max or paused.
    #[arg(long, value_name = "SPEED")]
    sim_speed: Option<Speed>,
    /// Database: a path, sqlite:PATH or postgres://….
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Address of the API.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Address of the metrics.
    #[arg(long, value_name = "ADDRESS")]
    listen_metrics: Option<SocketAddr>,
    /// Missing migrations: auto runs them, check refuses to start.
    #[arg(long, value_name = "WHAT")]
    migrate: Option<String>,
    /// Folder of the journal.
    #[arg(long, value_name = "FOLDER")]
    journal: Option<PathBuf>,
    /// Days that journal chains are kept.
    #[arg(long, value_name = "DAYS")]
    journal_retention: Option<u64>,
    /// Folder of everything that is kept.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Try it out: loopback only, simulated cluster at ten times speed, a token without ceremony.
    #[arg(long)]
    dev: bool,
}

/// A key, its value, and the flag that gave it.
type Flag = (&'static str, String, &'static str);

impl Args {
    fn flags(&self) -> Vec<Flag> {
        let path = |path: &PathBuf| path.display().to_string();
        let given: [(&str, Option<String>, &str); 11] = [
            ("cluster.kind", text(self.cluster), "--cluster"),
            (
                "cluster.scenario",
                self.scenario.as_ref().map(path),
                "--scenario",
            ),
            ("cluster.sim_speed", text(self.sim_speed), "--sim-speed"),
            ("database.url", self.database.clone(), "--database"),
            ("server.listen", text(self.listen), "--listen"),
            (
                "server.listen_metrics",
                text(self.listen_metrics),
                "--listen-metrics",
            ),
            ("database.migrate", self.migrate.clone(), "--migrate"),
            (
                "journal.folder",
                self.journal.as_ref().map(path),
                "--journal",
            ),
            (
                "journal.keep_days",
                text(self.journal_retention),
                "--journal-retention",
            ),
            ("data_dir", self.data_dir.as_ref().map(path), "--data-dir"),
            ("dev", self.dev.then(|| "true".to_owned()), "--dev"),
        ];
        let given = given.into_iter();
        given
            .filter_map(|(key, value, flag)| Some((key, value?, flag)))
            .collect()
    }

    /// The configuration: flags, variables, file, defaults.
    pub(super) fn load(&self, file: Option<&Path>) -> Result<Loaded, Failure> {
        let variable = |name: &str| std::env::var(name).ok();
        config::load(file, variable, &self.flags())
            .map_err(|bad| Failure::lines(Code::Invalid, bad.0))
    }
}

fn text(value: Option<impl ToString>) -> Option<String> {
    value.map(|value| value.to_string())
}

pub(super) fn run(console: &Console, file: Option<&Path>, args: &Args) -> Result<Exit, Failure> {
    let loaded = args.load(file)?;
    telemetry::start(&loaded.config.log).map_err(|why| Failure::new(Code::Invalid, why))?;
    let say = console.clone();
    let say = move |line: &str| {
        // a reader that went away does not stop the service
        let _ = say.print(&format!("{line}\n"));
    };
    let runtime = tokio::runtime::Runtime::new();
    let runtime = runtime.map_err(|error| Failure::new(Code::Fault, error.to_string()))?;
    let over = runtime.block_on(system::serve(loaded, &say));
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    over.map(|()| Exit::Done).map_err(stopped)
}

fn stopped(stopped: Stopped) -> Failure {
    let code = match stopped.cause {
        Cause::Configuration => Code::Invalid,
        Cause::InUse => Code::AlreadyExists,
        Cause::Failed => Code::Fault,
    };
    Failure::new(code, stopped.sentence)
}
