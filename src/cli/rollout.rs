//! `nimbus rollout`: how a new revision takes over.

use super::client::{Call, Page, Session, api, is_id, segment};
use super::exit::{Code, Exit, Failure};
use super::table::{Col, col, wide};
use super::{revision, service};

const COLUMNS: &[Col] = &[
    col("ID", "id"),
    col("REVISION", "revision"),
    col("FROM", "from_revision"),
    col("STATE", "state"),
    col("READY", "ready"),
    col("OF", "desired"),
    col("STARTED", "started_at"),
    col("ENDED", "ended_at"),
    wide("PAUSED", "paused"),
    wide("MESSAGE", "message"),
    wide("DEADLINE", "deadline_at"),
];

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List the rollouts of a service, newest first.
    #[command(alias = "ls")]
    List(List),
    /// Show the newest rollout of a service.
    Status(One),
    /// Let a rollout stand still.
    Pause(One),
    /// Let it go on.
    Resume(One),
    /// Bring back the revision before.
    Undo(revision::Rollback),
}

/// Options of `rollout list`.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Id, APP/SERVICE, or a name that only one service has.
    service: String,
    #[command(flatten)]
    page: Page,
}

/// One rollout.
#[derive(Debug, clap::Args)]
pub(super) struct One {
    /// Id of a rollout, or the service whose newest one is meant.
    service: String,
}

pub(super) fn run(session: &Session<'_>, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => {
            let path = service::path(session, &args.service, "/rollouts")?;
            session.table(Call::get(api(&path)), &args.page, COLUMNS)
        }
        Command::Status(args) => status(session, &args.service),
        Command::Pause(args) => act(session, &args.service, "pause", "stands still"),
        Command::Resume(args) => act(session, &args.service, "resume", "goes on"),
        Command::Undo(args) => revision::rollback(session, args),
    }
}

fn status(session: &Session<'_>, name: &str) -> Result<Exit, Failure> {
    let rollout = newest(session, name)?;
    session.console.show(rollout)?;
    Ok(Exit::Done)
}

fn act(session: &Session<'_>, name: &str, verb: &str, done: &str) -> Result<Exit, Failure> {
    let id = if is_id(name, "rol") {
        name.to_owned()
    } else {
        let rollout = newest(session, name)?;
        rollout["id"].as_str().unwrap_or_default().to_owned()
    };
    let call = Call::post(api(&format!("/rollouts/{}/{verb}", segment(&id))));
    session.act(call, &format!("rollout of {name} {done}"))
}

/// The newest rollout of a service.
fn newest(session: &Session<'_>, name: &str) -> Result<serde_json::Value, Failure> {
    let path = service::path(session, name, "/rollouts")?;
    let page = Page {
        limit: Some(1),
        filter: None,
    };
    let mut list = session.list(Call::get(api(&path)), &page)?;
    match list["items"].get_mut(0) {
        Some(rollout) => Ok(rollout.take()),
        None => Err(Failure::new(
            Code::NotFound,
            format!("service {name} has no rollout"),
        )),
    }
}
