//! What a group makes known to readers: events, audit, replicas, operations, requests with a key.
//!
//! Nothing here decides. An event is told once for each durable fact; to tell a change from a repetition,
//! the last known state of tenants, services, rollouts and nodes is kept beside the machines.

mod asks;
mod known;
mod outcome;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use nimbus_core::cluster::Event;
use nimbus_core::explain::Decision;
use nimbus_core::ids::{DecisionId, EventId, OperationId, TenantNo};
use nimbus_core::machine::Reply;
use nimbus_core::rng;
use nimbus_core::store::{Record, Row};
use nimbus_core::time::Time;
use serde_json::{Value, json};

use crate::shell::port::Ask;
use crate::store::{AuditRow, DecisionRow, EventRow, IdempotencyRow, OperationRow, ReplicaChange};

use known::Known;

pub(super) use outcome::code;

/// Where ids of rows are drawn from in a group's stream: addresses that no machine has.
const DECISIONS: u8 = 100;
const EVENTS: u8 = 101;
const OPERATIONS: u8 = 102;

/// An ask that was handled, and what the machine said.
pub(super) struct Handled<'a> {
    pub(super) ask: &'a Ask,
    pub(super) reply: &'a Reply,
}

/// What a group has to tell.
pub(super) struct Told<'a> {
    /// The group.
    pub(super) group: u64,
    /// Machine time.
    pub(super) now: Time,
    /// Wall time.
    pub(super) wall: Time,
    /// The group's seed.
    pub(super) seed: u128,
    /// Events of the cluster that it took.
    pub(super) seen: &'a [&'a Event],
    /// Asks that were answered.
    pub(super) asks: &'a [Handled<'a>],
    /// What machines recorded.
    pub(super) records: &'a [Record],
    /// What they explained.
    pub(super) decisions: Vec<Decision>,
    /// Dead letters that were kept.
    pub(super) dead: &'a [Arc<str>],
}

/// Rows for readers.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) decisions: Vec<DecisionRow>,
    pub(super) replicas: Vec<ReplicaChange>,
    pub(super) events: Vec<EventRow>,
    pub(super) audit: Vec<AuditRow>,
    pub(super) idempotency: Vec<IdempotencyRow>,
    pub(super) operations: Vec<OperationRow>,
    /// For each ask, the place of its operation.
    pub(super) begun: Vec<Option<usize>>,
    /// Kinds and subjects that have been told.
    told: BTreeSet<(Arc<str>, Arc<str>)>,
}

/// What has been told so far. Changed by a group only once it is committed.
#[derive(Debug, Default)]
pub(super) struct Teller {
    known: Known,
}

impl Teller {
    /// Knows what the store remembers.
    pub(super) fn new(rows: &[Row]) -> Teller {
        let mut known = Known::default();
        for row in rows {
            known.learn(row);
        }
        known.settle();
        Teller { known }
    }

    /// The rows of a group.
    pub(super) fn tell(&mut self, told: Told<'_>) -> Facts {
        let mut facts = Facts::default();
        for event in told.seen {
            self.seen(&mut facts, &told, event);
        }
        for handled in told.asks {
            asks::tell(&mut facts, &told, handled);
        }
        for record in told.records {
            self.recorded(&mut facts, &told, record);
        }
        for id in told.dead {
            let data = json!({ "id": id });
            facts.event(&told, Fact::new("dead_letter.kept", id, "conductor", data));
        }
        let decisions = told.decisions.clone();
        for decision in decisions {
            self.decided(&mut facts, &told, decision);
        }
        facts
    }

    /// The group was committed: what it told is known.
    pub(super) fn committed(&mut self) {
        self.known.settle();
    }

    /// The group was undone.
    pub(super) fn undone(&mut self) {
        self.known.forget();
    }

    /// A report of the cluster.
    fn seen(&mut self, facts: &mut Facts, told: &Told<'_>, event: &Event) {
        facts.replicas.extend(replica(event));
        let (kind, subject, tenant, data) = match event {
            Event::PodBound {
                pod,
                node,
                service,
                tenant,
                ..
            } => {
                let node = self.known.node(*node);
                let data = json!({ "replica": pod, "node": node });
                (
                    "replica.bound",
                    self.known.service(*service),
                    Some(*tenant),
                    data,
                )
            }
            Event::PodReady { pod, service } => {
                let tenant = self.known.owner(*service);
                let data = json!({ "replica": pod });
                ("replica.ready", self.known.service(*service), tenant, data)
            }
            Event::PodFinished {
                pod,
                service,
                tenant,
                why,
                ..
            } => {
                let data = json!({ "replica": pod, "reason": why });
                (
                    "replica.finished",
                    self.known.service(*service),
                    Some(*tenant),
                    data,
                )
            }
            Event::NodeSeen { node, spec, state } => {
                self.known.name_node(*node, &spec.name);
                (
                    "node.seen",
                    Arc::clone(&spec.name),
                    None,
                    json!({ "state": state }),
                )
            }
            Event::NodeChanged { node, state } => (
                "node.changed",
                self.known.node(*node),
                None,
                json!({ "state": state }),
            ),
            Event::NodeGone { node } => ("node.gone", self.known.node(*node), None, json!({})),
            _ => return,
        };
        facts.event(told, Fact::new(kind, &subject, "cluster", data).of(tenant));
    }

