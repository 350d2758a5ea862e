//! `[[action]]`.

use std::collections::BTreeMap;
use std::sync::Arc;

use nimbus_core::cluster::PodSpec;
use nimbus_core::workload::Kind;

use super::load::Known;
use super::tenancy::plan;
use crate::scenario::model::{Act, Action, Org, Payer, Tenant, Workload};
use crate::scenario::reader::Reader;
use crate::scenario::tree::Place;
use crate::scenario::value;

/// What actions refer to.
pub(in crate::scenario) struct World<'a> {
    pub(in crate::scenario) known: &'a Known<'a>,
    pub(in crate::scenario) orgs: &'a [Org],
    pub(in crate::scenario) tenants: &'a [Tenant],
    pub(in crate::scenario) workloads: &'a [Workload],
}

/// A deploy whose parts may be left out: filled in when all actions are in order.
pub(in crate::scenario) struct Draft {
    pub(in crate::scenario) place: Place,
    action: Action,
    change: Option<Change>,
}

struct Change {
    image: Option<Arc<str>>,
    cpu: Option<nimbus_core::units::Cpu>,
    memory: Option<nimbus_core::units::Bytes>,
}

/// Reads one section.
pub(in crate::scenario) fn read(mut r: Reader<'_, '_>, world: &World<'_>) -> Option<Draft> {
    let place = r.place;
    let kind = r.word("kind")?;
    let at = r.span("at").unwrap_or_default();
    let mut change = None;
    let act = match kind {
        "suspend" | "resume_tenant" | "delete_tenant" | "set_quota" => {
            on_tenant(&mut r, kind, world)
        }
        "set_plan" => set_plan(&mut r, world),
        _ => on_workload(&mut r, kind, world, &mut change),
    };
    let clean = r.clean();
    r.finish();
    let action = Action { at, act: act? };
    clean.then_some(Draft {
        place,
        action,
        change,
    })
}

fn on_workload(
    r: &mut Reader<'_, '_>,
    kind: &str,
    world: &World<'_>,
    change: &mut Option<Change>,
) -> Option<Act> {
    let place = r.place_of("workload");
    let target = r.some_text("workload")?;
    let workload = match world.known.find(&target).as_deref() {
        Ok([one]) => *one,
        Ok(_) => {
            r.wrong_at(
                place,
                "workload",
                format!("{target:?} is in several tenants: expected tenant/name"),
            );
            return None;
        }
        Err(message) => {
            r.wrong_at(place, "workload", message.clone());
            return None;
        }
    };
    let of = &world.workloads[workload];
    if of.kind == Kind::Batch && kind != "delete_service" {
        r.wrong_at(
            place,
            "workload",
            format!("{target:?} is batch: expected a service"),
        );
    }
    Some(match kind {
        "deploy" => {
            *change = Some(Change {
                image: r.some_text("image"),
                cpu: r.cpu("cpu"),
                memory: r.memory("memory"),
            });
            Act::Deploy {
                workload,
                image: of.image.clone(),
                spec: of.spec.clone(),
                replicas: r.count32("replicas"),
                starts: r.flag("starts"),
            }
        }
        "scale" => {
            let missing = !r.has("replicas");
            let replicas = r.count32("replicas");
            if missing {
                r.wrong("replicas", "missing: expected how many");
            }
            Act::Scale {
                workload,
                replicas: replicas?,
            }
        }
        "rollback" => Act::Rollback {
            workload,
            revision: r.count32("revision"),
        },
        "unpin" => Act::Unpin { workload },
        "restart" => Act::Restart { workload },
        "pause" => Act::Pause { workload },
        "resume" => Act::Resume { workload },
        "undo" => Act::Undo { workload },
        _ => Act::DeleteService { workload },
    })
}

