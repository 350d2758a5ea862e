//! The machine: dispatch, and bringing a service from what is observed to what is desired.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::config::Config;
use super::input::{Answer, Input, Kind, Refusal};
use super::pending::{Pending, Tickets};
use super::plan::{Action, Shape, plan};
use super::rollout::Fired;
use super::state::{Entry, Tenant};
use crate::autoscaler;
use crate::cluster::{Command, Deployment, DeploymentStatus};
use crate::explain::Lack;
use crate::ids::{ServiceNo, TenantNo};
use crate::machine::{Machine, Outbox, Reply};
use crate::store::workload::{App, Held, Key, RolloutState, Row, TenantState};
use crate::tenant;
use crate::time::Time;
use crate::units::Resources;

/// The workload machine.
#[derive(Clone, Debug)]
pub struct Workloads {
    pub(super) config: Config,
    pub(super) tenants: BTreeMap<TenantNo, Tenant>,
    pub(super) apps: Vec<App>,
    /// What the services of each app hold, and what is being reserved for them.
    pub(super) used: Vec<Resources>,
    pub(super) services: Vec<Entry>,
    pub(super) tickets: Tickets,
    /// What the tenant machine said of tenants with a reservation under way, in order.
    pub(super) waiting: Vec<(TenantNo, Input)>,
}

impl Machine for Workloads {
    type Input = Input;

    fn handle(&mut self, now: Time, input: Input, out: &mut Outbox) {
        match input {
            Input::CreateApp(new) => self.create_app(new, out),
            Input::EditApp { app, edit } => self.edit_app(app, &edit, out),
            Input::DeleteApp { app } => self.delete_app(now, app, out),
            Input::Expect {
                subject,
                version,
                then,
            } => self.expect(now, subject, version, then, out),
            Input::SetAutoscale { service, policy } => {
                self.set_autoscale(now, service, policy, out);
            }
            Input::Deploy(deploy) => self.deploy(now, deploy, false, out),
            Input::Create(deploy) => self.deploy(now, deploy, true, out),
            Input::Scale {
                service,
                replicas,
                by,
            } => self.scale(now, service, replicas, by, out),
            Input::Rollback {
                service,
                revision,
                by,
            } => self.rollback(now, service, revision, by, out),
            Input::Unpin { service } => self.unpin(service, out),
            Input::Restart { service } => self.restart(now, service, out),
            Input::PauseRollout { service } => self.pause(now, service, true, out),
            Input::ResumeRollout { service } => self.pause(now, service, false, out),
            Input::UndoRollout { service, by } => self.undo(now, service, by, out),
            Input::Delete { service } => self.delete(now, service, out),
            Input::Run {
                service,
                lifetime,
                count,
            } => self.run(service, lifetime, count, out),
            Input::Admitted { ticket, active } => self.admitted(now, ticket, active, out),
            Input::Refused { ticket, lacks } => self.refused(now, ticket, lacks, out),
            Input::Deployment { service, status } => self.observe(now, service, status, out),
            Input::DeploymentGone { service } => self.deployment_gone(service, out),
            Input::PodFinished { service, bare, .. } => {
                if bare {
                    self.bare_pod_finished(service, out);
                }
            }
            Input::TenantActive { tenant }
            | Input::TenantSuspended { tenant }
            | Input::TenantResumed { tenant }
            | Input::TenantDeleting { tenant } => self.lifecycle(now, tenant, input, out),
            Input::Deadline { service, rollout } => self.deadline(now, service, rollout, out),
        }
    }
}

/// Answers an outside input.
pub(super) fn answer(result: Result<Answer, Refusal>, out: &mut Outbox) {
    out.reply(Reply::Workload(result));
}

impl Workloads {
    /// A machine that knows nothing yet.
    #[must_use]
    pub fn new(config: Config) -> Workloads {
        Workloads {
            config,
            tenants: BTreeMap::new(),
            apps: Vec::new(),
            used: Vec::new(),
            services: Vec::new(),
            tickets: Tickets::default(),
            waiting: Vec::new(),
        }
    }

    pub(super) fn tenant_state(&self, tenant: TenantNo) -> TenantState {
        self.tenants
            .get(&tenant)
            .map_or(TenantState::Waiting, |tenant| tenant.state)
    }

