//! The bench: the workload machine, a played tenant machine, a played cluster, and the order of rounds and
//! classes between them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::cluster::Cluster;
use crate::autoscaler;
use crate::cluster::{Command, Deployment, Event};
use crate::explain::Lack;
use crate::ids::{ServiceNo, TenantNo};
use crate::machine::{Address, Class, Effect, Machine, Message, Outbox, Reply};
use crate::store::workload::{App, Key, Row};
use crate::store::{self, Record};
use crate::tenant::{self, Ask};
use crate::time::{Span, Time};
use crate::units::{Bytes, Cpu, Resources};
use crate::workload::{Answer, Config, Deploy, Input, Kind, Refusal, Strategy, Workloads};

/// A tenant as the played tenant machine keeps it.
#[derive(Clone, Debug, Default)]
pub(super) struct Tenant {
    pub open: bool,
    pub active: bool,
    pub deleting: bool,
    pub gone: bool,
    pub quota: Resources,
    pub used: Ask,
}

/// All of it.
pub(super) struct Bench {
    pub machine: Workloads,
    /// A machine that was restored, compared with `machine` at each step.
    pub shadow: Option<Workloads>,
    pub rows: BTreeMap<Key, Row>,
    pub tenants: BTreeMap<TenantNo, Tenant>,
    pub cluster: Cluster,
    pub told: Vec<autoscaler::Input>,
    pub timers: BTreeMap<(ServiceNo, u32), Vec<Time>>,
    order: Order,
    pub now: Time,
    groups: u128,
}

/// Deliveries by round and class, as the conductor orders them, and timers.
#[derive(Default)]
struct Order {
    current: [VecDeque<(Option<usize>, Message)>; Class::COUNT],
    later: [VecDeque<(Option<usize>, Message)>; Class::COUNT],
    timers: BTreeMap<Time, Vec<Message>>,
    rounds: u32,
}

impl Order {
    /// Timers that are due come first.
    fn wake(&mut self, now: Time) {
        self.rounds = 0;
        while let Some(due) = self.timers.first_entry().filter(|due| *due.key() <= now) {
            for message in due.remove() {
                self.send(None, message);
            }
        }
    }

    fn send(&mut self, root: Option<usize>, message: Message) {
        self.later[message.class() as usize].push_back((root, message));
    }

    fn next(&mut self) -> Option<(Option<usize>, Message)> {
        if self.current.iter().all(VecDeque::is_empty) {
            std::mem::swap(&mut self.current, &mut self.later);
            self.rounds += 1;
            assert!(self.rounds < 1_000, "it comes to rest");
        }
        self.current.iter_mut().find_map(VecDeque::pop_front)
    }
}

/// Resources of a number of pods.
pub(super) fn pods(cpu_m: u64, count: u32) -> Resources {
    Resources::pod(Cpu(cpu_m), Bytes::mib(64))
        .checked_mul(count)
        .unwrap()
}

/// A request for a service of `cpu_m` a replica.
pub(super) fn deploy(app: &str, service: &str, cpu_m: u64, replicas: u32) -> Deploy {
    Deploy {
        tenant: TenantNo(0),
        app: app.into(),
        service: service.into(),
        kind: Kind::Service,
        image: "img:1".into(),
        spec: Cluster::spec(cpu_m),
        replicas: Some(replicas),
        strategy: Strategy::default(),
        autoscale: None,
        starts: true,
        details: "".into(),
        by: "".into(),
    }
}

pub(super) fn batch(app: &str, cpu_m: u64) -> Deploy {
    Deploy {
        kind: Kind::Batch,
        replicas: None,
        ..deploy(app, app, cpu_m, 0)
    }
}

impl Bench {
    /// One active tenant with room for 100 pods of 100m.
    pub(super) fn new() -> Bench {
        Bench::with(Config::default(), pods(100, 100))
    }

