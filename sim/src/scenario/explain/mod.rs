//! A resolved scenario as TOML with every default filled in. Read again it is the same scenario.

mod demand;
mod outcome;
mod text;

use std::collections::BTreeMap;
use std::fmt::Write;

use nimbus_core::workload::Kind;

use super::keys::{Preset, SECTIONS};
use super::model::{Autoscaler, NodePool, Org, Scenario, Tenant, Workload};
use text::{arch, delay, labels, listed, percent, quota, quoted, share, some, taint, toleration};

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
            let table = |org: &Org| {
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
        "load" => scenario.loads.iter().map(demand::load).collect(),
        "api" => vec![api(scenario)],
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
            .map(|each| outcome::action(scenario, each))
            .collect(),
        "expect" => vec![outcome::expect(scenario)],
        _ => vec![outcome::sweep(scenario)],
    }
}

fn api(scenario: &Scenario) -> Values {
    let api = &scenario.api;
    Values::from([
        ("cpu_per_request", quoted(api.cpu_per_request)),
        ("use_fraction", percent(api.use_fraction)),
        ("start_delay", delay(api.start_delay)),
        ("pull_delay", delay(api.pull_delay)),
    ])
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
    let table = |scaler: &Autoscaler| {
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
