//! The demand on services while a scenario is served: a function of the scenario and of what a service is
//! called, so that whoever plays the same commands again gets the same demand.

use std::collections::BTreeMap;
use std::sync::Arc;

use nimbus_core::cluster::PodSpec;
use nimbus_core::workload::Kind;

use super::demand::{Demand, demands};
use crate::load::Curve;
use crate::scenario::{Pattern, Scenario, Source, deployment};
use crate::world::{Rate, StartDelay, Use};

/// Demand by the name of a service.
#[derive(Clone, Debug)]
pub struct Served {
    /// Of the scenario's own services: tenant and Deployment.
    own: BTreeMap<(Arc<str>, String), Known>,
    /// Of the scenario's own batch services: tenant and what each pod asks for.
    batch: Vec<(Arc<str>, Arc<PodSpec>, Known)>,
    /// Loads of services made through the API.
    api: Vec<(Pattern, Arc<Curve>)>,
    usage: Use,
    delay: StartDelay,
}

/// Demand on one service, and what its random stream is named after.
#[derive(Clone, Debug)]
pub struct Known {
    /// Name of its random stream: `tenant/name`.
    pub stream: String,
    /// From bound to ready.
    pub delay: StartDelay,
    /// Where its use comes from.
    pub usage: Use,
}

impl Served {
    pub(super) fn new(scenario: &Scenario, curves: &[Option<Arc<Curve>>]) -> Served {
        let mut own = BTreeMap::new();
        let mut batch = Vec::new();
        for (index, demand) in demands(scenario, curves).into_iter().enumerate() {
            let workload = &scenario.workloads[index];
            let tenant = Arc::clone(&scenario.tenants[workload.tenant].name);
            let known = known(scenario.path_of(index), demand);
            match workload.kind {
                Kind::Service => {
                    own.insert((tenant, deployment(workload)), known);
                }
                Kind::Batch => batch.push((tenant, Arc::clone(&workload.spec), known)),
            }
        }
        let loads = scenario.loads.iter().zip(curves);
        let api = loads.filter_map(|(load, curve)| match (&load.source, curve) {
            (Source::Api { of, .. }, Some(curve)) => Some((of.clone(), Arc::clone(curve))),
            _ => None,
        });
        let usual = &scenario.api;
        Served {
            own,
            batch,
            api: api.collect(),
            usage: Use {
                idle_ppm: usual.use_fraction,
                loads: Vec::new(),
                cpu_per_request: usual.cpu_per_request,
            },
            delay: StartDelay {
                pull: (usual.pull_delay.min, usual.pull_delay.max),
                start: (usual.start_delay.min, usual.start_delay.max),
            },
        }
    }

    /// The demand on a Deployment.
    #[must_use]
    pub fn of_deployment(&self, tenant: &str, name: &str) -> Known {
        let own = self.own.get(&(Arc::from(tenant), name.to_owned()));
        own.cloned().unwrap_or_else(|| {
            let api = self.api.iter();
            let loads = api.filter(|(pattern, _)| pattern.matches(tenant, name));
            let loads = loads.map(|(_, curve)| Arc::clone(curve) as Arc<dyn Rate>);
            Known {
                stream: format!("{tenant}/{name}"),
                delay: self.delay,
                usage: Use {
                    loads: loads.collect(),
                    ..self.usage.clone()
                },
            }
        })
    }

    /// The demand on bare pods: they take no requests.
    #[must_use]
    pub fn of_pods(&self, tenant: &str, spec: &PodSpec) -> Known {
        let same =
            |(of, asks, _): &&(Arc<str>, Arc<PodSpec>, Known)| **of == *tenant && **asks == *spec;
        let own = self.batch.iter().find(same).map(|(_, _, known)| known);
        own.cloned().unwrap_or_else(|| Known {
            stream: format!("{tenant}/pods"),
            delay: self.delay,
            usage: self.usage.clone(),
        })
    }
}

fn known(stream: String, demand: Demand) -> Known {
    Known {
        stream,
        delay: demand.delay,
        usage: demand.usage,
    }
}
