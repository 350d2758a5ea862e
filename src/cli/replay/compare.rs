//! `--compare`: the same scenario under two policies, side by side.

use nimbus_sim::report::{Comparison, Document, Limit, Report};
use nimbus_sim::run::Prepared;

use super::{Job, overrides};
use crate::cli::exit::{Code, Exit, Failure};
use crate::cli::{input, run};
use crate::runtime::{self, Stopwatch};

impl Job<'_> {
    pub(super) fn compare(&self, base: &str, head: &str) -> Result<Exit, Failure> {
        let started = Stopwatch::start();
        let limits = limits(&self.args.limit)?;
        let (a, b) = (self.prepared_side(base)?, self.prepared_side(head)?);
        let (a, b) = (self.report_of(&a)?, self.report_of(&b)?);
        let comparison = Comparison::of((base, &a), (head, &b), &limits);
        let broken = broken(&comparison);
        let mut document = Document::from(comparison);
        run::measure(self.console, &mut document, &started, self.how());
        run::deliver(self.console, &document, &self.args.report, self.args.format)?;
        if runtime::interrupted() {
            self.console.note("interrupted: the comparison is partial");
            return Ok(Exit::Interrupted);
        }
        if broken.is_empty() {
            return Ok(Exit::Done);
        }
        Err(Failure::lines(Code::ExpectationBroken, broken))
    }

    /// The scenario under one side's policy; traces are shared.
    pub(super) fn prepared_side(&self, text: &str) -> Result<Prepared, Failure> {
        let set = overrides(self.args, &input::side(text)?)?;
        run::prepare(&self.source, &set, Some(&self.prepared.data))
    }

    fn report_of(&self, prepared: &Prepared) -> Result<Report, Failure> {
        Ok(self.drive(prepared, &self.options)?.report)
    }
}

pub(super) fn limits(texts: &[String]) -> Result<Vec<Limit>, Failure> {
    let limits = texts.iter().map(|text| Limit::parse(text));
    limits
        .collect::<Result<_, _>>()
        .map_err(|bad| Failure::new(Code::Usage, bad.to_string()))
}

pub(super) fn broken(comparison: &Comparison) -> Vec<String> {
    let broken = comparison.limits.iter().filter(|limit| !limit.ok);
    broken
        .map(|limit| format!("limit {} is broken: found {}", limit.limit, limit.found))
        .collect()
}
