//! `nimbus apply`, `diff` and `delete`: what files describe, against what is there.

mod kinds;
mod manifest;
mod plan;

use std::path::PathBuf;

use serde_json::{Value, json};

use super::client::{Remote, Session};
use super::exit::{Code, Exit, Failure};
use super::output::Console;
use super::table::cell;
use manifest::Manifest;
use plan::{Action, Step};

/// Options of `apply`, `diff` and `delete`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// YAML file with one or several documents, `-` for stdin; repeat for more files.
    #[arg(short, long, required = true, value_name = "FILE")]
    file: Vec<PathBuf>,
}

/// Makes or changes everything, in the order of the documents.
pub(super) fn apply(session: &Session<'_>, args: &Args) -> Result<Exit, Failure> {
    let manifests = manifest::read(&args.file)?;
    let mut done = Vec::new();
    for manifest in &manifests {
        let step = plan::step(session, manifest)?;
        let answer = plan::carry_out(session, manifest, &step)?;
        let word = match step.action {
            Action::Create => "created",
            Action::Change => "changed",
            Action::None => "unchanged",
        };
        let word = if session.remote.tries() && step.action != Action::None {
            format!("would be {word}")
        } else {
            word.to_owned()
        };
        if !session.console.machine() {
            session
                .console
                .print(&format!("{} {word}\n", manifest.title()))?;
        }
        done.push(json!({ "kind": manifest.kind.name, "name": manifest.name(), "action": word, "result": answer }));
    }
    if session.remote.wait && !session.remote.tries() {
        wait(session, &done)?;
    }
    if session.console.machine() {
        session.console.show(json!({ "items": done }))?;
    }
    Ok(Exit::Done)
}

/// Waits for every service that was made or changed.
fn wait(session: &Session<'_>, done: &[Value]) -> Result<(), Failure> {
    for item in done.iter().filter(|item| item["kind"] == "Service") {
        if let Some(id) = item["result"]["id"].as_str() {
            session.settle(id)?;
        }
    }
    Ok(())
}

/// Shows what `apply` would do: 0 nothing, 1 something, 10 if that could not be found out.
pub(super) fn diff(console: &Console, remote: &Remote, args: &Args) -> Result<Exit, Failure> {
    differences(console, remote, args).map_err(|failure| failure.exiting(Exit::DiffFailed))
}

fn differences(console: &Console, remote: &Remote, args: &Args) -> Result<Exit, Failure> {
    let manifests = manifest::read(&args.file)?;
    let session = Session::open(console, remote)?;
    let mut items = Vec::new();
    let mut text = String::new();
    for manifest in &manifests {
        let step = plan::step(&session, manifest)?;
        text.push_str(&shown(manifest, &step));
        items.push(json!({
            "kind": manifest.kind.name,
            "name": manifest.name(),
            "action": step.action.name(),
            "changes": step.changes.iter().map(|c| json!({ "field": c.field, "before": c.before, "after": c.after })).collect::<Vec<_>>(),
        }));
    }
    let same = items.iter().all(|item| item["action"] == "none");
    console.answer(&text, || json!({ "items": items }))?;
    Ok(if same { Exit::Done } else { Exit::Failed })
}

fn shown(manifest: &Manifest, step: &Step) -> String {
    let mark = match step.action {
        Action::Create => '+',
        Action::Change => '~',
        Action::None => '=',
    };
    let mut out = format!("{mark} {}\n", manifest.title());
    for change in &step.changes {
        let before = cell(Some(&change.before));
        out.push_str(&format!(
            "    {}: {before} -> {}\n",
            change.field,
            cell(Some(&change.after))
        ));
    }
    out
}

/// Deletes everything, in the opposite order of the documents.
pub(super) fn delete(session: &Session<'_>, args: &Args) -> Result<Exit, Failure> {
    let manifests = manifest::read(&args.file)?;
    let lasting = manifests.iter().find(|manifest| !manifest.kind.deletable);
    if let Some(manifest) = lasting {
        let text = format!(
            "{}: a {} cannot be deleted",
            manifest.place, manifest.kind.name
        );
        return Err(Failure::new(Code::Usage, text));
    }
    let titles: Vec<String> = manifests.iter().map(Manifest::title).collect();
    session.confirm(&format!("delete {}", titles.join(", ")))?;
    let mut done = Vec::new();
    for manifest in manifests.iter().rev() {
        let gone = plan::delete(session, manifest)?;
        let word = if gone {
            "is being deleted"
        } else {
            "is not there"
        };
        if !session.console.machine() {
            session
                .console
                .print(&format!("{} {word}\n", manifest.title()))?;
        }
        done.push(json!({ "kind": manifest.kind.name, "name": manifest.name(), "found": gone }));
    }
    if session.console.machine() {
        session.console.show(json!({ "items": done }))?;
    }
    Ok(Exit::Done)
}
