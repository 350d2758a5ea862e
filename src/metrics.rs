//! Every metric in one list: `nimbus_<noun>_<what>_<unit>`, `_total` for counters, labels from closed sets.
//!
//! Parts get their own group of this struct at the start and count there; nobody registers anything else.

use prometheus::{
    Encoder, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    TextEncoder,
};

/// All metrics of a process.
#[derive(Clone, Debug)]
pub struct Registry {
    registry: prometheus::Registry,
    /// Actors and conductor.
    pub shell: Shell,
}

/// Metrics of the actors and of the conductor.
#[derive(Clone, Debug)]
pub struct Shell {
    /// Inputs that wait in a mailbox, by `actor`: the machines, and `conductor`, whose inbox it is.
    pub mailbox_depth: IntGaugeVec,
    /// Machines replaced after a panic or an undone group, by `actor`.
    pub restarts: IntCounterVec,
    /// Inputs left out since handling them panicked, by `actor`.
    pub dead_letters: IntCounterVec,
    /// Asks that a full inbox refused.
    pub overloaded: IntCounter,
    /// Outside inputs of a group.
    pub group_inputs: Histogram,
    /// Groups committed.
    pub groups: IntCounter,
    /// Time to write a group, journal and store, seconds.
    pub commit_seconds: Histogram,
    /// Time to run a group to rest, seconds.
    pub rest_seconds: Histogram,
    /// Groups undone since journal or store did not take them.
    pub undone: IntCounter,
    /// Whether writes are taken: 1 or 0.
    pub writable: IntGauge,
}

/// Bounds of times from a tenth of a millisecond to ten seconds.
pub const SECONDS: [f64; 16] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// Bounds of small counts.
const COUNTS: [f64; 10] = [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 320.0];

impl Default for Registry {
    fn default() -> Registry {
        let registry = prometheus::Registry::new();
        let shell = Shell::new(&registry);
        Registry { registry, shell }
    }
}

impl Registry {
    /// All metrics as Prometheus reads them.
    #[must_use]
    pub fn text(&self) -> String {
        let mut bytes = Vec::new();
        let written = TextEncoder::new().encode(&self.registry.gather(), &mut bytes);
        written.expect("a list in memory takes every metric");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Adds a metric to the list.
fn add<M: prometheus::core::Collector + Clone + 'static>(
    registry: &prometheus::Registry,
    metric: prometheus::Result<M>,
) -> M {
    let metric = metric.expect("names and bounds are constants that a test has seen");
    let added = registry.register(Box::new(metric.clone()));
    added.expect("names are constants that differ, which a test has seen");
    metric
}

impl Shell {
    fn new(registry: &prometheus::Registry) -> Shell {
        let actor = &["actor"];
        let opts = |name: &str, help: &str| Opts::new(format!("nimbus_{name}"), help);
        let vec = |name, help| add(registry, IntCounterVec::new(opts(name, help), actor));
        let count = |name, help| add(registry, IntCounter::with_opts(opts(name, help)));
        let histogram = |name: &str, help: &str, buckets: &[f64]| {
            let opts = HistogramOpts::new(format!("nimbus_{name}"), help).buckets(buckets.to_vec());
            add(registry, Histogram::with_opts(opts))
        };
        let depth = opts("actor_mailbox_depth", "inputs that wait in a mailbox");
        let writable = opts("conductor_writable", "whether writes are taken");
        Shell {
            mailbox_depth: add(registry, IntGaugeVec::new(depth, actor)),
            restarts: vec("actor_restarts_total", "machines replaced after a fault"),
            dead_letters: vec("actor_dead_letters_total", "inputs that panicked"),
            overloaded: count(
                "conductor_overloaded_total",
                "asks that a full inbox refused",
            ),
            group_inputs: histogram(
                "conductor_group_inputs",
                "outside inputs of a group",
                &COUNTS,
            ),
            groups: count("conductor_groups_total", "groups committed"),
            commit_seconds: histogram(
                "conductor_commit_seconds",
                "time to write a group",
                &SECONDS,
            ),
            rest_seconds: histogram("conductor_rest_seconds", "time to run a group", &SECONDS),
            undone: count("conductor_undone_total", "groups that could not be written"),
            writable: add(registry, IntGauge::with_opts(writable)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_rendered_for_prometheus() {
        let registry = Registry::default();
        registry.shell.groups.inc();
        registry
            .shell
            .dead_letters
            .with_label_values(&["tenant"])
            .inc();
        let text = registry.text();
        assert!(text.contains("nimbus_conductor_groups_total 1"), "{text}");
        assert!(
            text.contains("nimbus_actor_dead_letters_total{actor=\"tenant\"} 1"),
            "{text}"
        );
    }
}
