//! The nodes, what is free on them, and the exact search for the best one.
//!
//! Nodes are grouped by attribute class (what the filters tell apart) and shape (what the score tells
//! apart). Each group is an ordered index under the score in force. A change of a node moves one entry;
//! a search takes the first two entries that fit of each group and compares them exactly across shapes.
//! Groups are few where nodes are alike; with one group per node the search is a scan.

mod block;
mod class;
mod counts;
mod decide;
mod groups;
mod key;
mod lanes;
mod list;
mod most;
mod nodes;
mod scan;
mod search;
mod specs;

use std::sync::Arc;

use crate::cluster::{NodeSpec, NodeState, PodSpec};
use crate::explain::ScoreKind;
use crate::ids::{NodeNo, SpecNo};
use crate::units::Resources;

use super::amount::Amount;
use super::filter;
use super::score;
use class::Classes;
use counts::Counts;
pub use decide::Choice;
use groups::Groups;
use lanes::Lanes;
use nodes::{NO_GROUP, Nodes};
use specs::Spec;

/// Most nodes: ordinals above are not taken.
pub const NODES_MAX: usize = 1 << 20;
/// Most pod specifications: ordinals above are not taken.
pub const SPECS_MAX: usize = 1 << 20;

/// All nodes under one score.
#[derive(Clone, Debug)]
pub struct Inventory {
    kind: ScoreKind,
    nodes: Nodes,
    specs: Vec<Option<Spec>>,
    classes: Classes,
    groups: Groups,
    /// Of cpu, memory, pods.
    counts: [Counts; 3],
    alive: u32,
    /// Nodes that take no pods, whatever is free.
    closed: u32,
    /// Rises when classes or groups change.
    version: u64,
}

impl Inventory {
    /// No nodes yet.
    #[must_use]
    pub fn new(kind: ScoreKind) -> Inventory {
        Inventory {
            kind,
            nodes: Nodes::default(),
            specs: Vec::new(),
            classes: Classes::default(),
            groups: Groups::new(kind),
            counts: [Counts::new(), Counts::new(), Counts::new()],
            alive: 0,
            closed: 0,
            version: 1,
        }
    }

