//! The machine: timers, samples, what it says and records, and the restore test.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::cluster::{ServiceUsage, UsageTick};
use crate::explain::{Decision, Scale};
use crate::ids::{ServiceNo, TenantNo};
use crate::machine::{Address, Effect, Machine, Message, Outbox};
use crate::store::autoscaler::{Key, Row};
use crate::store::{self, Record};
use crate::workload;

const WEB: ServiceNo = ServiceNo(3);

/// The machine with its rows and timers, and a workload machine that grants every wish at once.
#[derive(Clone, Default)]
struct Rig {
    machine: Autoscaler,
    rows: BTreeMap<Key, Row>,
    timers: Vec<(Time, Input)>,
    now: Time,
    /// Replicas of the services that were watched.
    desired: BTreeMap<ServiceNo, u32>,
    /// Changes so far: when, from, to.
    changes: Vec<(Time, u32, u32)>,
}

impl Rig {
    fn watching(policy: Policy, desired: u32) -> Rig {
        let mut rig = Rig::default();
        rig.tell(watch(WEB, policy, desired));
        rig
    }

    fn tell(&mut self, input: Input) -> Vec<Effect> {
        if let Input::Watch {
            service, desired, ..
        }
        | Input::Replicas {
            service, desired, ..
        } = input
        {
            self.desired.insert(service, desired);
        }
        let mut out = Outbox::default();
        out.begin(7, Address::Autoscaler, 0);
        self.machine.handle(self.now, input, &mut out);
        let mut effects = out.take();
        for effect in effects.clone() {
            effects.extend(self.keep(effect));
        }
        effects
    }

    /// Keeps a row or a timer; grants a wish.
    fn keep(&mut self, effect: Effect) -> Vec<Effect> {
        match effect {
            Effect::Record(Record::Put(store::Row::Autoscaler(row))) => {
                self.rows.insert(row.key(), row);
            }
            Effect::Record(Record::Drop(store::Key::Autoscaler(key))) => {
                self.rows.remove(&key);
            }
            Effect::At(at, Message::Autoscaler(input)) => self.timers.push((at, input)),
            Effect::Send(Message::Workload(workload::Input::Scale {
                service, replicas, ..
            })) => {
                let from = self.desired[&service];
                self.changes.push((self.now, from, replicas));
                return self.tell(replicas_of(service, replicas, false));
            }
            _ => {}
        }
        Vec::new()
    }

    fn pass(&mut self, span: Span) -> Vec<Effect> {
        let end = self.now + span;
        let mut effects = Vec::new();
        while let Some(first) = (0..self.timers.len())
            .filter(|&i| self.timers[i].0 <= end)
            .min_by_key(|&i| (self.timers[i].0, format!("{:?}", self.timers[i].1)))
        {
            let (at, input) = self.timers.remove(first);
            self.now = self.now.max(at);
            effects.extend(self.tell(input));
        }
        self.now = end;
        effects
    }

    /// A constant load, measured now; whole millicores.
    fn measure(&mut self, load_m: u64) {
        let sampled_at = self.now;
        let ready = self.desired[&WEB];
        self.tell(usage(sampled_at, &[(WEB, sample(load_m, ready))]));
    }
}

fn watch(service: ServiceNo, policy: Policy, desired: u32) -> Input {
    let policy = Arc::new(policy);
    Input::Watch {
        service,
        policy,
        desired,
    }
}

fn replicas_of(service: ServiceNo, desired: u32, hold: bool) -> Input {
    Input::Replicas {
        service,
        desired,
        hold,
    }
}

fn usage(sampled_at: Time, samples: &[(ServiceNo, Sample)]) -> Input {
    let of = |&(service, sample): &(ServiceNo, Sample)| ServiceUsage {
        service,
        tenant: TenantNo(0),
        used_m: sample.used_m,
        requested_m: sample.requested_m,
        requested_memory: 0,
        ready: sample.ready,
        bound: sample.ready,
    };
    Input::Usage(Arc::new(UsageTick {
        sampled_at,
        services: samples.iter().map(of).collect(),
    }))
}

fn secs(secs: i64) -> Span {
    Span::from_secs(secs)
}

fn explained(effects: &[Effect]) -> Vec<Scale> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Explain(Decision::Scale(scale)) => Some(*scale),
            _ => None,
        })
        .collect()
}

fn reasons(effects: &[Effect]) -> Vec<ScaleReason> {
    explained(effects)
        .iter()
        .map(|scale| scale.reason)
        .collect()
}