    pub(super) fn with(config: Config, quota: Resources) -> Bench {
        let mut bench = Bench {
            machine: Workloads::new(config),
            shadow: None,
            rows: BTreeMap::new(),
            tenants: BTreeMap::new(),
            cluster: Cluster::default(),
            told: Vec::new(),
            timers: BTreeMap::new(),
            order: Order::default(),
            now: Time::from_secs(1_000),
            groups: 0,
        };
        bench.add(TenantNo(0), quota);
        bench.group(vec![bench.space_ready(0)]);
        bench
    }

    /// A tenant that is provisioning.
    pub(super) fn add(&mut self, tenant: TenantNo, quota: Resources) {
        let tenant_row = Tenant {
            open: true,
            quota,
            ..Tenant::default()
        };
        self.tenants.insert(tenant, tenant_row);
    }

    pub(super) fn space_ready(&self, tenant: u32) -> Message {
        let tenant = TenantNo(tenant);
        tenant::Input::SpaceReady { tenant, uid: 1 }.into()
    }

    /// Runs a group to rest; returns the replies in the order of the inputs.
    pub(super) fn group(&mut self, inputs: Vec<Message>) -> Vec<Vec<Reply>> {
        self.groups += 1;
        let seed = self.groups;
        let mut drawn = 0;
        self.order.wake(self.now);
        let mut replies = Vec::new();
        for (root, input) in inputs.into_iter().enumerate() {
            self.order.send(Some(root), input);
            replies.push(Vec::new());
        }
        let mut commands = Vec::new();
        while let Some((root, message)) = self.order.next() {
            let mut out = Outbox::default();
            out.begin(seed, message.address(), drawn);
            self.deliver(self.now, message, &mut out, (seed, drawn));
            drawn = out.drawn();
            for effect in out.take() {
                match effect {
                    Effect::Send(Message::Cluster(command)) => commands.push(command),
                    Effect::Send(message) => self.order.send(root, message),
                    Effect::At(at, message) => self.arm(at, message),
                    Effect::Record(record) => self.record(record),
                    Effect::Reply(reply) => replies[root.unwrap()].push(reply),
                    Effect::Explain(_) => {}
                }
            }
        }
        for command in commands {
            self.check_reserved(&command);
            self.cluster.take(command);
        }
        self.check();
        replies
    }

    /// Delivers; no step raises what an app has in use above its quota.
    fn deliver(&mut self, now: Time, message: Message, out: &mut Outbox, stream: (u128, u32)) {
        let used = |app: &App| self.machine.app_used(app.no);
        let before: Vec<Resources> = self.machine.apps().map(used).collect();
        self.hand_over(now, message, out, stream);
        for app in self.machine.apps() {
            let used = self.machine.app_used(app.no);
            let was = before.get(app.no.index()).copied().unwrap_or_default();
            assert!(
                used.fits(was) || app.quota.is_none_or(|quota| used.fits(quota)),
                "{app:?} holds {used:?} after {was:?}"
            );
        }
    }

    fn hand_over(&mut self, now: Time, message: Message, out: &mut Outbox, stream: (u128, u32)) {
        match message {
            Message::Workload(input) => {
                if let Input::Deadline { service, rollout } = input {
                    let times = self.timers.get_mut(&(service, rollout)).unwrap();
                    times.retain(|&time| time > now);
                }
                if let Some(shadow) = &mut self.shadow {
                    let mut other = Outbox::default();
                    other.begin(stream.0, Address::Workload, stream.1);
                    shadow.handle(now, input.clone(), &mut other);
                    self.machine.handle(now, input, out);
                    assert_eq!(out.effects(), other.effects());
                } else {
                    self.machine.handle(now, input, out);
                }
            }
            Message::Tenant(input) => self.tenant(input, out),
            Message::Autoscaler(input) => self.told.push(input),
            _ => {}
        }
    }

    fn arm(&mut self, at: Time, message: Message) {
        if let Message::Workload(Input::Deadline { service, rollout }) = message {
            self.timers.entry((service, rollout)).or_default().push(at);
        }
        if at <= self.now {
            self.order.send(None, message);
        } else {
            self.order.timers.entry(at).or_default().push(message);
        }
    }

