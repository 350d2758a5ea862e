//! A radix heap on integer keys that never fall: amortised constant time, first in first out on ties.
//!
//! Ahuja, Mehlhorn, Orlin, Tarjan, "Faster algorithms for the shortest path problem", JACM 1990. An
//! entry sits in the bucket of the highest bit in which its key differs from the last key taken; taking
//! the least key spreads its bucket over lower ones, in order, so ties keep their order of arrival.

use std::collections::VecDeque;

const BUCKETS: usize = 64;

/// Entries by key; keys must not be below the last one taken.
#[derive(Clone, Debug)]
pub struct RadixHeap<T> {
    last: u64,
    due: VecDeque<T>,
    buckets: Vec<Vec<(u64, T)>>,
    /// Least key of each bucket.
    least: [u64; BUCKETS],
    /// Which buckets hold something.
    filled: u64,
    len: usize,
}

impl<T> Default for RadixHeap<T> {
    fn default() -> Self {
        RadixHeap {
            last: 0,
            due: VecDeque::new(),
            buckets: (0..BUCKETS).map(|_| Vec::new()).collect(),
            least: [u64::MAX; BUCKETS],
            filled: 0,
            len: 0,
        }
    }
}

impl<T> RadixHeap<T> {
    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds an entry. A key below the last one taken counts as that one.
    pub fn push(&mut self, key: u64, entry: T) {
        self.len += 1;
        self.place(key.max(self.last), entry);
    }

    #[inline]
    fn place(&mut self, key: u64, entry: T) {
        let differs = key ^ self.last;
        if differs == 0 {
            self.due.push_back(entry);
            return;
        }
        let bucket = 63 - differs.leading_zeros() as usize;
        self.least[bucket] = self.least[bucket].min(key);
        self.filled |= 1 << bucket;
        self.buckets[bucket].push((key, entry));
    }

    /// The least key.
    #[must_use]
    pub fn peek(&self) -> Option<u64> {
        if !self.due.is_empty() {
            Some(self.last)
        } else if self.filled != 0 {
            Some(self.least[self.filled.trailing_zeros() as usize])
        } else {
            None
        }
    }

    /// Takes the first entry of the least key.
    pub fn pop(&mut self) -> Option<(u64, T)> {
        if self.due.is_empty() {
            self.spread()?;
        }
        self.len -= 1;
        self.due.pop_front().map(|entry| (self.last, entry))
    }

    /// Moves on to the least key.
    fn spread(&mut self) -> Option<()> {
        if self.filled == 0 {
            return None;
        }
        let bucket = self.filled.trailing_zeros() as usize;
        self.filled &= !(1 << bucket);
        self.last = self.least[bucket];
        self.least[bucket] = u64::MAX;
        let mut entries = std::mem::take(&mut self.buckets[bucket]);
        for (key, entry) in entries.drain(..) {
            self.place(key, entry);
        }
        self.buckets[bucket] = entries;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_gives_the_least_key_first_and_ties_in_order(
            steps in proptest::collection::vec(proptest::option::of(prop_oneof![0u64..8, 0u64..1_000_000, any::<u64>()]), 0..200)
        ) {
            let mut heap = RadixHeap::default();
            let mut model: Vec<(u64, usize)> = Vec::new();
            let mut last = 0;
            for (sequence, step) in steps.into_iter().enumerate() {
                match step {
                    Some(key) => {
                        let key = last.max(key);
                        heap.push(key, sequence);
                        model.push((key, sequence));
                    }
                    None => {
                        let first = model.iter().copied().min();
                        prop_assert_eq!(heap.peek(), first.map(|(key, _)| key));
                        prop_assert_eq!(heap.pop(), first);
                        model.retain(|entry| Some(*entry) != first);
                        last = first.map_or(last, |(key, _)| key);
                    }
                }
                prop_assert_eq!(heap.len(), model.len());
            }
        }
    }
}
