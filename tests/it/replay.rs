//! Replays as a user starts them: exit codes, files, formats, interruption, bad input.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::cli::nimbus;

const SMALL: &str = "\
[scenario]
name = \"small\"
version = 1
duration = \"2h\"

[[node_pool]]
name = \"general\"
cpu = \"4\"
memory = \"16Gi\"
min = 1
max = 4

[[tenant]]
name = \"acme\"

[[autoscaler]]
name = \"step\"
up_percent = 70
down_percent = 30

[[workload]]
tenant = \"acme\"
name = \"web\"
cpu = \"250m\"
memory = \"256Mi\"
autoscaler = \"step\"

[[load]]
workload = \"web\"
source = \"sine\"
low = 5
high = 60
period = \"1h\"
";

/// A folder with `small.toml`, changed by one replacement.
fn folder(from: &str, to: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert!(SMALL.contains(from), "{from}");
    fs::write(
        folder.path().join("small.toml"),
        SMALL.replacen(from, to, 1),
    )
    .unwrap();
    folder
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn ends(folder: &Path, args: &[&str], code: i32) -> Output {
    let output = nimbus(folder, args);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{args:?}\n{}",
        said(&output)
    );
    output
}

#[test]
fn a_broken_expectation_ends_with_eight_and_still_reports() {
    let folder = folder(
        "[[node_pool]]",
        "[expect]\npeak_nodes_min = 9\n\n[[node_pool]]",
    );
    let output = ends(
        folder.path(),
        &["replay", "small.toml", "--report", "r.html"],
        8,
    );
    assert!(
        said(&output).starts_with("error: small.toml: "),
        "{}",
        said(&output)
    );
    assert!(!output.stdout.is_empty() && folder.path().join("r.html").exists());
}

#[test]
fn every_format_is_written_and_json_comes_back_the_same() {
    let folder = folder("", "");
    let names = ["r.txt", "r.json", "r.csv", "r.md", "r.html"];
    let mut args = vec!["replay", "small.toml"];
    names
        .iter()
        .for_each(|name| args.extend(["--report", name]));
    let printed = ends(folder.path(), &args, 0).stdout;
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert_eq!(read("r.txt"), printed);
    assert_eq!(
        ends(folder.path(), &["report", "r.json"], 0).stdout,
        printed
    );
    ends(
        folder.path(),
        &["report", "r.json", "--out", "again.html"],
        0,
    );
    assert_eq!(read("again.html"), read("r.html"));
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(
        left,
        names.len() + 2,
        "a file that was written beside is left"
    );
}

#[test]
fn what_differs_between_runs_stands_under_run_alone() {
    let folder = folder("", "");
    let report = || {
        let output = ends(folder.path(), &["replay", "small.toml", "-o", "json"], 0);
        let mut report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let run = report.as_object_mut().unwrap().remove("run").unwrap();
        assert!(run["peak_rss_bytes"].as_u64().unwrap() > 0, "{run}");
        report
    };
    assert_eq!(report(), report());
}

