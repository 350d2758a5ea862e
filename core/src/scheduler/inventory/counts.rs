//! How many nodes have less free than is asked, for every amount that anybody asked for.
//!
//! The amounts asked for cut the free amounts into cells; a cell counts its nodes. A change of a node
//! moves it between two cells, a question sums the cells below. Exact for any amounts.

/// Cells per partial sum.
const PART: usize = 64;

/// Counts for one resource.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    /// Amounts asked for, ascending.
    asks: Vec<i64>,
    /// `cells[i]`: nodes that hold exactly the first `i` of the asks. One more than asks.
    cells: Vec<u32>,
    /// Sums of each 64 cells.
    parts: Vec<u32>,
}

impl Counts {
    pub(super) fn new() -> Counts {
        Counts {
            asks: Vec::new(),
            cells: vec![0],
            parts: vec![0],
        }
    }

    #[inline]
    fn cell(&self, free: i64) -> usize {
        self.asks.partition_point(|ask| *ask <= free)
    }

    /// Makes an amount answerable. `free` lists what each node has free.
    pub(super) fn ask(&mut self, ask: i64, free: impl Iterator<Item = i64>) {
        let Err(at) = self.asks.binary_search(&ask) else {
            return;
        };
        let (low, high) = (
            at.checked_sub(1).map(|below| self.asks[below]),
            self.asks.get(at).copied(),
        );
        let upper = free
            .filter(|&free| free >= ask && high.is_none_or(|high| free < high))
            .count();
        let upper = u32::try_from(upper).unwrap_or(u32::MAX);
        debug_assert!(low.is_none_or(|low| low < ask), "asks ascend");
        self.asks.insert(at, ask);
        self.cells[at] -= upper;
        self.cells.insert(at + 1, upper);
        self.parts = self
            .cells
            .chunks(PART)
            .map(|cells| cells.iter().sum())
            .collect();
    }

    /// A node is there.
    pub(super) fn add(&mut self, free: i64) {
        let cell = self.cell(free);
        self.cells[cell] += 1;
        self.parts[cell / PART] += 1;
    }

    /// A node is gone.
    pub(super) fn remove(&mut self, free: i64) {
        let cell = self.cell(free);
        self.cells[cell] -= 1;
        self.parts[cell / PART] -= 1;
    }

    /// A node has another amount free.
    #[inline]
    pub(super) fn shift(&mut self, from: i64, to: i64) {
        let (from, to) = (self.cell(from), self.cell(to));
        if from != to {
            self.cells[from] -= 1;
            self.parts[from / PART] -= 1;
            self.cells[to] += 1;
            self.parts[to / PART] += 1;
        }
    }

    /// Nodes that have less free than `ask`, which was made answerable.
    #[inline]
    pub(super) fn below(&self, ask: i64) -> u32 {
        let end = self.asks.partition_point(|known| *known < ask) + 1;
        let part = end / PART;
        self.parts[..part].iter().sum::<u32>() + self.cells[part * PART..end].iter().sum::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_counts_like_a_scan(
            steps in proptest::collection::vec((0usize..20, -5i64..300), 1..400),
            asks in proptest::collection::vec(0i64..300, 1..200),
        ) {
            let mut counts = Counts::new();
            let mut nodes = [0i64; 20];
            for _ in nodes {
                counts.add(0);
            }
            for (step, (node, free)) in steps.into_iter().enumerate() {
                let ask = asks[step % asks.len()];
                counts.ask(ask, nodes.iter().copied());
                counts.shift(nodes[node], free);
                nodes[node] = free;
                prop_assert_eq!(counts.below(ask) as usize, nodes.iter().filter(|f| **f < ask).count());
            }
        }
    }
}
