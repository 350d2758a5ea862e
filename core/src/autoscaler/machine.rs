//! The autoscaler's state and what it does with each input.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::policy::{Look, Metric, decide};
use super::{Input, Policy};
use crate::cluster::UsageTick;
use crate::explain::{Scale, ScaleReason};
use crate::ids::ServiceNo;
use crate::machine::{Machine, Outbox};
use crate::store::autoscaler::{Key, Row, Sample, Samples, WatchRow};
use crate::time::{Span, Time};
use crate::workload;

/// What the installation sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// A sample that was measured longer ago than this is no metric. See [`Config::for_samples`].
    pub stale_after: Span,
}

impl Default for Config {
    /// 90 s: right for samples that come at least every 45 s.
    fn default() -> Self {
        Config {
            stale_after: Span::from_secs(90),
        }
    }
}

impl Config {
    /// The configuration for samples that come once per `period`: valid for 90 s or two periods, whichever is
    /// longer, so that a single lost sample is not yet a missing metric.
    #[must_use]
    pub fn for_samples(period: Span) -> Config {
        let two = Span(period.0.saturating_mul(2));
        Config {
            stale_after: two.max(Config::default().stale_after),
        }
    }
}

/// All services that are looked at together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Period {
    /// When its timer is due; it stays armed until it has fired, watched services or none.
    due: Time,
    /// Number of the last sample that it has used: a sample decides at one look.
    used: u64,
    services: BTreeSet<ServiceNo>,
}

/// The autoscaler. It keeps the last sample only: a service that is not in it has no metric.
#[derive(Clone, Debug)]
pub struct Autoscaler {
    pub(super) config: Config,
    pub(super) watched: BTreeMap<ServiceNo, WatchRow>,
    pub(super) periods: BTreeMap<Span, Period>,
    pub(super) samples: Arc<Samples>,
    missing: u64,
}

impl Default for Autoscaler {
    fn default() -> Self {
        Autoscaler::new(Config::default())
    }
}

impl Autoscaler {
    /// One that watches nothing.
    #[must_use]
    pub fn new(config: Config) -> Autoscaler {
        Autoscaler {
            config,
            watched: BTreeMap::new(),
            periods: BTreeMap::new(),
            samples: Arc::new(Samples {
                number: 0,
                sampled_at: Time(i64::MIN),
                services: Vec::new(),
            }),
            missing: 0,
        }
    }

    /// One that goes on from its rows, in order of their keys; re-arms its timers.
    #[must_use]
    pub fn restore(config: Config, rows: Vec<Row>, now: Time, out: &mut Outbox) -> Autoscaler {
        let mut machine = Autoscaler::new(config);
        for row in rows {
            match row {
                Row::Period { period, due, used } => machine.arm(period, due, used, out),
                Row::Samples(samples) => machine.samples = samples,
                Row::Watch(service, row) => {
                    machine.join(now, service, row.policy.period, out);
                    machine.watched.insert(service, *row);
                }
            }
        }
        machine
    }

    /// Looks that found no metric, since the start of the process. It decides nothing and is not
    /// restored.
    #[must_use]
    pub fn missing_metrics(&self) -> u64 {
        self.missing
    }

    /// All watched services in order: policy and replicas wanted.
    pub fn watched(&self) -> impl Iterator<Item = (ServiceNo, &Policy, u32)> {
        self.watched
            .iter()
            .map(|(&service, row)| (service, &*row.policy, row.desired))
    }

    fn arm(&mut self, period: Span, due: Time, used: u64, out: &mut Outbox) {
        out.at(due, Input::Tick { period });
        let services = BTreeSet::new();
        self.periods.insert(
            period,
            Period {
                due,
                used,
                services,
            },
        );
    }

    /// Adds a service to those of a period, and arms the period's timer if it is not.
    fn join(&mut self, now: Time, service: ServiceNo, period: Span, out: &mut Outbox) {
        if !self.periods.contains_key(&period) {
            let due = now.next_multiple(period);
            let used = 0;
            out.record(Row::Period { period, due, used });
            self.arm(period, due, used, out);
        }
        if let Some(period) = self.periods.get_mut(&period) {
            period.services.insert(service);
        }
    }

    /// Takes a service out of its period.
    fn leave(&mut self, service: ServiceNo, period: Span) {
        if let Some(period) = self.periods.get_mut(&period) {
            period.services.remove(&service);
        }
    }

    /// Watches a service, or watches it on under another policy; a hold ends. A policy that
    /// [`Policy::validate`] refuses is not watched: the workload machine never sends one.
    fn watch(
        &mut self,
        now: Time,
        service: ServiceNo,
        policy: Arc<Policy>,
        desired: u32,
        out: &mut Outbox,
    ) {
        if policy.validate().is_err() {
            return self.unwatch(service, out);
        }
        let period = policy.period;
        let old = self.watched.get(&service);
        let mut row = WatchRow {
            policy,
            desired,
            hold: false,
            changed_at: old.and_then(|old| old.changed_at),
            reason: old.and_then(|old| old.reason),
        };
        if let Some(old) = old {
            if old.desired != desired {
                row.changed_at = Some(now);
            }
            if *old == row {
                return;
            }
            let before = old.policy.period;
            self.leave(service, before);
        }
        out.record(Row::Watch(service, Box::new(row.clone())));
        self.watched.insert(service, row);
        self.join(now, service, period, out);
    }

