//! `nimbus replay JOURNAL`: every group of a service through the machines, to the recorded hash.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use nimbus_core::digest::hex;
use nimbus_sim::report::{Comparison, Document, Report};
use nimbus_sim::run::Options;
use nimbus_sim::scenario::Override;
use serde_json::json;

use super::{Args, compare};
use crate::cli::exit::{Code, Exit, Failure};
use crate::cli::input::Source;
use crate::cli::output::Console;
use crate::cli::progress::Watch;
use crate::cli::run::{self, By, How};
use crate::replay::journal::{Difference, Replayed, replay};
use crate::replay::regenerate::{self, Regenerated};
use crate::runtime::{self, Stopwatch};

/// Groups between two looks at the clock.
const LOOK_EVERY: u64 = 1_024;

/// Whether an input is a journal: a folder, or a segment.
pub(super) fn path_of(input: &str) -> Option<PathBuf> {
    let path = PathBuf::from(input);
    (path.is_dir() || input.ends_with(".jsonl.gz")).then_some(path)
}

pub(super) fn run(console: &Console, args: &Args, path: &Path) -> Result<Exit, Failure> {
    refuse_others(args)?;
    if !args.policy.is_empty() || !args.set.is_empty() {
        return otherwise(console, args, path);
    }
    let none = [
        ("--limit", !args.limit.is_empty()),
        ("--report", !args.report.is_empty()),
        ("--format", args.format.is_some()),
    ];
    refuse(
        &none,
        "is for comparisons; a journal needs --policy or --set for one",
    )?;
    let watch = Watch::run(console, "journal");
    let mut on = |found: &Replayed| {
        !found.groups.is_multiple_of(LOOK_EVERY)
            || watch.tick(found.groups, found.groups, found.deliveries)
    };
    let found = replay(path, &mut |_, _| {}, &mut on);
    watch.finish();
    let found = found.map_err(|error| Failure::new(Code::Invalid, error.to_string()))?;
    console.answer(&text(path, &found), || json!(found))?;
    for torn in &found.torn {
        let (segment, line, bytes) = (torn.segment.display(), torn.line, torn.bytes);
        console.note(&format!(
            "{segment}:{line}: torn, {bytes} bytes are left out"
        ));
    }
    if let Some(differs) = &found.differs {
        return Err(Failure::new(Code::NotDeterministic, named(differs)));
    }
    if runtime::interrupted() {
        console.note("interrupted: the rest of the journal was not replayed");
        return Ok(Exit::Interrupted);
    }
    Ok(Exit::Done)
}

/// Options that say nothing about a journal.
fn refuse_others(args: &Args) -> Result<(), Failure> {
    let given = [
        ("--seed", args.seed.is_some()),
        ("--from", args.from.is_some()),
        ("--until", args.until.is_some()),
        ("--keep", args.keep.is_some()),
        ("--compare", !args.compare.is_empty()),
        ("--check-determinism", args.check_determinism),
        ("--trace-diff", args.trace_diff.is_some()),
        ("--update-golden", args.update_golden),
        ("--record", args.record.is_some()),
        ("--journal", args.journal.is_some()),
        ("--driver actors", args.driver == By::Actors),
    ];
    refuse(
        &given,
        "is for scenarios; a journal is replayed as it was recorded",
    )
}

fn refuse(given: &[(&str, bool)], why: &str) -> Result<(), Failure> {
    let first = given.iter().find(|(_, given)| *given);
    first.map_or(Ok(()), |(option, _)| {
        Err(Failure::new(Code::Usage, format!("{option} {why}")))
    })
}

/// What would have happened under another policy: the journal's writes and loads over a simulated cluster,
/// under the policy that was and under the other.
fn otherwise(console: &Console, args: &Args, path: &Path) -> Result<Exit, Failure> {
    let folder = Scratch::new()?;
    let told = regenerate::scenario(path, &folder.0);
    let told = told.map_err(|error| Failure::new(Code::Invalid, error.to_string()))?;
    let source = Source::find(&told.file.display().to_string())?;
    let started = Stopwatch::start();
    let limits = compare::limits(&args.limit)?;
    let options = Options {
        oracles: args.oracles.into(),
        ..Options::normal()
    };
    let report = |set: &[Override]| {
        let prepared = run::prepare(&source, set, None)?;
        let watch = Watch::run(console, "journal");
        let done = run::run(&prepared, &options, args.driver, &watch);
        watch.finish();
        done.map(|done| done.report)
    };
    let base = report(&[])?;
    let head = report(&super::overrides(args, &[])?)?;
    let comparison = Comparison::of(("recorded policy", &base), ("other policy", &head), &limits);
    let broken = compare::broken(&comparison);
    let mut document = Document::from(comparison);
    let how = How {
        oracles: args.oracles,
        driver: args.driver,
        threads: 1,
    };
    run::measure(console, &mut document, &started, how);
    run::deliver(console, &document, &args.report, args.format)?;
    note(console, &told, &base);
    if broken.is_empty() {
        return Ok(Exit::Done);
    }
    Err(Failure::lines(Code::ExpectationBroken, broken))
}

/// How near the simulated cluster came to the recorded one, so that the reader can judge the comparison.
fn note(console: &Console, told: &Regenerated, base: &Report) {
    let scaled: u64 = base
        .autoscaling
        .iter()
        .map(|service| service.up + service.down)
        .sum();
    let (recorded, left_out) = (told.recorded, told.left_out);
    console.note(&format!(
        "recorded: {} placements, {} scale actions; played again under the same policy: {}, {scaled}",
        recorded.placed, recorded.scaled, base.scheduling.placed
    ));
    if left_out > 0 {
        console.note(&format!(
            "{left_out} writes cannot be said in a scenario and are left out"
        ));
    }
}

/// A folder of this command, gone with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Scratch, Failure> {
        let name = format!("nimbus-{}", hex(&runtime::random_bytes::<8>()));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).map_err(|error| Failure::file(&path, &error))?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0); // what is left is in the folder for such things
    }
}

fn text(path: &Path, found: &Replayed) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<12}{value}"); // a text takes everything
    };
    line("journal", path.display().to_string());
    line("written by", found.builds.join(", "));
    line(
        "chains",
        format!("{}, segments {}", found.chains, found.segments),
    );
    let left_out = found.dropped;
    line(
        "groups",
        format!(
            "{} replayed, {left_out} left out as never committed, {} restarts",
            found.groups, found.restarts
        ),
    );
    line("inputs", found.inputs.to_string());
    line("decisions", found.decisions.to_string());
    line("deliveries", found.deliveries.to_string());
    if let (Some(from), Some(to)) = (found.from, found.to) {
        line("time", format!("{from} to {to}"));
    }
    let equal = match found.differs {
        None => "after each group as recorded",
        Some(_) => "differs from what was recorded",
    };
    line("hash", format!("{}, {equal}", found.hash));
    text
}

fn named(differs: &Difference) -> String {
    let what = match differs.group {
        0 => "the beginning of the chain".to_owned(),
        group => format!("group {group}"),
    };
    format!(
        "{}:{}: {what} at {}: recorded {}, found {}",
        differs.place.segment.display(),
        differs.place.line,
        differs.now,
        differs.recorded,
        differs.found
    )
}
