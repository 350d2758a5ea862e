//! Which invariants are checked, by which file, and which cannot be checked yet.

use serde::Serialize;

/// An invariant as the pages state it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Invariant {
    /// Its id; a slash where two lists meet.
    pub id: &'static str,
    /// What must hold.
    pub statement: &'static str,
    /// The file of this folder that checks it.
    pub file: &'static str,
}

const fn invariant(id: &'static str, file: &'static str, statement: &'static str) -> Invariant {
    Invariant {
        id,
        statement,
        file,
    }
}

pub(super) const CAPACITY: Invariant = invariant(
    "I-1/R5",
    "capacity",
    "for every node and resource allocated ≤ allocatable, and a replica is bound at most once, to an active node",
);
pub(super) const QUOTA: Invariant = invariant(
    "I-2/R6",
    "quota",
    "no step raises a tenant's use above its quota; above it after force, use never grows",
);
pub(super) const BOUNDS: Invariant = invariant(
    "I-3/R9",
    "bounds",
    "min ≤ desired replicas ≤ max, one decision moves it by at most the step, and no faster than the cool-down",
);
pub(super) const IDENTITY: Invariant = invariant(
    "I-4",
    "identity",
    "every replica has a service, and a revision of that service that exists",
);
pub(super) const WINDOWS: Invariant = invariant(
    "I-5",
    "metering",
    "usage windows of a tenant are disjoint and gapless from its first to its last, or marked",
);
pub(super) const METERING: Invariant = invariant(
    "R7",
    "metering",
    "the billed time of each pod is its lifetime between binding and end in whole seconds, once",
);
pub(super) const CONSERVATION: Invariant = invariant(
    "I-6/R8",
    "ledger",
    "sum of tenants + system + idle = allocatable × time, per resource",
);
pub(super) const INVOICES: Invariant = invariant(
    "R8",
    "ledger",
    "an invoice's total is the sum of its lines; final ones never change; numbers and hashes have no gap",
);
pub(super) const ISOLATION: Invariant = invariant(
    "I-7/R1",
    "isolation",
    "every effect carries the tenant of its cause, and no object of a tenant is another's",
);
pub(super) const OWNER: Invariant = invariant(
    "I-8",
    "owner",
    "every tenant belongs to exactly one organization, which exists and never changes (owners are persons: later)",
);
pub(super) const DELETION: Invariant = invariant(
    "I-13/R3",
    "deletion",
    "a deleted tenant has nothing left and nothing is made for it; nothing exists that nobody asked for",
);
pub(super) const LIMITS: Invariant = invariant(
    "I-15",
    "quota",
    "limits of the plan hold over all tenants of an organization under concurrent creates",
);
pub(super) const CONVERGENCE: Invariant = invariant(
    "R2",
    "rest",
    "when nothing has happened for 60 s desired = observed, and nothing is written again that is so already",
);
pub(super) const ONCE: Invariant = invariant(
    "R4",
    "monotone",
    "an ordinal and a UID name one thing, once",
);
pub(super) const MONOTONE: Invariant = invariant(
    "R11",
    "monotone",
    "time, generations, revisions, rollouts and invoice numbers never go back",
);
pub(super) const LIVENESS: Invariant = invariant(
    "R13",
    "rest",
    "at rest no pod waits while a node that takes it exists",
);
pub(super) const BOUNDED: Invariant = invariant(
    "R14",
    "bounded",
    "queues and timers stay within what there is to wait for",
);

/// What is checked.
pub const COVERED: [Invariant; 17] = [
    CAPACITY,
    QUOTA,
    BOUNDS,
    IDENTITY,
    WINDOWS,
    METERING,
    CONSERVATION,
    INVOICES,
    ISOLATION,
    OWNER,
    DELETION,
    LIMITS,
    CONVERGENCE,
    ONCE,
    MONOTONE,
    LIVENESS,
    BOUNDED,
];

/// What is not checked here, and why.
pub const NOT_YET: [(&str, &str); 11] = [
    (
        "I-8",
        "owners are persons, who come with access; until then the organization of each tenant is checked",
    ),
    ("I-9", "join tokens come with the fleet"),
    ("I-10", "certificates come with the fleet"),
    ("I-11", "overlay addresses come with the fleet"),
    ("I-12", "tasks come with the fleet"),
    ("I-14", "secrets have no tiers yet"),
    (
        "R4",
        "request ids and charges come with the API; identity of objects is checked",
    ),
    ("R10", "epochs of a leader come with production"),
    (
        "R12",
        "acknowledged writes come with production; the restore tests of the machines stand for it",
    ),
    ("R15", "secrets come with production"),
    ("R16", "the driver compares hashes of two runs"),
];