fn tenant(r: &mut Reader<'_, '_>, world: &World<'_>) -> Option<usize> {
    let place = r.place_of("tenant");
    if !r.has("tenant") {
        r.wrong("tenant", "missing: expected the name of a tenant");
    }
    let name = r.slug("tenant")?;
    let found = world.tenants.iter().position(|tenant| tenant.name == name);
    if found.is_none() {
        r.wrong_at(
            place,
            "tenant",
            format!("{name:?} is not the name of a tenant"),
        );
    }
    found
}

fn on_tenant(r: &mut Reader<'_, '_>, kind: &str, world: &World<'_>) -> Option<Act> {
    let tenant = tenant(r, world);
    Some(match kind {
        "suspend" => Act::Suspend { tenant: tenant? },
        "resume_tenant" => Act::ResumeTenant { tenant: tenant? },
        "delete_tenant" => Act::DeleteTenant { tenant: tenant? },
        _ => {
            if !r.has("quota") {
                r.wrong(
                    "quota",
                    "missing: expected a table, as in { cpu = \"2\", memory = \"4Gi\", pods = 10 }",
                );
            }
            let (quota, force) = (r.quota("quota"), r.flag("force"));
            Act::SetQuota {
                tenant: tenant?,
                quota: quota?,
                force,
            }
        }
    })
}

fn set_plan(r: &mut Reader<'_, '_>, world: &World<'_>) -> Option<Act> {
    let places = [r.place_of("org"), r.place_of("tenant")];
    let payer = match (r.has("org"), r.has("tenant")) {
        (true, false) => {
            let name = r.slug("org")?;
            let found = world.orgs.iter().position(|org| org.name == name);
            if found.is_none() {
                r.wrong_at(
                    places[0],
                    "org",
                    format!("{name:?} is not the name of an [[org]]"),
                );
            }
            found.map(Payer::Org)
        }
        (false, true) => {
            let tenant = tenant(r, world);
            if let Some(org) = tenant.and_then(|tenant| world.tenants[tenant].org) {
                let message = format!(
                    "has the plan of its org: expected org = {:?}",
                    world.orgs[org].name
                );
                r.wrong_at(places[1], "tenant", message);
            }
            tenant.map(Payer::Tenant)
        }
        _ => {
            let _ = (r.slug("org"), r.slug("tenant"));
            r.wrong("org", "expected either org or tenant");
            None
        }
    };
    if !r.has("plan") {
        r.wrong(
            "plan",
            "missing: expected one of metered, free, business, enterprise",
        );
    }
    let plan = r.get("plan", value::one_of).map(plan);
    Some(Act::SetPlan {
        payer: payer?,
        plan: plan?,
    })
}

/// Orders actions by time, then by place, and fills in what a deploy leaves as it is.
pub(in crate::scenario) fn order(mut drafts: Vec<Draft>, workloads: &[Workload]) -> Vec<Action> {
    drafts.sort_by_key(|draft| draft.action.at);
    let mut present: BTreeMap<usize, (Arc<str>, Arc<PodSpec>)> = BTreeMap::new();
    drafts
        .into_iter()
        .map(|draft| {
            let Draft {
                mut action, change, ..
            } = draft;
            if let (
                Act::Deploy {
                    workload,
                    image,
                    spec,
                    ..
                },
                Some(change),
            ) = (&mut action.act, change)
            {
                let of = &workloads[*workload];
                let now = present
                    .entry(*workload)
                    .or_insert_with(|| (of.image.clone(), of.spec.clone()));
                if let Some(image) = change.image {
                    now.0 = image;
                }
                let mut next = (*now.1).clone();
                next.requests.cpu = change.cpu.unwrap_or(next.requests.cpu);
                next.requests.memory = change.memory.unwrap_or(next.requests.memory);
                now.1 = Arc::new(next);
                (*image, *spec) = now.clone();
            }
            action
        })
        .collect()
}

impl Draft {
    pub(in crate::scenario) fn at(&self) -> nimbus_core::time::Span {
        self.action.at
    }
}
