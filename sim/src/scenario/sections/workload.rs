//! `[[workload]]`: a template, then one workload for each tenant that it names.

use std::collections::BTreeMap;
use std::sync::Arc;

use nimbus_core::autoscaler::Policy;
use nimbus_core::cluster::PodSpec;
use nimbus_core::units::Resources;
use nimbus_core::workload::{Kind, Share, Strategy};

use super::tenancy::Directory;
use crate::scenario::ctx::nearest;
use crate::scenario::limits;
use crate::scenario::model::{Autoscaler, Workload};
use crate::scenario::reader::Reader;
use crate::scenario::tree::Place;
use crate::scenario::value;

/// Reads one section; the workload's `tenant` is not set yet.
pub(in crate::scenario) fn read(
    mut r: Reader<'_, '_>,
    section: u32,
    autoscalers: &[Autoscaler],
) -> Option<Workload> {
    let kind = match r.word("kind") {
        Some("batch") => Kind::Batch,
        _ => Kind::Service,
    };
    let places = [
        r.place_of("autoscaler"),
        r.place_of("replicas"),
        r.place_of("cpu"),
    ];
    let given = r.has("replicas");
    let name = r.slug("name").unwrap_or_default();
    let (autoscaler, strategy, lifetime) = match kind {
        Kind::Service => (scaler(&mut r, autoscalers), strategy(&mut r), None),
        Kind::Batch => (None, Strategy::default(), r.span("lifetime")),
    };
    let mut workload = Workload {
        tenant: 0,
        target: r.some_text("tenant").unwrap_or_default(),
        section,
        app: r.slug("app").unwrap_or_else(|| name.clone()),
        image: r
            .some_text("image")
            .unwrap_or_else(|| format!("{name}:1").into()),
        name,
        kind,
        spec: Arc::new(spec(&mut r)),
        replicas: r.count32("replicas").unwrap_or_default(),
        lifetime,
        strategy,
        autoscaler,
        at: r.span("at").unwrap_or_default(),
        start_delay: r.delay("start_delay"),
        pull_delay: r.delay("pull_delay"),
        cpu_per_request: r.span("cpu_per_request").unwrap_or_default(),
        use_fraction: r.share("use_fraction").unwrap_or_default(),
        starts: r.flag("starts"),
    };
    let requests = workload.spec.requests;
    if (requests.cpu.0 == 0 || requests.memory.0 == 0) && r.clean() {
        let message = "asks for no cpu or no memory: expected both above 0";
        r.wrong_at(places[2], "cpu", message);
    }
    if let Some(scaler) = autoscaler {
        bounds(
            &mut r,
            &mut workload,
            &autoscalers[scaler].policy,
            given.then_some(places[1]),
        );
    }
    let clean = r.clean();
    r.finish();
    clean.then_some(workload)
}

/// Replicas within the bounds of the autoscaler: its least if none were given.
fn bounds(r: &mut Reader<'_, '_>, workload: &mut Workload, policy: &Policy, given: Option<Place>) {
    let Some(place) = given else {
        workload.replicas = policy.min;
        return;
    };
    if !(policy.min..=policy.max).contains(&workload.replicas) {
        let message = format!(
            "{}: expected {}..{}, the bounds of its autoscaler",
            workload.replicas, policy.min, policy.max
        );
        r.wrong_at(place, "replicas", message);
    }
}

fn scaler(r: &mut Reader<'_, '_>, autoscalers: &[Autoscaler]) -> Option<usize> {
    let place = r.place_of("autoscaler");
    let name = r.slug("autoscaler")?;
    let found = autoscalers.iter().position(|scaler| scaler.name == name);
    if found.is_none() {
        let near = nearest(&name, autoscalers.iter().map(|scaler| &*scaler.name));
        let hint = near.map_or(String::new(), |near| format!(": did you mean {near:?}?"));
        r.wrong_at(
            place,
            "autoscaler",
            format!("{name:?} is not the name of an [[autoscaler]]{hint}"),
        );
    }
    found
}

fn strategy(r: &mut Reader<'_, '_>) -> Strategy {
    let place = r.place_of("surge");
    let zero = |share| matches!(share, Share::Count(0) | Share::Percent(0));
    let strategy = Strategy {
        surge: r.pods("surge").unwrap_or(Share::Count(1)),
        unavailable: r.pods("unavailable").unwrap_or(Share::Count(1)),
        deadline: r.span("deadline").unwrap_or_default(),
    };
    if zero(strategy.surge) && zero(strategy.unavailable) {
        r.wrong_at(
            place,
            "surge",
            "is 0 and unavailable is 0: a rollout could never move; expected one above 0",
        );
    }
    strategy
}

fn spec(r: &mut Reader<'_, '_>) -> PodSpec {
    let cpu = r.cpu("cpu").unwrap_or_default();
    let memory = r.memory("memory").unwrap_or_default();
    PodSpec {
        requests: Resources::pod(cpu, memory),
        arch: r.arch("arch"),
        region: r.some_text("region"),
        zone: r.some_text("zone"),
        selector: r.get("selector", value::labels).unwrap_or_default(),
        tolerations: r.tolerations("tolerations"),
        priority: r.get("priority", value::signed32).unwrap_or_default(),
    }
}

/// What the sections make of all tenants: by tenant, then by section.
pub(in crate::scenario) struct Expansion {
    by_tenant: BTreeMap<(usize, u32), Workload>,
}

impl Expansion {
    pub(in crate::scenario) fn new() -> Expansion {
        Expansion {
            by_tenant: BTreeMap::new(),
        }
    }

    /// One workload for each tenant that the template names; the message says why not.
    pub(in crate::scenario) fn add(
        &mut self,
        template: &Workload,
        tenants: &Directory<'_>,
    ) -> Result<(), String> {
        let found = tenants.find(&template.target);
        if found.is_empty() {
            let near = nearest(&template.target, tenants.names());
            let hint = near.map_or(String::new(), |near| format!(": did you mean {near:?}?"));
            return Err(format!(
                "{:?} is not the name of a [[tenant]]{hint}",
                template.target
            ));
        }
        if self.by_tenant.len() + found.len() > limits::WORKLOADS_MAX {
            return Err(format!(
                "more than {} workloads in all",
                limits::WORKLOADS_MAX
            ));
        }
        for tenant in found {
            let workload = Workload {
                tenant,
                ..template.clone()
            };
            self.by_tenant.insert((tenant, template.section), workload);
        }
        Ok(())
    }

    pub(in crate::scenario) fn finish(self) -> Vec<Workload> {
        self.by_tenant.into_values().collect()
    }
}