    fn record(&mut self, record: Record) {
        match record {
            Record::Put(store::Row::Workload(row)) => {
                self.rows.insert(row.key(), row);
            }
            Record::Drop(store::Key::Workload(key)) => {
                self.rows.remove(&key);
            }
            other => panic!("a row of another noun: {other:?}"),
        }
    }

    fn tenant(&mut self, input: tenant::Input, out: &mut Outbox) {
        use tenant::Input as In;
        match input {
            In::Reserve {
                tenant,
                ask,
                ticket,
            } => {
                let verdict = self.reserve(tenant, ask);
                out.send(match verdict {
                    Ok(active) => Input::Admitted { ticket, active },
                    Err(lacks) => Input::Refused { ticket, lacks },
                });
            }
            In::Release { tenant, ask } => {
                let used = &mut self.tenants.get_mut(&tenant).unwrap().used;
                let left = used.resources.checked_sub(ask.resources);
                used.resources = left.expect("never more than was reserved");
                used.apps = used.apps.checked_sub(ask.apps).expect("apps");
            }
            In::SpaceReady { tenant, .. } => {
                let row = self.tenants.get_mut(&tenant).unwrap();
                if row.open && !row.active {
                    row.active = true;
                    out.send(Input::TenantActive { tenant });
                }
            }
            In::Suspend { tenant, .. } => {
                let row = self.tenants.get_mut(&tenant).unwrap();
                if row.open && row.active {
                    row.open = false;
                    out.send(Input::TenantSuspended { tenant });
                }
            }
            In::Resume { tenant } => {
                let row = self.tenants.get_mut(&tenant).unwrap();
                if !row.open && !row.deleting {
                    row.open = true;
                    out.send(Input::TenantResumed { tenant });
                }
            }
            In::Delete { tenant } => {
                let row = self.tenants.get_mut(&tenant).unwrap();
                if !row.deleting {
                    row.open = false;
                    row.deleting = true;
                    out.send(Input::TenantDeleting { tenant });
                }
            }
            In::ChildrenGone { tenant } => {
                let row = self.tenants.get_mut(&tenant).unwrap();
                assert!(row.deleting && !row.gone, "said once");
                assert_eq!(row.used, Ask::default(), "nothing is held any more");
                row.gone = true;
            }
            _ => {}
        }
    }

    fn reserve(&mut self, tenant: TenantNo, ask: Ask) -> Result<bool, Lack> {
        let row = self.tenants.get_mut(&tenant).ok_or(Lack::NotAdmitting)?;
        if !row.open {
            return Err(Lack::NotAdmitting);
        }
        let used = row.used.resources.checked_add(ask.resources);
        let used = used.filter(|used| used.fits(row.quota)).ok_or(Lack::Cpu {
            asked: ask.resources.cpu.0,
            left: row.quota.cpu.0 - row.used.resources.cpu.0,
        })?;
        row.used.resources = used;
        row.used.apps += ask.apps;
        Ok(row.active)
    }

    /// What a Deployment may have at most was reserved before it is asked for.
    fn check_reserved(&self, command: &Command) {
        if let Command::ApplyDeployment {
            service,
            deployment,
        } = command
        {
            let held = self.machine.service(*service).unwrap().held();
            assert!(deployment.spec.requests.fits(held.per));
            let row = self.machine.service(*service).unwrap().row();
            let kept = row.suspended_replicas.unwrap_or(row.desired);
            assert!(kept + held.surge <= held.slots, "{deployment:?} {held:?}");
        }
    }

    /// What always holds between groups.
    fn check(&self) {
        for (&no, tenant) in &self.tenants {
            assert_eq!(self.machine.reserved(no), tenant.used, "tenant {no}");
        }
        for app in self.machine.apps() {
            self.check_app(app);
        }
        for service in self.machine.services() {
            let live = self.cluster.live(service.row().no);
            let held = service.held().total().unwrap();
            assert!(live.fits(held), "{live:?} above {held:?}");
            let running = service.rollouts().filter(|r| !r.state.ended()).count();
            assert!(running <= 1);
        }
    }

