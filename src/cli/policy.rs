//! `nimbus policy`: what decides, tried in the shadow before it does.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::client::{Call, Page, Session, api, segment};
use super::exit::{Code, Exit, Failure};
use super::fields::{self, Fields};
use super::output;
use super::table::{Col, cell, col, wide};

const COLUMNS: &[Col] = &[
    col("NAME", "name"),
    col("KIND", "kind"),
    col("VERSION", "policy_version"),
    col("STATE", "state"),
    col("SCOPE", "scope.level"),
    wide("OF", "scope.id"),
    wide("ID", "id"),
    wide("HASH", "hash"),
    wide("CREATED", "created_at"),
];

const KINDS: [&str; 5] = ["schedule", "autoscale", "billing", "quota", "admission"];

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List policies.
    #[command(alias = "ls")]
    List(List),
    /// Show a policy.
    #[command(alias = "describe")]
    Get(One),
    /// Make a draft, or the next version of one.
    Create(Create),
    /// Find out whether a policy is stable, stored or not.
    Check(Check),
    /// Let a policy see all that happens without acting; or end that.
    Shadow(Shadow),
    /// Show where a shadow policy would have decided otherwise.
    Divergence(One),
    /// Make a policy the one that decides.
    Promote(Promote),
}

/// Options of `policy list`.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Only of this kind.
    #[arg(long, value_parser = KINDS)]
    kind: Option<String>,
    /// Only in this state.
    #[arg(long, value_parser = ["draft", "shadow", "active", "retired"])]
    state: Option<String>,
    #[command(flatten)]
    page: Page,
}

/// One policy.
#[derive(Debug, clap::Args)]
pub(super) struct One {
    /// Id of the policy.
    policy: String,
}

/// Options of `policy create`.
#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// Name.
    #[arg(value_parser = fields::title)]
    name: String,
    /// What it decides about.
    #[arg(long, value_parser = KINDS)]
    kind: String,
    /// Whom it counts for: platform, or tenant=ID, service=ID, cluster=ID.
    #[arg(long, default_value = "platform", value_parser = scope)]
    scope: Value,
    #[command(flatten)]
    params: Params,
}

/// What a policy says.
#[derive(Debug, clap::Args)]
struct Params {
    /// A parameter, as in `up=75`; repeat for more.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = fields::pair)]
    set: Vec<fields::Pair>,
    /// File with parameters, as JSON or TOML.
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Options of `policy check`.
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// Id of a stored policy; without it the parameters are checked that are given.
    policy: Option<String>,
    /// What it decides about.
    #[arg(long, value_parser = KINDS, default_value = "autoscale", conflicts_with = "policy")]
    kind: String,
    #[command(flatten)]
    params: Params,
}

/// Options of `policy shadow`.
#[derive(Debug, clap::Args)]
pub(super) struct Shadow {
    /// Id of the policy.
    policy: String,
    /// End it.
    #[arg(long)]
    off: bool,
}

/// Options of `policy promote`.
#[derive(Debug, clap::Args)]
pub(super) struct Promote {
    /// Id of the policy.
    policy: String,
    /// Accept thresholds between which a number may swing for ever.
    #[arg(long)]
    allow_unstable: bool,
}

pub(super) fn run(session: &Session<'_>, command: &Command) -> Result<Exit, Failure> {
    let path = |policy: &str, rest: &str| format!("/policies/{}{rest}", segment(policy));
    match command {
        Command::List(args) => {
            let call = Call::get(api("/policies"))
                .with("kind", args.kind.as_deref())
                .with("state", args.state.as_deref());
            session.table(call, &args.page, COLUMNS)
        }
        Command::Get(args) => session.show(&path(&args.policy, "")),
        Command::Create(args) => create(session, args),
        Command::Check(args) => check(session, args),
        Command::Shadow(args) => {
            let path = api(&path(&args.policy, "/shadow"));
            let (call, done) = if args.off {
                (Call::delete(path), "no longer sees what happens")
            } else {
                (Call::put(path), "sees all that happens, and does nothing")
            };
            session.act(call, &format!("policy {} {done}", args.policy))
        }
        Command::Divergence(args) => session.show(&path(&args.policy, "/divergence")),
        Command::Promote(args) => {
            let call = Call::post(api(&path(&args.policy, "/promote")))
                .with("allow_unstable", args.allow_unstable.then_some(true));
            session.act(call, &format!("policy {} decides from now on", args.policy))
        }
    }
}

fn create(session: &Session<'_>, args: &Create) -> Result<Exit, Failure> {
    let fields = Fields::default()
        .set("kind", Some(args.kind.as_str()))
        .set("name", Some(args.name.as_str()))
        .set("scope", Some(args.scope.clone()))
        .set("params", Some(args.params.read()?));
    let call = Call::post(api("/policies")).body(fields.into_value());
    session.act(call, &format!("policy {} created", args.name))
}

/// 0 if the policy is stable, else 7 with the cycle that it falls into.
fn check(session: &Session<'_>, args: &Check) -> Result<Exit, Failure> {
    let call = match &args.policy {
        Some(id) => Call::post(api(&format!("/policies/{}/check", segment(id)))),
        None => {
            let body = json!({ "kind": args.kind, "params": args.params.read()? });
            Call::post(api("/policies/check")).body(body)
        }
    };
    let body = session.client.send(&call)?.body;
    let stable = body["stable"] != false;
    let why = format!(
        "{}: {} against {}; suggested: {}",
        cell(body.get("rule")),
        cell(body.get("left")),
        cell(body.get("right")),
        cell(body.get("suggest"))
    );
    if stable || session.console.machine() {
        session.console.show(body)?;
    }
    if stable {
        return Ok(Exit::Done);
    }
    Err(Failure::new(
        Code::Unhealthy,
        format!("the policy may swing for ever: {why}"),
    ))
}

impl Params {
    fn read(&self) -> Result<Value, Failure> {
        let mut params = match &self.file {
            None => json!({}),
            Some(path) => {
                let text = output::read(path)?;
                let bad =
                    |why: String| Failure::new(Code::Invalid, format!("{}: {why}", path.display()));
                if path.extension().is_some_and(|e| e == "json") {
                    serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?
                } else {
                    toml::from_str(&text).map_err(|error| bad(error.message().to_owned()))?
                }
            }
        };
        let Value::Object(object) = &mut params else {
            return Err(Failure::new(
                Code::Invalid,
                "parameters: expected keys and values",
            ));
        };
        for (key, text) in &self.set {
            let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()));
            object.insert(key.clone(), value);
        }
        Ok(params)
    }
}

/// `platform`, or `tenant=acme`.
fn scope(text: &str) -> Result<Value, String> {
    match text.split_once('=') {
        None if text == "platform" => Ok(json!({ "level": "platform" })),
        Some((level @ ("tenant" | "service" | "cluster"), id)) if !id.is_empty() => {
            Ok(json!({ "level": level, "id": id }))
        }
        _ => Err("expected platform, or tenant=ID, service=ID, cluster=ID".to_owned()),
    }
}
