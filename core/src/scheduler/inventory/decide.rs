//! Questions: the best node, whether a node would do, the largest that is free.

use std::cmp::Reverse;

use super::groups::Lists;
use super::lanes::Lanes;
use super::nodes::NO_GROUP;
use super::search::{Best, search};
use super::{Inventory, filter};
use crate::explain::{Removed, RunnerUp, ScoreKind};
use crate::ids::{NodeNo, SpecNo};
use crate::scheduler::amount::Amount;
use crate::scheduler::score;
use crate::units::Resources;

/// What the search found for one pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The node that wins, with its score in ppm; none if the pod fits nowhere.
    pub winner: Option<(NodeNo, u64)>,
    /// The best other node that fits.
    pub runner_up: Option<RunnerUp>,
    /// Nodes removed per filter, each counted over all nodes.
    pub removed: Removed,
}

impl Choice {
    pub(super) fn of(kind: ScoreKind, best: Best, removed: Removed) -> Choice {
        let (first, second) = best;
        Choice {
            winner: first.map(|first| (NodeNo(first.node), score::shown(kind, first.cost))),
            runner_up: first.zip(second).map(|(first, second)| RunnerUp {
                node: NodeNo(second.node),
                score_ppm: score::shown(kind, second.cost),
                lacks_score: second.cost > first.cost,
            }),
            removed,
        }
    }
}

impl Inventory {
    pub(super) fn refresh(&mut self, spec: SpecNo) -> Option<()> {
        let entry = self.specs.get_mut(spec.index())?.as_mut()?;
        entry.refresh(self.version, &self.classes.all, &self.groups.all);
        Some(())
    }

    /// Whether a pod of this specification fits on a node now.
    #[must_use]
    pub fn fits(&mut self, node: NodeNo, spec: SpecNo) -> bool {
        let at = node.index();
        if at >= self.nodes.len() || self.nodes.group[at] == NO_GROUP {
            return false;
        }
        if self.refresh(spec).is_none() {
            return false;
        }
        let Some(Some(entry)) = self.specs.get(spec.index()) else {
            return false;
        };
        entry.fits[self.nodes.class[at] as usize]
            && filter::cpu::passes(self.nodes.free_cpu[at], entry.ask.cpu)
            && filter::memory::passes(self.nodes.free_memory[at], entry.ask.memory)
            && filter::pods::passes(self.nodes.free_pods[at], entry.ask.pods)
    }

    /// The best node for a pod of this specification, and why: the same as a scan over all nodes finds.
    /// `None` if the specification is unknown.
    #[must_use]
    pub fn decide(&mut self, spec: SpecNo) -> Option<Choice> {
        self.refresh(spec)?;
        let entry = self.specs.get(spec.index())?.as_ref()?;
        let (kind, nodes, groups) = (self.kind, &self.nodes, &self.groups.all);
        let best = match &self.groups.lists {
            Lists::Narrow(lists) => search(kind, lists, groups, nodes, entry),
            Lists::Wide(lists) => search(kind, lists, groups, nodes, entry),
        };
        let [arch, region, zone, labels, taints] = entry.removed;
        let removed = Removed([
            self.counts[0].below(entry.ask.cpu),
            self.counts[1].below(entry.ask.memory),
            self.counts[2].below(entry.ask.pods),
            self.closed,
            arch,
            region,
            zone,
            labels,
            taints,
        ]);
        Some(Choice::of(kind, best, removed))
    }

    /// Among nodes that pass all filters but cpu, memory and pods, the one with the most free cpu, then
    /// memory, then the lowest ordinal; and what it has free.
    #[must_use]
    pub fn largest_free(&mut self, spec: SpecNo) -> Option<(NodeNo, Resources)> {
        self.refresh(spec)?;
        let entry = self.specs.get(spec.index())?.as_ref()?;
        let mut best: Option<(i64, i64, Reverse<u32>)> = None;
        let mut lanes = (-1, -1);
        for &group in &entry.groups {
            self.groups.greatest(group, lanes, |node| {
                let free = self.nodes.free(node as usize);
                let (cpu, memory) = (free.cpu.max(0), free.memory.max(0));
                best = best.max(Some((cpu, memory, Reverse(node))));
                let (cpu, memory, _) = best.unwrap_or((cpu, memory, Reverse(node)));
                let least = Lanes::of(Amount {
                    cpu,
                    memory,
                    pods: 0,
                });
                lanes = (least.cpu, least.memory);
                lanes
            });
        }
        best.map(|(_, _, node)| (NodeNo(node.0), self.nodes.free(node.0 as usize).resources()))
    }
}
