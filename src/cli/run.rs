//! The seam between the command line and the simulator: load, run, watch, render.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use nimbus_core::time::Span;
use nimbus_sim::oracle::Mode;
use nimbus_sim::report::{self, Document, Run};
use nimbus_sim::run::{Data, Done, Options, Prepared, Progress};
use nimbus_sim::scenario::Override;

use super::exit::{Code, Failure};
use super::input::Source;
use super::output::{self, Console};
use super::progress::Watch;
use crate::replay::actors::{self, Unfinished};
use crate::replay::record;
use crate::runtime::{RunFigures, Stopwatch};

/// Which invariants are checked while a scenario runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Oracles {
    /// None: fastest.
    Off,
    /// Those of the node, tenant and service that an event touches; a full recount at the end.
    Touched,
    /// All of them, after every group.
    Full,
}

/// Who calls the machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum By {
    /// A plain loop.
    Fast,
    /// The actors of production, on a paused runtime.
    Actors,
}

/// How something was run.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    pub(super) oracles: Oracles,
    pub(super) driver: By,
    pub(super) threads: u32,
}

impl How {
    /// As sweeps and searches do it.
    pub(super) fn quick(threads: u32) -> How {
        How {
            oracles: Oracles::Off,
            driver: By::Fast,
            threads,
        }
    }
}

/// Formats of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For the terminal.
    Text,
    /// For programs; the only one that holds `run`, what may differ between two runs.
    Json,
    /// Tables for a spreadsheet.
    Csv,
    /// Markdown.
    Md,
    /// One file with charts, without network.
    Html,
}

impl Format {
    /// The format that a file's name ends with.
    pub(super) fn of(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()? {
            "txt" => Some(Format::Text),
            "json" => Some(Format::Json),
            "csv" => Some(Format::Csv),
            "md" => Some(Format::Md),
            "html" | "htm" => Some(Format::Html),
            _ => None,
        }
    }
}

impl From<Format> for report::Format {
    fn from(format: Format) -> report::Format {
        match format {
            Format::Text => report::Format::Text,
            Format::Json => report::Format::Json,
            Format::Csv => report::Format::Csv,
            Format::Md => report::Format::Markdown,
            Format::Html => report::Format::Html,
        }
    }
}

impl From<Oracles> for Mode {
    fn from(oracles: Oracles) -> Mode {
        match oracles {
            Oracles::Off => Mode::Off,
            Oracles::Touched => Mode::Touched,
            Oracles::Full => Mode::Full,
        }
    }
}

/// A scenario with its traces, ready to run.
pub(super) fn prepare(
    source: &Source,
    set: &[Override],
    shared: Option<&Data>,
) -> Result<Prepared, Failure> {
    Prepared::new(&source.simulated(), set, shared).map_err(|unready| Failure::problems(unready.0))
}

/// Runs a scenario to its end, or until the watch says no.
pub(super) fn run(
    prepared: &Prepared,
    options: &Options,
    by: By,
    watch: &Watch,
) -> Result<Done, Failure> {
    let micros = |span: Span| u64::try_from(span.0).unwrap_or(0);
    let mut tick = |p: Progress| watch.tick(micros(p.done), micros(p.total), p.events);
    let done = match by {
        By::Fast => nimbus_sim::run::run(prepared, options, &mut tick).map_err(Unfinished::from),
        By::Actors => actors::run(prepared, options, &mut tick),
    };
    let head = &prepared.scenario.head;
    done.map_err(|fault| {
        let seed = options.seed.unwrap_or(head.seed);
        Failure::new(Code::Fault, format!("{} (seed {seed}): {fault}", head.name))
    })
}

/// Runs a scenario as a plain loop and writes it as a journal.
pub(super) fn recorded(
    prepared: &Prepared,
    options: &Options,
    folder: &Path,
    watch: &Watch,
) -> Result<Done, Failure> {
    let micros = |span: Span| u64::try_from(span.0).unwrap_or(0);
    let mut tick = |p: Progress| watch.tick(micros(p.done), micros(p.total), p.events);
    let done = record::run(prepared, options, folder, &mut tick);
    let name = &prepared.scenario.head.name;
    done.map_err(|error| Failure::new(Code::Fault, format!("{name}: {error}")))
}

/// A document in a format.
pub(super) fn render(document: &Document, format: Format, color: bool) -> String {
    document.render(format.into(), color && format == Format::Text)
}

/// Puts what it cost under `run`, and says it on stderr if asked.
pub(super) fn measure(console: &Console, document: &mut Document, started: &Stopwatch, how: How) {
    let found = RunFigures::since(started);
    let host = found.host;
    let (events, place) = match document {
        Document::Replay(report) => (report.header.events, &mut report.run),
        Document::Compare(both) => (both.base.events + both.head.events, &mut both.run),
        Document::Sweep(sweep) => (sweep.header.events, &mut sweep.run),
        Document::Capacity(sizing) => (sizing.header.events, &mut sizing.run),
    };
    let (os, arch, cores, step) = (host.os, host.arch, host.cores, found.calibration_step_ps);
    *place = Some(Run {
        wall_ms: found.wall_ms,
        cpu_ms: found.cpu_ms,
        events_per_s: events.saturating_mul(1000) / found.wall_ms.max(1),
        peak_rss_bytes: found.peak_memory_bytes,
        host: format!("{os} {arch}, {cores} cores, calibration {step} ps"),
        oracles: name_of(how.oracles),
        driver: name_of(how.driver),
        threads: how.threads,
    });
    if let Some(line) = document.stats_line().filter(|_| console.verbose) {
        console.note(&format!("{line}; calibration {step} ps"));
    }
}

/// The word of a value on the command line.
fn name_of(value: impl ValueEnum) -> String {
    let value = value.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

/// Writes the files that were asked for and prints the document.
pub(super) fn deliver(
    console: &Console,
    document: &Document,
    files: &[PathBuf],
    format: Option<Format>,
) -> Result<(), Failure> {
    files
        .iter()
        .try_for_each(|path| save(document, path, format))?;
    print(console, document, format.filter(|_| files.is_empty()))
}

/// Prints a document: for programs as `-o` says, for people in the format given, else as text.
pub(super) fn print(
    console: &Console,
    document: &Document,
    format: Option<Format>,
) -> Result<(), Failure> {
    if console.machine() {
        return console.document(&render(document, Format::Json, false));
    }
    let format = format.unwrap_or(Format::Text);
    console.print(&render(document, format, console.colors_stdout()))
}

/// Writes a document to a file, in the format given or the one that the name ends with.
pub(super) fn save(
    document: &Document,
    path: &Path,
    format: Option<Format>,
) -> Result<(), Failure> {
    let format = format.or_else(|| Format::of(path)).ok_or_else(|| {
        let expected = "expected .txt, .json, .csv, .md or .html, or --format";
        Failure::new(Code::Usage, format!("{}: {expected}", path.display()))
    })?;
    output::write(path, render(document, format, false).as_bytes())
}
