//! `nimbus run`: simulations on the server.

use serde_json::{Value, json};

use super::client::{Call, Page, Session, api, segment};
use super::exit::{Code, Exit, Failure};
use super::table::{Col, col, wide};

const COLUMNS: &[Col] = &[
    col("ID", "id"),
    col("STATE", "state"),
    col("PROGRESS", "progress"),
    col("SEED", "seed"),
    col("EVENTS", "events"),
    col("HASH", "event_hash"),
    wide("SCENARIO", "scenario_hash"),
    wide("DRIVER", "driver"),
    wide("WALL MS", "wall_ms"),
    wide("ERROR", "error"),
];

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List runs.
    #[command(alias = "ls")]
    List(List),
    /// Show a run.
    #[command(alias = "describe")]
    Get(One),
    /// Start a run of a scenario that the server keeps.
    Create(Create),
    /// Follow a run to its end.
    Watch(One),
    /// Let a run stand still.
    Pause(One),
    /// Let it go on.
    Resume(One),
    /// Let a paused run do a little.
    Step(Step),
    /// End a run, or remove one that has ended.
    Cancel(One),
}

/// Options of `run list`.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    page: Page,
}

/// One run.
#[derive(Debug, clap::Args)]
pub(super) struct One {
    /// Id of the run.
    run: String,
}

/// Options of `run create`.
#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// Id of the scenario.
    scenario: String,
    /// Seed instead of the scenario's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// Options of `run step`.
#[derive(Debug, clap::Args)]
pub(super) struct Step {
    /// Id of the run.
    run: String,
    /// How many events.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    events: u64,
    /// Up to this virtual time instead, as in `2h`.
    #[arg(long, value_name = "DURATION", value_parser = super::fields::duration)]
    until: Option<String>,
}

pub(super) fn run(session: &Session<'_>, command: &Command) -> Result<Exit, Failure> {
    let path = |run: &str, rest: &str| format!("/runs/{}{rest}", segment(run));
    match command {
        Command::List(args) => session.table(Call::get(api("/runs")), &args.page, COLUMNS),
        Command::Get(args) => session.show(&path(&args.run, "")),
        Command::Create(args) => create(session, args),
        Command::Watch(args) => {
            let run = watch(session, &args.run)?;
            session.console.show(run)?;
            Ok(Exit::Done)
        }
        Command::Pause(args) => {
            let call = Call::post(api(&path(&args.run, "/pause")));
            session.act(call, &format!("run {} stands still", args.run))
        }
        Command::Resume(args) => {
            let call = Call::post(api(&path(&args.run, "/resume")));
            session.act(call, &format!("run {} goes on", args.run))
        }
        Command::Step(args) => {
            let body = args.until.as_ref().map_or_else(
                || json!({ "events": args.events }),
                |until| json!({ "until": until }),
            );
            let call = Call::post(api(&path(&args.run, "/step"))).body(body);
            session.act(call, &format!("run {} went a step", args.run))
        }
        Command::Cancel(args) => {
            session.confirm(&format!("end run {}", args.run))?;
            let call = Call::delete(api(&path(&args.run, "")));
            session.act(call, &format!("run {} ended", args.run))
        }
    }
}

fn create(session: &Session<'_>, args: &Create) -> Result<Exit, Failure> {
    let mut body = json!({ "scenario_id": args.scenario });
    if let Some(seed) = args.seed {
        body["seed"] = Value::from(seed);
    }
    let answer = session.write(Call::post(api("/runs")).body(body))?;
    let id = answer.body["id"].as_str().unwrap_or_default().to_owned();
    if !session.remote.wait || session.remote.tries() {
        return session.done(answer, "run started");
    }
    let run = watch(session, &id)?;
    session.console.show(run)?;
    Ok(Exit::Done)
}

/// Follows a run to its end; a failed one is a failure.
fn watch(session: &Session<'_>, id: &str) -> Result<Value, Failure> {
    let path = format!("/runs/{}", segment(id));
    let run = session.until(&format!("run {id}"), || {
        let body = session.get(&path)?.body;
        let state = body["state"].as_str().unwrap_or("unknown").to_owned();
        let over = ["done", "failed", "cancelled"].contains(&state.as_str());
        Ok(super::client::look(over, body, state))
    })?;
    if run["state"] == "failed" {
        let error = run["error"].as_str().unwrap_or("no cause was given");
        return Err(Failure::new(
            Code::Unhealthy,
            format!("run {id} failed: {error}"),
        ));
    }
    Ok(run)
}
