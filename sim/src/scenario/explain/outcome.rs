//! `[[action]]`, `[expect]` and `[sweep]` of a scenario.

use std::sync::Arc;

use super::Values;
use super::text::{labels, listed, percent, quota, quoted, some};
use crate::scenario::model::{Act, Action, Payer, Scenario};
use crate::scenario::tree::{Place, Value, value_of};

pub(super) fn action(scenario: &Scenario, action: &Action) -> Values {
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

pub(super) fn expect(scenario: &Scenario) -> Values {
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

pub(super) fn sweep(scenario: &Scenario) -> Values {
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
