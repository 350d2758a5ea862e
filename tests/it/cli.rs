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
    insta::assert_snapshot!(say(&[]), @r"
    exit 0
    --- stdout
    Nimbus rehearses a multi-tenant control plane for Kubernetes: the code that decides
    in production decides here in a simulated cluster, in seconds.

    Start here:
      nimbus replay quickstart             three tenants, one day, a report with invoices
      nimbus scenario list                 the scenarios that are there
      nimbus scenario new my-shop          a scenario of your own to change
      nimbus plan size my-shop.toml        the smallest fleet that does the work

    All commands: nimbus --help    One of them: nimbus replay --help
    --- stderr
    ");
}

#[test]
fn a_typing_error_gets_a_suggestion() {
    insta::assert_snapshot!(say(&["repaly", "x.toml"]), @r"
    exit 2
    --- stdout
    --- stderr
    error: unrecognized subcommand 'repaly'

      tip: some similar subcommands exist: 'apply', 'replay'

    Usage: nimbus [OPTIONS] [COMMAND]

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(say(&["replay", "x.toml", "--sed", "1"]), @r"
    exit 2
    --- stdout
    --- stderr
    error: unexpected argument '--sed' found

      tip: a similar argument exists: '--seed'

    Usage: nimbus replay --seed <N> <INPUT>...

    For more information, try '--help'.
    ");
}

#[test]
fn a_missing_file_is_one_line() {
    insta::assert_snapshot!(say(&["replay", "no/such.toml"]), @r"
    exit 2
    --- stdout
    --- stderr
    error: no/such.toml: no such file
    ");
    insta::assert_snapshot!(say(&["replay", "no-such-name"]), @r"
    exit 2
    --- stdout
    --- stderr
    error: no-such-name: no such file and no scenario of this name; `nimbus scenario list` shows them
    ");
}

#[test]
fn machine_errors_are_problem_objects() {
    insta::assert_snapshot!(say(&["replay", "no/such.toml", "-o", "json"]), @r#"
    exit 2
    --- stdout
    --- stderr
    {
      "code": "file",
      "detail": "no/such.toml: no such file",
      "exit": 2,
      "title": "File cannot be used",
      "type": "/problems/file"
    }
    "#);
    insta::assert_snapshot!(say(&["replay", "--sed", "1", "--json"]), @r#"
    exit 2
    --- stdout
    --- stderr
    {
      "code": "usage",
      "detail": "unexpected argument '--sed' found",
      "exit": 2,
      "title": "Usage",
      "type": "/problems/usage"
    }
    "#);
}

#[test]
fn a_broken_trace_diff_ends_with_its_own_code() {
    insta::assert_snapshot!(say(&["trace", "diff", "a.jsonl", "b.jsonl"]), @r"
    exit 10
    --- stdout
    --- stderr
    error: a.jsonl: no such file
    ");
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    insta::assert_snapshot!(say(&["replay", "a.toml", "--limit", "cost <= +2%"]), @r"
    exit 2
    --- stdout
    --- stderr
    error: --limit needs --compare, or a journal with --policy or --set
    ");
    insta::assert_snapshot!(say(&["replay", "a.toml", "b.toml", "--report", "x.html"]), @r"
    exit 2
    --- stdout
    --- stderr
    error: --report and --record take one scenario
    ");
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
    let event = |n: u32| {
        let start =
            format!("{{\"at\":{n},\"round\":0,\"class\":\"billing\",\"address\":\"billing\",");
        start + "\"input\":\"Tick\",\"effects\":[],\"hash\":\"00\"}\n"
    };
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
    assert_eq!((code, text.lines().count()), (0, 2));
}
