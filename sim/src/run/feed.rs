//! What a scenario says, when: organizations, tenants, services, what people do, recorded arrivals.
//!
//! Things that lean on an answer (a service on its tenant) come with a later call at the same instant,
//! in the order of [`Stage`].

use std::sync::Arc;

use nimbus_core::ids::{OrgNo, ServiceNo, TenantNo};
use nimbus_core::machine::{Message, Reply};
use nimbus_core::time::Time;
use nimbus_core::workload::{self, Deploy, Kind, Strategy};
use nimbus_core::{tenant, workload::Actor};

use super::arrivals::Arrivals;
use super::demand::Demand;
use super::ready::Prepared;
use crate::driver::Outside;
use crate::record::Recorder;
use crate::scenario::{Act, Payer, Scenario};
use crate::world::World;

/// Refusals that are kept word for word.
const KEPT_REFUSALS: usize = 20;

/// Order at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Org,
    Tenant,
    Service,
    Run,
    Action,
}

/// One thing to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Org(usize),
    Tenant(usize),
    Workload(usize),
    /// Service of a source of arrivals: (source, tenant slot, shape).
    Shape(usize, usize, usize),
    /// Replicas of a batch workload.
    Run(usize),
    Action(usize),
    Arrival,
}

/// The inputs of a scenario.
#[derive(Debug)]
pub struct Feed {
    scenario: Arc<Scenario>,
    timeline: Vec<(Time, Stage, What)>,
    cursor: usize,
    sources: Vec<Arrivals>,
    asked: Vec<What>,
    orgs: Vec<Option<OrgNo>>,
    tenants: Vec<Option<TenantNo>>,
    payers: Vec<Option<OrgNo>>,
    services: Vec<Option<ServiceNo>>,
    present: Vec<Deploy>,
    fresh: Vec<(ServiceNo, usize)>,
    demands: Arc<Vec<Demand>>,
    /// Requests that were refused or could not be made, the first of them word for word.
    pub refusals: Vec<(Time, String)>,
    /// How many there were.
    pub refused: u64,
}

impl Feed {
    /// The feed of a scenario.
    #[must_use]
    pub fn new(prepared: &Prepared, seed: u64) -> Feed {
        let scenario = &prepared.scenario;
        let sources = prepared.arrivals(seed);
        let mut timeline = Vec::new();
        for (index, _) in scenario.orgs.iter().enumerate() {
            timeline.push((scenario.head.start, Stage::Org, What::Org(index)));
        }
        for (index, tenant) in scenario.tenants.iter().enumerate() {
            timeline.push((scenario.time(tenant.at), Stage::Tenant, What::Tenant(index)));
        }
        for (index, workload) in scenario.workloads.iter().enumerate() {
            let at = scenario.time(workload.at);
            timeline.push((at, Stage::Service, What::Workload(index)));
            if workload.kind == Kind::Batch && workload.replicas > 0 {
                timeline.push((at, Stage::Run, What::Run(index)));
            }
        }
        for (number, source) in sources.iter().enumerate() {
            for (slot, &tenant) in source.tenants.iter().enumerate() {
                let at = scenario.time(scenario.tenants[tenant].at);
                let shapes = 0..source.shapes.len();
                timeline.extend(
                    shapes.map(|shape| (at, Stage::Service, What::Shape(number, slot, shape))),
                );
            }
        }
        for (index, action) in scenario.actions.iter().enumerate() {
            timeline.push((scenario.time(action.at), Stage::Action, What::Action(index)));
        }
        timeline.sort();
        Feed {
            timeline,
            cursor: 0,
            sources,
            asked: Vec::new(),
            orgs: vec![None; scenario.orgs.len()],
            tenants: vec![None; scenario.tenants.len()],
            payers: vec![None; scenario.tenants.len()],
            services: vec![None; scenario.workloads.len()],
            present: (0..scenario.workloads.len())
                .map(|workload| first_deploy(scenario, workload))
                .collect(),
            fresh: Vec::new(),
            demands: prepared.demands(seed),
            refusals: Vec::new(),
            refused: 0,
            scenario: Arc::clone(scenario),
        }
    }

