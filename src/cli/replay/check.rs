//! What a run is held against: its expectations, its golden report, a second run.

use std::path::Path;

use nimbus_sim::driver::{self, Step};
use nimbus_sim::report::{Document, Report};
use nimbus_sim::run::Done;
use serde_json::json;

use super::Job;
use crate::cli::exit::{Code, Exit, Failure};
use crate::cli::input::Source;
use crate::cli::run;
use crate::cli::{input, output, trace};

impl Job<'_> {
    /// Whether the run is what was expected. A partial run is not held against anything.
    pub(super) fn verdict(&self, report: &Report) -> Result<(), Failure> {
        if report.header.partial.is_some() {
            return Ok(());
        }
        if self.args.update_golden {
            self.write_golden(report)?;
        }
        if self.args.until.is_some() {
            return Ok(()); // expectations are about the end
        }
        let broken = report
            .expectations
            .iter()
            .filter(|expectation| !expectation.ok);
        let broken: Vec<String> = broken
            .map(|e| {
                format!(
                    "{}: {}: expected {}, found {}",
                    self.source.file, e.text, e.expected, e.found
                )
            })
            .collect();
        if !broken.is_empty() {
            return Err(Failure::lines(Code::ExpectationBroken, broken));
        }
        match self.source.golden() {
            Some(path) if self.as_written() && path.is_file() => self.golden(&path, report),
            _ => Ok(()),
        }
    }

    /// Whether the scenario runs as its file says: only then its golden report counts.
    fn as_written(&self) -> bool {
        let args = self.args;
        let changed = !args.set.is_empty() || !args.policy.is_empty() || args.seed.is_some();
        !changed && args.from.is_none() && args.until.is_none() && args.keep.is_none()
    }

    fn write_golden(&self, report: &Report) -> Result<(), Failure> {
        let usage = |why: &str| Failure::new(Code::Usage, format!("{}: {why}", self.source.file));
        let path = self.source.golden();
        let path =
            path.ok_or_else(|| usage("a bundled scenario has no place for a golden report"))?;
        if !self.as_written() {
            return Err(usage(
                "a golden report is of the scenario as written, without other options",
            ));
        }
        let folder = path.parent().unwrap_or(&path);
        std::fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
        output::write(&path, text_of(report).as_bytes())
    }

    fn golden(&self, path: &Path, report: &Report) -> Result<(), Failure> {
        let text = text_of(report);
        let golden = output::read(path)?;
        let Some((line, expected, found)) = first_difference(&golden, &text) else {
            return Ok(());
        };
        let place = format!("{}:{line}", path.display());
        let hint = "if this is meant, write it anew with --update-golden";
        let text = format!(
            "{place}: golden report differs: expected {expected:?}, found {found:?}; {hint}"
        );
        Err(Failure::new(Code::ExpectationBroken, text))
    }

    /// Runs once more and compares everything that may not differ.
    pub(super) fn same_again(&self, first: &Done) -> Result<(), Failure> {
        let second = self.drive(&self.prepared, &self.options)?;
        if first.report.header.partial.is_some() || second.report.header.partial.is_some() {
            return Ok(()); // interrupted at different places
        }
        let (a, b) = (
            &first.report.header.event_hash,
            &second.report.header.event_hash,
        );
        if a == b && first.report == second.report {
            return Ok(());
        }
        let what = if a == b {
            "reports differ under one event hash".to_owned()
        } else {
            format!("{a}, then {b}")
        };
        let text = format!(
            "{}: {what}; --trace-diff {0} shows the first event that differs",
            self.source.file
        );
        Err(Failure::new(Code::NotDeterministic, text))
    }

    /// The first event in which this run differs from another.
    pub(super) fn trace_diff(&self, other: &str) -> Result<Exit, Failure> {
        let ours = self
            .drive(&self.prepared, &self.options)?
            .trace
            .unwrap_or_default();
        let theirs = self.other_trace(other)?;
        self.note_limit(Some(&ours));
        let Some((at, a, b)) = driver::diff(&ours, &theirs) else {
            let text = format!("no difference in {} events\n", ours.len());
            self.console
                .answer(&text, || json!({ "equal": true, "events": ours.len() }))?;
            return Ok(Exit::Done);
        };
        let show = |step: Option<&Step>| step.map_or("(ends here)\n".to_owned(), Step::show);
        let text = format!(
            "first difference at event {}\n{}: {}{other}: {}",
            at + 1,
            self.source.file,
            show(a),
            show(b)
        );
        self.console.answer(
            &text,
            || json!({ "equal": false, "event": at + 1, "a": a, "b": b }),
        )?;
        Ok(Exit::Failed)
    }

    /// A recording, another scenario, or this one under a policy.
    fn other_trace(&self, other: &str) -> Result<Vec<Step>, Failure> {
        if other.ends_with(".jsonl") {
            return trace::read(Path::new(other));
        }
        let prepared = if other.contains('=') || input::SCORES.contains(&other) {
            self.prepared_side(other)?
        } else {
            run::prepare(
                &Source::find(other)?,
                &super::overrides(self.args, &[])?,
                None,
            )?
        };
        Ok(self
            .drive(&prepared, &self.options)?
            .trace
            .unwrap_or_default())
    }
}

fn text_of(report: &Report) -> String {
    Document::from(report.clone()).to_text(false)
}

/// The first line in which two texts differ: (line from 1, of the first, of the second).
fn first_difference<'a>(golden: &'a str, found: &'a str) -> Option<(usize, &'a str, &'a str)> {
    let (mut a, mut b) = (golden.lines(), found.lines());
    for line in 1.. {
        match (a.next(), b.next()) {
            (None, None) => break,
            (left, right) if left == right => {}
            (left, right) => {
                return Some((line, left.unwrap_or("(end)"), right.unwrap_or("(end)")));
            }
        }
    }
    None
}

#[test]
fn the_first_line_that_differs_is_named() {
    assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
    assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some((2, "b", "c")));
    assert_eq!(first_difference("a\n", "a\nb\n"), Some((2, "(end)", "b")));
}
