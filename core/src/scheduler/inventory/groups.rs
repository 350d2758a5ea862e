//! Groups of nodes that take pods: one attribute class and one shape each, with an ordered index.

use std::collections::BTreeMap;

use super::key::Key;
use super::lanes::Lanes;
use super::list::List;
use crate::explain::ScoreKind;
use crate::scheduler::score::Shape;

/// What the nodes of a group share.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) class: u32,
    pub(super) shape: Shape,
}

/// The ordered index of each group, with keys as wide as the score needs.
#[derive(Clone, Debug)]
pub(super) enum Lists {
    /// All scores but `best_fit`.
    Narrow(Vec<List<u64>>),
    /// `best_fit`.
    Wide(Vec<List<u128>>),
}

/// All groups. A group stays when its last node has gone.
#[derive(Clone, Debug)]
pub(super) struct Groups {
    by_shape: BTreeMap<(u32, Shape), u32>,
    pub(super) all: Vec<Group>,
    pub(super) lists: Lists,
}

impl Groups {
    pub(super) fn new(kind: ScoreKind) -> Groups {
        Groups {
            by_shape: BTreeMap::new(),
            all: Vec::new(),
            lists: match kind {
                ScoreKind::BestFit => Lists::Wide(Vec::new()),
                _ => Lists::Narrow(Vec::new()),
            },
        }
    }

    /// The group of a class and shape, made if it is new.
    pub(super) fn of(&mut self, class: u32, shape: Shape) -> u32 {
        if let Some(&group) = self.by_shape.get(&(class, shape)) {
            return group;
        }
        let group = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.by_shape.insert((class, shape), group);
        self.all.push(Group { class, shape });
        match &mut self.lists {
            Lists::Narrow(lists) => lists.push(List::new()),
            Lists::Wide(lists) => lists.push(List::new()),
        }
        group
    }

    /// Adds a node to the index of a group.
    pub(super) fn insert(&mut self, group: u32, order: u128, node: u32, lanes: Lanes) {
        let group = group as usize;
        match &mut self.lists {
            Lists::Narrow(lists) => lists[group].insert(Key::compose(order, node), lanes),
            Lists::Wide(lists) => lists[group].insert(Key::compose(order, node), lanes),
        }
    }

    /// Takes a node out of the index of a group.
    pub(super) fn remove(&mut self, group: u32, order: u128, node: u32) {
        let group = group as usize;
        match &mut self.lists {
            Lists::Narrow(lists) => lists[group].remove(Key::compose(order, node)),
            Lists::Wide(lists) => lists[group].remove(Key::compose(order, node)),
        }
    }

    /// See [`List::greatest`].
    pub(super) fn greatest(
        &self,
        group: u32,
        best: (i32, i32),
        look: impl FnMut(u32) -> (i32, i32),
    ) {
        let group = group as usize;
        match &self.lists {
            Lists::Narrow(lists) => lists[group].greatest(best, look),
            Lists::Wide(lists) => lists[group].greatest(best, look),
        }
    }
}
