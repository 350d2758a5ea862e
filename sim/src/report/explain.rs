//! Decisions in words: the same value that the API and the dashboard print, as one sentence.

use std::borrow::Cow;

use nimbus_core::explain::{
    Decision, Deny, Filter, Lack, Place, PoolChange, Removed, Scale, ScaleReason, ScoreKind, Wait,
};
use nimbus_core::ids::{NodeNo, PodNo, PoolNo, ServiceNo, TenantNo};
use nimbus_core::time::Time;
use nimbus_core::units::Resources;

use super::format;
use super::model::Explained;

/// What ordinals are called.
pub trait Names {
    /// Name of a tenant.
    fn tenant(&self, tenant: TenantNo) -> Cow<'_, str>;
    /// `tenant/service`.
    fn service(&self, service: ServiceNo) -> Cow<'_, str>;
    /// Name of a node.
    fn node(&self, node: NodeNo) -> Cow<'_, str>;
    /// Name of a pool.
    fn pool(&self, pool: PoolNo) -> Cow<'_, str>;
    /// Name of a pod.
    fn pod(&self, pod: PodNo) -> Cow<'_, str>;
}

/// A decision of a report: when, which kind, why.
#[must_use]
pub fn explained(start: Time, at: Time, decision: &Decision, names: &dyn Names) -> Explained {
    Explained {
        at_ms: at.since(start).0 / 1_000,
        kind: kind(decision).to_owned(),
        text: text(decision, names),
    }
}

/// The kind's word.
#[must_use]
pub const fn kind(decision: &Decision) -> &'static str {
    match decision {
        Decision::Place(_) => "place",
        Decision::Wait(_) => "wait",
        Decision::Scale(_) => "scale",
        Decision::Deny(_) => "deny",
        Decision::Pool(_) => "pool",
    }
}

/// The decision in a sentence, without a full stop.
#[must_use]
pub fn text(decision: &Decision, names: &dyn Names) -> String {
    match decision {
        Decision::Place(place) => placed(place, names),
        Decision::Wait(wait) => waits(wait, names),
        Decision::Scale(scale) => scaled(scale, names),
        Decision::Deny(deny) => denied(deny, names),
        Decision::Pool(change) => pool(change, names),
    }
}

fn placed(place: &Place, names: &dyn Names) -> String {
    let (pod, service) = (names.pod(place.pod), names.service(place.service));
    let mut text = format!("{pod} of {service} on {}", names.node(place.node));
    text += &by_score(place);
    match place.runner_up {
        None => text += "; no other node was feasible",
        Some(other) => {
            let node = names.node(other.node);
            text += &match (place.rule, other.lacks_score) {
                (ScoreKind::FirstFit, _) => format!("; next {node}, a higher ordinal"),
                (_, true) => format!("; next {node} with {}", score(place.rule, other.score_ppm)),
                (_, false) => format!("; {node} scores the same and came later"),
            };
        }
    }
    if let Some(removed) = removed(&place.removed) {
        text += &format!("; removed by {removed}");
    }
    if place.waited.0 > 0 {
        text += &format!(
            "; waited {}",
            format::duration(i128::from(place.waited.0 / 1_000))
        );
    }
    text
}

fn by_score(place: &Place) -> String {
    match place.rule {
        ScoreKind::FirstFit => ", the lowest ordinal that fits".to_owned(),
        rule => format!(", {} {}", rule.as_str(), score(rule, place.score_ppm)),
    }
}

fn score(rule: ScoreKind, ppm: u64) -> String {
    match rule {
        ScoreKind::BestFit => format!("{} left over", format::percent(i128::from(ppm))),
        _ => format!("{} allocated", format::percent(i128::from(ppm))),
    }
}

