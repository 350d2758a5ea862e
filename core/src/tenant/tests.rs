//! The tenant machine: its life, its quota, and random histories of both.

mod edit;
mod history;
mod life;
mod quota;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::cluster::{Command, Space};
use crate::explain::Lack;
use crate::ids::{OrgNo, TenantNo};
use crate::machine::{Address, Effect, Machine, Message, Outbox, Reply};
use crate::plan::PlanCode;
use crate::store::tenant::{Key, Row};
use crate::store::{self, Record};
use crate::time::{Span, Time};
use crate::units::{Bytes, Cpu, Resources};
use crate::{billing, workload};

const ACME: TenantNo = TenantNo(0);

/// The machine with its rows and timers, driven by hand.
#[derive(Clone, Default)]
struct Rig {
    machine: Tenants,
    rows: BTreeMap<Key, Row>,
    timers: Vec<(Time, Input)>,
    now: Time,
    drawn: u32,
}

impl Rig {
    /// With one tenant of the Metered plan, still provisioning.
    fn acme() -> Rig {
        let mut rig = Rig::default();
        rig.tell(create("acme", None));
        rig
    }

    /// With one active tenant of the Metered plan: 2,000 m, 4 GiB, 10 pods.
    fn active() -> Rig {
        let mut rig = Rig::acme();
        rig.tell(ready(1));
        rig
    }

    fn tell(&mut self, input: Input) -> Vec<Effect> {
        let mut out = Outbox::default();
        out.begin(7, Address::Tenant, self.drawn);
        self.machine.handle(self.now, input, &mut out);
        self.drawn = out.drawn();
        let effects = out.take();
        for effect in &effects {
            self.keep(effect);
        }
        assert_eq!(self.restored().0, self.machine, "rows say all that decides");
        effects
    }

    fn keep(&mut self, effect: &Effect) {
        match effect {
            Effect::Record(Record::Put(store::Row::Tenant(row))) => {
                self.rows.insert(row.key(), row.clone());
            }
            Effect::Record(Record::Drop(store::Key::Tenant(key))) => {
                self.rows.remove(key);
            }
            Effect::At(at, Message::Tenant(input)) => self.timers.push((*at, input.clone())),
            _ => {}
        }
    }

    /// Lets time pass and fires the timers that are due, in order.
    fn pass(&mut self, span: Span) -> Vec<Effect> {
        let end = self.now + span;
        let mut effects = Vec::new();
        while let Some(first) = (0..self.timers.len())
            .filter(|&i| self.timers[i].0 <= end)
            .min_by_key(|&i| (self.timers[i].0, format!("{:?}", self.timers[i].1)))
        {
            let (at, input) = self.timers.remove(first);
            self.now = self.now.max(at);
            effects.extend(self.tell(input));
        }
        self.now = end;
        effects
    }

    fn restored(&self) -> (Tenants, Vec<Effect>) {
        let mut out = Outbox::default();
        let rows = self.rows.values().cloned().collect();
        let machine = Tenants::restore(self.machine.config, rows, self.now, &mut out);
        (machine, out.take())
    }

    fn status(&self) -> Status {
        self.machine.tenant(ACME).unwrap().status
    }
}

fn create(slug: &str, org: Option<OrgNo>) -> Input {
    Input::Create(Arc::new(NewTenant {
        slug: slug.into(),
        name: slug.into(),
        org,
        plan: PlanCode::Metered,
        quota: None,
        isolation: None,
        labels: Labels::new(),
    }))
}

fn ready(uid: u128) -> Input {
    Input::SpaceReady { tenant: ACME, uid }
}

fn failed(retryable: bool) -> Input {
    Input::SpaceFailed {
        tenant: ACME,
        retryable,
        reason: "no".into(),
    }
}

fn amount(cpu_m: u64, mib: u64, pods: u32) -> Resources {
    Resources {
        cpu: Cpu(cpu_m),
        memory: Bytes::mib(mib),
        pods,
    }
}

fn ask(cpu_m: u64, mib: u64, pods: u32) -> Ask {
    Ask {
        resources: amount(cpu_m, mib, pods),
        apps: 0,
    }
}

fn reserve(ask: Ask) -> Input {
    Input::Reserve {
        tenant: ACME,
        ask,
        ticket: 5,
    }
}

fn set_quota(cpu_m: u64, force: bool) -> Input {
    Input::SetQuota {
        tenant: ACME,
        quota: amount(cpu_m, 4_096, 10),
        force,
    }
}

fn refusal(effects: &[Effect]) -> Option<&Refusal> {
    effects.iter().find_map(|effect| match effect {
        Effect::Reply(Reply::Tenant(Err(refusal))) => Some(refusal),
        _ => None,
    })
}

fn answer(effects: &[Effect]) -> Option<&Answer> {
    effects.iter().find_map(|effect| match effect {
        Effect::Reply(Reply::Tenant(Ok(answer))) => Some(answer),
        _ => None,
    })
}

/// The answer to a reservation: `Ok(active)` or what was lacking.
fn verdict(effects: &[Effect]) -> Result<bool, Lack> {
    effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Send(Message::Workload(workload::Input::Admitted { active, .. })) => {
                Some(Ok(*active))
            }
            Effect::Send(Message::Workload(workload::Input::Refused { lacks, .. })) => {
                Some(Err(*lacks))
            }
            _ => None,
        })
        .unwrap()
}

fn sends(effects: &[Effect], message: impl Into<Message>) -> bool {
    let message = message.into();
    effects
        .iter()
        .any(|effect| matches!(effect, Effect::Send(sent) if *sent == message))
}

fn spaces(effects: &[Effect]) -> Vec<Space> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send(Message::Cluster(Command::EnsureTenantSpace { space, .. })) => {
                Some(Space::clone(space))
            }
            _ => None,
        })
        .collect()
}
