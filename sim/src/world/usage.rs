//! Where use comes from, the samples of it, and requests above a share of ready capacity (contract 6.2).

use std::fmt::Debug;
use std::sync::Arc;

use nimbus_core::cluster::{Event, ServiceUsage, UsageTick};
use nimbus_core::ids::ServiceNo;
use nimbus_core::time::{Span, Time};
use serde::{Deserialize, Serialize};

use super::World;
use super::pod::Service;

/// Offered load of a service over time.
pub trait Rate: Debug + Send + Sync {
    /// Load at a time, in thousandths of a request per second.
    fn rate(&self, at: Time) -> u64;
}

/// Where the use of a service comes from. Its replicas use at most what they request.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Use {
    /// Share of its request that a ready replica uses without any load, in parts per million.
    pub idle_ppm: u32,
    /// Offered loads, which add up, spread over the ready replicas.
    #[serde(skip)]
    pub loads: Vec<Arc<dyn Rate>>,
    /// Cpu time of one request.
    pub cpu_per_request: Span,
}

impl Use {
    fn rate(&self, at: Time) -> u64 {
        let rates = self.loads.iter().map(|load| load.rate(at));
        rates.fold(0, u64::saturating_add)
    }

    /// Cpu used, millicores, rounded down.
    fn used(&self, rate: u64, ready_m: u64) -> u64 {
        let idle = u128::from(ready_m) * u128::from(self.idle_ppm);
        let cpu_us = u128::from(self.cpu_per_request.0.max(0).unsigned_abs());
        let used = (idle + u128::from(rate) * cpu_us) / 1_000_000;
        u64::try_from(used).map_or(ready_m, |used| used.min(ready_m))
    }

    /// What a share of this much cpu can serve, in thousandths of a request per second, rounded down.
    fn limit(&self, ready_m: u64, percent: u32) -> u64 {
        let capacity = u128::from(ready_m) * 10_000 * u128::from(percent);
        let limit = capacity.checked_div(u128::from(self.cpu_per_request.0.max(0).unsigned_abs()));
        limit.map_or(u64::MAX, |limit| u64::try_from(limit).unwrap_or(u64::MAX))
    }
}

/// Requests of a service so far, in thousandths of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Offered.
    pub requests_milli: u128,
    /// Of those, above the share of ready capacity that counts as a violation.
    pub over_milli: u128,
}

/// Load of one service: the segment that is open, and what is behind it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Meter {
    /// Start of the open segment.
    since: Time,
    /// Load in it.
    rate: u64,
    /// What it can take without a violation, in thousandths of a request per second.
    limit: u64,
    /// Thousandths of a request × microseconds per second.
    requests: u128,
    over: u128,
}

impl Meter {
    fn new(now: Time) -> Meter {
        Meter {
            since: now,
            rate: 0,
            limit: 0,
            requests: 0,
            over: 0,
        }
    }

    fn close(&mut self, now: Time) {
        let micros = u128::from(now.since(self.since).0.unsigned_abs());
        self.requests += u128::from(self.rate) * micros;
        self.over += u128::from(self.rate.saturating_sub(self.limit)) * micros;
        self.since = now;
    }
}

impl Service {
    /// Its ready capacity has changed: a new segment with the same load.
    #[inline]
    pub(super) fn capacity_changed(&mut self, now: Time, percent: u32) {
        if let (Some(meter), Some(usage)) = (&mut self.meter, &self.usage) {
            meter.close(now);
            meter.limit = usage.limit(self.ready_m, percent);
        }
    }

    /// Takes the load of this instant, which holds until the next sample: so the requests offered depend
    /// on the curve and the period alone, and are the same under every policy.
    fn sample(&mut self, now: Time, percent: u32) -> Option<u64> {
        let usage = self.usage.as_deref()?;
        if usage.loads.is_empty() {
            return Some(usage.used(0, self.ready_m));
        }
        let meter = self.meter.get_or_insert_with(|| Box::new(Meter::new(now)));
        meter.close(now);
        meter.rate = usage.rate(now);
        meter.limit = usage.limit(self.ready_m, percent);
        Some(usage.used(meter.rate, self.ready_m))
    }
}

impl World {
    /// Where the use of a service comes from, from now on. Without it, samples of the service say `None`.
    pub fn set_use(&mut self, now: Time, service: ServiceNo, usage: Use) {
        let percent = self.config.capacity_percent;
        let service = self.service(service);
        if let Some(meter) = &mut service.meter {
            meter.close(now);
            meter.rate = 0;
        }
        service.usage = Some(Box::new(usage));
        service.sample(now, percent);
    }

    /// The loads of a service; none if it has none.
    #[must_use]
    pub fn loads(&self, service: ServiceNo) -> &[Arc<dyn Rate>] {
        let service = self.services.get(service.index());
        service
            .and_then(|service| service.usage.as_deref())
            .map_or(&[], |usage| &usage.loads)
    }

    /// The requests of a service up to `at`; `None` if it never had a load.
    #[must_use]
    pub fn served(&self, service: ServiceNo, at: Time) -> Option<Served> {
        let mut meter = self
            .services
            .get(service.index())?
            .meter
            .as_deref()?
            .clone();
        meter.close(at);
        Some(Served {
            requests_milli: meter.requests / 1_000_000,
            over_milli: meter.over / 1_000_000,
        })
    }

    /// Takes one sample of all services, and delivers it now or after the lag.
    pub(super) fn sample(&mut self, now: Time, out: &mut Vec<Event>) {
        self.count(now);
        let mut services = Vec::new();
        let mut total = 0u64;
        let percent = self.config.capacity_percent;
        for (no, service) in (0..).map(ServiceNo).zip(&mut self.services) {
            if service.bound == 0 && service.meter.is_none() {
                continue;
            }
            let used_m = service.sample(now, percent);
            total = total.saturating_add(used_m.unwrap_or(0));
            if service.bound > 0 {
                services.push(ServiceUsage {
                    service: no,
                    tenant: service.tenant,
                    used_m,
                    requested_m: service.ready_m,
                    requested_memory: service.ready_memory,
                    ready: service.ready,
                    bound: service.bound,
                });
            }
        }
        self.used_m = total;
        let tick = Arc::new(UsageTick {
            sampled_at: now,
            services,
        });
        if self.config.metrics_lag > Span::ZERO {
            self.lagged.push_back((now + self.config.metrics_lag, tick));
        } else {
            out.push(Event::Usage(tick));
        }
    }
}
