//! The most that a set of nodes has free: an upper bound that rules out whole blocks.
//!
//! Maxima of each resource alone come from different nodes. So beside them stands a staircase: for each
//! level of cpu, the highest level of memory among nodes that reach it. Levels are logarithmic, two per
//! doubling of cpu and eight per doubling of memory, and round down: a set that fails holds nothing.

use super::lanes::Lanes;

/// Levels of cpu: below 125 millicores, then 125, 250, 375, 500, 750, 1,000, 1,500, … .
const STEPS: usize = 32;

/// Levels of what a node has free, or of what is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) cpu: u8,
    pub(super) memory: u8,
}

/// The leading bits of a number: its power of two and `BITS` more; ascends with the number.
#[inline]
fn leading<const BITS: u32>(value: u32) -> u8 {
    let Some(power) = value.checked_ilog2() else {
        return 0;
    };
    let rest = ((u64::from(value) << BITS) >> power) & ((1 << BITS) - 1);
    let level = (u64::from(power) << BITS) + rest + 1;
    u8::try_from(level).unwrap_or(u8::MAX)
}

impl Level {
    /// The levels of free amounts or of an ask.
    #[inline]
    pub(super) fn of(lanes: Lanes) -> Level {
        let natural = |lane: i32| u32::try_from(lane).unwrap_or(0);
        let last = 31;
        Level {
            cpu: leading::<1>(natural(lanes.cpu) / 125).min(last),
            memory: leading::<3>(natural(lanes.memory)),
        }
    }

    /// Whether both levels are at least those of the other.
    #[inline]
    pub(super) fn covers(self, other: Level) -> bool {
        (self.cpu >= other.cpu) & (self.memory >= other.memory)
    }
}

/// An ask as the search compares it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub(super) lanes: Lanes,
    level: Level,
}

impl Ask {
    /// Of the lanes of an ask.
    pub(super) fn of(lanes: Lanes) -> Ask {
        Ask {
            lanes,
            level: Level::of(lanes),
        }
    }
}

/// The most that a set of nodes has free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Most {
    pub(super) lanes: Lanes,
    stairs: [u8; STEPS],
}

impl Most {
    /// Of no node.
    pub(super) const NOTHING: Most = Most {
        lanes: Lanes::NOTHING,
        stairs: [0; STEPS],
    };

    /// Whether some node of the set may hold the ask.
    #[inline]
    pub(super) fn may_hold(&self, ask: &Ask) -> bool {
        self.lanes.hold(ask.lanes) & (self.stairs[usize::from(ask.level.cpu)] >= ask.level.memory)
    }

    /// One more node in the set.
    #[inline]
    pub(super) fn add(&mut self, lanes: Lanes, level: Level) {
        self.lanes = self.lanes.max(lanes);
        for stair in &mut self.stairs[..=usize::from(level.cpu)] {
            *stair = (*stair).max(level.memory);
        }
    }

    /// Of two sets together.
    #[inline]
    pub(super) fn join(mut self, other: &Most) -> Most {
        self.lanes = self.lanes.max(other.lanes);
        for (stair, other) in self.stairs.iter_mut().zip(other.stairs) {
            *stair = (*stair).max(other);
        }
        self
    }

    /// Whether the most may be less without this node.
    #[inline]
    pub(super) fn rests_on(&self, lanes: Lanes, level: Level) -> bool {
        lanes.touches(self.lanes) | self.on_stair(level)
    }

    /// Whether the staircase may be lower without a node of this level.
    #[inline]
    pub(super) fn on_stair(&self, level: Level) -> bool {
        self.stairs[usize::from(level.cpu)] == level.memory
    }

    /// Replaces the staircase by that of nodes of these levels.
    pub(super) fn climb(&mut self, levels: impl Iterator<Item = Level>) {
        let mut stairs = [0u8; STEPS];
        for level in levels {
            let stair = &mut stairs[usize::from(level.cpu)];
            *stair = (*stair).max(level.memory);
        }
        let mut high = 0;
        for stair in stairs.iter_mut().rev() {
            high = high.max(*stair);
            *stair = high;
        }
        self.stairs = stairs;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_some_node_holds_is_never_ruled_out(
            nodes in proptest::collection::vec((0i32..100_000, 0i32..1 << 30, 0i32..9), 1..9),
            ask in (0i32..100_000, 0i32..1 << 30, 0i32..9),
        ) {
            let lanes = |(cpu, memory, pods)| Lanes { cpu, memory, pods };
            let ask = Ask::of(lanes(ask));
            let mut most = Most::NOTHING;
            for node in &nodes {
                most.add(lanes(*node), Level::of(lanes(*node)));
            }
            let mut again = most;
            again.climb(nodes.iter().map(|node| Level::of(lanes(*node))));
            prop_assert_eq!(most, again);
            if nodes.iter().any(|node| lanes(*node).hold(ask.lanes)) {
                prop_assert!(most.may_hold(&ask));
            }
        }

        #[test]
        fn levels_ascend(a in 0i32..i32::MAX, b in 0i32..i32::MAX) {
            let level = |value| Level::of(Lanes { cpu: value, memory: value, pods: 0 });
            let (low, high) = (level(a.min(b)), level(a.max(b)));
            prop_assert!(low.cpu <= high.cpu && low.memory <= high.memory);
        }
    }
}
