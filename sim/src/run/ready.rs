//! Making a scenario ready: reading it, its traces once, and what each part is configured with.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use nimbus_core::cluster::NodeSpec;
use nimbus_core::time::Span;
use nimbus_core::{autoscaler, billing, scheduler};

use super::arrivals::{Arrivals, ShapeOf};
use super::demand::{Demand, demands};
use super::served::Served;
use crate::driver::Config;
use crate::load::{Curve, Recorded};
use crate::report;
use crate::scenario::{self, AzureVm, Churn, NodePool, Override, Problem, Scenario, Series, Shape};
use crate::trace::{Arrival, azure_vm, churn, rate_csv};
use crate::world;

/// The text of a scenario and the name of its file: what overrides are applied to.
#[derive(Clone, Debug)]
pub struct Source {
    /// TOML.
    pub text: String,
    /// The file's path, for messages and to find its traces.
    pub file: String,
}

/// What is wrong with a scenario or its traces.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Unready(pub Vec<Problem>);

/// Hash of a trace's file, and what of it was read: names of flavors, or of columns.
type Reading = ([u8; 32], Vec<Arc<str>>);

/// Traces that were read: shared by all runs.
#[derive(Clone, Debug, Default)]
pub struct Data {
    machines: BTreeMap<Reading, Arc<azure_vm::Trace>>,
    counts: BTreeMap<Reading, Arc<Vec<u64>>>,
}

fn machines_of(azure: &AzureVm) -> Reading {
    let names = azure.flavors.iter().map(|flavor| Arc::clone(&flavor.name));
    (azure.file.sha256, names.collect())
}

fn counts_of(series: &Series) -> Reading {
    let columns = vec![Arc::clone(&series.index), Arc::clone(&series.column)];
    (series.file.sha256, columns)
}

/// A scenario that can be run.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// What was changed of it.
    pub set: Vec<Override>,
    /// Its traces.
    pub data: Data,
}

impl Prepared {
    /// Reads a scenario with overrides, and those of its traces that `shared` does not have.
    ///
    /// # Errors
    /// Everything that is wrong with the scenario, or the first thing that is wrong with a trace.
    pub fn new(
        source: &Source,
        set: &[Override],
        shared: Option<&Data>,
    ) -> Result<Prepared, Unready> {
        let scenario = scenario::parse_with(&source.text, &source.file, set).map_err(Unready)?;
        let mut data = shared.cloned().unwrap_or_default();
        for load in &scenario.loads {
            data.read(&load.source)
                .map_err(|problem| Unready(vec![problem]))?;
        }
        Ok(Prepared {
            scenario: Arc::new(scenario),
            set: set.to_vec(),
            data,
        })
    }

    /// What money is in.
    #[must_use]
    pub fn currency(&self) -> report::Currency {
        let currency = self.scenario.billing.currency;
        report::Currency {
            code: currency.code.into(),
            exponent: currency.exponent,
        }
    }

    /// What the machines are configured with.
    #[must_use]
    pub fn machines(&self) -> Config {
        let scenario = &self.scenario;
        Config {
            scheduler: scheduler::Config {
                score: scenario.scheduler.score,
                pools: (0..)
                    .zip(&scenario.pools)
                    .map(|(index, pool)| scheduled(index, pool))
                    .collect(),
                empty_after: scenario.scheduler.empty_after,
            },
            autoscaler: autoscaler::Config::for_samples(scenario.head.metrics_period),
            billing: billing::Config {
                currency: scenario.billing.currency,
                prices: scenario.billing.prices,
                start: scenario.head.start,
            },
            ..Config::default()
        }
    }

