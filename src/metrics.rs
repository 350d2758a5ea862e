//! Every metric in one list: `nimbus_<noun>_<what>_<unit>`, `_total` for counters, labels from closed sets.
//!
//! Parts get their own group of this struct at the start and count there; nobody registers anything else.

use std::time::Duration;

use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, TextEncoder,
};

/// Tenants that get a label of their own; the rest share hashed ones.
pub const TENANT_LABELS_MAX: usize = 500;

/// Hashed labels for the tenants above the cap.
const HASHED_LABELS: u32 = 64;

/// All metrics of a process.
#[derive(Clone, Debug)]
pub struct Registry {
    registry: prometheus::Registry,
    /// Actors and conductor.
    pub shell: Shell,
    /// The HTTP edge.
    pub http: Http,
    /// What the machines did.
    pub nouns: Nouns,
}

/// Metrics of the HTTP edge.
#[derive(Clone, Debug)]
pub struct Http {
    requests: IntCounterVec,
    request_seconds: HistogramVec,
    limited: IntCounterVec,
    /// Open connections of the public listener.
    pub connections: IntGauge,
    /// Open event streams.
    pub streams: IntGauge,
    /// Event streams that were closed since their reader was too slow.
    pub lagged: IntCounter,
}

/// Metrics of what the machines did (S0-27).
#[derive(Clone, Debug)]
pub struct Nouns {
    tenant_pods: IntGaugeVec,
    tenant_cpu_millicores: IntGaugeVec,
    /// Billed in the current period in minor units, by tenant; see [`tenant_label`].
    pub billing_amount: IntGaugeVec,
    /// Seconds of gaps in the metering.
    pub billing_gap_seconds: IntCounter,
    /// Changes of replica counts by the autoscaler, by `direction`.
    pub autoscaler_actions: IntCounterVec,
    /// Decisions that were held since a metric was missing.
    pub autoscaler_missing_metric: IntCounter,
    /// Decisions of the scheduler, by `kind`.
    pub scheduler_decisions: IntCounterVec,
    /// How long replicas waited for a node, seconds.
    pub scheduler_pending_seconds: Histogram,
    /// Decisions in which a shadow policy differs, by `policy`.
    pub shadow_divergence: IntCounterVec,
    /// Watches of the cluster that were begun again.
    pub watch_restarts: IntCounter,
}

/// Bounds of the time that replicas wait, seconds.
const PENDING_SECONDS: [f64; 9] = [0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0];

/// The limits that can refuse a request.
pub const LIMITS: [&str; 7] = [
    "body",
    "body_time",
    "rate",
    "concurrency",
    "streams",
    "forks",
    "logins",
];

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
        let (http, nouns) = (Http::new(&registry), Nouns::new(&registry));
        Registry {
            registry,
            shell,
            http,
            nouns,
        }
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

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(format!("nimbus_{name}"), help)
}

impl Http {
    fn new(registry: &prometheus::Registry) -> Http {
        let labels = ["route", "method", "status"];
        let requests = opts("api_requests_total", "requests answered");
        let seconds = opts("api_request_seconds", "time to the head of the answer");
        let seconds = HistogramOpts::from(seconds).buckets(SECONDS.to_vec());
        let limited = opts("api_limited_total", "requests that a limit refused");
        let limited = add(registry, IntCounterVec::new(limited, &["limit"]));
        for limit in LIMITS {
            limited.with_label_values(&[limit]); // a first refusal is an increase
        }
        let gauge = |name, help| add(registry, IntGauge::with_opts(opts(name, help)));
        let lagged = opts("api_streams_lagged_total", "streams with a slow reader");
        Http {
            requests: add(registry, IntCounterVec::new(requests, &labels)),
            request_seconds: add(registry, HistogramVec::new(seconds, &labels[..2])),
            limited,
            connections: gauge("api_connections", "open connections"),
            streams: gauge("api_streams", "open event streams"),
            lagged: add(registry, IntCounter::with_opts(lagged)),
        }
    }

    /// Counts an answered request.
    pub fn answered(&self, route: &str, method: &str, status: &str, took: Duration) {
        let labels = [route, method, status];
        self.requests.with_label_values(&labels).inc();
        let seconds = self.request_seconds.with_label_values(&labels[..2]);
        seconds.observe(took.as_secs_f64());
    }

    /// Counts what a limit refused: one of [`LIMITS`].
    pub fn limited(&self, limit: &str) {
        debug_assert!(LIMITS.contains(&limit), "labels come from closed sets");
        self.limited.with_label_values(&[limit]).inc();
    }
}

