//! `nimbus plan`: how much is needed.

use std::path::PathBuf;

use nimbus_sim::report::Document;
use nimbus_sim::scenario::Override;
use nimbus_sim::size::{self, NoSize};

use super::exit::{Code, Exit, Failure};
use super::input::{self, Source};
use super::output::Console;
use super::progress::Watch;
use super::run::{self, Format, How};
use crate::runtime::{self, Stopwatch};

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
    let started = Stopwatch::start();
    let source = Source::find(&args.scenario)?;
    let set = args.overrides();
    let name = source.parse(&set)?.head.name;
    let watch = Watch::runs(console, &name);
    let mut tick = |runs: u32| watch.tick(u64::from(runs), u64::from(runs) + 1, 0);
    let found = size::size(&source.simulated(), &set, &mut tick);
    watch.finish();
    let sizing = found.map_err(|why| failure(&source, why))?;
    let met = sizing.met;
    let mut document = Document::Capacity(Box::new(sizing));
    run::measure(console, &mut document, &started, How::quick(1));
    run::deliver(console, &document, &args.report, args.format)?;
    if met {
        return Ok(Exit::Done);
    }
    let text = format!(
        "{}: no count within the limits of the pools keeps the promise",
        source.file
    );
    Err(Failure::new(Code::ExpectationBroken, text))
}

impl Size {
    /// `--set`, and the seed as one more.
    fn overrides(&self) -> Vec<Override> {
        let seed = self.seed.map(|seed| Override {
            key: "seed".to_owned(),
            value: seed.to_string(),
        });
        self.set.iter().cloned().chain(seed).collect()
    }
}

fn failure(source: &Source, why: NoSize) -> Failure {
    match why {
        NoSize::Unready(unready) => Failure::problems(unready.0),
        NoSize::Stopped(_) if runtime::interrupted() => {
            Failure::new(Code::Fault, format!("{}: {why}", source.file)).exiting(Exit::Interrupted)
        }
        why => Failure::new(Code::Fault, format!("{}: {why}", source.file)),
    }
}
