//! The flat scan: looks at every node. The reference that the index is compared with.
//!
//! Used by tests and benches, and by nothing else.

use super::search::{Best, rank};
use super::{Choice, Inventory};
use crate::explain::Removed;
use crate::ids::SpecNo;
use crate::scheduler::filter;
use crate::scheduler::score::{self, Score};

impl Inventory {
    /// What [`Inventory::decide`] must return, found by looking at every node.
    #[must_use]
    pub fn scan(&mut self, spec: SpecNo) -> Option<Choice> {
        self.refresh(spec)?;
        let spec = self.specs.get(spec.index())?.as_ref()?;
        let (nodes, ask) = (&self.nodes, spec.ask);
        let mut best: Best = (None, None);
        let (mut cpu, mut memory, mut pods, mut state) = (0, 0, 0, 0);
        for node in (0..nodes.len()).filter(|&node| nodes.alive[node]) {
            let fits = [
                filter::cpu::passes(nodes.free_cpu[node], ask.cpu),
                filter::memory::passes(nodes.free_memory[node], ask.memory),
                filter::pods::passes(nodes.free_pods[node], ask.pods),
                filter::state::passes(nodes.state[node], nodes.leaving[node]),
            ];
            cpu += u32::from(!fits[0]);
            memory += u32::from(!fits[1]);
            pods += u32::from(!fits[2]);
            state += u32::from(!fits[3]);
            if fits == [true; 4] && spec.fits[nodes.class[node] as usize] {
                let shape = &self.groups.all[nodes.group[node] as usize].shape;
                let order = score::order(self.kind, shape, nodes.free(node));
                let score = Score {
                    cost: score::cost(self.kind, shape, order, ask),
                    node: u32::try_from(node).ok()?,
                };
                rank(&mut best, score);
            }
        }
        let [arch, region, zone, labels, taints] = spec.removed;
        let removed = Removed([cpu, memory, pods, state, arch, region, zone, labels, taints]);
        Some(Choice::of(self.kind, best, removed))
    }
}
