//! The binary as a user meets it: what it says, where it says it, and how it ends.

use std::path::Path;
use std::process::{Command, Output};

/// Runs `nimbus` in a folder.
pub(crate) fn nimbus(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nimbus"));
    command
        .current_dir(folder)
        .args(args)
        .env_remove("NO_COLOR");
    command.output().unwrap()
}

/// Exit code, stdout and stderr as one text.
fn say(args: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("broken.toml"), "[scenario\n").unwrap();
    let output = nimbus(folder.path(), args);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let code = output.status.code().unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    format!("exit {code}\n--- stdout\n{out}--- stderr\n{err}")
}

#[test]
fn alone_it_says_what_to_do_first() {
    insta::assert_snapshot!(say(&[]));
}

#[test]
fn a_typing_error_gets_a_suggestion() {
    insta::assert_snapshot!(say(&["repaly", "x.toml"]));
    insta::assert_snapshot!(say(&["replay", "x.toml", "--sed", "1"]));
}

#[test]
fn a_missing_file_is_one_line() {
    insta::assert_snapshot!(say(&["replay", "no/such.toml"]));
    insta::assert_snapshot!(say(&["replay", "no-such-name"]));
}

#[test]
fn machine_errors_are_problem_objects() {
    insta::assert_snapshot!(say(&["replay", "no/such.toml", "-o", "json"]));
    insta::assert_snapshot!(say(&["replay", "--sed", "1", "--json"]));
}

#[test]
fn a_broken_trace_diff_ends_with_its_own_code() {
    insta::assert_snapshot!(say(&["trace", "diff", "a.jsonl", "b.jsonl"]));
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    insta::assert_snapshot!(say(&["replay", "a.toml", "--limit", "cost <= +2%"]));
    insta::assert_snapshot!(say(&["replay", "a.toml", "b.toml", "--report", "x.html"]));
}

#[test]
fn a_new_scenario_never_replaces_a_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.toml"), "mine").unwrap();
    let output = nimbus(folder.path(), &["scenario", "new", "mine"]);
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    assert_eq!(
        std::fs::read(folder.path().join("mine.toml")).unwrap(),
        b"mine"
    );
}

#[test]
fn traces_are_shown_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let event = |n: u32| format!("{{\"at\":{n},\"address\":\"billing\",\"input\":\"Tick\"}}\n");
    std::fs::write(folder.path().join("a.jsonl"), event(1) + &event(2)).unwrap();
    std::fs::write(folder.path().join("b.jsonl"), event(1) + &event(3)).unwrap();
    std::fs::write(folder.path().join("torn.jsonl"), "{\"at\":1").unwrap();
    let run = |args: &[&str]| {
        let output = nimbus(folder.path(), args);
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    assert_eq!(
        run(&["trace", "diff", "a.jsonl", "a.jsonl"]),
        (0, "no difference in 2 events\n".to_owned())
    );
    let (code, text) = run(&["trace", "diff", "a.jsonl", "b.jsonl"]);
    assert!(
        code == 1 && text.starts_with("first difference at event 2\n"),
        "{code} {text}"
    );
    assert_eq!(run(&["trace", "diff", "a.jsonl", "torn.jsonl"]).0, 10);
    assert_eq!(run(&["trace", "show", "torn.jsonl"]).0, 2);
    let (code, text) = run(&["trace", "show", "a.jsonl", "--from", "2"]);
    assert_eq!((code, text.lines().count()), (0, 1));
}
