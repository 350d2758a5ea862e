//! Whether a new node of a pool could take a pod.

use super::amount::Amount;
use super::filter;
use crate::cluster::{NodeSpec, PodSpec};

/// Whether an empty node made from the template passes every filter. A template without a zone stands
/// for nodes in any zone.
pub(super) fn holds(template: &NodeSpec, pod: &PodSpec) -> bool {
    let (offers, ask) = (
        Amount::offered(template.allocatable),
        Amount::asked(pod.requests),
    );
    filter::cpu::passes(offers.cpu, ask.cpu)
        && filter::memory::passes(offers.memory, ask.memory)
        && filter::pods::passes(offers.pods, ask.pods)
        && filter::arch::passes(template.arch, pod.arch)
        && filter::region::passes(&template.region, pod.region.as_ref())
        && (template.zone.is_empty() || filter::zone::passes(&template.zone, pod.zone.as_ref()))
        && filter::labels::passes(&template.labels, &pod.selector)
        && filter::taints::passes(&template.taints, &pod.tolerations)
}
