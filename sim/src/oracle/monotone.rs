//! R4, R11: what only grows, and what names one thing only.

use std::collections::BTreeMap;
use std::sync::Arc;

use nimbus_core::cluster::{Deployment, NodeSpec, NodeState, PodSpec};
use nimbus_core::ids::{NodeNo, PodNo, ServiceNo, SpecNo, TenantNo};
use nimbus_core::time::Time;
use nimbus_core::units::Resources;

use super::books::{Books, Node, plus};
use super::coverage::{CONVERGENCE, MONOTONE, ONCE};
use super::violation::Finds;

/// UIDs that were seen, and whose they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Uids(BTreeMap<u128, TenantNo>);

impl Uids {
    /// A space is ready: its UID is its own and stays while it does.
    pub(super) fn space(&mut self, books: &mut Books, finds: &mut Finds, no: TenantNo, uid: u128) {
        let known = books.tenant(no).uid;
        if known == Some(uid) {
            return;
        }
        let other = self.0.insert(uid, no);
        if let Some(found) = other.or(known.map(|_| no)) {
            finds.add(
                ONCE,
                format!("uid {uid:032x} of the space of tenant {no}"),
                "one space with one uid",
                format!("another, of tenant {found}"),
            );
        }
        books.tenant(no).uid = Some(uid);
    }
}

/// Time goes on.
#[inline]
pub(super) fn time(books: &mut Books, finds: &mut Finds, now: Time) {
    finds.now = now;
    if now < books.now {
        finds.add(
            MONOTONE,
            "time",
            format!("not before {}", books.now),
            now.to_string(),
        );
    }
    books.now = books.now.max(now);
}

/// Pods have ordinals of their own.
pub(super) fn pods(books: &mut Books, finds: &mut Finds, first: PodNo, count: u32) {
    if first.0 < books.next_pod {
        finds.add(
            ONCE,
            format!("pod {first}"),
            format!("an ordinal of at least {}", books.next_pod),
            "one that was given before",
        );
    }
    books.next_pod = books.next_pod.max(first.0.saturating_add(u64::from(count)));
}

/// A specification has one ordinal.
pub(super) fn spec(books: &mut Books, finds: &mut Finds, no: SpecNo, pod: &Arc<PodSpec>) {
    match books.specs.get(no.index()) {
        Some(known) => finds.equal(ONCE, || format!("specification {no}"), known, pod),
        None => {
            finds.equal(
                ONCE,
                || "a specification".to_owned(),
                &SpecNo::at(books.specs.len()),
                &no,
            );
            books.specs.push(Arc::clone(pod));
            books.asks.push(pod.requests);
        }
    }
}

/// A node has one ordinal, the next one, and never returns.
pub(super) fn node(
    books: &mut Books,
    finds: &mut Finds,
    no: NodeNo,
    spec: &Arc<NodeSpec>,
    state: NodeState,
) {
    books.count_offer();
    match books.nodes.get_mut(no.index()) {
        Some(node) => {
            if node.gone {
                finds.add(ONCE, format!("node {no}"), "gone for ever", "seen again");
            }
            books.offered = books.offered.saturating_sub(node.spec.allocatable);
            node.spec = Arc::clone(spec);
            node.state = state;
        }
        None => {
            finds.equal(
                ONCE,
                || "a node".to_owned(),
                &NodeNo::at(books.nodes.len()),
                &no,
            );
            books.nodes.push(Node {
                spec: Arc::clone(spec),
                state,
                gone: false,
                allocated: Resources::ZERO,
                promised: Resources::ZERO,
            });
        }
    }
    books.offered = plus(books.offered, spec.allocatable);
}

/// A Deployment leaves: with a higher generation if anything is different, and only then.
pub(super) fn generation(
    last: Option<&Deployment>,
    deleted: bool,
    finds: &mut Finds,
    no: ServiceNo,
    next: &Deployment,
) {
    let Some(last) = last else {
        return;
    };
    if next.generation < last.generation {
        back(finds, "generation", no, last.generation, next.generation);
    }
    let same = Deployment {
        generation: next.generation,
        ..last.clone()
    } == *next;
    if next.generation == last.generation && !same {
        finds.add(
            MONOTONE,
            format!("service {no}"),
            "a new generation for a change",
            format!("{next:?}"),
        );
    }
    if same && next.generation > last.generation && !deleted {
        finds.add(
            CONVERGENCE,
            format!("service {no}"),
            "no write of what is so already",
            format!("generation {} without a change", next.generation),
        );
    }
}

/// A number that must not fall has fallen.
pub(super) fn back(finds: &mut Finds, what: &str, no: ServiceNo, last: u32, next: u32) {
    finds.add(
        MONOTONE,
        format!("{what} of service {no}"),
        format!("at least {last}"),
        format!("{next}"),
    );
}

/// A number of a service that only grows.
pub(super) fn grows(finds: &mut Finds, what: &str, no: ServiceNo, last: &mut u32, next: u32) {
    if next < *last {
        back(finds, what, no, *last, next);
    }
    *last = next.max(*last);
}
