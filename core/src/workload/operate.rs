//! What a person does with a service that is there: scale, roll back, restart, pause, unpin.

use std::sync::Arc;

use super::change::{Change, NewRevision, Says, Settings};
use super::check::{bounds, check_policy};
use super::input::{Actor, Answer, Input, Kind, Refusal};
use super::machine::{Workloads, answer, record_rollout, record_service, timer};
use super::state::Entry;
use crate::autoscaler;
use crate::ids::ServiceNo;
use crate::machine::Outbox;
use crate::store::workload::{Cause, Reason, RolloutState, TenantState};
use crate::time::Time;

fn state(service: ServiceNo, why: &str) -> Refusal {
    Refusal::State {
        service,
        why: why.into(),
    }
}

/// What comes of looking at a service before a change.
enum Look {
    /// A reservation is under way: look again in the next round.
    Later,
    Refused(Refusal),
    Open,
}

impl Workloads {
    fn look(&self, service: ServiceNo) -> Look {
        match self.live(service) {
            None => Look::Refused(Refusal::NoService(service)),
            Some(entry) if entry.busy || entry.runs > 0 => Look::Later,
            Some(entry) => self
                .check_open(entry)
                .map_or_else(Look::Refused, |()| Look::Open),
        }
    }

    /// Runs `act` on a service that takes changes; its refusal is answered.
    fn change(
        &mut self,
        service: ServiceNo,
        input: Input,
        out: &mut Outbox,
        act: impl FnOnce(&mut Workloads, &mut Outbox) -> Result<(), Refusal>,
    ) {
        let done = match self.look(service) {
            Look::Later => return out.send(input),
            Look::Refused(refusal) => Err(refusal),
            Look::Open => act(self, out),
        };
        if let Err(refusal) = done {
            answer(Err(refusal), out);
        }
    }

    pub(super) fn scale(
        &mut self,
        now: Time,
        service: ServiceNo,
        replicas: u32,
        by: Actor,
        out: &mut Outbox,
    ) {
        let input = Input::Scale {
            service,
            replicas,
            by,
        };
        if by == Actor::Autoscaler {
            return self.scale_automatically(now, service, replicas, input, out);
        }
        self.change(service, input, out, |machine, out| {
            let entry = &machine.services[service.index()];
            let (min, max) = bounds(entry.row.autoscale.as_deref(), &machine.config);
            if entry.row.kind == Kind::Batch {
                return Err(state(service, "a batch service has runs, not replicas"));
            }
            if !(min..=max).contains(&replicas) {
                return Err(Refusal::Bounds { replicas, min, max });
            }
            if entry.row.desired == replicas {
                answer(Ok(Answer::Scaled { replicas }), out);
            } else {
                let change = Change::replicas(service, replicas, Says::Scaled);
                machine.request(now, Box::new(change), out);
            }
            Ok(())
        });
    }

    /// A wish that no longer fits the policy, or comes while it should hold, is dropped: the autoscaler
    /// was told and will wish again.
    fn scale_automatically(
        &mut self,
        now: Time,
        service: ServiceNo,
        replicas: u32,
        input: Input,
        out: &mut Outbox,
    ) {
        match self.look(service) {
            Look::Later => return out.send(input),
            Look::Refused(_) => return,
            Look::Open => {}
        }
        let entry = &self.services[service.index()];
        let Some(policy) = entry.row.autoscale.as_deref() else {
            return;
        };
        let hold = entry.hold(self.tenant_state(entry.row.tenant));
        let fits = (policy.min..=policy.max).contains(&replicas);
        if !hold && fits && replicas != entry.row.desired {
            let change = Change::replicas(service, replicas, Says::Nothing);
            self.request(now, Box::new(change), out);
        }
    }

    pub(super) fn rollback(
        &mut self,
        now: Time,
        service: ServiceNo,
        revision: Option<u32>,
        by: Arc<str>,
        out: &mut Outbox,
    ) {
        let input = Input::Rollback {
            service,
            revision,
            by: Arc::clone(&by),
        };
        self.change(service, input, out, |machine, out| {
            let entry = &machine.services[service.index()];
            let to = revision.or_else(|| last_active(entry));
            machine.roll_back_to(now, service, to, by, out)
        });
    }

    pub(super) fn undo(&mut self, now: Time, service: ServiceNo, by: Arc<str>, out: &mut Outbox) {
        let input = Input::UndoRollout {
            service,
            by: Arc::clone(&by),
        };
        self.change(service, input, out, |machine, out| {
            let entry = &machine.services[service.index()];
            let Some(running) = entry.running() else {
                return Err(state(service, "no rollout is running"));
            };
            if running.cause == Cause::Restart {
                return Err(state(service, "a restart has no revision to go back to"));
            }
            let from = running.from;
            machine.roll_back_to(now, service, from, by, out)
        });
    }

