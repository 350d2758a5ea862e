//! `nimbus replay`: runs scenarios and journals, and reports.

mod check;
mod compare;
mod journal;

use std::path::PathBuf;

use nimbus_core::time::{Span, Time};
use nimbus_sim::driver::{STEPS_MAX, Step};
use nimbus_sim::report::Document;
use nimbus_sim::run::{Done, Options, Prepared};
use nimbus_sim::scenario::{Override, Scenario};

use super::exit::{Code, Exit, Failure};
use super::input::{self, Source};
use super::output::{self, Console};
use super::progress::Watch;
use super::run::{self, By, Format, How, Oracles};
use super::trace;
use crate::runtime::{self, Stopwatch};

/// Options of `replay`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Scenario files, names of bundled ones, or journals: a folder, the folder of a chain, or its first segment.
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<String>,
    /// Seed instead of the scenario's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Replace values by those of a policy file. Repeat for more files; later ones win.
    #[arg(long, value_name = "FILE")]
    policy: Vec<PathBuf>,
    /// Replace a value of the scenario, as in `autoscaler.web.up_percent=80`. Wins over `--policy`.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = input::key_value)]
    set: Vec<Override>,
    /// Report from here on; what is before is simulated, not counted. A span from the start, or a time.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Stop here; expectations are not checked then. A span from the start, as in `6h`, or a time.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Who calls the machines: a plain loop, or the actors of production. The event hash is the same.
    #[arg(long, value_enum, default_value_t = By::Fast)]
    driver: By,
    /// Which invariants are checked.
    #[arg(long, value_enum, default_value_t = Oracles::Touched)]
    oracles: Oracles,
    /// Keep every decision in the report, not only the last ones.
    #[arg(long, value_enum, value_name = "WHAT")]
    keep: Option<Keep>,
    /// Run it twice, as A and as B: each is a score, a policy file, or `key=value,…`.
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with_all = ["update_golden", "check_determinism"])]
    compare: Vec<String>,
    /// Fail with 8 if B breaks this, as in `cost <= +2%`. Repeat for more.
    #[arg(long, value_name = "LIMIT")]
    limit: Vec<String>,
    /// Run it twice and fail with 9 if anything differs.
    #[arg(long)]
    check_determinism: bool,
    /// Find the first event that differs from another run: a recording, a scenario, a policy, or `key=value,…`.
    #[arg(long, value_name = "OTHER", conflicts_with_all = ["compare", "update_golden"])]
    trace_diff: Option<String>,
    /// Write the golden report of each scenario instead of comparing with it.
    #[arg(long)]
    update_golden: bool,
    /// Write events to this file, one JSON object a line; the first 500,000.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Append the run to the journal in this folder, as a service would; a new chain.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["compare", "update_golden", "check_determinism", "trace_diff"])]
    journal: Option<PathBuf>,
    /// Write the report to this file too; the name's ending decides the format. Repeat for more.
    #[arg(long, value_name = "FILE")]
    report: Vec<PathBuf>,
    /// Format of `--report`, if the name does not say it; without `--report`, of stdout.
    #[arg(long, value_enum)]
    format: Option<Format>,
}

/// What is kept beyond the ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Keep {
    /// Every decision.
    All,
}

/// One scenario, ready to run.
struct Job<'a> {
    console: &'a Console,
    args: &'a Args,
    source: Source,
    prepared: Prepared,
    options: Options,
}

pub(super) fn run(console: &Console, args: &Args) -> Result<Exit, Failure> {
    let one_file = !args.report.is_empty() || args.record.is_some();
    if one_file && args.inputs.len() > 1 {
        return Err(Failure::new(
            Code::Usage,
            "--report and --record take one scenario",
        ));
    }
    let mut worst = Exit::Done;
    for input in &args.inputs {
        let exit = match journal::path_of(input) {
            Some(path) => journal::run(console, args, &path),
            None => Job::new(console, args, input).and_then(|job| job.run()),
        };
        let exit = match exit {
            Err(failure) if args.inputs.len() > 1 => {
                console.failure(&failure);
                failure.exit()
            }
            exit => exit?,
        };
        worst = worst.max(exit);
        if exit == Exit::Interrupted {
            break;
        }
    }
    Ok(worst)
}

