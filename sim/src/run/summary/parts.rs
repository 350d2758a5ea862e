//! Capacity, pools, scheduling and autoscaling, from samples and counters.

use std::borrow::Cow;

use nimbus_core::ids::{NodeNo, PodNo, PoolNo, ServiceNo, TenantNo};
use nimbus_core::store::workload::Service;
use nimbus_core::time::Time;

use super::{View, cost_minor, ppm};
use crate::record::ServiceScaling;
use crate::report::explain::{self, Names, explained};
use crate::report::{Capacity, Levels, Percentiles, Pool, Scaling, Scheduling, Tally, Wide};
use crate::run::Sample;

fn tally(what: impl Into<String>, count: u64) -> Tally {
    Tally {
        what: what.into(),
        count,
    }
}

impl View<'_> {
    fn at_s(&self, at: Time) -> i64 {
        at.since(self.running.prepared.scenario.head.start).secs()
    }

    fn series(&self, of: impl Fn(&Sample) -> u64) -> Vec<u64> {
        self.running.sampler.samples.iter().map(of).collect()
    }

    fn times(&self) -> Vec<i64> {
        self.running
            .sampler
            .samples
            .iter()
            .map(|sample| self.at_s(sample.at))
            .collect()
    }

    pub(super) fn capacity(&self) -> Capacity {
        let sampler = &self.running.sampler;
        let one_pool = self.running.prepared.scenario.pools.len() == 1;
        let sum = |counts: &[u32]| counts.iter().map(|count| u64::from(*count)).sum::<u64>();
        Capacity {
            at_s: self.times(),
            cpu: Levels {
                allocatable: self.series(|sample| sample.allocatable.cpu.0),
                requested: self.series(|sample| sample.requested.cpu.0),
                used: self.series(|sample| sample.used_m),
            },
            memory: Levels {
                allocatable: self.series(|sample| sample.allocatable.memory.0),
                requested: self.series(|sample| sample.requested.memory.0),
                used: Vec::new(),
            },
            pods: Levels {
                allocatable: self.series(|sample| u64::from(sample.allocatable.pods)),
                requested: self.series(|sample| u64::from(sample.requested.pods)),
                used: Vec::new(),
            },
            nodes: self.series(|sample| sum(&sample.nodes)),
            empty_nodes: self.series(|sample| sum(&sample.nodes).saturating_sub(sum(&sample.busy))),
            largest_free_cpu: Vec::new(),
            largest_free_memory: Vec::new(),
            node_seconds: Wide::from(sampler.busy_all.integral() / 1_000_000),
            fluid_node_seconds: one_pool.then(|| Wide::from(sampler.fluid / 1_000_000 / 1_000_000)),
            peak_nodes: u64::from(sampler.busy_all.peak()),
            peak_lower_bound: one_pool.then(|| self.peak_lower_bound()),
        }
    }

    pub(super) fn pools(&self) -> Vec<Pool> {
        let scenario = &self.running.prepared.scenario;
        let totals = self.running.driver.world.totals(self.running.end);
        let pools = scenario.pools.iter().zip(&totals.pools).enumerate();
        pools
            .map(|(index, (pool, total))| Pool {
                name: pool.name.to_string(),
                cpu_m: pool.allocatable.cpu.0,
                memory_bytes: pool.allocatable.memory.0,
                pods: pool.allocatable.pods,
                min: pool.min,
                max: pool.max,
                price_per_hour: pool.price_per_hour,
                boots: u64::from(total.booted),
                removals: u64::from(total.removed),
                node_seconds: Wide::from(total.node_us / 1_000_000),
                cost: self
                    .currency
                    .money(cost_minor(pool.price_per_hour, total.node_us)),
                at_s: self.times(),
                nodes: self.series(|sample| u64::from(sample.nodes[index])),
                cpu_ppm: Vec::new(),
            })
            .collect()
    }

    pub(super) fn scheduling(&self) -> Scheduling {
        let recorder = &self.running.driver.recorder;
        let (refused_requests, refused_pods) = recorder.refused();
        let start = self.running.prepared.scenario.head.start;
        Scheduling {
            placed: recorder.placed,
            waited: recorder.delayed,
            waiting: self.running.driver.world.phases().pending,
            refused_requests,
            refused_pods,
            refusals: recorder
                .lacks
                .iter()
                .map(|(lack, count)| tally(*lack, *count))
                .collect(),
            pending: Percentiles::of(&recorder.waited_ms, 1),
            waits_by_filter: recorder
                .waits
                .iter()
                .map(|(filter, count)| tally(filter.as_str(), *count))
                .collect(),
            at_s: self.times(),
            pending_pods: self.series(|sample| sample.pending),
            samples: recorder
                .examples
                .iter()
                .map(|(at, decision)| explained(start, *at, decision, self))
                .collect(),
        }
    }

    pub(super) fn autoscaling(&self) -> Vec<Scaling> {
        let feed = &self.running.driver.outside;
        let services = &self.running.driver.recorder.scaling.services;
        let workloads = 0..self.running.prepared.scenario.workloads.len();
        let found = workloads.filter_map(|index| {
            let service = services.get(&feed.service(index)?)?;
            Some(self.scaling(index, service))
        });
        found.collect()
    }

    fn scaling(&self, index: usize, service: &ServiceScaling) -> Scaling {
        let scenario = &self.running.prepared.scenario;
        let no = self.running.driver.outside.service(index);
        let served = no
            .and_then(|no| self.running.driver.world.served(no, self.running.end))
            .unwrap_or_default();
        let policy = scenario.workloads[index]
            .autoscaler
            .map(|index| &scenario.autoscalers[index]);
        let whole = |milli: u128| u64::try_from(milli / 1_000).unwrap_or(u64::MAX);
        let points = &service.points;
        Scaling {
            service: scenario.path_of(index),
            policy: policy.map_or("none".to_owned(), |scaler| words(&scaler.policy)),
            up: service.up,
            down: service.down,
            requests: whole(served.requests_milli),
            violating: whole(served.over_milli),
            violating_ppm: ppm(served.over_milli, served.requests_milli),
            overload_minutes: service.overload_minutes,
            pod_seconds: Wide::from(service.ready_us / 1_000_000),
            ideal_pod_seconds: Wide::from(service.ideal_us / 1_000_000),
            reaction: None,
            holds: service
                .holds
                .iter()
                .map(|(reason, count)| tally(explain::reason(*reason), *count))
                .collect(),
            at_s: points.iter().map(|point| self.at_s(point.at)).collect(),
            load_mrps: points.iter().map(|point| point.rate).collect(),
            capacity_mrps: points.iter().map(|point| point.carried).collect(),
            replicas: points.iter().map(|point| point.ready).collect(),
        }
    }
}

