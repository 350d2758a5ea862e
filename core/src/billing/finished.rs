//! Which pods have ended: one bit per ordinal, so that a repeated report cannot bill a pod twice.

use std::collections::VecDeque;

use crate::ids::PodNo;

const BITS: u64 = 64;

/// A set of ordinals that only grow. Memory: one bit for each ordinal from the first one missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Finished {
    /// All ordinals of words before this one are in the set.
    first: u64,
    words: VecDeque<u64>,
}

impl Finished {
    pub(crate) fn insert(&mut self, pod: PodNo) {
        let Some(index) = self.word(pod) else {
            return;
        };
        if self.words.len() <= index {
            self.words.resize(index + 1, 0);
        }
        self.words[index] |= 1 << (pod.0 % BITS);
        while self.words.front() == Some(&u64::MAX) {
            self.words.pop_front();
            self.first += 1;
        }
    }

    pub(crate) fn contains(&self, pod: PodNo) -> bool {
        self.word(pod).is_none_or(|index| {
            let word = self.words.get(index).copied().unwrap_or(0);
            word >> (pod.0 % BITS) & 1 == 1
        })
    }

    /// Place of a pod's word; `None` if all of that word are in the set.
    fn word(&self, pod: PodNo) -> Option<usize> {
        usize::try_from((pod.0 / BITS).checked_sub(self.first)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_behaves_like_a_set(steps in proptest::collection::vec(0u64..300, 0..600)) {
            let mut finished = Finished::default();
            let mut model = BTreeSet::new();
            for pod in steps {
                prop_assert_eq!(finished.contains(PodNo(pod)), model.contains(&pod));
                finished.insert(PodNo(pod));
                model.insert(pod);
            }
            for pod in 0..400 {
                prop_assert_eq!(finished.contains(PodNo(pod)), model.contains(&pod));
            }
        }
    }

    #[test]
    fn full_words_are_given_back() {
        let mut finished = Finished::default();
        for pod in 0..10_000 {
            finished.insert(PodNo(pod));
        }
        assert!(finished.words.len() <= 1);
    }
}
