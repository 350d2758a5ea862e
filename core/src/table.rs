//! A table keyed by ordinals that only grow: constant-time look-up, ordered iteration, bounded memory.
//!
//! Ordinals of pods are given once and never again, so the live ones are a sparse band of integers.
//! The band is cut into pages of 64; a page without a row is given back. Memory is one page pointer per
//! 64 ordinals between the oldest and the newest live row, and one page per 64 ordinals that has a row.

use std::collections::VecDeque;

const PAGE: u64 = 64;

#[derive(Clone, Debug)]
struct Page<T> {
    live: u32,
    rows: Box<[Option<T>]>,
}

/// Rows by ordinal.
#[derive(Clone, Debug)]
pub struct Table<T> {
    /// Number of the first page that `pages` holds.
    first: u64,
    pages: VecDeque<Option<Page<T>>>,
    len: usize,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table {
            first: 0,
            pages: VecDeque::new(),
            len: 0,
        }
    }
}

fn slot(ordinal: u64) -> usize {
    usize::try_from(ordinal % PAGE).expect("below 64")
}

impl<T> Table<T> {
    fn page_index(&self, ordinal: u64) -> Option<usize> {
        usize::try_from((ordinal / PAGE).checked_sub(self.first)?).ok()
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
        self.pages.get(self.page_index(ordinal)?)?.as_ref()?.rows[slot(ordinal)].as_ref()
    }

    /// The row of an ordinal, to change it.
    pub fn get_mut(&mut self, ordinal: u64) -> Option<&mut T> {
        let index = self.page_index(ordinal)?;
        self.pages.get_mut(index)?.as_mut()?.rows[slot(ordinal)].as_mut()
    }

    /// Puts a row; returns the one that stood there.
    pub fn insert(&mut self, ordinal: u64, row: T) -> Option<T> {
        let number = ordinal / PAGE;
        if self.pages.is_empty() {
            self.first = number;
        }
        while number < self.first {
            self.pages.push_front(None);
            self.first -= 1;
        }
        let index = self.page_index(ordinal).expect("not before the first page");
        while self.pages.len() <= index {
            self.pages.push_back(None);
        }
        let page = self.pages[index].get_or_insert_with(|| Page {
            live: 0,
            rows: (0..PAGE).map(|_| None).collect(),
        });
        let old = page.rows[slot(ordinal)].replace(row);
        if old.is_none() {
            page.live += 1;
            self.len += 1;
        }
        old
    }

    /// Takes a row out.
    pub fn remove(&mut self, ordinal: u64) -> Option<T> {
        let index = self.page_index(ordinal)?;
        let entry = self.pages.get_mut(index)?;
        let page = entry.as_mut()?;
        let row = page.rows[slot(ordinal)].take()?;
        page.live -= 1;
        self.len -= 1;
        if page.live == 0 {
            *entry = None;
            while let Some(None) = self.pages.front() {
                self.pages.pop_front();
                self.first += 1;
            }
        }
        Some(row)
    }

    /// All rows in the order of their ordinals.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        (self.first..).zip(&self.pages).flat_map(|(number, page)| {
            page.iter().flat_map(move |page| {
                (number * PAGE..)
                    .zip(page.rows.iter())
                    .filter_map(|(n, row)| Some((n, row.as_ref()?)))
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