#[test]
fn looks_come_at_multiples_of_the_period_while_a_service_is_watched() {
    let mut rig = Rig {
        now: Time::from_secs(44),
        ..Rig::default()
    };
    rig.tell(watch(WEB, Policy::default(), 1));
    rig.tell(watch(ServiceNo(1), Policy::default(), 1));
    assert_eq!(rig.timers.len(), 1, "one timer per period");
    assert_eq!(rig.timers[0].0, Time::from_secs(60));
    rig.pass(secs(30));
    assert_eq!(rig.timers[0].0, Time::from_secs(90));
    rig.tell(Input::Unwatch { service: WEB });
    rig.tell(Input::Unwatch {
        service: ServiceNo(1),
    });
    rig.tell(watch(WEB, Policy::default(), 1));
    assert_eq!(rig.timers.len(), 1, "the armed timer serves again");
    rig.tell(Input::Unwatch { service: WEB });
    rig.pass(secs(60));
    assert_eq!((rig.timers.len(), rig.rows.len()), (0, 0));
}

#[test]
fn a_decision_names_what_it_saw() {
    let mut rig = Rig::watching(Policy::default(), 2);
    rig.pass(secs(15));
    rig.measure(390);
    assert_eq!(
        explained(&rig.pass(secs(15))),
        [Scale {
            service: WEB,
            from: 2,
            to: 3,
            reason: ScaleReason::AboveUp,
            used_m: Some(390),
            requested_m: 400,
        }]
    );
    assert_eq!(rig.changes, [(Time::from_secs(30), 2, 3)]);
}

#[test]
fn a_quiet_service_costs_nothing() {
    let mut rig = Rig::watching(Policy::default(), 2);
    for minute in 0..10 {
        rig.measure(200);
        let effects = rig.pass(secs(60));
        let said = reasons(&effects);
        assert_eq!(said.len(), usize::from(minute == 0), "{said:?}");
        let rows = effects.iter().filter(|effect| {
            matches!(effect, Effect::Record(Record::Put(row)) if matches!(row.key(), store::Key::Autoscaler(Key::Watch(_))))
        });
        assert_eq!(rows.count(), usize::from(minute == 0));
    }
}

#[test]
fn one_sample_moves_replicas_once() {
    let mut rig = Rig::watching(Policy::default(), 1);
    rig.measure(190);
    rig.pass(secs(60));
    rig.measure(390);
    rig.pass(secs(89));
    assert_eq!(
        rig.changes,
        [(Time::from_secs(30), 1, 2), (Time::from_secs(90), 2, 3)]
    );
    assert_eq!(rig.machine.missing_metrics(), 0, "slow is not missing");
}

#[test]
fn a_sample_that_was_used_is_not_used_when_the_cool_down_ends() {
    let policy = Policy {
        cooldown: secs(45),
        ..Policy::default()
    };
    let mut rig = Rig::watching(policy, 1);
    rig.measure(190);
    rig.pass(secs(50));
    rig.measure(390);
    assert_eq!(reasons(&rig.pass(secs(10))), [ScaleReason::Cooldown]);
    rig.pass(secs(30));
    assert_eq!(rig.changes, [(Time::from_secs(30), 1, 2)]);
}

#[test]
fn a_sample_is_a_metric_until_it_is_stale() {
    let mut rig = Rig::watching(Policy::default(), 2);
    rig.measure(200);
    assert_eq!(reasons(&rig.pass(secs(90))), [ScaleReason::InBand]);
    assert_eq!(reasons(&rig.pass(secs(90))), [ScaleReason::NoMetric]);
    assert_eq!(rig.machine.missing_metrics(), 3);
    assert_eq!(rig.changes, []);
}

#[test]
fn samples_slower_than_looks_are_no_missing_metric() {
    let mut rig = Rig {
        machine: Autoscaler::new(Config::for_samples(secs(300))),
        ..Rig::default()
    };
    rig.tell(watch(WEB, Policy::default(), 1));
    for _ in 0..4 {
        rig.measure(380);
        rig.pass(secs(300));
    }
    assert_eq!(rig.machine.missing_metrics(), 0);
    let when: Vec<i64> = rig.changes.iter().map(|change| change.0.secs()).collect();
    assert_eq!(when, [30, 330], "one step per sample, then in band");
}

#[test]
fn repeated_and_older_samples_are_ignored() {
    let mut rig = Rig::watching(Policy::default(), 1);
    rig.pass(secs(20));
    rig.measure(190);
    let before = rig.machine.samples.clone();
    assert_eq!(rig.tell(usage(rig.now, &[])), []);
    assert_eq!(rig.tell(usage(Time::ZERO, &[])), []);
    assert_eq!(rig.machine.samples, before);
}

