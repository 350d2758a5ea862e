//! Journals as a user looks at them: listed, shown, checked, replayed, torn, copied without names.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::cli::nimbus;

#[track_caller]
fn ends(folder: &Path, line: &str, code: i32) -> Output {
    let args: Vec<&str> = line.split(' ').collect();
    let output = nimbus(folder, &args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{line}\n{said}");
    output
}

#[track_caller]
fn json(folder: &Path, line: &str, code: i32) -> Value {
    let output = ends(folder, &format!("{line} -o json"), code);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A folder with the journal of the first hours of a scenario, and the hash of the run.
fn recorded(scenario: &str, until: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    let line = format!("replay {file}/{scenario}.toml --until {until} --journal j");
    let report = json(folder.path(), &line, 0);
    let hash = report["header"]["event_hash"].as_str().unwrap().to_owned();
    (folder, hash)
}

#[test]
fn a_recorded_run_replays_to_the_same_hash() {
    let (folder, hash) = recorded("quickstart", "6h");
    let found = json(folder.path(), "replay j", 0);
    assert_eq!(found["hash"], hash.as_str());
    assert_eq!(found["differs"], Value::Null);
    assert!(found["groups"].as_u64().unwrap() > 100 && found["decisions"].as_u64().unwrap() > 10);
    let text = ends(folder.path(), "replay j", 0).stdout;
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("after each group as recorded"), "{text}");
    let segment = "replay j/chain-000001/000001.jsonl.gz";
    assert_eq!(json(folder.path(), segment, 0)["hash"], hash.as_str());
}

#[test]
fn a_journal_is_listed_shown_and_verified() {
    let (folder, _) = recorded("quota-race", "1h");
    let list = json(folder.path(), "journal list j", 0);
    assert_eq!(
        (&list[0]["chain"], &list[0]["state"]),
        (&"1".into(), &"whole".into())
    );
    let counts = json(folder.path(), "journal verify j", 0);
    assert_eq!(counts["torn"], Value::Array(Vec::new()));
    let shown = ends(folder.path(), "journal show j --from 2 --to 3 -o json", 0).stdout;
    let shown = String::from_utf8(shown).unwrap();
    let seqs: Vec<u64> = shown
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter_map(|entry| entry["group"]["seq"].as_u64())
        .collect();
    assert_eq!(seqs, [2, 3]);
    let text = ends(folder.path(), "journal show j", 0).stdout;
    assert!(String::from_utf8(text).unwrap().contains("scenario asked"));
    ends(folder.path(), "journal list nowhere", 2);
    ends(folder.path(), "journal show j --from yesterday", 2);
}

#[test]
fn a_torn_tail_is_said_and_a_changed_line_is_an_error() {
    let (folder, _) = recorded("quota-race", "1h");
    let path = folder.path().join("j/chain-000001/000001.jsonl.gz");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 40]).unwrap();
    let counts = json(folder.path(), "journal verify j", 0);
    assert_eq!(counts["torn"].as_array().unwrap().len(), 1);
    let output = ends(folder.path(), "replay j", 0);
    assert!(String::from_utf8_lossy(&output.stderr).contains("torn"));
    fs::write(&path, b"no gzip").unwrap();
    ends(folder.path(), "replay j", 2);
}

#[test]
fn a_copy_without_names_replays_and_tells_none() {
    let (folder, _) = recorded("quickstart", "6h");
    let copied = json(folder.path(), "journal export j --anonymise --out k", 0);
    assert_eq!(copied["differs"], Value::Null);
    assert!(copied["names"].as_u64().unwrap() > 5);
    let (a, b) = (
        json(folder.path(), "replay j", 0),
        json(folder.path(), "replay k", 0),
    );
    for same in ["groups", "inputs", "decisions", "deliveries", "differs"] {
        assert_eq!(a[same], b[same], "{same}");
    }
    assert_ne!(a["hash"], b["hash"]);
    ends(folder.path(), "journal export j --out k", 5);
}

#[test]
fn options_of_scenarios_are_refused() {
    let (folder, _) = recorded("quota-race", "1h");
    for option in [
        "--seed 1",
        "--driver actors",
        "--until 1h",
        "--check-determinism",
    ] {
        ends(folder.path(), &format!("replay j {option}"), 2);
    }
}

#[test]
fn a_journal_under_another_policy_is_compared_with_itself() {
    let (folder, _) = recorded("quickstart", "6h");
    let file = folder.path().join("p.toml");
    fs::write(
        &file,
        "[scheduler]\nscore = \"spread\"\n\n[autoscaler]\nup_percent = 90\n",
    )
    .unwrap();
    let both = json(folder.path(), "replay j --policy p.toml", 0);
    assert_eq!(both["base"]["score"], "busiest_cpu");
    assert_eq!(both["head"]["score"], "spread");
    let said = ends(folder.path(), "replay j --set autoscaler.up_percent=90", 0).stderr;
    assert!(String::from_utf8_lossy(&said).contains("played again under the same policy"));
    ends(
        folder.path(),
        "replay j --policy p.toml --limit nodes<=-100%",
        8,
    );
    ends(folder.path(), "replay j --limit cost<=+2%", 2);
    let same = json(
        folder.path(),
        "replay j --set scheduler.score=busiest_cpu",
        0,
    );
    assert_eq!(same["base"]["event_hash"], same["head"]["event_hash"]);
}
