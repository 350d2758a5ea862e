//! Scaling by service: wishes, holds, replicas and load over time, and what the load would have needed.

use std::collections::BTreeMap;
use std::sync::Arc;

use nimbus_core::cluster::UsageTick;
use nimbus_core::explain::{Scale, ScaleReason};
use nimbus_core::ids::ServiceNo;
use nimbus_core::time::{Span, Time};

use crate::world::Rate;

/// Points of a service's series that are kept; when there are more, every other one is dropped.
const POINTS: usize = 800;

/// What a service is offered, and what a replica can carry.
#[derive(Clone, Debug)]
pub struct Offered {
    /// Loads, which add up.
    pub loads: Vec<Arc<dyn Rate>>,
    /// Cpu time of one request.
    pub cpu_per_request: Span,
    /// Cpu that a replica requests, millicores.
    pub replica_m: u64,
    /// A request is a violation above this share of ready capacity, percent.
    pub capacity_percent: u32,
}

impl Offered {
    /// Load at a time, in thousandths of a request per second.
    #[must_use]
    pub fn rate(&self, at: Time) -> u64 {
        self.loads
            .iter()
            .map(|load| load.rate(at))
            .fold(0, u64::saturating_add)
    }

    /// What this many ready replicas carry without a violation, in thousandths of a request per second.
    #[must_use]
    pub fn carries(&self, replicas: u64) -> u64 {
        let cpu = u128::from(replicas) * u128::from(self.replica_m);
        let capacity = cpu * 10_000 * u128::from(self.capacity_percent);
        let cost = u128::from(self.cpu_per_request.0.unsigned_abs()).max(1);
        u64::try_from(capacity / cost).unwrap_or(u64::MAX)
    }

    /// The fewest replicas that carry a load; at least one.
    #[must_use]
    pub fn ideal(&self, rate: u64) -> u64 {
        let cost = u128::from(rate) * u128::from(self.cpu_per_request.0.unsigned_abs());
        let one = u128::from(self.replica_m) * 10_000 * u128::from(self.capacity_percent);
        u64::try_from(cost.div_ceil(one.max(1)))
            .unwrap_or(u64::MAX)
            .max(1)
    }
}

/// One point of a service's series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// When.
    pub at: Time,
    /// Load, thousandths of a request per second.
    pub rate: u64,
    /// What ready replicas carried.
    pub carried: u64,
    /// Ready replicas.
    pub ready: u64,
}

/// What one service did.
#[derive(Clone, Debug, Default)]
pub struct ServiceScaling {
    /// Wishes for more.
    pub up: u64,
    /// Wishes for fewer.
    pub down: u64,
    /// Explained holds, by reason.
    pub holds: BTreeMap<ScaleReason, u64>,
    /// Changes of direction: up then down, or down then up.
    pub reversals: u64,
    /// What it is offered, if it has a load.
    pub offered: Option<Offered>,
    /// Ready replicas × microseconds.
    pub ready_us: u128,
    /// Fewest replicas that carry the load × microseconds.
    pub ideal_us: u128,
    /// Minutes with a request above capacity.
    pub overload_minutes: u64,
    /// Series for its chart.
    pub points: Vec<Point>,
    last_up: Option<bool>,
    last: Option<Point>,
    last_overload: Option<i64>,
    stride: usize,
    skipped: usize,
}

impl ServiceScaling {
    fn sample(&mut self, at: Time, ready: u64) {
        let Some(offered) = &self.offered else { return };
        let rate = offered.rate(at);
        let point = Point {
            at,
            rate,
            carried: offered.carries(ready),
            ready,
        };
        if let Some(last) = self.last {
            let micros = u128::from(at.since(last.at).0.unsigned_abs());
            self.ready_us += u128::from(last.ready) * micros;
            self.ideal_us += u128::from(offered.ideal(last.rate)) * micros;
        }
        let minute = at.secs().div_euclid(60);
        if point.rate > point.carried && self.last_overload != Some(minute) {
            self.last_overload = Some(minute);
            self.overload_minutes += 1;
        }
        self.last = Some(point);
        self.keep(point);
    }

    fn keep(&mut self, point: Point) {
        self.skipped += 1;
        if self.skipped <= self.stride {
            return;
        }
        self.skipped = 0;
        self.points.push(point);
        if self.points.len() == POINTS {
            let mut place = 0;
            self.points.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.stride = self.stride * 2 + 1;
        }
    }
}

/// Scaling of all services.
#[derive(Clone, Debug, Default)]
pub struct Scaling {
    /// By service.
    pub services: BTreeMap<ServiceNo, ServiceScaling>,
}

impl Scaling {
    /// A wish, or an explained hold.
    pub fn decision(&mut self, scale: &Scale) {
        let service = self.services.entry(scale.service).or_default();
        if scale.from == scale.to {
            *service.holds.entry(scale.reason).or_default() += 1;
            return;
        }
        let up = scale.to > scale.from;
        if up {
            service.up += 1;
        } else {
            service.down += 1;
        }
        service.reversals += u64::from(service.last_up.is_some_and(|last| last != up));
        service.last_up = Some(up);
    }

    /// A usage sample of all services.
    pub fn tick(&mut self, tick: &UsageTick) {
        for (no, service) in &mut self.services {
            if service.offered.is_none() {
                continue;
            }
            let found = tick
                .services
                .binary_search_by_key(no, |usage| usage.service);
            let ready = found.map_or(0, |place| u64::from(tick.services[place].ready));
            service.sample(tick.sampled_at, ready);
        }
    }

    /// A service that has a load.
    pub fn offer(&mut self, service: ServiceNo, offered: Offered) {
        self.services.entry(service).or_default().offered = Some(offered);
    }

    /// Changes of all services.
    #[must_use]
    pub fn actions(&self) -> u64 {
        self.services
            .values()
            .map(|service| service.up + service.down)
            .sum()
    }

    /// Changes of all services that went back on the one before.
    #[must_use]
    pub fn reversals(&self) -> u64 {
        self.services
            .values()
            .map(|service| service.reversals)
            .sum()
    }
}
