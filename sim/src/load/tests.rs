//! Curves at hand-computed times.

use super::*;
use proptest::prelude::*;

fn curve(shape: Shape) -> Curve {
    Curve::new(
        &shape,
        Time::from_secs(100),
        Some(Time::from_secs(1_100)),
        7,
        "web",
        None,
    )
}

#[track_caller]
fn check(shape: Shape, rates: &[(i64, u64)]) {
    let curve = curve(shape);
    let found: Vec<(i64, u64)> = rates
        .iter()
        .map(|(at, _)| (*at, curve.rate(Time::from_secs(*at))))
        .collect();
    assert_eq!(found, rates);
}

const S: fn(i64) -> Span = Span::from_secs;

#[test]
fn a_curve_is_zero_outside_its_time() {
    check(
        Shape::Constant { rate: 5 },
        &[(99, 0), (100, 5), (1_099, 5), (1_100, 0)],
    );
}

#[test]
fn steps_ramps_and_bursts_go_as_written() {
    check(
        Shape::Step {
            rate: 1,
            steps: vec![(S(10), 4), (S(20), 2)],
        },
        &[(109, 1), (110, 4), (125, 2)],
    );
    check(
        Shape::Ramp {
            low: 10,
            high: 20,
            over: S(100),
        },
        &[(100, 10), (150, 15), (200, 20), (900, 20)],
    );
    check(
        Shape::Ramp {
            low: 20,
            high: 10,
            over: S(100),
        },
        &[(100, 20), (150, 15), (200, 10)],
    );
    let burst = Shape::Burst {
        low: 1,
        high: 9,
        period: S(100),
        at: S(50),
        length: S(10),
    };
    check(burst, &[(100, 1), (150, 9), (159, 9), (160, 1), (250, 9)]);
}

#[test]
fn a_sine_is_lowest_at_phase_zero() {
    let sine = |phase| Shape::Sine {
        low: 100,
        high: 300,
        period: S(400),
        phase,
    };
    check(
        sine(S(0)),
        &[(100, 100), (200, 200), (300, 300), (400, 200), (500, 100)],
    );
    check(sine(S(200)), &[(100, 300)]);
}

#[test]
fn a_recorded_rate_is_zero_after_its_end() {
    let recorded = Recorded {
        step: S(60),
        rates: Arc::new(vec![3, 4]),
    };
    let series = Shape::Constant { rate: 0 };
    let mut curve = curve(series);
    curve.recorded = Some(recorded);
    curve.shape = crate::scenario::Shape::Series(crate::scenario::Series {
        file: crate::scenario::TraceFile {
            path: Arc::from("x"),
            found: "x".into(),
            sha256: [0; 32],
        },
        index: Arc::from("minute"),
        column: Arc::from("requests"),
        period: S(60),
        scale: 1_000,
        shift: S(0),
        time_compression: 1,
    });
    let rates = [100, 159, 160, 219, 220].map(|at| curve.rate(Time::from_secs(at)));
    assert_eq!(rates, [3, 3, 4, 4, 0]);
}

#[test]
fn random_counts_have_their_mean_and_variance() {
    for rate in [2_000u64, 50_000, 900_000] {
        let curve = curve(Shape::Poisson {
            rate,
            interval: S(1),
        });
        let counts: Vec<i128> = (100..1_100)
            .map(|at| i128::from(curve.rate(Time::from_secs(at)) / 1_000))
            .collect();
        let sum: i128 = counts.iter().sum();
        let mean = i128::from(rate);
        assert!(
            (sum - mean).abs() * 100 < mean * 12,
            "rate {rate}: mean of {sum} / 1000"
        );
        let spread: i128 = counts
            .iter()
            .map(|count| (count * 1_000 - sum) * (count * 1_000 - sum))
            .sum();
        let variance = spread / 1_000 / 1_000;
        assert!(
            (variance - mean).abs() * 100 < mean * 25,
            "rate {rate}: variance {variance} / 1000"
        );
    }
}

proptest! {
    #[test]
    fn the_rate_does_not_depend_on_what_was_asked_before(times in proptest::collection::vec(0i64..2_000, 1..50)) {
        let shape = Shape::Poisson { rate: 40_000, interval: S(7) };
        let one = curve(shape.clone());
        let rates: Vec<u64> = times.iter().map(|at| one.rate(Time::from_secs(*at))).collect();
        let other = curve(shape);
        let back: Vec<u64> = times.iter().rev().map(|at| other.rate(Time::from_secs(*at))).collect();
        prop_assert!(rates.iter().eq(back.iter().rev()));
    }

    #[test]
    fn no_curve_panics(low in any::<u64>(), high in any::<u64>(), period in 0i64..i64::MAX, at in any::<i64>()) {
        for shape in [
            Shape::Ramp { low, high, over: Span(period) },
            Shape::Sine { low: low >> 12, high: high >> 12, period: Span(period), phase: Span(period / 3) },
            Shape::Burst { low, high, period: Span(period), at: Span(5), length: Span(period / 2) },
            Shape::Poisson { rate: low >> 20, interval: Span(period) },
        ] {
            let _ = Curve::new(&shape, Time(0), None, 1, "x", None).rate(Time(at));
        }
    }
}
