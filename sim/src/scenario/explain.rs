//! A resolved scenario as TOML with every default filled in. Read again it is the same scenario.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use nimbus_core::cluster::{Arch, Taint, Toleration};
use nimbus_core::units::Resources;
use nimbus_core::workload::{Kind, Share};

use super::keys::{Preset, SECTIONS};
use super::model::{Act, Action, Delay, NodePool, Payer, Scenario, Tenant, Workload};
use super::source::{AzureVm, Churn, Load, Shape, Source};
use super::tree::{Place, Value, value_of};

/// Values of one table by key; what is not there was not given.
type Values = BTreeMap<&'static str, String>;

/// The scenario as TOML, commented.
#[must_use]
pub fn explain(scenario: &Scenario) -> String {
    let mut out = String::from("# Every key with its value; a key in a comment is not set.\n");
    for section in SECTIONS {
        let tables = tables(scenario, section.name);
        if tables.is_empty() {
            continue;
        }
        let _ = write!(out, "\n# {}\n", section.about);
        for (index, values) in tables.iter().enumerate() {
            let open = if section.list {
                format!("[[{}]]", section.name)
            } else {
                format!("[{}]", section.name)
            };
            let _ = writeln!(out, "{}{open}", if index > 0 { "\n" } else { "" });
            for key in section.keys {
                match values.get(key.name) {
                    Some(value) if index == 0 => {
                        let _ = writeln!(out, "{} = {value} # {}", key.name, key.about);
                    }
                    Some(value) => {
                        let _ = writeln!(out, "{} = {value}", key.name);
                    }
                    None if index == 0 && key.preset == Preset::None && key.only.is_empty() => {
                        let _ = writeln!(out, "# {} # {}", key.name, key.about);
                    }
                    None => {}
                }
            }
        }
    }
    out
}

fn tables(scenario: &Scenario, section: &str) -> Vec<Values> {
    match section {
        "scenario" => vec![head(scenario)],
        "node_pool" => scenario
            .pools
            .iter()
            .map(|pool| node_pool(scenario, pool))
            .collect(),
        "org" => {
            let table = |org: &super::model::Org| {
                Values::from([
                    ("name", quoted(&org.name)),
                    ("plan", quoted(org.plan.as_str())),
                ])
            };
            scenario.orgs.iter().map(table).collect()
        }
        "tenant" => tenants(scenario),
        "autoscaler" => autoscalers(scenario),
        "workload" => workloads(scenario),
        "load" => scenario.loads.iter().map(load).collect(),
        "scheduler" => vec![Values::from([
            ("score", quoted(scenario.scheduler.score.as_str())),
            ("empty_after", quoted(scenario.scheduler.empty_after)),
        ])],
        "billing" => {
            let (currency, prices) = (scenario.billing.currency, scenario.billing.prices);
            vec![Values::from([
                ("currency", quoted(String::from(currency.code))),
                (
                    "cpu_vcpu_hour",
                    quoted(currency.price(prices.cpu_vcpu_hour)),
                ),
                (
                    "memory_gib_hour",
                    quoted(currency.price(prices.memory_gib_hour)),
                ),
            ])]
        }
        "slo" => {
            let mut values = Values::from([(
                "capacity_percent",
                scenario.slo.capacity_percent.to_string(),
            )]);
            some(
                &mut values,
                "pending_p99",
                scenario.slo.pending_p99.map(quoted),
            );
            some(
                &mut values,
                "violations_max",
                scenario.slo.violations_max.map(percent),
            );
            vec![values]
        }
        "action" => scenario
            .actions
            .iter()
            .map(|each| action(scenario, each))
            .collect(),
        "expect" => vec![expect(scenario)],
        _ => vec![sweep(scenario)],
    }
}

fn some(values: &mut Values, key: &'static str, value: Option<String>) {
    if let Some(value) = value {
        values.insert(key, value);
    }
}

fn quoted(text: impl ToString) -> String {
    toml::Value::String(text.to_string()).to_string()
}

