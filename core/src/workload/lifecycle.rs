//! Ends: of services, and of what a tenant's state brings to all of its services.

use std::sync::Arc;

use super::app::record_app;
use super::input::{Answer, Input, Kind, Refusal};
use super::machine::{Workloads, answer, end_rollout, record_service, release};
use super::operate::set_clock;
use crate::autoscaler;
use crate::cluster::{Command, DeploymentStatus};
use crate::ids::{ServiceNo, TenantNo};
use crate::machine::Outbox;
use crate::store::workload::{Held, Key, RolloutState, Row, TenantState};
use crate::tenant;
use crate::time::Time;
use crate::units::Resources;

impl Workloads {
    pub(super) fn delete(&mut self, now: Time, service: ServiceNo, out: &mut Outbox) {
        match self.live(service) {
            None => answer(Err(Refusal::NoService(service)), out),
            Some(entry) if entry.busy || entry.runs > 0 => out.send(Input::Delete { service }),
            Some(_) => {
                answer(Ok(Answer::Done), out);
                self.begin_delete(now, service, out);
            }
        }
    }

    /// Asks the cluster to remove what a service has; without anything there it is gone at once.
    pub(super) fn begin_delete(&mut self, now: Time, service: ServiceNo, out: &mut Outbox) {
        let entry = &mut self.services[service.index()];
        if entry.row.deleting {
            return;
        }
        entry.row.deleting = true;
        end_rollout(entry, RolloutState::Superseded, now, out);
        if entry.told.take().is_some() {
            out.send(autoscaler::Input::Unwatch { service });
        }
        let bare = entry.row.kind == Kind::Batch && entry.held.slots > 0;
        if bare {
            out.send(Command::StopPods { service });
        }
        if bare || entry.applied.is_some() {
            self.settle(now, service, true, out);
        } else {
            self.bury(service, out);
        }
    }

    pub(super) fn deployment_gone(&mut self, service: ServiceNo, out: &mut Outbox) {
        if self.live(service).is_some_and(|entry| entry.row.deleting) {
            self.bury(service, out);
        }
    }

    /// Nothing of a service is left: what it held goes back, its row becomes a tombstone.
    pub(super) fn bury(&mut self, service: ServiceNo, out: &mut Outbox) {
        let entry = &mut self.services[service.index()];
        let held = entry.held.total().unwrap_or(Resources::ZERO);
        entry.row.gone = true;
        entry.held = Held::default();
        entry.status = DeploymentStatus::default();
        entry.applied = None;
        record_service(entry, out);
        for revision in entry.revisions.drain(..) {
            out.record(Key::Revision(service, revision.number));
        }
        for rollout in entry.rollouts.drain(..) {
            out.record(Key::Rollout(service, rollout.number));
        }
        for key in [
            Key::Progress(service),
            Key::Status(service),
            Key::Held(service),
        ] {
            out.record(key);
        }
        let (tenant, name) = (entry.row.tenant, Arc::clone(&entry.row.name));
        let no = entry.row.app;
        self.discharge(no, held);
        release(tenant, held, 0, out);
        if let Some(names) = self.tenants.get_mut(&tenant) {
            names.names.remove(&name);
        }
        let app = &mut self.apps[no.index()];
        app.services -= 1;
        if app.services == 0 && (app.deleting || !app.explicit) {
            self.bury_app(no, out);
        } else {
            record_app(app, out);
        }
        self.childless(tenant, out);
    }

    /// A tenant in deletion without a service has nothing left here.
    pub(super) fn childless(&mut self, tenant: TenantNo, out: &mut Outbox) {
        let deleting = |names: &&super::state::Tenant| names.state == TenantState::Deleting;
        let names = self.tenants.get(&tenant).filter(deleting);
        if names.is_some_and(|names| names.names.is_empty() && names.apps.is_empty()) {
            self.tenants.remove(&tenant);
            out.record(Key::Tenant(tenant));
            out.send(tenant::Input::ChildrenGone { tenant });
        }
    }

    /// Takes what the tenant machine says, after the reservations of the tenant that are under way.
    pub(super) fn lifecycle(
        &mut self,
        now: Time,
        tenant: TenantNo,
        input: Input,
        out: &mut Outbox,
    ) {
        if self.waiting.iter().any(|(other, _)| *other == tenant) || self.is_reserving(tenant) {
            self.waiting.push((tenant, input));
        } else {
            self.turn(now, tenant, &input, out);
        }
    }