    /// The service of a workload, once it is there.
    #[must_use]
    pub fn service(&self, workload: usize) -> Option<ServiceNo> {
        self.services.get(workload).copied().flatten()
    }

    /// The organization of a payer, once it is there.
    #[must_use]
    pub fn payer(&self, payer: Payer) -> Option<OrgNo> {
        match payer {
            Payer::Org(org) => self.orgs.get(org).copied().flatten(),
            Payer::Tenant(tenant) => self.payers.get(tenant).copied().flatten(),
        }
    }

    /// The tenant of the scenario's list, once it is there.
    #[must_use]
    pub fn tenant(&self, tenant: usize) -> Option<TenantNo> {
        self.tenants.get(tenant).copied().flatten()
    }

    /// Pods of all sources whose service was not there.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.sources.iter().map(|source| source.lost).sum()
    }

    fn say(&mut self, what: What) -> Option<Message> {
        match what {
            What::Org(index) => {
                let org = &self.scenario.orgs[index];
                Some(
                    tenant::Input::CreateOrg {
                        slug: Arc::clone(&org.name),
                        plan: org.plan,
                    }
                    .into(),
                )
            }
            What::Tenant(index) => Some(self.new_tenant(index)),
            What::Workload(index) => {
                let tenant = self.tenant(self.scenario.workloads[index].tenant)?;
                self.present[index].tenant = tenant;
                Some(workload::Input::Deploy(Arc::new(self.present[index].clone())).into())
            }
            What::Shape(source, slot, shape) => {
                let tenant = self.tenant(self.sources[source].tenants[slot])?;
                Some(workload::Input::Deploy(self.sources[source].service(tenant, shape)).into())
            }
            What::Run(index) => {
                let (service, workload) = (self.service(index)?, &self.scenario.workloads[index]);
                let (lifetime, count) = (workload.lifetime, workload.replicas);
                Some(
                    workload::Input::Run {
                        service,
                        lifetime,
                        count,
                    }
                    .into(),
                )
            }
            What::Action(index) => self.act(index),
            What::Arrival => None,
        }
    }

    fn new_tenant(&self, index: usize) -> Message {
        let new = new_tenant(&self.scenario, index, |org| self.orgs[org]);
        tenant::Input::Create(Arc::new(new)).into()
    }

    fn act(&mut self, index: usize) -> Option<Message> {
        let scenario = Arc::clone(&self.scenario);
        match &scenario.actions[index].act {
            Act::Deploy {
                workload,
                image,
                spec,
                replicas,
                starts,
            } => {
                self.service(*workload)?;
                let present = &mut self.present[*workload];
                present.image = Arc::clone(image);
                present.spec = Arc::clone(spec);
                present.replicas = *replicas;
                present.starts = *starts;
                Some(workload::Input::Deploy(Arc::new(present.clone())).into())
            }
            act => match self.act_on_tenant(act) {
                Some(input) => Some(input.into()),
                None => self.act_on_service(act).map(Message::from),
            },
        }
    }

    fn act_on_service(&self, act: &Act) -> Option<workload::Input> {
        use workload::Input;
        Some(match act {
            Act::Scale { workload, replicas } => Input::Scale {
                service: self.service(*workload)?,
                replicas: *replicas,
                by: Actor::User,
            },
            Act::Rollback { workload, revision } => Input::Rollback {
                service: self.service(*workload)?,
                revision: *revision,
                by: Arc::from(""),
            },
            Act::Unpin { workload } => Input::Unpin {
                service: self.service(*workload)?,
            },
            Act::Restart { workload } => Input::Restart {
                service: self.service(*workload)?,
            },
            Act::Pause { workload } => Input::PauseRollout {
                service: self.service(*workload)?,
            },
            Act::Resume { workload } => Input::ResumeRollout {
                service: self.service(*workload)?,
            },
            Act::Undo { workload } => Input::UndoRollout {
                service: self.service(*workload)?,
                by: Arc::from(""),
            },
            Act::DeleteService { workload } => Input::Delete {
                service: self.service(*workload)?,
            },
            _ => return None,
        })
    }

    fn act_on_tenant(&self, act: &Act) -> Option<tenant::Input> {
        use tenant::Input;
        Some(match act {
            Act::Suspend { tenant } => Input::Suspend {
                tenant: self.tenant(*tenant)?,
                reason: None,
            },
            Act::ResumeTenant { tenant } => Input::Resume {
                tenant: self.tenant(*tenant)?,
            },
            Act::DeleteTenant { tenant } => Input::Delete {
                tenant: self.tenant(*tenant)?,
            },
            Act::SetQuota {
                tenant,
                quota,
                force,
            } => Input::SetQuota {
                tenant: self.tenant(*tenant)?,
                quota: *quota,
                force: *force,
            },
            Act::SetPlan { payer, plan } => Input::SetPlan {
                org: self.payer(*payer)?,
                plan: *plan,
            },
            _ => return None,
        })
    }

    fn refuse(&mut self, now: Time, what: What, why: &str) {
        self.refused += 1;
        if self.refusals.len() < KEPT_REFUSALS {
            let text = format!("{}: {why}", self.name(what));
            self.refusals.push((now, text));
        }
    }

    fn name(&self, what: What) -> String {
        match what {
            What::Org(index) => format!("create organization {}", self.scenario.orgs[index].name),
            What::Tenant(index) => format!("create tenant {}", self.scenario.tenants[index].name),
            What::Workload(index) => format!("deploy {}", self.scenario.path_of(index)),
            What::Shape(source, slot, shape) => {
                let source = &self.sources[source];
                let tenant = &self.scenario.tenants[source.tenants[slot]].name;
                format!("deploy {tenant}/{}", source.shapes[shape].name)
            }
            What::Run(index) => format!("run {}", self.scenario.path_of(index)),
            What::Action(index) => describe(&self.scenario, &self.scenario.actions[index].act),
            What::Arrival => "run pods of a trace".to_owned(),
        }
    }

    fn learn(&mut self, what: What, reply: &Reply) {
        match (what, reply) {
            (What::Org(index), Reply::Tenant(Ok(tenant::Answer::Org { no, .. }))) => {
                self.orgs[index] = Some(*no)
            }
            (What::Tenant(index), Reply::Tenant(Ok(tenant::Answer::Tenant { no, org, .. }))) => {
                self.tenants[index] = Some(*no);
                self.payers[index] = Some(*org);
            }
            (What::Workload(index), Reply::Workload(Ok(workload::Answer::Deployed { no, .. }))) => {
                self.services[index] = Some(*no);
                self.fresh.push((*no, index));
            }
            (
                What::Shape(source, slot, shape),
                Reply::Workload(Ok(workload::Answer::Deployed { no, .. })),
            ) => {
                self.sources[source].learn(slot, shape, *no);
            }
            _ => {}
        }
    }

    /// Arrivals that are due, each source in turn.
    fn arrive(&mut self, now: Time, inputs: &mut Vec<Message>) {
        for source in &mut self.sources {
            while let Some(message) = source.due(now) {
                self.asked.push(What::Arrival);
                inputs.push(message);
            }
        }
    }
}

