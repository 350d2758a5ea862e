//! Scenarios: TOML text → checked, typed [`Scenario`] → TOML with every default filled in.
//!
//! One table of keys (`keys.rs`) says what can be written; the parser, `explain`, the
//! JSON Schema and the manual read it. Everything that is wrong with a file is reported at once, each on
//! one line with file, line, key, value and what was expected. What is accepted has an effect.

mod ctx;
mod explain;
mod files;
mod form;
pub mod import;
mod keys;
pub mod limits;
mod manual;
mod model;
mod overrides;
mod problem;
mod reader;
mod resolve;
mod sections;
mod source;
mod template;
mod tree;
mod value;

pub use explain::explain;
pub use limits::VERSION;
pub use manual::{manual, schema};
pub use model::{
    Act, Action, Api, Autoscaler, Billing, Delay, Expect, Head, NodePool, Org, Payer, Scenario,
    Scheduler, Slo, Sweep, Tenant, Workload,
};
pub use problem::Problem;
pub use resolve::deployment;
pub use source::{
    AzureVm, Churn, ChurnShape, Flavor, Load, Pattern, Series, Shape, Source, TraceFile,
};
pub use template::{TEMPLATES, Template};
pub(crate) use value::is_slug;

/// One `--set key=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Dotted key, as in `autoscaler.web.up_percent`.
    pub key: String,
    /// The value as written, with or without the quotes of TOML.
    pub value: String,
}

impl Override {
    /// Splits `key=value` at the first equals sign.
    ///
    /// # Errors
    /// If there is none, or the key is empty.
    pub fn parse(text: &str) -> Result<Override, Problem> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => Ok(Override {
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
            }),
            _ => Err(Problem::of_file(
                &format!("--set {text}"),
                "expected key=value, as in autoscaler.up_percent=75",
            )),
        }
    }
}

/// Reads a scenario. Traces that it names must be there; what is in them is read by
/// [`trace`](crate::trace).
///
/// # Errors
/// Everything that is wrong with it, in order of the file.
pub fn parse(text: &str, file: &str) -> Result<Scenario, Vec<Problem>> {
    parse_with(text, file, &[])
}

/// Reads a scenario and applies overrides before anything is checked.
///
/// # Errors
/// Everything that is wrong with it, in order of the file, overrides last.
pub fn parse_with(
    text: &str,
    file: &str,
    overrides: &[Override],
) -> Result<Scenario, Vec<Problem>> {
    resolve::resolve(text, file, overrides)
}

#[cfg(test)]
mod tests;
