//! The answer: nodes needed, what they cost, promises kept, what binds.

use nimbus_core::units::Resources;

use super::{View, for_30_days, ppm};
use crate::record::Levels;
use crate::report::{Answer, Binding, NodesNeeded, Promise, format};
use crate::run::{Figures, Sample};

/// Nodes that hold a peak by volume, whatever the packing.
fn volume_bound(peak: Resources, nodes: &[Resources]) -> u64 {
    let most = |part: fn(&Resources) -> u64| nodes.iter().map(part).max().unwrap_or(0);
    let bound = |asked: u64, offered: u64| {
        asked
            .checked_div(offered)
            .map_or(0, |_| asked.div_ceil(offered))
    };
    bound(peak.cpu.0, most(|node| node.cpu.0))
        .max(bound(peak.memory.0, most(|node| node.memory.0)))
        .max(bound(
            u64::from(peak.pods),
            most(|node| u64::from(node.pods)),
        ))
}

impl View<'_> {
    pub(super) fn answer(&self, figures: &Figures) -> Answer {
        let sampler = &self.running.sampler;
        let costs = self.pool_costs();
        let pools = &self.running.prepared.scenario.pools;
        let needed = pools.iter().zip(&sampler.busy).zip(&costs);
        let bound = (!pools.is_empty()).then(|| self.peak_lower_bound());
        Answer {
            headline: Vec::new(),
            all: self.needed("all", &sampler.busy_all, costs.iter().sum(), bound),
            pools: needed
                .map(|((pool, busy), cost)| {
                    let bound = bound.filter(|_| pools.len() == 1);
                    self.needed(&pool.name, busy, *cost, bound)
                })
                .collect(),
            slo: self.promises(figures),
            binding: binding(&sampler.samples),
        }
    }

    /// No packing can do with fewer nodes at the peak.
    pub(super) fn peak_lower_bound(&self) -> u64 {
        let pools = &self.running.prepared.scenario.pools;
        let shapes: Vec<Resources> = pools.iter().map(|pool| pool.allocatable).collect();
        volume_bound(self.running.sampler.peak, &shapes)
    }

    fn needed(
        &self,
        pool: &str,
        busy: &Levels,
        cost: i64,
        lower_bound: Option<u64>,
    ) -> NodesNeeded {
        let run = self
            .running
            .end
            .since(self.running.prepared.scenario.head.start);
        NodesNeeded {
            pool: pool.to_owned(),
            nodes_p50: u64::from(busy.percentile(50)),
            nodes_p95: u64::from(busy.percentile(95)),
            nodes_peak: u64::from(busy.peak()),
            lower_bound,
            cost: self.currency.money(cost),
            cost_30d: self.currency.money(for_30_days(cost, run)),
        }
    }

    fn promises(&self, figures: &Figures) -> Vec<Promise> {
        let slo = &self.running.prepared.scenario.slo;
        let mut promises = Vec::new();
        if let Some(limit) = slo.pending_p99 {
            let most = u64::try_from(limit.0 / 1_000).unwrap_or(0);
            promises.push(Promise {
                what: "99 % of pods are bound within".to_owned(),
                promised: format::duration(i128::from(limit.0 / 1_000)),
                found: format::duration(i128::from(figures.pending_p99_ms)),
                ok: figures.pending_p99_ms <= most,
            });
        }
        if let Some(most) = slo.violations_max {
            promises.push(Promise {
                what: format!(
                    "requests above {} % of ready capacity",
                    slo.capacity_percent
                ),
                promised: format!("at most {}", percent(u64::from(most))),
                found: percent(figures.violations_ppm),
                ok: figures.violations_ppm <= u64::from(most),
            });
        }
        promises
    }
}

/// Parts per million as percent, exact.
pub(super) fn percent(ppm: u64) -> String {
    format::percent_exact(i128::from(ppm))
}

fn binding(samples: &[Sample]) -> Option<Binding> {
    type Part = fn(&Resources) -> u64;
    let parts: [(&str, Part); 3] = [
        ("cpu", |r| r.cpu.0),
        ("memory", |r| r.memory.0),
        ("pods", |r| u64::from(r.pods)),
    ];
    let share = |sample: &Sample, part: Part| {
        ppm(
            u128::from(part(&sample.requested)),
            u128::from(part(&sample.allocatable)),
        )
    };
    let peaks = parts.map(|(resource, part)| {
        let peak_ppm = samples
            .iter()
            .map(|sample| share(sample, part))
            .max()
            .unwrap_or(0);
        Binding {
            resource: resource.to_owned(),
            peak_ppm,
        }
    });
    peaks
        .into_iter()
        .rev()
        .max_by_key(|binding| binding.peak_ppm)
        .filter(|binding| binding.peak_ppm > 0)
}
