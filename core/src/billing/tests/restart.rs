//! A machine restored from its rows behaves as the one that ran on.

use std::sync::Arc;

use proptest::prelude::*;

use super::harness::{Harness, tick};
use crate::billing::{Billing, Config, Input};
use crate::ids::{OrgNo, PodNo, TenantNo};
use crate::machine::{Effect, Message, Outbox};
use crate::plan::PlanCode;
use crate::time::Time;

#[derive(Clone, Debug)]
enum Step {
    Bind(u64, u32, u32),
    Finish(u64),
    Plan(u32, usize),
    Outage(i64, u64),
    Tick(u32),
    Draft(u32),
    Close(u32),
    Open(u32),
}

fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let step = prop_oneof![
        8 => (0u64..60, 0u32..3, 0u32..5).prop_map(|(pod, spec, tenant)| Step::Bind(pod, spec, tenant)),
        6 => (0u64..60).prop_map(Step::Finish),
        2 => (0u32..3, 0usize..4).prop_map(|(org, plan)| Step::Plan(org, plan)),
        1 => (0i64..90, 2u64..5).prop_map(|(back, every)| Step::Outage(back, every)),
        3 => (0u32..4).prop_map(Step::Tick),
        2 => (0u32..3).prop_map(Step::Draft),
        1 => (0u32..8).prop_map(Step::Close),
        1 => (4u32..6).prop_map(Step::Open),
    ];
    let wait = prop_oneof![
        4 => Just(0i64),
        8 => 0i64..200_000_000,
        1 => 0i64..40 * 86_400_000_000,
    ];
    proptest::collection::vec((wait, step), 1..150)
}

fn input(step: &Step, now: Time) -> Input {
    match *step {
        Step::Bind(pod, spec, tenant) => Input::Bound {
            pod: PodNo(pod),
            spec: crate::ids::SpecNo(spec),
            tenant: TenantNo(tenant),
            service: super::harness::service_of(tenant, spec),
        },
        Step::Finish(pod) => Input::Finished { pod: PodNo(pod) },
        Step::Plan(org, plan) => Input::PlanChanged {
            org: OrgNo(org),
            plan: PlanCode::ALL[plan],
        },
        Step::Outage(back, every) => {
            let pods = (0..60).filter(|pod| pod % every == 0).map(PodNo);
            let vanished: Arc<[PodNo]> = pods.collect();
            Input::Outage {
                from: Time(now.0 - back * 1_000_000),
                vanished,
            }
        }
        Step::Tick(bound) => tick(now.secs(), &[(0, 0, bound), (1, 1, 1), (2, 2, bound)]),
        Step::Draft(org) => Input::Draft { org: OrgNo(org) },
        Step::Close(tenant) => Input::TenantClosed {
            tenant: TenantNo(tenant),
        },
        Step::Open(tenant) => Input::TenantOpened {
            tenant: TenantNo(tenant),
            org: OrgNo(1),
        },
    }
}

/// Restores a copy from the rows; its timers must be those that are armed.
fn restored(harness: &Harness) -> Billing {
    let mut out = Outbox::default();
    let rows = harness.rows.values().cloned().collect();
    let copy = Billing::restore(Config::default(), rows, harness.now, &mut out);
    let mut armed: Vec<String> = harness
        .timers
        .iter()
        .map(|timer| format!("{timer:?}"))
        .collect();
    let mut again: Vec<String> = out
        .take()
        .into_iter()
        .map(|effect| match effect {
            Effect::At(at, Message::Billing(input)) => format!("{:?}", (at, input)),
            other => panic!("a restart only arms timers: {other:?}"),
        })
        .collect();
    armed.sort();
    again.sort();
    assert_eq!(armed, again);
    copy
}

fn run(steps: &[(i64, Step)], stop: usize) {
    let mut harness = Harness::new(12_345, [PlanCode::Business, PlanCode::Free]);
    let mut copy: Option<Harness> = None;
    for (index, (wait, step)) in steps.iter().enumerate() {
        if index == stop {
            let mut other = Harness::new(12_345, [PlanCode::Business, PlanCode::Free]);
            other.billing = restored(&harness);
            other.rows = harness.rows.clone();
            other.timers = harness.timers.clone();
            other.continue_after(&harness);
            copy = Some(other);
        }
        let now = Time(harness.now.0 + wait);
        let fired = harness.until(now);
        let effects = harness.tell(input(step, now));
        if let Some(copy) = &mut copy {
            assert_eq!(copy.until(now), fired);
            assert_eq!(
                copy.tell(input(step, now)),
                effects,
                "step {index}: {step:?}"
            );
        }
    }
    if let Some(copy) = copy {
        let now = Time(harness.now.0 + 1_000_000);
        assert_eq!(copy.billing.metered(now), harness.billing.metered(now));
        assert_eq!(copy.billing.invoices(now), harness.billing.invoices(now));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn all_later_effects_equal_those_of_the_machine_that_ran_on(steps in steps(), stop in 0usize..150) {
        run(&steps, stop % steps.len());
    }
}

#[test]
fn an_overdue_finalization_waits_for_the_report_of_the_outage() {
    let harness = Harness::new(0, [PlanCode::Metered; 2]);
    let mut out = Outbox::default();
    let mut rows: Vec<_> = harness.rows.values().cloned().collect();
    for row in &mut rows {
        if let crate::store::billing::Row::Book(book) = row {
            book.present = Time::from_secs(31 * 86_400);
        }
    }
    let now = Time::from_secs(40 * 86_400);
    let _ = Billing::restore(Config::default(), rows, now, &mut out);
    let first = out.take().remove(0);
    let Effect::At(at, _) = first else {
        panic!("a timer")
    };
    assert_eq!(at, now + crate::billing::AFTER_RESTART);
}
