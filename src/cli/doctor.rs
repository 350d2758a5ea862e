//! `nimbus doctor`: what is wrong with this installation, in one line for each part.

mod local;
mod remote;

use std::path::PathBuf;

use serde_json::{Value, json};

use super::client::Remote;
use super::exit::{Code, Exit, Failure};
use super::format::pretty;
use super::output::{self, Console};
use super::table::Table;
use crate::runtime;

/// Options of `doctor`. Without one it looks at this machine and at the server.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Look at this machine only: contexts, tokens, data folder.
    #[arg(long, conflicts_with = "server")]
    local: bool,
    /// Data folder of a server on this machine.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Write all that was found to this file, without secrets, to be handed on.
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
}

/// How a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// Well.
    Ok,
    /// Could not be looked at.
    Skipped,
    /// Well for now.
    Warning,
    /// Not well.
    Error,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Skipped => "skipped",
            State::Warning => "warning",
            State::Error => "error",
        }
    }
}

/// What a look at one part gave.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    check: String,
    state: State,
    detail: String,
}

/// All findings, and what goes into a bundle beside them.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<Finding>,
    raw: Vec<(String, Value)>,
}

impl Findings {
    /// One more finding.
    pub(super) fn add(&mut self, check: &str, state: State, detail: impl Into<String>) {
        self.list.push(Finding {
            check: check.to_owned(),
            state,
            detail: detail.into(),
        });
    }

    /// Something for the bundle.
    pub(super) fn keep(&mut self, name: &str, value: Value) {
        self.raw.push((name.to_owned(), value));
    }

    fn worst(&self) -> State {
        self.list
            .iter()
            .map(|finding| finding.state)
            .max()
            .unwrap_or(State::Ok)
    }
}

pub(super) fn run(console: &Console, options: &Remote, args: &Args) -> Result<Exit, Failure> {
    let mut findings = Findings::default();
    if args.local || options.server.is_none() {
        local::look(options, args.data.as_deref(), &mut findings);
    }
    if !args.local {
        remote::look(options, &mut findings);
    }
    if let Some(path) = &args.bundle {
        output::write(path, pretty(&bundle(&findings)).as_bytes())?;
        console.note(&format!("wrote {}", path.display()));
    }
    let mut table = Table::new(&["check", "state", "detail"]);
    for finding in &findings.list {
        let state = finding.state.name().to_owned();
        table.row(vec![finding.check.clone(), state, finding.detail.clone()]);
    }
    console.table(table)?;
    if findings.worst() < State::Error {
        return Ok(Exit::Done);
    }
    let wrong = findings
        .list
        .iter()
        .filter(|finding| finding.state == State::Error);
    let wrong: Vec<&str> = wrong.map(|finding| finding.check.as_str()).collect();
    Err(Failure::new(
        Code::Unhealthy,
        format!("not well: {}", wrong.join(", ")),
    ))
}

/// All that was found, without secrets.
fn bundle(findings: &Findings) -> Value {
    let host = runtime::host();
    let list: Vec<Value> = findings
        .list
        .iter()
        .map(|f| json!({ "check": f.check, "state": f.state.name(), "detail": f.detail }))
        .collect();
    let raw: serde_json::Map<String, Value> = findings.raw.iter().cloned().collect();
    masked(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "time": runtime::now().to_string(),
        "host": { "os": host.os, "arch": host.arch, "cores": host.cores },
        "findings": list,
        "found": raw,
    }))
}

/// Words that a secret goes by.
const SECRET: [&str; 6] = [
    "token",
    "key",
    "secret",
    "password",
    "credential",
    "authorization",
];

/// Takes out whatever goes by the name of a secret.
fn masked(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let fields = object.into_iter().map(|(name, value)| {
                let small = name.to_lowercase();
                let hidden = value.is_string() && SECRET.iter().any(|word| small.contains(word));
                let value = if hidden {
                    Value::from("(left out)")
                } else {
                    masked(value)
                };
                (name, value)
            });
            Value::Object(fields.collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(masked).collect()),
        other => other,
    }
}

#[test]
fn a_bundle_has_no_secret() {
    let mut findings = Findings::default();
    findings.keep(
        "config",
        json!({ "api_key": "nbk_1", "nested": [{ "Token": "t", "port": 80 }] }),
    );
    let text = bundle(&findings).to_string();
    assert!(!text.contains("nbk_1") && !text.contains("\"t\""), "{text}");
    assert!(text.contains("80"), "{text}");
}
