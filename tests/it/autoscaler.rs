//! The tenant, workload and autoscaler machines together over the conductor, with a cluster that obeys at
//! once: wishes, quotas, suspensions and rollouts meet.

use std::collections::BTreeMap;
use std::sync::Arc;

use nimbus_core::autoscaler::{self, Autoscaler, Policy};
use nimbus_core::cluster::{Command, DeploymentStatus, Event, PodSpec, ServiceUsage, UsageTick};
use nimbus_core::conductor::Conductor;
use nimbus_core::explain::Decision;
use nimbus_core::ids::{ServiceNo, TenantNo};
use nimbus_core::machine::{Effect, Machine, Message, Outbox, Reply};
use nimbus_core::plan::PlanCode;
use nimbus_core::tenant::{self, NewTenant, Status, Tenants};
use nimbus_core::time::{Span, Time};
use nimbus_core::units::{Bytes, Cpu, Resources};
use nimbus_core::workload::{self, Actor, Deploy, Kind, TenantState, Workloads};
use proptest::prelude::*;

const ACME: TenantNo = TenantNo(0);
const WEB: ServiceNo = ServiceNo(0);
const REQUEST: Resources = Resources {
    cpu: Cpu(200),
    memory: Bytes::mib(64),
    pods: 1,
};
const SAMPLE: Span = Span::from_secs(15);

/// Three machines and a cluster in which everything is ready at once.
struct Town {
    conductor: Conductor<Message>,
    tenants: Tenants,
    workloads: Workloads,
    autoscaler: Autoscaler,
    now: Time,
    /// Cpu that the requests on the service take, whatever its replicas.
    load_m: u64,
    ready: BTreeMap<ServiceNo, u32>,
    replies: Vec<Reply>,
    decisions: Vec<(Time, Decision)>,
}

impl Town {
    /// With one active tenant that runs one service under a policy.
    fn new(policy: Policy, quota: Resources, load_m: u64) -> Town {
        let mut town = Town {
            conductor: Conductor::default(),
            tenants: Tenants::new(tenant::Config::default()),
            workloads: Workloads::new(workload::Config::default()),
            autoscaler: Autoscaler::new(autoscaler::Config::default()),
            now: Time::ZERO,
            load_m,
            ready: BTreeMap::new(),
            replies: Vec::new(),
            decisions: Vec::new(),
        };
        town.tell(tenant::Input::Create(Arc::new(NewTenant {
            slug: "acme".into(),
            name: "acme".into(),
            org: None,
            plan: PlanCode::Metered,
            quota: Some(quota),
            isolation: None,
            labels: tenant::Labels::new(),
        })));
        town.tell(deploy(1, policy));
        town
    }

    fn tell(&mut self, input: impl Into<Message>) {
        self.group(vec![input.into()]);
    }

    /// Runs a group to rest, then what the cluster answers, until all is quiet.
    fn group(&mut self, mut inputs: Vec<Message>) {
        loop {
            self.conductor.begin(self.now, 7);
            for input in inputs.drain(..) {
                self.conductor.outside(input);
            }
            let commands = self.run();
            for command in commands {
                for event in self.obey(command) {
                    event.deliver(|message| inputs.push(message));
                }
            }
            if inputs.is_empty() {
                return;
            }
        }
    }

    fn run(&mut self) -> Vec<Command> {
        let mut commands = Vec::new();
        let mut out = Outbox::default();
        while let Some(batch) = self.conductor.batch().unwrap() {
            for delivery in batch.deliveries {
                let address = delivery.message.address();
                let (seed, drawn) = self.conductor.open(&delivery.message);
                out.begin(seed, address, drawn);
                self.handle(delivery.message, &mut out);
                let (drawn, effects) = (out.drawn(), out.take());
                self.conductor.close(address, drawn, &effects);
                for effect in effects {
                    self.follow(delivery.root, effect, &mut commands);
                }
            }
        }
        commands
    }

    fn handle(&mut self, message: Message, out: &mut Outbox) {
        match message {
            Message::Tenant(input) => self.tenants.handle(self.now, input, out),
            Message::Workload(input) => self.workloads.handle(self.now, input, out),
            Message::Autoscaler(input) => self.autoscaler.handle(self.now, input, out),
            Message::Scheduler(_) | Message::Billing(_) | Message::Cluster(_) => {}
        }
    }

    fn follow(&mut self, root: Option<u32>, effect: Effect, commands: &mut Vec<Command>) {
        match effect {
            Effect::Send(Message::Cluster(command)) => commands.push(command),
            Effect::Send(message) => self.conductor.send(root, message),
            Effect::At(at, message) => self.conductor.at(root, at, message),
            Effect::Reply(reply) => self.replies.push(reply),
            Effect::Explain(decision) => self.decisions.push((self.now, decision)),
            Effect::Record(_) => {}
        }
    }

