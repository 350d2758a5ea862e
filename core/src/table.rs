//! A table keyed by ordinals that only grow: constant-time look-up, ordered iteration, bounded memory.
//!
//! Ordinals of pods are given once and never again, so the live ones are a sparse band of integers. The
//! band is cut into pages of 64 places; a page without a row is given back. A place is four bytes and
//! names a slot; slots are reused and stand in chunks, so that rows take memory for the live ones only,
//! however long-lived the oldest is.

use std::collections::VecDeque;

const PAGE: u64 = 64;
const SLOTS: usize = 64;
const CHUNK: usize = 4_096;
const NONE: u32 = u32::MAX;

#[derive(Clone, Debug)]
struct Page {
    live: u32,
    slots: Box<[u32; SLOTS]>,
}

/// Rows by ordinal; at most 2^32 − 1 at once.
#[derive(Clone, Debug)]
pub struct Table<T> {
    /// Number of the first page that `pages` holds.
    first: u64,
    pages: VecDeque<Option<Page>>,
    chunks: Vec<Vec<Option<T>>>,
    unused: Vec<u32>,
    len: usize,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table {
            first: 0,
            pages: VecDeque::new(),
            chunks: Vec::new(),
            unused: Vec::new(),
            len: 0,
        }
    }
}

fn place(ordinal: u64) -> usize {
    usize::try_from(ordinal % PAGE).expect("below 64")
}

fn split(slot: u32) -> (usize, usize) {
    (slot as usize / CHUNK, slot as usize % CHUNK)
}

impl<T> Table<T> {
    fn page_index(&self, ordinal: u64) -> Option<usize> {
        usize::try_from((ordinal / PAGE).checked_sub(self.first)?).ok()
    }

    #[inline]
    fn slot(&self, ordinal: u64) -> Option<(usize, usize)> {
        let page = self.pages.get(self.page_index(ordinal)?)?.as_ref()?;
        let slot = page.slots[place(ordinal)];
        (slot != NONE).then(|| split(slot))
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The row of an ordinal.
    #[must_use]
    pub fn get(&self, ordinal: u64) -> Option<&T> {
        let (chunk, at) = self.slot(ordinal)?;
        self.chunks[chunk][at].as_ref()
    }

    /// The row of an ordinal, to change it.
    pub fn get_mut(&mut self, ordinal: u64) -> Option<&mut T> {
        let (chunk, at) = self.slot(ordinal)?;
        self.chunks[chunk][at].as_mut()
    }

    /// Puts a row; returns the one that stood there.
    ///
    /// # Panics
    /// With more than 2^32 − 1 rows.
    pub fn insert(&mut self, ordinal: u64, row: T) -> Option<T> {
        if let Some(old) = self.get_mut(ordinal) {
            return Some(std::mem::replace(old, row));
        }
        let slot = self.take_slot(row);
        let page = self.page(ordinal / PAGE);
        page.slots[place(ordinal)] = slot;
        page.live += 1;
        self.len += 1;
        None
    }

    fn take_slot(&mut self, row: T) -> u32 {
        if let Some(slot) = self.unused.pop() {
            let (chunk, at) = split(slot);
            self.chunks[chunk][at] = Some(row);
            return slot;
        }
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            self.chunks
                .push(Vec::with_capacity(if self.chunks.is_empty() {
                    0
                } else {
                    CHUNK
                }));
        }
        let last = self.chunks.len() - 1;
        self.chunks[last].push(Some(row));
        let slot = last * CHUNK + self.chunks[last].len() - 1;
        u32::try_from(slot)
            .ok()
            .filter(|slot| *slot != NONE)
            .expect("fewer than 2^32 rows at once")
    }

    fn page(&mut self, number: u64) -> &mut Page {
        if self.pages.is_empty() {
            self.first = number;
        }
        while number < self.first {
            self.pages.push_front(None);
            self.first -= 1;
        }
        let index = usize::try_from(number - self.first)
            .expect("a band of ordinals fits the address space");
        while self.pages.len() <= index {
            self.pages.push_back(None);
        }
        self.pages[index].get_or_insert_with(|| Page {
            live: 0,
            slots: Box::new([NONE; SLOTS]),
        })
    }

    /// Takes a row out.
    pub fn remove(&mut self, ordinal: u64) -> Option<T> {
        let index = self.page_index(ordinal)?;
        let entry = self.pages.get_mut(index)?;
        let page = entry.as_mut()?;
        let slot = std::mem::replace(&mut page.slots[place(ordinal)], NONE);
        if slot == NONE {
            return None;
        }
        page.live -= 1;
        self.len -= 1;
        if page.live == 0 {
            *entry = None;
            while let Some(None) = self.pages.front() {
                self.pages.pop_front();
                self.first += 1;
            }
        }
        self.unused.push(slot);
        let (chunk, at) = split(slot);
        self.chunks[chunk][at].take()
    }

    /// All rows in the order of their ordinals.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        (self.first..)
            .zip(&self.pages)
            .flat_map(move |(number, page)| {
                page.iter().flat_map(move |page| {
                    (number * PAGE..)
                        .zip(page.slots.iter())
                        .filter_map(move |(ordinal, &slot)| {
                            let (chunk, at) = (slot != NONE).then(|| split(slot))?;
                            Some((ordinal, self.chunks[chunk][at].as_ref()?))
                        })
                })
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_behaves_like_an_ordered_map(steps in proptest::collection::vec((any::<bool>(), 0u64..400), 0..300)) {
            let mut table = Table::default();
            let mut model = BTreeMap::new();
            for (step, (put, key)) in steps.into_iter().enumerate() {
                if put {
                    prop_assert_eq!(table.insert(key, step), model.insert(key, step));
                } else {
                    prop_assert_eq!(table.remove(key), model.remove(&key));
                }
                prop_assert_eq!(table.get(key), model.get(&key));
                prop_assert_eq!(table.len(), model.len());
            }
            prop_assert!(table.iter().eq(model.iter().map(|(k, v)| (*k, v))));
        }
    }

    #[test]
    fn pages_without_rows_are_given_back() {
        let mut table = Table::default();
        for n in 0..10_000u64 {
            table.insert(n, n);
            if n >= 10 {
                table.remove(n - 10);
            }
        }
        assert!(table.pages.len() <= 2, "{}", table.pages.len());
    }
}