    /// Number of nodes.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.alive
    }

    /// Whether there is no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.alive == 0
    }

    /// A pod specification. One that is known already changes nothing.
    pub fn add_spec(&mut self, spec: SpecNo, pod: Arc<PodSpec>) {
        let at = spec.index();
        if at >= SPECS_MAX || self.pod(spec).is_some() {
            return;
        }
        if at >= self.specs.len() {
            self.specs.resize(at + 1, None);
        }
        let entry = Spec::new(pod);
        self.ask(entry.ask);
        if self.classes.name_labels(&entry.pod) {
            self.regroup();
        }
        self.specs[at] = Some(entry);
    }

    /// What a specification asks for.
    #[must_use]
    pub fn pod(&self, spec: SpecNo) -> Option<&Arc<PodSpec>> {
        Some(&self.specs.get(spec.index())?.as_ref()?.pod)
    }

    /// What a node is.
    #[must_use]
    pub fn node(&self, node: NodeNo) -> Option<&Arc<NodeSpec>> {
        let at = node.index();
        if !*self.nodes.alive.get(at)? {
            return None;
        }
        self.nodes.spec[at].as_ref()
    }

    /// State of a node.
    #[must_use]
    pub fn state(&self, node: NodeNo) -> Option<NodeState> {
        self.node(node).map(|_| self.nodes.state[node.index()])
    }

    /// What is free on a node.
    #[must_use]
    pub fn free(&self, node: NodeNo) -> Option<Resources> {
        self.node(node)
            .map(|_| self.nodes.free(node.index()).resources())
    }

    /// Pods on a node.
    #[must_use]
    pub fn held(&self, node: NodeNo) -> u32 {
        self.nodes.held.get(node.index()).copied().unwrap_or(0)
    }

    /// Whether a node was given back.
    #[must_use]
    pub fn leaving(&self, node: NodeNo) -> bool {
        self.nodes
            .leaving
            .get(node.index())
            .copied()
            .unwrap_or(false)
    }

    fn ask(&mut self, ask: Amount) {
        let nodes = &self.nodes;
        let alive = |free: &'_ [i64]| -> Vec<i64> {
            free.iter()
                .zip(&nodes.alive)
                .filter_map(|(&free, &alive)| alive.then_some(free))
                .collect()
        };
        self.counts[0].ask(ask.cpu, alive(&nodes.free_cpu).into_iter());
        self.counts[1].ask(ask.memory, alive(&nodes.free_memory).into_iter());
        self.counts[2].ask(ask.pods, alive(&nodes.free_pods).into_iter());
    }

    /// A node, new or with another specification. Pods that it holds stay accounted; one that was given
    /// back stays so.
    pub fn see(&mut self, node: NodeNo, spec: Arc<NodeSpec>, state: NodeState) {
        let at = node.index();
        if at >= NODES_MAX {
            return;
        }
        self.nodes.reach(at);
        let known = self.nodes.alive[at];
        self.leave(at);
        let free = self.nodes.free(at) - self.nodes.allocatable(at);
        self.nodes.spec[at] = Some(spec);
        let free = free + self.nodes.allocatable(at);
        self.nodes.set_free(at, free);
        self.nodes.state[at] = state;
        self.nodes.leaving[at] &= known;
        self.join(at);
    }

    /// A node is gone. Pods that it still holds stay accounted on its ordinal.
    pub fn forget(&mut self, node: NodeNo) {
        let at = node.index();
        if self.node(node).is_none() {
            return;
        }
        self.leave(at);
        let free = self.nodes.free(at) - self.nodes.allocatable(at);
        self.nodes.spec[at] = None;
        self.nodes.set_free(at, free);
    }

    /// A node's state, and whether it was given back.
    pub fn set_state(&mut self, node: NodeNo, state: NodeState, leaving: bool) {
        let at = node.index();
        if self.node(node).is_none()
            || (self.nodes.state[at], self.nodes.leaving[at]) == (state, leaving)
        {
            return;
        }
        self.close(at);
        self.nodes.state[at] = state;
        self.nodes.leaving[at] = leaving;
        self.open(at);
    }

    /// Counts a node and its attributes in, and opens it.
    fn join(&mut self, at: usize) {
        let Some(spec) = &self.nodes.spec[at] else {
            return;
        };
        let class = self.classes.of(spec);
        self.classes.all[class as usize].nodes += 1;
        self.nodes.class[at] = class;
        self.nodes.alive[at] = true;
        self.alive += 1;
        self.version += 1;
        let free = self.nodes.free(at);
        self.counts[0].add(free.cpu);
        self.counts[1].add(free.memory);
        self.counts[2].add(free.pods);
        self.open(at);
    }

    /// The reverse of `join`; nothing for a node that is not there.
    fn leave(&mut self, at: usize) {
        if !self.nodes.alive[at] {
            return;
        }
        self.close(at);
        let free = self.nodes.free(at);
        self.counts[0].remove(free.cpu);
        self.counts[1].remove(free.memory);
        self.counts[2].remove(free.pods);
        self.classes.all[self.nodes.class[at] as usize].nodes -= 1;
        self.nodes.alive[at] = false;
        self.alive -= 1;
        self.version += 1;
    }

    /// Puts a node into the index if it takes pods, else counts it as closed.
    fn open(&mut self, at: usize) {
        if !filter::state::passes(self.nodes.state[at], self.nodes.leaving[at]) {
            self.closed += 1;
            return;
        }
        let shape = score::shape(self.kind, self.nodes.allocatable(at));
        let known = self.groups.all.len();
        let group = self.groups.of(self.nodes.class[at], shape);
        if self.groups.all.len() != known {
            self.version += 1;
        }
        self.nodes.group[at] = group;
        let free = self.nodes.free(at);
        let order = score::order(self.kind, &shape, free);
        self.groups
            .insert(group, order, ordinal(at), Lanes::of(free));
    }

    /// The reverse of `open`.
    fn close(&mut self, at: usize) {
        let group = self.nodes.group[at];
        if group == NO_GROUP {
            self.closed -= 1;
            return;
        }
        let shape = &self.groups.all[group as usize].shape;
        let order = score::order(self.kind, shape, self.nodes.free(at));
        self.groups.remove(group, order, ordinal(at));
        self.nodes.group[at] = NO_GROUP;
    }

    /// Sorts all nodes into classes and groups again: a label has become relevant.
    fn regroup(&mut self) {
        let alive: Vec<usize> = (0..self.nodes.len())
            .filter(|&at| self.nodes.alive[at])
            .collect();
        for &at in &alive {
            self.leave(at);
        }
        self.classes.clear();
        self.groups = Groups::new(self.kind);
        for &at in &alive {
            self.join(at);
        }
    }

    /// Changes what is free on a node.
    fn shift(&mut self, at: usize, to: Amount) {
        let from = self.nodes.free(at);
        self.nodes.set_free(at, to);
        if !self.nodes.alive[at] {
            return;
        }
        self.counts[0].shift(from.cpu, to.cpu);
        self.counts[1].shift(from.memory, to.memory);
        self.counts[2].shift(from.pods, to.pods);
        let group = self.nodes.group[at];
        if group != NO_GROUP {
            let shape = self.groups.all[group as usize].shape;
            let node = ordinal(at);
            self.groups
                .remove(group, score::order(self.kind, &shape, from), node);
            self.groups.insert(
                group,
                score::order(self.kind, &shape, to),
                node,
                Lanes::of(to),
            );
        }
    }

    /// A pod is on a node: known or not, full or not, what it asks for is taken.
    pub fn take(&mut self, node: NodeNo, spec: SpecNo) {
        let at = node.index();
        let Some(ask) = self.ask_of(spec).filter(|_| at < NODES_MAX) else {
            return;
        };
        self.nodes.reach(at);
        self.nodes.held[at] = self.nodes.held[at].saturating_add(1);
        self.shift(at, self.nodes.free(at) - ask);
    }

    /// A pod has left a node.
    pub fn release(&mut self, node: NodeNo, spec: SpecNo) {
        let at = node.index();
        let Some(ask) = self.ask_of(spec).filter(|_| at < self.nodes.len()) else {
            return;
        };
        self.nodes.held[at] = self.nodes.held[at].saturating_sub(1);
        self.shift(at, self.nodes.free(at) + ask);
    }

    fn ask_of(&self, spec: SpecNo) -> Option<Amount> {
        Some(self.specs.get(spec.index())?.as_ref()?.ask)
    }
}

/// Ordinals stay below [`NODES_MAX`].
fn ordinal(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
