//! The seam between the command line and the simulator: load, run, watch, render.

use std::path::Path;
use std::time::Duration;

use clap::ValueEnum;
use nimbus_core::time::Span;
use nimbus_sim::report::{Comparison, Document, Report, Run};
use nimbus_sim::scenario::Scenario;

use super::exit::{Code, Failure};
use super::output;
use super::progress::{self, Watch};
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
            "txt" | "text" => Some(Format::Text),
            "json" => Some(Format::Json),
            "csv" => Some(Format::Csv),
            "md" => Some(Format::Md),
            "html" | "htm" => Some(Format::Html),
            _ => None,
        }
    }
}

/// How a scenario is run.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) seed: Option<u64>,
    pub(super) from: Option<Span>,
    pub(super) until: Option<Span>,
    pub(super) oracles: Oracles,
    pub(super) keep_all: bool,
    pub(super) trace: bool,
}

/// A run that has ended.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) report: Report,
    pub(super) trace: Vec<String>,
}

/// Runs a scenario to its end, or until the watch says no.
pub(super) fn run(scenario: &Scenario, options: &Options, watch: &Watch) -> Result<Done, Failure> {
    let _ = (scenario, options, watch.tick(0, 1, 0));
    Err(Failure::new(Code::Fault, "the driver is not connected"))
}

/// A document in a format.
pub(super) fn render(document: &Document, format: Format) -> String {
    match format {
        Format::Json => {
            serde_json::to_string_pretty(document).expect("a report is plain data") + "\n"
        }
        _ => format!("{document:?}\n"),
    }
}

/// Puts what the run cost under `run` and says it in one line.
pub(super) fn measure(
    report: &mut Report,
    started: &Stopwatch,
    oracles: Oracles,
    threads: u32,
) -> String {
    let run = figures(report.header.events, started, oracles, threads);
    let text = cost(&run, report.header.events);
    report.run = Some(run);
    text
}

/// The same for any document.
pub(super) fn measure_document(
    document: &mut Document,
    started: &Stopwatch,
    oracles: Oracles,
    threads: u32,
) -> String {
    let (events, place) = match document {
        Document::Replay(report) => (report.header.events, &mut report.run),
        Document::Compare(compared) => (
            compared.base.events + compared.head.events,
            &mut compared.run,
        ),
        Document::Sweep(sweep) => (sweep.header.events, &mut sweep.run),
        Document::Capacity(sizing) => (sizing.header.events, &mut sizing.run),
    };
    let run = figures(events, started, oracles, threads);
    let text = cost(&run, events);
    *place = Some(run);
    text
}

fn figures(events: u64, started: &Stopwatch, oracles: Oracles, threads: u32) -> Run {
    let found = RunFigures::since(started);
    let host = found.host;
    Run {
        wall_ms: found.wall_ms,
        cpu_ms: found.cpu_ms,
        events_per_s: events.saturating_mul(1000) / found.wall_ms.max(1),
        peak_rss_bytes: found.peak_memory_bytes,
        host: format!(
            "{} {}, {} cores, {} ps/step",
            host.os, host.arch, host.cores, found.calibration_step_ps
        ),
        oracles: oracles
            .to_possible_value()
            .map(|v| v.get_name().to_owned())
            .unwrap_or_default(),
        driver: "fast".to_owned(),
        threads,
    }
}

fn cost(run: &Run, events: u64) -> String {
    let mib = run.peak_rss_bytes / (1024 * 1024);
    let rate = progress::rate(events, Duration::from_millis(run.wall_ms));
    format!(
        "{events} events in {} ms, {} ms cpu, {rate}, {mib} MiB at most; {}",
        run.wall_ms, run.cpu_ms, run.host
    )
}

/// Reads `--limit`.
pub(super) fn limits(texts: &[String]) -> Result<Vec<String>, Failure> {
    Ok(texts.to_vec())
}

/// Two reports side by side.
pub(super) fn compared(
    base: (&str, &Report),
    head: (&str, &Report),
    limits: &[String],
) -> Comparison {
    let _ = (base, head, limits);
    Comparison::default()
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
    output::write(path, render(document, format).as_bytes())
}
