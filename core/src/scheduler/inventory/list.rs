//! An ordered index with maxima: entries by key in blocks, and above each block, and above each run of
//! blocks, the most that is free, so that a search for the first entry that holds an ask skips what
//! cannot hold it.
//!
//! Exact: maxima only rule out. Cost: an update moves half a block; a search looks at one maximum per
//! 32 blocks until it finds a run, a block and an entry.

use super::block::{BLOCK, Block, Entry};
use super::key::Key;
use super::lanes::Lanes;
use super::most::{Ask, Level, Most};

/// Blocks per run.
const RUN: usize = 32;

/// Where an entry stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    block: usize,
    entry: usize,
}

/// The index of one group of nodes.
#[derive(Clone, Debug)]
pub(super) struct List<K> {
    blocks: Vec<Block<K>>,
    unused: Vec<usize>,
    /// In order: least key, block and maxima of each block in use.
    firsts: Vec<K>,
    ids: Vec<usize>,
    most: Vec<Most>,
    /// Maxima of each run of blocks.
    runs: Vec<Most>,
    len: usize,
}

impl<K: Key> List<K> {
    pub(super) fn new() -> List<K> {
        List {
            blocks: Vec::new(),
            unused: Vec::new(),
            firsts: Vec::new(),
            ids: Vec::new(),
            most: Vec::new(),
            runs: Vec::new(),
            len: 0,
        }
    }

    /// The block that holds `key`, or would.
    #[inline]
    fn locate(&self, key: K) -> usize {
        self.firsts
            .partition_point(|first| *first <= key)
            .saturating_sub(1)
    }

    fn run_most(&self, run: usize) -> Most {
        let end = (run * RUN + RUN).min(self.most.len());
        self.most[run * RUN..end]
            .iter()
            .fold(Most::NOTHING, Most::join)
    }

    /// Computes the maxima of all runs again from that of block `at` on.
    fn rebuild_runs(&mut self, at: usize) {
        let first = at / RUN;
        self.runs.truncate(first);
        for run in first..self.most.len().div_ceil(RUN) {
            let most = self.run_most(run);
            self.runs.push(most);
        }
    }

    fn open(&mut self, at: usize, block: Block<K>) {
        let first = block.first().unwrap_or_default();
        let most = block.most();
        let id = match self.unused.pop() {
            Some(id) => {
                self.blocks[id] = block;
                id
            }
            None => {
                self.blocks.push(block);
                self.blocks.len() - 1
            }
        };
        self.firsts.insert(at, first);
        self.ids.insert(at, id);
        self.most.insert(at, most);
    }

    fn close(&mut self, at: usize) {
        self.unused.push(self.ids.remove(at));
        self.firsts.remove(at);
        self.most.remove(at);
    }

    fn split(&mut self, at: usize) {
        let block = &mut self.blocks[self.ids[at]];
        let upper = block.split();
        self.most[at] = block.most();
        self.open(at + 1, upper);
        self.rebuild_runs(at);
    }

    /// Joins the block with the next one.
    fn join(&mut self, at: usize) {
        let upper = self.blocks[self.ids[at + 1]].clone();
        let block = &mut self.blocks[self.ids[at]];
        block.append(upper.entries());
        self.firsts[at] = block.first().unwrap_or_default();
        self.most[at] = block.most();
        self.close(at + 1);
        self.rebuild_runs(at);
    }

    /// Adds an entry that is not there.
    pub(super) fn insert(&mut self, key: K, lanes: Lanes) {
        if self.ids.is_empty() {
            self.open(0, Block::new());
            self.rebuild_runs(0);
        }
        let mut at = self.locate(key);
        if self.blocks[self.ids[at]].len() == BLOCK {
            self.split(at);
            at = self.locate(key);
        }
        let block = &mut self.blocks[self.ids[at]];
        let place = block.place(key);
        let level = Level::of(lanes);
        block.put(place, Entry { key, lanes, level });
        if place == 0 {
            self.firsts[at] = key;
        }
        self.most[at].add(lanes, level);
        self.runs[at / RUN].add(lanes, level);
        self.len += 1;
    }