/// `cpu 40, memory 12`: nodes per filter; `None` if nothing was removed.
fn removed(removed: &Removed) -> Option<String> {
    let parts = Filter::ALL
        .iter()
        .filter(|filter| removed.by(**filter) > 0)
        .map(|filter| {
            format!(
                "{} {}",
                filter.as_str(),
                format::count(i128::from(removed.by(*filter)))
            )
        });
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn waits(wait: &Wait, names: &dyn Names) -> String {
    let pods = if wait.count == 1 {
        format!("{} of {}", names.pod(wait.pod), names.service(wait.service))
    } else {
        let pods = format::of(u64::from(wait.count), "pod", "pods");
        format!(
            "{pods}, first {} of {}",
            names.pod(wait.pod),
            names.service(wait.service)
        )
    };
    let verb = if wait.count == 1 { "waits" } else { "wait" };
    let nodes = format::of(u64::from(wait.nodes), "node", "nodes");
    let mut text = format!("{pods} {verb} for {}: {nodes}", amounts(&wait.asks));
    if let Some(removed) = removed(&wait.removed) {
        text += &format!(", removed by {removed}");
    }
    if let Some((node, free)) = &wait.largest_free {
        text += &format!(
            "; most free is {} with {}",
            names.node(*node),
            amounts(free)
        );
    }
    text
}

/// `500m and 1 GiB`.
fn amounts(resources: &Resources) -> String {
    format!(
        "{} and {}",
        format::millicores(i128::from(resources.cpu.0)),
        format::bytes(i128::from(resources.memory.0))
    )
}

fn scaled(scale: &Scale, names: &dyn Names) -> String {
    let service = names.service(scale.service);
    let used = match scale.used_m {
        Some(used) if scale.requested_m > 0 => {
            let share = i128::from(used) * 1_000_000 / i128::from(scale.requested_m);
            format!(
                "{} of {} used",
                format::percent(share),
                format::millicores(i128::from(scale.requested_m))
            )
        }
        Some(used) => format!("{} used", format::millicores(i128::from(used))),
        None => "use unknown".to_owned(),
    };
    let reason = reason(scale.reason);
    if scale.from == scale.to {
        format!(
            "{service} stays at {}: {reason}, {used}",
            format::count(i128::from(scale.to))
        )
    } else {
        let (from, to) = (
            format::count(i128::from(scale.from)),
            format::count(i128::from(scale.to)),
        );
        format!("{service} from {from} to {to}: {reason}, {used}")
    }
}

/// A reason in words: what tallies of holds show, too.
#[must_use]
pub const fn reason(reason: ScaleReason) -> &'static str {
    match reason {
        ScaleReason::AboveUp => "above the upper threshold",
        ScaleReason::BelowDown => "below the lower threshold",
        ScaleReason::InBand => "between the thresholds",
        ScaleReason::AtBound => "at its bound",
        ScaleReason::NoMetric => "no metric",
        ScaleReason::NoneReady => "no replica ready",
        ScaleReason::RolloutRunning => "a rollout is running",
        ScaleReason::Cooldown => "cooling down",
        ScaleReason::WaitReady => "waiting for new replicas",
    }
}

fn denied(deny: &Deny, names: &dyn Names) -> String {
    let tenant = names.tenant(deny.tenant);
    let lack = match deny.lacks {
        Lack::Cpu { asked, left } => {
            let (asked, left) = (
                format::millicores(i128::from(asked)),
                format::millicores(i128::from(left)),
            );
            format!("cpu: {asked} asked, {left} left in the quota")
        }
        Lack::Memory { asked, left } => {
            let (asked, left) = (
                format::bytes(i128::from(asked)),
                format::bytes(i128::from(left)),
            );
            format!("memory: {asked} asked, {left} left in the quota")
        }
        Lack::Pods { asked, left } => {
            let (asked, left) = (
                format::count(i128::from(asked)),
                format::count(i128::from(left)),
            );
            format!("pods: {asked} asked, {left} left in the quota")
        }
        Lack::Apps { limit } => {
            format!("apps: the plan allows {}", format::count(i128::from(limit)))
        }
        Lack::NotAdmitting => "the tenant admits no new work in its state".to_owned(),
    };
    format!(
        "{tenant} is refused {}: {lack}",
        format::of(u64::from(deny.asks.pods), "pod", "pods")
    )
}

/// The word under which refusals for this lack are counted.
#[must_use]
pub const fn lack(lack: &Lack) -> &'static str {
    match lack {
        Lack::Cpu { .. } => "cpu",
        Lack::Memory { .. } => "memory",
        Lack::Pods { .. } => "pods",
        Lack::Apps { .. } => "apps",
        Lack::NotAdmitting => "state",
    }
}

fn pool(change: &PoolChange, names: &dyn Names) -> String {
    let pool = names.pool(change.pool);
    let nodes = format::of(u64::from(change.nodes), "node", "nodes");
    match change.removed {
        Some(node) => format!("{pool} gives back {}, {nodes} left", names.node(node)),
        None => {
            let booted = format::of(u64::from(change.booted), "node", "nodes");
            let waiting = format::of(u64::from(change.waiting), "waiting pod", "waiting pods");
            format!("{pool} orders {booted} for {waiting}, {nodes} with them")
        }
    }
}
