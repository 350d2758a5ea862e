//! `nimbus events`: what happened, or what happens.

use std::ops::ControlFlow;

use serde_json::Value;

use super::client::{Call, Event, Page, Session, api};
use super::exit::{Exit, Failure};
use super::fields;
use super::table::{Col, cell, col, plain, wide};

/// Columns of lists of events.
pub(super) const COLUMNS: &[Col] = &[
    col("TIME", "time"),
    col("KIND", "kind"),
    col("SUBJECT", "subject"),
    col("BY", "actor"),
    col("DATA", "data"),
    wide("TENANT", "tenant_id"),
    wide("SEQ", "seq"),
    wide("REQUEST", "request_id"),
];

/// Options of `events`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Go on as they happen.
    #[arg(short, long)]
    watch: bool,
    /// Only of this kind, as in `service.scaled`.
    #[arg(long)]
    kind: Option<String>,
    /// Only about this thing, by its id.
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// Only what happened since this time.
    #[arg(long, value_name = "TIME", value_parser = fields::moment)]
    since: Option<String>,
    /// Stop after so many events.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: Option<u32>,
}

pub(super) fn run(session: &Session<'_>, args: &Args) -> Result<Exit, Failure> {
    let call = Call::get(api("/events"))
        .with("tenant_id", session.tenant_option())
        .with("kind", args.kind.as_deref())
        .with("subject", args.subject.as_deref())
        .with("since", args.since.as_deref());
    if args.watch {
        return watch(session, &call, args.limit);
    }
    let page = Page {
        limit: args.limit,
        filter: None,
    };
    session.table(call, &page, COLUMNS)
}

fn watch(session: &Session<'_>, call: &Call, limit: Option<u32>) -> Result<Exit, Failure> {
    let mut left = limit;
    session.client.stream(call, &mut |event| {
        if event.kind == "lagged" {
            session
                .console
                .note("events were left out: we read too slowly");
            return Ok(ControlFlow::Continue(()));
        }
        print(session, event)?;
        left = left.map(|left| left - 1);
        Ok(if left == Some(0) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    Ok(Exit::Done)
}

fn print(session: &Session<'_>, event: Event) -> Result<(), Failure> {
    let data = event.data;
    let at = |key: &str| cell(data.get(key));
    let kind = data["kind"].as_str().unwrap_or(&event.kind);
    let about = match data.get("data") {
        Some(Value::Object(object)) if object.is_empty() => String::new(),
        Some(about) => format!("  {}", cell(Some(about))),
        None => String::new(),
    };
    let text = format!("{}  {}  {}{about}", at("time"), plain(kind), at("subject"));
    session.console.line(&text, || data)
}
