//! A block of the ordered index: up to 64 entries in ascending order, one array per field.

use super::key::Key;
use super::lanes::Lanes;
use super::most::{Level, Most};

/// Most entries of a block.
pub(super) const BLOCK: usize = 64;

/// Entries in order of their keys.
#[derive(Clone, Debug)]
pub(super) struct Block<K> {
    len: usize,
    keys: [K; BLOCK],
    cpu: [i32; BLOCK],
    memory: [i32; BLOCK],
    pods: [i32; BLOCK],
    level_cpu: [u8; BLOCK],
    level_memory: [u8; BLOCK],
}

fn most(lane: &[i32]) -> i32 {
    lane.iter().copied().fold(-1, i32::max)
}

impl<K: Key> Block<K> {
    pub(super) fn new() -> Block<K> {
        Block {
            len: 0,
            keys: [K::default(); BLOCK],
            cpu: [0; BLOCK],
            memory: [0; BLOCK],
            pods: [0; BLOCK],
            level_cpu: [0; BLOCK],
            level_memory: [0; BLOCK],
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn keys(&self) -> &[K] {
        &self.keys[..self.len]
    }

    pub(super) fn lanes(&self, at: usize) -> Lanes {
        Lanes {
            cpu: self.cpu[at],
            memory: self.memory[at],
            pods: self.pods[at],
        }
    }

    fn levels(&self) -> impl Iterator<Item = Level> {
        self.level_cpu[..self.len]
            .iter()
            .zip(&self.level_memory)
            .map(|(&cpu, &memory)| Level { cpu, memory })
    }

    /// The most that the entries have free.
    pub(super) fn most(&self) -> Most {
        let mut all = Most::NOTHING;
        all.lanes = Lanes {
            cpu: most(&self.cpu[..self.len]),
            memory: most(&self.memory[..self.len]),
            pods: most(&self.pods[..self.len]),
        };
        all.climb(self.levels());
        all
    }

    /// The most after an entry has gone, given that before.
    #[inline]
    pub(super) fn most_without(&self, gone: Lanes, before: &Most) -> Most {
        let lane = |gone: i32, before: i32, lane: &[i32; BLOCK]| {
            if gone == before {
                most(&lane[..self.len])
            } else {
                before
            }
        };
        let mut after = *before;
        after.lanes = Lanes {
            cpu: lane(gone.cpu, before.lanes.cpu, &self.cpu),
            memory: lane(gone.memory, before.lanes.memory, &self.memory),
            pods: lane(gone.pods, before.lanes.pods, &self.pods),
        };
        if before.on_stair(Level::of(gone)) {
            after.climb(self.levels());
        }
        after
    }

    /// Place of the first key that is not below `key`.
    #[inline]
    pub(super) fn place(&self, key: K) -> usize {
        self.keys[..self.len].partition_point(|k| *k < key)
    }

    /// Puts an entry at a place. The block must not be full.
    pub(super) fn put(&mut self, at: usize, key: K, lanes: Lanes, level: Level) {
        debug_assert!(self.len < BLOCK, "a full block is split first");
        let end = self.len;
        self.keys.copy_within(at..end, at + 1);
        self.cpu.copy_within(at..end, at + 1);
        self.memory.copy_within(at..end, at + 1);
        self.pods.copy_within(at..end, at + 1);
        self.level_cpu.copy_within(at..end, at + 1);
        self.level_memory.copy_within(at..end, at + 1);
        self.keys[at] = key;
        self.cpu[at] = lanes.cpu;
        self.memory[at] = lanes.memory;
        self.pods[at] = lanes.pods;
        self.level_cpu[at] = level.cpu;
        self.level_memory[at] = level.memory;
        self.len = end + 1;
    }

    /// Takes the entry at a place out; returns its lanes.
    pub(super) fn take(&mut self, at: usize) -> Lanes {
        let lanes = self.lanes(at);
        let end = self.len;
        self.keys.copy_within(at + 1..end, at);
        self.cpu.copy_within(at + 1..end, at);
        self.memory.copy_within(at + 1..end, at);
        self.pods.copy_within(at + 1..end, at);
        self.level_cpu.copy_within(at + 1..end, at);
        self.level_memory.copy_within(at + 1..end, at);
        self.len = end - 1;
        lanes
    }

    /// Moves the upper half to a new block.
    pub(super) fn split(&mut self) -> Block<K> {
        let half = self.len / 2;
        let mut upper = Block::new();
        upper.append_from(self, half);
        self.len = half;
        upper
    }

    /// Copies the entries of `other` from a place on to the end of this block.
    pub(super) fn append_from(&mut self, other: &Block<K>, from: usize) {
        let (start, count) = (self.len, other.len - from);
        let (to, from) = (start..start + count, from..other.len);
        self.keys[to.clone()].copy_from_slice(&other.keys[from.clone()]);
        self.cpu[to.clone()].copy_from_slice(&other.cpu[from.clone()]);
        self.memory[to.clone()].copy_from_slice(&other.memory[from.clone()]);
        self.pods[to.clone()].copy_from_slice(&other.pods[from.clone()]);
        self.level_cpu[to.clone()].copy_from_slice(&other.level_cpu[from.clone()]);
        self.level_memory[to].copy_from_slice(&other.level_memory[from]);
        self.len += count;
    }

    /// Place of the first entry from `from` on that holds what is asked.
    #[inline]
    pub(super) fn find(&self, from: usize, ask: Lanes) -> Option<usize> {
        let range = from..self.len;
        let (cpu, memory, pods) = (
            &self.cpu[range.clone()],
            &self.memory[range.clone()],
            &self.pods[range],
        );
        cpu.iter()
            .zip(memory)
            .zip(pods)
            .position(|((&cpu, &memory), &pods)| Lanes { cpu, memory, pods }.hold(ask))
            .map(|offset| from + offset)
    }
}
