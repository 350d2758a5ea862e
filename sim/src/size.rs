//! Sizing: the smallest count of each pool that meets the objective, found by search.
//!
//! A first run with every pool at its most shows what is asked at the peak; the volume bound (requests at
//! the peak over what a node offers, the worst resource) is where the search begins. Pools are settled one
//! after the other, the dearest per core first, so that what remains is the cheapest; for each, the count
//! goes up from the bound in doubling steps and then halves the gap, and n − 1 is run to be shown failing.
//! With one pool this is the least count; with several it is least for the last pool given the others.

use nimbus_core::time::Span;
use nimbus_core::units::Resources;

use crate::report::{Attempt, Currency, Header, Money, PoolSize, Promise, Sizing, format};
use crate::run::{Data, Figures, Options, Prepared, Source, Unready, figures};
use crate::scenario::{Override, Scenario};
use crate::sweep::header;

/// Most runs of one search.
pub const RUNS_MAX: u32 = 500;

/// The objective: every one of them must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Objective {
    /// Longest 99th percentile of waiting, milliseconds.
    pub pending_p99_ms: Option<u64>,
    /// Most requests above capacity, parts per million.
    pub violations_ppm: Option<u64>,
    /// Most pods that wait at the end.
    pub waiting: u64,
}

impl Objective {
    /// What a scenario promises; without a promise about waiting, none of the pods may wait at the end.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Objective {
        let millis = |span: Span| u64::try_from(span.0 / 1_000).unwrap_or(0);
        Objective {
            pending_p99_ms: scenario.slo.pending_p99.map(millis),
            violations_ppm: scenario.slo.violations_max.map(u64::from),
            waiting: scenario.expect.waiting_max.unwrap_or(0),
        }
    }

    /// Whether a scenario promised anything.
    #[must_use]
    pub fn promised(&self) -> bool {
        self.pending_p99_ms.is_some() || self.violations_ppm.is_some()
    }

    /// What the figures break, in words; `None` if they meet it.
    #[must_use]
    pub fn broken(&self, figures: &Figures) -> Option<String> {
        if figures.waiting > self.waiting {
            return Some(format!(
                "{} pods wait at the end, at most {} may",
                figures.waiting, self.waiting
            ));
        }
        if let Some(most) = self
            .pending_p99_ms
            .filter(|most| figures.pending_p99_ms > *most)
        {
            return Some(format!(
                "99 % of pods are bound within {}, {} is promised",
                duration(figures.pending_p99_ms),
                duration(most)
            ));
        }
        let most = self
            .violations_ppm
            .filter(|most| figures.violations_ppm > *most)?;
        Some(format!(
            "{} of requests are above capacity, {} may be",
            percent(figures.violations_ppm),
            percent(most)
        ))
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoSize {
    /// The scenario is refused.
    #[error(transparent)]
    Unready(#[from] Unready),
    /// A run failed.
    #[error("a run of the search failed: {0}")]
    Fault(String),
    /// The search was stopped or grew too long.
    #[error("the search stopped after {0} runs")]
    Stopped(u32),
}

struct Search<'a> {
    source: &'a Source,
    set: &'a [Override],
    data: Data,
    names: Vec<String>,
    prices: Vec<u64>,
    currency: Currency,
    objective: Objective,
    attempts: Vec<Attempt>,
    events: u64,
    progress: &'a mut dyn FnMut(u32) -> bool,
}

impl Search<'_> {
    /// Figures with these counts, fixed for the whole run, and what they break.
    fn attempt(&mut self, counts: &[u32]) -> Result<(Figures, Option<String>), NoSize> {
        let begun = u32::try_from(self.attempts.len()).unwrap_or(u32::MAX);
        if !(self.progress)(begun + 1) || begun >= RUNS_MAX {
            return Err(NoSize::Stopped(begun));
        }
        let mut set = self.set.to_vec();
        for (name, count) in self.names.iter().zip(counts) {
            for part in ["min", "count", "max"] {
                let key = format!("node_pool.{name}.{part}");
                set.push(Override {
                    key,
                    value: count.to_string(),
                });
            }
        }
        let prepared = Prepared::new(self.source, &set, Some(&self.data))?;
        let found = figures(&prepared, &Options::quick());
        let (figures, _, events) = found.map_err(|fault| NoSize::Fault(fault.to_string()))?;
        self.events += events;
        let broken = self.objective.broken(&figures);
        let why = broken.clone().unwrap_or_else(|| {
            format!(
                "99 % of pods are bound within {}",
                duration(figures.pending_p99_ms)
            )
        });
        let cost_30d = self.cost_30d(counts);
        self.attempts.push(Attempt {
            counts: counts.to_vec(),
            ok: broken.is_none(),
            why,
            cost_30d,
        });
        Ok((figures, broken))
    }

    fn broken(&mut self, counts: &[u32]) -> Result<Option<String>, NoSize> {
        self.attempt(counts).map(|(_, broken)| broken)
    }

    /// Cost of these nodes for 30 days, half up.
    fn cost_30d(&self, counts: &[u32]) -> Money {
        let micro: u128 = self
            .prices
            .iter()
            .zip(counts)
            .map(|(price, count)| u128::from(*price) * u128::from(*count) * 720)
            .sum();
        self.currency
            .money(i64::try_from((micro + 500_000) / 1_000_000).unwrap_or(i64::MAX))
    }

    /// The attempt with these counts, if it failed.
    fn failed(&self, counts: &[u32]) -> Option<Attempt> {
        self.attempts
            .iter()
            .find(|attempt| attempt.counts == counts && !attempt.ok)
            .cloned()
    }

    /// Sets one pool to the smallest count that does; one fewer is among the attempts, failing.
    fn settle(&mut self, counts: &mut [u32], pool: usize, least: u32) -> Result<(), NoSize> {
        let most = counts[pool];
        let mut fails: Option<u32> = None;
        let mut step = 1;
        let mut low = least;
        let mut high = loop {
            counts[pool] = low.min(most);
            match self.broken(counts)? {
                None => break counts[pool],
                Some(_) => fails = Some(counts[pool]),
            }
            if low >= most {
                break most;
            }
            low = low.saturating_add(step);
            step *= 2;
        };
        while let Some(failing) = fails.filter(|failing| failing + 1 < high) {
            counts[pool] = failing + (high - failing) / 2;
            match self.broken(counts)? {
                None => high = counts[pool],
                Some(_) => fails = Some(counts[pool]),
            }
        }
        // A volume bound is none where pods may wait: go on down until one fewer fails.
        while fails.is_none() && high > 0 {
            counts[pool] = high - 1;
            match self.broken(counts)? {
                None => high -= 1,
                Some(_) => fails = Some(high - 1),
            }
        }
        counts[pool] = high;
        Ok(())
    }
}

