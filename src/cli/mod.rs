//! The command line: one file per command group, one renderer, one table of exit codes.

mod exit;
mod generate;
mod import;
mod input;
mod output;
mod plan;
mod progress;
mod reference;
mod replay;
mod report;
mod run;
mod scenario;
mod sweep;
mod trace;
mod welcome;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory, Parser, Subcommand};

use exit::{Code, Exit, Failure};
use output::{Color, Console, Output};

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
    #[command(subcommand)]
    command: Option<Command>,
}

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
struct Global {
    /// How to answer.
    #[arg(short, long, global = true, value_enum, default_value_t = Output::Table, value_name = "FORMAT")]
    output: Output,
    /// Short for `-o json`.
    #[arg(long, global = true, conflicts_with = "output")]
    json: bool,
    /// Leave out the header line of tables.
    #[arg(long, global = true)]
    no_headers: bool,
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
            output: if self.json { Output::Json } else { self.output },
            headers: !self.no_headers,
            quiet: self.quiet,
            verbose: self.verbose > 0,
            color: self.color,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
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
    /// Write generated files: completions, scenario schema, command reference.
    #[command(subcommand)]
    Gen(generate::Command),
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
    runtime::catch_interrupts();
    let result = match command {
        Command::Replay(args) => replay::run(&console, &args),
        Command::Sweep(args) => sweep::run(&console, &args),
        Command::Plan(command) => plan::run(&console, &command),
        Command::Report(args) => report::run(&console, &args),
        Command::Scenario(command) => scenario::run(&console, &command),
        Command::Trace(command) => trace::run(&console, &command),
        Command::Gen(command) => generate::run(&console, &command),
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
    let pair = |pair: &[&str]| ["-o", "--output"].contains(&pair[0]) && pair[1] == "json";
    let single = ["--json", "-ojson", "-o=json", "--output=json"];
    words.iter().any(|word| single.contains(word)) || words.windows(2).any(pair)
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
        output::complain(output::pretty(&failure.to_json()).trim_end());
    } else {
        let _ = error.print();
    }
    Exit::Invalid
}

#[cfg(test)]
mod tests;