/// An action in words.
fn describe(scenario: &Scenario, act: &Act) -> String {
    let tenant = |tenant: &usize| &scenario.tenants[*tenant].name;
    match act {
        Act::Deploy { workload, .. } => format!("deploy {} again", scenario.path_of(*workload)),
        Act::Scale { workload, replicas } => {
            format!("scale {} to {replicas}", scenario.path_of(*workload))
        }
        Act::Rollback { workload, .. } => format!("roll back {}", scenario.path_of(*workload)),
        Act::Unpin { workload } => format!("unpin {}", scenario.path_of(*workload)),
        Act::Restart { workload } => format!("restart {}", scenario.path_of(*workload)),
        Act::Pause { workload } => format!("pause the rollout of {}", scenario.path_of(*workload)),
        Act::Resume { workload } => {
            format!("resume the rollout of {}", scenario.path_of(*workload))
        }
        Act::Undo { workload } => format!("undo the rollout of {}", scenario.path_of(*workload)),
        Act::DeleteService { workload } => format!("delete {}", scenario.path_of(*workload)),
        Act::Suspend { tenant: who } => format!("suspend {}", tenant(who)),
        Act::ResumeTenant { tenant: who } => format!("resume {}", tenant(who)),
        Act::DeleteTenant { tenant: who } => format!("delete tenant {}", tenant(who)),
        Act::SetQuota { tenant: who, .. } => format!("set the quota of {}", tenant(who)),
        Act::SetPlan { plan, .. } => format!("change a plan to {}", plan.as_str()),
    }
}

