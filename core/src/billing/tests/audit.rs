//! Samples against intervals.

use super::harness::{Harness, tick};
use crate::ids::TenantNo;
use crate::plan::PlanCode;
use crate::time::Time;

fn two_pods() -> Harness {
    let mut harness = Harness::new(0, [PlanCode::Metered; 2]);
    harness.bound(1, 0, 0);
    harness.bound(2, 0, 0);
    harness.at(60);
    harness
}

#[track_caller]
fn check(sampled_s: i64, seen: &[(u32, u32, u32)], drift: [i64; 2]) {
    let mut harness = two_pods();
    harness.tell(tick(30, &[(0, 0, 2)]));
    let before = harness.billing.metered(harness.now);
    harness.tell(tick(sampled_s, seen));
    assert_eq!([harness.drift(0), harness.drift(1)], drift);
    let after = harness.billing.metered(harness.now);
    assert_eq!(
        before[0].usage, after[0].usage,
        "an audit changes no charge"
    );
}

#[test]
fn drift_is_counted_in_pod_seconds_since_the_last_sample() {
    check(60, &[(0, 0, 2)], [0, 0]);
    check(60, &[(0, 0, 1)], [30, 0]);
    check(50, &[(0, 0, 5)], [60, 0]);
    check(60, &[(0, 0, 2), (1, 0, 1)], [0, 30]);
    check(60, &[(0, 0, 2), (0, 2, 1)], [30, 0]);
    check(60, &[], [60, 0]);
    check(30, &[], [0, 0]);
    check(10, &[(0, 0, 9)], [0, 0]);
}

#[test]
fn what_changed_since_the_sample_is_not_compared() {
    let mut harness = two_pods();
    harness.finished(1);
    harness.bound(3, 0, 1);
    harness.tell(tick(60, &[(0, 0, 2)]));
    harness.tell(tick(60, &[(0, 0, 2)]));
    assert_eq!((harness.drift(0), harness.drift(1)), (0, 0));
    harness.at(90).tell(tick(90, &[(0, 0, 2)]));
    assert_eq!((harness.drift(0), harness.drift(1)), (30, 30));
    assert_eq!(harness.billing.sampled(), Some(Time::from_secs(90)));
}

#[test]
fn more_requests_than_are_open_are_drift() {
    let mut harness = two_pods();
    let crate::billing::Input::Usage(sample) = tick(60, &[(0, 0, 2)]) else {
        panic!("a sample");
    };
    let mut sample = (*sample).clone();
    sample.services[0].requested_m = 401;
    harness.tell(crate::billing::Input::Usage(sample.into()));
    assert_eq!(harness.drift(0), 30);
    assert!(harness.billing.account(TenantNo(9)).is_none());
}