    fn roll_back_to(
        &mut self,
        now: Time,
        service: ServiceNo,
        to: Option<u32>,
        by: Arc<str>,
        out: &mut Outbox,
    ) -> Result<(), Refusal> {
        let entry = &self.services[service.index()];
        let missing = Refusal::NoRevision {
            revision: to.unwrap_or(0),
            last: entry.row.revision,
        };
        let Some(old) = to.and_then(|number| entry.revision(number)) else {
            return Err(missing);
        };
        if old.number == entry.row.revision {
            return Err(state(service, "this revision is the current one"));
        }
        let change = Change {
            revision: Some(NewRevision {
                template: old.template.clone(),
                spec_hash: old.spec_hash,
                reason: Reason::Rollback,
                from: old.number,
                by,
            }),
            cause: Some(Cause::Rollback),
            ..Change::replicas(service, entry.row.desired, Says::Deployed)
        };
        self.request(now, Box::new(change), out);
        Ok(())
    }

    pub(super) fn restart(&mut self, now: Time, service: ServiceNo, out: &mut Outbox) {
        self.change(service, Input::Restart { service }, out, |machine, out| {
            let entry = &machine.services[service.index()];
            if entry.row.kind == Kind::Batch {
                return Err(state(service, "a batch service has no rollouts"));
            }
            let change = Change {
                cause: Some(Cause::Restart),
                ..Change::replicas(service, entry.row.desired, Says::Done)
            };
            machine.request(now, Box::new(change), out);
            Ok(())
        });
    }

    pub(super) fn pause(&mut self, now: Time, service: ServiceNo, pause: bool, out: &mut Outbox) {
        let input = if pause {
            Input::PauseRollout { service }
        } else {
            Input::ResumeRollout { service }
        };
        self.change(service, input, out, |machine, out| {
            let entry = &mut machine.services[service.index()];
            let progressing = entry
                .running_mut()
                .filter(|rollout| rollout.state == RolloutState::Progressing);
            let Some(rollout) = progressing else {
                return Err(state(service, "no rollout is progressing"));
            };
            if rollout.paused != pause {
                rollout.paused = pause;
                set_clock(entry, TenantState::Active, now, out);
            }
            answer(Ok(Answer::Done), out);
            machine.settle(now, service, false, out);
            Ok(())
        });
    }

    /// Another policy, or none; the replicas are brought within its bounds, which may need quota.
    pub(super) fn set_autoscale(
        &mut self,
        now: Time,
        service: ServiceNo,
        policy: Option<Arc<autoscaler::Policy>>,
        out: &mut Outbox,
    ) {
        let input = Input::SetAutoscale {
            service,
            policy: policy.clone(),
        };
        self.change(service, input, out, |machine, out| {
            let row = &machine.services[service.index()].row;
            if row.kind == Kind::Batch {
                return Err(state(service, "a batch service has runs, not replicas"));
            }
            if let Some(policy) = &policy {
                check_policy(policy)?;
            }
            let (min, max) = bounds(policy.as_deref(), &machine.config);
            let desired = row.desired.clamp(min, max);
            if row.autoscale == policy && row.desired == desired {
                answer(Ok(Answer::Done), out);
                return Ok(());
            }
            let settings = Settings {
                strategy: row.strategy,
                autoscale: policy,
            };
            let change = Change {
                settings: Some(settings),
                ..Change::replicas(service, desired, Says::Done)
            };
            machine.request(now, Box::new(change), out);
            Ok(())
        });
    }

    pub(super) fn unpin(&mut self, service: ServiceNo, out: &mut Outbox) {
        self.change(service, Input::Unpin { service }, out, |machine, out| {
            let entry = &mut machine.services[service.index()];
            if entry.row.pinned.take().is_some() {
                record_service(entry, out);
            }
            answer(Ok(Answer::Done), out);
            Ok(())
        });
    }
}

/// Lets the clock of a progressing rollout run, or stand still while it is paused or suspended.
pub(super) fn set_clock(entry: &mut Entry, tenant: TenantState, now: Time, out: &mut Outbox) {
    let service = entry.row.no;
    let Some(rollout) = entry
        .running_mut()
        .filter(|rollout| rollout.state == RolloutState::Progressing)
    else {
        return;
    };
    if rollout.paused || tenant == TenantState::Suspended {
        rollout.progress.stop_clock(now);
    } else if let Some(at) = rollout.progress.start_clock(now) {
        out.at(at, timer(service, rollout.number));
    }
    record_rollout(entry, out);
}

/// The revision that was active last before the present one.
fn last_active(entry: &Entry) -> Option<u32> {
    let present = entry.row.revision;
    if entry.row.kind == Kind::Batch {
        return present.checked_sub(1).filter(|&number| number > 0);
    }
    entry
        .rollouts
        .iter()
        .rev()
        .find(|r| r.state == RolloutState::Complete && r.revision != present)
        .map(|r| r.revision)
}
