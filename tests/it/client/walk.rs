//! Every command of the binary, in machine form: what it prints is JSON, or what it complains of is.
//!
//! The list of commands is the reference, which another test holds against the command tree.

use serde_json::{Value, json};

use super::scripted::{Reply, Request, Server, User};

/// Commands that a walk must not run, and why.
const LEFT_OUT: [(&str, &str); 1] = [(
    "nimbus serve",
    "runs until it is stopped; tests of its own start it",
)];

/// Usage lines of all commands.
fn usages() -> Vec<String> {
    let page = include_str!("../../../docs/cli.md");
    let lines = page.lines().filter(|line| line.starts_with("nimbus "));
    lines.map(str::to_owned).collect()
}

/// A command line that gives every required argument something.
fn words(usage: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let parts = usage.split_whitespace().skip(1);
    for part in parts.filter(|part| !part.starts_with('[')) {
        let name = part
            .trim_start_matches('<')
            .trim_end_matches("...")
            .trim_end_matches('>');
        if !part.starts_with('<') {
            words.push(part.to_owned());
            continue;
        }
        words.push(value(name).to_owned());
    }
    words
}

fn value(name: &str) -> &'static str {
    match name {
        "SERVICE" => "svc-00000000000000000000000001",
        "APP/SERVICE" => "shop/api",
        "NUMBER" | "A" | "B" | "REPLICAS" => "1",
        "SHELL" => "bash",
        "KIND" => "autoscale",
        "NOUN" => "tenant",
        "SCENARIO" => "quickstart",
        "FILE" => "a.yaml",
        _ => "thing",
    }
}

/// Answers every question with something that is neither wrong nor rich.
fn anything(request: &Request) -> Reply {
    if request.path.ends_with("/logs") || request.path.ends_with("s") {
        return Reply::json(200, json!({ "items": [], "next_cursor": null, "ok": true }));
    }
    let body = json!({ "id": "x-1", "slug": "thing", "name": "thing", "state": "done", "status": "ready", "ok": true,
        "token": "t", "rollout": null, "services": [], "items": [] });
    Reply::json(200, body)
}

/// Whether a text is one JSON value, or one a line.
fn is_json(text: &str) -> bool {
    let one = |text: &str| serde_json::from_str::<Value>(text).is_ok();
    one(text) || text.lines().all(one)
}

#[track_caller]
fn check(user: &User, usage: &str) {
    let mut args = words(usage);
    args.extend(["-o", "json", "--yes", "--timeout", "1s"].map(str::to_owned));
    let heavy = ["replay", "sweep", "plan"].contains(&args[0].as_str())
        || usage.starts_with("nimbus scenario run");
    if heavy {
        args[1..].iter_mut().for_each(|word| {
            if word == "quickstart" {
                "no-such-scenario".clone_into(word);
            }
        });
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (code, out, err) = user.call(&args);
    assert!(is_json(&out), "{args:?} printed no JSON:\n{out}");
    if code != 0 && out.is_empty() {
        assert!(is_json(&err), "{args:?} complained without JSON:\n{err}");
    }
}

#[test]
fn every_command_answers_in_json() {
    let server = Server::start(anything);
    let usages = usages();
    assert!(
        usages.len() > 90,
        "only {} commands are in the reference",
        usages.len()
    );
    for usage in &usages {
        let user = User::of(&server);
        user.write("a.yaml", "kind: App\nname: shop\n");
        let left_out = LEFT_OUT
            .iter()
            .any(|(command, _)| usage.starts_with(command));
        if !left_out {
            check(&user, usage);
        }
    }
}

#[test]
fn every_command_complains_in_json_when_no_server_answers() {
    for usage in &usages() {
        let user = User::new();
        user.write("a.yaml", "kind: App\nname: shop\n");
        user.call(&["context", "set", "none", "--server", "http://127.0.0.1:1"]);
        let left_out = LEFT_OUT
            .iter()
            .any(|(command, _)| usage.starts_with(command));
        if !left_out {
            check(&user, usage);
        }
    }
}