    fn unwatch(&mut self, service: ServiceNo, out: &mut Outbox) {
        if let Some(row) = self.watched.remove(&service) {
            self.leave(service, row.policy.period);
            out.record(Key::Watch(service));
        }
    }

    fn replicas(
        &mut self,
        now: Time,
        service: ServiceNo,
        desired: u32,
        hold: bool,
        out: &mut Outbox,
    ) {
        let Some(row) = self.watched.get_mut(&service) else {
            return;
        };
        if (row.desired, row.hold) == (desired, hold) {
            return;
        }
        if row.desired != desired {
            row.changed_at = Some(now);
        }
        row.desired = desired;
        row.hold = hold;
        out.record(Row::Watch(service, Box::new(row.clone())));
    }

    /// Keeps what a sample says of the watched services. One that is not newer than the last is a repetition.
    fn usage(&mut self, tick: &UsageTick, out: &mut Outbox) {
        if self.watched.is_empty() || tick.sampled_at <= self.samples.sampled_at {
            return;
        }
        let find = |service: &ServiceNo| {
            let index = tick
                .services
                .binary_search_by_key(service, |usage| usage.service)
                .ok()?;
            let usage = tick.services.get(index)?;
            let sample = Sample {
                used_m: usage.used_m,
                requested_m: usage.requested_m,
                ready: usage.ready,
            };
            Some((*service, sample))
        };
        self.samples = Arc::new(Samples {
            number: self.samples.number + 1,
            sampled_at: tick.sampled_at,
            services: self.watched.keys().filter_map(find).collect(),
        });
        out.record(Row::Samples(Arc::clone(&self.samples)));
    }

    /// Looks at all services of a period. A period without services ends here.
    fn tick(&mut self, now: Time, span: Span, out: &mut Outbox) {
        let Some(period) = self.periods.get_mut(&span).filter(|p| p.due <= now) else {
            return;
        };
        if period.services.is_empty() {
            self.periods.remove(&span);
            out.record(Key::Period(span));
            return;
        }
        let valid = now.since(self.samples.sampled_at) <= self.config.stale_after;
        let used = period.used == self.samples.number;
        for &service in &period.services {
            let Some(row) = self.watched.get_mut(&service) else {
                continue;
            };
            let sample = find(&self.samples, service).filter(|_| valid);
            let metric = match sample {
                None => Metric::Missing,
                Some(_) if used => Metric::Used,
                Some(sample) => Metric::New(self.samples.sampled_at, sample),
            };
            self.missing += u64::from(look(now, service, row, metric, sample, out));
        }
        period.used = self.samples.number;
        period.due = now.next_multiple(span);
        out.record(Row::Period {
            period: span,
            due: period.due,
            used: period.used,
        });
        out.at(period.due, Input::Tick { period: span });
    }
}

fn find(samples: &Samples, service: ServiceNo) -> Option<Sample> {
    let services = &samples.services;
    let index = services
        .binary_search_by_key(&service, |entry| entry.0)
        .ok()?;
    services.get(index).map(|entry| entry.1)
}

/// Looks at one service; whether its metric was missing. What is as it was is not said again.
fn look(
    now: Time,
    service: ServiceNo,
    row: &mut WatchRow,
    metric: Metric,
    sample: Option<Sample>,
    out: &mut Outbox,
) -> bool {
    let verdict = decide(
        &row.policy,
        &Look {
            now,
            desired: row.desired,
            hold: row.hold,
            changed_at: row.changed_at,
            reason: row.reason,
            metric,
        },
    );
    let news = row.reason != Some(verdict.reason);
    if news {
        row.reason = Some(verdict.reason);
        out.record(Row::Watch(service, Box::new(row.clone())));
    }
    let moves = verdict.to != verdict.from;
    if moves || news {
        out.explain(Scale {
            service,
            from: verdict.from,
            to: verdict.to,
            reason: verdict.reason,
            used_m: sample.and_then(|sample| sample.used_m),
            requested_m: sample.map_or(0, |sample| sample.requested_m),
        });
    }
    if moves {
        out.send(workload::Input::Scale {
            service,
            replicas: verdict.to,
            by: workload::Actor::Autoscaler,
        });
    }
    verdict.reason == ScaleReason::NoMetric && metric != Metric::Used
}

impl Machine for Autoscaler {
    type Input = Input;

    fn handle(&mut self, now: Time, input: Input, out: &mut Outbox) {
        match input {
            Input::Watch {
                service,
                policy,
                desired,
            } => self.watch(now, service, policy, desired, out),
            Input::Unwatch { service } => self.unwatch(service, out),
            Input::Replicas {
                service,
                desired,
                hold,
            } => self.replicas(now, service, desired, hold, out),
            Input::Usage(tick) => self.usage(&tick, out),
            Input::Tick { period } => self.tick(now, period, out),
        }
    }
}
