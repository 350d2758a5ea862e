//! Crates and parts of std that are named in one place only.

use super::scan;

/// (name as code writes it, paths that may name it, why).
const HOMES: &[(&str, &[&str], &str)] = &[
    ("clap", &["src/cli/", "src/main.rs"], "the command line"),
    ("clap_complete", &["src/cli/"], "the command line"),
    ("indicatif", &["src/cli/"], "progress on a terminal"),
    (
        "anyhow",
        &["src/cli/", "src/main.rs", "tests/"],
        "core and sim have typed errors",
    ),
    ("ctrlc", &["src/runtime.rs"], "signals have one home"),
    (
        "nimbus_sim",
        &[
            "src/cli/",
            "src/cluster/sim/",
            "src/replay/",
            "src/store/conformance/",
            "benches/",
            "tests/",
        ],
        "only a leaf and the simulated cluster know the simulator",
    ),
    (
        "actix",
        &["src/shell/", "src/system/", "src/replay/actors"],
        "actors have one home",
    ),
    ("diesel", &["src/store/"], "SQL has one home"),
    ("diesel_migrations", &["src/store/"], "SQL has one home"),
    (
        "axum",
        &["src/http/", "benches/", "tests/it/harness.rs"],
        "handlers have one home",
    ),
    ("axum_extra", &["src/http/"], "handlers have one home"),
    (
        "hyper",
        &["src/http/", "benches/", "tests/"],
        "handlers have one home",
    ),
    (
        "tower",
        &["src/http/", "tests/", "benches/"],
        "handlers have one home",
    ),
    ("tower_http", &["src/http/"], "handlers have one home"),
    (
        "utoipa",
        &["src/http/", "src/cli/generate.rs"],
        "the API's document has one home",
    ),
    ("governor", &["src/http/"], "rates are limited at the edge"),
    ("jsonwebtoken", &["src/auth/"], "tokens have one home"),
    (
        "aws_lc_rs",
        &["src/auth/", "src/runtime.rs", "src/store/"],
        "secrets have one home",
    ),
    (
        "reqwest",
        &["src/cli/client/"],
        "only the command line calls a server",
    ),
    ("prometheus", &["src/metrics.rs"], "metrics have one home"),
    (
        "std::time::Instant",
        &["src/runtime.rs"],
        "clocks have one home",
    ),
    (
        "std::time::SystemTime",
        &["src/runtime.rs"],
        "clocks have one home",
    ),
    (
        "std::thread",
        &["sim/src/sweep.rs", "src/runtime.rs", "tests/"],
        "parallelism is across runs only",
    ),
    (
        "std::process",
        &["src/", "tests/", "benches/"],
        "core and sim start nothing and never exit",
    ),
    (
        "std::env",
        &["src/", "tests/", "benches/"],
        "what decides is handed in",
    ),
    (
        "std::net",
        &["src/", "tests/", "benches/"],
        "core and sim talk to no network",
    ),
    (
        "std::fs",
        &["src/", "sim/src/", "tests/", "benches/"],
        "core does no I/O",
    ),
    (
        "std::io",
        &["src/", "sim/src/", "tests/", "benches/"],
        "core does no I/O",
    ),
    (
        "tokio",
        &["src/", "tests/", "benches/"],
        "core and sim are not async",
    ),
];

/// Names of a crate or module away from its home.
pub(super) fn check(path: &str, text: &str) -> Vec<String> {
    let code = scan::code(text);
    let mut found = Vec::new();
    for &(name, homes, why) in HOMES {
        if homes.iter().any(|home| path.starts_with(home)) {
            continue;
        }
        found
            .extend(lines_naming(&code, name).map(|line| format!("{path}:{line}: {name} ({why})")));
    }
    found
}

/// Lines that name `a::b`, also as `a::{.., b, ..}`.
fn lines_naming(code: &str, name: &str) -> impl Iterator<Item = usize> {
    let (outer, last) = name.rsplit_once("::").unwrap_or(("", name));
    let direct = format!("{name}::");
    let group = format!("{outer}::{{");
    let numbered = code.lines().enumerate();
    let hits = numbered.filter(|(_, line)| {
        let used = line
            .trim_start()
            .strip_prefix("use ")
            .map(|rest| rest.trim_end_matches(';'));
        names(line, &direct)
            || used == Some(name)
            || (name.contains("::") && line.contains(name))
            || (!outer.is_empty() && line.contains(&group) && names(line, last))
    });
    hits.map(|(at, _)| at + 1).collect::<Vec<_>>().into_iter()
}

/// Whether the word stands in the line and is not the tail of a longer one.
fn names(line: &str, word: &str) -> bool {
    let starts = line.match_indices(word);
    starts.into_iter().any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

#[test]
fn a_name_away_from_home_is_found() {
    let away = [
        ("core/src/time.rs", "use std::time::Instant;"),
        ("core/src/time.rs", "use std::{fmt, fs};"),
        ("sim/src/driver.rs", "let t = std::thread::spawn(f);"),
        ("src/runtime.rs", "use nimbus_sim::driver;"),
        ("sim/src/driver.rs", "fn f() -> anyhow::Result<()> {}"),
    ];
    for (path, text) in away {
        assert_eq!(check(path, text).len(), 1, "{path}: {text}");
    }
    assert!(check("src/cli/mod.rs", "use clap::Parser;\nuse anyhow::Context;").is_empty());
    assert!(check("core/src/x.rs", "// std::fs::read\nlet my_clap::x = 1;").is_empty());
}
