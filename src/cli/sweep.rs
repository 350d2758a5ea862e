//! `nimbus sweep`: a grid of settings over one scenario.

use std::path::PathBuf;

use nimbus_sim::report::Document;
use nimbus_sim::scenario::Override;
use nimbus_sim::sweep::{self, BadSweep};

use super::exit::{Code, Exit, Failure};
use super::input::{self, Source};
use super::output::Console;
use super::progress::Watch;
use super::run::{self, Format, How};
use crate::runtime::{self, Stopwatch};

/// Options of `sweep`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A scenario file, or the name of a bundled one.
    scenario: String,
    /// A key and the values to try, as in `autoscaler.web.up_percent=60,70,80`. Repeat for more keys;
    /// without it the `[sweep]` section of the scenario counts.
    #[arg(long, value_name = "KEY=A,B,C", value_parser = axis)]
    grid: Vec<Axis>,
    /// Run every setting with so many seeds.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    seeds: Option<u32>,
    /// Threads; all cores by default. The result is the same on any number.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
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

type Axis = (String, Vec<String>);

fn axis(text: &str) -> Result<Axis, String> {
    sweep::parse_axis(text).map_err(|bad| bad.to_string())
}

pub(super) fn run(console: &Console, args: &Args) -> Result<Exit, Failure> {
    let started = Stopwatch::start();
    let source = Source::find(&args.scenario)?;
    let scenario = source.parse(&args.set)?;
    let grid = if args.grid.is_empty() {
        scenario.sweep.grid.clone()
    } else {
        args.grid.clone()
    };
    if grid.is_empty() {
        let expected = "expected --grid key=a,b,c, or a grid under [sweep] in the scenario";
        return Err(Failure::new(
            Code::Usage,
            format!("{}: {expected}", source.file),
        ));
    }
    let seeds = args.seeds.unwrap_or(scenario.sweep.seeds);
    let threads = args.threads.map_or_else(runtime::cores, usize::from);
    let watch = Watch::runs(console, &scenario.head.name);
    let count = |runs: usize| u64::try_from(runs).unwrap_or(u64::MAX);
    let tick = |done: usize, of: usize| watch.tick(count(done), count(of), 0);
    let found = sweep::sweep(&source.simulated(), &args.set, &grid, seeds, threads, tick);
    watch.finish();
    let mut document = Document::Sweep(Box::new(found.map_err(failure)?));
    let threads = u32::try_from(threads).unwrap_or(u32::MAX);
    run::measure(console, &mut document, &started, How::quick(threads));
    run::deliver(console, &document, &args.report, args.format)?;
    if runtime::interrupted() {
        console.note("interrupted: the sweep is partial");
        return Ok(Exit::Interrupted);
    }
    Ok(Exit::Done)
}

fn failure(bad: BadSweep) -> Failure {
    match bad {
        BadSweep::Unready(unready) => Failure::problems(unready.0),
        bad => Failure::new(Code::Usage, bad.to_string()),
    }
}