    /// The service, unless there is none or it is gone.
    pub(super) fn live(&self, service: ServiceNo) -> Option<&Entry> {
        self.services
            .get(service.index())
            .filter(|entry| !entry.row.gone)
    }

    pub(super) fn live_mut(&mut self, service: ServiceNo) -> Option<&mut Entry> {
        self.services
            .get_mut(service.index())
            .filter(|entry| !entry.row.gone)
    }

    fn admitted(&mut self, now: Time, ticket: u64, active: bool, out: &mut Outbox) {
        match self.tickets.take(ticket) {
            Some(Pending::App(new)) => self.app_admitted(&new, out),
            Some(Pending::Create(create)) => self.create_admitted(now, *create, active, out),
            Some(Pending::Change(change)) => self.change_admitted(now, *change, out),
            Some(Pending::Run {
                service,
                count,
                lifetime,
                asked,
            }) => self.run_admitted(service, count, lifetime, asked, active, out),
            None => {}
        }
        self.catch_up(now, out);
    }

    fn refused(&mut self, now: Time, ticket: u64, lacks: Lack, out: &mut Outbox) {
        match self.tickets.take(ticket) {
            Some(Pending::App(new)) => self.app_refused(&new, lacks, out),
            Some(Pending::Create(create)) => self.create_refused(&create, lacks, out),
            Some(Pending::Change(change)) => self.change_refused(now, change, lacks, out),
            Some(Pending::Run { service, asked, .. }) => {
                self.run_refused(service, asked, lacks, out);
            }
            None => {}
        }
        self.catch_up(now, out);
    }

    /// A Deployment's status: recorded if it is new, then looked at.
    fn observe(&mut self, now: Time, no: ServiceNo, status: DeploymentStatus, out: &mut Outbox) {
        let Some(entry) = self.live_mut(no) else {
            return;
        };
        if entry.status == status {
            return;
        }
        entry.status = status;
        out.record(Row::Status {
            service: no,
            status,
        });
        let arrived = entry.row.scaling
            && status.generation == entry.row.generation
            && status.ready >= entry.row.desired;
        if arrived {
            entry.row.scaling = false;
        }
        self.settle(now, no, arrived, out);
    }

    /// Takes the actions of the plan. `dirty`: the service's row has changed already.
    pub(super) fn settle(&mut self, now: Time, no: ServiceNo, mut dirty: bool, out: &mut Outbox) {
        let Some(entry) = self.live(no) else { return };
        let tenant = self.tenant_state(entry.row.tenant);
        let actions = match entry.row.kind {
            Kind::Service => plan(&entry.desired(tenant), &entry.observed()),
            Kind::Batch => Vec::new(), // bare pods need no bringing about
        };
        for action in actions {
            dirty |= self.take(now, no, action, out);
        }
        let entry = &mut self.services[no.index()];
        if dirty {
            record_service(entry, out);
        }
        tell(entry, tenant, out);
    }

    /// Takes one action; returns whether the service's row has changed.
    fn take(&mut self, now: Time, no: ServiceNo, action: Action, out: &mut Outbox) -> bool {
        let entry = &mut self.services[no.index()];
        match action {
            Action::Apply {
                shape, generation, ..
            } => {
                entry.applied = Some(shape);
                entry.row.generation = generation;
                begin_rollout(entry, now, out);
                out.send(Command::ApplyDeployment {
                    service: no,
                    deployment: Arc::new(deployment(entry, shape)),
                });
            }
            Action::Delete => {
                entry.deleted = true;
                out.send(Command::DeleteDeployment { service: no });
                return false;
            }
            Action::Progress { best } => {
                if let Some(rollout) = entry.running_mut() {
                    let deadline = rollout.deadline;
                    rollout.progress.advance(best, deadline, now);
                    let progress = rollout.progress;
                    out.record(Row::Progress {
                        service: no,
                        progress,
                    });
                }
                return false;
            }
            Action::Complete => end_rollout(entry, RolloutState::Complete, now, out),
            Action::Free { held } => {
                let freed = free(entry, held, out);
                let used = &mut self.used[entry.row.app.index()];
                *used = used.saturating_sub(freed);
                return false;
            }
        }
        true
    }

