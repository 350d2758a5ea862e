//! One change of a service, from the reservation that it needs to its rollout.

use std::sync::Arc;

use super::check::refusal_of;
use super::input::{Answer, Kind, Refusal, Strategy};
use super::machine::{Workloads, answer, end_rollout, record_rollout, release};
use super::pending::Pending;
use super::state::Entry;
use super::strategy::NO_SURGE;
use crate::autoscaler;
use crate::explain::Lack;
use crate::ids::{RevisionId, RolloutId, ServiceNo};
use crate::machine::Outbox;
use crate::store::workload::{
    Cause, Clock, Fence, Held, Key, Pin, Progress, Reason, Revision, Rollout, RolloutState, Row,
    Template,
};
use crate::tenant;
use crate::time::Time;
use crate::units::Resources;

/// What to answer when a change is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    Deployed,
    Scaled,
    Done,
    Nothing,
}

/// A revision to make.
#[derive(Clone, Debug)]
pub(super) struct NewRevision {
    pub template: Template,
    pub spec_hash: [u8; 32],
    pub reason: Reason,
    pub from: u32,
    pub by: Arc<str>,
}

/// How a service is deployed, apart from its specification.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub strategy: Strategy,
    pub autoscale: Option<Arc<autoscaler::Policy>>,
}

/// A change of a service.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub service: ServiceNo,
    pub says: Says,
    pub desired: u32,
    pub settings: Option<Settings>,
    pub revision: Option<NewRevision>,
    pub cause: Option<Cause>,
    pub surge_refused: bool,
    /// What was reserved for it.
    pub asked: Resources,
}

impl Change {
    /// Nothing changes but the replicas.
    pub(super) fn replicas(service: ServiceNo, desired: u32, says: Says) -> Change {
        Change {
            service,
            says,
            desired,
            settings: None,
            revision: None,
            cause: None,
            surge_refused: false,
            asked: Resources::ZERO,
        }
    }

    fn strategy(&self, entry: &Entry) -> Strategy {
        self.settings
            .as_ref()
            .map_or(entry.row.strategy, |settings| settings.strategy)
    }

    /// Bounds of the rollout.
    fn fence(&self, entry: &Entry) -> Fence {
        if self.surge_refused {
            NO_SURGE
        } else {
            self.strategy(entry).fence(self.desired)
        }
    }

    /// Pods above the desired count that need quota: those of the rollout that it begins, or of the one
    /// that runs. What was never applied has no old pods to stand beside.
    fn surge(&self, entry: &Entry) -> u32 {
        if entry.applied.is_none() {
            0
        } else if self.cause.is_some() {
            self.fence(entry).surge
        } else {
            entry.held.surge
        }
    }

    fn requests(&self, entry: &Entry) -> Resources {
        self.revision
            .as_ref()
            .map_or(entry.current.template.spec.requests, |revision| {
                revision.template.spec.requests
            })
    }

    /// What must be held while the change is under way; `None` if it cannot be counted.
    fn target(&self, entry: &Entry) -> Option<Held> {
        let requests = self.requests(entry);
        match entry.row.kind {
            Kind::Service => entry.held.grown(self.desired, self.surge(entry), requests),
            // Without a pod there is nothing of an older size to keep room for.
            Kind::Batch if entry.held.slots == 0 => Held::default().grown(0, 0, requests),
            Kind::Batch => entry.held.grown(entry.held.slots, 0, requests),
        }
    }
}