    /// What the world is configured with.
    #[must_use]
    pub fn world(&self, seed: u64) -> world::Config {
        let scenario = &self.scenario;
        let pool = |(index, pool): (usize, &NodePool)| world::Pool {
            name: Arc::clone(&pool.name),
            template: template(index, pool),
            zones: pool.zones.clone(),
            initial: pool.count,
            boot_delay: (pool.boot_delay.min, pool.boot_delay.max),
            price_micro_hour: pool.price_per_hour,
        };
        world::Config {
            seed,
            pools: scenario.pools.iter().enumerate().map(pool).collect(),
            metrics_period: scenario.head.metrics_period,
            metrics_lag: scenario.head.metrics_lag,
            capacity_percent: scenario.slo.capacity_percent,
            space_delay: scenario.head.space_delay,
        }
    }

    /// The demand on each workload.
    #[must_use]
    pub fn demands(&self, seed: u64) -> Arc<Vec<Demand>> {
        Arc::new(demands(&self.scenario, &self.curves(seed)))
    }

    /// The demand on each service while the scenario is served.
    #[must_use]
    pub fn served(&self, seed: u64) -> Served {
        Served::new(&self.scenario, &self.curves(seed))
    }

    fn curves(&self, seed: u64) -> Vec<Option<Arc<Curve>>> {
        let loads = self.scenario.loads.iter();
        loads.map(|load| self.curve(load, seed)).collect()
    }

    fn curve(&self, load: &scenario::Load, seed: u64) -> Option<Arc<Curve>> {
        let (shape, from, until) = load.source.requests()?;
        let recorded = match shape {
            Shape::Series(series) => self.data.recorded(series),
            _ => None,
        };
        let (from, until) = (
            self.scenario.time(from),
            until.map(|until| self.scenario.time(until)),
        );
        Some(Arc::new(Curve::new(
            shape, from, until, seed, &load.name, recorded,
        )))
    }

    /// The pods that arrive by themselves, each load a source.
    #[must_use]
    pub fn arrivals(&self, seed: u64) -> Vec<Arrivals> {
        let loads = self.scenario.loads.iter();
        loads
            .filter_map(|load| match &load.source {
                scenario::Source::Requests { .. } | scenario::Source::Api { .. } => None,
                scenario::Source::AzureVm(azure) => self.azure(azure),
                scenario::Source::Churn(churn) => Some(self.churn(churn, seed, &load.name)),
            })
            .collect()
    }

    fn azure(&self, azure: &AzureVm) -> Option<Arrivals> {
        let trace = Arc::clone(self.data.machines.get(&machines_of(azure))?);
        let origin = azure.origin_s.saturating_add(azure.shift.secs());
        let layout = azure_vm::Layout {
            start: self.scenario.head.start,
            origin_s: u64::try_from(origin).unwrap_or(0),
            compression: azure.time_compression,
            tenants: u32::try_from(azure.tenants.len()).unwrap_or(u32::MAX),
        };
        let shape = |flavor: &scenario::Flavor| ShapeOf {
            name: Arc::clone(&flavor.name),
            requests: flavor.requests,
        };
        let shapes = azure.flavors.iter().map(shape).collect();
        let rows: Box<dyn Iterator<Item = Arrival> + Send> =
            Box::new(azure_vm::arrivals(trace, layout));
        Some(Arrivals::new(
            Arc::clone(&azure.app),
            azure.tenants.clone(),
            shapes,
            rows,
        ))
    }

    fn churn(&self, churn: &Churn, seed: u64, name: &str) -> Arrivals {
        let shape = |shape: &scenario::ChurnShape| ShapeOf {
            name: Arc::clone(&shape.name),
            requests: shape.requests,
        };
        let shapes = churn.shapes.iter().map(shape).collect();
        let pods = churn::Pods::new(churn, self.scenario.head.start, seed, name);
        let end = self.scenario.end();
        let rows: Box<dyn Iterator<Item = Arrival> + Send> =
            Box::new(pods.take_while(move |pod| pod.at < end));
        Arrivals::new(Arc::clone(&churn.app), churn.tenants.clone(), shapes, rows)
    }
}

