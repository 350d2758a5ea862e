//! Every scenario in `scenarios/`: as written against its golden report, twice with the same bytes.

use std::path::Path;

use crate::cli;

/// Too large for a debug build: run to a place before their end, without a golden report. CI runs them whole.
const LARGE: &[(&str, &str)] = &[
    ("azure-vm-v1", "3h"),
    ("fleet-100k", "1m"),
    ("web-nasa", "1d"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn scenarios() -> Vec<String> {
    let files = std::fs::read_dir(root().join("scenarios")).unwrap();
    let names = files.filter_map(|file| file.unwrap().file_name().into_string().ok());
    let mut names: Vec<String> = names
        .filter_map(|name| Some(name.strip_suffix(".toml")?.to_owned()))
        .collect();
    names.sort();
    names
}

#[track_caller]
fn replay(args: &[&str]) -> Vec<u8> {
    let output = cli::nimbus(root(), args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{args:?}\n{said}");
    output.stdout
}

#[test]
fn the_scenarios_that_the_readme_promises_are_there() {
    let found = scenarios();
    let promised = [
        "azure-vm-v1",
        "dev",
        "flap",
        "fleet-100k",
        "proration",
        "quickstart",
        "quota-race",
        "rolling-update",
        "web-nasa",
    ];
    for name in promised {
        assert!(found.iter().any(|known| known == name), "{name}");
    }
    for (name, _) in LARGE {
        assert!(
            found.iter().any(|known| known == name),
            "{name} is not there: drop its row"
        );
    }
}

#[test]
fn small_scenarios_keep_their_golden_report_and_repeat_it() {
    for name in scenarios()
        .iter()
        .filter(|name| !LARGE.iter().any(|row| row.0 == *name))
    {
        let file = format!("scenarios/{name}.toml");
        let first = replay(&["replay", &file]);
        let golden = std::fs::read(root().join(format!("scenarios/golden/{name}.txt"))).unwrap();
        assert!(first == golden, "{file}: differs from its golden report");
        replay(&["replay", &file, "--check-determinism", "--oracles", "full"]);
    }
}

#[test]
fn large_scenarios_begin_the_same_twice() {
    for (name, until) in LARGE {
        let file = format!("scenarios/{name}.toml");
        replay(&["replay", &file, "--until", until, "--check-determinism"]);
    }
}

#[test]
fn every_scenario_opens_with_what_it_shows() {
    for name in scenarios() {
        let text = std::fs::read_to_string(root().join(format!("scenarios/{name}.toml"))).unwrap();
        assert!(text.starts_with("# "), "{name}");
    }
}
