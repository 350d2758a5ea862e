//! The Deployment controller's arithmetic: which replica set grows or shrinks next, and by how much.
//!
//! After kubernetes/kubernetes `pkg/controller/deployment/{rolling,sync}.go` and
//! `pkg/controller/deployment/util/deployment_util.go` (`reconcileNewReplicaSet`,
//! `reconcileOldReplicaSets`, `cleanupUnhealthyReplicas`, `scaleDownOldReplicaSetsForRollingUpdate`,
//! `scale`, `NewRSNewReplicas`, `FindActiveOrLatest`, `IsSaturated`, `GetReplicaSetProportion`), with
//! `minReadySeconds` 0, so that available is ready. One call is one pass of `syncDeployment`; the caller
//! lets the replica sets follow and calls again until nothing changes.

use serde::{Deserialize, Serialize};

/// What the Deployment wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Goal {
    pub(super) replicas: u32,
    pub(super) surge: u32,
    pub(super) unavailable: u32,
    pub(super) paused: bool,
}

/// A replica set as the Deployment controller sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Size {
    /// Replicas that it should have.
    pub(super) replicas: u32,
    /// Of its pods, those that are ready.
    pub(super) available: u32,
    /// Annotation `desired-replicas`: the Deployment's replicas when this set was last scaled.
    pub(super) desired: u32,
    /// Annotation `max-replicas`: the same with the surge.
    pub(super) max: u32,
}

/// What a pass did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// The set of the present template must be made, with this many replicas.
    Make(u32),
    /// Some set was changed.
    Changed,
    /// Nothing was left to do.
    Rest,
}

impl Goal {
    fn max(&self) -> u32 {
        self.replicas.saturating_add(self.surge)
    }

    /// `MaxUnavailable`, after `ResolveFenceposts`: not both 0, and not above the replicas.
    fn max_unavailable(&self) -> u32 {
        let least = u32::from(self.surge == 0);
        self.unavailable.max(least).min(self.replicas)
    }

    fn min_available(&self) -> u32 {
        self.replicas - self.max_unavailable()
    }

    fn set(&self, size: &mut Size, replicas: u32) -> bool {
        let before = *size;
        size.replicas = replicas;
        size.desired = self.replicas;
        size.max = self.max();
        *size != before
    }

    /// `NewRSNewReplicas`: replicas that the new set may have, with `all` in all sets.
    fn new_replicas(&self, all: u32, new: u32) -> u32 {
        let room = self.max().saturating_sub(all);
        new + room.min(self.replicas.saturating_sub(new))
    }
}

fn replicas(sets: &[Size]) -> u32 {
    sets.iter().map(|set| set.replicas).sum()
}

/// One pass over the sets, oldest first; `new` is the place of the one with the present template.
pub(super) fn pass(goal: &Goal, sets: &mut [Size], new: Option<usize>) -> Pass {
    let scaled = |set: &Size| set.replicas > 0 && set.desired != goal.replicas;
    if goal.paused || sets.iter().any(scaled) {
        return changed(scale(goal, sets, new));
    }
    let Some(new) = new else {
        return Pass::Make(goal.new_replicas(replicas(sets), 0));
    };
    changed(grow_new(goal, sets, new) || shrink_old(goal, sets, new))
}

fn changed(changed: bool) -> Pass {
    match changed {
        true => Pass::Changed,
        false => Pass::Rest,
    }
}

/// `reconcileNewReplicaSet`.
fn grow_new(goal: &Goal, sets: &mut [Size], new: usize) -> bool {
    let size = sets[new].replicas;
    if size == goal.replicas {
        return false;
    }
    let wanted = match size > goal.replicas {
        true => goal.replicas,
        false => goal.new_replicas(replicas(sets), size),
    };
    wanted != size && goal.set(&mut sets[new], wanted)
}