/// The tenant of this place in a scenario; `orgs` knows its organizations by place.
#[must_use]
pub fn new_tenant(
    scenario: &Scenario,
    tenant: usize,
    orgs: impl Fn(usize) -> Option<OrgNo>,
) -> tenant::NewTenant {
    let of = &scenario.tenants[tenant];
    tenant::NewTenant {
        slug: Arc::clone(&of.name),
        name: Arc::clone(&of.name),
        org: of.org.and_then(orgs),
        plan: of.plan,
        quota: of.quota,
        isolation: None,
        labels: tenant::Labels::new(),
    }
}

/// The first deployment of the workload of this place in a scenario; its tenant is filled in once it is
/// there.
#[must_use]
pub fn first_deploy(scenario: &Scenario, workload: usize) -> Deploy {
    let workload = &scenario.workloads[workload];
    Deploy {
        tenant: TenantNo(0),
        app: Arc::clone(&workload.app),
        service: Arc::clone(&workload.name),
        kind: workload.kind,
        image: Arc::clone(&workload.image),
        spec: Arc::clone(&workload.spec),
        replicas: (workload.kind == Kind::Service).then_some(workload.replicas),
        strategy: if workload.kind == Kind::Service {
            workload.strategy
        } else {
            Strategy::default()
        },
        autoscale: workload
            .autoscaler
            .map(|index| Arc::clone(&scenario.autoscalers[index].policy)),
        starts: workload.starts,
        details: Arc::from(""),
        by: Arc::from(""),
    }
}

impl Outside for Feed {
    fn next(&self) -> Option<Time> {
        let said = self.timeline.get(self.cursor).map(|(at, _, _)| *at);
        said.into_iter()
            .chain(self.sources.iter().filter_map(Arrivals::next))
            .min()
    }

    fn take(&mut self, now: Time, inputs: &mut Vec<Message>) {
        self.asked.clear();
        let Some(&(at, stage, _)) = self
            .timeline
            .get(self.cursor)
            .filter(|(at, _, _)| *at <= now)
        else {
            return self.arrive(now, inputs);
        };
        while let Some(&(_, _, what)) = self
            .timeline
            .get(self.cursor)
            .filter(|(a, s, _)| (*a, *s) == (at, stage))
        {
            self.cursor += 1;
            match self.say(what) {
                Some(message) => {
                    self.asked.push(what);
                    inputs.push(message);
                }
                None => self.refuse(now, what, "what it needs is not there"),
            }
        }
    }

    fn answer(&mut self, now: Time, place: usize, reply: Reply) {
        let Some(&what) = self.asked.get(place) else {
            return;
        };
        match &reply {
            Reply::Tenant(Err(refusal)) => self.refuse(now, what, &refusal.to_string()),
            Reply::Workload(Err(refusal)) => self.refuse(now, what, &refusal.to_string()),
            Reply::Billing(Err(refusal)) => self.refuse(now, what, &refusal.to_string()),
            _ => self.learn(what, &reply),
        }
    }

    fn settle(&mut self, now: Time, world: &mut World, recorder: &mut Recorder) {
        for (service, index) in self.fresh.drain(..) {
            let demand = &self.demands[index];
            world.start_delay(service, &self.scenario.path_of(index), demand.delay);
            world.set_use(now, service, demand.usage.clone());
            if let Some(offered) = &demand.offered {
                recorder.scaling.offer(service, offered.clone());
            }
        }
    }
}