    /// Takes an entry out.
    pub(super) fn remove(&mut self, key: K) {
        let at = self.locate(key);
        let Some(&id) = self.ids.get(at) else {
            debug_assert!(false, "the entry is in the index");
            return;
        };
        let block = &mut self.blocks[id];
        let place = block.place(key);
        if block.entries().get(place).map(|entry| entry.key) != Some(key) {
            debug_assert!(false, "the entry is in the index");
            return;
        }
        let gone = block.take(place);
        self.len -= 1;
        if let (0, Some(first)) = (place, block.first()) {
            self.firsts[at] = first;
        }
        if block.lower(&gone, &mut self.most[at])
            && self.runs[at / RUN].rests_on(gone.lanes, gone.level)
        {
            self.runs[at / RUN] = self.run_most(at / RUN);
        }
        self.tidy(at);
    }

    /// Gives an empty block back and joins a small one with its neighbour.
    fn tidy(&mut self, at: usize) {
        let len = self.blocks[self.ids[at]].len();
        if len == 0 {
            self.close(at);
            self.rebuild_runs(at);
        } else if len < BLOCK / 4
            && let Some(&next) = self.ids.get(at + 1)
            && len + self.blocks[next].len() <= BLOCK * 3 / 4
        {
            self.join(at);
        }
    }

    /// The first entry not below `from` that holds the ask.
    #[inline]
    pub(super) fn first(&self, from: K, ask: &Ask) -> Option<Cursor> {
        let block = self.locate(from);
        let &id = self.ids.get(block)?;
        self.seek(block, self.blocks[id].place(from), ask)
    }

    /// The next entry after a cursor that holds the ask.
    #[inline]
    pub(super) fn next(&self, cursor: Cursor, ask: &Ask) -> Option<Cursor> {
        self.seek(cursor.block, cursor.entry + 1, ask)
    }

    /// The key of an entry.
    #[inline]
    pub(super) fn key(&self, cursor: Cursor) -> K {
        self.blocks[self.ids[cursor.block]].entries()[cursor.entry].key
    }

    fn seek(&self, block: usize, entry: usize, ask: &Ask) -> Option<Cursor> {
        if self.most[block].may_hold(ask)
            && let Some(entry) = self.blocks[self.ids[block]].find(entry, ask.lanes)
        {
            return Some(Cursor { block, entry });
        }
        let mut at = block + 1;
        while at < self.most.len() {
            if at.is_multiple_of(RUN) && !self.runs[at / RUN].may_hold(ask) {
                at += RUN;
                continue;
            }
            let end = ((at / RUN + 1) * RUN).min(self.most.len());
            for block in at..end {
                if self.most[block].may_hold(ask)
                    && let Some(entry) = self.blocks[self.ids[block]].find(0, ask.lanes)
                {
                    return Some(Cursor { block, entry });
                }
            }
            at = end;
        }
        None
    }

    /// Calls `look` for every entry that may have at least as much free cpu, then memory, as the best so
    /// far, which `look` returns as lanes.
    pub(super) fn greatest(&self, mut best: (i32, i32), mut look: impl FnMut(u32) -> (i32, i32)) {
        for (most, &id) in self.most.iter().zip(&self.ids) {
            if (most.lanes.cpu.max(0), most.lanes.memory.max(0)) < best {
                continue;
            }
            let block = &self.blocks[id];
            for entry in block.entries() {
                let lanes = entry.lanes;
                if (lanes.cpu.max(0), lanes.memory.max(0)) >= best {
                    best = look(entry.key.node());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn lanes(cpu: i32, memory: i32) -> Lanes {
        Lanes {
            cpu,
            memory,
            pods: 1,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn it_finds_what_an_ordered_map_finds(
            steps in proptest::collection::vec((0u64..3_000, 0i32..40, 0i32..40, any::<bool>()), 1..5_000),
            asks in proptest::collection::vec((0u64..3_000, 0i32..45, 0i32..45), 20),
        ) {
            let mut list = List::<u64>::new();
            let mut model = BTreeMap::new();
            for (key, cpu, memory, removes) in steps {
                if model.remove(&key).is_some() {
                    list.remove(key);
                }
                if !removes {
                    model.insert(key, lanes(cpu, memory));
                    list.insert(key, lanes(cpu, memory));
                }
            }
            prop_assert_eq!(list.len, model.len());
            for (from, cpu, memory) in asks {
                let ask = lanes(cpu, memory);
                let mut expected = model.range(from..).filter(|(_, l)| l.hold(ask)).map(|(k, _)| *k);
                let mut cursor = list.first(from, &Ask::of(ask));
                while let Some(found) = cursor {
                    prop_assert_eq!(Some(list.key(found)), expected.next());
                    cursor = list.next(found, &Ask::of(ask));
                }
                prop_assert_eq!(expected.next(), None);
            }
        }
    }
}
