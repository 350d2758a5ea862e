//! Intervals, windows, gaps: against an oracle that bills window by window and second by second.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use rand::RngExt;

use super::harness::{Harness, SPECS};
use crate::billing::{Input, Run, Usage, WINDOW_S, WindowState, verify};
use crate::ids::{PodNo, TenantNo};
use crate::plan::PlanCode;
use crate::rng;
use crate::time::Time;

const PLANS: [PlanCode; 2] = [PlanCode::Metered, PlanCode::Business];

/// A pod's life as the oracle knows it.
#[derive(Clone, Copy, Debug)]
struct Life {
    tenant: u32,
    spec: u32,
    start_s: i64,
    end_s: Option<i64>,
    /// From its last proof of life to when it was missed.
    doubt: Option<(i64, i64)>,
}

/// Totals, pod-seconds in doubt, state of one window.
type Window = (Usage, i64, WindowState);

/// The oracle: adds each overlap of each life with each window.
fn windows(
    lives: &BTreeMap<u64, Life>,
    outages: &[(i64, i64)],
    tenant: u32,
    to_s: i64,
) -> BTreeMap<i64, Window> {
    let mut windows: BTreeMap<i64, Window> = BTreeMap::new();
    let each = |from_s: i64, to_s: i64, add: &mut dyn FnMut(&mut Window, i64)| {
        let mut at_s = from_s;
        while at_s < to_s {
            let first_s = at_s.div_euclid(WINDOW_S) * WINDOW_S;
            let next_s = (first_s + WINDOW_S).min(to_s);
            add(windows.entry(first_s).or_default(), next_s - at_s);
            at_s = next_s;
        }
    };
    let mut each = each;
    for &(from_s, to_s) in outages {
        each(from_s, to_s, &mut |window, _| {
            window.2 = window.2.max(WindowState::Gap)
        });
    }
    for life in lives.values().filter(|life| life.tenant == tenant) {
        let (cpu, memory) = SPECS[life.spec as usize];
        each(
            life.start_s,
            life.end_s.unwrap_or(to_s),
            &mut |window, secs| {
                window.0.cpu_millicore_s += i128::from(cpu) * i128::from(secs);
                window.0.memory_byte_s += i128::from(memory) * i128::from(secs);
            },
        );
        if let Some((from_s, to_s)) = life.doubt {
            each(from_s, to_s, &mut |window, secs| {
                window.1 += secs;
                window.2 = WindowState::InDoubt;
            });
        }
    }
    windows
}

/// A machine, and the lives that it was told of.
struct Trial {
    harness: Harness,
    start_s: i64,
    lives: BTreeMap<u64, Life>,
    outages: Vec<(i64, i64)>,
    next: u64,
}

impl Trial {
    fn new(start_s: i64) -> Trial {
        Trial {
            harness: Harness::new(start_s, PLANS),
            start_s,
            lives: BTreeMap::new(),
            outages: Vec::new(),
            next: 0,
        }
    }

    fn now_s(&self) -> i64 {
        self.harness.now.secs()
    }

    fn bind(&mut self, tenant: u32, spec: u32) {
        let (start_s, pod) = (self.now_s(), self.next);
        self.next += 1;
        self.harness.bound(pod, spec, tenant);
        let life = Life {
            tenant,
            spec,
            start_s,
            end_s: None,
            doubt: None,
        };
        self.lives.insert(pod, life);
    }

    /// Ends the pod if it lives; then, or if it does not, the report is a repeated one.
    fn finish(&mut self, pod: u64) {
        self.harness.finished(pod);
        let now_s = self.now_s();
        if let Some(life) = self.lives.get_mut(&pod) {
            life.end_s.get_or_insert(now_s);
        }
    }

    /// Reports of pods that were reported already, alive or not.
    fn repeat(&mut self, pod: u64) {
        if let Some(life) = self.lives.get(&pod).copied() {
            self.harness.bound(pod, (life.spec + 1) % 3, life.tenant);
            if life.end_s.is_some() {
                self.harness.finished(pod);
            }
        }
        self.harness.finished(pod + 1_000_000);
    }

    fn outage(&mut self, secs: i64, every: u64) {
        let from = self.harness.now;
        self.harness.now = Time(from.0 + secs * 1_000_000);
        let (from_s, now_s) = (from.secs(), self.now_s());
        let mut vanished = vec![PodNo(5_000_000)];
        for (&pod, life) in &mut self.lives {
            if life.end_s.is_none() && pod % every == 0 {
                life.end_s = Some(from_s);
                life.doubt = Some((from_s, now_s));
                vanished.push(PodNo(pod));
            }
        }
        let vanished: Arc<[PodNo]> = vanished.into();
        self.harness.tell(Input::Outage { from, vanished });
        self.outages.push((from_s, now_s));
    }

