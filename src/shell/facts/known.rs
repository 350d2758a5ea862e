//! The last known state of what events are told of.

use std::collections::BTreeMap;
use std::sync::Arc;

use nimbus_core::ids::{NodeNo, ServiceNo, TenantNo};
use nimbus_core::store::workload::{Rollout, RolloutState, Service};
use nimbus_core::store::{Row, billing, scheduler, tenant, workload};
use nimbus_core::tenant::Status;
use serde_json::{Value, json};

/// A fact that a row tells.
pub(super) struct Change {
    pub(super) kind: Arc<str>,
    pub(super) subject: Arc<str>,
    pub(super) tenant: Option<TenantNo>,
    pub(super) actor: &'static str,
    pub(super) data: Value,
}

#[derive(Clone, Debug)]
struct OfService {
    id: Arc<str>,
    tenant: TenantNo,
    gone: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct OfRollout {
    number: u32,
    state: RolloutState,
    paused: bool,
}

/// States by ordinal.
#[derive(Debug, Default)]
struct States {
    tenants: BTreeMap<TenantNo, Status>,
    services: BTreeMap<ServiceNo, OfService>,
    rollouts: BTreeMap<ServiceNo, OfRollout>,
    nodes: BTreeMap<NodeNo, Arc<str>>,
}

/// What is known: committed, and what the present group adds.
#[derive(Debug, Default)]
pub(super) struct Known {
    base: States,
    staged: States,
}

impl Known {
    /// The present group is committed.
    pub(super) fn settle(&mut self) {
        let staged = std::mem::take(&mut self.staged);
        self.base.tenants.extend(staged.tenants);
        self.base.services.extend(staged.services);
        self.base.rollouts.extend(staged.rollouts);
        self.base.nodes.extend(staged.nodes);
    }

    /// The present group is undone.
    pub(super) fn forget(&mut self) {
        self.staged = States::default();
    }

    /// Takes a row that was told before.
    pub(super) fn learn(&mut self, row: &Row) {
        drop(self.change(row));
    }

    /// Id of a service; its ordinal while that is not known.
    pub(super) fn service(&self, no: ServiceNo) -> Arc<str> {
        let known = self.of_service(no).map(|service| Arc::clone(&service.id));
        known.unwrap_or_else(|| no.to_string().into())
    }

    /// Owner of a service.
    pub(super) fn owner(&self, no: ServiceNo) -> Option<TenantNo> {
        self.of_service(no).map(|service| service.tenant)
    }

    /// Name of a node; its ordinal while that is not known.
    pub(super) fn node(&self, no: NodeNo) -> Arc<str> {
        let known = self.staged.nodes.get(&no).or(self.base.nodes.get(&no));
        known.map_or_else(|| no.to_string().into(), Arc::clone)
    }

    pub(super) fn name_node(&mut self, no: NodeNo, name: &Arc<str>) {
        self.staged.nodes.insert(no, Arc::clone(name));
    }

    fn of_service(&self, no: ServiceNo) -> Option<&OfService> {
        let staged = self.staged.services.get(&no);
        staged.or_else(|| self.base.services.get(&no))
    }

    /// What a row says that was not known.
    pub(super) fn change(&mut self, row: &Row) -> Vec<Change> {
        match row {
            Row::Tenant(tenant::Row::Tenant(no, row)) => self.tenant(*no, row),
            Row::Workload(workload::Row::Service(service)) => self.of(service),
            Row::Workload(workload::Row::Rollout(rollout)) => self.rollout(rollout),
            Row::Scheduler(scheduler::Row::Node { node, spec, .. }) => {
                self.name_node(*node, &spec.name);
                Vec::new()
            }
            Row::Billing(billing::Row::Invoice(invoice)) => invoice
                .id
                .map(|id| Change {
                    kind: "invoice.finalized".into(),
                    subject: id.to_string().into(),
                    tenant: None,
                    actor: "billing",
                    data: json!({ "number": invoice.number }),
                })
                .into_iter()
                .collect(),
            _ => Vec::new(),
        }
    }

    fn tenant(&mut self, no: TenantNo, row: &tenant::TenantRow) -> Vec<Change> {
        let staged = self.staged.tenants.get(&no);
        let before = staged.or_else(|| self.base.tenants.get(&no)).copied();
        self.staged.tenants.insert(no, row.status);
        if before == Some(row.status) || (before.is_none() && row.status == Status::Provisioning) {
            return Vec::new();
        }
        let word = word(&row.status);
        vec![Change {
            kind: format!("tenant.{word}").into(),
            subject: row.id.to_string().into(),
            tenant: Some(no),
            actor: "tenant",
            data: json!({ "from": before, "to": row.status, "error": row.last_error }),
        }]
    }

    fn of(&mut self, service: &Service) -> Vec<Change> {
        let before = self.of_service(service.no).is_some_and(|known| known.gone);
        let id: Arc<str> = service.id.to_string().into();
        let known = OfService {
            id: Arc::clone(&id),
            tenant: service.tenant,
            gone: service.gone,
        };
        self.staged.services.insert(service.no, known);
        let gone = service.gone && !before;
        gone.then(|| Change {
            kind: "service.gone".into(),
            subject: id,
            tenant: Some(service.tenant),
            actor: "workload",
            data: json!({}),
        })
        .into_iter()
        .collect()
    }

    fn rollout(&mut self, rollout: &Rollout) -> Vec<Change> {
        let no = rollout.service;
        let staged = self.staged.rollouts.get(&no);
        let before = staged.or_else(|| self.base.rollouts.get(&no)).copied();
        let after = OfRollout {
            number: rollout.number,
            state: rollout.state,
            paused: rollout.paused,
        };
        // what a newer one superseded is told; the newest stays known
        if before.is_none_or(|before| before.number <= after.number) {
            self.staged.rollouts.insert(no, after);
        }
        let same = before.filter(|before| before.number == after.number);
        let change = |kind: &str| Change {
            kind: format!("rollout.{kind}").into(),
            subject: self.service(no),
            tenant: self.owner(no),
            actor: "workload",
            data: json!({
                "rollout": rollout.id, "number": rollout.number, "revision": rollout.revision,
                "cause": rollout.cause, "state": rollout.state,
            }),
        };
        let mut changes = Vec::new();
        if same.is_none() && rollout.ended_at.is_none() {
            changes.push(change("started"));
        }
        if same.is_none_or(|same| same.state != after.state)
            && let Some(kind) = ended(after.state)
        {
            changes.push(change(kind));
        }
        if same.is_some_and(|same| same.paused != after.paused) && rollout.ended_at.is_none() {
            changes.push(change(if after.paused { "paused" } else { "resumed" }));
        }
        changes
    }
}

/// The last word of a rollout.
fn ended(state: RolloutState) -> Option<&'static str> {
    match state {
        RolloutState::Pending | RolloutState::Progressing => None,
        RolloutState::Complete => Some("completed"),
        RolloutState::Failed => Some("failed"),
        RolloutState::Superseded => Some("superseded"),
    }
}

/// The word of a state, as JSON has it.
fn word(status: &Status) -> String {
    match serde_json::to_value(status) {
        Ok(Value::String(word)) => word,
        _ => "changed".to_owned(),
    }
}
