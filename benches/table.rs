//! Writes the table of `docs/performance.md`: what criterion measured last, and whole replays as child
//! processes with their CPU seconds and peak memory.
//!
//! `just bench-table` runs the benches and then this. Under `cargo test` it measures nothing.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Scenarios that are replayed whole.
const SCENARIOS: [&str; 5] = [
    "scenarios/quickstart.toml",
    "scenarios/web-nasa.toml",
    "scenarios/azure-vm-v1.toml",
    "benches/hosts-10k.toml",
    "scenarios/fleet-100k.toml",
];
const BEGIN: &str = "<!-- table -->";
const END: &str = "<!-- /table -->";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn json(path: &Path) -> Option<Value> {
    serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()
}

/// Folders of benches below a folder, in order of their names.
fn measured(folder: &Path, found: &mut Vec<PathBuf>) {
    if folder.join("new/benchmark.json").is_file() {
        found.push(folder.join("new"));
        return;
    }
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut entries: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    entries.sort();
    for entry in entries.iter().filter(|entry| entry.is_dir()) {
        measured(entry, found);
    }
}

/// A rate as people read it: `21.8 M/s`.
fn rate(per_second: f64) -> String {
    match per_second {
        rate if rate >= 1e6 => format!("{:.1} M/s", rate / 1e6),
        rate if rate >= 1e3 => format!("{:.1} k/s", rate / 1e3),
        rate => format!("{rate:.1} /s"),
    }
}

fn bench_row(folder: &Path) -> Option<String> {
    let bench = json(&folder.join("benchmark.json"))?;
    let estimates = json(&folder.join("estimates.json"))?;
    let nanos = estimates["median"]["point_estimate"].as_f64()?;
    let name = bench["full_id"].as_str()?;
    let elements = bench["throughput"]["Elements"].as_f64();
    let per_second =
        elements.map_or_else(|| "–".to_owned(), |elements| rate(elements * 1e9 / nanos));
    let each = nanos / elements.unwrap_or(1.0);
    Some(format!("| {name} | {per_second} | {each:.0} ns |"))
}

fn replay(scenario: &str, oracles: &str) -> Result<Value, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_nimbus"))
        .args(["replay", scenario, "--oracles", oracles, "-o", "json"])
        .current_dir(root())
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!(
            "{scenario}: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

fn replay_row(scenario: &str) -> Result<(String, String), String> {
    let (off, touched) = (replay(scenario, "off")?, replay(scenario, "touched")?);
    let name = off["header"]["scenario"].as_str().unwrap_or(scenario);
    let cpu = |report: &Value| report["run"]["cpu_ms"].as_f64().unwrap_or(0.0) / 1e3;
    let memory = off["run"]["peak_rss_bytes"].as_f64().unwrap_or(0.0) / f64::from(1 << 20);
    let events = off["header"]["events"].as_u64().unwrap_or(0);
    let placed = off["scheduling"]["placed"].as_u64().unwrap_or(0);
    let (plain, checked) = (cpu(&off), cpu(&touched));
    // Below this the kernel's clock of 10 ms says nothing about a ratio.
    let factor = if plain < 0.1 {
        "–".to_owned()
    } else {
        format!("{:.2} ×", checked / plain)
    };
    let row = format!(
        "| {name} | {placed} | {events} | {plain:.2} s | {checked:.2} s | {factor} | {memory:.0} MiB |"
    );
    let host = off["run"]["host"].as_str().unwrap_or("unknown").to_owned();
    Ok((row, host))
}

fn table() -> Result<String, String> {
    let mut text = String::new();
    let mut host = String::new();
    text += "\nWhole replays, one process each, report included:\n\n";
    text += "| scenario | pods placed | events | CPU, oracles off | CPU, touched | factor | peak memory, off |\n";
    text += "|---|---|---|---|---|---|---|\n";
    for name in SCENARIOS {
        let (row, machine) = replay_row(name)?;
        let _ = writeln!(text, "{row}");
        host = machine;
    }
    let mut folders = Vec::new();
    measured(&root().join("target/criterion"), &mut folders);
    text += "\nBenches (median of one run, wall time; 1/s per core):\n\n| bench | per second | each |\n|---|---|---|\n";
    for row in folders.iter().filter_map(|folder| bench_row(folder)) {
        let _ = writeln!(text, "{row}");
    }
    let _ = writeln!(text, "\nMeasured on: {host}. Command: `just bench-table`.");
    Ok(text)
}

fn main() -> Result<(), String> {
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let path = root().join("docs/performance.md");
    let page = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
    let (begin, end) = (page.find(BEGIN), page.find(END));
    let (Some(begin), Some(end)) = (begin, end) else {
        return Err(format!("docs/performance.md: expected {BEGIN} and {END}"));
    };
    let page = format!("{}{BEGIN}\n{}\n{}", &page[..begin], table()?, &page[end..]);
    let beside = path.with_extension("md.tmp");
    std::fs::write(&beside, page)
        .and_then(|()| std::fs::rename(&beside, &path))
        .map_err(|error| error.to_string())
}
