//! Differences and limits.

use super::sample;
use crate::report::*;

fn figure(key: &str, base: Option<i128>, head: Option<i128>, unit: Unit) -> Compared {
    let difference = base.zip(head).map(|(base, head)| Wide(head - base));
    Compared {
        key: key.to_owned(),
        unit,
        base: base.map(Wide),
        head: head.map(Wide),
        difference,
        change_ppm: base
            .zip(difference)
            .filter(|(base, _)| *base > 0)
            .map(|(b, d)| Wide(d.0 * 1_000_000 / b)),
        ..Compared::default()
    }
}

#[track_caller]
fn check(limit: &str, ok: bool, found: &str) {
    let figures = [
        figure("cost", Some(10_000), Some(10_200), Unit::Minor),
        figure("violations", Some(1_000), Some(5_000), Unit::Ppm),
        figure("actions", Some(0), Some(7), Unit::Count),
    ];
    let held = Limit::parse(limit).unwrap().check(&figures, 2);
    assert_eq!((held.ok, held.found.as_str()), (ok, found), "{limit}");
}

#[test]
fn limits_are_on_values_differences_changes_and_shares() {
    check("cost <= +2%", true, "+2 %");
    check("cost <= +1.9999%", false, "+2 %");
    check("cost>=-5%", true, "+2 %");
    check("cost <= 10200", true, "102.00");
    check("actions <= +6", false, "+7");
    check("actions <= +10%", false, "no change in percent from zero");
    check("violations <= 0.5%", true, "0.5 %");
    check("violations <= 0.4999%", false, "0.5 %");
    check("actions <= 5%", false, "not a share");
    check("nodes <= 5", false, "not in the report");
}

#[test]
fn what_is_not_a_limit_is_refused() {
    for bad in [
        "",
        "cost",
        "cost < 5",
        "<= 5",
        "cost <= ",
        "cost <= x",
        "cost <= 1.5",
        "cost <= 1e3",
        "a b <= 1",
        "cost <= 1 <= 2",
        "cost <= 0.00001%",
    ] {
        assert_eq!(Limit::parse(bad), Err(BadLimit(bad.to_owned())), "{bad}");
    }
}

#[test]
fn every_figure_has_its_exact_difference() {
    let comparison = sample::comparison();
    let of = |key: &str| {
        comparison
            .figures
            .iter()
            .find(|figure| figure.key == key)
            .unwrap()
    };
    let cost = of("cost");
    assert_eq!(
        (cost.difference, cost.change_ppm),
        (Some(Wide(-2_240)), Some(Wide(-100_000)))
    );
    let nodes = of("peak_nodes");
    assert_eq!(
        (nodes.difference, nodes.change_ppm),
        (Some(Wide(-1)), Some(Wide(-62_500)))
    );
    assert_eq!(of("placed").change_ppm, Some(Wide(0)));
    assert!(!comparison.limits_hold());
}

#[test]
fn keys_of_figures_are_unique() {
    let mut keys: Vec<String> = sample::report(2)
        .figures()
        .into_iter()
        .map(|figure| figure.key)
        .collect();
    let all = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), all);
}

#[test]
fn a_figure_that_one_run_lacks_is_listed() {
    let base = sample::report(2);
    let head = Report {
        autoscaling: Vec::new(),
        ..base.clone()
    };
    let limits = [Limit::parse("violations <= 1%").unwrap()];
    let comparison = Comparison::of(("a", &base), ("b", &head), &limits);
    let violations = comparison
        .figures
        .iter()
        .find(|figure| figure.key == "violations")
        .unwrap();
    assert!(violations.base.is_some() && violations.head.is_none());
    assert!(!comparison.limits_hold());
}