fn duration(millis: u64) -> String {
    format::duration(i128::from(millis))
}

fn percent(ppm: u64) -> String {
    format::percent_exact(i128::from(ppm))
}

/// Nodes of this shape that hold `peak` by volume, and the resource that makes it so.
fn volume_bound(peak: Resources, node: Resources) -> (u32, &'static str) {
    let ceil = |part: u64, whole: u64| if whole == 0 { 0 } else { part.div_ceil(whole) };
    let bounds = [
        (ceil(u64::from(peak.pods), u64::from(node.pods)), "pods"),
        (ceil(peak.memory.0, node.memory.0), "memory"),
        (ceil(peak.cpu.0, node.cpu.0), "cpu"),
    ];
    let (bound, resource) = bounds
        .into_iter()
        .max_by_key(|(bound, _)| *bound)
        .unwrap_or((0, "cpu"));
    (u32::try_from(bound).unwrap_or(u32::MAX), resource)
}

/// Finds the smallest counts. `progress` hears how many runs were begun and says whether to go on.
///
/// # Errors
/// See [`NoSize`].
pub fn size(
    source: &Source,
    set: &[Override],
    progress: &mut dyn FnMut(u32) -> bool,
) -> Result<Sizing, NoSize> {
    let prepared = Prepared::new(source, set, None)?;
    let scenario = &prepared.scenario;
    let mut search = Search {
        source,
        set,
        data: prepared.data.clone(),
        names: scenario
            .pools
            .iter()
            .map(|pool| pool.name.to_string())
            .collect(),
        prices: scenario
            .pools
            .iter()
            .map(|pool| pool.price_per_hour)
            .collect(),
        currency: prepared.currency(),
        objective: Objective::of(scenario),
        attempts: Vec::new(),
        events: 0,
        progress,
    };
    let mut counts: Vec<u32> = scenario.pools.iter().map(|pool| pool.max).collect();
    let (ample, broken) = search.attempt(&counts)?;
    let mut bounds = vec![None; counts.len()];
    if broken.is_none() {
        for pool in dearest_first(scenario) {
            let others = (0..counts.len()).filter(|other| *other != pool);
            let held = others.fold(Resources::ZERO, |sum, other| {
                let shape = scenario.pools[other]
                    .allocatable
                    .checked_mul(counts[other])
                    .unwrap_or_default();
                sum.checked_add(shape).unwrap_or(sum)
            });
            let bound = volume_bound(
                ample.peak.saturating_sub(held),
                scenario.pools[pool].allocatable,
            );
            search.settle(&mut counts, pool, bound.0.min(scenario.pools[pool].max))?;
            bounds[pool] = Some(bound);
        }
    }
    let (figures, _) = search.attempt(&counts)?;
    Ok(document(
        &prepared, &search, &counts, &bounds, &figures, broken,
    ))
}

