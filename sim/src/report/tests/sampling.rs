//! Fewer points, round axes.

use proptest::prelude::*;

use super::super::axis;
use super::super::sample::*;
use crate::report::Unit;

proptest! {
    #[test]
    fn fewer_points_keep_ends_and_extremes(values in prop::collection::vec(any::<i64>(), 1..2_000), limit in 4usize..400) {
        let points: Vec<(i64, i128)> = (0i64..).zip(values).map(|(at, value)| (at, i128::from(value))).collect();
        let kept = extremes(&points, limit);
        prop_assert!(kept.len() <= limit.max(4));
        prop_assert!(kept.windows(2).all(|pair| pair[0].0 < pair[1].0));
        prop_assert_eq!(kept.first(), points.first());
        prop_assert_eq!(kept.last(), points.last());
        let most = |list: &[(i64, i128)]| list.iter().map(|point| point.1).max();
        let least = |list: &[(i64, i128)]| list.iter().map(|point| point.1).min();
        prop_assert_eq!(most(&kept), most(&points));
        prop_assert_eq!(least(&kept), least(&points));
    }

    #[test]
    fn an_axis_reaches_its_largest_value_in_few_round_steps(most in 0i128..(1 << 70), ticks in 1i128..8) {
        for unit in [Unit::Count, Unit::Bytes, Unit::Millis, Unit::Seconds] {
            let (step, end) = axis::from_zero(most, unit, ticks);
            prop_assert!(end >= most && end / step <= ticks, "{step} {end}");
        }
    }

    #[test]
    fn columns_hold_the_last_value(values in prop::collection::vec(0u32..100, 1..200), columns in 1usize..80) {
        let points: Vec<(i64, i128)> = (0i64..).zip(values).map(|(at, value)| (at * 10, i128::from(value))).collect();
        let to = points.last().unwrap().0;
        let shown = super::super::sample::columns(&points, 0, to, columns);
        prop_assert_eq!(shown.len(), columns);
        prop_assert_eq!(shown.iter().flatten().max(), points.iter().map(|point| &point.1).max());
    }
}

#[test]
fn rows_are_evenly_apart_with_both_ends() {
    assert_eq!(every(5, 10), [0, 1, 2, 3, 4]);
    assert_eq!(
        every(1_001, 11),
        [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000]
    );
    assert_eq!(every(0, 10), [0usize; 0]);
}

#[test]
fn axes_are_round() {
    for (most, unit, step, end) in [
        (940_000, Unit::Millicores, 500_000, 1_000_000),
        (16, Unit::Count, 5, 20),
        (3_900 << 30, Unit::Bytes, 1 << 40, 4 << 40),
        (95_400, Unit::Millis, 30_000, 120_000),
        (0, Unit::Count, 1, 1),
    ] {
        assert_eq!(
            axis::from_zero(most, unit, 4),
            (step, end),
            "{most} {unit:?}"
        );
    }
}