impl Workloads {
    /// Reserves what a change needs, or makes it at once if it needs nothing.
    pub(super) fn request(&mut self, now: Time, mut change: Box<Change>, out: &mut Outbox) {
        let no = change.service;
        let entry = &mut self.services[no.index()];
        let Some(target) = change.target(entry) else {
            let refusal = Refusal::Invalid {
                field: "replicas".into(),
                why: "asks for more than can be counted".into(),
            };
            return refuse(&change, refusal, out);
        };
        change.asked = target.beyond(&entry.held);
        if change.asked == Resources::ZERO {
            return self.commit(now, *change, target, out);
        }
        let (tenant, app) = (entry.row.tenant, entry.row.app);
        if let Err(refusal) = self.charge(app, change.asked, out) {
            return self.not_admitted(now, change, refusal, out);
        }
        self.services[no.index()].busy = true;
        let ask = tenant::Ask {
            resources: change.asked,
            apps: 0,
        };
        let ticket = self.tickets.put(Pending::Change(change));
        out.send(tenant::Input::Reserve {
            tenant,
            ask,
            ticket,
        });
    }

    pub(super) fn change_admitted(&mut self, now: Time, change: Change, out: &mut Outbox) {
        let entry = &mut self.services[change.service.index()];
        entry.busy = false;
        let (tenant, app) = (entry.row.tenant, entry.row.app);
        let Some(target) = change.target(entry) else {
            self.discharge(app, change.asked);
            return release(tenant, change.asked, 0, out);
        };
        // Bare pods may have ended meanwhile: what was reserved for them goes back.
        let spare = change.asked.saturating_sub(target.beyond(&entry.held));
        release(tenant, spare, 0, out);
        self.discharge(app, spare);
        self.commit(now, change, target, out);
    }

    pub(super) fn change_refused(
        &mut self,
        now: Time,
        change: Box<Change>,
        lacks: Lack,
        out: &mut Outbox,
    ) {
        let entry = &mut self.services[change.service.index()];
        entry.busy = false;
        let app = entry.row.app;
        self.discharge(app, change.asked);
        // The tenant machine has explained the refusal, so a wish of the autoscaler is not lost silently.
        let refusal = refusal_of(lacks, change.service);
        self.not_admitted(now, change, refusal, out);
    }

    /// Tries a rollout without its surge; all else that has no room is refused.
    fn not_admitted(
        &mut self,
        now: Time,
        mut change: Box<Change>,
        refusal: Refusal,
        out: &mut Outbox,
    ) {
        let entry = &self.services[change.service.index()];
        if change.cause.is_some() && change.surge(entry) > 0 {
            change.surge_refused = true;
            return self.request(now, change, out);
        }
        refuse(&change, refusal, out);
        self.settle(now, change.service, false, out);
    }

    fn commit(&mut self, now: Time, change: Change, held: Held, out: &mut Outbox) {
        let fence = {
            let entry = &self.services[change.service.index()];
            change.fence(entry)
        };
        let config = self.config;
        let entry = &mut self.services[change.service.index()];
        if held != entry.held {
            entry.held = held;
            out.record(Row::Held {
                service: change.service,
                held,
            });
        }
        let before = entry.row.revision;
        if let Some(revision) = change.revision {
            add_revision(entry, revision, config.revisions_kept, now, out);
        }
        entry.row.scaling |= change.desired != entry.row.desired;
        entry.row.desired = change.desired;
        if let Some(settings) = change.settings {
            entry.row.strategy = settings.strategy;
            set_policy(entry, settings.autoscale, out);
        }
        match change.cause {
            Some(Cause::Restart) => entry.row.restart += 1,
            Some(Cause::Rollback) => {
                entry.row.pinned = Some(Pin {
                    revision: entry.row.revision,
                    by: Arc::clone(&entry.current.by),
                    since: now,
                });
            }
            _ => {}
        }
        if let (Some(cause), Kind::Service) = (change.cause, entry.row.kind) {
            end_rollout(entry, RolloutState::Superseded, now, out);
            entry.row.fence = fence;
            add_rollout(entry, cause, Some(before), change.surge_refused, now, out);
            trim_rollouts(entry, config.rollouts_kept, out);
        }
        if let Some(done) = say(
            entry,
            change.says,
            true,
            self.apps[entry.row.app.index()].id,
        ) {
            answer(Ok(done), out);
        }
        self.settle(now, change.service, true, out);
    }
}

