//! Inputs that go on only if what they are about has not changed since it was read.

use super::check::invalid;
use super::input::{Input, Refusal, Subject};
use super::machine::{Workloads, answer};
use crate::ids::{AppNo, ServiceNo};
use crate::machine::{Machine, Outbox};
use crate::time::Time;

impl Input {
    /// The service that an input from outside names by its ordinal.
    const fn named_service(&self) -> Option<ServiceNo> {
        match self {
            Input::SetAutoscale { service, .. }
            | Input::Scale { service, .. }
            | Input::Rollback { service, .. }
            | Input::Unpin { service }
            | Input::Restart { service }
            | Input::PauseRollout { service }
            | Input::ResumeRollout { service }
            | Input::UndoRollout { service, .. }
            | Input::Delete { service }
            | Input::Run { service, .. } => Some(*service),
            _ => None,
        }
    }
}

/// What a guard found.
enum Guard {
    /// A reservation is under way that may change the version: look again in the next round.
    Later,
    Refused(Refusal),
    Open,
}

impl Workloads {
    /// Hands an input on if its subject has the version that was read.
    pub(super) fn expect(
        &mut self,
        now: Time,
        subject: Subject,
        version: u32,
        then: Box<Input>,
        out: &mut Outbox,
    ) {
        if !self.concerns(subject, &then) {
            let refusal = invalid("then", "expected an input about the same subject");
            return answer(Err(refusal), out);
        }
        match self.guard(subject, version) {
            Guard::Open => self.handle(now, *then, out),
            Guard::Refused(refusal) => answer(Err(refusal), out),
            Guard::Later => out.send(Input::Expect {
                subject,
                version,
                then,
            }),
        }
    }

    fn guard(&self, subject: Subject, version: u32) -> Guard {
        let (busy, present) = match subject {
            Subject::App(no) => match self.live_app(no) {
                Ok(app) => (self.is_reserving(app.tenant), app.version),
                Err(refusal) => return Guard::Refused(refusal),
            },
            Subject::Service(no) => match self.live(no) {
                Some(entry) => (entry.busy || entry.runs > 0, entry.row.version),
                None => return Guard::Refused(Refusal::NoService(no)),
            },
        };
        if busy {
            Guard::Later
        } else if present != version {
            Guard::Refused(Refusal::Stale { version: present })
        } else {
            Guard::Open
        }
    }

    /// Whether an input is about a subject.
    fn concerns(&self, subject: Subject, then: &Input) -> bool {
        match (subject, then) {
            (
                Subject::App(app),
                Input::EditApp { app: other, .. } | Input::DeleteApp { app: other },
            ) => app == *other,
            (Subject::App(app), Input::Deploy(deploy)) => {
                self.is_app(app, deploy.tenant, &deploy.app)
            }
            (Subject::Service(no), Input::Deploy(deploy)) => self.live(no).is_some_and(|entry| {
                let row = &entry.row;
                *row.slug == *deploy.service && self.is_app(row.app, deploy.tenant, &deploy.app)
            }),
            (Subject::Service(no), then) => then.named_service() == Some(no),
            (Subject::App(_), _) => false,
        }
    }

    fn is_app(&self, no: AppNo, tenant: crate::ids::TenantNo, slug: &str) -> bool {
        self.live_app(no)
            .is_ok_and(|app| app.tenant == tenant && *app.slug == *slug)
    }
}
