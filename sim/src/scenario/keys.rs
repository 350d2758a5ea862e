//! Every section and key of a scenario: form, default, meaning. The parser, `explain`, the JSON Schema and
//! `docs/scenario-format.md` all read this one table.

use super::form::Form;
use super::limits::{REPLICAS_MAX, TENANTS_MAX};

/// What happens if a key is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preset {
    /// The scenario is refused.
    Must,
    /// Nothing; `about` says what that means.
    None,
    /// As if this had been written.
    Is(&'static str),
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) form: Form,
    pub(super) preset: Preset,
    pub(super) about: &'static str,
    /// Words of the section's `source` or `kind` with which the key has an effect; empty: all.
    pub(super) only: &'static [&'static str],
}

/// One section.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
    pub(super) name: &'static str,
    /// Whether there can be several: `[[name]]`.
    pub(super) list: bool,
    pub(super) about: &'static str,
    pub(super) keys: &'static [Key],
}

impl Section {
    /// The row of a key.
    pub(super) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

/// The section of a name.
pub(super) fn section(name: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.name == name)
}

const fn must(name: &'static str, form: Form, about: &'static str) -> Key {
    Key {
        name,
        form,
        preset: Preset::Must,
        about,
        only: &[],
    }
}

const fn none(name: &'static str, form: Form, about: &'static str) -> Key {
    Key {
        name,
        form,
        preset: Preset::None,
        about,
        only: &[],
    }
}

const fn is(name: &'static str, form: Form, preset: &'static str, about: &'static str) -> Key {
    Key {
        name,
        form,
        preset: Preset::Is(preset),
        about,
        only: &[],
    }
}

impl Key {
    const fn only(self, only: &'static [&'static str]) -> Key {
        Key { only, ..self }
    }
}

/// Sources of `[[load]]`.
pub(super) const SOURCES: &[&str] = &[
    "constant", "step", "ramp", "sine", "burst", "poisson", "csv", "azure-vm", "churn",
];
const REQUESTS: &[&str] = &[
    "constant", "step", "ramp", "sine", "burst", "poisson", "csv",
];
const LOW_HIGH: &[&str] = &["ramp", "sine", "burst"];
const RATE: &[&str] = &["constant", "step", "poisson", "churn"];
const FILES: &[&str] = &["csv", "azure-vm"];
const PODS: &[&str] = &["azure-vm", "churn"];

/// Kinds of `[[action]]`.
pub(super) const KINDS: &[&str] = &[
    "deploy",
    "scale",
    "rollback",
    "unpin",
    "restart",
    "pause",
    "resume",
    "undo",
    "delete_service",
    "suspend",
    "resume_tenant",
    "delete_tenant",
    "set_quota",
    "set_plan",
];
const ON_WORKLOAD: &[&str] = &[
    "deploy",
    "scale",
    "rollback",
    "unpin",
    "restart",
    "pause",
    "resume",
    "undo",
    "delete_service",
];
const ON_TENANT: &[&str] = &[
    "suspend",
    "resume_tenant",
    "delete_tenant",
    "set_quota",
    "set_plan",
];
const PLANS: &[&str] = &["metered", "free", "business", "enterprise"];
const NONNEGATIVE: Form = Form::Duration(0);
const POSITIVE: Form = Form::Duration(1);
const SECOND: Form = Form::Duration(1_000_000);
const MANY: Form = Form::Count(0, 1_000_000_000_000);

