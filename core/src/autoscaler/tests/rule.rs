//! `nimbus-step`, one look at a time.

use super::*;

#[track_caller]
fn check_at(policy: &Policy, at: &Look, to: u32, reason: ScaleReason) {
    let verdict = decide(policy, at);
    assert_eq!((verdict.to, verdict.reason), (to, reason));
    assert_eq!(verdict.from, at.desired);
}

/// The seed's rule at a use in percent of the requests.
#[track_caller]
fn check(percent: u64, replicas: u32, to: u32, reason: ScaleReason) {
    let used = percent * REQUEST_M * u64::from(replicas) / 100;
    let at = look(replicas, sample(used, replicas));
    check_at(&Policy::default(), &at, to, reason);
}

#[test]
fn the_rule_moves_one_step_inside_the_bounds() {
    check(71, 1, 2, ScaleReason::AboveUp);
    check(70, 1, 1, ScaleReason::InBand);
    check(30, 2, 2, ScaleReason::InBand);
    check(29, 2, 1, ScaleReason::BelowDown);
    check(99, 5, 5, ScaleReason::AtBound);
    check(0, 1, 1, ScaleReason::AtBound);
}

#[test]
fn comparisons_are_exact_at_the_threshold() {
    let at = |used_m, requested_m| {
        let sample = Sample {
            used_m: Some(used_m),
            requested_m,
            ready: 2,
        };
        decide(&Policy::default(), &look(2, sample)).reason
    };
    let large = 1_000_000_000_000_000_000;
    assert_eq!(at(large / 10 * 7, large), ScaleReason::InBand);
    assert_eq!(at(large / 10 * 7 + 1, large), ScaleReason::AboveUp);
    assert_eq!(at(large / 10 * 3, large), ScaleReason::InBand);
    assert_eq!(at(large / 10 * 3 - 1, large), ScaleReason::BelowDown);
    assert_eq!(at(u64::MAX, u64::MAX), ScaleReason::AboveUp);
}

#[test]
fn a_missing_metric_holds() {
    let policy = Policy::default();
    let mut at = look(3, sample(0, 3));
    at.metric = Metric::Missing;
    check_at(&policy, &at, 3, ScaleReason::NoMetric);
    let unknown = Sample {
        used_m: None,
        ..sample(0, 3)
    };
    check_at(&policy, &look(3, unknown), 3, ScaleReason::NoMetric);
    let nothing_requested = Sample {
        requested_m: 0,
        ..sample(500, 3)
    };
    check_at(
        &policy,
        &look(3, nothing_requested),
        3,
        ScaleReason::NoMetric,
    );
    check_at(&policy, &look(3, sample(0, 0)), 3, ScaleReason::NoneReady);
}

#[test]
fn a_hold_keeps_replicas_even_outside_the_bounds() {
    for replicas in [0, 3, 9] {
        let mut at = look(replicas, sample(1_000, 3));
        at.hold = true;
        check_at(
            &Policy::default(),
            &at,
            replicas,
            ScaleReason::RolloutRunning,
        );
    }
}

#[test]
fn replicas_outside_the_bounds_move_into_them_at_once() {
    let policy = Policy::default();
    for (replicas, to) in [(0, 1), (9, 5)] {
        let mut at = look(replicas, sample(1_000, 3));
        at.metric = Metric::Missing;
        check_at(&policy, &at, to, ScaleReason::AtBound);
    }
}

#[test]
fn the_last_change_keeps_the_next_one_waiting() {
    let policy = Policy {
        cooldown: Span::from_secs(60),
        ..Policy::default()
    };
    let mut at = look(2, sample(390, 2));
    at.changed_at = Some(Time::from_secs(941));
    check_at(&policy, &at, 2, ScaleReason::Cooldown);
    at.changed_at = Some(Time::from_secs(940));
    check_at(&policy, &at, 3, ScaleReason::AboveUp);
}

#[test]
fn a_sample_from_before_the_last_change_moves_nothing() {
    let mut at = look(2, sample(390, 2));
    at.changed_at = Some(Time::from_secs(990));
    check_at(&Policy::default(), &at, 2, ScaleReason::Cooldown);
    at.changed_at = Some(Time::from_secs(989));
    check_at(&Policy::default(), &at, 3, ScaleReason::AboveUp);
}

#[test]
fn wait_ready_forbids_steps_up_only() {
    let policy = Policy {
        wait_ready: true,
        ..Policy::default()
    };
    check_at(&policy, &look(3, sample(390, 2)), 3, ScaleReason::WaitReady);
    check_at(&policy, &look(3, sample(10, 2)), 2, ScaleReason::BelowDown);
    check_at(
        &Policy::default(),
        &look(3, sample(390, 2)),
        4,
        ScaleReason::AboveUp,
    );
}

#[test]
fn a_large_step_ends_at_the_bound() {
    let policy = Policy {
        step_up: 10,
        step_down: 10,
        ..Policy::default()
    };
    check_at(&policy, &look(3, sample(600, 3)), 5, ScaleReason::AboveUp);
    check_at(&policy, &look(3, sample(0, 3)), 1, ScaleReason::BelowDown);
}

#[test]
fn a_policy_out_of_range_is_refused_with_its_field() {
    let good = Policy::default;
    let cases: [(Policy, &str); 9] = [
        (Policy { min: 0, ..good() }, "min"),
        (Policy { min: 6, ..good() }, "max"),
        (
            Policy {
                max: 1_001,
                ..good()
            },
            "max",
        ),
        (
            Policy {
                step_up: 0,
                ..good()
            },
            "step_up",
        ),
        (
            Policy {
                step_down: 0,
                ..good()
            },
            "step_down",
        ),
        (
            Policy {
                up_percent: 1_001,
                ..good()
            },
            "up_percent",
        ),
        (
            Policy {
                down_percent: 70,
                ..good()
            },
            "down_percent",
        ),
        (
            Policy {
                period: Span(999_999),
                ..good()
            },
            "period",
        ),
        (
            Policy {
                cooldown: Span(-1),
                ..good()
            },
            "cooldown",
        ),
    ];
    for (policy, field) in cases {
        let error = policy.validate().unwrap_err();
        assert_eq!(error.field, field, "{error}");
    }
    assert_eq!(good().validate(), Ok(()));
    let error = Policy { min: 6, ..good() }.validate().unwrap_err();
    assert_eq!(
        error.to_string(),
        "max: 5 is refused; expected at least min"
    );
}

proptest! {
    #[test]
    fn a_wish_stays_in_bounds_and_moves_at_most_a_step(
        policy in any_policy(),
        desired in 0u32..40,
        used in prop::option::of(0u64..4_000),
        requested_m in 0u64..4_000,
        ready in 0u32..20,
        hold in prop::bool::weighted(0.2),
        changed in prop::option::of(0i64..1_000),
    ) {
        prop_assert_eq!(policy.validate(), Ok(()));
        let mut at = look(desired, Sample { used_m: used, requested_m, ready });
        at.hold = hold;
        at.changed_at = changed.map(Time::from_secs);
        let verdict = decide(&policy, &at);
        let inside = (policy.min..=policy.max).contains(&desired);
        prop_assert!(hold || (policy.min..=policy.max).contains(&verdict.to));
        if inside {
            let step = if verdict.to > desired { policy.step_up } else { policy.step_down };
            prop_assert!(verdict.to.abs_diff(desired) <= step);
        }
        if used.is_none() && inside {
            prop_assert_eq!(verdict.to, desired, "a missing metric moves nothing");
        }
    }
}