/// `reconcileOldReplicaSets`: not ready ones first, then ready ones as far as enough stay available.
fn shrink_old(goal: &Goal, sets: &mut [Size], new: usize) -> bool {
    let all = i64::from(replicas(sets));
    if all == i64::from(sets[new].replicas) {
        return false;
    }
    let unavailable = i64::from(sets[new].replicas) - i64::from(sets[new].available);
    let most = all - i64::from(goal.min_available()) - unavailable;
    let Ok(most @ 1..) = u32::try_from(most) else {
        return false;
    };
    let cleaned = clean_up(goal, sets, new, most);
    let ready: u32 = sets.iter().map(|set| set.available.min(set.replicas)).sum();
    let mut spare = ready.saturating_sub(goal.min_available());
    let mut shrunk = false;
    for (index, set) in sets.iter_mut().enumerate() {
        let less = spare.min(set.replicas);
        if index != new && less > 0 {
            spare -= less;
            shrunk |= goal.set(set, set.replicas - less);
        }
    }
    cleaned || shrunk
}

/// `cleanupUnhealthyReplicas`: old replicas that are not ready, at most `most`.
fn clean_up(goal: &Goal, sets: &mut [Size], new: usize, most: u32) -> bool {
    let mut left = most;
    for (index, set) in sets.iter_mut().enumerate() {
        let unhealthy = set.replicas.saturating_sub(set.available).min(left);
        if index != new && unhealthy > 0 {
            left -= unhealthy;
            goal.set(set, set.replicas - unhealthy);
        }
    }
    left < most
}

/// `scale`: a changed replica count, or a paused Deployment.
fn scale(goal: &Goal, sets: &mut [Size], new: Option<usize>) -> bool {
    let active: Vec<usize> = (0..sets.len()).filter(|&i| sets[i].replicas > 0).collect();
    if active.len() <= 1 {
        let latest = new.or(sets.len().checked_sub(1));
        let only = active.first().copied().or(latest);
        return only.is_some_and(|only| goal.set(&mut sets[only], goal.replicas));
    }
    let saturated = new.is_some_and(|new| {
        let new = &sets[new];
        new.desired == goal.replicas
            && new.replicas == goal.replicas
            && new.available == goal.replicas
    });
    if saturated {
        let mut any = false;
        for index in active.into_iter().filter(|&index| Some(index) != new) {
            any |= goal.set(&mut sets[index], 0);
        }
        return any;
    }
    spread(goal, sets, active)
}

/// Spreads the difference over the active sets in proportion to their sizes; what rounding leaves goes
/// to the largest one.
fn spread(goal: &Goal, sets: &mut [Size], mut active: Vec<usize>) -> bool {
    let allowed = if goal.replicas > 0 { goal.max() } else { 0 };
    let wanted = i64::from(allowed) - i64::from(replicas(sets));
    // Larger first; of equal ones the newer grows first and the older shrinks first.
    active.sort_by_key(|&index| {
        let age = i64::try_from(index).unwrap_or(i64::MAX);
        let age = if wanted > 0 { -age } else { age };
        (std::cmp::Reverse(sets[index].replicas), age)
    });
    let mut given = 0;
    let mut sizes = Vec::with_capacity(active.len());
    for &index in &active {
        let share = proportion(goal, &sets[index], wanted - given);
        sizes.push(i64::from(sets[index].replicas) + share);
        given += share;
    }
    if let Some(largest) = sizes.first_mut() {
        *largest += wanted - given;
    }
    let mut any = false;
    for (index, size) in active.into_iter().zip(sizes) {
        let size = u32::try_from(size.max(0)).unwrap_or(u32::MAX);
        any |= goal.set(&mut sets[index], size);
    }
    any
}

/// `GetReplicaSetProportion`: what one set gains or loses, at most what is left to give.
fn proportion(goal: &Goal, set: &Size, left: i64) -> i64 {
    if left == 0 {
        return 0;
    }
    let size = i64::from(set.replicas);
    let share = match (goal.replicas, i64::from(set.max)) {
        (0, _) | (_, 0) => -size,
        (_, before) => div_round(size * i64::from(goal.max()), before) - size,
    };
    if left > 0 {
        share.min(left)
    } else {
        share.max(left)
    }
}

