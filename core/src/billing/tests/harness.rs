//! A machine with its store and its timers, driven by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::billing::{Billing, Config, Input, UsageWindow};
use crate::cluster::{ServiceUsage, UsageTick};
use crate::ids::{OrgNo, PodNo, ServiceNo, SpecNo, TenantNo};
use crate::machine::{Address, Effect, Machine, Message, Outbox, Reply};
use crate::plan::PlanCode;
use crate::store::billing::{Key, Row};
use crate::store::{self, Record};
use crate::time::Time;
use crate::units::{Bytes, Cpu, Resources};

/// What pods of each specification ask for.
pub(super) const SPECS: [(u64, u64); 3] =
    [(200, 256 << 20), (1_000, 1 << 30), (333, 12_345_678_901)];

pub(super) struct Harness {
    pub(super) billing: Billing,
    pub(super) rows: BTreeMap<Key, Row>,
    pub(super) timers: Vec<(Time, Input)>,
    pub(super) replies: Vec<Reply>,
    pub(super) now: Time,
    deliveries: u32,
}

impl Harness {
    /// Orgs 0 and 1 on the given plans with two tenants each, from `start_s`.
    pub(super) fn new(start_s: i64, plans: [PlanCode; 2]) -> Harness {
        let mut harness = Harness {
            billing: Billing::new(Config::default()),
            rows: BTreeMap::new(),
            timers: Vec::new(),
            replies: Vec::new(),
            now: Time::from_secs(start_s),
            deliveries: 0,
        };
        for (spec, (cpu, memory)) in (0..).map(SpecNo).zip(SPECS) {
            let requests = Resources::pod(Cpu(cpu), Bytes(memory));
            harness.tell(Input::SpecSeen { spec, requests });
        }
        for (org, plan) in (0..).map(OrgNo).zip(plans) {
            harness.tell(Input::OrgOpened { org, plan });
        }
        for tenant in 0..4 {
            let org = OrgNo(tenant / 2);
            let tenant = TenantNo(tenant);
            harness.tell(Input::TenantOpened { tenant, org });
        }
        harness
    }

    /// Delivers an input now, commits its records, arms its timers; returns its effects.
    pub(super) fn tell(&mut self, input: Input) -> Vec<Effect> {
        self.deliveries += 1_000;
        let mut out = Outbox::default();
        out.begin(7, Address::Billing, self.deliveries);
        self.billing.handle(self.now, input, &mut out);
        let effects = out.take();
        for effect in &effects {
            match effect.clone() {
                Effect::Record(Record::Put(store::Row::Billing(row))) => {
                    self.rows.insert(row.key(), row);
                }
                Effect::At(at, Message::Billing(input)) => self.timers.push((at, input)),
                Effect::Reply(reply) => self.replies.push(reply),
                other => panic!("no such effect is expected: {other:?}"),
            }
        }
        effects
    }

    /// Lets time pass; timers fire when they are due, and are handed out.
    pub(super) fn until(&mut self, now: Time) -> Vec<(Time, Input)> {
        let mut fired = Vec::new();
        while let Some(index) = (0..self.timers.len())
            .filter(|&index| self.timers[index].0 <= now)
            .min_by_key(|&index| (self.timers[index].0, index))
        {
            let (at, input) = self.timers.remove(index);
            self.now = self.now.max(at);
            fired.push((self.now, input.clone()));
            self.tell(input);
        }
        self.now = self.now.max(now);
        fired
    }

    pub(super) fn at(&mut self, second: i64) -> &mut Harness {
        self.until(Time::from_secs(second));
        self
    }

    pub(super) fn bound(&mut self, pod: u64, spec: u32, tenant: u32) -> Vec<Effect> {
        self.tell(Input::Bound {
            pod: PodNo(pod),
            spec: SpecNo(spec),
            tenant: TenantNo(tenant),
            service: service_of(tenant, spec),
        })
    }

    pub(super) fn finished(&mut self, pod: u64) -> Vec<Effect> {
        self.tell(Input::Finished { pod: PodNo(pod) })
    }

    /// The recorded chain of a tenant.
    pub(super) fn chain(&self, tenant: u32) -> Vec<UsageWindow> {
        let from = Key::Window(TenantNo(tenant), 0);
        let to = Key::Window(TenantNo(tenant), u64::MAX);
        let rows = self.rows.range(from..=to);
        rows.map(|(_, row)| match row {
            Row::Window(window) => **window,
            other => panic!("not a window: {other:?}"),
        })
        .collect()
    }

    /// Goes on where another one stands.
    pub(super) fn continue_after(&mut self, other: &Harness) {
        self.now = other.now;
        self.deliveries = other.deliveries;
    }

    pub(super) fn drift(&self, tenant: u32) -> i64 {
        self.billing.account(TenantNo(tenant)).unwrap().drift_s
    }
}

pub(super) fn service_of(tenant: u32, spec: u32) -> ServiceNo {
    ServiceNo(tenant * 10 + spec)
}

/// A sample that sees `bound` pods of each (tenant, spec).
pub(super) fn tick(sampled_s: i64, seen: &[(u32, u32, u32)]) -> Input {
    let services = seen
        .iter()
        .map(|&(tenant, spec, bound)| ServiceUsage {
            service: service_of(tenant, spec),
            tenant: TenantNo(tenant),
            used_m: None,
            requested_m: 0,
            requested_memory: 0,
            ready: 0,
            bound,
        })
        .collect();
    let sampled_at = Time::from_secs(sampled_s);
    Input::Usage(Arc::new(UsageTick {
        sampled_at,
        services,
    }))
}