/// Pools by price of a core, the dearest first; what is settled last is the cheapest.
fn dearest_first(scenario: &Scenario) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scenario.pools.len()).collect();
    order.sort_by_key(|&pool| {
        let pool = &scenario.pools[pool];
        let per_core =
            u128::from(pool.price_per_hour) * 1_000_000 / u128::from(pool.allocatable.cpu.0.max(1));
        (std::cmp::Reverse(per_core), pool.name.clone())
    });
    order
}

fn document(
    prepared: &Prepared,
    search: &Search<'_>,
    counts: &[u32],
    bounds: &[Option<(u32, &'static str)>],
    figures: &Figures,
    broken: Option<String>,
) -> Sizing {
    let pools = search.names.iter().enumerate().map(|(pool, name)| {
        let mut fewer = counts.to_vec();
        fewer[pool] = counts[pool].saturating_sub(1);
        let mut alone = vec![0; counts.len()];
        alone[pool] = counts[pool];
        PoolSize {
            pool: name.clone(),
            count: counts[pool],
            lower_bound: bounds[pool].map(|(bound, _)| bound),
            binding: bounds[pool].map(|(_, resource)| resource.to_owned()),
            below: search.failed(&fewer),
            cost_30d: search.cost_30d(&alone),
        }
    });
    let hopeless = broken
        .as_ref()
        .map(|why| format!("not even every pool at its max does: {why}"));
    Sizing {
        header: Header {
            events: search.events,
            ..header(prepared)
        },
        met: broken.is_none(),
        slo: promises(&search.objective, figures),
        pools: pools.collect(),
        cost_30d: search.cost_30d(counts),
        attempts: search.attempts.clone(),
        notes: hopeless.into_iter().collect(),
        run: None,
    }
}

fn promises(objective: &Objective, figures: &Figures) -> Vec<Promise> {
    let promise = |what: &str, promised: String, found: String, ok: bool| Promise {
        what: what.to_owned(),
        promised,
        found,
        ok,
    };
    let waiting = promise(
        "pods that wait at the end",
        format!("at most {}", objective.waiting),
        figures.waiting.to_string(),
        figures.waiting <= objective.waiting,
    );
    let pending = objective.pending_p99_ms.map(|most| {
        let found = figures.pending_p99_ms;
        promise(
            "99 % of pods are bound within",
            duration(most),
            duration(found),
            found <= most,
        )
    });
    let violations = objective.violations_ppm.map(|most| {
        let found = figures.violations_ppm;
        promise(
            "requests above capacity",
            format!("at most {}", percent(most)),
            percent(found),
            found <= most,
        )
    });
    [Some(waiting), pending, violations]
        .into_iter()
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nimbus_core::units::{Bytes, Cpu};

    #[test]
    fn the_volume_bound_is_that_of_the_scarcest_resource() {
        let node = Resources {
            cpu: Cpu(4_000),
            memory: Bytes::gib(16),
            pods: 10,
        };
        let peak = |cpu, gib, pods| Resources {
            cpu: Cpu(cpu),
            memory: Bytes::gib(gib),
            pods,
        };
        assert_eq!(volume_bound(peak(9_000, 16, 1), node), (3, "cpu"));
        assert_eq!(volume_bound(peak(1_000, 33, 1), node), (3, "memory"));
        assert_eq!(volume_bound(peak(1_000, 16, 41), node), (5, "pods"));
    }
}
