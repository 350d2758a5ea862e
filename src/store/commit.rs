//! One group, as it is written: all of it in one transaction, or nothing.

use std::sync::Arc;

use nimbus_core::cluster::{Command, Finish};
use nimbus_core::digest::EventHash;
use nimbus_core::explain::Decision;
use nimbus_core::ids::{DecisionId, EventId, NodeNo, OperationId, PodNo, ServiceNo, TenantNo};
use nimbus_core::machine::{Address, Reply};
use nimbus_core::store::Record;
use nimbus_core::time::Time;
use serde::{Deserialize, Serialize};

/// Everything that one group makes durable.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// Its number; the next after the last committed one.
    pub group: u64,
    /// Machine time.
    pub now: Time,
    /// The conductor's round at which the group came to rest.
    pub round: u32,
    /// The chains of all addresses after the group.
    pub hashes: [EventHash; Address::COUNT],
    /// Deliveries handled since the beginning of the chain.
    pub deliveries: u64,
    /// The epoch of the leader who writes; refused if the store knows a later one.
    pub epoch: i64,
    /// How many events of the cluster the machines have taken, this group included.
    pub cursor: u64,
    /// What machines recorded, in order.
    pub records: Vec<Record>,
    /// What they explained, in order.
    pub decisions: Vec<DecisionRow>,
    /// Commands that leave after the commit, in order.
    pub outbox: Vec<OutboxRow>,
    /// What became of replicas, from the reports of the cluster.
    pub replicas: Vec<ReplicaChange>,
    /// One per durable fact; the store gives the sequence numbers.
    pub events: Vec<EventRow>,
    /// Who did what; the store links the chain of each tenant.
    pub audit: Vec<AuditRow>,
    /// Answers to requests with a key.
    pub idempotency: Vec<IdempotencyRow>,
    /// What slow work was begun.
    pub operations: Vec<OperationRow>,
}

/// A decision as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRow {
    /// Its id, drawn from the group's seed.
    pub id: DecisionId,
    /// When.
    pub time: Time,
    /// The group that it was made in.
    pub group: u64,
    /// What was decided and why.
    pub decision: Decision,
}

/// A command on its way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxRow {
    /// Place among all commands ever sent.
    pub seq: u64,
    /// The group that sent it: commands of one group reach the cluster together.
    pub group: u64,
    /// When it takes effect in a simulated cluster: the group's time.
    pub at: Time,
    /// The command.
    pub command: Command,
}

/// What the cluster said of replicas: the read model behind `GET /services/{id}/replicas`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReplicaChange {
    /// They wait.
    Pending {
        /// The first.
        first: PodNo,
        /// How many with consecutive ordinals.
        count: u32,
        /// Whose.
        service: ServiceNo,
        /// Owner.
        tenant: TenantNo,
        /// The revision that they are of; 0 if it is not known.
        revision: u32,
    },
    /// It has a node.
    Bound {
        /// Which.
        pod: PodNo,
        /// Its node.
        node: NodeNo,
        /// Whose.
        service: ServiceNo,
        /// Owner.
        tenant: TenantNo,
    },
    /// It serves.
    Ready {
        /// Which.
        pod: PodNo,
    },
    /// It has ended; the row stays for a while with its reason.
    Finished {
        /// Which.
        pod: PodNo,
        /// Why.
        why: Finish,
    },
}

/// A durable fact for readers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    /// Its id, drawn from the group's seed.
    pub id: EventId,
    /// Place in the order of all events; 0 before it is stored.
    pub seq: i64,
    /// When.
    pub time: Time,
    /// `tenant.created`, `service.scaled`, `replica.ready`, …
    pub kind: Arc<str>,
    /// Whose, if it is a tenant's.
    pub tenant: Option<TenantNo>,
    /// The id or name of what it is about.
    pub subject: Arc<str>,
    /// Who did it: a principal, a machine or the cluster.
    pub actor: Arc<str>,
    /// JSON object.
    pub data: String,
    /// The request that it came from.
    pub request: Option<Arc<str>>,
}

/// Who did what. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// When.
    pub time: Time,
    /// Whose chain it belongs to; `None` is the platform's.
    pub tenant: Option<TenantNo>,
    /// Who.
    pub principal: Arc<str>,
    /// `tenant.create`, `service.scale`, `token.issue`, …
    pub action: Arc<str>,
    /// The id or name of what it was done to.
    pub target: Arc<str>,
    /// Whether it was done, and why not: `ok` or the code of the problem.
    pub outcome: Arc<str>,
    /// The request.
    pub request: Arc<str>,
    /// JSON object: what was asked for, without secrets.
    pub data: String,
}

/// Who asked for what under which key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdempotencyKey {
    /// Who.
    pub principal: Arc<str>,
    /// The key, 1..128 visible characters.
    pub key: Arc<str>,
    /// SHA-256, hex, over method, path and body.
    pub request_hash: Arc<str>,
}

/// The answer to a request with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRow {
    /// Who asked for what.
    pub key: IdempotencyKey,
    /// What the machine said; the rendered answer is added once it is known.
    pub reply: Reply,
    /// The operation that was begun.
    pub operation: Option<OperationId>,
    /// When it is forgotten.
    pub expires_at: Time,
}

/// Slow work that somebody can ask after. Its state is read from its target, never stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationRow {
    /// Its id, drawn from the group's seed.
    pub id: OperationId,
    /// `tenant.create`, `tenant.delete`, `rollout`, …
    pub kind: Arc<str>,
    /// Id of what it works on.
    pub target: Arc<str>,
    /// Owner.
    pub tenant: Option<TenantNo>,
    /// Who began it.
    pub by: Arc<str>,
    /// When.
    pub started_at: Time,
}