/// `a / b` of positive numbers, rounded half up, as `RoundToInt32`.
fn div_round(a: i64, b: i64) -> i64 {
    (2 * a + b) / (2 * b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn goal(replicas: u32, surge: u32, unavailable: u32) -> Goal {
        Goal {
            replicas,
            surge,
            unavailable,
            paused: false,
        }
    }

    /// Sets as (replicas, available), all scaled for `goal`.
    fn sets(goal: &Goal, sizes: &[(u32, u32)]) -> Vec<Size> {
        let size = |&(replicas, available): &(u32, u32)| Size {
            replicas,
            available,
            desired: goal.replicas,
            max: goal.max(),
        };
        sizes.iter().map(size).collect()
    }

    #[track_caller]
    fn check(goal: &Goal, before: &[(u32, u32)], did: Pass, after: &[u32]) {
        let mut sizes = sets(goal, before);
        let new = sizes.len() - 1;
        assert_eq!(pass(goal, &mut sizes, Some(new)), did, "{before:?}");
        let now: Vec<u32> = sizes.iter().map(|size| size.replicas).collect();
        assert_eq!(now, after, "{before:?}");
    }

    #[test]
    fn a_new_set_starts_with_what_the_surge_allows() {
        for (goal, old, new) in [
            (goal(10, 3, 2), 10, 3),
            (goal(10, 0, 1), 10, 0),
            (goal(10, 3, 2), 13, 0),
            (goal(4, 1, 1), 0, 4),
            (goal(0, 1, 0), 0, 0),
        ] {
            let mut sizes = sets(&goal, &[(old, old)]);
            assert_eq!(pass(&goal, &mut sizes, None), Pass::Make(new), "{goal:?}");
        }
    }

    // The expected numbers are those of the table tests' formulae in the Go code: scale up by
    // replicas + surge − all; scale down by all − (replicas − unavailable) − (new − new available).
    #[test]
    fn a_pass_does_what_the_real_controller_does() {
        let ten = goal(10, 3, 2);
        // Grow first: 10 + 3 − 10 = 3.
        check(&ten, &[(10, 10), (0, 0)], Pass::Changed, &[10, 3]);
        // Then shrink: 13 − 8 − 3 = 2 at most, and 10 available − 8 = 2.
        check(&ten, &[(10, 10), (3, 0)], Pass::Changed, &[8, 3]);
        // Grow again: 13 − 11 = 2.
        check(&ten, &[(8, 8), (3, 0)], Pass::Changed, &[8, 5]);
        // Nothing more until new ones are ready: 13 − 8 − 5 = 0.
        check(&ten, &[(8, 8), (5, 0)], Pass::Rest, &[8, 5]);
        // Two are ready: 13 − 8 − 3 = 2, available 10 − 8 = 2.
        check(&ten, &[(8, 8), (5, 2)], Pass::Changed, &[6, 5]);
        // An old one fails while five new ones never start: 13 − 8 − 5 = 0, nothing is taken.
        check(&ten, &[(8, 7), (5, 0)], Pass::Rest, &[8, 5]);
        // Not ready old ones go first and beyond what availability allows.
        check(&ten, &[(10, 6), (3, 3)], Pass::Changed, &[5, 3]);
        // The last step.
        check(&ten, &[(2, 2), (10, 10)], Pass::Changed, &[0, 10]);
        check(&ten, &[(0, 0), (10, 10)], Pass::Rest, &[0, 10]);
        // Surge 0: first down, then up.
        let tight = goal(4, 0, 1);
        check(&tight, &[(4, 4), (0, 0)], Pass::Changed, &[3, 0]);
        check(&tight, &[(3, 3), (0, 0)], Pass::Changed, &[3, 1]);
        check(&tight, &[(3, 3), (1, 0)], Pass::Rest, &[3, 1]);
        check(&tight, &[(3, 3), (1, 1)], Pass::Changed, &[2, 1]);
        // Unavailable 0: first up, then down.
        let safe = goal(4, 1, 0);
        check(&safe, &[(4, 4), (0, 0)], Pass::Changed, &[4, 1]);
        check(&safe, &[(4, 4), (1, 0)], Pass::Rest, &[4, 1]);
        check(&safe, &[(4, 4), (1, 1)], Pass::Changed, &[3, 1]);
        // Several old sets: the oldest shrinks first.
        check(&ten, &[(3, 3), (5, 5), (5, 5)], Pass::Changed, &[0, 3, 5]);
    }

    #[test]
    fn both_bounds_zero_means_one_unavailable() {
        check(&goal(4, 0, 0), &[(4, 4), (0, 0)], Pass::Changed, &[3, 0]);
    }

    #[test]
    fn a_scale_during_a_rollout_is_spread_in_proportion() {
        // The example of the Kubernetes documentation: 10 replicas, surge 3, unavailable 2, new image
        // unresolvable: 8 + 5. Scaled to 15: 18 − 13 = 5 more, 3 to the larger, 2 to the smaller.
        let before = goal(10, 3, 2);
        let mut sizes = sets(&before, &[(8, 8), (5, 0)]);
        let after = goal(15, 3, 2);
        assert_eq!(pass(&after, &mut sizes, Some(1)), Pass::Changed);
        assert_eq!((sizes[0].replicas, sizes[1].replicas), (11, 7));
        // Scaled to zero everything goes at once.
        assert_eq!(pass(&goal(0, 3, 2), &mut sizes, Some(1)), Pass::Changed);
        assert_eq!((sizes[0].replicas, sizes[1].replicas), (0, 0));
    }

    #[test]
    fn a_paused_deployment_scales_its_only_active_set_and_makes_none() {
        let paused = Goal {
            paused: true,
            ..goal(6, 1, 1)
        };
        let mut sizes = sets(&goal(4, 1, 1), &[(4, 4)]);
        assert_eq!(pass(&paused, &mut sizes, None), Pass::Changed);
        assert_eq!(sizes[0].replicas, 6);
        assert_eq!(pass(&paused, &mut sizes, None), Pass::Rest);
        assert_eq!(pass(&paused, &mut [], None), Pass::Rest);
    }

    #[test]
    fn a_scaled_deployment_with_a_new_template_scales_the_old_set_first() {
        let mut sizes = sets(&goal(2, 1, 0), &[(2, 2)]);
        assert_eq!(pass(&goal(4, 1, 0), &mut sizes, None), Pass::Changed);
        assert_eq!(sizes[0].replicas, 4);
        assert_eq!(pass(&goal(4, 1, 0), &mut sizes, None), Pass::Make(1));
    }

    proptest! {
        #[test]
        fn a_rollout_ends_within_its_bounds(replicas in 0u32..30, surge in 0u32..8, unavailable in 0u32..8, old in 0u32..30, steps in proptest::collection::vec(0u32..5, 60)) {
            let goal = goal(replicas, surge, unavailable);
            let mut sizes = sets(&goal, &[(old.min(goal.max()), old.min(goal.max())), (0, 0)]);
            let mut steps = steps.into_iter();
            for _ in 0..2_000 {
                let before: u32 = sizes.iter().map(|size| size.available).sum();
                let did = pass(&goal, &mut sizes, Some(1));
                for size in &mut sizes {
                    size.available = size.available.min(size.replicas);
                }
                let all: u32 = sizes.iter().map(|size| size.replicas).sum();
                let ready: u32 = sizes.iter().map(|size| size.available).sum();
                prop_assert!(all <= goal.max());
                prop_assert!(ready >= goal.min_available().min(before));
                if did == Pass::Rest {
                    let waiting = sizes[1].replicas - sizes[1].available;
                    if waiting == 0 {
                        break;
                    }
                    sizes[1].available += steps.next().unwrap_or(1).min(waiting);
                }
            }
            prop_assert_eq!((sizes[0].replicas, sizes[1].replicas), (0, goal.replicas));
        }
    }
}
