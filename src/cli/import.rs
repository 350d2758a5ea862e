//! `nimbus scenario import`: makes a scenario from recorded load. The trace is read whole first, so what is
//! written runs.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use nimbus_core::time::Span;
use nimbus_sim::scenario;
use nimbus_sim::trace::{azure_vm, flavors, rate_csv};
use serde_json::json;

use super::exit::{Code, Exit, Failure};
use super::output::{self, Console};
use super::scenario::refuse_existing;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Virtual machines of a public cloud: arrivals, sizes and lifetimes.
    AzureVm(AzureVm),
    /// A column of request counts.
    Csv(Csv),
}

/// Options of `scenario import azure-vm`.
#[derive(Debug, clap::Args)]
pub(super) struct AzureVm {
    /// The trace, CSV or gzipped CSV: arrival_s, batch, flavor, dur_lo_s, dur_hi_s, censored.
    trace: PathBuf,
    /// The shapes of its machines, CSV: flavor, vcpu, mem_gb.
    #[arg(long, value_name = "FILE")]
    flavors: PathBuf,
    /// Scenario to write, NAME.toml; the trace stays where it is.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Spread the machines over so many tenants.
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    tenants: u32,
    /// Nodes of the cluster, of 64 cores and 128 GiB each.
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200_000))]
    nodes: u32,
}

/// Options of `scenario import csv`.
#[derive(Debug, clap::Args)]
pub(super) struct Csv {
    /// The table, CSV or gzipped CSV.
    trace: PathBuf,
    /// Scenario to write, NAME.toml; the table stays where it is.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Column that counts the periods.
    #[arg(long, value_name = "NAME")]
    index: String,
    /// Column with the requests of each period.
    #[arg(long, value_name = "NAME")]
    column: String,
    /// Time that one row covers.
    #[arg(long, default_value = "1m", value_name = "TIME")]
    period: String,
    /// Cpu time of one request.
    #[arg(long, default_value = "10ms", value_name = "TIME")]
    cpu_per_request: String,
}

pub(super) fn run(console: &Console, command: &Command) -> Result<Exit, Failure> {
    let (out, text) = match command {
        Command::AzureVm(args) => (&args.out, azure_vm(args)?),
        Command::Csv(args) => (&args.out, csv(args)?),
    };
    refuse_existing(out)?;
    scenario::parse(&text, &out.display().to_string()).map_err(Failure::problems)?;
    output::write(out, text.as_bytes())?;
    let answer = format!("wrote {0}; try: nimbus replay {0}\n", out.display());
    console.answer(&answer, || json!({ "file": out }))?;
    Ok(Exit::Done)
}

fn azure_vm(args: &AzureVm) -> Result<String, Failure> {
    let one = |problem| Failure::problems(vec![problem]);
    let shapes = flavors::read(&args.flavors, &args.flavors.display().to_string()).map_err(one)?;
    let names: Vec<Arc<str>> = shapes.iter().map(|shape| Arc::clone(&shape.name)).collect();
    let trace =
        azure_vm::read(&args.trace, &args.trace.display().to_string(), &names).map_err(one)?;
    let first = trace.rows.first().map_or(0, |row| row.arrival_s);
    let last = trace.rows.last().map_or(first, |row| row.arrival_s);
    let name = name(&args.out)?;
    let (trace_path, flavors_path) = (
        relative(&args.out, &args.trace)?,
        relative(&args.out, &args.flavors)?,
    );
    let (machines, duration, nodes, tenants) =
        (trace.machines, last - first + 1, args.nodes, args.tenants);
    Ok(format!(
        "# {machines} recorded virtual machines on {nodes} nodes.

[scenario]
name = {name:?}
version = 1
duration = \"{duration}s\"
metrics_period = \"5m\"

[[node_pool]]
name = \"host\"
cpu = \"64\"
memory = \"128Gi\"
count = {nodes}

[[tenant]] # a machine belongs to the tenant of its batch
name = \"tenant\"
count = {tenants}
plan = \"enterprise\"

[[load]]
source = \"azure-vm\"
path = {trace_path:?}
flavors = {flavors_path:?}
origin = {first}
tenants = \"tenant\"

[slo]
pending_p99 = \"30s\"
"
    ))
}

