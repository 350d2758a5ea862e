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
        most.lanes = self
            .entries()
            .iter()
            .fold(Lanes::NOTHING, |most, entry| most.max(entry.lanes));
        most
    }

    /// Whether the most is the same without an entry that has gone: others reach it too.
    #[inline]
    pub(super) fn still_reaches(&self, gone: &Entry<K>, most: &Most) -> bool {
        let lane = |most: i32, of: fn(&Lanes) -> i32| {
            of(&gone.lanes) != most
                || self
                    .entries()
                    .iter()
                    .rev()
                    .any(|entry| of(&entry.lanes) == most)
        };
        lane(most.lanes.cpu, |lanes| lanes.cpu)
            && lane(most.lanes.memory, |lanes| lanes.memory)
            && lane(most.lanes.pods, |lanes| lanes.pods)
            && (!most.on_stair(gone.level)
                || self
                    .entries()
                    .iter()
                    .any(|entry| entry.level.covers(gone.level)))
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
