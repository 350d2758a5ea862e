//! What is accepted, what is refused, and in which words.

use nimbus_core::autoscaler::Policy;
use nimbus_core::billing::{Currency, PriceList};
use nimbus_core::time::{Span, Time};

use super::*;

const HEAD: &str = "[scenario]\nname = \"t\"\nversion = 1\nduration = \"1h\"\n";

/// One problem a line.
fn lines(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(|problem| format!("{problem}\n"))
        .collect()
}

/// What is said about a text after a good head, which has four lines.
#[track_caller]
fn refusal(text: &str) -> String {
    match parse(&format!("{HEAD}{text}"), "t.toml") {
        Ok(scenario) => panic!("accepted: {scenario:?}"),
        Err(problems) => lines(&problems),
    }
}

#[track_caller]
fn accepted(text: &str) -> Scenario {
    match parse(&format!("{HEAD}{text}"), "t.toml") {
        Ok(scenario) => scenario,
        Err(problems) => panic!("refused:\n{}", lines(&problems)),
    }
}

#[test]
fn an_empty_scenario_has_the_documented_defaults() {
    let scenario = accepted("");
    assert_eq!(scenario.head.start, Time::from_secs(1_767_225_600));
    assert_eq!(scenario.head.metrics_period, Span::from_secs(30));
    assert_eq!(
        scenario.billing,
        Billing {
            currency: Currency::USD,
            prices: PriceList::default()
        }
    );
    assert_eq!(scenario.slo.capacity_percent, 90);
}

#[test]
fn an_autoscaler_without_knobs_is_the_seeds() {
    let scenario = accepted("[[autoscaler]]\nname = \"a\"\nallow_flap = true\n");
    let expected = Policy {
        allow_flap: true,
        ..Policy::default()
    };
    assert_eq!(*scenario.autoscalers[0].policy, expected);
}

#[test]
fn wrong_values_name_file_line_key_value_and_what_was_expected() {
    let text = r#"
[[tenant]]
name = "acme"
quota = { cpu = "-1", memory = "4Gi", pods = 10 }

[[node_pool]]
name = "general"
cpu = "16"
memory = "64Gb"
count = 3
min = 5
max = 4
"#;
    insta::assert_snapshot!(refusal(text), @r#"
    t.toml:8: tenant.quota.cpu: "-1" is negative: expected a quantity of at least 0
    t.toml:13: node_pool.memory: "64Gb" is not a quantity: expected a number with an optional suffix, as in 500m, 2, 256Mi, 1G or 1e3
    "#);
}

/// The scenarios of the repository.
fn shipped() -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|ext| ext == "toml"));
    files.sort();
    let read = |path: std::path::PathBuf| {
        (
            path.display().to_string(),
            std::fs::read_to_string(&path).unwrap(),
        )
    };
    files.into_iter().map(read).collect()
}

#[test]
fn shipped_scenarios_are_explained_and_read_back() {
    let files = shipped();
    assert!(files.len() >= 8, "{} scenarios", files.len());
    for (file, text) in files {
        assert!(
            text.starts_with("# "),
            "{file} does not open with a sentence"
        );
        read_back(&text, &file);
    }
}

/// `explain` says the same scenario, with the same hash, and says it the same way again.
#[track_caller]
fn read_back(text: &str, file: &str) {
    let scenario = parse(text, file).unwrap_or_else(|problems| panic!("{}", lines(&problems)));
    let explained = explain(&scenario);
    let again = parse(&explained, file)
        .unwrap_or_else(|problems| panic!("{}\n{explained}", lines(&problems)));
    assert_eq!(scenario, again, "{explained}");
    assert_eq!(scenario.hash(), again.hash());
    assert_eq!(explained, explain(&again));
}
