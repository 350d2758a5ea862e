//! A block of the ordered index: up to 64 entries in ascending order.

use super::key::Key;
use super::lanes::Lanes;
use super::most::{Level, Most};

/// Most entries of a block.
pub(super) const BLOCK: usize = 64;

/// A node in the index.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Entry<K> {
    pub(super) key: K,
    pub(super) lanes: Lanes,
    pub(super) level: Level,
}

/// Entries in order of their keys.
#[derive(Clone, Debug)]
pub(super) struct Block<K> {
    len: usize,
    entries: [Entry<K>; BLOCK],
}

impl<K: Key> Block<K> {
    pub(super) fn new() -> Block<K> {
        Block {
            len: 0,
            entries: [Entry::default(); BLOCK],
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn entries(&self) -> &[Entry<K>] {
        &self.entries[..self.len]
    }

    /// The least key.
    pub(super) fn first(&self) -> Option<K> {
        self.entries().first().map(|entry| entry.key)
    }

    /// The most that the entries have free.
    pub(super) fn most(&self) -> Most {
        let mut most = Most::NOTHING;
        most.climb(self.entries().iter().map(|entry| entry.level));
        most.lanes = self.most_lanes();
        most
    }

    fn most_lanes(&self) -> Lanes {
        self.entries()
            .iter()
            .fold(Lanes::NOTHING, |most, entry| most.max(entry.lanes))
    }

    /// Lowers the most after an entry has gone, where no other reaches it; whether it was lowered.
    #[inline]
    pub(super) fn lower(&self, gone: &Entry<K>, most: &mut Most) -> bool {
        let reached = |most: i32, of: fn(&Lanes) -> i32| {
            // From the end: where the order is that of free cpu, the last has the most.
            let mut others = self.entries().iter().rev();
            of(&gone.lanes) != most || others.any(|entry| of(&entry.lanes) == most)
        };
        let lanes = reached(most.lanes.cpu, |lanes| lanes.cpu)
            && reached(most.lanes.memory, |lanes| lanes.memory)
            && reached(most.lanes.pods, |lanes| lanes.pods);
        let mut levels = self.entries().iter().map(|entry| entry.level);
        let stairs = !most.on_stair(gone.level) || levels.any(|level| level.covers(gone.level));
        if !lanes {
            most.lanes = self.most_lanes();
        }
        if !stairs {
            most.climb(self.entries().iter().map(|entry| entry.level));
        }
        !(lanes && stairs)
    }

    /// Place of the first key that is not below `key`.
    #[inline]
    pub(super) fn place(&self, key: K) -> usize {
        self.entries().partition_point(|entry| entry.key < key)
    }

    /// Puts an entry at a place. The block must not be full.
    #[inline]
    pub(super) fn put(&mut self, at: usize, entry: Entry<K>) {
        debug_assert!(self.len < BLOCK, "a full block is split first");
        self.entries.copy_within(at..self.len, at + 1);
        self.entries[at] = entry;
        self.len += 1;
    }

    /// Takes the entry at a place out.
    #[inline]
    pub(super) fn take(&mut self, at: usize) -> Entry<K> {
        let entry = self.entries[at];
        self.entries.copy_within(at + 1..self.len, at);
        self.len -= 1;
        entry
    }

    /// Moves the upper half to a new block.
    pub(super) fn split(&mut self) -> Block<K> {
        let half = self.len / 2;
        let mut upper = Block::new();
        upper.append(&self.entries[half..self.len]);
        self.len = half;
        upper
    }

    /// Adds entries at the end.
    pub(super) fn append(&mut self, entries: &[Entry<K>]) {
        let end = self.len + entries.len();
        self.entries[self.len..end].copy_from_slice(entries);
        self.len = end;
    }

    /// Place of the first entry from `from` on that holds what is asked.
    #[inline]
    pub(super) fn find(&self, from: usize, ask: Lanes) -> Option<usize> {
        self.entries()
            .get(from..)?
            .iter()
            .position(|entry| entry.lanes.hold(ask))
            .map(|offset| from + offset)
    }
}
