//! `nimbus sweep`: a grid of settings over one scenario.

use std::path::PathBuf;

use nimbus_sim::scenario::Override;

use super::exit::{Code, Exit, Failure};
use super::input::{self, Source};
use super::output::Console;
use super::progress::Watch;
use super::run::Format;
use crate::runtime;

/// Options of `sweep`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A scenario file, or the name of a bundled one.
    scenario: String,
    /// A key and the values to try, as in `autoscaler.web.up_percent=60,70,80`. Repeat for more keys;
    /// without it the `[sweep]` section of the scenario counts.
    #[arg(long, value_name = "KEY=A,B,C", value_parser = knob)]
    grid: Vec<Knob>,
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

/// One key with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Knob {
    pub(super) key: String,
    pub(super) values: Vec<String>,
}

fn knob(text: &str) -> Result<Knob, String> {
    let pair = input::key_value(text).map_err(|_| "expected key=a,b,c".to_owned())?;
    let values: Vec<String> = pair.value.split(',').map(|v| v.trim().to_owned()).collect();
    if values.iter().any(String::is_empty) {
        return Err("expected key=a,b,c without empty values".to_owned());
    }
    Ok(Knob {
        key: pair.key,
        values,
    })
}

pub(super) fn run(console: &Console, args: &Args) -> Result<Exit, Failure> {
    let source = Source::find(&args.scenario)?;
    let scenario = source.parse(&args.set)?;
    let threads = args.threads.map_or_else(runtime::cores, usize::from);
    let watch = Watch::start(console, &scenario.head.name);
    let _ = (threads, args.seeds, &args.grid, &args.report, args.format);
    watch.finish();
    Err(Failure::new(Code::Fault, "the driver is not connected"))
}

#[test]
fn a_knob_has_a_key_and_values() {
    let found = knob("a.b = 1, 2").unwrap();
    assert_eq!((found.key.as_str(), found.values.len()), ("a.b", 2));
    assert!(knob("a.b").is_err() && knob("a=1,,2").is_err() && knob("=1").is_err());
}
