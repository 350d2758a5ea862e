//! I-13, R3: what is deleted leaves nothing, and nothing exists that nobody asked for.

use nimbus_core::ids::{NodeNo, PodNo, TenantNo};
use nimbus_core::tenant::Status;

use super::books::Books;
use super::coverage::DELETION;
use super::violation::Finds;
use crate::world::World;

/// Something is made for a tenant.
pub(super) fn made(books: &Books, finds: &mut Finds, no: TenantNo, what: &str) {
    if books.status(no) == Some(Status::Gone) {
        finds.add(
            DELETION,
            format!("tenant {no}, which is gone"),
            "nothing new",
            what,
        );
    }
}

/// A tenant is recorded as gone.
pub(super) fn gone(books: &Books, finds: &mut Finds, no: TenantNo) {
    left(books, finds, no, false);
}

/// What a tenant that is gone has left; intervals count once the instant rests.
fn left(books: &Books, finds: &mut Finds, no: TenantNo, intervals: bool) {
    let Some(tenant) = books.tenants.get(no.index()) else {
        return;
    };
    let counts = [
        (u64::from(tenant.pods), "pods"),
        (u64::from(tenant.deployments), "Deployments"),
        (u64::from(tenant.backstop.is_some()), "spaces"),
        (
            u64::from(tenant.metered) * u64::from(intervals),
            "open intervals",
        ),
        (
            u64::from(tenant.apps) * u64::from(intervals),
            "reserved apps",
        ),
    ];
    for (count, what) in counts {
        if count > 0 {
            finds.add(
                DELETION,
                format!("tenant {no}, which is gone"),
                "nothing left",
                format!("{count} {what}"),
            );
        }
    }
}

/// Tenants that are gone have nothing left; the world holds what the books hold.
pub(super) fn recount(books: &Books, finds: &mut Finds, world: &World) {
    for index in 0..books.tenants.len() {
        let no = TenantNo::at(index);
        if books.status(no) == Some(Status::Gone) {
            left(books, finds, no, true);
            if world.tenant_use(no).is_some() {
                finds.add(
                    DELETION,
                    format!("tenant {no}, which is gone"),
                    "no space",
                    "a space",
                );
            }
        }
    }
    let known = books.pods.iter().filter(|(_, pod)| pod.ended.is_none());
    let known = known.map(|(no, pod)| (PodNo(no), pod.service, pod.spec, pod.node));
    let there = world
        .pods()
        .map(|pod| (pod.pod, pod.service, pod.spec, pod.node));
    let mut differ = 0u64;
    let mut there = there.fuse();
    for pod in known {
        differ += u64::from(there.next() != Some(pod));
    }
    differ += there.count() as u64;
    if differ > 0 {
        finds.add(
            DELETION,
            "the cluster's pods",
            "those that were reported",
            format!("{differ} others"),
        );
    }
    for (index, (node, seen)) in world.nodes().iter().zip(&books.nodes).enumerate() {
        if node.allocated != seen.allocated && node.gone.is_none() {
            finds.equal(
                DELETION,
                || format!("node {}", NodeNo::at(index)),
                &seen.allocated,
                &node.allocated,
            );
        }
    }
}
