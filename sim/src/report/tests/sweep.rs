//! The Pareto set and the sensitivities.

use proptest::prelude::*;

use super::sample;
use crate::report::*;

fn point(cost: i64, violations: u64) -> Point {
    let trial = Trial {
        cost_minor: cost,
        violations_ppm: violations,
        ..Trial::default()
    };
    Point::of(Vec::new(), vec![trial])
}

proptest! {
    #[test]
    fn the_pareto_set_is_what_no_other_point_beats(values in prop::collection::vec((0i64..20, 1u64..20), 0..40)) {
        let points = values.iter().map(|&(cost, violations)| point(cost, violations)).collect();
        let sweep = Sweep::of(Header::default(), Vec::new(), vec![1], points);
        for (i, &(cost, bad)) in values.iter().enumerate() {
            let beaten = values.iter().any(|&(c, b)| c <= cost && b <= bad && (c, b) != (cost, bad));
            prop_assert_eq!(sweep.points[i].pareto, !beaten);
        }
    }
}

#[test]
fn a_point_without_a_result_counts_for_nothing() {
    let failed = Trial {
        error: Some("oscillates".to_owned()),
        ..Trial::default()
    };
    let points = vec![Point::of(Vec::new(), vec![failed]), point(5, 5)];
    let sweep = Sweep::of(Header::default(), Vec::new(), vec![1], points);
    assert_eq!(
        sweep
            .points
            .iter()
            .map(|point| point.pareto)
            .collect::<Vec<_>>(),
        [false, true]
    );
}

#[test]
fn the_knob_that_matters_has_the_largest_effect() {
    let sweep = sample::sweep(1);
    let effects: Vec<_> = sweep
        .sensitivity
        .iter()
        .map(|s| (s.key.as_str(), s.cost_minor, s.cheapest.as_str()))
        .collect();
    assert_eq!(effects[0].0, "autoscaler.up");
    assert!(effects[0].1 > effects[1].1 && effects[0].1 > effects[2].1);
    assert_eq!(effects[0].2, "80");
}

#[test]
fn means_round_half_away_from_zero() {
    let trials = [1i64, 2].map(|cost_minor| Trial {
        cost_minor,
        ..Trial::default()
    });
    let spread = Point::of(Vec::new(), trials.to_vec()).cost;
    assert_eq!(
        spread,
        Spread {
            mean: 2,
            min: 1,
            max: 2
        }
    );
}
