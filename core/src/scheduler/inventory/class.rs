//! Attribute classes: nodes that no specification seen so far can tell apart but by what is free.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::cluster::{Arch, NodeSpec, PodSpec, Taint};
use crate::scheduler::filter;

/// What the filters look at, apart from state and free amounts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ClassKey {
    arch: Arch,
    region: Arc<str>,
    zone: Arc<str>,
    /// Only labels that some selector names.
    labels: BTreeMap<Arc<str>, Arc<str>>,
    /// Only taints that repel.
    taints: Vec<Taint>,
}

/// One class.
#[derive(Clone, Debug)]
pub(super) struct Class {
    pub(super) key: ClassKey,
    /// Nodes in it, whatever their state.
    pub(super) nodes: u32,
}

/// All classes.
#[derive(Clone, Debug, Default)]
pub(super) struct Classes {
    /// Labels that some selector names.
    relevant: BTreeSet<Arc<str>>,
    by_key: BTreeMap<ClassKey, u32>,
    pub(super) all: Vec<Class>,
}

/// Per attribute filter, in the order arch, region, zone, labels, taints: whether a class passes.
pub(super) fn verdicts(key: &ClassKey, pod: &PodSpec) -> [bool; 5] {
    [
        filter::arch::passes(key.arch, pod.arch),
        filter::region::passes(&key.region, pod.region.as_ref()),
        filter::zone::passes(&key.zone, pod.zone.as_ref()),
        filter::labels::passes(&key.labels, &pod.selector),
        filter::taints::passes(&key.taints, &pod.tolerations),
    ]
}

impl Classes {
    /// Makes the labels of a selector relevant; whether any was new.
    pub(super) fn name_labels(&mut self, pod: &PodSpec) -> bool {
        let before = self.relevant.len();
        self.relevant.extend(pod.selector.keys().cloned());
        self.relevant.len() != before
    }

    /// Forgets the classes, not which labels are relevant.
    pub(super) fn clear(&mut self) {
        self.by_key.clear();
        self.all.clear();
    }

    /// The class of a node, made if it is new.
    pub(super) fn of(&mut self, spec: &NodeSpec) -> u32 {
        let labels = spec
            .labels
            .iter()
            .filter(|(key, _)| self.relevant.contains(*key));
        let key = ClassKey {
            arch: spec.arch,
            region: Arc::clone(&spec.region),
            zone: Arc::clone(&spec.zone),
            labels: labels
                .map(|(key, value)| (Arc::clone(key), Arc::clone(value)))
                .collect(),
            taints: spec
                .taints
                .iter()
                .filter(|taint| filter::taints::repels(taint))
                .cloned()
                .collect(),
        };
        if let Some(&class) = self.by_key.get(&key) {
            return class;
        }
        let class = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.by_key.insert(key.clone(), class);
        self.all.push(Class { key, nodes: 0 });
        class
    }
}