#[test]
fn a_wish_that_is_not_granted_is_wished_again() {
    let mut rig = Rig::watching(Policy::default(), 1);
    for _ in 0..2 {
        rig.pass(secs(15));
        rig.measure(190);
        rig.now += secs(15);
        let mut out = Outbox::default();
        let (_, tick) = rig.timers.remove(0);
        rig.machine.handle(rig.now, tick, &mut out);
        let effects = out.take();
        let wishes = effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Send(_)));
        assert_eq!(wishes.count(), 1);
        let timers = effects.iter().filter_map(|effect| match effect {
            Effect::At(at, Message::Autoscaler(input)) => Some((*at, input.clone())),
            _ => None,
        });
        rig.timers.extend(timers);
    }
}

#[test]
fn a_policy_out_of_range_is_not_watched() {
    let bad = Policy {
        period: Span::ZERO,
        ..Policy::default()
    };
    let mut rig = Rig::default();
    assert_eq!(rig.tell(watch(WEB, bad, 1)), []);
    assert_eq!(rig.machine.watched().count(), 0);
}

#[test]
fn watching_under_another_policy_ends_a_hold() {
    let mut rig = Rig::watching(Policy::default(), 9);
    rig.tell(replicas_of(WEB, 9, true));
    assert_eq!(reasons(&rig.pass(secs(30))), [ScaleReason::RolloutRunning]);
    rig.tell(watch(WEB, Policy::default(), 9));
    rig.pass(secs(30));
    assert_eq!(rig.changes, [(Time::from_secs(60), 9, 5)]);
}

#[test]
fn another_policy_takes_effect_at_its_own_period() {
    let mut rig = Rig::watching(Policy::default(), 9);
    let hourly = Policy {
        period: secs(3_600),
        max: 7,
        ..Policy::default()
    };
    rig.tell(watch(WEB, hourly, 9));
    rig.pass(secs(3_599));
    assert_eq!(rig.changes, []);
    rig.pass(secs(1));
    assert_eq!(rig.changes, [(Time::from_secs(3_600), 9, 7)]);
}

/// A step of a random trace.
#[derive(Clone, Debug)]
enum Op {
    Watch(u32, Policy, u32),
    Unwatch(u32),
    Replicas(u32, u32, bool),
    /// Use in percent of each of the services that are in the sample, and its lag.
    Usage(Vec<(u32, Option<u64>, u32)>, i64),
    Pass(i64),
}

fn any_op() -> impl Strategy<Value = Op> {
    let usage = prop::collection::btree_map(
        0u32..4,
        (prop::option::weighted(0.8, 0u64..1_500), 0u32..6),
        0..4,
    );
    prop_oneof![
        2 => (0u32..4, any_policy(), 0u32..14).prop_map(|(s, p, d)| Op::Watch(s, p, d)),
        1 => (0u32..4).prop_map(Op::Unwatch),
        2 => (0u32..4, 0u32..14, any::<bool>()).prop_map(|(s, d, h)| Op::Replicas(s, d, h)),
        6 => (usage, 0i64..40).prop_map(|(usage, lag)| {
            Op::Usage(usage.into_iter().map(|(s, (used, ready))| (s, used, ready)).collect(), lag)
        }),
        6 => (1i64..120).prop_map(Op::Pass),
    ]
}

fn apply(rig: &mut Rig, op: &Op) -> Vec<Effect> {
    match op {
        Op::Watch(service, policy, desired) => {
            rig.tell(watch(ServiceNo(*service), *policy, *desired))
        }
        Op::Unwatch(service) => rig.tell(Input::Unwatch {
            service: ServiceNo(*service),
        }),
        Op::Replicas(service, desired, hold) => {
            rig.tell(replicas_of(ServiceNo(*service), *desired, *hold))
        }
        Op::Usage(services, lag) => {
            let of = |&(service, used_m, ready): &(u32, Option<u64>, u32)| {
                let sample = Sample {
                    used_m,
                    ..sample(0, ready)
                };
                (ServiceNo(service), sample)
            };
            let samples: Vec<_> = services.iter().map(of).collect();
            rig.tell(usage(rig.now - secs(*lag), &samples))
        }
        Op::Pass(span) => rig.pass(secs(*span)),
    }
}

