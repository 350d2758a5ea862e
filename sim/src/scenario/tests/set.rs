//! Overrides: what they reach, and how a wrong one is refused.

use proptest::prelude::*;

use super::*;

const TEXT: &str = r#"
[[autoscaler]]
name = "web"
[[autoscaler]]
name = "api"
max = 3
[[tenant]]
name = "acme"
quota = { cpu = 1, memory = "1Gi", pods = 5 }
"#;

fn set(pairs: &[&str]) -> Result<Scenario, Vec<Problem>> {
    let overrides: Vec<Override> = pairs
        .iter()
        .map(|pair| Override::parse(pair).unwrap())
        .collect();
    parse_with(&format!("{HEAD}{TEXT}"), "t.toml", &overrides)
}

#[track_caller]
fn check(pair: &str, expected: &str) {
    assert_eq!(lines(&set(&[pair]).unwrap_err()).trim_end(), expected);
}

#[test]
fn a_key_reaches_its_section_all_entries_or_the_one_named() {
    let scenario = set(&[
        "seed=42",
        "scheduler.score=best_fit",
        "scenario.duration=\"2h\"",
        "autoscaler.up_percent=75",
        "autoscaler.web.max=9",
        "tenant.acme.quota.cpu=2500m",
        "tenant.quota.pods=7",
        "slo.violations_max=0.5%",
    ])
    .unwrap();
    assert_eq!(scenario.head.seed, 42);
    assert_eq!(scenario.head.duration, Span::from_secs(7_200));
    assert_eq!(scenario.scheduler.score.as_str(), "best_fit");
    let knobs = |n: usize| {
        (
            scenario.autoscalers[n].policy.up_percent,
            scenario.autoscalers[n].policy.max,
        )
    };
    assert_eq!((knobs(0), knobs(1)), ((75, 9), (75, 3)));
    let quota = scenario.tenants[0].quota.unwrap();
    assert_eq!((quota.cpu, quota.pods), (Cpu(2_500), 7));
    assert_eq!(scenario.slo.violations_max, Some(5_000));
}

#[test]
fn a_wrong_override_is_refused_like_a_wrong_line() {
    check(
        "autoscaler.up_percent=75x",
        "--set autoscaler.up_percent=75x: autoscaler.up_percent: \"75x\": expected integer percent of 1..1000, as in 70 or \"70%\"",
    );
    check(
        "autoscaler.upper=1",
        "--set autoscaler.upper=1: autoscaler.upper: unknown key \"upper\": expected one of name, policy, period, up_percent, down_percent, min, max, step_up, step_down, cooldown, wait_ready, allow_flap",
    );
    check(
        "autoscaler.wep.max=1",
        "--set autoscaler.wep.max=1: autoscaler.wep.max: no [[autoscaler]] is named \"wep\": expected one of web, api",
    );
    check(
        "autoscaller.max=1",
        "--set autoscaller.max=1: autoscaller.max: unknown key: did you mean autoscaler?",
    );
    check(
        "workload.cpu=1",
        "--set workload.cpu=1: workload.cpu: the scenario has no [[workload]]",
    );
    check(
        "version=2",
        "--set version=2: scenario.version: 2 is newer than this program reads: expected 1, or a newer program",
    );
    check(
        "tenant.acme.name.x=2",
        "--set tenant.acme.name.x=2: tenant.acme.name.x: name is \"acme\": expected a table to set x in",
    );
}

#[test]
fn what_is_no_override_is_said() {
    let said = Override::parse("seed").unwrap_err().to_string();
    assert_eq!(
        said,
        "--set seed: expected key=value, as in autoscaler.up_percent=75"
    );
}

proptest! {
    #[test]
    fn no_override_makes_it_panic(key in "[a-z_.]{0,30}", value in any::<String>()) {
        let overrides = [Override { key, value }];
        let _ = parse_with(&format!("{HEAD}{}", super::back::FULL), "t.toml", &overrides);
    }

    #[test]
    fn an_override_does_what_the_line_would(up in 71u32..200, down in 1u32..35, cooldown in 0i64..500) {
        let text = format!("{HEAD}[[autoscaler]]\nname = \"a\"\n");
        let keys = [("up_percent", up.to_string()), ("down_percent", down.to_string()), ("cooldown", format!("{cooldown}s"))];
        let overrides: Vec<Override> = keys
            .iter()
            .map(|(key, value)| Override { key: format!("autoscaler.{key}"), value: value.clone() })
            .collect();
        let written = format!("{text}up_percent = {up}\ndown_percent = \"{down}%\"\ncooldown = \"{cooldown}s\"\n");
        prop_assert_eq!(parse_with(&text, "t.toml", &overrides), parse(&written, "t.toml"));
    }
}