impl Data {
    fn read(&mut self, source: &scenario::Source) -> Result<(), Problem> {
        match source {
            scenario::Source::AzureVm(azure) => {
                if let Entry::Vacant(place) = self.machines.entry(machines_of(azure)) {
                    let (file, flavors) = (&azure.file, &place.key().1);
                    let trace = azure_vm::read(&file.found, &file.path, flavors)?;
                    place.insert(Arc::new(trace));
                }
            }
            scenario::Source::Requests {
                shape: Shape::Series(series),
                ..
            }
            | scenario::Source::Api {
                shape: Shape::Series(series),
                ..
            } => {
                if let Entry::Vacant(place) = self.counts.entry(counts_of(series)) {
                    let file = &series.file;
                    let counts =
                        rate_csv::read(&file.found, &file.path, &series.index, &series.column)?;
                    place.insert(Arc::new(counts));
                }
            }
            scenario::Source::Requests { .. }
            | scenario::Source::Api { .. }
            | scenario::Source::Churn(_) => {}
        }
        Ok(())
    }

    /// The rates of a series: its counts over the period, from `shift` on, scaled.
    fn recorded(&self, series: &Series) -> Option<Recorded> {
        let counts = self.counts.get(&counts_of(series))?;
        let step = Span((series.period.0 / i64::from(series.time_compression.max(1))).max(1));
        let skip = series
            .shift
            .0
            .checked_div(series.period.0)
            .and_then(|skip| usize::try_from(skip).ok());
        let rate = |count: &u64| {
            let milli = u128::from(*count) * u128::from(series.scale) * 1_000_000;
            u64::try_from(milli / u128::from(step.0.unsigned_abs())).unwrap_or(u64::MAX)
        };
        let rates = counts.iter().skip(skip.unwrap_or(0)).map(rate).collect();
        Some(Recorded {
            step,
            rates: Arc::new(rates),
        })
    }
}

fn template(index: usize, pool: &NodePool) -> Arc<NodeSpec> {
    Arc::new(NodeSpec {
        name: Arc::clone(&pool.name),
        pool: Some(nimbus_core::ids::PoolNo::at(index)),
        arch: pool.arch,
        region: Arc::clone(&pool.region),
        zone: Arc::from(""),
        labels: pool.labels.clone(),
        taints: pool.taints.clone(),
        allocatable: pool.allocatable,
    })
}

fn scheduled(index: usize, pool: &NodePool) -> scheduler::Pool {
    scheduler::Pool {
        name: Arc::clone(&pool.name),
        template: template(index, pool),
        min: pool.min,
        max: pool.max,
        price_micro_hour: pool.price_per_hour,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_columns_of_one_file_are_read_as_two_series() {
        let load = |workload: &str, column: &str| {
            format!(
                "[[workload]]\ntenant = \"acme\"\nname = \"{workload}\"\ncpu = \"1\"\nmemory = \"1Gi\"\n\
                 [[load]]\nname = \"{workload}\"\nworkload = \"{workload}\"\nsource = \"csv\"\n\
                 path = \"traces/web-nasa.csv.gz\"\nindex = \"minute\"\ncolumn = \"{column}\"\nperiod = \"1m\"\n"
            )
        };
        let text = format!(
            "[scenario]\nname = \"two\"\nversion = 1\nduration = \"1h\"\n\
             [[node_pool]]\nname = \"general\"\ncpu = \"4\"\nmemory = \"8Gi\"\ncount = 1\n\
             [[tenant]]\nname = \"acme\"\n{}{}",
            load("requests", "requests"),
            load("minutes", "minute")
        );
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/two.toml").to_owned();

        let prepared = Prepared::new(&Source { text, file }, &[], None).unwrap();

        let at = prepared.scenario.time(Span::from_secs(600));
        let rates: Vec<u64> = prepared
            .demands(1)
            .iter()
            .map(|demand| demand.offered.as_ref().unwrap().rate(at))
            .collect();
        assert_eq!(
            rates[1],
            10 * 1_000 / 60,
            "minute 10, as a count per minute"
        );
        assert_ne!(rates[0], rates[1]);
    }
}
