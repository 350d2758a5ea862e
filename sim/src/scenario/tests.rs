//! What is accepted, what is refused and in which words, and what is read back.

mod back;
mod refuse;
mod set;

use std::sync::Arc;

use nimbus_core::autoscaler::Policy;
use nimbus_core::billing::{Currency, PriceList};
use nimbus_core::time::{Span, Time};
use nimbus_core::units::Cpu;

use super::*;

const HEAD: &str = "[scenario]\nname = \"t\"\nversion = 1\nduration = \"1h\"\n";

/// One problem a line.
fn lines(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(|problem| format!("{problem}\n"))
        .collect()
}

/// A text after a good head, which has four lines.
#[track_caller]
fn accepted(text: &str) -> Scenario {
    match parse(&format!("{HEAD}{text}"), "t.toml") {
        Ok(scenario) => scenario,
        Err(problems) => panic!("refused:\n{}", lines(&problems)),
    }
}

/// The scenarios of the repository.
fn shipped() -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
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
fn an_empty_scenario_has_the_documented_defaults() {
    let scenario = accepted("");
    assert_eq!(scenario.head.start, Time::from_secs(1_767_225_600));
    assert_eq!(scenario.head.metrics_period, Span::from_secs(30));
    let billing = Billing {
        currency: Currency::USD,
        prices: PriceList::default(),
    };
    assert_eq!(scenario.billing, billing);
    assert_eq!(scenario.slo.capacity_percent, 90);
    assert_eq!(scenario.end(), scenario.head.start + Span::from_secs(3_600));
}

#[test]
fn an_autoscaler_without_knobs_is_the_seeds() {
    let scenario = accepted("[[autoscaler]]\nname = \"a\"\n");
    assert_eq!(*scenario.autoscalers[0].policy, Policy::default());
}

#[test]
fn groups_are_expanded_by_tenant_then_by_section() {
    let scenario = accepted(
        r#"
        [[tenant]]
        name = "team"
        count = 2
        [[tenant]]
        name = "acme"
        tier = "business"
        [[workload]]
        tenant = "each"
        name = "web"
        cpu = 1
        memory = "1Gi"
        [[workload]]
        tenant = "team"
        name = "api"
        cpu = "0.5"
        memory = "1Gi"
        [[load]]
        workload = "web"
        source = "constant"
        rate = 0.25
        [[load]]
        workload = "acme/web"
        source = "constant"
        rate = 3
        "#,
    );
    let paths: Vec<String> = (0..scenario.workloads.len())
        .map(|i| scenario.path_of(i))
        .collect();
    assert_eq!(
        paths,
        [
            "team-000/web",
            "team-000/api",
            "team-001/web",
            "team-001/api",
            "acme/web"
        ]
    );
    assert_eq!(scenario.workloads[1].spec.requests.cpu, Cpu(500));
    let of = |load: usize| match &scenario.loads[load].source {
        Source::Requests {
            workloads,
            shape: Shape::Constant { rate },
            ..
        } => (workloads.clone(), *rate),
        other => panic!("{other:?}"),
    };
    assert_eq!(of(0), (vec![0, 2, 4], 250));
    assert_eq!(of(1), (vec![4], 3_000));
}

#[test]
fn loads_have_names_of_their_own() {
    let load = "[[load]]\nworkload = \"web\"\nsource = \"constant\"\nrate = 1\n";
    let service = "[[tenant]]\nname = \"acme\"\n[[workload]]\ntenant = \"acme\"\nname = \"web\"\ncpu = 1\nmemory = \"1Gi\"\n";
    let scenario = accepted(&format!("{service}{load}{load}"));
    let names: Vec<&str> = scenario.loads.iter().map(|load| &*load.name).collect();
    assert_eq!(names, ["web", "web-2"]);
}

#[test]
fn a_deploy_keeps_what_it_does_not_name() {
    let scenario = accepted(
        r#"
        [[tenant]]
        name = "acme"
        [[workload]]
        tenant = "acme"
        name = "web"
        cpu = 1
        memory = "1Gi"
        [[action]]
        at = "2m"
        kind = "deploy"
        workload = "web"
        cpu = 2
        [[action]]
        at = "1m"
        kind = "deploy"
        workload = "web"
        image = "web:2"
        "#,
    );
    let deploys: Vec<_> = scenario
        .actions
        .iter()
        .map(|action| match &action.act {
            Act::Deploy { image, spec, .. } => (action.at.secs(), image.clone(), spec.requests.cpu),
            other => panic!("{other:?}"),
        })
        .collect();
    let image: Arc<str> = "web:2".into();
    assert_eq!(
        deploys,
        [(60, image.clone(), Cpu(1_000)), (120, image, Cpu(2_000))]
    );
}

#[test]
fn a_workload_waits_for_its_tenant() {
    let scenario = accepted(
        "[[tenant]]\nname = \"late\"\nat = \"10m\"\n[[workload]]\ntenant = \"late\"\nname = \"web\"\ncpu = 1\nmemory = \"1Gi\"\n",
    );
    assert_eq!(scenario.deployed_at(0), scenario.time(Span::from_secs(600)));
}

#[test]
fn prices_follow_the_digits_of_their_currency() {
    let scenario = accepted(
        "[billing]\ncurrency = \"JPY\"\ncpu_vcpu_hour = \"6.5\"\nmemory_gib_hour = 1\n[[node_pool]]\nname = \"a\"\ncpu = 1\nmemory = \"1Gi\"\ncount = 1\nprice_per_hour = \"0.25\"\n",
    );
    assert_eq!(scenario.billing.prices.cpu_vcpu_hour, 6_500_000);
    assert_eq!(scenario.pools[0].price_per_hour, 250_000);
}

#[test]
fn the_hash_covers_values_and_not_their_spelling() {
    let hash = |text: &str| accepted(text).hash();
    assert_eq!(
        hash("metrics_lag = \"60s\"\n"),
        hash("metrics_lag = \"1m\" # a minute\n")
    );
    assert_ne!(
        hash("metrics_lag = \"60s\"\n"),
        hash("metrics_lag = \"61s\"\n")
    );
}
