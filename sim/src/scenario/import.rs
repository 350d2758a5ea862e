//! `scenario import`: a scenario around a trace file, measured from the file itself.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use nimbus_core::time::Span;

use super::problem::Problem;
use super::value::is_slug;
use crate::trace::{azure_vm, flavors, rate_csv};

/// Where a trace is read now, and how the scenario will name it.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Path to read.
    pub path: &'a Path,
    /// Path in the scenario, relative to its folder.
    pub written: &'a str,
}

/// Seconds between the recording's last arrival and its end: its resolution.
const RESOLUTION_S: u64 = 300;

/// A scenario around a trace of virtual machines. Nodes are sized for all machines that ran at once, with
/// a tenth to spare; each batch belongs to one of `tenants` tenants.
///
/// # Errors
/// The first thing that is wrong with the name or a file.
pub fn azure_vm(
    name: &str,
    trace: Input<'_>,
    shapes: Input<'_>,
    tenants: u32,
) -> Result<String, Problem> {
    check_name(name)?;
    let shapes_read = flavors::read(shapes.path, shapes.written)?;
    let names: Vec<Arc<str>> = shapes_read
        .iter()
        .map(|flavor| flavor.name.clone())
        .collect();
    let read = azure_vm::read(trace.path, trace.written, &names)?;
    let first = read.rows.first().map_or(0, |row| row.arrival_s);
    let last = read.rows.last().map_or(0, |row| row.arrival_s);
    let duration = Span::from_secs(i64::try_from(last - first + RESOLUTION_S).unwrap_or(i64::MAX));
    let peak = peak(&read, &shapes_read);
    let nodes = (peak.0 / 64_000).max(peak.1 / (128 << 30)) * 11 / 10 + 1;
    let tenants = tenants.clamp(1, 10_000);
    let mut out = String::new();
    let _ = writeln!(
        out,
        "# {} virtual machines of {}, placed, metered and billed.\n",
        read.machines, trace.written
    );
    let _ = writeln!(
        out,
        "[scenario]\nname = {name:?}\nversion = 1\nseed = 1\nduration = \"{duration}\"\nmetrics_period = \"5m\"\n"
    );
    let _ = writeln!(
        out,
        "[[node_pool]] # at most {} cpu and {} GiB were asked for at once\nname = \"host\"\ncpu = \"64\"\nmemory = \"128Gi\"\ncount = {nodes}\n",
        peak.0.div_ceil(1_000),
        peak.1.div_ceil(1 << 30)
    );
    let _ = writeln!(
        out,
        "[[tenant]] # a machine belongs to tenant-<batch mod {tenants}>\nname = \"tenant\"\ncount = {tenants}\nplan = \"metered\"\nquota = {{ cpu = \"{}\", memory = \"{}Gi\", pods = 100000 }} # everything fits; lower it to see refusals\n",
        peak.0.div_ceil(1_000) + 1,
        peak.1.div_ceil(1 << 30) + 1
    );
    let _ = writeln!(
        out,
        "[[load]]\nsource = \"azure-vm\"\npath = {}\nflavors = {}\norigin = {first}\ntenants = \"tenant\"",
        quoted(trace.written),
        quoted(shapes.written)
    );
    Ok(out)
}

/// Most millicores and bytes that ran at once.
fn peak(trace: &azure_vm::Trace, shapes: &[super::source::Flavor]) -> (u64, u64) {
    let mut changes: Vec<(u64, bool, u64, u64)> = Vec::new();
    for row in &trace.rows {
        let requests = shapes[usize::from(row.flavor)].requests;
        let count = u64::from(row.count);
        let (cpu, memory) = (
            requests.cpu.0.saturating_mul(count),
            requests.memory.0.saturating_mul(count),
        );
        changes.push((row.arrival_s, true, cpu, memory));
        if let Some(lifetime) = row.lifetime_s {
            changes.push((row.arrival_s + u64::from(lifetime), false, cpu, memory));
        }
    }
    changes.sort_unstable(); // ends before arrivals of the same second
    let (mut now, mut most) = ((0u64, 0u64), (0u64, 0u64));
    for (_, arrives, cpu, memory) in changes {
        now = if arrives {
            (now.0.saturating_add(cpu), now.1.saturating_add(memory))
        } else {
            (now.0.saturating_sub(cpu), now.1.saturating_sub(memory))
        };
        most = (most.0.max(now.0), most.1.max(now.1));
    }
    most
}

/// A scenario around a series of request counts. One replica serves a fortieth of the largest rate.
///
/// # Errors
/// The first thing that is wrong with the name or the file.
pub fn rate_csv(
    name: &str,
    trace: Input<'_>,
    index: &str,
    column: &str,
    period: Span,
) -> Result<String, Problem> {
    check_name(name)?;
    if period.0 <= 0 {
        return Err(Problem::of_file(
            "--period",
            format!("{period}: expected a duration above 0, as in 1m"),
        ));
    }
    let counts = rate_csv::read(trace.path, trace.written, index, column)?;
    let total: u64 = counts
        .iter()
        .fold(0, |sum, count| sum.saturating_add(*count));
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let periods = i64::try_from(counts.len()).unwrap_or(i64::MAX);
    let duration = Span(period.0.saturating_mul(periods)).min(super::limits::SPAN_MAX);
    // A replica of 500m serves most/period/40 requests a second: 500m / that, in microseconds of cpu.
    let per_request = (u128::from(period.0.unsigned_abs()) * 20 / u128::from(most)).max(1);
    let per_request =
        Span(i64::try_from(per_request).unwrap_or(i64::MAX)).min(super::limits::SPAN_MAX);
    let mut out = String::new();
    let _ = writeln!(
        out,
        "# {total} requests of {}, and an autoscaler that follows them.\n",
        trace.written
    );
    let _ = writeln!(
        out,
        "[scenario]\nname = {name:?}\nversion = 1\nseed = 1\nduration = \"{duration}\"\nmetrics_lag = \"15s\"\n"
    );
    let _ = writeln!(
        out,
        "[[node_pool]]\nname = \"general\"\ncpu = \"4\"\nmemory = \"16Gi\"\nmin = 1\nmax = 20\n"
    );
    let _ = writeln!(out, "[[tenant]]\nname = \"acme\"\nplan = \"enterprise\"\n");
    let _ = writeln!(
        out,
        "[[workload]] # {most} requests in {period} keep 40 replicas busy\ntenant = \"acme\"\nname = \"web\"\ncpu = \"500m\"\nmemory = \"512Mi\"\nautoscaler = \"step\"\ncpu_per_request = \"{per_request}\"\n"
    );
    let _ = writeln!(out, "[[autoscaler]]\nname = \"step\"\nmin = 2\nmax = 100\n");
    let _ = writeln!(
        out,
        "[[load]]\nworkload = \"web\"\nsource = \"csv\"\npath = {}\nindex = {}\ncolumn = {}\nperiod = \"{period}\"",
        quoted(trace.written),
        quoted(index),
        quoted(column)
    );
    Ok(out)
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn check_name(name: &str) -> Result<(), Problem> {
    if is_slug(name, 60) {
        return Ok(());
    }
    Err(Problem::of_file(
        name,
        "expected a name of lower-case letters, digits and hyphens for the scenario",
    ))
}
