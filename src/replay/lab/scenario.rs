//! Scenarios as people send them: checked, summed up, shown with every default.

use std::sync::Arc;

use nimbus_sim::run::{Prepared, Source};
use nimbus_sim::scenario::{self, Override, Problem, Scenario};
use serde::{Deserialize, Serialize};

/// What a scenario from outside is called in messages. Without `.toml`, so that any name goes.
const FILE: &str = "scenario";

/// Keys of a load that name a file of the server: refused.
const PATHS: [&str; 2] = ["path", "flavors"];

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Line, from 1; 0 if it has none.
    pub line: usize,
    /// Dotted key; empty if it is about the whole.
    pub key: String,
    /// What is wrong and what was expected.
    pub message: String,
}

/// What a scenario is, in a few figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// Its hash, hex.
    pub hash: String,
    /// Version of the format.
    pub format_version: u32,
    /// How long it runs, seconds.
    pub duration_s: i64,
    /// Nodes at the start.
    pub nodes: u64,
    /// Tenants.
    pub tenants: u64,
    /// Workloads.
    pub workloads: u64,
}

/// A scenario that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What it is.
    pub summary: Summary,
    /// What has no effect in a run.
    pub warnings: Vec<String>,
}

/// Checks a scenario.
///
/// # Errors
/// Everything that is wrong with it.
pub fn check(toml: &str) -> Result<Checked, Vec<Wrong>> {
    let scenario = prepare(toml, &[])?.scenario;
    Ok(Checked {
        summary: summary(&scenario),
        warnings: warnings(&scenario),
    })
}

/// The scenario with every default filled in.
///
/// # Errors
/// Everything that is wrong with it.
pub fn explain(toml: &str) -> Result<String, Vec<Wrong>> {
    Ok(scenario::explain(&prepare(toml, &[])?.scenario))
}

/// A scenario that was sent as JSON, as TOML.
///
/// # Errors
/// It holds a null, or is no object.
pub fn from_json(json: &serde_json::Value) -> Result<String, Vec<Wrong>> {
    let wrong = |message: String| {
        vec![Wrong {
            line: 0,
            key: String::new(),
            message,
        }]
    };
    if !json.is_object() {
        return Err(wrong("expected an object".to_owned()));
    }
    toml::to_string(json).map_err(|error| wrong(error.to_string()))
}

/// A scenario ready to run.
///
/// # Errors
/// Everything that is wrong with it, or that it names a file.
pub(super) fn prepare(toml: &str, set: &[Override]) -> Result<Prepared, Vec<Wrong>> {
    if let Some(wrong) = named_file(toml) {
        return Err(vec![wrong]);
    }
    if let Some(over) = set.iter().find(|set| names_file(&set.key)) {
        return Err(vec![refused(&over.key)]);
    }
    let source = Source {
        text: toml.to_owned(),
        file: FILE.to_owned(),
    };
    Prepared::new(&source, set, None)
        .map_err(|unready| unready.0.into_iter().map(Wrong::from).collect())
}

/// The first key that names a file of the server. A text that is no TOML is left to the parser, which opens
/// nothing before it has read all.
fn named_file(text: &str) -> Option<Wrong> {
    let table: toml::Table = text.parse().ok()?;
    let loads = table.get("load")?.as_array()?;
    let keys = loads.iter().filter_map(toml::Value::as_table);
    let named = keys.flat_map(|load| PATHS.iter().filter(|key| load.contains_key(**key)));
    named.map(|key| refused(&format!("load.{key}"))).next()
}

fn names_file(key: &str) -> bool {
    key.rsplit('.')
        .next()
        .is_some_and(|last| PATHS.contains(&last))
}

fn refused(key: &str) -> Wrong {
    Wrong {
        line: 0,
        key: key.to_owned(),
        message: "names a file, which is not read from the server: expected a load without one"
            .to_owned(),
    }
}

impl From<Problem> for Wrong {
    fn from(problem: Problem) -> Wrong {
        Wrong {
            line: problem.line,
            key: problem.key,
            message: problem.message,
        }
    }
}

pub(super) fn hash(scenario: &Scenario) -> String {
    let hash = scenario.hash();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn summary(scenario: &Arc<Scenario>) -> Summary {
    let count = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
    let nodes = scenario.pools.iter().map(|pool| u64::from(pool.count));
    Summary {
        name: scenario.head.name.to_string(),
        hash: hash(scenario),
        format_version: scenario::VERSION,
        duration_s: scenario.head.duration.0 / 1_000_000,
        nodes: nodes.sum(),
        tenants: count(scenario.tenants.len()),
        workloads: count(scenario.workloads.len()),
    }
}

fn warnings(scenario: &Scenario) -> Vec<String> {
    let api = |load: &&scenario::Load| matches!(load.source, scenario::Source::Api { .. });
    let loads = scenario.loads.iter().filter(api);
    loads
        .map(|load| {
            format!(
                "load {} matches services made through the API, which a run has not",
                load.name
            )
        })
        .collect()
}