/// A policy in one line.
fn words(policy: &nimbus_core::autoscaler::Policy) -> String {
    let mut text = format!(
        "up above {} %, down below {} %, {}..{} replicas, every {}",
        policy.up_percent, policy.down_percent, policy.min, policy.max, policy.period
    );
    if policy.cooldown.0 > 0 {
        text.push_str(&format!(", cool-down {}", policy.cooldown));
    }
    text
}

impl Names for View<'_> {
    fn tenant(&self, no: TenantNo) -> Cow<'_, str> {
        Cow::Owned(self.tenant_name(no))
    }

    fn service(&self, no: ServiceNo) -> Cow<'_, str> {
        let service = self.running.driver.machines.workloads.service(no);
        let path = |row: &Service| format!("{}/{}", self.tenant_name(row.tenant), row.name);
        Cow::Owned(service.map_or_else(|| no.to_string(), |view| path(view.row())))
    }

    fn node(&self, no: NodeNo) -> Cow<'_, str> {
        let node = self.running.driver.world.nodes().get(no.index());
        node.map_or_else(
            || Cow::Owned(no.to_string()),
            |node| Cow::Borrowed(&*node.spec.name),
        )
    }

    fn pool(&self, no: PoolNo) -> Cow<'_, str> {
        let pool = self.running.prepared.scenario.pools.get(no.index());
        pool.map_or_else(
            || Cow::Owned(no.to_string()),
            |pool| Cow::Borrowed(&*pool.name),
        )
    }

    fn pod(&self, no: PodNo) -> Cow<'_, str> {
        Cow::Owned(format!("pod {no}"))
    }
}
