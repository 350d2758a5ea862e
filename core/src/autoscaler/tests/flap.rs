//! The check of thresholds (U-03) against brute force over an idealised loop: no lag, instant start,
//! requests of 200m a replica, constant load.

use super::*;

/// Loads on both sides of every threshold of every replica count: between two of them all loads are alike.
fn loads(policy: &Policy) -> Vec<u64> {
    let mut loads = Vec::new();
    for replicas in policy.min..=policy.max {
        for percent in [policy.up_percent, policy.down_percent] {
            let edge = u64::from(replicas) * u64::from(percent) * REQUEST_M / 100;
            loads.extend([edge.saturating_sub(1), edge, edge + 1]);
        }
    }
    loads
}

/// Whether the loop, begun anywhere, still moves after as many looks as it has states.
fn oscillates(policy: &Policy, load: u64) -> bool {
    (policy.min..=policy.max).any(|start| {
        let mut replicas = start;
        let mut moved = false;
        for _ in 0..=(policy.max - policy.min + 1) {
            let verdict = decide(policy, &look(replicas, sample(load, replicas)));
            moved = verdict.to != replicas;
            replicas = verdict.to;
        }
        moved
    })
}

#[track_caller]
fn compare(policy: &Policy) {
    let found = loads(policy)
        .into_iter()
        .find(|&load| oscillates(policy, load));
    match (check(policy), found) {
        (Ok(()), Some(load)) => panic!("passes, but oscillates at {load}m: {policy:?}"),
        (Err(flap), None) if policy.step_up == policy.step_down => {
            panic!("{flap}, but never oscillates: {policy:?}")
        }
        _ => {}
    }
}

#[test]
fn the_check_is_exact_for_equal_steps_and_sufficient_otherwise() {
    let mut combinations = 0;
    for up_percent in [20, 30, 50, 60, 70, 75, 80, 90, 100, 150] {
        for down_percent in (5..up_percent).step_by(5) {
            for (min, max) in (1..=5).flat_map(|min| (min..=9).map(move |max| (min, max))) {
                for (step_up, step_down) in
                    (1..=3).flat_map(|up| (1..=3).map(move |down| (up, down)))
                {
                    compare(&Policy {
                        up_percent,
                        down_percent,
                        min,
                        max,
                        step_up,
                        step_down,
                        ..Policy::default()
                    });
                    combinations += 1;
                }
            }
        }
    }
    assert_eq!(combinations, 42_525);
}

#[test]
fn the_seeds_thresholds_pass_and_80_60_passes_from_three_replicas_on() {
    assert_eq!(check(&Policy::default()), Ok(()));
    for (min, passes) in [(1, false), (2, false), (3, true), (4, true), (5, true)] {
        let policy = Policy {
            up_percent: 80,
            down_percent: 60,
            min,
            ..Policy::default()
        };
        assert_eq!(check(&policy).is_ok(), passes, "min {min}");
    }
    let policy = Policy {
        up_percent: 80,
        down_percent: 60,
        ..Policy::default()
    };
    assert_eq!(check(&policy), Err(Flap { replicas: 1 }));
}

proptest! {
    #[test]
    fn a_policy_that_passes_settles_under_every_constant_load(policy in any_policy(), load in 0u64..4_000) {
        compare(&policy);
        if check(&policy).is_ok() {
            prop_assert!(!oscillates(&policy, load));
        }
    }
}
