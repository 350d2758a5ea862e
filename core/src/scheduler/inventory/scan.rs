//! The flat scan: looks at every node. The reference that the index is compared with.
//!
//! Used by tests and benches, and by nothing else.

use super::nodes::NO_GROUP;
use super::search::{Best, rank};
use super::{Choice, Inventory};
use crate::explain::Removed;
use crate::ids::SpecNo;
use crate::scheduler::filter;
use crate::scheduler::score::{self, Score};

/// Nodes whose free amount does not pass.
fn below(alive: &[bool], free: &[i64], passes: impl Fn(i64) -> bool) -> u32 {
    alive
        .iter()
        .zip(free)
        .map(|(&alive, &free)| u32::from(alive & !passes(free)))
        .sum()
}

impl Inventory {
    /// What [`Inventory::decide`] must return, found by looking at every node.
    #[must_use]
    pub fn scan(&mut self, spec: SpecNo) -> Option<Choice> {
        self.refresh(spec)?;
        let spec = self.specs.get(spec.index())?.as_ref()?;
        let (nodes, ask) = (&self.nodes, spec.ask);
        let mut best: Best = (None, None);
        for node in 0..nodes.len() {
            // One group of comparisons without a branch: most nodes fail one of them.
            let fits = filter::cpu::passes(nodes.free_cpu[node], ask.cpu)
                & filter::memory::passes(nodes.free_memory[node], ask.memory)
                & filter::pods::passes(nodes.free_pods[node], ask.pods)
                & (nodes.group[node] != NO_GROUP);
            if fits && spec.fits[nodes.class[node] as usize] {
                let shape = &self.groups.all[nodes.group[node] as usize].shape;
                let order = score::order(self.kind, shape, nodes.free(node));
                let score = Score {
                    cost: score::cost(self.kind, shape, order, ask),
                    node: u32::try_from(node).ok()?,
                };
                rank(&mut best, score);
            }
        }
        let cpu = below(&nodes.alive, &nodes.free_cpu, |free| {
            filter::cpu::passes(free, ask.cpu)
        });
        let memory = below(&nodes.alive, &nodes.free_memory, |free| {
            filter::memory::passes(free, ask.memory)
        });
        let pods = below(&nodes.alive, &nodes.free_pods, |free| {
            filter::pods::passes(free, ask.pods)
        });
        let taking = nodes.group.iter().filter(|&&group| group != NO_GROUP);
        let state = self.alive - u32::try_from(taking.count()).ok()?;
        let [arch, region, zone, labels, taints] = spec.removed;
        let removed = Removed([cpu, memory, pods, state, arch, region, zone, labels, taints]);
        Some(Choice::of(self.kind, best, removed))
    }
}