fn listed(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

fn labels(labels: &BTreeMap<Arc<str>, Arc<str>>) -> String {
    let pairs: Vec<String> = labels
        .iter()
        .map(|(key, value)| format!("{} = {}", quoted(key), quoted(value)))
        .collect();
    if pairs.is_empty() {
        "{}".to_owned()
    } else {
        format!("{{ {} }}", pairs.join(", "))
    }
}

/// Thousandths as a decimal number.
fn thousandths(value: u64) -> String {
    let text = format!("{}.{:03}", value / 1_000, value % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Parts per million as percent.
fn percent(ppm: u32) -> String {
    let text = format!("{}.{:04}", ppm / 10_000, ppm % 10_000);
    quoted(format!(
        "{}%",
        text.trim_end_matches('0').trim_end_matches('.')
    ))
}

fn delay(delay: Delay) -> String {
    if delay.min == delay.max {
        quoted(delay.min)
    } else {
        format!(
            "{{ min = {}, max = {} }}",
            quoted(delay.min),
            quoted(delay.max)
        )
    }
}

fn quota(quota: Resources) -> String {
    format!(
        "{{ cpu = {}, memory = {}, pods = {} }}",
        quoted(quota.cpu),
        quoted(quota.memory),
        quota.pods
    )
}

fn arch(arch: Arch) -> String {
    quoted(match arch {
        Arch::Amd64 => "amd64",
        Arch::Arm64 => "arm64",
    })
}

fn share(share: Share) -> String {
    match share {
        Share::Count(count) => count.to_string(),
        Share::Percent(percent) => quoted(format!("{percent}%")),
    }
}

fn taint(taint: &Taint) -> String {
    let value = if taint.value.is_empty() {
        String::new()
    } else {
        format!("={}", taint.value)
    };
    quoted(format!("{}{value}:{:?}", taint.key, taint.effect))
}

fn toleration(toleration: &Toleration) -> String {
    let value = toleration
        .value
        .as_ref()
        .map_or(String::new(), |value| format!("={value}"));
    let effect = toleration
        .effect
        .map_or(String::new(), |effect| format!(":{effect:?}"));
    quoted(format!("{}{value}{effect}", toleration.key))
}

fn head(scenario: &Scenario) -> Values {
    let head = &scenario.head;
    Values::from([
        ("name", quoted(&head.name)),
        ("version", super::VERSION.to_string()),
        ("title", quoted(&head.title)),
        ("seed", head.seed.to_string()),
        ("start", quoted(head.start)),
        ("duration", quoted(head.duration)),
        ("warm_up", quoted(head.warm_up)),
        ("metrics_period", quoted(head.metrics_period)),
        ("metrics_lag", quoted(head.metrics_lag)),
        ("space_delay", quoted(head.space_delay)),
    ])
}

fn node_pool(scenario: &Scenario, pool: &NodePool) -> Values {
    let price = i64::try_from(pool.price_per_hour).unwrap_or(i64::MAX);
    Values::from([
        ("name", quoted(&pool.name)),
        ("cpu", quoted(pool.allocatable.cpu)),
        ("memory", quoted(pool.allocatable.memory)),
        ("pods", pool.allocatable.pods.to_string()),
        ("count", pool.count.to_string()),
        ("min", pool.min.to_string()),
        ("max", pool.max.to_string()),
        ("arch", arch(pool.arch)),
        ("region", quoted(&pool.region)),
        ("zones", listed(pool.zones.iter().map(quoted))),
        ("labels", labels(&pool.labels)),
        ("taints", listed(pool.taints.iter().map(taint))),
        ("boot_delay", delay(pool.boot_delay)),
        (
            "price_per_hour",
            quoted(scenario.billing.currency.price(price)),
        ),
    ])
}

fn tenants(scenario: &Scenario) -> Vec<Values> {
    let mut tables: Vec<Values> = Vec::new();
    let mut last: Option<(&Tenant, u32)> = None;
    for tenant in &scenario.tenants {
        if let (Some((first, count)), Some(table)) = (&mut last, tables.last_mut())
            && tenant.numbered
            && first.group == tenant.group
        {
            *count += 1;
            table.insert("count", count.to_string());
            continue;
        }
        last = Some((tenant, 1));
        let mut values = Values::from([("name", quoted(&tenant.group)), ("at", quoted(tenant.at))]);
        some(
            &mut values,
            "count",
            tenant.numbered.then(|| "1".to_owned()),
        );
        some(&mut values, "quota", tenant.quota.map(quota));
        match tenant.org {
            Some(org) => values.insert("org", quoted(&scenario.orgs[org].name)),
            None => values.insert("plan", quoted(tenant.plan.as_str())),
        };
        tables.push(values);
    }
    tables
}

fn autoscalers(scenario: &Scenario) -> Vec<Values> {
    let table = |scaler: &super::model::Autoscaler| {
        let policy = &scaler.policy;
        Values::from([
            ("name", quoted(&scaler.name)),
            ("policy", quoted("nimbus-step")),
            ("period", quoted(policy.period)),
            ("up_percent", policy.up_percent.to_string()),
            ("down_percent", policy.down_percent.to_string()),
            ("min", policy.min.to_string()),
            ("max", policy.max.to_string()),
            ("step_up", policy.step_up.to_string()),
            ("step_down", policy.step_down.to_string()),
            ("cooldown", quoted(policy.cooldown)),
            ("wait_ready", policy.wait_ready.to_string()),
            ("allow_flap", policy.allow_flap.to_string()),
        ])
    };
    scenario.autoscalers.iter().map(table).collect()
}

/// One table for each section of the file, whichever of its tenants comes first.
fn workloads(scenario: &Scenario) -> Vec<Values> {
    let mut sections: BTreeMap<u32, &Workload> = BTreeMap::new();
    for workload in &scenario.workloads {
        sections.entry(workload.section).or_insert(workload);
    }
    sections
        .into_values()
        .map(|each| workload(scenario, each))
        .collect()
}

fn workload(scenario: &Scenario, workload: &Workload) -> Values {
    let spec = &workload.spec;
    let mut values = Values::from([
        ("tenant", quoted(&workload.target)),
        ("app", quoted(&workload.app)),
        ("name", quoted(&workload.name)),
        ("image", quoted(&workload.image)),
        ("cpu", quoted(spec.requests.cpu)),
        ("memory", quoted(spec.requests.memory)),
        ("replicas", workload.replicas.to_string()),
        ("at", quoted(workload.at)),
        ("cpu_per_request", quoted(workload.cpu_per_request)),
        ("use_fraction", percent(workload.use_fraction)),
        ("start_delay", delay(workload.start_delay)),
        ("pull_delay", delay(workload.pull_delay)),
        ("selector", labels(&spec.selector)),
        (
            "tolerations",
            listed(spec.tolerations.iter().map(toleration)),
        ),
        ("priority", spec.priority.to_string()),
        ("starts", workload.starts.to_string()),
    ]);
    some(&mut values, "arch", spec.arch.map(arch));
    some(&mut values, "region", spec.region.as_ref().map(quoted));
    some(&mut values, "zone", spec.zone.as_ref().map(quoted));
    some(&mut values, "lifetime", workload.lifetime.map(quoted));
    let scaler = workload
        .autoscaler
        .map(|index| quoted(&scenario.autoscalers[index].name));
    some(&mut values, "autoscaler", scaler);
    match workload.kind {
        Kind::Batch => values.insert("kind", quoted("batch")),
        Kind::Service => {
            values.insert("surge", share(workload.strategy.surge));
            values.insert("unavailable", share(workload.strategy.unavailable));
            values.insert("deadline", quoted(workload.strategy.deadline));
            values.insert("kind", quoted("service"))
        }
    };
    values
}

fn load(load: &Load) -> Values {
    let mut values = match &load.source {
        Source::Requests {
            target,
            shape: of,
            from,
            until,
            ..
        } => {
            let mut values = shape(of);
            values.insert("workload", quoted(target));
            values.insert("from", quoted(from));
            some(&mut values, "until", until.map(quoted));
            values
        }
        Source::AzureVm(vm) => azure_vm(vm),
        Source::Churn(of) => churn(of),
    };
    values.insert("name", quoted(&load.name));
    values
}

fn shape(shape: &Shape) -> Values {
    match shape {
        Shape::Constant { rate } => {
            Values::from([("source", quoted("constant")), ("rate", thousandths(*rate))])
        }
        Shape::Step { rate, steps } => {
            let step = |(at, rate): &(nimbus_core::time::Span, u64)| {
                format!("{{ at = {}, rate = {} }}", quoted(at), thousandths(*rate))
            };
            Values::from([
                ("source", quoted("step")),
                ("rate", thousandths(*rate)),
                ("steps", listed(steps.iter().map(step))),
            ])
        }
        Shape::Ramp { low, high, over } => Values::from([
            ("source", quoted("ramp")),
            ("low", thousandths(*low)),
            ("high", thousandths(*high)),
            ("over", quoted(over)),
        ]),
        Shape::Sine {
            low,
            high,
            period,
            phase,
        } => Values::from([
            ("source", quoted("sine")),
            ("low", thousandths(*low)),
            ("high", thousandths(*high)),
            ("period", quoted(period)),
            ("phase", quoted(phase)),
        ]),
        Shape::Burst {
            low,
            high,
            period,
            at,
            length,
        } => Values::from([
            ("source", quoted("burst")),
            ("low", thousandths(*low)),
            ("high", thousandths(*high)),
            ("period", quoted(period)),
            ("at", quoted(at)),
            ("length", quoted(length)),
        ]),
        Shape::Poisson { rate, interval } => Values::from([
            ("source", quoted("poisson")),
            ("rate", thousandths(*rate)),
            ("interval", quoted(interval)),
        ]),
        Shape::Series(series) => Values::from([
            ("source", quoted("csv")),
            ("path", quoted(&series.file.path)),
            ("index", quoted(&series.index)),
            ("column", quoted(&series.column)),
            ("period", quoted(series.period)),
            ("scale", thousandths(series.scale)),
            ("shift", quoted(series.shift)),
            ("time_compression", series.time_compression.to_string()),
        ]),
    }
}

fn azure_vm(vm: &AzureVm) -> Values {
    Values::from([
        ("source", quoted("azure-vm")),
        ("path", quoted(&vm.file.path)),
        ("shift", quoted(vm.shift)),
        ("time_compression", vm.time_compression.to_string()),
        ("tenants", quoted(&vm.target)),
        ("app", quoted(&vm.app)),
        ("flavors", quoted(&vm.flavor_file.path)),
        ("origin", vm.origin_s.to_string()),
    ])
}

fn churn(churn: &Churn) -> Values {
    let shape = |shape: &super::source::ChurnShape| {
        format!(
            "{{ name = {}, cpu = {}, memory = {}, weight = {} }}",
            quoted(&shape.name),
            quoted(shape.requests.cpu),
            quoted(shape.requests.memory),
            shape.weight
        )
    };
    Values::from([
        ("source", quoted("churn")),
        ("rate", thousandths(churn.rate)),
        ("tenants", quoted(&churn.target)),
        ("app", quoted(&churn.app)),
        ("initial", churn.initial.to_string()),
        ("fill", quoted(churn.fill)),
        ("lifetime", quoted(churn.lifetime)),
        ("shapes", listed(churn.shapes.iter().map(shape))),
    ])
}

fn action(scenario: &Scenario, action: &Action) -> Values {
    let workload = |index: &usize| ("workload", quoted(scenario.path_of(*index)));
    let tenant = |index: &usize| ("tenant", quoted(&scenario.tenants[*index].name));
    let (kind, target) = match &action.act {
        Act::Deploy { workload: on, .. } => ("deploy", workload(on)),
        Act::Scale { workload: on, .. } => ("scale", workload(on)),
        Act::Rollback { workload: on, .. } => ("rollback", workload(on)),
        Act::Unpin { workload: on } => ("unpin", workload(on)),
        Act::Restart { workload: on } => ("restart", workload(on)),
        Act::Pause { workload: on } => ("pause", workload(on)),
        Act::Resume { workload: on } => ("resume", workload(on)),
        Act::Undo { workload: on } => ("undo", workload(on)),
        Act::DeleteService { workload: on } => ("delete_service", workload(on)),
        Act::Suspend { tenant: on } => ("suspend", tenant(on)),
        Act::ResumeTenant { tenant: on } => ("resume_tenant", tenant(on)),
        Act::DeleteTenant { tenant: on } => ("delete_tenant", tenant(on)),
        Act::SetQuota { tenant: on, .. } => ("set_quota", tenant(on)),
        Act::SetPlan {
            payer: Payer::Tenant(on),
            ..
        } => ("set_plan", tenant(on)),
        Act::SetPlan {
            payer: Payer::Org(on),
            ..
        } => ("set_plan", ("org", quoted(&scenario.orgs[*on].name))),
    };
    let mut values = Values::from([("at", quoted(action.at)), ("kind", quoted(kind)), target]);
    match &action.act {
        Act::Deploy {
            image,
            spec,
            replicas,
            starts,
            ..
        } => {
            values.insert("image", quoted(image));
            values.insert("cpu", quoted(spec.requests.cpu));
            values.insert("memory", quoted(spec.requests.memory));
            values.insert("starts", starts.to_string());
            some(
                &mut values,
                "replicas",
                replicas.map(|replicas| replicas.to_string()),
            );
        }
        Act::Scale { replicas, .. } => {
            values.insert("replicas", replicas.to_string());
        }
        Act::Rollback { revision, .. } => {
            some(
                &mut values,
                "revision",
                revision.map(|revision| revision.to_string()),
            );
        }
        Act::SetQuota {
            quota: of, force, ..
        } => {
            values.insert("quota", quota(*of));
            values.insert("force", force.to_string());
        }
        Act::SetPlan { plan, .. } => {
            values.insert("plan", quoted(plan.as_str()));
        }
        _ => {}
    }
    values
}

fn expect(scenario: &Scenario) -> Values {
    let expect = &scenario.expect;
    let mut values = Values::new();
    for (key, count) in [
        ("peak_nodes_max", expect.peak_nodes_max),
        ("peak_nodes_min", expect.peak_nodes_min),
        ("refused_min", expect.refused_min),
        ("refused_max", expect.refused_max),
        ("placed_min", expect.placed_min),
        ("placed_max", expect.placed_max),
        ("waiting_max", expect.waiting_max),
        ("scale_actions_min", expect.scale_actions_min),
        ("scale_actions_max", expect.scale_actions_max),
    ] {
        some(&mut values, key, count.map(|count| count.to_string()));
    }
    some(
        &mut values,
        "violations_max",
        expect.violations_max.map(percent),
    );
    some(
        &mut values,
        "violations_min",
        expect.violations_min.map(percent),
    );
    some(
        &mut values,
        "pending_p99_max",
        expect.pending_p99_max.map(quoted),
    );
    some(
        &mut values,
        "event_hash",
        expect.event_hash.map(|hash| quoted(format!("{hash:032x}"))),
    );
    let invoices = expect.invoices.iter().map(|(payer, minor)| {
        let name = match payer {
            Payer::Org(index) => &scenario.orgs[*index].name,
            Payer::Tenant(index) => &scenario.tenants[*index].name,
        };
        (
            name.clone(),
            Arc::from(scenario.billing.currency.amount(*minor)),
        )
    });
    values.insert("invoices", labels(&invoices.collect()));
    values
}

fn sweep(scenario: &Scenario) -> Values {
    let value = |text: &String| match value_of(text, Place::Preset).value {
        Value::Text(_) => quoted(text),
        _ => text.clone(),
    };
    let lists: Vec<String> = scenario
        .sweep
        .grid
        .iter()
        .map(|(key, values)| format!("{} = {}", quoted(key), listed(values.iter().map(value))))
        .collect();
    let grid = if lists.is_empty() {
        "{}".to_owned()
    } else {
        format!("{{ {} }}", lists.join(", "))
    };
    Values::from([("grid", grid), ("seeds", scenario.sweep.seeds.to_string())])
}