impl Nouns {
    fn new(registry: &prometheus::Registry) -> Nouns {
        let count = |name, help| add(registry, IntCounter::with_opts(opts(name, help)));
        let counts =
            |name, help, label| add(registry, IntCounterVec::new(opts(name, help), &[label]));
        let gauges = |name, help| add(registry, IntGaugeVec::new(opts(name, help), &["tenant"]));
        let pending = opts("scheduler_pending_seconds", "time that replicas waited");
        let pending = HistogramOpts::from(pending).buckets(PENDING_SECONDS.to_vec());
        let actions = counts(
            "autoscaler_actions_total",
            "changes of replica counts",
            "direction",
        );
        let decisions = counts("scheduler_decisions_total", "decisions", "kind");
        for direction in ["up", "down"] {
            actions.with_label_values(&[direction]);
        }
        for kind in ["place", "wait", "pool"] {
            decisions.with_label_values(&[kind]);
        }
        Nouns {
            tenant_pods: gauges("tenant_pods", "replicas of a tenant"),
            tenant_cpu_millicores: gauges("tenant_cpu_millicores", "requested cpu of a tenant"),
            billing_amount: gauges("billing_amount_total", "billed in the period, minor units"),
            billing_gap_seconds: count("billing_gap_seconds_total", "gaps in the metering"),
            autoscaler_actions: actions,
            autoscaler_missing_metric: count("autoscaler_missing_metric_total", "metric missing"),
            scheduler_decisions: decisions,
            scheduler_pending_seconds: add(registry, Histogram::with_opts(pending)),
            shadow_divergence: counts(
                "policy_shadow_divergence_total",
                "other decisions",
                "policy",
            ),
            watch_restarts: count("watch_restarts_total", "watches begun again"),
        }
    }

    /// Replaces the gauges of all tenants: slug, replicas, millicores. The first
    /// [`TENANT_LABELS_MAX`] get labels of their own; the others are summed under hashed ones.
    pub fn tenants<'a>(&self, rows: impl Iterator<Item = (&'a str, i64, i64)>) {
        self.tenant_pods.reset();
        self.tenant_cpu_millicores.reset();
        for (at, (slug, pods, cpu)) in rows.enumerate() {
            let label = tenant_label(at, slug);
            let label = [label.as_str()];
            self.tenant_pods.with_label_values(&label).add(pods);
            self.tenant_cpu_millicores
                .with_label_values(&label)
                .add(cpu);
        }
    }
}

/// The label of the tenant at a place in the list of all.
#[must_use]
pub fn tenant_label(at: usize, slug: &str) -> String {
    if at < TENANT_LABELS_MAX {
        return slug.to_owned();
    }
    // FNV-1a: equal in every process, so that a series goes on after a restart
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let hash = slug.bytes().fold(0x811c_9dc5_u32, mix);
    format!("hashed-{:02}", hash % HASHED_LABELS)
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
    #[test]
    fn every_family_of_the_seed_is_there() {
        let registry = Registry::default();
        registry.nouns.tenants([("acme", 3, 1500)].into_iter());
        let took = Duration::from_millis(3);
        registry.http.answered("/healthz", "GET", "200", took);
        let text = registry.text();
        for line in [
            "nimbus_api_requests_total{method=\"GET\",route=\"/healthz\",status=\"200\"} 1",
            "nimbus_api_request_seconds_bucket",
            "nimbus_tenant_pods{tenant=\"acme\"} 3",
            "nimbus_tenant_cpu_millicores{tenant=\"acme\"} 1500",
            "nimbus_billing_gap_seconds_total 0",
            "nimbus_autoscaler_actions_total{direction=\"up\"} 0",
            "nimbus_autoscaler_missing_metric_total 0",
            "nimbus_scheduler_decisions_total{kind=\"place\"} 0",
            "nimbus_scheduler_pending_seconds_count 0",
            "nimbus_watch_restarts_total 0",
            "nimbus_api_limited_total{limit=\"rate\"} 0",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    fn labels_of_tenants_are_capped() {
        let registry = Registry::default();
        let slugs: Vec<String> = (0..20_000).map(|n| format!("tenant-{n}")).collect();
        let rows = slugs.iter().map(|slug| (slug.as_str(), 1, 100));
        registry.nouns.tenants(rows);
        let text = registry.text();
        let series = text.matches("nimbus_tenant_pods{").count();
        assert!(series <= TENANT_LABELS_MAX + 64, "{series}");
        assert!(text.len() < 10 << 20);
        assert_eq!(tenant_label(0, "acme"), "acme");
    }
}
