//! R2, R13: at rest nothing waits that could go on, and after a quiet time what is wanted is there.

use std::collections::{BTreeMap, BTreeSet};

use nimbus_core::cluster::{NodeState, PodSpec, TaintEffect};
use nimbus_core::ids::{NodeNo, PodNo, ServiceNo, SpecNo};
use nimbus_core::tenant::Status;
use nimbus_core::time::Span;

use super::books::{Books, Node, plus};
use super::coverage::{CONVERGENCE, LIVENESS};
use super::violation::Finds;
use crate::world::World;

/// How long nothing must happen before what is wanted must be there.
const QUIET: Span = Span::from_secs(60);

/// Whether a node takes a pod, by the rules of `domain.md` 5.1, written again.
fn takes(node: &Node, pod: &PodSpec) -> bool {
    let spec = &node.spec;
    let optional = |wanted: &Option<std::sync::Arc<str>>, has: &std::sync::Arc<str>| {
        wanted.as_ref().is_none_or(|wanted| wanted == has)
    };
    !node.gone
        && node.state == NodeState::Active
        && plus(plus(node.allocated, node.promised), pod.requests).fits(spec.allocatable)
        && pod.arch.is_none_or(|arch| arch == spec.arch)
        && optional(&pod.region, &spec.region)
        && optional(&pod.zone, &spec.zone)
        && pod
            .selector
            .iter()
            .all(|(key, value)| spec.labels.get(key) == Some(value))
        && spec.taints.iter().all(|taint| {
            taint.effect == TaintEffect::PreferNoSchedule
                || pod
                    .tolerations
                    .iter()
                    .any(|toleration| toleration.tolerates(taint))
        })
}

/// No pod waits while a node takes it.
pub(super) fn liveness(books: &Books, finds: &mut Finds) {
    if books.pending == 0 {
        return;
    }
    let mut waiting: BTreeMap<SpecNo, PodNo> = BTreeMap::new();
    for (no, pod) in books.pods.iter() {
        if pod.ended.is_none() && pod.node.is_none() && pod.asked.is_none() {
            waiting.entry(pod.spec).or_insert(PodNo(no));
        }
    }
    for (spec, pod) in waiting {
        let Some(asks) = books.specs.get(spec.index()) else {
            continue;
        };
        if let Some(index) = books.nodes.iter().position(|node| takes(node, asks)) {
            finds.add(
                LIVENESS,
                format!("pod {pod}"),
                format!("bound, since node {} takes it", NodeNo::at(index)),
                "waiting",
            );
        }
    }
}

/// After a quiet time each Deployment of an active tenant is as it was asked for, but for pods that wait
/// for a node, images that never start, and a quota that was lowered below what is wanted.
pub(super) fn converged(books: &Books, finds: &mut Finds, world: &World) {
    let last = books.last_command.max(books.last_event);
    if books.now.since(last) < QUIET || !world.is_at_rest() {
        return;
    }
    let waiting = books
        .pods
        .iter()
        .filter(|(_, pod)| pod.ended.is_none() && pod.node.is_none());
    let waiting: BTreeSet<ServiceNo> = waiting.map(|(_, pod)| pod.service).collect();
    for (index, service) in books.services.iter().enumerate() {
        let Some(wanted) = service.deployment.as_ref().filter(|_| !service.deleted) else {
            continue;
        };
        let no = ServiceNo::at(index);
        if books.status(wanted.tenant) != Some(Status::Active) || wanted.paused {
            continue;
        }
        let status = world.status(no).unwrap_or_default();
        let seen = (status.generation, status.updated, status.total);
        let wants = (wanted.generation, wanted.replicas, wanted.replicas);
        let tenant = &books.tenants[wanted.tenant.index()];
        let quota = tenant.backstop.unwrap_or_default();
        let admits = plus(tenant.used, wanted.spec.requests).fits(quota);
        let short = status.total.min(status.updated) < wanted.replicas;
        let held_back = waiting.contains(&no) || (short && !admits);
        if wanted.starts && !held_back {
            finds.equal(CONVERGENCE, || format!("service {no}"), &wants, &seen);
            finds.equal(
                CONVERGENCE,
                || format!("ready of service {no}"),
                &wanted.replicas,
                &status.ready,
            );
        } else {
            finds.equal(CONVERGENCE, || format!("service {no}"), &wants.0, &seen.0);
        }
    }
}
