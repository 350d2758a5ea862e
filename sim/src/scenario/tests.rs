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
