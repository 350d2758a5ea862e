//! `nimbus revision`, `rollback` and `releases`: what was deployed, and the way back.

use serde_json::json;

use super::client::{Call, Page, Session, api};
use super::exit::{Exit, Failure};
use super::service;
use super::table::{Col, col, wide};

const COLUMNS: &[Col] = &[
    col("REVISION", "number"),
    col("PHASE", "phase"),
    col("IMAGE", "image"),
    col("REASON", "reason"),
    col("FROM", "from_revision"),
    col("BY", "created_by"),
    col("CREATED", "created_at"),
    wide("ID", "id"),
    wide("SPEC", "spec_hash"),
];

const CHANGES: &[Col] = &[col("FIELD", "field"), col("FROM", "from"), col("TO", "to")];

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List the revisions of a service, newest first.
    #[command(alias = "ls")]
    List(Releases),
    /// Show a revision as it was deployed.
    #[command(alias = "describe")]
    Get(Get),
    /// Show in which fields two revisions differ.
    Diff(Diff),
}

/// Options of `revision list` and `releases`.
#[derive(Debug, clap::Args)]
pub(super) struct Releases {
    /// Id, APP/SERVICE, or a name that only one service has.
    service: String,
    #[command(flatten)]
    page: Page,
}

/// Options of `revision get`.
#[derive(Debug, clap::Args)]
pub(super) struct Get {
    /// Id, APP/SERVICE, or a name that only one service has.
    service: String,
    /// Number of the revision.
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    number: u32,
}

/// Options of `revision diff`.
#[derive(Debug, clap::Args)]
pub(super) struct Diff {
    /// Id, APP/SERVICE, or a name that only one service has.
    service: String,
    /// One revision.
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    a: u32,
    /// The other.
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    b: u32,
}

/// Options of `rollback`.
#[derive(Debug, clap::Args)]
pub(super) struct Rollback {
    /// Id, APP/SERVICE, or a name that only one service has.
    service: String,
    /// Number of the revision to bring back; without it the one before.
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    to: Option<u32>,
}

pub(super) fn run(session: &Session<'_>, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => releases(session, args),
        Command::Get(args) => {
            let rest = format!("/revisions/{}", args.number);
            session.show(&service::path(session, &args.service, &rest)?)
        }
        Command::Diff(args) => diff(session, args),
    }
}

pub(super) fn releases(session: &Session<'_>, args: &Releases) -> Result<Exit, Failure> {
    let path = service::path(session, &args.service, "/revisions")?;
    session.table(Call::get(api(&path)), &args.page, COLUMNS)
}

/// 0 without a difference, 1 with one, 10 if it could not be found out.
fn diff(session: &Session<'_>, args: &Diff) -> Result<Exit, Failure> {
    let failed = |failure: Failure| failure.exiting(Exit::DiffFailed);
    let rest = format!("/revisions/{}/diff/{}", args.a, args.b);
    let path = service::path(session, &args.service, &rest).map_err(failed)?;
    let list = session.get(&path).map_err(failed)?.body;
    let none = list["items"].as_array().is_none_or(Vec::is_empty);
    session
        .console
        .table(super::table::Table::of(CHANGES, list))?;
    Ok(if none { Exit::Done } else { Exit::Failed })
}

pub(super) fn rollback(session: &Session<'_>, args: &Rollback) -> Result<Exit, Failure> {
    let id = session.service(&args.service)?;
    let path = api(&format!("/services/{id}/rollback"));
    let body = args.to.map_or_else(|| json!({}), |to| json!({ "to": to }));
    let answer = session.write(Call::post(path).body(body))?;
    let to = args.to.map_or_else(
        || "the revision before".to_owned(),
        |n| format!("revision {n}"),
    );
    let text = format!("service {} goes back to {to}", args.service);
    if session.remote.tries() {
        return session.done(answer, &text);
    }
    session.rolled(&id, &text, answer.body)
}
