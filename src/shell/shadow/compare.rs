//! Which choices two deciders made, and where they differ.

use nimbus_core::explain::Decision;
use nimbus_core::ids::{PodNo, PoolNo, ServiceNo};
use nimbus_core::machine::Effect;
use nimbus_core::time::Time;
use serde::Serialize;

/// What kind of choice differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Another node.
    Placement,
    /// One found a node, the other did not.
    Wait,
    /// Another replica count.
    Scale,
    /// Other nodes ordered or given back.
    Pool,
}

/// A choice that differs. One that only one of them made stands alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Machine time.
    pub time: Time,
    /// What differs.
    pub kind: Kind,
    /// What was done.
    pub live: Option<Decision>,
    /// What the candidate would have done.
    pub candidate: Option<Decision>,
}

/// What a choice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Pod(PodNo),
    Service(ServiceNo),
    Pool(PoolNo),
}

/// The choices among effects: placements, changes of replica counts and of pools. Waits and looks that change
/// nothing are none.
pub(super) fn choices(effects: &[Effect]) -> Vec<Decision> {
    let decisions = effects.iter().filter_map(|effect| match effect {
        Effect::Explain(decision) => Some(*decision),
        _ => None,
    });
    decisions
        .filter(|decision| subject(decision).is_some())
        .collect()
}

fn subject(decision: &Decision) -> Option<Subject> {
    match decision {
        Decision::Place(place) => Some(Subject::Pod(place.pod)),
        Decision::Scale(scale) if scale.from != scale.to => Some(Subject::Service(scale.service)),
        Decision::Pool(pool) => Some(Subject::Pool(pool.pool)),
        _ => None,
    }
}

/// Whether two choices about one thing come to the same.
fn same(a: &Decision, b: &Decision) -> bool {
    match (a, b) {
        (Decision::Place(a), Decision::Place(b)) => a.node == b.node,
        (Decision::Scale(a), Decision::Scale(b)) => a.to == b.to,
        (Decision::Pool(a), Decision::Pool(b)) => (a.booted, a.removed) == (b.booted, b.removed),
        _ => false,
    }
}

/// The choices of one delivery that differ, paired by what they are about.
pub(super) fn differing(
    live: &[Decision],
    candidate: &[Decision],
) -> Vec<(Option<Decision>, Option<Decision>)> {
    let mut rest: Vec<&Decision> = candidate.iter().collect();
    let mut found = Vec::new();
    for choice in live {
        let other = rest
            .iter()
            .position(|other| subject(other) == subject(choice));
        match other.map(|at| rest.remove(at)) {
            Some(other) if same(choice, other) => {}
            other => found.push((Some(*choice), other.copied())),
        }
    }
    found.extend(rest.into_iter().map(|other| (None, Some(*other))));
    found
}

/// The kind of a difference: a placement without its counterpart is a wait.
pub(super) fn kind((live, candidate): (Option<&Decision>, Option<&Decision>)) -> Kind {
    match (live.or(candidate), live.is_some() && candidate.is_some()) {
        (Some(Decision::Scale(_)), _) => Kind::Scale,
        (Some(Decision::Pool(_)), _) => Kind::Pool,
        (_, true) => Kind::Placement,
        _ => Kind::Wait,
    }
}