#[test]
fn several_scenarios_answer_a_line_each() {
    let folder = folder("", "");
    fs::write(folder.path().join("bad.toml"), "[scenario]\n").unwrap();
    let output = ends(
        folder.path(),
        &[
            "replay",
            "small.toml",
            "bad.toml",
            "small.toml",
            "-o",
            "json",
        ],
        2,
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let parsed: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(parsed.len(), 2);
}

#[test]
fn a_broken_limit_ends_with_eight() {
    let folder = folder("", "");
    let compare = [
        "replay",
        "small.toml",
        "--compare",
        "busiest_cpu",
        "autoscaler.max=1",
    ];
    ends(folder.path(), &compare, 0);
    let kept = [&compare[..], &["--limit", "peak_nodes <= +0"]].concat();
    ends(folder.path(), &kept, 0);
    let broken = [
        &compare[..],
        &["--limit", "violations <= +0", "--limit", "peak_nodes <= +9"],
    ]
    .concat();
    let output = ends(folder.path(), &broken, 8);
    assert!(
        said(&output).starts_with("error: limit violations <= +0 is broken: "),
        "{}",
        said(&output)
    );
    ends(
        folder.path(),
        &[&compare[..], &["--limit", "violations"]].concat(),
        2,
    );
}

#[test]
fn a_golden_report_is_written_compared_and_named() {
    let folder = folder("", "");
    ends(
        folder.path(),
        &["replay", "small.toml", "--update-golden"],
        0,
    );
    ends(folder.path(), &["replay", "small.toml"], 0);
    ends(folder.path(), &["replay", "small.toml", "--seed", "9"], 0);
    let golden = folder.path().join("golden/small.txt");
    let text = fs::read_to_string(&golden).unwrap();
    fs::write(&golden, text.replacen("small", "other", 1)).unwrap();
    let output = ends(folder.path(), &["replay", "small.toml"], 8);
    assert!(
        said(&output).contains("golden/small.txt:1: golden report differs"),
        "{}",
        said(&output)
    );
}

#[test]
fn two_recordings_differ_where_the_policy_does() {
    let folder = folder("", "");
    let record = |name: &str, more: &[&str]| {
        let args = [
            &["replay", "small.toml", "--until", "30m", "--record", name],
            more,
        ]
        .concat();
        ends(folder.path(), &args, 0);
    };
    record("a.jsonl", &[]);
    record("b.jsonl", &[]);
    record("c.jsonl", &["--set", "autoscaler.up_percent=90"]);
    ends(folder.path(), &["trace", "diff", "a.jsonl", "b.jsonl"], 0);
    ends(folder.path(), &["trace", "diff", "a.jsonl", "c.jsonl"], 1);
    let diff = |other: &str, code| {
        ends(
            folder.path(),
            &[
                "replay",
                "small.toml",
                "--until",
                "30m",
                "--trace-diff",
                other,
            ],
            code,
        );
    };
    diff("a.jsonl", 0);
    diff("autoscaler.up_percent=70", 0);
    diff("autoscaler.up_percent=90", 1);
    diff("no-such.jsonl", 10);
}

#[test]
fn a_sweep_is_the_same_on_one_thread_and_on_two() {
    let folder = folder("", "");
    let sweep = |threads: &str| {
        let grid = [
            "--grid",
            "autoscaler.up_percent=60,80",
            "--grid",
            "seed=1,2",
            "--threads",
            threads,
        ];
        let args = [&["sweep", "small.toml", "--seeds", "2"], &grid[..]].concat();
        ends(folder.path(), &args, 0).stdout
    };
    assert_eq!(sweep("1"), sweep("2"));
    ends(folder.path(), &["sweep", "small.toml"], 2);
    ends(
        folder.path(),
        &["sweep", "small.toml", "--grid", "autoscaler.up_prcent=60"],
        2,
    );
}

#[test]
fn a_size_is_found_or_said_to_be_out_of_reach() {
    let folder = folder("", "");
    ends(folder.path(), &["plan", "size", "small.toml"], 0);
    let large = [
        "plan",
        "size",
        "small.toml",
        "--set",
        "workload.cpu=5",
        "--set",
        "tenant.plan=enterprise",
    ];
    ends(folder.path(), &large, 8);
}

#[test]
fn a_bundled_scenario_runs_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    ends(folder.path(), &["replay", "quickstart"], 0);
    ends(
        folder.path(),
        &["scenario", "new", "mine", "--like", "flap"],
        0,
    );
    ends(folder.path(), &["scenario", "check", "mine.toml"], 0);
    let list = ends(folder.path(), &["scenario", "list", "--no-headers"], 0).stdout;
    assert!(
        String::from_utf8(list)
            .unwrap()
            .lines()
            .all(|line| line.ends_with("  bundled"))
    );
    ends(
        folder.path(),
        &["replay", "quickstart", "--update-golden"],
        2,
    );
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nimbus"));
    let mut child = command
        .args(["replay", "quickstart"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), said(&output).as_str()),
        (Some(0), "")
    );
}

/// Whether a process has a handler for SIGINT by now.
fn takes_interrupts(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    u64::from_str_radix(caught.unwrap().trim(), 16).unwrap() & 2 != 0
}

