//! Bare pods: virtual machines and batch pods, with an end of their own and no rollout.
//!
//! This is the hot path of a replayed trace: an index into the services, no allocation, one small row.

use std::sync::Arc;

use super::check::{invalid, refusal_of};
use super::input::{Answer, Input, Kind, Refusal};
use super::machine::{Workloads, answer, release};
use super::pending::Pending;
use crate::cluster::Command;
use crate::explain::Lack;
use crate::ids::ServiceNo;
use crate::machine::Outbox;
use crate::store::workload::Row;
use crate::tenant;
use crate::time::Span;
use crate::units::Resources;

impl Workloads {
    pub(super) fn run(
        &mut self,
        service: ServiceNo,
        lifetime: Option<Span>,
        count: u32,
        out: &mut Outbox,
    ) {
        let run_max = self.config.run_max;
        let Some(entry) = self.live_mut(service) else {
            return answer(Err(Refusal::NoService(service)), out);
        };
        if entry.busy {
            return out.send(Input::Run {
                service,
                lifetime,
                count,
            });
        }
        let why = if entry.row.kind != Kind::Batch {
            Some(("service", "expected a batch service"))
        } else if count == 0 || count > run_max {
            Some((
                "count",
                "expected at least 1 and not more than a run may have",
            ))
        } else if lifetime.is_some_and(|lifetime| lifetime < Span::ZERO) {
            Some(("lifetime", "expected at least 0s"))
        } else if entry.row.deleting {
            let why = "it is being deleted".into();
            return answer(Err(Refusal::State { service, why }), out);
        } else {
            None
        };
        if let Some((field, why)) = why {
            return answer(Err(invalid(field, why)), out);
        }
        let slots = entry.held.slots.checked_add(count);
        let counted = slots.and_then(|slots| entry.held.per.checked_mul(slots));
        let (Some(_), Some(asked)) = (counted, entry.held.per.checked_mul(count)) else {
            return answer(Err(invalid("count", "more than can be counted")), out);
        };
        let (tenant, app) = (entry.row.tenant, entry.row.app);
        if let Err(refusal) = self.charge(app, asked, out) {
            return answer(Err(refusal), out);
        }
        self.services[service.index()].runs += 1;
        let ticket = self.tickets.put(Pending::Run {
            service,
            count,
            lifetime,
            asked,
        });
        let ask = tenant::Ask {
            resources: asked,
            apps: 0,
        };
        out.send(tenant::Input::Reserve {
            tenant,
            ask,
            ticket,
        });
    }

    pub(super) fn run_admitted(
        &mut self,
        service: ServiceNo,
        count: u32,
        lifetime: Option<Span>,
        asked: Resources,
        active: bool,
        out: &mut Outbox,
    ) {
        let entry = &mut self.services[service.index()];
        entry.runs -= 1;
        let (tenant, app) = (entry.row.tenant, entry.row.app);
        // Other runs of this instant may have filled the counter since.
        let slots = entry.held.slots.checked_add(count);
        let slots = slots.filter(|&slots| entry.held.per.checked_mul(slots).is_some());
        let Some(slots) = slots.filter(|_| active) else {
            release(tenant, asked, 0, out);
            self.discharge(app, asked);
            return answer(Err(refusal_of(Lack::NotAdmitting, service)), out);
        };
        entry.held.slots = slots;
        out.record(Row::Held {
            service,
            held: entry.held,
        });
        out.send(Command::RunPods {
            tenant,
            service,
            revision: entry.row.revision,
            spec: Arc::clone(&entry.current.template.spec),
            count,
            lifetime,
        });
        answer(Ok(Answer::Running { count }), out);
    }

    pub(super) fn run_refused(
        &mut self,
        service: ServiceNo,
        asked: Resources,
        lacks: Lack,
        out: &mut Outbox,
    ) {
        let entry = &mut self.services[service.index()];
        entry.runs -= 1;
        let app = entry.row.app;
        self.discharge(app, asked);
        answer(Err(refusal_of(lacks, service)), out);
    }

    /// A bare pod has ended: its quota is free again.
    pub(super) fn bare_pod_finished(&mut self, service: ServiceNo, out: &mut Outbox) {
        let Some(entry) = self.live_mut(service) else {
            return;
        };
        let left = entry.held.slots.checked_sub(1);
        let (Kind::Batch, Some(left)) = (entry.row.kind, left) else {
            return; // reported twice
        };
        let freed = entry.held.per;
        entry.held.slots = left;
        // Only pods of the current revision can come now.
        if left == 0 && !entry.busy && entry.runs == 0 {
            entry.held.per = entry.current.template.spec.requests;
        }
        let (tenant, deleting) = (entry.row.tenant, entry.row.deleting);
        let app = entry.row.app;
        out.record(Row::Held {
            service,
            held: entry.held,
        });
        release(tenant, freed, 0, out);
        self.discharge(app, freed);
        if deleting && left == 0 {
            self.bury(service, out);
        }
    }
}
