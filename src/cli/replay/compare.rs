//! `--compare`: the same scenario under two policies, side by side.

use nimbus_sim::report::{Comparison, Document, Report};

use super::{Job, overrides};
use crate::cli::exit::{Code, Exit, Failure};
use crate::cli::input;
use crate::cli::run::{self, Format};
use crate::runtime::Stopwatch;

impl Job<'_> {
    pub(super) fn compare(&self, base: &str, head: &str) -> Result<Exit, Failure> {
        let limits = run::limits(&self.args.limit)?;
        let started = Stopwatch::start();
        let a = self.side(base)?;
        let b = self.side(head)?;
        let comparison = run::compared((base, &a), (head, &b), &limits);
        let partial = a.header.partial.is_some() || b.header.partial.is_some();
        let broken = broken(&comparison);
        let mut document = Document::Compare(Box::new(comparison));
        let cost = run::measure_document(&mut document, &started, self.options.oracles, 1);
        if self.console.verbose {
            self.console.note(&cost);
        }
        self.save(&document)?;
        let plain = self
            .args
            .format
            .filter(|_| self.args.report.is_empty())
            .unwrap_or(Format::Text);
        let format = if self.console.json() {
            Format::Json
        } else {
            plain
        };
        self.console.print(&run::render(&document, format))?;
        if partial {
            self.console.note("interrupted: the comparison is partial");
            return Ok(Exit::Interrupted);
        }
        if broken.is_empty() {
            return Ok(Exit::Done);
        }
        Err(Failure::lines(Code::ExpectationBroken, broken))
    }

    fn side(&self, text: &str) -> Result<Report, Failure> {
        let scenario = self
            .source
            .parse(&overrides(self.args, &input::side(text)?)?)?;
        Ok(self.drive(&scenario, &self.options)?.report)
    }
}

fn broken(comparison: &Comparison) -> Vec<String> {
    let broken = comparison.limits.iter().filter(|limit| !limit.ok);
    broken
        .map(|limit| format!("limit {} is broken: found {}", limit.limit, limit.found))
        .collect()
}
