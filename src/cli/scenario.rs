//! `nimbus scenario`: makes, checks and explains scenario files.

use std::fs;
use std::path::{Path, PathBuf};

use nimbus_sim::scenario::{Override, Scenario};
use serde_json::json;

use super::exit::{Code, Exit, Failure};
use super::input::{self, Source};
use super::output::{self, Console};
use super::run::prepare;
use super::table::Table;
use super::{generate, replay};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Write a scenario to start from.
    New(New),
    /// Say whether scenario files are right, without running them.
    Check(Check),
    /// Run scenarios: the same as `nimbus replay`.
    Run(replay::Args),
    /// Print a scenario with every default filled in.
    Explain(Explain),
    /// Print the JSON Schema of scenario files.
    Schema,
    /// List the scenarios that are there.
    #[command(alias = "ls")]
    List,
    /// Make a scenario from recorded load.
    #[command(subcommand)]
    Import(super::import::Command),
}

/// Options of `scenario new`.
#[derive(Debug, clap::Args)]
pub(super) struct New {
    /// Name of the scenario and, with `.toml`, of the file.
    name: String,
    /// Start from this scenario: a file, or the name of a bundled one.
    #[arg(long, default_value = "quickstart", value_name = "SCENARIO")]
    like: String,
    /// Folder to write into.
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    out: PathBuf,
}

/// Options of `scenario check`.
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// Scenario files, or names of bundled ones.
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// Replace a value before checking.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = input::key_value)]
    set: Vec<Override>,
}

/// Options of `scenario explain`.
#[derive(Debug, clap::Args)]
pub(super) struct Explain {
    /// A scenario file, or the name of a bundled one.
    scenario: String,
    /// Replace a value before explaining.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = input::key_value)]
    set: Vec<Override>,
}

pub(super) fn run(console: &Console, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::New(args) => new(console, args),
        Command::Check(args) => check(console, args),
        Command::Run(args) => replay::run(console, args),
        Command::Explain(args) => explain(console, args),
        Command::Schema => schema(console),
        Command::List => list(console),
        Command::Import(command) => super::import::run(console, command),
    }
}

fn schema(console: &Console) -> Result<Exit, Failure> {
    let text = generate::schema();
    if console.machine() {
        console.document(&text)?;
    } else {
        console.print(&text)?;
    }
    Ok(Exit::Done)
}

fn new(console: &Console, args: &New) -> Result<Exit, Failure> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if args.name.is_empty() || !args.name.chars().all(plain) {
        let text = format!(
            "{}: expected a name of small letters, digits and hyphens",
            args.name
        );
        return Err(Failure::new(Code::Usage, text));
    }
    let path = args.out.join(format!("{}.toml", args.name));
    refuse_existing(&path)?;
    let source = Source::find(&args.like)?;
    let old = source.parse(&[])?.head.name;
    let text = source.text.replacen(
        &format!("name = \"{old}\""),
        &format!("name = \"{}\"", args.name),
        1,
    );
    output::write(&path, text.as_bytes())?;
    console.answer(
        &format!("wrote {0}; try: nimbus replay {0}\n", path.display()),
        || json!({ "file": path }),
    )?;
    Ok(Exit::Done)
}

/// A command does not replace what a person may have edited.
pub(super) fn refuse_existing(path: &Path) -> Result<(), Failure> {
    if !path.exists() {
        return Ok(());
    }
    let text = format!(
        "{}: is there already; choose another name or remove it first",
        path.display()
    );
    Err(Failure::new(Code::AlreadyExists, text))
}

fn check(console: &Console, args: &Check) -> Result<Exit, Failure> {
    let mut table = Table::new(&["scenario", "tenants", "workloads", "pools", "duration"]);
    for name in &args.scenarios {
        let prepared = prepare(&Source::find(name)?, &args.set, None)?;
        table.row(row(&prepared.scenario));
    }
    console.table(table)?;
    Ok(Exit::Done)
}

fn row(scenario: &Scenario) -> Vec<String> {
    vec![
        scenario.head.name.to_string(),
        scenario.tenants.len().to_string(),
        scenario.workloads.len().to_string(),
        scenario.pools.len().to_string(),
        scenario.head.duration.to_string(),
    ]
}

fn explain(console: &Console, args: &Explain) -> Result<Exit, Failure> {
    let scenario = Source::find(&args.scenario)?.parse(&args.set)?;
    let text = nimbus_sim::scenario::explain(&scenario);
    console.answer(
        &text,
        || json!({ "scenario": &*scenario.head.name, "toml": text }),
    )?;
    Ok(Exit::Done)
}

fn list(console: &Console) -> Result<Exit, Failure> {
    let mut table = Table::new(&["name", "shows", "from"]);
    let mut seen = Vec::new();
    for path in files(Path::new(input::FOLDER)) {
        let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) else {
            continue;
        };
        let text = output::read(&path)?;
        seen.push(name.to_owned());
        table.row(vec![
            name.to_owned(),
            first_sentence(&text),
            path.display().to_string(),
        ]);
    }
    for (name, text) in input::BUNDLED
        .iter()
        .filter(|(name, _)| !seen.iter().any(|s| s == name))
    {
        table.row(vec![
            (*name).to_owned(),
            first_sentence(text),
            "bundled".to_owned(),
        ]);
    }
    console.table(table)?;
    Ok(Exit::Done)
}

/// Scenario files of a folder, sorted; none if there is no folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    paths.sort();
    paths
}

/// What a scenario shows: its opening comment.
fn first_sentence(text: &str) -> String {
    let comment = text.lines().take_while(|line| line.starts_with('#'));
    let words: Vec<&str> = comment
        .flat_map(|line| line.trim_start_matches('#').split_whitespace())
        .collect();
    let all = words.join(" ");
    let end = all.find(". ").map_or(all.len(), |at| at + 1);
    all[..end].to_owned()
}

#[test]
fn the_opening_comment_is_the_title() {
    assert_eq!(
        first_sentence("# Three tenants\n# and more. Then what.\n[scenario]\n"),
        "Three tenants and more."
    );
    assert_eq!(first_sentence("[scenario]\n"), "");
}
