//! The tenants and services of a scenario as requests, so that they are real rows.
//!
//! Whoever starts the service asks one after the other, as `admin`, once: before the first state of the
//! cluster is stored. What needs an answer (a service its tenant) comes after it.

use std::sync::Arc;

use nimbus_core::ids::{OrgNo, ServiceNo, TenantNo};
use nimbus_core::machine::{Message, Reply};
use nimbus_core::{tenant, workload};
use nimbus_sim::run;
use nimbus_sim::scenario::Scenario;

/// How often pods are asked for again while their tenant is not active yet.
const TRIES: u32 = 50;

/// One request of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Org(usize),
    Tenant(usize),
    Service(usize),
    Pods(usize),
}

/// What a scenario asks for, in order.
#[derive(Clone, Debug)]
pub struct Seeding {
    scenario: Arc<Scenario>,
    all: Vec<What>,
    place: usize,
    tries: u32,
    asked: Option<What>,
    orgs: Vec<Option<OrgNo>>,
    tenants: Vec<Option<TenantNo>>,
    services: Vec<Option<ServiceNo>>,
}

impl Seeding {
    pub(super) fn new(scenario: Arc<Scenario>) -> Seeding {
        let workloads = &scenario.workloads;
        let batch = |index: &usize| {
            let workload = &workloads[*index];
            workload.kind == workload::Kind::Batch && workload.replicas > 0
        };
        let all = (0..scenario.orgs.len())
            .map(What::Org)
            .chain((0..scenario.tenants.len()).map(What::Tenant))
            .chain((0..workloads.len()).map(What::Service))
            .chain((0..workloads.len()).filter(batch).map(What::Pods));
        Seeding {
            all: all.collect(),
            place: 0,
            tries: 0,
            asked: None,
            orgs: vec![None; scenario.orgs.len()],
            tenants: vec![None; scenario.tenants.len()],
            services: vec![None; scenario.workloads.len()],
            scenario,
        }
    }

    /// How many requests there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether the scenario asks for nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The next request: the message, what it does (`tenant.create`, …) and to what. What leans on
    /// something that was refused is left out.
    pub fn ask(&mut self) -> Option<(Message, &'static str, Arc<str>)> {
        while let Some(&what) = self.all.get(self.place) {
            self.place += 1;
            if let Some(asked) = self.say(what) {
                self.asked = Some(what);
                return Some(asked);
            }
        }
        None
    }

    /// The answer to the last request. Pods that are refused are asked for again a while later, since their
    /// tenant may not be active yet.
    ///
    /// # Errors
    /// Why it was refused, with what was asked for.
    pub fn learn(&mut self, reply: &Reply) -> Result<(), String> {
        let asked = self.asked.take();
        let refused = match (asked, reply) {
            (Some(What::Org(index)), Reply::Tenant(Ok(tenant::Answer::Org { no, .. }))) => {
                self.orgs[index] = Some(*no);
                return Ok(());
            }
            (Some(What::Tenant(index)), Reply::Tenant(Ok(tenant::Answer::Tenant { no, .. }))) => {
                self.tenants[index] = Some(*no);
                return Ok(());
            }
            (
                Some(What::Service(index)),
                Reply::Workload(Ok(workload::Answer::Deployed { no, .. })),
            ) => {
                self.services[index] = Some(*no);
                return Ok(());
            }
            (_, Reply::Tenant(Err(refusal))) => refusal.to_string(),
            (_, Reply::Workload(Err(refusal))) => refusal.to_string(),
            _ => return Ok(()),
        };
        match asked {
            Some(What::Pods(_)) if self.tries < TRIES => {
                self.tries += 1;
                self.place -= 1;
                Ok(())
            }
            Some(what) => Err(format!("{}: {refused}", self.name(what))),
            None => Err(refused),
        }
    }

    fn name(&self, what: What) -> Arc<str> {
        match what {
            What::Org(index) => Arc::clone(&self.scenario.orgs[index].name),
            What::Tenant(index) => Arc::clone(&self.scenario.tenants[index].name),
            What::Service(index) | What::Pods(index) => self.scenario.path_of(index).into(),
        }
    }

    fn say(&self, what: What) -> Option<(Message, &'static str, Arc<str>)> {
        let (message, action): (Message, _) = match what {
            What::Org(index) => {
                let org = &self.scenario.orgs[index];
                let input = tenant::Input::CreateOrg {
                    slug: Arc::clone(&org.name),
                    plan: org.plan,
                };
                (input.into(), "org.create")
            }
            What::Tenant(index) => {
                let orgs = |org: usize| self.orgs.get(org).copied().flatten();
                let new = run::new_tenant(&self.scenario, index, orgs);
                let input = tenant::Input::Create(Arc::new(new));
                (input.into(), "tenant.create")
            }
            What::Service(index) => {
                let mut deploy = run::first_deploy(&self.scenario, index);
                deploy.tenant = self.tenants[self.scenario.workloads[index].tenant]?;
                let input = workload::Input::Deploy(Arc::new(deploy));
                (input.into(), "service.create")
            }
            What::Pods(index) => {
                let workload = &self.scenario.workloads[index];
                let input = workload::Input::Run {
                    service: self.services[index]?,
                    lifetime: workload.lifetime,
                    count: workload.replicas,
                };
                (input.into(), "service.run")
            }
        };
        Some((message, action, self.name(what)))
    }
}