    /// Closes all tenants and compares every window of each with the oracle's.
    fn check(mut self) {
        let now_s = self.now_s();
        for tenant in 0..4 {
            self.harness.tell(Input::TenantClosed {
                tenant: TenantNo(tenant),
            });
            let chain = self.harness.chain(tenant);
            let seen: Vec<Run> = chain
                .iter()
                .flat_map(|window| window.run.expand())
                .collect();
            let expected = windows(&self.lives, &self.outages, tenant, now_s);
            check_windows(&seen, &expected, self.start_s, now_s);
            for pair in chain.windows(2) {
                let equal = |run: Run| (run.usage, run.state, run.in_doubt_s);
                assert_ne!(
                    equal(pair[0].run),
                    equal(pair[1].run),
                    "a run is as long as it can be"
                );
            }
            let account = self.harness.billing.account(TenantNo(tenant)).unwrap();
            assert_eq!(
                verify(TenantNo(tenant), &chain),
                Ok((account.head, account.windows))
            );
            let total = expected
                .values()
                .fold(Usage::ZERO, |sum, w| sum.checked_add(w.0).unwrap());
            assert_eq!(account.total, total, "to the last unit");
            assert_eq!(
                account.in_doubt_s,
                expected.values().map(|w| w.1).sum::<i64>()
            );
            assert_eq!((account.open, account.rate), (0, Usage::ZERO));
        }
        assert_eq!(self.harness.billing.open_intervals(), 0);
    }
}

#[track_caller]
fn check_windows(seen: &[Run], expected: &BTreeMap<i64, Window>, start_s: i64, now_s: i64) {
    let first_s = start_s.div_euclid(WINDOW_S) * WINDOW_S;
    let mut next_s = first_s;
    for run in seen {
        assert_eq!(
            run.first,
            Time::from_secs(next_s),
            "windows have neither gap nor overlap"
        );
        let window = (run.usage, run.in_doubt_s, run.state);
        let expected = expected.get(&next_s).copied().unwrap_or_default();
        assert_eq!(window, expected, "window {next_s}");
        next_s += WINDOW_S;
    }
    let last_s = if now_s == start_s { first_s } else { next_s };
    assert!(
        last_s >= now_s.min(last_s) && last_s - now_s < WINDOW_S,
        "{last_s} {now_s}"
    );
    assert!(last_s >= now_s || now_s == start_s);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn runs_expand_to_what_billing_window_by_window_gives(
        start_s in 0i64..100,
        steps in proptest::collection::vec((0i64..90_000_000, 0u8..12, 0u64..40, 0u32..3), 1..120),
    ) {
        let mut trial = Trial::new(start_s);
        for (wait, what, pod, spec) in steps {
            // Half of all steps come at the instant of the one before.
            let wait = if wait % 2 == 0 { 0 } else { wait };
            trial.harness.until(Time(trial.harness.now.0 + wait));
            match what {
                0..=4 => trial.bind(u32::try_from(pod % 4).unwrap(), spec),
                5..=8 => trial.finish(pod),
                9 | 10 => trial.repeat(pod),
                _ => trial.outage(wait / 500_000, 3),
            }
        }
        trial.check();
    }
}

/// G27.
#[test]
fn a_hundred_thousand_lives_are_billed_to_the_last_unit() {
    let mut random = rng::stream(27, "lives", "g27");
    let mut trial = Trial::new(1_000_017);
    let mut alive: Vec<u64> = Vec::new();
    while trial.next < 100_000 {
        let wait = random.random_range(0..400_000i64);
        trial.harness.until(Time(trial.harness.now.0 + wait));
        match random.random_range(0..100u32) {
            0..50 => {
                alive.push(trial.next);
                trial.bind(random.random_range(0..4), random.random_range(0..3));
            }
            50..97 if !alive.is_empty() => {
                let index = random.random_range(0..alive.len());
                trial.finish(alive.swap_remove(index));
            }
            97..99 if trial.next > 0 => trial.repeat(random.random_range(0..trial.next)),
            _ if random.random_range(0..2_000u32) == 0 => {
                trial.outage(random.random_range(0..600), 17)
            }
            _ => {}
        }
    }
    trial.check();
}

#[test]
fn a_quiet_month_is_one_link() {
    let mut harness = Harness::new(0, PLANS);
    harness.bound(1, 0, 0);
    harness.at(30 * 86_400).finished(1);
    harness.tell(Input::TenantClosed {
        tenant: TenantNo(0),
    });
    let chain = harness.chain(0);
    assert_eq!(chain.len(), 1);
    assert_eq!(chain[0].run.count, 86_400);
    assert_eq!(chain[0].run.usage.cpu_millicore_s, 200 * 30);
}

