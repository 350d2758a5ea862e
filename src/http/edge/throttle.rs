//! How often and how much at once: a bucket per principal, a count per tenant.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use nimbus_core::access::Principal;
use nimbus_core::ids::TenantNo;

use crate::http::app::App;
use crate::http::limits::Limits;
use crate::http::problem::{Code, Problem};

/// Whom a bucket belongs to.
type Key = Arc<str>;
type Buckets = RateLimiter<Key, DashMapStateStore<Key>, DefaultClock, StateInformationMiddleware>;

/// After so many requests, buckets that are full again are forgotten.
const SWEEP_EVERY: u32 = 10_000;

/// Buckets and counts of this process.
pub(in crate::http) struct Throttle {
    buckets: Option<Buckets>,
    since_sweep: AtomicU32,
    busy: Counts,
    streams: Counts,
}

/// What is left in a bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    left: u32,
}

/// A request that is let in; it ends when this is dropped.
pub(super) struct Turn {
    pub(super) rate: Option<Rate>,
    _busy: Option<Held>,
}

impl Throttle {
    /// Empty buckets.
    pub(in crate::http) fn new(limits: &Limits) -> Throttle {
        let quota = NonZeroU32::new(limits.rate).map(|rate| {
            let burst = NonZeroU32::new(limits.burst).unwrap_or(rate);
            Quota::per_second(rate).allow_burst(burst)
        });
        Throttle {
            buckets: quota.map(|quota| RateLimiter::dashmap(quota).with_middleware()),
            since_sweep: AtomicU32::new(0),
            busy: Counts::default(),
            streams: Counts::default(),
        }
    }

    /// Takes a request from its principal's bucket and counts it to its tenant.
    pub(super) fn admit(
        &self,
        app: &App,
        principal: Option<&Principal>,
        peer: Option<IpAddr>,
    ) -> Result<Turn, Problem> {
        let rate = self.rate(app, principal, peer)?;
        let tenant = principal.and_then(Principal::tenant);
        let busy = tenant.map(|tenant| {
            let held = self.busy.hold(tenant, app.limits().concurrency);
            held.ok_or_else(|| {
                app.metrics().limited("concurrency");
                Problem::new(Code::Overloaded, "too many requests of the tenant at once")
            })
        });
        Ok(Turn {
            rate,
            _busy: busy.transpose()?,
        })
    }

    fn rate(
        &self,
        app: &App,
        principal: Option<&Principal>,
        peer: Option<IpAddr>,
    ) -> Result<Option<Rate>, Problem> {
        let Some(buckets) = &self.buckets else {
            return Ok(None);
        };
        let key = match (principal, peer) {
            (Some(principal), _) => principal.name.clone(),
            (None, Some(peer)) => peer.to_string().into(),
            (None, None) => return Ok(None), // in process: no listener, no client
        };
        self.sweep(buckets);
        match buckets.check_key(&key) {
            Ok(state) => Ok(Some(Rate {
                left: state.remaining_burst_capacity(),
            })),
            Err(until) => {
                app.metrics().limited("rate");
                let wait = until.wait_time_from(DefaultClock::default().now());
                let text = format!("at most {} requests per second", app.limits().rate);
                Err(Problem::new(Code::RateLimited, text).after(seconds(wait)))
            }
        }
    }

    fn sweep(&self, buckets: &Buckets) {
        if self.since_sweep.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            buckets.retain_recent();
        }
    }

    /// Counts a stream to a tenant; `None` above the limit.
    pub(in crate::http) fn stream(&self, tenant: TenantNo, most: usize) -> Option<Held> {
        self.streams.hold(tenant, most)
    }
}

fn seconds(wait: Duration) -> u32 {
    let whole = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
    whole.saturating_add(1)
}

impl Rate {
    /// The headers of the limit, unstable as their draft is.
    pub(super) fn tell(self, limits: &Limits, headers: &mut HeaderMap) {
        let window = limits.burst.div_ceil(limits.rate.max(1));
        let policy = format!("\"principal\";q={};w={window}", limits.burst);
        let left = format!("\"principal\";r={}", self.left);
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

/// How many things each tenant has open.
#[derive(Clone, Debug, Default)]
struct Counts(Arc<Mutex<BTreeMap<TenantNo, usize>>>);

/// One of them; given back when dropped.
#[derive(Debug)]
pub(in crate::http) struct Held {
    counts: Counts,
    tenant: TenantNo,
}

impl Counts {
    fn hold(&self, tenant: TenantNo, most: usize) -> Option<Held> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(tenant).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Held {
            counts: self.clone(),
            tenant,
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut counts = self.counts.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.tenant) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.tenant);
            }
        }
    }
}