/// All sections, in the order in which `explain` writes them.
pub(super) static SECTIONS: &[Section] = &[
    Section {
        name: "scenario",
        list: false,
        about: "Name and clock.",
        keys: &[
            must("name", Form::Text, "equal to the file's name without .toml"),
            must("version", Form::Count(1, 1), "of this format"),
            none("title", Form::Text, "one line for the head of the report"),
            is("seed", Form::Count(0, i64::MAX as u64), "0", "of all random streams"),
            is("start", Form::Time, "2026-01-01T00:00:00Z", "when it begins"),
            must("duration", POSITIVE, "how long it runs"),
            is("warm_up", NONNEGATIVE, "0s", "simulated first and left out of rates and percentiles"),
            is("metrics_period", SECOND, "30s", "time between two usage samples"),
            is("metrics_lag", NONNEGATIVE, "0s", "age of a sample when it is delivered"),
            is("space_delay", NONNEGATIVE, "0s", "how long making or deleting a tenant's space takes"),
        ],
    },
    Section {
        name: "node_pool",
        list: true,
        about: "Nodes of one shape.",
        keys: &[
            must("name", Form::Slug(40), "unique; nodes are <name>-<n>"),
            must("cpu", Form::Cpu, "that pods may ask of one node"),
            must("memory", Form::Memory, "that pods may ask of one node"),
            is("pods", Form::Count(1, 10_000), "110", "that fit on one node"),
            none("count", Form::Count(0, 200_000), "nodes at the start; as min if not given"),
            none("min", Form::Count(0, 200_000), "never fewer; as count if not given"),
            none("max", Form::Count(0, 200_000), "never more; as count if not given"),
            is("arch", Form::OneOf(&["amd64", "arm64"]), "amd64", "architecture"),
            is("region", Form::Text, "", "region; empty if none"),
            is("zones", Form::Texts, "[]", "zones in which nodes are made in turn"),
            is("labels", Form::Labels, "{}", "labels of each node"),
            is("taints", Form::Taints, "[]", "taints of each node"),
            is("boot_delay", Form::Delay, "60s", "from the order to the node that takes pods"),
            is("price_per_hour", Form::Price, "0", "of one node"),
        ],
    },
    Section {
        name: "org",
        list: true,
        about: "A customer with several tenants. A tenant without one has its own.",
        keys: &[
            must("name", Form::Slug(40), "unique"),
            is("plan", Form::OneOf(PLANS), "metered", "plan of all its tenants"),
        ],
    },
    Section {
        name: "tenant",
        list: true,
        about: "A tenant, or `count` of them.",
        keys: &[
            must("name", Form::Slug(40), "unique; with count the tenants are <name>-000, <name>-001, …"),
            none("count", Form::Count(1, TENANTS_MAX as u64), "how many; one with exactly this name if not given"),
            none("org", Form::Slug(40), "name of its [[org]]; its own if not given"),
            none("plan", Form::OneOf(PLANS), "also `tier`; metered if not given; that of its org if it has one"),
            none("quota", Form::Quota, "instead of the plan's"),
            is("at", NONNEGATIVE, "0s", "when it is created, from the start"),
        ],
    },
    Section {
        name: "autoscaler",
        list: true,
        about: "An autoscale policy that workloads name.",
        keys: &[
            must("name", Form::Slug(40), "unique"),
            is("policy", Form::OneOf(&["nimbus-step"]), "nimbus-step", "which rule"),
            is("period", SECOND, "30s", "time between two looks"),
            is("up_percent", Form::Percent(1, 1_000), "70", "of the requested cpu: a step up above this use"),
            is("down_percent", Form::Percent(1, 1_000), "30", "of the requested cpu: a step down below this use"),
            is("min", Form::Count(1, REPLICAS_MAX as u64), "1", "least replicas"),
            is("max", Form::Count(1, REPLICAS_MAX as u64), "5", "most replicas"),
            is("step_up", Form::Count(1, REPLICAS_MAX as u64), "1", "replicas added at once"),
            is("step_down", Form::Count(1, REPLICAS_MAX as u64), "1", "replicas taken away at once"),
            is("cooldown", NONNEGATIVE, "0s", "shortest time between two changes"),
            is("wait_ready", Form::Flag, "false", "no further step up while a replica is not ready"),
            is("allow_flap", Form::Flag, "false", "accept thresholds that oscillate under constant load"),
        ],
    },
    Section {
        name: "workload",
        list: true,
        about: "A service, or batch pods, of one tenant or of several.",
        keys: &[
            must("tenant", Form::Text, "name of a tenant, of a [[tenant]] with count, or `each`"),
            none("app", Form::Slug(30), "its app; as name if not given"),
            must("name", Form::Slug(30), "unique within the tenant"),
            is("kind", Form::OneOf(&["service", "batch"]), "service", "replicas that serve, or pods with an end"),
            none("image", Form::Text, "<name>:1 if not given"),
            must("cpu", Form::Cpu, "that each replica asks for"),
            must("memory", Form::Memory, "that each replica asks for"),
            is("replicas", Form::Count(0, REPLICAS_MAX as u64), "1", "at the start; of batch: pods that are run"),
            none("lifetime", POSITIVE, "of batch pods once bound; until stopped if not given").only(&["batch"]),
            is("at", NONNEGATIVE, "0s", "when it is deployed, never before its tenant exists"),
            none("autoscaler", Form::Slug(40), "name of an [[autoscaler]]; fixed replicas if not given").only(&["service"]),
            is("cpu_per_request", POSITIVE, "10ms", "cpu time of one request"),
            is("use_fraction", Form::Share, "0%", "of its requested cpu that a ready replica uses without any request"),
            is("start_delay", Form::Delay, "5s", "from bound, with the image there, to ready"),
            is("pull_delay", Form::Delay, "0s", "of the image, once per node and image"),
            none("arch", Form::OneOf(&["amd64", "arm64"]), "required of the node"),
            none("region", Form::Text, "required of the node"),
            none("zone", Form::Text, "required of the node"),
            is("selector", Form::Labels, "{}", "labels that the node must have"),
            is("tolerations", Form::Tolerations, "[]", "taints that it accepts"),
            is("priority", Form::Signed(i32::MIN as i64, i32::MAX as i64), "0", "higher goes first"),
            is("surge", Form::Pods, "25%", "pods above the replicas during a rollout").only(&["service"]),
            is("unavailable", Form::Pods, "25%", "pods below the replicas during a rollout").only(&["service"]),
            is("deadline", SECOND, "10m", "longest time of a rollout without a new ready replica").only(&["service"]),
            is("starts", Form::Flag, "true", "false stands for an image that never becomes ready"),
        ],
    },
    Section {
        name: "load",
        list: true,
        about: "Where demand comes from. Loads of one workload add up.",
        keys: &[
            none("name", Form::Text, "unique; the workload's or the source's if not given"),
            must("source", Form::OneOf(SOURCES), "what it is"),
            none("workload", Form::Text, "name or tenant/name; the name alone means it in every tenant").only(REQUESTS),
            none("match", Form::Text, "instead of workload: services made through the API, `api:*`, `api:tenant/*` or `api:tenant/name`").only(REQUESTS),
            is("from", NONNEGATIVE, "0s", "begins here; zero before").only(REQUESTS),
            none("until", POSITIVE, "zero from here on; to the end if not given").only(REQUESTS),
            must("rate", Form::Rate, "requests per second: constant, at first (step), mean (poisson); churn: pods per second").only(RATE),
            must("steps", Form::Steps, "jumps: from `at` on, `rate`").only(&["step"]),
            must("low", Form::Rate, "lowest rate; ramp: the first").only(LOW_HIGH),
            must("high", Form::Rate, "highest rate; ramp: the last").only(LOW_HIGH),
            must("over", POSITIVE, "how long the ramp takes").only(&["ramp"]),
            must("period", POSITIVE, "sine, burst: from one to the next; csv: of one step of the index").only(&["sine", "burst", "csv"]),
            is("phase", NONNEGATIVE, "0s", "where in the period it begins; 0 is the low").only(&["sine"]),
            is("at", NONNEGATIVE, "0s", "when the first burst starts, from `from`").only(&["burst"]),
            must("length", POSITIVE, "how long a burst lasts").only(&["burst"]),
            is("interval", Form::Duration(1_000), "30s", "of independent counts").only(&["poisson"]),
            must("path", Form::Path, "the trace, gzip accepted").only(FILES),
            must("index", Form::Text, "column with the index of the period").only(&["csv"]),
            must("column", Form::Text, "column with the count").only(&["csv"]),
            is("scale", Form::Factor, "1", "counts are multiplied by this").only(&["csv"]),
            is("shift", NONNEGATIVE, "0s", "of the trace's own time, skipped at its beginning").only(FILES),
            is("time_compression", Form::Count(1, 10_000), "1", "how much faster the trace's time runs").only(FILES),
            must("tenants", Form::Text, "name of a tenant, of a [[tenant]] with count, or `each`").only(PODS),
            none("app", Form::Slug(20), "app of its services; `vm` or `churn` if not given").only(PODS),
            must("flavors", Form::Path, "CSV with flavor, vcpu, mem_gb").only(&["azure-vm"]),
            is("origin", Form::Count(0, 1 << 40), "0", "second of the trace that falls on the start").only(&["azure-vm"]),
            is("initial", Form::Count(0, 2_000_000), "0", "pods that are there first").only(&["churn"]),
            is("fill", NONNEGATIVE, "0s", "over which the initial pods arrive").only(&["churn"]),
            must("lifetime", SECOND, "mean; exponential").only(&["churn"]),
            must("shapes", Form::Shapes, "what pods ask for, and how often").only(&["churn"]),
        ],
    },
    Section {
        name: "api",
        list: false,
        about: "Services made through the API while the scenario is served; a replay has none.",
        keys: &[
            is("cpu_per_request", POSITIVE, "10ms", "cpu time of one request"),
            is("use_fraction", Form::Share, "0%", "of its requested cpu that a ready replica uses without any request"),
            is("start_delay", Form::Delay, "5s", "from bound, with the image there, to ready"),
            is("pull_delay", Form::Delay, "0s", "of the image, once per node and revision"),
        ],
    },
    Section {
        name: "scheduler",
        list: false,
        about: "How pods are placed.",
        keys: &[
            is("score", Form::OneOf(&["busiest_cpu", "best_fit", "first_fit", "spread"]), "busiest_cpu", "how nodes are ranked"),
            is("empty_after", SECOND, "10m", "how long a node is empty before a pool gives it back"),
        ],
    },
    Section {
        name: "billing",
        list: false,
        about: "Prices.",
        keys: &[
            is("currency", Form::Text, "USD", "ISO 4217 code"),
            is("cpu_vcpu_hour", Form::Price, "0.040480", "price of a vCPU-hour"),
            is("memory_gib_hour", Form::Price, "0.004445", "price of a GiB-hour"),
        ],
    },
    Section {
        name: "slo",
        list: false,
        about: "What users were promised; `plan size` looks for the fewest nodes that keep it.",
        keys: &[
            none("pending_p99", NONNEGATIVE, "99 of 100 pods are bound within this"),
            none("violations_max", Form::Share, "of requests above capacity"),
            is("capacity_percent", Form::Percent(1, 100), "90", "of ready capacity: a request above it is a violation"),
        ],
    },
    Section {
        name: "action",
        list: true,
        about: "What a person does at one time.",
        keys: &[
            must("at", NONNEGATIVE, "when, from the start"),
            must("kind", Form::OneOf(KINDS), "what"),
            must("workload", Form::Text, "tenant/name, or the name if only one tenant has it").only(ON_WORKLOAD),
            none("tenant", Form::Slug(40), "which tenant").only(ON_TENANT),
            none("org", Form::Slug(40), "which [[org]]").only(&["set_plan"]),
            none("image", Form::Text, "unchanged if not given").only(&["deploy"]),
            none("cpu", Form::Cpu, "unchanged if not given").only(&["deploy"]),
            none("memory", Form::Memory, "unchanged if not given").only(&["deploy"]),
            none("replicas", Form::Count(0, REPLICAS_MAX as u64), "how many; deploy: unchanged if not given").only(&["deploy", "scale"]),
            is("starts", Form::Flag, "true", "false stands for an image that never becomes ready").only(&["deploy"]),
            none("revision", Form::Count(1, 1_000_000), "number; the one before if not given").only(&["rollback"]),
            none("quota", Form::Quota, "the new quota").only(&["set_quota"]),
            is("force", Form::Flag, "false", "accept a quota below use").only(&["set_quota"]),
            none("plan", Form::OneOf(PLANS), "the new plan").only(&["set_plan"]),
        ],
    },
    Section {
        name: "expect",
        list: false,
        about: "What must hold in the end; else `replay` exits with 8.",
        keys: &[
            none("peak_nodes_max", MANY, "most nodes at once"),
            none("peak_nodes_min", MANY, "number that the most nodes at once must reach"),
            none("violations_max", Form::Share, "of requests above capacity, at most"),
            none("violations_min", Form::Share, "of requests above capacity, at least"),
            none("refused_min", MANY, "refusals by quota, limit or state, at least"),
            none("refused_max", MANY, "refusals by quota, limit or state, at most"),
            none("placed_min", MANY, "pods placed, at least"),
            none("placed_max", MANY, "pods placed, at most"),
            none("waiting_max", MANY, "pods that wait at the end, at most"),
            none("scale_actions_min", MANY, "changes of replica counts by autoscalers, at least"),
            none("scale_actions_max", MANY, "changes of replica counts by autoscalers, at most"),
            none("pending_p99_max", NONNEGATIVE, "99th percentile of the time that pods wait, at most"),
            is("invoices", Form::Amounts, "{}", "total of an org or tenant over all periods of the run, drafts included"),
            none("event_hash", Form::Hash, "of the whole run"),
        ],
    },
    Section {
        name: "sweep",
        list: false,
        about: "Which settings `sweep` tries: the product of all lists.",
        keys: &[
            is("grid", Form::Grid, "{}", "values by dotted key, as in --set"),
            is("seeds", Form::Count(1, 10_000), "1", "seeds at each point: the scenario's and those that follow"),
        ],
    },
];
