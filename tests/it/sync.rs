//! A system-call trace: no acknowledgement leaves before journal and store are on disk, in this order.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::serve::process::Process;

/// What is looked at.
const CALLS: &str = "trace=fsync,fdatasync,read,recvfrom,write,writev,sendto,sendmsg";

/// What the trace shows, in order of the ends of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Request,
    Journal,
    Store,
    Answer,
}

fn step(call: &str) -> Option<Step> {
    let sync = call.starts_with("fsync(") || call.starts_with("fdatasync(");
    match call {
        _ if sync && call.contains(".jsonl.gz") => Some(Step::Journal),
        _ if sync && call.contains("nimbus.db") => Some(Step::Store),
        _ if call.contains("\"POST /api/v1/tenants") => Some(Step::Request),
        _ if call.contains("\"HTTP/1.1 202") => Some(Step::Answer),
        _ => None,
    }
}

/// The calls of a trace, each at its end, whole.
fn calls(trace: &str) -> Vec<String> {
    let mut begun: BTreeMap<&str, &str> = BTreeMap::new();
    let mut ended = Vec::new();
    for line in trace.lines() {
        let Some((pid, call)) = line.split_once(' ') else {
            continue;
        };
        let call = call.trim_start();
        if let Some(begin) = call.strip_suffix(" <unfinished ...>") {
            begun.insert(pid, begin);
        } else if let Some((_, end)) = call
            .strip_prefix("<... ")
            .and_then(|c| c.split_once("resumed>"))
        {
            ended.push(format!("{}{end}", begun.remove(pid).unwrap_or_default()));
        } else {
            ended.push(call.to_owned());
        }
    }
    ended
}

/// Whether calls can be traced here. CI demands it; elsewhere the skip is said.
fn can_trace() -> bool {
    let mut strace = Command::new("strace");
    strace
        .args(["-o", "/dev/null", "true"])
        .stderr(Stdio::null());
    let can = strace.status().is_ok_and(|status| status.success());
    let required = std::env::var("NIMBUS_TEST_STRACE").is_ok_and(|v| v == "required");
    assert!(
        can || !required,
        "strace is required and does not work here"
    );
    if !can {
        let _ = writeln!(std::io::stderr(), "SKIPPED: strace does not work here");
    }
    can
}

#[test]
fn an_answer_leaves_after_the_journal_and_then_the_store_are_synced() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace");
    let file_text = file.display().to_string();
    // -D: the service is the child, so that it is what is waited for
    let strace = [
        "strace", "-D", "-f", "-y", "-s", "48", "-e", CALLS, "-o", &file_text,
    ];
    let mut process = Process::start_under(&strace, folder.path(), &["--sim-speed", "1"]);
    let client = process.admin();
    for name in ["one", "two", "three"] {
        let body = json!({ "name": name });
        let (status, answer) = client
            .call("POST", "/api/v1/tenants", None, Some(&body))
            .unwrap();
        assert_eq!(status, 202, "{answer}");
    }
    process.terminate();
    let trace = fs::read_to_string(&file).unwrap();
    let steps: Vec<Step> = calls(&trace).iter().filter_map(|call| step(call)).collect();
    let requests: Vec<usize> = (0..steps.len())
        .filter(|&at| steps[at] == Step::Request)
        .collect();
    assert_eq!(requests.len(), 3, "{steps:?}");
    for at in requests {
        let after = &steps[at..];
        let answer = after
            .iter()
            .position(|step| *step == Step::Answer)
            .expect("an answer");
        let journal = after.iter().position(|step| *step == Step::Journal);
        let journal = journal
            .filter(|at| *at < answer)
            .expect("the journal is synced before");
        let store = after[journal..answer].contains(&Step::Store);
        assert!(
            store,
            "the store is synced between journal and answer: {after:?}"
        );
    }
}
