//! Shadow policies beside a simulated service: the present policy never differs, another one does.

use std::sync::Arc;

use nimbus::metrics::Registry;
use nimbus::shell::shadow::{Candidate, Divergence, Kind, Seen, Shadows};
use nimbus_core::autoscaler::Policy;
use nimbus_core::explain::ScoreKind;
use nimbus_core::ids::PolicyId;
use nimbus_core::machine::{Message, Outbox};
use nimbus_core::store::Row;
use nimbus_core::time::{Span, Time};
use nimbus_sim::driver::Handled;
use nimbus_sim::run::{Options, Prepared, Running, Source};

const ID: PolicyId = PolicyId(7);

/// Runs a group and gives what shadows see of it.
fn group(running: &mut Running, now: Time) -> Vec<Seen> {
    let driver = &mut running.driver;
    let mut seen = Vec::new();
    driver.open(now);
    while let Some(batch) = driver.batch().unwrap() {
        for delivery in batch.deliveries {
            let message: Message = delivery.message;
            let (seed, drawn) = driver.conductor.open(&message);
            let mut out = Outbox::default();
            out.begin(seed, message.address(), drawn);
            driver.machines.handle(now, message.clone(), &mut out);
            let hash = driver
                .conductor
                .close(message.address(), out.drawn(), out.effects());
            let effects = out.take();
            if Seen::concerns(&message) {
                let (message, effects) = (message.clone(), effects.clone());
                seen.push(Seen { message, effects });
            }
            let handled = Handled {
                round: batch.round,
                class: batch.class,
                root: delivery.root,
                message: &message,
                effects,
                hash,
            };
            driver.took(now, handled);
        }
    }
    if driver.close(now).unwrap() {
        driver.recount(now).unwrap();
    }
    seen
}

/// Lets candidates watch a scenario from the start or from a later group on.
fn watched(scenario: &str, hours: i64, from: u64, candidate: Candidate) -> (Divergence, String) {
    let file = format!("{}/scenarios/{scenario}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&file).unwrap();
    let prepared = Prepared::new(&Source { text, file }, &[], None).unwrap();
    let options = Options {
        until: Some(Span::from_secs(hours * 3600)),
        store: true,
        ..Options::normal()
    };
    let (shadows, metrics) = (Shadows::default(), Registry::default());
    let mut running = Running::new(&prepared, &options);
    let mut groups = 0;
    while let Some(now) = running.ahead() {
        if groups == from {
            shadows.begin(ID, candidate.clone()).unwrap();
        }
        if shadows.due(now) {
            let store = running.driver.store.as_ref().unwrap();
            let rows: Vec<Row> = store.rows().cloned().collect();
            let at = running.driver.conductor.now();
            shadows.restore(&rows, &prepared.machines(), at);
        }
        let seen = group(&mut running, now);
        running.behind(now);
        shadows.group(now, &seen, &metrics.nouns);
        groups += 1;
    }
    (shadows.divergence(ID).unwrap(), metrics.text())
}

#[test]
fn a_candidate_that_is_the_present_policy_never_differs() {
    for from in [0, 1, 97, 600] {
        let score = Candidate::Score(ScoreKind::BusiestCpu);
        let (found, _) = watched("quickstart", 24, from, score);
        assert_eq!(
            (found.differing, found.cost_delta_micro),
            (0, 0),
            "{found:?}"
        );
        assert!(found.decisions > 10, "{found:?}");
    }
    let flap = Policy {
        up_percent: 80,
        down_percent: 60,
        allow_flap: true,
        ..Policy::default()
    };
    let (same, _) = watched(
        "flap",
        1,
        3,
        Candidate::Autoscale(Arc::new(flap), Some(Vec::new())),
    );
    assert_eq!(same.differing, 0, "{same:?}");
    assert!(same.decisions > 0, "{same:?}");
}

#[test]
fn another_score_differs_in_placements_and_costs_nothing_by_itself() {
    let (found, text) = watched("quickstart", 24, 40, Candidate::Score(ScoreKind::Spread));
    assert!(
        found.by_kind.get(&Kind::Placement).is_some_and(|n| *n > 0),
        "{found:?}"
    );
    assert_eq!(found.differing, found.by_kind.values().sum::<u64>());
    assert!(!found.examples.is_empty() && found.since.is_some());
    let line = text
        .lines()
        .find(|line| line.starts_with("nimbus_policy_shadow_divergence_total{"));
    assert!(
        line.is_some_and(|line| line.ends_with(&format!(" {}", found.differing))),
        "{text}"
    );
}

#[test]
fn a_greedy_candidate_differs_in_scaling_and_costs_more() {
    let greedy = Policy {
        up_percent: 20,
        down_percent: 5,
        max: 50,
        ..Policy::default()
    };
    let (found, _) = watched(
        "quickstart",
        24,
        40,
        Candidate::Autoscale(Arc::new(greedy), None),
    );
    assert!(
        found.by_kind.get(&Kind::Scale).is_some_and(|n| *n > 0),
        "{found:?}"
    );
    assert!(found.cost_delta_micro > 0, "{found:?}");
    let slow = Policy {
        period: Span::from_secs(600),
        ..Policy::default()
    };
    let (found, _) = watched(
        "quickstart",
        24,
        40,
        Candidate::Autoscale(Arc::new(slow), None),
    );
    assert!(found.differing > 0);
}
