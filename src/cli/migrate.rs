//! `nimbus migrate`: the tables of a database, and which version they are of.

use clap::Subcommand;
use serde_json::json;

use super::exit::{Code, Exit, Failure};
use super::output::Console;
use super::table::Table;
use crate::store::{OpenError, Schema};

/// Where the database is.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Place {
    /// A path, sqlite:PATH, or postgres://…
    #[arg(
        long,
        env = "NIMBUS_DATABASE_URL",
        hide_env_values = true,
        default_value = "nimbus-data/nimbus.db",
        value_name = "URL"
    )]
    pub(super) database: String,
}

/// Options of `migrate`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run what is missing (the default).
    Up(Place),
    /// List all migrations and whether the database has them.
    Status(Place),
    /// Fail if something is missing.
    Check(Place),
    /// Revert the last migrations. Their tables are dropped with all that is in them.
    Down {
        /// How many.
        #[arg(value_name = "N")]
        count: usize,
        #[command(flatten)]
        place: Place,
    },
}

pub(super) fn run(console: &Console, args: &Args) -> Result<Exit, Failure> {
    let place = &args.place.database;
    match &args.command {
        None => up(console, place),
        Some(Command::Up(place)) => up(console, &place.database),
        Some(Command::Status(place)) => status(console, &place.database),
        Some(Command::Check(place)) => check(console, &place.database),
        Some(Command::Down { count, place }) => down(console, &place.database, *count),
    }
}

/// What to say of a database that cannot be used.
pub(super) fn unusable(error: &OpenError) -> Failure {
    let code = match error {
        OpenError::Unreachable { .. } => Code::Unreachable,
        OpenError::Locked { .. } | OpenError::Newer { .. } | OpenError::Behind { .. } => {
            Code::Unhealthy
        }
    };
    Failure::new(code, error.to_string())
}

fn open(place: &str) -> Result<Schema, Failure> {
    Schema::open(place).map_err(|error| unusable(&error))
}

fn up(console: &Console, place: &str) -> Result<Exit, Failure> {
    let run = open(place)?.up().map_err(|error| unusable(&error))?;
    let text = match run.len() {
        0 => "nothing is missing\n".to_owned(),
        _ => run.iter().map(|name| format!("applied {name}\n")).collect(),
    };
    console.answer(&text, || json!({ "applied": run }))?;
    Ok(Exit::Done)
}

fn status(console: &Console, place: &str) -> Result<Exit, Failure> {
    let steps = open(place)?.steps().map_err(|error| unusable(&error))?;
    let mut table = Table::new(&["VERSION", "NAME", "APPLIED"]);
    for step in steps {
        let applied = if step.applied { "yes" } else { "no" };
        table.row(vec![step.version, step.name, applied.to_owned()]);
    }
    console.table(table)?;
    Ok(Exit::Done)
}

fn check(console: &Console, place: &str) -> Result<Exit, Failure> {
    open(place)?.check().map_err(|error| unusable(&error))?;
    console.answer("nothing is missing\n", || json!({ "missing": [] }))?;
    Ok(Exit::Done)
}

fn down(console: &Console, place: &str, count: usize) -> Result<Exit, Failure> {
    let reverted = open(place)?.down(count).map_err(|error| unusable(&error))?;
    let text: String = reverted
        .iter()
        .map(|name| format!("reverted {name}\n"))
        .collect();
    console.answer(&text, || json!({ "reverted": reverted }))?;
    Ok(Exit::Done)
}
