//! What a workload is offered and how long its pods take to start: from the scenario to the world.

use std::sync::Arc;

use crate::load::Curve;
use crate::record::Offered;
use crate::scenario::{Scenario, Source, Workload};
use crate::world::{Rate, StartDelay, Use};

/// Demand on one workload.
#[derive(Clone, Debug)]
pub struct Demand {
    /// From bound to ready.
    pub delay: StartDelay,
    /// Where its use comes from.
    pub usage: Use,
    /// What the recorder must know, if it has a load.
    pub offered: Option<Offered>,
}

impl Rate for Curve {
    fn rate(&self, at: nimbus_core::time::Time) -> u64 {
        Curve::rate(self, at)
    }
}

/// The demand on each workload; `curves` are those of the scenario's loads, in order.
#[must_use]
pub(super) fn demands(scenario: &Scenario, curves: &[Option<Arc<Curve>>]) -> Vec<Demand> {
    let mut loads: Vec<Vec<Arc<dyn Rate>>> = vec![Vec::new(); scenario.workloads.len()];
    for (load, curve) in scenario.loads.iter().zip(curves) {
        let (Source::Requests { workloads, .. }, Some(curve)) = (&load.source, curve) else {
            continue;
        };
        for &workload in workloads {
            loads[workload].push(Arc::clone(curve) as Arc<dyn Rate>);
        }
    }
    scenario
        .workloads
        .iter()
        .zip(loads)
        .map(|(workload, loads)| demand(scenario, workload, loads))
        .collect()
}

fn demand(scenario: &Scenario, workload: &Workload, loads: Vec<Arc<dyn Rate>>) -> Demand {
    let offered = (!loads.is_empty()).then(|| Offered {
        loads: loads.clone(),
        cpu_per_request: workload.cpu_per_request,
        replica_m: workload.spec.requests.cpu.0,
        capacity_percent: scenario.slo.capacity_percent,
    });
    let (pull, start) = (workload.pull_delay, workload.start_delay);
    Demand {
        delay: StartDelay {
            pull: (pull.min, pull.max),
            start: (start.min, start.max),
        },
        usage: Use {
            idle_ppm: workload.use_fraction,
            loads,
            cpu_per_request: workload.cpu_per_request,
        },
        offered,
    }
}
