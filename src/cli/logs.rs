//! `nimbus logs`: what the replicas of a service print.

use std::ops::ControlFlow;

use serde_json::Value;

use super::client::{Call, Session, api};
use super::exit::{Exit, Failure};
use super::fields;
use super::service;
use super::table::{cell, plain};

/// Options of `logs`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Id, APP/SERVICE, or a name that only one service has.
    service: String,
    /// Go on as lines come.
    #[arg(short, long)]
    follow: bool,
    /// Only what was printed in this time, as in `10m`.
    #[arg(long, value_name = "DURATION", value_parser = fields::duration)]
    since: Option<String>,
    /// Of replicas that ended before.
    #[arg(long, conflicts_with = "follow")]
    previous: bool,
    /// How many of the last lines.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    tail: u32,
    /// Only of this replica.
    #[arg(long, value_name = "REPLICA")]
    replica: Option<String>,
}

pub(super) fn run(session: &Session<'_>, args: &Args) -> Result<Exit, Failure> {
    let path = service::path(session, &args.service, "/logs")?;
    let call = Call::get(api(&path))
        .with("tail", Some(args.tail))
        .with("since", args.since.as_deref())
        .with("previous", args.previous.then_some(true))
        .with("replica", args.replica.as_deref());
    if args.follow {
        let call = call.with("follow", Some(true));
        session.client.stream(&call, &mut |event| {
            if event.kind == "lagged" {
                session
                    .console
                    .note("lines were left out: we read too slowly");
            } else {
                print(session, event.data)?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        return Ok(Exit::Done);
    }
    let answer = session.client.send(&call)?;
    let lines = match answer.body {
        Value::Object(mut object) => object.remove("items").unwrap_or_default(),
        other => other,
    };
    for line in lines.as_array().cloned().unwrap_or_default() {
        print(session, line)?;
    }
    Ok(Exit::Done)
}

fn print(session: &Session<'_>, line: Value) -> Result<(), Failure> {
    let said = line["line"].as_str().or(line.as_str()).unwrap_or_default();
    let text = format!(
        "{}  {}  {}",
        cell(line.get("time")),
        cell(line.get("replica")),
        plain(said)
    );
    session.console.line(&text, || line)
}
