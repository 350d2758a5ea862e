//! `nimbus gen`: generated files, and whether they are current.

use std::fs;
use std::path::{Path, PathBuf};

use clap_complete::Shell;
use serde_json::json;

use super::exit::{Code, Exit, Failure};
use super::format::pretty;
use super::output::{self, Console};
use super::reference;
use crate::http;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Print the completions of a shell.
    Completions {
        /// Which shell.
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Write the JSON Schema of scenario files and its reference page.
    ScenarioSchema(Target),
    /// Print the configuration of the service with every default and what it means.
    Config,
    /// Write the reference of all commands.
    CliReference(Target),
    /// Write the table of roles and permissions.
    Access(Target),
    /// Write the document of the API, OpenAPI 3.1.
    Openapi(Target),
    /// Write one page for each problem that the API answers with.
    Problems(Target),
}

/// Where generated files go.
#[derive(Debug, clap::Args)]
pub(super) struct Target {
    /// Write nothing; fail if a file is not current.
    #[arg(long)]
    check: bool,
    /// Folder of the documents.
    #[arg(long, default_value = "docs", value_name = "FOLDER")]
    out: PathBuf,
}

pub(super) fn run(console: &Console, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Completions { shell } => completions(console, *shell),
        Command::Config => {
            let manual = crate::config::MANUAL;
            console.answer(manual, || json!({ "config": manual }))?;
            Ok(Exit::Done)
        }
        Command::ScenarioSchema(target) => files(
            console,
            target,
            &[
                ("scenario.schema.json", schema()),
                ("scenario-format.md", nimbus_sim::scenario::manual()),
            ],
        ),
        Command::CliReference(target) => {
            let text = reference::markdown(&super::tree());
            files(console, target, &[("cli.md", text)])
        }
        Command::Access(target) => {
            let text = nimbus_core::access::page();
            files(console, target, &[("access.md", text)])
        }
        Command::Openapi(target) => {
            files(console, target, &[("openapi.json", http::openapi::json())])
        }
        Command::Problems(target) => files(console, target, &problems()),
    }
}

/// The pages of problems, and their list.
fn problems() -> Vec<(String, String)> {
    let mut pages = http::problem::pages();
    pages.push(("problems/README.md".to_owned(), http::problem::index()));
    pages
}

fn completions(console: &Console, shell: Shell) -> Result<Exit, Failure> {
    let text = script(shell);
    console.answer(
        &text,
        || json!({ "shell": shell.to_string(), "script": text }),
    )?;
    Ok(Exit::Done)
}

/// The completion script of a shell; where that is possible, names are asked of the server.
pub(super) fn script(shell: Shell) -> String {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut super::tree(), "nimbus", &mut bytes);
    let script = String::from_utf8_lossy(&bytes).into_owned();
    super::complete::live(shell, &super::tree(), script)
}

/// The JSON Schema of scenario files.
pub(super) fn schema() -> String {
    let schema = serde_json::to_value(nimbus_sim::scenario::schema());
    pretty(&schema.expect("a schema is plain data"))
}

fn files(
    console: &Console,
    target: &Target,
    files: &[(impl AsRef<str>, String)],
) -> Result<Exit, Failure> {
    let mut stale = Vec::new();
    for (name, text) in files {
        let path = target.out.join(name.as_ref());
        if is_current(&path, text) {
            continue;
        }
        if target.check {
            stale.push(format!(
                "{}: is not current; `nimbus gen` writes it anew",
                path.display()
            ));
        } else {
            output::write(&path, text.as_bytes())?;
            console.note(&format!("wrote {}", path.display()));
        }
    }
    if !stale.is_empty() {
        return Err(Failure::lines(Code::Differs, stale));
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_ref()).collect();
    console.answer("", || json!({ "current": names }))?;
    Ok(Exit::Done)
}

fn is_current(path: &Path, text: &str) -> bool {
    fs::read_to_string(path).is_ok_and(|found| found == text)
}
