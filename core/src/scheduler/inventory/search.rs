//! The exact search: the two best nodes that a pod fits on.

use super::groups::Group;
use super::key::Key;
use super::lanes::Lanes;
use super::list::{Cursor, List};
use super::most::Ask;
use super::nodes::Nodes;
use super::specs::Spec;
use crate::explain::ScoreKind;
use crate::scheduler::score::{self, Score};
use crate::units::MIB;

/// The best node, and the best other one.
pub(super) type Best = (Option<Score>, Option<Score>);

/// Puts a score among the two best; whether it is one of them.
#[inline]
pub(super) fn rank(best: &mut Best, score: Score) -> bool {
    match *best {
        (Some(first), _) if score > first => {
            if best.1.is_some_and(|second| score > second) {
                return false;
            }
            best.1 = Some(score);
        }
        (first, _) => *best = (Some(score), first),
    }
    true
}

/// Looks through the groups that pass the attribute filters: within a group the entries come in order of
/// the score, so at most two of each are compared.
pub(super) fn search<K: Key>(
    kind: ScoreKind,
    lists: &[List<K>],
    groups: &[Group],
    nodes: &Nodes,
    spec: &Spec,
) -> Best {
    let ask = Ask::of(Lanes::of(spec.ask));
    let whole_mib = spec.ask.memory.unsigned_abs().is_multiple_of(MIB);
    let holds = |list: &List<K>, cursor: Cursor| {
        let node = list.key(cursor).node() as usize;
        whole_mib || nodes.free_memory[node] >= spec.ask.memory
    };
    let mut best = (None, None);
    for &number in &spec.groups {
        let (group, list) = (&groups[number as usize], &lists[number as usize]);
        let from = K::compose(score::least_order(kind, &group.shape, spec.ask), 0);
        let mut cursor = list.first(from, &ask);
        let mut found = 0;
        while let Some(at) = cursor {
            if holds(list, at) {
                let key = list.key(at);
                let cost = score::cost(kind, &group.shape, key.order(), spec.ask);
                let score = Score {
                    cost,
                    node: key.node(),
                };
                found += 1;
                if !rank(&mut best, score) || found == 2 {
                    break;
                }
            }
            cursor = list.next(at, &ask);
        }
    }
    best
}
