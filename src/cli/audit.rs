//! `nimbus audit`: who did what.

use super::client::{Call, Page, Session, api};
use super::exit::{Code, Exit, Failure};
use super::fields;
use super::table::{Col, cell, col, wide};

const COLUMNS: &[Col] = &[
    col("TIME", "time"),
    col("PRINCIPAL", "principal"),
    col("ACTION", "action"),
    col("TARGET", "target"),
    col("OUTCOME", "outcome"),
    wide("REQUEST", "request_id"),
    wide("ADDRESS", "address"),
    wide("HASH", "hash"),
];

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List entries, newest first.
    #[command(alias = "ls")]
    List(List),
    /// Find out whether an entry was changed or left out.
    Verify,
}

/// Options of `audit list`.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Only what this one did.
    #[arg(long)]
    principal: Option<String>,
    /// Only this, as in `service.scale`.
    #[arg(long)]
    action: Option<String>,
    /// Only what was done to this.
    #[arg(long, value_name = "ID")]
    target: Option<String>,
    /// From this time on.
    #[arg(long, value_name = "TIME", value_parser = fields::moment)]
    from: Option<String>,
    /// Up to this time.
    #[arg(long, value_name = "TIME", value_parser = fields::moment)]
    to: Option<String>,
    #[command(flatten)]
    page: Page,
}

pub(super) fn run(session: &Session<'_>, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => {
            let call = Call::get(api("/audit"))
                .with("principal", args.principal.as_deref())
                .with("action", args.action.as_deref())
                .with("target", args.target.as_deref())
                .with("from", args.from.as_deref())
                .with("to", args.to.as_deref());
            session.table(call, &args.page, COLUMNS)
        }
        Command::Verify => verify(session),
    }
}

/// 0 if every chain is whole, else 7.
fn verify(session: &Session<'_>) -> Result<Exit, Failure> {
    let body = session.get("/audit/verify")?.body;
    let whole = body["ok"] == true;
    let entries = cell(body.get("entries").or(body.get("checked")));
    let text = if whole {
        format!("the audit log is whole: {entries} entries\n")
    } else {
        String::new()
    };
    let first = cell(body.get("first_difference").or(body.get("first_broken")));
    session.console.answer(&text, || body)?;
    if whole {
        return Ok(Exit::Done);
    }
    Err(Failure::new(
        Code::Unhealthy,
        format!("the audit log was changed, first at {first}"),
    ))
}
