//! `nimbus service`: what runs.

mod deploy;
mod show;

use serde_json::json;

pub(super) use deploy::{Bounds, Deploy, differs, whole};

use super::client::{Call, Page, Session, api, segment};
use super::exit::{Exit, Failure};
use super::table::{Col, col, wide};
use super::why;

pub(super) const COLUMNS: &[Col] = &[
    col("NAME", "name"),
    col("STATUS", "status"),
    col("REPLICAS", "replicas"),
    col("REVISION", "current_revision"),
    col("IMAGE", "image"),
    col("CPU", "cpu_request"),
    col("MEMORY", "memory_request"),
    wide("ID", "id"),
    wide("APP", "app_id"),
    wide("TENANT", "tenant_id"),
    wide("AUTOSCALE", "autoscale"),
    wide("UPDATED", "updated_at"),
];

const REPLICAS: &[Col] = &[
    col("NAME", "name"),
    col("PHASE", "phase"),
    col("REVISION", "revision"),
    col("NODE", "node"),
    col("RESTARTS", "restarts"),
    col("AGE", "age_s"),
    col("REASON", "reason"),
    wide("UID", "uid"),
    wide("CPU", "cpu_used_m"),
    wide("MEMORY", "memory_used_mb"),
    wide("BOUND", "bound_at"),
];

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List services, of one app or of all.
    #[command(alias = "ls")]
    List(List),
    /// Show a service.
    #[command(alias = "describe")]
    Get(Named),
    /// Make a service or change it; the app is made too if there is none.
    Deploy(Box<Deploy>),
    /// Change some fields of a service.
    Edit(Box<deploy::Edit>),
    /// Set the number of replicas.
    Scale(Scale),
    /// Show how a service is doing now.
    Status(Named),
    /// Start all replicas anew, one after the other.
    Restart(Named),
    /// Let the load decide about the number of replicas.
    Autoscale(Autoscale),
    /// Let automation touch a service again that a rollback has pinned.
    Unpin(Named),
    /// Delete a service.
    Delete(Named),
    /// List the replicas of a service.
    Replicas(Many),
    /// List what was decided for a service.
    Decisions(Many),
}

/// Options of `service list`.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Only services of this app.
    #[arg(long, value_name = "APP")]
    app: Option<String>,
    #[command(flatten)]
    page: Page,
}

/// One service.
#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// Id, APP/SERVICE, or a name that only one service has.
    service: String,
}

/// One service and a list.
#[derive(Debug, clap::Args)]
pub(super) struct Many {
    /// Id, APP/SERVICE, or a name that only one service has.
    service: String,
    #[command(flatten)]
    page: Page,
}

/// Options of `service scale`.
#[derive(Debug, clap::Args)]
pub(super) struct Scale {
    /// Id, APP/SERVICE, or a name that only one service has.
    service: String,
    /// How many replicas; 0 stops it.
    #[arg(value_parser = clap::value_parser!(u32).range(0..=1000))]
    replicas: u32,
}

/// Options of `service autoscale`.
#[derive(Debug, clap::Args)]
pub(super) struct Autoscale {
    /// Id, APP/SERVICE, or a name that only one service has.
    service: String,
    /// Least and most replicas, as in `1..5`.
    #[arg(required_unless_present = "off", value_name = "MIN..MAX")]
    bounds: Option<Bounds>,
    /// Leave the number of replicas alone from now on.
    #[arg(long, conflicts_with_all = ["bounds", "up", "down", "allow_unstable"])]
    off: bool,
    /// Add a replica above this use, percent.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(1..=1000))]
    up: Option<u32>,
    /// Remove one below this use, percent.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(0..=1000))]
    down: Option<u32>,
    /// Accept thresholds between which the number may swing for ever.
    #[arg(long)]
    allow_unstable: bool,
}

pub(super) fn run(session: &Session<'_>, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list(session, args),
        Command::Get(args) => session.show(&path(session, &args.service, "")?),
        Command::Deploy(args) => deploy::deploy(session, args),
        Command::Edit(args) => deploy::edit(session, args),
        Command::Scale(args) => scale(session, args),
        Command::Status(args) => show::status(session, &path(session, &args.service, "/status")?),
        Command::Restart(args) => restart(session, &args.service),
        Command::Autoscale(args) => autoscale(session, args),
        Command::Unpin(args) => {
            let path = api(&path(session, &args.service, "/unpin")?);
            let text = format!("service {} is no longer pinned", args.service);
            session.act(Call::post(path), &text)
        }
        Command::Delete(args) => delete(session, &args.service),
        Command::Replicas(args) => {
            let path = api(&path(session, &args.service, "/replicas")?);
            session.table(Call::get(path), &args.page, REPLICAS)
        }
        Command::Decisions(args) => {
            let path = api(&path(session, &args.service, "/decisions")?);
            session.table(Call::get(path), &args.page, why::COLUMNS)
        }
    }
}

/// The path of a service, found by whatever names it.
pub(super) fn path(session: &Session<'_>, name: &str, rest: &str) -> Result<String, Failure> {
    let id = session.service(name)?;
    Ok(format!("/services/{}{rest}", segment(&id)))
}

fn list(session: &Session<'_>, args: &List) -> Result<Exit, Failure> {
    if let Some(app) = &args.app {
        let found = session.app(app)?;
        let id = found["id"].as_str().unwrap_or(app);
        let call = Call::get(api(&format!("/apps/{}/services", segment(id))));
        return session.table(call, &args.page, COLUMNS);
    }
    show::all(session, &args.page)
}

fn scale(session: &Session<'_>, args: &Scale) -> Result<Exit, Failure> {
    let id = session.service(&args.service)?;
    let path = api(&format!("/services/{}/scale", segment(&id)));
    let answer = session.write(Call::put(path).body(json!({ "replicas": args.replicas })))?;
    let text = format!("service {} scaled to {}", args.service, args.replicas);
    if session.remote.tries() {
        return session.done(answer, &text);
    }
    session.rolled(&id, &text, answer.body)
}

fn restart(session: &Session<'_>, name: &str) -> Result<Exit, Failure> {
    let id = session.service(name)?;
    let answer = session.write(Call::post(api(&format!(
        "/services/{}/restart",
        segment(&id)
    ))))?;
    let text = format!("service {name} is restarting");
    if session.remote.tries() {
        return session.done(answer, &text);
    }
    session.rolled(&id, &text, answer.body)
}

fn autoscale(session: &Session<'_>, args: &Autoscale) -> Result<Exit, Failure> {
    let path = api(&path(session, &args.service, "/autoscale")?);
    let Some(bounds) = args.bounds.filter(|_| !args.off) else {
        let text = format!("service {} is no longer scaled by itself", args.service);
        return session.act(Call::delete(path), &text);
    };
    let call = Call::put(path)
        .body(bounds.policy(args.up, args.down))
        .with("allow_unstable", args.allow_unstable.then_some(true));
    let text = format!(
        "service {} scales from {} to {}",
        args.service, bounds.min, bounds.max
    );
    session.act(call, &text)
}

fn delete(session: &Session<'_>, name: &str) -> Result<Exit, Failure> {
    let path = path(session, name, "")?;
    session.confirm(&format!("delete service {name}"))?;
    session.act(
        Call::delete(api(&path)),
        &format!("service {name} is being deleted"),
    )
}