    /// A row that changed.
    fn recorded(&mut self, facts: &mut Facts, told: &Told<'_>, record: &Record) {
        let Record::Put(row) = record else { return };
        for change in self.known.change(row) {
            let fact = Fact::new(&change.kind, &change.subject, change.actor, change.data);
            facts.once(told, fact.of(change.tenant));
        }
    }

    /// A decision, and the event of one that changes replicas.
    fn decided(&mut self, facts: &mut Facts, told: &Told<'_>, decision: Decision) {
        let number = u32::try_from(facts.decisions.len()).unwrap_or(u32::MAX);
        let id = DecisionId(rng::draw(told.seed, DECISIONS, number));
        if let Decision::Scale(scale) = decision
            && scale.from != scale.to
        {
            let subject = self.known.service(scale.service);
            let tenant = self.known.owner(scale.service);
            let data = json!({
                "from": scale.from, "to": scale.to, "reason": scale.reason, "decision": id,
            });
            let fact = Fact::new("service.scaled", &subject, "autoscaler", data);
            facts.event(told, fact.of(tenant));
        }
        facts.decisions.push(DecisionRow {
            id,
            time: told.now,
            group: told.group,
            decision,
        });
    }
}

/// What is said of one fact.
struct Fact<'a> {
    kind: &'a str,
    subject: &'a str,
    actor: &'a str,
    data: Value,
    tenant: Option<TenantNo>,
    request: Option<Arc<str>>,
}

impl<'a> Fact<'a> {
    fn new(kind: &'a str, subject: &'a str, actor: &'a str, data: Value) -> Fact<'a> {
        Fact {
            kind,
            subject,
            actor,
            data,
            tenant: None,
            request: None,
        }
    }

    fn of(mut self, tenant: Option<TenantNo>) -> Fact<'a> {
        self.tenant = tenant;
        self
    }

    fn asked_by(mut self, request: &Arc<str>) -> Fact<'a> {
        self.request = Some(Arc::clone(request));
        self
    }
}

impl Facts {
    fn event(&mut self, told: &Told<'_>, fact: Fact<'_>) {
        let number = u32::try_from(self.events.len()).unwrap_or(u32::MAX);
        let (kind, subject): (Arc<str>, Arc<str>) = (fact.kind.into(), fact.subject.into());
        self.told.insert((Arc::clone(&kind), Arc::clone(&subject)));
        self.events.push(EventRow {
            id: EventId(rng::draw(told.seed, EVENTS, number)),
            seq: 0,
            time: told.now,
            kind,
            tenant: fact.tenant,
            subject,
            actor: fact.actor.into(),
            data: fact.data.to_string(),
            request: fact.request,
        });
    }

    /// The same, unless the group has told it already.
    fn once(&mut self, told: &Told<'_>, fact: Fact<'_>) {
        if !self.told.contains(&(fact.kind.into(), fact.subject.into())) {
            self.event(told, fact);
        }
    }

    fn operation_id(&self, told: &Told<'_>) -> OperationId {
        let number = u32::try_from(self.operations.len()).unwrap_or(u32::MAX);
        OperationId(rng::draw(told.seed, OPERATIONS, number))
    }
}

/// What a report of the cluster changes of the replicas.
fn replica(event: &Event) -> Option<ReplicaChange> {
    match *event {
        Event::PodsPending {
            first,
            count,
            service,
            tenant,
            revision,
            ..
        } => Some(ReplicaChange::Pending {
            first,
            count,
            service,
            tenant,
            revision,
        }),
        Event::PodBound {
            pod,
            node,
            service,
            tenant,
            ..
        } => Some(ReplicaChange::Bound {
            pod,
            node,
            service,
            tenant,
        }),
        Event::PodReady { pod, .. } => Some(ReplicaChange::Ready { pod }),
        Event::PodFinished { pod, why, .. } => Some(ReplicaChange::Finished { pod, why }),
        _ => None,
    }
}