    fn deadline(&mut self, now: Time, no: ServiceNo, number: u32, out: &mut Outbox) {
        let Some(entry) = self.live_mut(no) else {
            return;
        };
        let Some(rollout) = entry.running_mut().filter(|r| r.number == number) else {
            return;
        };
        let fired = rollout.progress.fired(now);
        let progress = rollout.progress;
        match fired {
            Fired::Failed => {
                end_rollout(entry, RolloutState::Failed, now, out);
                return self.settle(now, no, true, out);
            }
            Fired::Arm(at) => out.at(at, timer(no, number)),
            Fired::Nothing => {}
        }
        out.record(Row::Progress {
            service: no,
            progress,
        });
    }
}

/// The timer of a rollout.
pub(super) fn timer(service: ServiceNo, rollout: u32) -> Input {
    Input::Deadline { service, rollout }
}

fn deployment(entry: &Entry, shape: Shape) -> Deployment {
    let template = &entry.current.template;
    Deployment {
        tenant: entry.row.tenant,
        name: Arc::clone(&entry.row.name),
        generation: entry.row.generation,
        revision: shape.revision,
        restart: shape.restart,
        spec: Arc::clone(&template.spec),
        replicas: shape.replicas,
        max_surge: shape.fence.surge,
        max_unavailable: shape.fence.unavailable,
        paused: shape.paused,
        starts: template.starts,
    }
}

/// Records a rollout and how far it is.
pub(super) fn record_rollout(entry: &Entry, out: &mut Outbox) {
    let Some(rollout) = entry.rollouts.back() else {
        return;
    };
    let service = entry.row.no;
    out.record(Row::Rollout(Box::new(*rollout)));
    if rollout.state.ended() {
        out.record(Key::Progress(service));
    } else {
        let progress = rollout.progress;
        out.record(Row::Progress { service, progress });
    }
}

/// A rollout that was pending progresses from the first object on.
fn begin_rollout(entry: &mut Entry, now: Time, out: &mut Outbox) {
    let generation = entry.row.generation;
    let no = entry.row.no;
    let Some(rollout) = entry
        .running_mut()
        .filter(|rollout| rollout.state == RolloutState::Pending)
    else {
        return;
    };
    rollout.state = RolloutState::Progressing;
    rollout.since = generation;
    if let Some(at) = rollout.progress.start_clock(now) {
        out.at(at, timer(no, rollout.number));
    }
    record_rollout(entry, out);
}

/// Ends the running rollout and counts it.
pub(super) fn end_rollout(entry: &mut Entry, state: RolloutState, now: Time, out: &mut Outbox) {
    let Some(rollout) = entry.running_mut() else {
        return;
    };
    rollout.end(state, now);
    let revision = rollout.revision;
    match state {
        RolloutState::Complete => {
            entry.row.rollouts_complete += 1;
            entry.row.active = Some(revision);
        }
        RolloutState::Failed => entry.row.rollouts_failed += 1,
        _ => entry.row.rollouts_superseded += 1,
    }
    record_rollout(entry, out);
}

/// Gives back what is held beyond `held`; returns it.
fn free(entry: &mut Entry, held: Held, out: &mut Outbox) -> Resources {
    let resources = entry.held.beyond(&held);
    entry.held = held;
    out.record(Row::Held {
        service: entry.row.no,
        held,
    });
    release(entry.row.tenant, resources, 0, out);
    resources
}

/// Records the row of a service, which makes the next version of it.
pub(super) fn record_service(entry: &mut Entry, out: &mut Outbox) {
    entry.row.version = entry.row.version.saturating_add(1);
    out.record(Row::Service(Box::new(entry.row.clone())));
}

/// Releases, if there is anything.
pub(super) fn release(tenant: TenantNo, resources: Resources, apps: u32, out: &mut Outbox) {
    let ask = tenant::Ask { resources, apps };
    if ask != tenant::Ask::default() {
        out.send(tenant::Input::Release { tenant, ask });
    }
}

/// Tells the autoscaler what is wanted and whether to hold, if that has changed.
fn tell(entry: &mut Entry, tenant: TenantState, out: &mut Outbox) {
    let present = (entry.row.desired, entry.hold(tenant));
    if entry.told.is_some_and(|told| told != present) {
        entry.told = Some(present);
        out.send(autoscaler::Input::Replicas {
            service: entry.row.no,
            desired: present.0,
            hold: present.1,
        });
    }
}