fn refuse(change: &Change, refusal: Refusal, out: &mut Outbox) {
    if change.says != Says::Nothing {
        answer(Err(refusal), out);
    }
}

/// The answer to a change.
pub(super) fn say(
    entry: &Entry,
    says: Says,
    changed: bool,
    app: crate::ids::AppId,
) -> Option<Answer> {
    Some(match says {
        Says::Deployed => Answer::Deployed {
            no: entry.row.no,
            id: entry.row.id,
            app,
            revision_id: entry.current.id,
            revision: entry.row.revision,
            changed,
        },
        Says::Scaled => Answer::Scaled {
            replicas: entry.row.desired,
        },
        Says::Done => Answer::Done,
        Says::Nothing => return None,
    })
}

/// Makes a revision current and forgets the oldest beyond `kept`.
fn add_revision(entry: &mut Entry, new: NewRevision, kept: u32, now: Time, out: &mut Outbox) {
    let revision = Arc::new(Revision {
        service: entry.row.no,
        number: entry.row.revision + 1,
        id: RevisionId(out.draw()),
        template: new.template,
        spec_hash: new.spec_hash,
        reason: new.reason,
        from: Some(new.from),
        by: new.by,
        created_at: now,
    });
    entry.row.revision = revision.number;
    entry.row.restart = 0;
    if entry.row.kind == Kind::Batch {
        entry.row.active = Some(revision.number);
    }
    entry.current = Arc::clone(&revision);
    entry.revisions.push_back(Arc::clone(&revision));
    out.record(Row::Revision(revision));
    let keep = [Some(entry.row.revision), entry.row.active];
    while entry.revisions.len() > (kept as usize).max(1) {
        let oldest = entry
            .revisions
            .iter()
            .position(|revision| !keep.contains(&Some(revision.number)));
        let Some(gone) = oldest.and_then(|place| entry.revisions.remove(place)) else {
            break;
        };
        out.record(Key::Revision(entry.row.no, gone.number));
    }
}

/// Begins a rollout of the current revision.
pub(super) fn add_rollout(
    entry: &mut Entry,
    cause: Cause,
    from: Option<u32>,
    surge_refused: bool,
    now: Time,
    out: &mut Outbox,
) {
    entry.row.rollout += 1;
    let deadline = entry.row.strategy.deadline;
    entry.rollouts.push_back(Rollout {
        service: entry.row.no,
        number: entry.row.rollout,
        id: RolloutId(out.draw()),
        revision: entry.row.revision,
        from,
        cause,
        state: RolloutState::Pending,
        paused: false,
        surge_refused,
        deadline,
        since: 0,
        progress: Progress {
            best: 0,
            clock: Clock::Still(deadline),
            timer: None,
        },
        started_at: now,
        ended_at: None,
    });
    record_rollout(entry, out);
}

fn trim_rollouts(entry: &mut Entry, kept: u32, out: &mut Outbox) {
    while entry.rollouts.len() > (kept as usize).max(1) {
        if let Some(gone) = entry.rollouts.pop_front() {
            out.record(Key::Rollout(entry.row.no, gone.number));
        }
    }
}

/// Puts a service under a policy, or under none, and tells the autoscaler.
pub(super) fn set_policy(
    entry: &mut Entry,
    policy: Option<Arc<autoscaler::Policy>>,
    out: &mut Outbox,
) {
    let service = entry.row.no;
    if entry.row.autoscale == policy && entry.told.is_some() == policy.is_some() {
        return;
    }
    entry.told = policy.as_ref().map(|_| (entry.row.desired, false));
    entry.row.autoscale = policy;
    match &entry.row.autoscale {
        Some(policy) => out.send(autoscaler::Input::Watch {
            service,
            policy: Arc::clone(policy),
            desired: entry.row.desired,
        }),
        None => out.send(autoscaler::Input::Unwatch { service }),
    }
}