    /// Takes what was held back, in order, as far as nothing is under way.
    pub(super) fn catch_up(&mut self, now: Time, out: &mut Outbox) {
        let mut place = 0;
        while let Some(&(tenant, _)) = self.waiting.get(place) {
            if self.is_reserving(tenant) {
                place += 1;
            } else {
                let (tenant, input) = self.waiting.remove(place);
                self.turn(now, tenant, &input, out);
            }
        }
    }

    pub(super) fn is_reserving(&self, tenant: TenantNo) -> bool {
        self.tenants.get(&tenant).is_some_and(|names| {
            let app = names.apps.values().any(Option::is_none);
            app || names.names.values().any(|no| {
                no.is_none_or(|no| {
                    let entry = &self.services[no.index()];
                    entry.busy || entry.runs > 0
                })
            })
        })
    }

    pub(super) fn services_of(&self, tenant: TenantNo) -> Vec<ServiceNo> {
        let names = self.tenants.get(&tenant);
        let mut services: Vec<ServiceNo> = names
            .into_iter()
            .flat_map(|names| names.names.values().copied().flatten())
            .collect();
        services.sort_unstable();
        services
    }

    fn turn(&mut self, now: Time, tenant: TenantNo, input: &Input, out: &mut Outbox) {
        match input {
            Input::TenantActive { .. } => self.activate(now, tenant, out),
            Input::TenantSuspended { .. } => self.suspend(now, tenant, out),
            Input::TenantResumed { .. } => self.resume(now, tenant, out),
            _ => self.delete_all(now, tenant, out),
        }
    }

    /// Records a tenant's state; returns whether it is another one.
    fn set_state(&mut self, tenant: TenantNo, state: TenantState, out: &mut Outbox) -> bool {
        let names = self.tenants.entry(tenant).or_default();
        let changed = names.state != state;
        if changed {
            names.state = state;
            out.record(Row::Tenant { tenant, state });
        }
        changed
    }

    /// The tenant takes work: what waited is applied. Said again, nothing happens.
    pub(super) fn activate(&mut self, now: Time, tenant: TenantNo, out: &mut Outbox) {
        if self.tenant_state(tenant) != TenantState::Waiting {
            return;
        }
        self.set_state(tenant, TenantState::Active, out);
        for service in self.services_of(tenant) {
            self.settle(now, service, false, out);
        }
    }

    /// Stores the replicas and scales to zero. The reservations stay, so that resuming cannot fail.
    fn suspend(&mut self, now: Time, tenant: TenantNo, out: &mut Outbox) {
        self.activate(now, tenant, out);
        if self.tenant_state(tenant) != TenantState::Active {
            return;
        }
        self.set_state(tenant, TenantState::Suspended, out);
        for service in self.services_of(tenant) {
            let entry = &mut self.services[service.index()];
            if entry.row.deleting {
                continue;
            }
            if entry.row.kind == Kind::Batch {
                if entry.held.slots > 0 {
                    out.send(Command::StopPods { service });
                }
                continue;
            }
            entry.row.suspended_replicas = Some(entry.row.desired);
            entry.row.desired = 0;
            set_clock(entry, TenantState::Suspended, now, out);
            self.settle(now, service, true, out);
        }
    }

    /// Restores the stored replicas.
    fn resume(&mut self, now: Time, tenant: TenantNo, out: &mut Outbox) {
        if self.tenant_state(tenant) != TenantState::Suspended {
            return;
        }
        self.set_state(tenant, TenantState::Active, out);
        for service in self.services_of(tenant) {
            let entry = &mut self.services[service.index()];
            if entry.row.deleting {
                continue;
            }
            let Some(replicas) = entry.row.suspended_replicas.take() else {
                continue;
            };
            entry.row.desired = replicas;
            entry.row.scaling = replicas > 0;
            set_clock(entry, TenantState::Active, now, out);
            self.settle(now, service, true, out);
        }
    }

    /// Deletes all services of a tenant.
    fn delete_all(&mut self, now: Time, tenant: TenantNo, out: &mut Outbox) {
        self.set_state(tenant, TenantState::Deleting, out);
        for service in self.services_of(tenant) {
            self.begin_delete(now, service, out);
        }
        self.delete_apps(tenant, out);
        self.childless(tenant, out);
    }
}