#[test]
fn ctrl_c_leaves_a_partial_report_that_says_so() {
    let folder = folder("duration = \"2h\"", "duration = \"3000d\"");
    let mut command = Command::new(env!("CARGO_BIN_EXE_nimbus"));
    command
        .current_dir(folder.path())
        .args(["replay", "small.toml", "--report", "r.json"]);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !takes_interrupts(child.id()) {
        std::thread::yield_now();
    }
    let interrupt = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(interrupt.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    let report: Value =
        serde_json::from_slice(&fs::read(folder.path().join("r.json")).unwrap()).unwrap();
    let partial = report["header"]["partial"].as_str().unwrap();
    assert!(partial.starts_with("interrupted at "), "{partial}");
    assert!(String::from_utf8(output.stdout).unwrap().contains(partial));
}

#[test]
fn bad_input_is_one_clear_line_each_and_nothing_is_written() {
    let bad = [
        ("version = 1", "version = 2"),
        ("version = 1", "version = 1\ncolour = \"red\""),
        ("cpu = \"4\"", "cpu = \"4 GHz\""),
        ("cpu = \"4\"", "cpu = \"-4\""),
        ("memory = \"16Gi\"", "memory = \"99999999999Ei\""),
        ("duration = \"2h\"", "duration = 2"),
        ("max = 4", "max = 0"),
        ("up_percent = 70", "up_percent = 70\nallow_flap = \"no\""),
        ("down_percent = 30", "down_percent = 69"),
        ("tenant = \"acme\"", "tenant = \"acne\""),
        ("source = \"sine\"", "source = \"sin\""),
    ];
    for (from, to) in bad {
        let folder = folder(from, to);
        let output = ends(
            folder.path(),
            &[
                "replay",
                "small.toml",
                "--report",
                "r.html",
                "--record",
                "t.jsonl",
            ],
            2,
        );
        let text = said(&output);
        assert!(
            text.lines()
                .all(|line| line.starts_with("error: small.toml:")),
            "{to}: {text}"
        );
        assert!(output.stdout.is_empty(), "{to}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{to}");
    }
}

#[test]
fn a_bad_trace_is_one_clear_line_and_nothing_is_written() {
    let load = "source = \"csv\"\npath = \"t.csv\"\nindex = \"minute\"\ncolumn = \"requests\"\nperiod = \"1m\"\n";
    let text = SMALL.split("source = \"sine\"").next().unwrap().to_owned() + load;
    let bad = [
        "",
        "minute,requests\n",
        "minute\n1\n",
        "minute,requests\n2,1\n1,1\n",
        "minute,requests\n1,x\n",
        "minute,requests\n1,-1\n",
        "minute,requests\n1\n",
        "\u{1f}\u{8b}",
    ];
    for trace in bad {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("small.toml"), &text).unwrap();
        fs::write(folder.path().join("t.csv"), trace).unwrap();
        let output = ends(
            folder.path(),
            &["replay", "small.toml", "--report", "r.html"],
            2,
        );
        let said = said(&output);
        assert!(
            said.contains("t.csv") && said.lines().count() == 1,
            "{trace:?}: {said}"
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "{trace:?}");
        fs::remove_file(folder.path().join("t.csv")).unwrap();
        ends(folder.path(), &["replay", "small.toml"], 2);
    }
}

#[test]
fn actors_decide_as_the_plain_loop_does() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for scenario in ["quickstart", "rolling-update", "quota-race"] {
        let file = format!("scenarios/{scenario}.toml");
        let fast = ends(root, &["replay", &file, "--oracles", "full"], 0).stdout;
        let args = ["replay", &file, "--driver", "actors", "--oracles", "full"];
        assert_eq!(ends(root, &args, 0).stdout, fast, "{scenario}");
    }
    let folder = folder("", "");
    let record = |name: &'static str, driver: &str| {
        let args = ["replay", "small.toml", "--driver", driver, "--record", name];
        ends(folder.path(), &args, 0);
        fs::read(folder.path().join(name)).unwrap()
    };
    assert_eq!(record("a.jsonl", "actors"), record("b.jsonl", "fast"));
}

#[test]
fn every_command_answers_in_json() {
    let folder = folder("", "");
    ends(
        folder.path(),
        &[
            "replay",
            "small.toml",
            "--until",
            "1m",
            "--record",
            "t.jsonl",
            "--report",
            "r.json",
        ],
        0,
    );
    let commands = [
        "replay small.toml",
        "replay small.toml --compare best_fit spread",
        "replay small.toml --driver actors",
        "replay small.toml --trace-diff best_fit --until 1m",
        "report r.json",
        "sweep small.toml --grid seed=1",
        "plan size small.toml",
        "scenario new other",
        "scenario check small.toml",
        "scenario explain small.toml",
        "scenario schema",
        "scenario list",
        "scenario run small.toml",
        "trace show t.jsonl --limit 1",
        "trace diff t.jsonl t.jsonl",
        "gen completions bash",
        "gen cli-reference --out .",
        "gen scenario-schema --out .",
    ];
    for command in commands {
        let mut args: Vec<&str> = command.split(' ').collect();
        args.extend(["-o", "json"]);
        let output = nimbus(folder.path(), &args);
        let parsed = serde_json::from_slice::<Value>(&output.stdout);
        assert!(parsed.is_ok(), "{command}: {parsed:?}\n{}", said(&output));
    }
    let alone: Value = serde_json::from_slice(&nimbus(folder.path(), &["--json"]).stdout).unwrap();
    assert!(alone["start_with"].is_array());
}
