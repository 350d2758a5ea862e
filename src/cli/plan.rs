//! `nimbus plan`: how much is needed.

use std::path::PathBuf;

use nimbus_sim::scenario::Override;

use super::exit::{Code, Exit, Failure};
use super::input::{self, Source};
use super::output::Console;
use super::progress::Watch;
use super::run::Format;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Find the smallest count of each node pool that meets the objective.
    Size(Size),
}

/// Options of `plan size`.
#[derive(Debug, clap::Args)]
pub(super) struct Size {
    /// A scenario file, or the name of a bundled one.
    scenario: String,
    /// Seed instead of the scenario's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Replace a value of the scenario.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = input::key_value)]
    set: Vec<Override>,
    /// Write the result to this file too; the name's ending decides the format.
    #[arg(long, value_name = "FILE")]
    report: Vec<PathBuf>,
    /// Format of `--report`, if the name does not say it.
    #[arg(long, value_enum)]
    format: Option<Format>,
}

pub(super) fn run(console: &Console, command: &Command) -> Result<Exit, Failure> {
    let Command::Size(args) = command;
    let source = Source::find(&args.scenario)?;
    let scenario = source.parse(&args.set)?;
    let watch = Watch::start(console, &scenario.head.name);
    let _ = (args.seed, &args.report, args.format);
    watch.finish();
    Err(Failure::new(Code::Fault, "the driver is not connected"))
}