fn csv(args: &Csv) -> Result<String, Failure> {
    let shown = args.trace.display().to_string();
    let counts = rate_csv::read(&args.trace, &shown, &args.index, &args.column);
    let counts = counts.map_err(|problem| Failure::problems(vec![problem]))?;
    let period = span("--period", &args.period)?;
    let cost = span("--cpu-per-request", &args.cpu_per_request)?;
    let rows = i64::try_from(counts.len()).unwrap_or(i64::MAX);
    let duration = Span(period.0.saturating_mul(rows.max(1)));
    let replicas = replicas_at(counts.iter().copied().max().unwrap_or(0), period, cost);
    let nodes = replicas.div_ceil(REPLICAS_PER_NODE) + 1;
    let name = name(&args.out)?;
    let path = relative(&args.out, &args.trace)?;
    let (index, column, period_text, cost_text) = (
        &args.index,
        &args.column,
        &args.period,
        &args.cpu_per_request,
    );
    let seconds = duration.0 / 1_000_000;
    Ok(format!(
        "# {rows} recorded periods of requests, and an autoscaler that follows them.

[scenario]
name = {name:?}
version = 1
duration = \"{seconds}s\"

[[node_pool]]
name = \"general\"
cpu = \"4\"
memory = \"16Gi\"
min = 1
max = {nodes}

[[tenant]]
name = \"acme\"
plan = \"enterprise\"

[[autoscaler]]
name = \"step\"
up_percent = 70
down_percent = 30
max = {replicas}

[[workload]]
tenant = \"acme\"
name = \"web\"
cpu = \"500m\"
memory = \"512Mi\"
autoscaler = \"step\"
cpu_per_request = {cost_text:?}

[[load]]
workload = \"web\"
source = \"csv\"
path = {path:?}
index = {index:?}
column = {column:?}
period = {period_text:?}

[slo]
violations_max = \"2%\"
"
    ))
}

/// Replicas of half a core on a node of four.
const REPLICAS_PER_NODE: u64 = 8;
/// Most replicas that a scenario may name.
const REPLICAS_MAX: u64 = 1_000;

/// Replicas of half a core that carry so many requests in a period at 60 % of their cpu; at least 2.
fn replicas_at(requests: u64, period: Span, cost: Span) -> u64 {
    let wide = |span: Span| u128::try_from(span.0).unwrap_or(0);
    let need = u128::from(requests).saturating_mul(wide(cost));
    let carries = wide(period).saturating_mul(3).max(1); // 0.5 core x 60 % = 3 / 10
    let replicas = need.saturating_mul(10).div_ceil(carries);
    u64::try_from(replicas)
        .unwrap_or(u64::MAX)
        .clamp(2, REPLICAS_MAX)
}

fn span(option: &str, text: &str) -> Result<Span, Failure> {
    let span = Span::parse(text)
        .ok()
        .filter(|span| *span > Span::default());
    span.ok_or_else(|| {
        Failure::new(
            Code::Usage,
            format!("{option} {text}: expected a time above zero, as in 1m"),
        )
    })
}

/// A scenario is named like its file.
fn name(out: &Path) -> Result<String, Failure> {
    let toml = out.extension().is_some_and(|extension| extension == "toml");
    let stem = out
        .file_stem()
        .and_then(|stem| stem.to_str())
        .filter(|_| toml);
    let expected = || {
        Failure::new(
            Code::Usage,
            format!("--out {}: expected NAME.toml", out.display()),
        )
    };
    stem.map(str::to_owned).ok_or_else(expected)
}

/// The path of a trace as the scenario beside it names it.
fn relative(out: &Path, trace: &Path) -> Result<String, Failure> {
    let full = |path: &Path| fs::canonicalize(path).map_err(|error| Failure::file(path, &error));
    let folder = out
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let (from, to) = (full(folder)?, full(trace)?);
    let path = between(&from, &to);
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| {
        Failure::new(
            Code::Invalid,
            format!("{}: the path is not UTF-8 text", trace.display()),
        )
    })
}

fn between(from: &Path, to: &Path) -> PathBuf {
    let (from, to): (Vec<Component>, Vec<Component>) =
        (from.components().collect(), to.components().collect());
    let same = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from[same..].iter().map(|_| Component::ParentDir);
    up.chain(to[same..].iter().copied()).collect()
}

#[test]
fn a_path_leads_from_one_folder_to_another() {
    assert_eq!(
        between(Path::new("/a/b"), Path::new("/a/c/d.csv")),
        Path::new("../c/d.csv")
    );
    assert_eq!(
        between(Path::new("/a"), Path::new("/a/d.csv")),
        Path::new("d.csv")
    );
}

#[test]
fn replicas_carry_the_peak() {
    let (minute, cost) = (Span::parse("1m").unwrap(), Span::parse("10ms").unwrap());
    assert_eq!(replicas_at(0, minute, cost), 2);
    assert_eq!(replicas_at(6_000, minute, cost), 4);
    assert_eq!(replicas_at(u64::MAX, minute, cost), REPLICAS_MAX);
}