    /// What the cluster reports of a command: all of it done.
    fn obey(&mut self, command: Command) -> Vec<Event> {
        match command {
            Command::EnsureTenantSpace { tenant, .. } => vec![Event::SpaceReady { tenant, uid: 1 }],
            Command::DeleteTenantSpace { tenant } => vec![Event::SpaceGone { tenant }],
            Command::ApplyDeployment {
                service,
                deployment,
            } => {
                let replicas = deployment.replicas;
                self.ready.insert(service, replicas);
                let status = DeploymentStatus {
                    generation: deployment.generation,
                    updated: replicas,
                    ready: replicas,
                    updated_ready: replicas,
                    total: replicas,
                    terminating: 0,
                };
                vec![Event::Deployment { service, status }]
            }
            Command::DeleteDeployment { service } => {
                self.ready.remove(&service);
                vec![Event::DeploymentGone { service }]
            }
            _ => Vec::new(),
        }
    }

    /// Lets time pass; samples every 15 s, one second before the looks.
    fn pass(&mut self, span: Span) {
        let end = self.now + span;
        loop {
            let sample = self.now.next_multiple(SAMPLE) - Span::from_secs(1);
            let sample = if sample > self.now {
                sample
            } else {
                sample + SAMPLE
            };
            let timer = self.conductor.next_timer().unwrap_or(Time::MAX);
            let next = sample.min(timer).min(end);
            self.now = next;
            let sampled = if next == sample { self.sample() } else { None };
            self.group(sampled.into_iter().collect());
            if next == end {
                return;
            }
        }
    }

    fn sample(&self) -> Option<Message> {
        let ready = self.ready.get(&WEB).copied().filter(|ready| *ready > 0)?;
        let usage = ServiceUsage {
            service: WEB,
            tenant: ACME,
            used_m: Some(self.load_m),
            requested_m: REQUEST.cpu.0 * u64::from(ready),
            requested_memory: REQUEST.memory.0 * u64::from(ready),
            ready,
            bound: ready,
        };
        Some(Message::Autoscaler(autoscaler::Input::Usage(Arc::new(
            UsageTick {
                sampled_at: self.now,
                services: vec![usage],
            },
        ))))
    }

    fn desired(&self) -> u32 {
        self.workloads
            .service(WEB)
            .map_or(0, |service| service.row().desired)
    }

    fn used(&self) -> Resources {
        self.tenants.tenant(ACME).unwrap().used
    }

    fn denials(&self, after: Time) -> usize {
        let denied =
            |entry: &&(Time, Decision)| entry.0 > after && matches!(entry.1, Decision::Deny(_));
        self.decisions.iter().filter(denied).count()
    }