    /// Between groups an app has in use what its services hold; tombstones hold nothing.
    fn check_app(&self, app: &App) {
        let of_app = self.machine.services().filter(|s| s.row().app == app.no);
        let held = of_app.fold(Resources::ZERO, |sum, service| {
            sum.checked_add(service.held().total().unwrap()).unwrap()
        });
        let used = self.machine.app_used(app.no);
        assert_eq!(used, held, "{app:?}");
        assert!(!app.gone || (used == Resources::ZERO && app.services == 0));
        if let Some(shadow) = &self.shadow {
            assert_eq!(shadow.app_used(app.no), used);
        }
    }

    /// One input from outside and its one reply.
    #[track_caller]
    pub(super) fn ask(&mut self, input: Input) -> Result<Answer, Refusal> {
        let mut replies = self.group(vec![input.into()]);
        match replies[0].as_slice() {
            [Reply::Workload(_)] => match replies.remove(0).remove(0) {
                Reply::Workload(reply) => reply,
                other => panic!("{other:?}"),
            },
            other => panic!("expected one reply, got {other:?}"),
        }
    }

    /// Deploys and returns the ordinal.
    #[track_caller]
    pub(super) fn deploy(&mut self, deploy: Deploy) -> ServiceNo {
        match self.ask(Input::Deploy(Arc::new(deploy))) {
            Ok(Answer::Deployed { no, .. }) => no,
            other => panic!("{other:?}"),
        }
    }

    /// Tells events to the machines.
    pub(super) fn tell(&mut self, events: Vec<Event>) {
        let mut messages = Vec::new();
        for event in events {
            event.deliver(|message| messages.push(message));
        }
        messages.retain(|m| matches!(m, Message::Workload(_) | Message::Tenant(_)));
        self.group(messages);
    }

    /// Lets the cluster act, one second a step, until it has nothing more to say.
    pub(super) fn settle(&mut self) {
        for _ in 0..200 {
            self.now += Span::from_secs(1);
            let events = self.cluster.step(|| true);
            let quiet = events.is_empty();
            self.tell(events);
            if quiet {
                return;
            }
        }
        panic!("the cluster does not come to rest");
    }

    /// One step of the cluster.
    pub(super) fn step(&mut self) {
        let events = self.cluster.step(|| true);
        self.tell(events);
    }

    /// Lets time pass; timers fire.
    pub(super) fn wait(&mut self, span: Span) {
        let until = self.now + span;
        let first = |bench: &Bench| bench.order.timers.keys().next().copied();
        while let Some(due) = first(self).filter(|&due| due <= until) {
            self.now = self.now.max(due);
            self.group(Vec::new());
        }
        self.now = until;
    }

    /// Starts a shadow from the rows recorded so far; its timers must be those that are armed.
    pub(super) fn restore(&mut self, config: Config) {
        let mut out = Outbox::default();
        let rows: Vec<Row> = self.rows.values().cloned().collect();
        let shadow = Workloads::restore(config, rows, self.now, &mut out);
        let mut armed = BTreeMap::new();
        for effect in out.take() {
            match effect {
                Effect::At(at, Message::Workload(Input::Deadline { service, rollout })) => {
                    armed.insert((service, rollout), vec![at]);
                }
                other => panic!("{other:?}"),
            }
        }
        let running = |&(service, number): &(ServiceNo, u32)| {
            let view = self.machine.service(service).unwrap();
            view.rollouts()
                .any(|r| r.number == number && !r.state.ended())
        };
        let expected: BTreeMap<_, _> = self
            .timers
            .iter()
            .filter(|(key, times)| !times.is_empty() && running(key))
            .map(|(&key, times)| (key, times.clone()))
            .collect();
        assert_eq!(armed, expected);
        self.shadow = Some(shadow);
    }

    /// The Deployment that was applied last.
    pub(super) fn last(&self) -> &Deployment {
        &self.cluster.applied.last().expect("one was applied").1
    }

    pub(super) fn used(&self) -> Resources {
        self.tenants[&TenantNo(0)].used.resources
    }
}
