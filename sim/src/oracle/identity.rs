//! I-4: every replica has a service and a revision that exist; a status adds up.

use nimbus_core::cluster::{Deployment, DeploymentStatus};
use nimbus_core::ids::{ServiceNo, TenantNo};

use super::books::Books;
use super::coverage::IDENTITY;
use super::violation::Finds;

/// A revision is named by a command: it has been recorded.
pub(super) fn revision(books: &mut Books, finds: &mut Finds, no: ServiceNo, revision: u32) {
    let last = books.service(no).revision;
    if revision == 0 || revision > last {
        finds.add(
            IDENTITY,
            format!("service {no}"),
            format!("a revision of 1..{last}"),
            format!("{revision}"),
        );
    }
}

/// Pods are made: for a service that something was asked for.
pub(super) fn made(books: &mut Books, finds: &mut Finds, no: ServiceNo, count: u32) {
    let service = books.service(no);
    service.pods += count;
    if service.tenant.is_none() {
        finds.add(
            IDENTITY,
            format!("service {no}"),
            "a service that was asked for",
            "pods",
        );
    }
}

/// A pod has ended: its service and owner are those that it was made with.
pub(super) fn ended(
    books: &mut Books,
    finds: &mut Finds,
    made: (ServiceNo, Option<TenantNo>),
    named: (ServiceNo, TenantNo),
) {
    let service = books.service(made.0);
    service.pods = service.pods.saturating_sub(1);
    finds.equal(
        IDENTITY,
        || "a pod that ended".to_owned(),
        &made,
        &(named.0, Some(named.1)),
    );
}

/// A status adds up.
pub(super) fn status(
    deployment: Option<&Deployment>,
    finds: &mut Finds,
    no: ServiceNo,
    status: &DeploymentStatus,
) {
    let s = status;
    let adds_up =
        s.updated <= s.total && s.ready <= s.total && s.updated_ready <= s.updated.min(s.ready);
    if !adds_up {
        finds.add(
            IDENTITY,
            format!("service {no}"),
            "a status that adds up",
            format!("{s:?}"),
        );
    }
    if deployment.is_none() {
        finds.add(
            IDENTITY,
            format!("service {no}"),
            "a Deployment for a status",
            "none",
        );
    }
}
