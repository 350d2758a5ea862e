//! The command line: one file per command group, one renderer, one table of exit codes.

mod app;
mod apply;
mod audit;
mod billing;
mod client;
mod complete;
mod config;
mod context;
mod doctor;
mod events;
mod exit;
mod fields;
mod format;
mod generate;
mod import;
mod input;
mod journal;
mod key;
mod login;
mod logs;
mod migrate;
mod node;
mod nouns;
mod operation;
mod output;
mod plan;
mod policy;
mod progress;
mod reference;
mod replay;
mod report;
mod revision;
mod rollout;
mod run;
mod runs;
mod scenario;
mod serve;
mod service;
mod store;
mod sweep;
mod table;
mod tenant;
mod trace;
mod welcome;
mod why;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory, Parser, Subcommand};

use exit::{Code, Exit, Failure};
use format::{Output, OutputParser};
use output::{Color, Console};

use crate::runtime;

/// A multi-tenant cloud control plane for Kubernetes that can be rehearsed.
#[derive(Debug, Parser)]
#[command(
    name = "nimbus",
    version,
    max_term_width = 100,
    infer_long_args = false
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(flatten)]
    remote: client::Remote,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
struct Global {
    /// How to answer.
    #[arg(short, long, global = true, default_value = "table", value_parser = OutputParser, value_name = "FORMAT")]
    output: Output,
    /// Short for `-o json`.
    #[arg(long, global = true, conflicts_with = "output")]
    json: bool,
    /// Leave out the header line of tables.
    #[arg(long, global = true)]
    no_headers: bool,
    /// Columns of tables: headers, or fields of the answer such as `quota.cpu_m`.
    #[arg(
        long,
        global = true,
        value_delimiter = ',',
        value_name = "A,B",
        hide_short_help = true
    )]
    columns: Vec<String>,
    /// Order of rows: a header or a field; downwards with `-` in front, as in `--sort-by=-cpu`.
    #[arg(
        long,
        global = true,
        allow_hyphen_values = true,
        value_name = "FIELD",
        hide_short_help = true
    )]
    sort_by: Option<String>,
    /// No progress, no hints; errors only.
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Say what the run cost: time, memory, events per second.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
    /// When to colour.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
}

impl Global {
    fn console(&self) -> Console {
        Console {
            output: if self.json {
                Output::Json
            } else {
                self.output.clone()
            },
            headers: !self.no_headers,
            columns: self.columns.clone(),
            sort_by: self.sort_by.clone(),
            quiet: self.quiet,
            verbose: self.verbose > 0,
            color: self.color,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the control plane: REST API, machines, database, journal.
    Serve(serve::Args),
    /// Look at the configuration of the service.
    #[command(subcommand)]
    Config(config::Command),
    /// Run scenarios over history or generated load, and report.
    Replay(replay::Args),
    /// Try a grid of settings over one scenario: cost against violations.
    Sweep(sweep::Args),
    /// Find the smallest fleet that does the work.
    #[command(subcommand)]
    Plan(plan::Command),
    /// Render a saved result again, in another format.
    Report(report::Args),
    /// Make, check and explain scenario files.
    #[command(subcommand, alias = "sim")]
    Scenario(scenario::Command),
    /// Look at recorded events.
    #[command(subcommand)]
    Trace(trace::Command),
    /// Look at the journal of a service: list, show, verify, export.
    #[command(subcommand)]
    Journal(journal::Command),
    /// Write generated files: completions, scenario schema, command reference.
    #[command(subcommand)]
    Gen(generate::Command),
    /// Bring the tables of a database to this version.
    Migrate(migrate::Args),
    /// Write every row of a database to a file, and back.
    #[command(subcommand)]
    Store(store::Command),
    #[command(flatten)]
    Nouns(nouns::Command),
    /// List names for completions.
    #[command(name = "__complete", hide = true)]
    Complete(complete::Args),
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    run(std::env::args_os().collect()).into()
}

fn run(args: Vec<OsString>) -> Exit {
    let json_wanted = wants_json(&args);
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error, json_wanted),
    };
    let console = cli.global.console();
    let Some(command) = cli.command else {
        return end(&console, welcome::welcome(&console));
    };
    if !matches!(command, Command::Serve(_)) {
        runtime::catch_interrupts(); // a service ends in order, by signals of its own
    }
    let result = match command {
        Command::Config(command) => config::run(&console, cli.remote.config.as_deref(), &command),
        Command::Serve(args) => serve::run(&console, cli.remote.config.as_deref(), &args),
        Command::Replay(args) => replay::run(&console, &args),
        Command::Sweep(args) => sweep::run(&console, &args),
        Command::Plan(command) => plan::run(&console, &command),
        Command::Report(args) => report::run(&console, &args),
        Command::Scenario(command) => scenario::run(&console, &command),
        Command::Trace(command) => trace::run(&console, &command),
        Command::Journal(command) => journal::run(&console, &command),
        Command::Gen(command) => generate::run(&console, &command),
        Command::Migrate(args) => migrate::run(&console, &args),
        Command::Store(command) => store::run(&console, &command),
        Command::Nouns(command) => nouns::run(&console, &cli.remote, &command),
        Command::Complete(args) => complete::run(&console, &cli.remote, &args),
    };
    end(&console, result)
}

fn end(console: &Console, result: Result<Exit, Failure>) -> Exit {
    result.unwrap_or_else(|failure| {
        console.failure(&failure);
        failure.exit()
    })
}

/// The whole tree of commands, for completions and the reference.
fn tree() -> clap::Command {
    let mut command = Cli::command();
    command.build();
    command
}

/// Whether the answer is for a program, before the arguments are understood.
fn wants_json(args: &[OsString]) -> bool {
    let words: Vec<_> = args.iter().filter_map(|arg| arg.to_str()).collect();
    let machine = |text: &str| ["json", "yaml"].contains(&text) || text.starts_with("jsonpath=");
    let pair = |pair: &[&str]| ["-o", "--output"].contains(&pair[0]) && machine(pair[1]);
    let joined = |word: &&str| {
        let value = word
            .strip_prefix("--output=")
            .or_else(|| word.strip_prefix("-o"));
        value.is_some_and(|value| machine(value.trim_start_matches('=')))
    };
    words.iter().any(|word| *word == "--json" || joined(word)) || words.windows(2).any(pair)
}

/// Help and version are answers; all else is a usage error with its suggestion.
fn refuse(error: &clap::Error, json: bool) -> Exit {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        let _ = error.print(); // a reader that went away is no failure
        return Exit::Done;
    }
    if json {
        let text = error.render().to_string();
        let first = text.lines().next().unwrap_or_default();
        let first = first.trim_start_matches("error: ");
        let failure = Failure::new(Code::Usage, first);
        output::complain(format::pretty(&failure.to_json()).trim_end());
    } else {
        let _ = error.print();
    }
    Exit::Invalid
}

#[cfg(test)]
mod tests;
