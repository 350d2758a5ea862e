//! What would follow from a request (U-02): the present state, forked, with the request in it and without.
//!
//! Guarantees: nothing is written and nothing leaves; machines and cluster are those of one instant of the
//! store. At most [`AT_ONCE`] forks run, each for at most [`BUDGET`]. Never: decides; the same machines do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use nimbus_core::billing::{Currency, Meter, Usage};
use nimbus_core::explain::{Filter, Place, Wait};
use nimbus_core::ids::{PodNo, TenantNo};
use nimbus_core::machine::{Message, Reply};
use nimbus_core::tenant;
use nimbus_core::time::{Span, Time};
use nimbus_core::units::Resources;
use tokio::sync::Semaphore;

use super::branch::{Branch, BranchError, Origin};
use crate::cluster::sim::Scene;
use crate::runtime::{self, Stopwatch};

/// Forks at the same time.
pub const AT_ONCE: usize = 2;

/// Longest time that a fork may compute.
pub const BUDGET: Duration = Duration::from_secs(10);

/// Groups between two looks at the clock.
const LOOK_EVERY: u64 = 64;

/// Placements and waiting replicas that a forecast lists.
pub const LISTED_MAX: usize = 500;

/// What somebody wants to know.
#[derive(Clone, Debug)]
pub struct Question {
    /// The request.
    pub message: Message,
    /// Whose it is; `None` if it makes the tenant.
    pub tenant: Option<TenantNo>,
    /// How far to look; zero shows what happens at this instant.
    pub horizon: Span,
}

/// A replica that got a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Its ordinal in the fork.
    pub pod: PodNo,
    /// Name of its node.
    pub node: Arc<str>,
    /// Why there.
    pub decision: Place,
}

/// A replica that waits at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its ordinal in the fork.
    pub pod: PodNo,
    /// Why.
    pub reason: String,
}

/// What another tenant has of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affected {
    /// Which.
    pub tenant: TenantNo,
    /// More replicas that wait at the end than without the request; fewer if negative.
    pub waiting: i64,
}

/// What follows from a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// The answer to the request.
    pub reply: Option<Reply>,
    /// When the fork was taken.
    pub start: Time,
    /// How far it looked.
    pub horizon: Span,
    /// Replicas of the tenant that got a node, the first [`LISTED_MAX`].
    pub placements: Vec<Placement>,
    /// Replicas of the tenant that wait at the end, the first [`LISTED_MAX`].
    pub pending: Vec<Pending>,
    /// Longest time that 99 of 100 of these replicas waited, so far if they still do.
    pub queue_time_p99: Span,
    /// What is left of the tenant's quota at the end.
    pub quota_left: Option<Resources>,
    /// What the tenant's use costs more until the end than without the request, minor units, rounded down.
    pub cost_minor: i64,
    /// Currency of the cost.
    pub currency: Currency,
    /// Other tenants for which something changes, in order.
    pub affected: Vec<Affected>,
    /// Hash of what the cluster plays, hex.
    pub scenario_hash: String,
    /// Hash of the fork's run, hex.
    pub event_hash: String,
}

/// Why there is no forecast.
#[derive(Debug, thiserror::Error)]
pub enum ForkError {
    /// As many as may are running.
    #[error("{AT_ONCE} simulations run already")]
    Busy,
    /// It took too long.
    #[error("the simulation took more than {} s: ask for a shorter time", BUDGET.as_secs())]
    Budget,
    /// The state could not be forked.
    #[error(transparent)]
    Branch(#[from] BranchError),
    /// A defect.
    #[error("the simulation failed: {0}")]
    Panicked(String),
}

/// Answers questions about the present state of a store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Forks {
    scene: Arc<Scene>,
    places: Arc<Semaphore>,
}

impl Forks {
    /// Forks of a control plane whose cluster plays this.
    #[must_use]
    pub fn new(scene: Arc<Scene>) -> Forks {
        Forks {
            scene,
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Runs the question in a fork of what `origin` reads, beside the async threads.
    ///
    /// # Errors
    /// See [`ForkError`].
    pub async fn run<E: Into<BranchError>>(
        &self,
        origin: impl FnOnce() -> Result<Origin, E> + Send + 'static,
        question: Question,
    ) -> Result<Forecast, ForkError> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Err(ForkError::Busy);
        };
        let scene = Arc::clone(&self.scene);
        let computed = runtime::blocking(move || {
            let _place = place;
            let clock = Stopwatch::start();
            let origin = origin().map_err(Into::into)?;
            forecast(&scene, &origin, &question, &mut || clock.wall() < BUDGET)
        });
        computed.await.map_err(ForkError::Panicked)?
    }
}

