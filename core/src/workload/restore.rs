//! The machine rebuilt from the rows that it recorded.

use std::collections::VecDeque;
use std::sync::Arc;

use super::config::Config;
use super::machine::{Workloads, timer};
use super::state::Entry;
use crate::cluster::{DeploymentStatus, PodSpec};
use crate::ids::{RevisionId, ServiceNo};
use crate::machine::Outbox;
use crate::store::workload::{
    Held, Progress, Reason, Revision, Row, Service, Template, TenantState,
};
use crate::time::Time;
use crate::units::Resources;

impl Workloads {
    /// Rebuilds the machine from its rows, in the order of their keys, and arms the timers of the
    /// rollouts that run. What lives only within an instant is not there: a group is whole or not at all.
    pub fn restore(
        config: Config,
        rows: impl IntoIterator<Item = Row>,
        _now: Time,
        out: &mut Outbox,
    ) -> Workloads {
        let mut machine = Workloads::new(config);
        for row in rows {
            machine.take_row(row);
        }
        for entry in &mut machine.services {
            let names = machine.tenants.entry(entry.row.tenant).or_default();
            if !entry.row.gone {
                let name = Arc::clone(&entry.row.name);
                names.names.insert(name, Some(entry.row.no));
            }
            wake(entry, names.state, out);
        }
        for app in machine.apps.iter().filter(|app| !app.gone) {
            let names = machine.tenants.entry(app.tenant).or_default();
            names.apps.insert(Arc::clone(&app.slug), Some(app.no));
        }
        for entry in &machine.services {
            let used = &mut machine.used[entry.row.app.index()];
            let held = entry.held.total().unwrap_or_default();
            *used = used.checked_add(held).unwrap_or(*used);
        }
        machine
    }

    fn take_row(&mut self, row: Row) {
        match row {
            Row::Tenant { tenant, state } => {
                self.tenants.entry(tenant).or_default().state = state;
            }
            Row::App(app) => {
                debug_assert_eq!(app.no.index(), self.apps.len(), "apps leave no gap");
                self.apps.push(*app);
                self.used.push(Resources::ZERO);
            }
            Row::Service(service) => {
                debug_assert_eq!(service.no.index(), self.services.len(), "no gap");
                self.services.push(bare_entry(*service));
            }
            Row::Revision(revision) => {
                if let Some(entry) = self.entry(revision.service) {
                    if revision.number == entry.row.revision {
                        entry.current = Arc::clone(&revision);
                    }
                    entry.revisions.push_back(revision);
                }
            }
            Row::Rollout(rollout) => {
                if let Some(entry) = self.entry(rollout.service) {
                    entry.rollouts.push_back(*rollout);
                }
            }
            Row::Progress { service, progress } => self.take_progress(service, progress),
            Row::Status { service, status } => {
                if let Some(entry) = self.entry(service) {
                    entry.status = status;
                }
            }
            Row::Held { service, held } => {
                if let Some(entry) = self.entry(service) {
                    entry.held = held;
                }
            }
        }
    }

    fn take_progress(&mut self, service: ServiceNo, progress: Progress) {
        if let Some(rollout) = self.entry(service).and_then(Entry::running_mut) {
            rollout.progress = progress;
        }
    }

    fn entry(&mut self, service: ServiceNo) -> Option<&mut Entry> {
        self.services.get_mut(service.index())
    }
}

/// A service before its other rows are read.
fn bare_entry(row: Service) -> Entry {
    let nothing = Revision {
        service: row.no,
        number: 0,
        id: RevisionId(0),
        template: Template {
            image: "".into(),
            spec: Arc::new(PodSpec::default()),
            starts: false,
            details: "".into(),
        },
        spec_hash: [0; 32],
        reason: Reason::Deploy,
        from: None,
        by: "".into(),
        created_at: Time::ZERO,
    };
    Entry {
        revisions: VecDeque::new(),
        status: DeploymentStatus::default(),
        ..Entry::new(row, Arc::new(nothing), Held::default())
    }
}

/// What follows from the rows: at rest the Deployment is what it should be, and the autoscaler knows.
fn wake(entry: &mut Entry, tenant: TenantState, out: &mut Outbox) {
    if entry.row.gone {
        return;
    }
    if entry.row.generation > 0 {
        entry.applied = Some(entry.shape());
        entry.deleted = entry.row.deleting;
    }
    if entry.row.autoscale.is_some() && !entry.row.deleting {
        entry.told = Some((entry.row.desired, entry.hold(tenant)));
    }
    let armed = entry
        .running()
        .and_then(|rollout| Some((rollout.progress.timer?, rollout.number)));
    if let Some((at, number)) = armed {
        out.at(at, timer(entry.row.no, number));
    }
}