    /// What must hold whenever all is quiet.
    fn check(&self) -> Result<(), TestCaseError> {
        let tenant = self.tenants.tenant(ACME).unwrap();
        let held = self.workloads.reserved(ACME);
        prop_assert_eq!((tenant.used, tenant.apps), (held.resources, held.apps));
        let Some(service) = self.workloads.service(WEB) else {
            return Ok(());
        };
        let desired = service.row().desired;
        // A suspended service keeps its reservation, so that resuming cannot be refused.
        let holds = service.row().suspended_replicas.unwrap_or(desired);
        prop_assert_eq!(tenant.used, REQUEST.checked_mul(holds).unwrap());
        match tenant.status {
            Status::Suspended => prop_assert_eq!(desired, 0),
            Status::Active if self.workloads.state_of(ACME) == TenantState::Active => {
                let policy = service.row().autoscale.as_deref();
                if let Some(policy) = policy {
                    prop_assert!(desired <= policy.max, "{} > {}", desired, policy.max);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn deploy(image: u32, policy: Policy) -> workload::Input {
    workload::Input::Deploy(Arc::new(Deploy {
        tenant: ACME,
        app: "web".into(),
        service: "web".into(),
        kind: Kind::Service,
        image: format!("web:{image}").into(),
        spec: Arc::new(PodSpec {
            requests: REQUEST,
            ..PodSpec::default()
        }),
        replicas: None,
        strategy: workload::Strategy::default(),
        autoscale: Some(Arc::new(policy)),
        starts: true,
        details: "".into(),
        by: "".into(),
    }))
}

fn quota(pods: u32) -> Resources {
    REQUEST.checked_mul(pods).unwrap()
}

fn secs(secs: i64) -> Span {
    Span::from_secs(secs)
}

/// Policies that the workload machine accepts.
fn any_sound_policy() -> impl Strategy<Value = Policy> {
    (
        (30u32..100, 1u32..50),
        (1u32..4, 0u32..8),
        (1u32..3, 1u32..3),
        0i64..100,
    )
        .prop_map(
            |((up, down), (min, more), (step_up, step_down), cooldown)| Policy {
                up_percent: up,
                down_percent: down,
                min,
                max: min + more,
                step_up,
                step_down,
                cooldown: secs(cooldown),
                ..Policy::default()
            },
        )
        .prop_filter("sound", |policy| {
            policy.validate().is_ok() && policy.settles().is_ok()
        })
}

#[test]
fn a_quota_refusal_leaves_replicas_alone_and_the_wish_comes_again() {
    let policy = Policy::default();
    let mut town = Town::new(policy, quota(2), 700);
    town.pass(secs(300));
    assert_eq!(town.desired(), 2, "the quota has room for two");
    let since = town.now;
    town.pass(secs(300));
    assert_eq!(town.denials(since), 10, "one wish per look");
    town.tell(tenant::Input::SetQuota {
        tenant: ACME,
        quota: quota(9),
        force: false,
    });
    town.pass(secs(120));
    assert_eq!(town.desired(), 5, "as many as the policy allows");
}

#[test]
fn a_suspended_service_is_not_scaled_and_comes_back_as_it_was() {
    let mut town = Town::new(Policy::default(), quota(9), 300);
    town.pass(secs(300));
    let before = town.desired();
    assert!(before > 1);
    town.tell(tenant::Input::Suspend {
        tenant: ACME,
        reason: None,
    });
    town.pass(secs(300));
    assert_eq!(town.desired(), 0);
    town.tell(tenant::Input::Resume { tenant: ACME });
    assert_eq!(town.desired(), before);
    town.pass(secs(300));
    assert_eq!(town.desired(), before, "constant load");
}

#[test]
fn a_manual_scale_sets_the_present_value_and_the_autoscaler_goes_on_from_it() {
    let mut town = Town::new(Policy::default(), quota(9), 100);
    let scale = |replicas| workload::Input::Scale {
        service: WEB,
        replicas,
        by: Actor::User,
    };
    town.tell(scale(5));
    assert_eq!(town.desired(), 5);
    town.pass(secs(600));
    assert_eq!(town.desired(), 1, "100m of 2 x 200m is below 30 %");
    town.tell(scale(6));
    assert!(matches!(
        town.replies.last(),
        Some(Reply::Workload(Err(workload::Refusal::Bounds { .. })))
    ));
}

#[test]
fn a_deleted_tenant_leaves_nothing_that_is_watched() {
    let mut town = Town::new(Policy::default(), quota(9), 100);
    town.tell(tenant::Input::Delete { tenant: ACME });
    let tenant = town.tenants.tenant(ACME).unwrap();
    assert_eq!(
        (tenant.status, tenant.used),
        (Status::Gone, Resources::ZERO)
    );
    assert_eq!(town.autoscaler.watched().count(), 0);
    town.pass(secs(700));
    assert_eq!(town.conductor.timers(), 0, "its timers have run out");
}

/// A step of a random history.
#[derive(Clone, Debug)]
enum Op {
    Pass(i64),
    Load(u64),
    Quota(u32, bool),
    Plan(PlanCode),
    Suspend,
    Resume,
    Scale(u32),
    Deploy(u32, Policy),
}

fn any_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (1i64..200).prop_map(Op::Pass),
        3 => (0u64..2_000).prop_map(Op::Load),
        2 => (0u32..14, any::<bool>()).prop_map(|(pods, force)| Op::Quota(pods, force)),
        1 => prop::sample::select(PlanCode::ALL.to_vec()).prop_map(Op::Plan),
        1 => Just(Op::Suspend),
        2 => Just(Op::Resume),
        2 => (0u32..12).prop_map(Op::Scale),
        2 => (0u32..3, any_sound_policy()).prop_map(|(image, policy)| Op::Deploy(image, policy)),
    ]
}

fn apply(town: &mut Town, op: &Op) {
    let tenant = ACME;
    match *op {
        Op::Pass(span) => town.pass(secs(span)),
        Op::Load(load_m) => town.load_m = load_m,
        Op::Quota(pods, force) => town.tell(tenant::Input::SetQuota {
            tenant,
            quota: quota(pods),
            force,
        }),
        Op::Plan(plan) => town.tell(tenant::Input::SetPlan {
            org: nimbus_core::ids::OrgNo(0),
            plan,
        }),
        Op::Suspend => town.tell(tenant::Input::Suspend {
            tenant,
            reason: None,
        }),
        Op::Resume => town.tell(tenant::Input::Resume { tenant }),
        Op::Scale(replicas) => town.tell(workload::Input::Scale {
            service: WEB,
            replicas,
            by: Actor::User,
        }),
        Op::Deploy(image, policy) => town.tell(deploy(image, policy)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn quota_and_bounds_hold_whatever_meets(
        policy in any_sound_policy(),
        pods in 1u32..14,
        ops in prop::collection::vec(any_op(), 1..40),
    ) {
        let mut town = Town::new(policy, quota(pods), 200);
        for op in &ops {
            let before = town.used();
            apply(&mut town, op);
            town.check()?;
            let tenant = town.tenants.tenant(ACME).unwrap();
            let grew = !tenant.used.fits(before);
            prop_assert!(!grew || tenant.used.fits(tenant.quota), "grew above its quota by {:?}", op);
        }
    }

    #[test]
    fn constant_load_comes_to_rest_within_any_quota(
        policy in any_sound_policy(),
        pods in 1u32..14,
        load in 0u64..2_000,
    ) {
        let mut town = Town::new(policy, quota(pods), load);
        town.pass(secs(1_800));
        town.check()?;
        let rest = town.desired();
        for _ in 0..20 {
            town.pass(secs(30));
            prop_assert_eq!(town.desired(), rest);
        }
    }
}
