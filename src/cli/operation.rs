//! `nimbus operation`: slow work that was begun.

use super::client::{Call, Page, Session, api, look, segment};
use super::exit::{Code, Exit, Failure};
use super::table::{Col, cell, col, wide};

const COLUMNS: &[Col] = &[
    col("ID", "id"),
    col("KIND", "kind"),
    col("TARGET", "target"),
    col("STATE", "state"),
    col("PROGRESS", "progress"),
    col("STARTED", "started_at"),
    wide("ENDED", "ended_at"),
    wide("ERROR", "error.detail"),
];

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List operations, newest first.
    #[command(alias = "ls")]
    List(List),
    /// Show an operation.
    #[command(alias = "describe")]
    Get(One),
    /// Follow an operation to its end.
    Watch(One),
    /// End an operation that can be ended.
    Cancel(One),
}

/// Options of `operation list`.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Only in this state.
    #[arg(long, value_parser = ["pending", "running", "succeeded", "failed", "cancelled"])]
    state: Option<String>,
    #[command(flatten)]
    page: Page,
}

/// One operation.
#[derive(Debug, clap::Args)]
pub(super) struct One {
    /// Id of the operation.
    operation: String,
}

pub(super) fn run(session: &Session<'_>, command: &Command) -> Result<Exit, Failure> {
    let path = |id: &str| format!("/operations/{}", segment(id));
    match command {
        Command::List(args) => {
            let call = Call::get(api("/operations")).with("state", args.state.as_deref());
            session.table(call, &args.page, COLUMNS)
        }
        Command::Get(args) => session.show(&path(&args.operation)),
        Command::Watch(args) => watch(session, &args.operation),
        Command::Cancel(args) => {
            let call = Call::post(api(&format!("{}/cancel", path(&args.operation))));
            session.act(
                call,
                &format!("operation {} is being ended", args.operation),
            )
        }
    }
}

/// 0 if it succeeded, 7 if not, 6 if it goes on.
fn watch(session: &Session<'_>, id: &str) -> Result<Exit, Failure> {
    let path = format!("/operations/{}", segment(id));
    let operation = session.until(&format!("operation {id}"), || {
        let body = session.get(&path)?.body;
        let state = body["state"].as_str().unwrap_or("unknown").to_owned();
        let over = ["succeeded", "failed", "cancelled"].contains(&state.as_str());
        Ok(look(over, body, state))
    })?;
    let (state, error) = (
        cell(operation.get("state")),
        cell(operation["error"].get("detail")),
    );
    let succeeded = state == "succeeded";
    if succeeded || session.console.machine() {
        session.console.show(operation)?;
    }
    if succeeded {
        return Ok(Exit::Done);
    }
    Err(Failure::new(
        Code::Unhealthy,
        format!("operation {id} {state}: {error}"),
    ))
}