#[test]
fn no_run_reaches_over_the_end_of_a_period() {
    let mut harness = Harness::new(0, PLANS);
    harness.bound(1, 0, 0);
    harness.at(40 * 86_400).finished(1);
    let runs: Vec<(i64, u32)> = harness
        .chain(0)
        .iter()
        .map(|w| (w.run.first.secs(), w.run.count))
        .collect();
    assert_eq!(runs, [(0, 31 * 2_880)]);
}

#[test]
fn a_record_that_was_changed_breaks_the_chain() {
    let mut harness = Harness::new(0, PLANS);
    for pod in 0..20 {
        harness
            .at(i64::try_from(pod).unwrap() * 70)
            .bound(pod, 0, 0);
    }
    let chain = harness.chain(0);
    assert!(chain.len() > 20 && verify(TenantNo(0), &chain).is_ok());
    let broken = |change: &dyn Fn(&mut Vec<crate::billing::UsageWindow>)| {
        let mut copy = chain.clone();
        change(&mut copy);
        verify(TenantNo(0), &copy).unwrap_err().link
    };
    assert_eq!(broken(&|c| c[7].run.usage.cpu_millicore_s -= 1), 7);
    assert_eq!(broken(&|c| c[7].run.count += 1), 7);
    assert_eq!(broken(&|c| c.retain(|w| w.link != 3)), 3);
    assert_eq!(broken(&|c| c.swap(4, 5)), 4);
    assert_eq!(broken(&|c| c[9].prev_hash.0[0] ^= 1), 9);
    assert!(verify(TenantNo(1), &chain).is_err());
}

#[test]
fn pods_of_unknown_tenants_and_specifications_are_not_billed() {
    let mut harness = Harness::new(0, PLANS);
    assert_eq!(harness.bound(1, 9, 0), []);
    assert_eq!(harness.bound(1, 0, 9), []);
    harness.tell(Input::TenantClosed {
        tenant: TenantNo(0),
    });
    assert_eq!(harness.bound(1, 0, 0), []);
    assert_eq!(harness.finished(1), []);
}

#[test]
fn a_gone_tenant_has_no_open_interval() {
    let mut harness = Harness::new(0, PLANS);
    harness.bound(1, 0, 0);
    harness.bound(2, 0, 1);
    harness.at(45).tell(Input::TenantClosed {
        tenant: TenantNo(0),
    });
    assert_eq!(harness.billing.open_intervals(), 1);
    let metered = harness.billing.metered(Time::from_secs(1_000));
    assert_eq!((metered[0].open, metered[0].windows), (0, 2));
    assert_eq!(metered[0].usage.cpu_millicore_s, 200 * 45);
    assert_eq!(metered[1].usage.cpu_millicore_s, 200 * 1_000);
}

#[test]
fn what_was_billed_before_an_outage_was_known_is_taken_back() {
    let mut harness = Harness::new(0, PLANS);
    harness.bound(1, 0, 0);
    harness.bound(2, 1, 0);
    // The second pod's end advances the account past the last proof of life of the first.
    harness.at(100).finished(2);
    harness.now = Time::from_secs(160);
    let vanished: Arc<[PodNo]> = [PodNo(1)].into();
    harness.tell(Input::Outage {
        from: Time::from_secs(70),
        vanished,
    });
    harness.at(200).tell(Input::TenantClosed {
        tenant: TenantNo(0),
    });
    let account = harness.billing.account(TenantNo(0)).unwrap();
    assert_eq!(account.total.cpu_millicore_s, 200 * 70 + 1_000 * 100);
    assert_eq!(account.in_doubt_s, 90);
    assert_eq!(account.present.usage, account.total);
    let chain = harness.chain(0);
    let late: Vec<_> = chain
        .iter()
        .filter(|w| w.run.state == WindowState::Late)
        .collect();
    assert_eq!(late.len(), 1);
    assert_eq!(late[0].run.usage.cpu_millicore_s, -200 * 30);
    let sum: i128 = chain
        .iter()
        .map(|w| {
            if w.run.state == WindowState::Late {
                w.run.usage.cpu_millicore_s
            } else {
                w.run.usage.cpu_millicore_s * i128::from(w.run.count)
            }
        })
        .sum();
    assert_eq!(sum, account.total.cpu_millicore_s);
    assert_eq!(
        verify(TenantNo(0), &chain),
        Ok((account.head, account.windows))
    );
}

#[test]
fn what_a_pod_costs_in_memory_and_in_records_is_small() {
    assert!(size_of::<Option<crate::billing::machine::Open>>() <= 40);
    assert!(size_of::<crate::store::billing::Row>() <= 64);
    let mut harness = Harness::new(0, PLANS);
    harness.at(30).bound(1, 0, 0);
    assert_eq!(
        harness.at(40).bound(2, 0, 0).len(),
        1,
        "one record of the interval"
    );
    assert_eq!(harness.at(45).finished(1).len(), 1);
}