impl<'a> Job<'a> {
    fn new(console: &'a Console, args: &'a Args, input: &str) -> Result<Job<'a>, Failure> {
        if !args.limit.is_empty() && args.compare.is_empty() {
            let text = "--limit needs --compare, or a journal with --policy or --set";
            return Err(Failure::new(Code::Usage, text));
        }
        let source = Source::find(input)?;
        let prepared = run::prepare(&source, &overrides(args, &[])?, None)?;
        let scenario = &prepared.scenario;
        let options = Options {
            seed: args.seed,
            from: args
                .from
                .as_deref()
                .map(|text| place("--from", text, scenario))
                .transpose()?,
            until: args
                .until
                .as_deref()
                .map(|text| place("--until", text, scenario))
                .transpose()?,
            oracles: args.oracles.into(),
            keep_all: args.keep.is_some(),
            trace: args.record.is_some() || args.trace_diff.is_some(),
            store: false,
        };
        Ok(Job {
            console,
            args,
            source,
            prepared,
            options,
        })
    }

    fn run(&self) -> Result<Exit, Failure> {
        if let [base, head] = self.args.compare.as_slice() {
            return self.compare(base, head);
        }
        if let Some(other) = &self.args.trace_diff {
            return self
                .trace_diff(other)
                .map_err(|failure| failure.exiting(Exit::DiffFailed));
        }
        let started = Stopwatch::start();
        let done = self.drive(&self.prepared, &self.options)?;
        if self.args.check_determinism {
            self.same_again(&done)?;
        }
        self.answer(done, &started)
    }

    /// One run under the eyes of the user.
    fn drive(&self, prepared: &Prepared, options: &Options) -> Result<Done, Failure> {
        let watch = Watch::run(self.console, &prepared.scenario.head.name);
        let done = match &self.args.journal {
            Some(folder) => run::recorded(prepared, options, folder, &watch),
            None => run::run(prepared, options, self.args.driver, &watch),
        };
        watch.finish();
        done
    }

    fn answer(&self, done: Done, started: &Stopwatch) -> Result<Exit, Failure> {
        if let Some(path) = &self.args.record {
            self.note_limit(done.trace.as_deref());
            output::write(
                path,
                trace::lines(&done.trace.unwrap_or_default()).as_bytes(),
            )?;
        }
        let verdict = self.verdict(&done.report);
        let partial = done.report.header.partial.is_some();
        let mut document = Document::from(done.report);
        run::measure(self.console, &mut document, started, self.how());
        self.print(&document, verdict.is_err())?;
        verdict?;
        if partial && runtime::interrupted() {
            self.console.note("interrupted: the report is partial");
            return Ok(Exit::Interrupted);
        }
        Ok(Exit::Done)
    }

    pub(super) fn how(&self) -> How {
        How {
            oracles: self.args.oracles,
            driver: self.args.driver,
            threads: 1,
        }
    }

    /// Says so if a trace is cut off.
    fn note_limit(&self, trace: Option<&[Step]>) {
        if trace.is_some_and(|trace| trace.len() == STEPS_MAX) {
            let text =
                format!("only the first {STEPS_MAX} events are kept; --until ends a run earlier");
            self.console.note(&text);
        }
    }

    /// One scenario gives its report, several give a line each.
    fn print(&self, document: &Document, broken: bool) -> Result<(), Failure> {
        let Document::Replay(report) = document else {
            return Ok(());
        };
        if self.args.inputs.len() == 1 {
            return run::deliver(self.console, document, &self.args.report, self.args.format);
        }
        let word = if broken { "FAILED" } else { "ok" };
        let header = &report.header;
        let text = format!(
            "{word:<6}  {:<16}  {}  {} events",
            header.scenario, header.event_hash, header.events
        );
        self.console.line(&text, || {
            serde_json::to_value(document).expect("a report is plain data")
        })
    }
}

/// All replacements: policy files, then `--set`, then those of one side of a comparison.
fn overrides(args: &Args, side: &[Override]) -> Result<Vec<Override>, Failure> {
    let mut all = Vec::new();
    for path in &args.policy {
        all.extend(input::policy(path)?);
    }
    all.extend(args.set.iter().cloned());
    all.extend(side.iter().cloned());
    Ok(all)
}

/// A place in the run, as a span from its start.
fn place(option: &str, text: &str, scenario: &Scenario) -> Result<Span, Failure> {
    let span = Span::parse(text).ok();
    let time = || {
        Time::parse(text)
            .ok()
            .map(|time| time.since(scenario.head.start))
    };
    let found = span
        .or_else(time)
        .filter(|span| *span >= Span::default() && *span <= scenario.head.duration);
    found.ok_or_else(|| {
        let duration = scenario.head.duration;
        let expected =
            format!("expected a span up to {duration}, as in 6h, or a time within the run");
        Failure::new(Code::Usage, format!("{option} {text}: {expected}"))
    })
}