/// What follows from the question. `go_on` is asked now and then.
///
/// # Errors
/// See [`ForkError`].
pub fn forecast(
    scene: &Arc<Scene>,
    origin: &Origin,
    question: &Question,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Forecast, ForkError> {
    let mut with = Branch::new(scene, origin)?;
    let start = with.now();
    let end = start + question.horizon;
    let before = usage(&with, start);
    let asked = with.group(start, vec![question.message.clone()])?;
    let reply = asked.0.replies.into_iter().next();
    play(&mut with, end, go_on)?;
    let mut without = Branch::new(scene, origin)?;
    if question.horizon > Span::ZERO {
        play(&mut without, end, go_on)?;
    }
    let tenant = question.tenant.or_else(|| made(reply.as_ref()));
    let used = tenant.map(|tenant| {
        let own = |branch: &Branch| {
            let sums = usage(branch, end);
            let of = |sums: &BTreeMap<TenantNo, Usage>| sums.get(&tenant).copied();
            let since = of(&sums).unwrap_or_default();
            since.checked_sub(of(&before).unwrap_or_default())
        };
        let more = own(&with)?.checked_sub(own(&without)?)?;
        cost(&with, more)
    });
    Ok(Forecast {
        reply,
        start,
        horizon: question.horizon,
        placements: placements(&with, tenant),
        pending: pending(&with, tenant),
        queue_time_p99: queue_time(&with, tenant, end),
        quota_left: tenant.and_then(|tenant| quota_left(&with, tenant)),
        cost_minor: used.flatten().unwrap_or(0),
        currency: with.machines.billing.config().currency,
        affected: affected(&with, &without, tenant),
        scenario_hash: with
            .cluster
            .scene()
            .hash()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        event_hash: with.conductor.hash().to_string(),
    })
}

/// Lets everything happen until the end, that instant included.
fn play(branch: &mut Branch, end: Time, go_on: &mut dyn FnMut() -> bool) -> Result<(), ForkError> {
    while let Some(next) = branch.next().filter(|next| *next <= end) {
        if branch.groups().is_multiple_of(LOOK_EVERY) && !go_on() {
            return Err(ForkError::Budget);
        }
        branch.group(next, Vec::new())?;
    }
    Ok(())
}

/// The tenant that a request made.
fn made(reply: Option<&Reply>) -> Option<TenantNo> {
    match reply? {
        Reply::Tenant(Ok(tenant::Answer::Tenant { no, .. })) => Some(*no),
        _ => None,
    }
}

fn usage(branch: &Branch, at: Time) -> BTreeMap<TenantNo, Usage> {
    let metered = branch.machines.billing.metered(at).into_iter();
    metered
        .map(|metered| (metered.tenant, metered.usage))
        .collect()
}

fn cost(branch: &Branch, usage: Usage) -> Option<i64> {
    let prices = branch.machines.billing.config().prices;
    let amount = |meter: Meter| prices.amount(meter, meter.of(usage));
    amount(Meter::Cpu)?.checked_add(amount(Meter::Memory)?)
}

fn placements(branch: &Branch, tenant: Option<TenantNo>) -> Vec<Placement> {
    let nodes = branch.cluster.world().nodes();
    let own = branch.places.iter();
    let own = own.filter(|place| Some(place.tenant) == tenant);
    own.take(LISTED_MAX)
        .map(|place| Placement {
            pod: place.pod,
            node: nodes
                .get(place.node.index())
                .map_or_else(|| Arc::from(""), |node| Arc::clone(&node.spec.name)),
            decision: *place,
        })
        .collect()
}

fn pending(branch: &Branch, tenant: Option<TenantNo>) -> Vec<Pending> {
    let own = branch.waiting.iter();
    let own = own.filter(|(_, waiting)| Some(waiting.tenant) == tenant);
    own.take(LISTED_MAX)
        .map(|(pod, waiting)| Pending {
            pod: *pod,
            reason: branch
                .waits
                .get(&waiting.service)
                .map_or_else(|| "waits for its turn".to_owned(), reason),
        })
        .collect()
}

/// Why pods wait: which filter removed how many nodes.
fn reason(wait: &Wait) -> String {
    let by = Filter::ALL
        .iter()
        .map(|filter| (filter, wait.removed.by(*filter)));
    let by = by.filter(|(_, count)| *count > 0);
    let by: Vec<String> = by
        .map(|(filter, count)| format!("{} {count} of {} removed", filter.as_str(), wait.nodes))
        .collect();
    match by.is_empty() {
        true => "no node".to_owned(),
        false => format!("no node: {}", by.join(", ")),
    }
}

/// Nearest rank over placed and waiting replicas of the tenant.
fn queue_time(branch: &Branch, tenant: Option<TenantNo>, end: Time) -> Span {
    let placed = branch.places.iter();
    let placed = placed.filter(|place| Some(place.tenant) == tenant);
    let waiting = branch.waiting.values();
    let waiting = waiting.filter(|waiting| Some(waiting.tenant) == tenant);
    let mut times: Vec<Span> = placed
        .map(|place| place.waited)
        .chain(waiting.map(|waiting| end.since(waiting.since)))
        .collect();
    times.sort();
    let rank = (times.len() * 99).div_ceil(100);
    let at = rank.checked_sub(1).and_then(|at| times.get(at));
    at.copied().unwrap_or(Span::ZERO)
}

fn quota_left(branch: &Branch, tenant: TenantNo) -> Option<Resources> {
    let view = branch.machines.tenants.tenant(tenant)?;
    Some(view.quota.saturating_sub(view.used))
}

fn affected(with: &Branch, without: &Branch, tenant: Option<TenantNo>) -> Vec<Affected> {
    let count = |branch: &Branch| {
        let mut counts: BTreeMap<TenantNo, i64> = BTreeMap::new();
        for waiting in branch.waiting.values() {
            *counts.entry(waiting.tenant).or_default() += 1;
        }
        counts
    };
    let (after, before) = (count(with), count(without));
    let tenants: BTreeSet<TenantNo> = after.keys().chain(before.keys()).copied().collect();
    let of = |counts: &BTreeMap<TenantNo, i64>, no| counts.get(no).copied().unwrap_or(0);
    let others = tenants.iter().filter(|no| Some(**no) != tenant);
    let changes = others.map(|no| Affected {
        tenant: *no,
        waiting: of(&after, no) - of(&before, no),
    });
    changes.filter(|change| change.waiting != 0).collect()
}

#[cfg(test)]
mod tests;
