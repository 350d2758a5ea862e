//! Pod specifications, each with what the attribute filters say about the present classes and groups.

use std::sync::Arc;

use super::class::{Class, verdicts};
use super::groups::Group;
use crate::cluster::PodSpec;
use crate::scheduler::amount::Amount;

/// One specification. `version` tells which state of the inventory the rest was computed from.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    pub(super) pod: Arc<PodSpec>,
    pub(super) ask: Amount,
    version: u64,
    /// Groups whose class passes every attribute filter.
    pub(super) groups: Vec<u32>,
    /// Per class: whether it passes every attribute filter.
    pub(super) fits: Vec<bool>,
    /// Nodes removed by arch, region, zone, labels, taints.
    pub(super) removed: [u32; 5],
}

impl Spec {
    pub(super) fn new(pod: Arc<PodSpec>) -> Spec {
        Spec {
            ask: Amount::asked(pod.requests),
            pod,
            version: 0,
            groups: Vec::new(),
            fits: Vec::new(),
            removed: [0; 5],
        }
    }

    /// Brings what was computed up to a version.
    #[inline]
    pub(super) fn refresh(&mut self, version: u64, classes: &[Class], groups: &[Group]) {
        if self.version != version {
            self.compute(classes, groups);
            self.version = version;
        }
    }

    fn compute(&mut self, classes: &[Class], groups: &[Group]) {
        self.fits.clear();
        self.removed = [0; 5];
        for class in classes {
            let passes = verdicts(&class.key, &self.pod);
            for (removed, passes) in self.removed.iter_mut().zip(passes) {
                *removed += if passes { 0 } else { class.nodes };
            }
            self.fits.push(passes.into_iter().all(|passes| passes));
        }
        let fitting = (0u32..)
            .zip(groups)
            .filter(|(_, group)| self.fits[group.class as usize]);
        self.groups.clear();
        self.groups.extend(fitting.map(|(number, _)| number));
    }
}
