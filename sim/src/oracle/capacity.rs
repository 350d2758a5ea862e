//! I-1, R5: no node is over-committed, and a pod is bound once, to an active node.

use nimbus_core::cluster::NodeState;
use nimbus_core::ids::{NodeNo, PodNo};
use nimbus_core::units::Resources;

use super::books::{Books, plus, show};
use super::coverage::CAPACITY;
use super::violation::Finds;

/// A binding leaves: its pod waits, its node is active and has room, counting what is on its way.
pub(super) fn bind(books: &mut Books, finds: &mut Finds, no: PodNo, to: NodeNo) {
    let Some(pod) = books.pod(no).copied() else {
        return finds.add(CAPACITY, format!("pod {no}"), "a pod that waits", "none");
    };
    if let Some(node) = pod.node.or(pod.asked) {
        return finds.add(
            CAPACITY,
            format!("pod {no}"),
            format!("bound once, to node {node}"),
            format!("bound again, to node {to}"),
        );
    }
    let asks = books.asks(pod.spec);
    let Some(node) = books.nodes.get_mut(to.index()).filter(|node| !node.gone) else {
        return finds.add(CAPACITY, format!("node {to}"), "a node", "none");
    };
    if node.state != NodeState::Active {
        finds.add(
            CAPACITY,
            format!("node {to}"),
            "active",
            format!("{:?}", node.state),
        );
    }
    node.promised = plus(node.promised, asks);
    let sum = plus(node.allocated, node.promised);
    over(finds, to, sum, node.spec.allocatable);
    if let Some(pod) = books.pods.get_mut(no.0) {
        pod.asked = Some(to);
    }
}

fn over(finds: &mut Finds, node: NodeNo, sum: Resources, allocatable: Resources) {
    if !sum.fits(allocatable) {
        finds.add(
            CAPACITY,
            format!("node {node}"),
            format!("at most {}", show(allocatable)),
            show(sum),
        );
    }
}

/// A pod is bound; returns whether it was not before.
pub(super) fn bound(books: &mut Books, finds: &mut Finds, no: PodNo, to: NodeNo) -> bool {
    let Some(pod) = books.pods.get_mut(no.0).filter(|pod| pod.ended.is_none()) else {
        finds.add(CAPACITY, format!("pod {no}"), "a pod that waits", "none");
        return false;
    };
    match pod.node {
        Some(node) if node == to => return false,
        Some(node) => {
            finds.add(
                CAPACITY,
                format!("pod {no}"),
                format!("bound once, to node {node}"),
                format!("bound again, to node {to}"),
            );
            return false;
        }
        None => {}
    }
    pod.node = Some(to);
    pod.bound = books.now;
    let asked = pod.asked.take();
    let asks = books
        .asks
        .get(pod.spec.index())
        .copied()
        .unwrap_or_default();
    if let Some(node) = asked.and_then(|asked| books.nodes.get_mut(asked.index())) {
        node.promised = node.promised.saturating_sub(asks);
    }
    match books.nodes.get_mut(to.index()).filter(|node| !node.gone) {
        Some(node) => {
            node.allocated = plus(node.allocated, asks);
            over(finds, to, node.allocated, node.spec.allocatable);
        }
        None => finds.add(CAPACITY, format!("node {to}"), "a node", "none"),
    }
    true
}

/// A pod has ended: what it took is free.
pub(super) fn ended(
    books: &mut Books,
    node: Option<NodeNo>,
    asked: Option<NodeNo>,
    asks: Resources,
) {
    if let Some(node) = node.and_then(|node| books.nodes.get_mut(node.index())) {
        node.allocated = node.allocated.saturating_sub(asks);
    }
    if let Some(node) = asked.and_then(|node| books.nodes.get_mut(node.index())) {
        node.promised = node.promised.saturating_sub(asks);
    }
}

/// A node is gone: its pods have ended before.
pub(super) fn gone(books: &mut Books, finds: &mut Finds, no: NodeNo) {
    books.count_offer();
    let Some(node) = books.nodes.get_mut(no.index()).filter(|node| !node.gone) else {
        return finds.add(CAPACITY, format!("node {no}"), "a node", "none");
    };
    if node.allocated.pods > 0 {
        finds.add(
            CAPACITY,
            format!("node {no}, which is gone"),
            "no pod",
            format!("{} pods", node.allocated.pods),
        );
    }
    node.gone = true;
    let offered = node.spec.allocatable;
    books.offered = books.offered.saturating_sub(offered);
}

/// Counts all pods again: each node's sum is that of its pods, and within what it offers.
pub(super) fn recount(books: &Books, finds: &mut Finds) {
    let mut sums = vec![Resources::ZERO; books.nodes.len()];
    let live = books.pods.iter().filter(|(_, pod)| pod.ended.is_none());
    for (_, pod) in live {
        if let Some(sum) = pod.node.and_then(|node| sums.get_mut(node.index())) {
            *sum = plus(*sum, books.asks(pod.spec));
        }
    }
    for ((index, node), sum) in books.nodes.iter().enumerate().zip(sums) {
        if !sum.fits(node.spec.allocatable) {
            over(finds, NodeNo::at(index), sum, node.spec.allocatable);
        }
        finds.equal(CAPACITY, || format!("node {index}"), &sum, &node.allocated);
    }
}
