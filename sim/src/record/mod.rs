//! What a run measures: histograms, series, counters. Watches; changes nothing.

mod levels;
mod scaling;

use std::collections::{BTreeMap, VecDeque};

use hdrhistogram::Histogram;
use nimbus_core::cluster::{Event, UsageTick};
use nimbus_core::explain::{Decision, Deny, Filter, Lack, Wait};
use nimbus_core::ids::{PoolNo, TenantNo};
use nimbus_core::time::{Span, Time};

pub use levels::Levels;
pub use scaling::{Offered, Point, Scaling, ServiceScaling};

/// Longest wait that is told apart, in milliseconds: 10 years.
const WAIT_MS_MAX: u64 = 315_360_000_000;
/// Decisions of each kind that are kept as examples.
const EXAMPLES: usize = 4;
/// Decisions that the ring keeps.
const RING: usize = 1_024;

/// Counters of one tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TenantCounts {
    /// Requests that were refused for want of quota or state.
    pub refused_requests: u64,
    /// Pods that these asked for.
    pub refused_pods: u64,
    /// Pods that were placed.
    pub placed: u64,
    /// Usage samples that audited its intervals.
    pub samples: u64,
}

/// Counters of one pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolCounts {
    /// Nodes ordered.
    pub booted: u64,
    /// Nodes given back.
    pub removed: u64,
}

/// Watches a run.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// From here on things count: what happens before is warm-up.
    pub from: Time,
    /// Milliseconds from pending to placed.
    pub waited_ms: Histogram<u64>,
    /// Pods placed.
    pub placed: u64,
    /// Pods that ended.
    pub finished: u64,
    /// Pods bound.
    pub bound: u64,
    /// Pods that had waited before they were placed.
    pub delayed: u64,
    /// Decisions that were explained.
    pub decisions: u64,
    /// Refusals by what was lacking.
    pub lacks: BTreeMap<&'static str, u64>,
    /// Pods that waited while this filter removed nodes; a wait may count for several.
    pub waits: BTreeMap<Filter, u64>,
    /// Counters by tenant.
    pub tenants: BTreeMap<TenantNo, TenantCounts>,
    /// Counters by pool.
    pub pools: BTreeMap<PoolNo, PoolCounts>,
    /// Scaling by service.
    pub scaling: Scaling,
    /// Usage samples: one a service and tick.
    pub samples: u64,
    /// The first decisions of each kind.
    pub examples: Vec<(Time, Decision)>,
    /// The last decisions; all of them with `keep_all`.
    pub ring: VecDeque<(Time, Decision)>,
    /// Keep all decisions.
    pub keep_all: bool,
    shown: [usize; 5],
}

impl Recorder {
    /// A recorder that counts from `from`.
    #[must_use]
    pub fn new(from: Time) -> Recorder {
        Recorder {
            from,
            waited_ms: Histogram::new_with_bounds(1, WAIT_MS_MAX, 3)
                .expect("the bounds are in order"),
            placed: 0,
            finished: 0,
            bound: 0,
            delayed: 0,
            decisions: 0,
            lacks: BTreeMap::new(),
            waits: BTreeMap::new(),
            tenants: BTreeMap::new(),
            pools: BTreeMap::new(),
            scaling: Scaling::default(),
            samples: 0,
            examples: Vec::new(),
            ring: VecDeque::new(),
            keep_all: false,
            shown: [0; 5],
        }
    }

    /// A report of the cluster.
    #[inline]
    pub fn event(&mut self, now: Time, event: &Event) {
        match event {
            Event::PodFinished { .. } if now >= self.from => self.finished += 1,
            Event::Usage(tick) if now >= self.from => {
                self.samples += tick.services.len() as u64;
                self.audit(tick);
                self.scaling.tick(tick);
            }
            Event::PodBound { .. } => self.bound += 1,
            _ => {}
        }
    }

    /// A decision.
    #[inline]
    pub fn decision(&mut self, now: Time, decision: &Decision) {
        if now < self.from {
            return;
        }
        self.decisions += 1;
        match decision {
            Decision::Place(place) => {
                self.placed += 1;
                self.tenants.entry(place.tenant).or_default().placed += 1;
                let waited = u64::try_from(place.waited.0 / 1_000).unwrap_or(0);
                self.delayed += u64::from(place.waited > Span::ZERO);
                self.waited_ms.saturating_record(waited);
            }
            Decision::Wait(wait) => self.wait(wait),
            Decision::Deny(deny) => self.deny(deny),
            Decision::Scale(scale) => self.scaling.decision(scale),
            Decision::Pool(change) => {
                let counts = self.pools.entry(change.pool).or_default();
                counts.booted += u64::from(change.booted);
                counts.removed += u64::from(change.removed.is_some());
            }
        }
        self.keep(now, decision);
    }

    /// Counts samples by tenant; services of a tenant mostly stand together.
    fn audit(&mut self, tick: &UsageTick) {
        for together in tick.services.chunk_by(|a, b| a.tenant == b.tenant) {
            self.tenants.entry(together[0].tenant).or_default().samples += together.len() as u64;
        }
    }

    fn wait(&mut self, wait: &Wait) {
        for filter in Filter::ALL {
            if wait.removed.by(filter) > 0 {
                *self.waits.entry(filter).or_default() += u64::from(wait.count);
            }
        }
    }

    fn deny(&mut self, deny: &Deny) {
        let counts = self.tenants.entry(deny.tenant).or_default();
        counts.refused_requests += 1;
        counts.refused_pods += u64::from(deny.asks.pods);
        *self.lacks.entry(lack_name(&deny.lacks)).or_default() += 1;
    }

    fn keep(&mut self, now: Time, decision: &Decision) {
        let kind = match decision {
            Decision::Place(_) => 0,
            Decision::Wait(_) => 1,
            Decision::Scale(_) => 2,
            Decision::Deny(_) => 3,
            Decision::Pool(_) => 4,
        };
        if self.shown[kind] < EXAMPLES {
            self.shown[kind] += 1;
            self.examples.push((now, *decision));
        }
        if self.keep_all {
            self.ring.push_back((now, *decision));
        } else if kind != 0 {
            if self.ring.len() == RING {
                self.ring.pop_front();
            }
            self.ring.push_back((now, *decision));
        }
    }

    /// A percentile of the waits, in milliseconds; 0 if nothing was placed.
    #[must_use]
    pub fn waited(&self, percentile: f64) -> u64 {
        if self.waited_ms.is_empty() {
            0
        } else {
            self.waited_ms.value_at_percentile(percentile)
        }
    }

    /// Requests and pods refused in all.
    #[must_use]
    pub fn refused(&self) -> (u64, u64) {
        self.tenants
            .values()
            .fold((0, 0), |(requests, pods), counts| {
                (
                    requests + counts.refused_requests,
                    pods + counts.refused_pods,
                )
            })
    }
}

/// Evenly spaced sampling times: at most `points` of them over a run.
#[must_use]
pub fn sampling(duration: Span, points: i64) -> Span {
    let exact = Span((duration.0 / points.max(1)).max(1));
    let whole = [
        1i64, 5, 10, 30, 60, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 86_400,
    ];
    whole
        .into_iter()
        .map(Span::from_secs)
        .find(|span| *span >= exact)
        .unwrap_or(exact)
}

/// What was lacking, in one word.
fn lack_name(lack: &Lack) -> &'static str {
    match lack {
        Lack::Cpu { .. } => "cpu",
        Lack::Memory { .. } => "memory",
        Lack::Pods { .. } => "pods",
        Lack::Apps { .. } => "apps",
        Lack::NotAdmitting => "state",
    }
}