proptest! {
    #[test]
    fn a_sound_policy_settles_under_constant_load(
        policy in any_policy(),
        load in 0u64..3_000,
        start in any::<prop::sample::Index>(),
    ) {
        let policy = Policy { wait_ready: false, ..policy };
        prop_assume!(check(&policy).is_ok());
        let start = policy.min + u32::try_from(start.index((policy.max - policy.min + 1) as usize)).unwrap();
        let mut rig = Rig::watching(policy, start);
        let looks = 250 / policy.period.secs() + 1;
        let states = i64::from(policy.max - policy.min + 1);
        for _ in 0..(states + 1) * looks {
            rig.now += Span(policy.period.0 - 1);
            rig.measure(load);
            rig.pass(Span(1));
        }
        let settled = rig.changes.len();
        prop_assert!(settled <= usize::try_from(states).unwrap());
        for _ in 0..20 {
            rig.now += Span(policy.period.0 - 1);
            rig.measure(load);
            rig.pass(Span(1));
        }
        prop_assert_eq!(rig.changes.len(), settled);
    }

    #[test]
    fn lag_alone_makes_no_sound_policy_oscillate(policy in any_policy(), load in 0u64..3_000, lag in 0i64..80) {
        let policy = Policy { wait_ready: false, cooldown: Span::ZERO, ..policy };
        prop_assume!(check(&policy).is_ok());
        let mut rig = Rig::watching(policy, policy.min);
        let mut past = vec![(Time::ZERO, policy.min)];
        for _ in 0..120 {
            rig.pass(secs(5));
            past.push((rig.now, rig.desired[&WEB]));
            let measured = rig.now - secs(lag);
            let seen = past.iter().rev().find(|state| state.0 <= measured);
            if let Some(&(_, ready)) = seen {
                rig.tell(usage(measured, &[(WEB, sample(load, ready))]));
            }
        }
        let settled = rig.changes.len();
        prop_assert!(settled <= 13, "{:?}", rig.changes);
        prop_assert!(rig.changes.windows(2).all(|pair| (pair[0].2 > pair[0].1) == (pair[1].2 > pair[1].1)
            || policy.step_up != policy.step_down), "{:?}", rig.changes);
    }

    #[test]
    fn without_metrics_nothing_scales(policy in any_policy(), start in 0u32..14, ops in 1usize..40) {
        let start = start.clamp(policy.min, policy.max);
        let mut rig = Rig::watching(policy, start);
        for _ in 0..ops {
            rig.tell(usage(rig.now, &[(WEB, Sample { used_m: None, ..sample(0, start) })]));
            rig.pass(policy.period);
        }
        prop_assert_eq!(&rig.changes, &[]);
        prop_assert_eq!(rig.machine.missing_metrics(), u64::try_from(ops).unwrap());
    }

    #[test]
    fn random_traces_keep_the_bounds_and_the_step(ops in prop::collection::vec(any_op(), 1..80)) {
        let mut rig = Rig::default();
        for op in &ops {
            for scale in explained(&apply(&mut rig, op)) {
                if scale.to == scale.from {
                    continue;
                }
                let Some((_, policy, _)) = rig.machine.watched().find(|w| w.0 == scale.service) else {
                    continue;
                };
                prop_assert!((policy.min..=policy.max).contains(&scale.to));
                let step = if scale.to > scale.from { policy.step_up } else { policy.step_down };
                let inside = (policy.min..=policy.max).contains(&scale.from);
                prop_assert!(!inside || scale.to.abs_diff(scale.from) <= step);
                prop_assert!(!inside || scale.used_m.is_some(), "a missing metric moves nothing");
            }
        }
    }

    #[test]
    fn a_restored_machine_goes_on_as_the_one_that_ran(
        ops in prop::collection::vec(any_op(), 1..80),
        at in any::<prop::sample::Index>(),
    ) {
        let (before, after) = ops.split_at(at.index(ops.len()));
        let mut rig = Rig::default();
        for op in before {
            apply(&mut rig, op);
        }
        let mut out = Outbox::default();
        let rows = rig.rows.values().cloned().collect();
        let machine = Autoscaler::restore(rig.machine.config, rows, rig.now, &mut out);
        let mut twin = Rig { machine, timers: Vec::new(), ..rig.clone() };
        for effect in out.take() {
            twin.keep(effect);
        }
        let sorted = |rig: &Rig| {
            let mut timers: Vec<String> = rig.timers.iter().map(|timer| format!("{timer:?}")).collect();
            timers.sort();
            timers
        };
        prop_assert_eq!(sorted(&rig), sorted(&twin));
        prop_assert_eq!(&rig.machine.periods, &twin.machine.periods);
        prop_assert_eq!(&rig.machine.watched, &twin.machine.watched);
        for op in after {
            prop_assert_eq!(apply(&mut rig, op), apply(&mut twin, op));
            prop_assert_eq!(&rig.rows, &twin.rows);
        }
    }
}

#[test]
fn rows_are_small() {
    assert!(size_of::<Row>() <= 32, "{}", size_of::<Row>());
}
