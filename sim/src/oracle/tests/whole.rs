//! All machines and the world together, under random requests: no oracle finds anything.

use std::collections::VecDeque;

use nimbus_core::autoscaler::{self, Autoscaler, Policy};
use nimbus_core::billing::{self, Billing};
use nimbus_core::conductor::Conductor;
use nimbus_core::machine::{Machine, Outbox};
use nimbus_core::scheduler::{self, Scheduler};
use nimbus_core::tenant::{self, NewTenant, Tenants};
use nimbus_core::workload::{self, Actor, Deploy, Kind, Share, Strategy, Workloads};
use proptest::prelude::{Just, ProptestConfig, Strategy as Gen, prop_oneof, proptest};
use proptest::prop_assert;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;
use crate::world::{StartDelay, Use};

/// Everything that decides, the world, and the oracle over them.
struct Whole {
    conductor: Conductor<Message>,
    tenants: Tenants,
    workloads: Workloads,
    scheduler: Scheduler,
    autoscaler: Autoscaler,
    billing: Billing,
    world: World,
    oracle: Oracle,
    events: Vec<Event>,
    commands: Vec<Command>,
    now: Time,
}

impl Whole {
    fn new(mode: Mode) -> Whole {
        let template = Arc::new(NodeSpec {
            allocatable: amount(4, 16, 10),
            ..NodeSpec::default()
        });
        let pool = Pool {
            name: "n".into(),
            template: Arc::clone(&template),
            zones: Vec::new(),
            initial: 2,
            boot_delay: (Span::from_secs(20), Span::from_secs(90)),
            price_micro_hour: 5,
        };
        let scheduler = scheduler::Config {
            pools: vec![scheduler::Pool {
                name: "n".into(),
                template,
                min: 2,
                max: 5,
                price_micro_hour: 5,
            }],
            ..scheduler::Config::default()
        };
        let config = Config {
            pools: vec![pool],
            metrics_lag: Span::from_secs(10),
            space_delay: Span::from_secs(1),
            ..Config::default()
        };
        let mut world = World::new(config, at(0));
        let span = |least, most| (Span::from_millis(least), Span::from_millis(most));
        for service in 0..4 {
            let delay = StartDelay {
                pull: span(0, 9_500),
                start: span(500, 20_000),
            };
            world.start_delay(ServiceNo(service), &format!("s{service}"), delay);
            let usage = Use {
                idle_ppm: 600_000,
                ..Use::default()
            };
            world.set_use(at(0), ServiceNo(service), usage);
        }
        Whole {
            conductor: Conductor::default(),
            tenants: Tenants::new(tenant::Config::default()),
            workloads: Workloads::new(workload::Config::default()),
            scheduler: Scheduler::new(scheduler),
            autoscaler: Autoscaler::new(autoscaler::Config::default()),
            billing: Billing::new(billing::Config::default()),
            world,
            oracle: Oracle::new(mode, at(0)),
            events: Vec::new(),
            commands: Vec::new(),
            now: at(0),
        }
    }

    fn group(&mut self, input: Option<Message>) {
        let now = self.now;
        self.conductor.begin(now, 7);
        if self.world.next().is_some_and(|next| next <= now) {
            self.world.step(now, &mut self.events);
        }
        if let Some(input) = input {
            self.conductor.outside(input);
        }
        let rest = self.events.split_off(Event::lot(&self.events));
        for event in std::mem::replace(&mut self.events, rest) {
            self.oracle.event(now, &event);
            let root = self.conductor.root();
            event.deliver(|message| self.conductor.join(root, message));
        }
        let mut out = Outbox::default();
        while let Some(batch) = self.conductor.batch().unwrap() {
            for delivery in batch.deliveries {
                let address = delivery.message.address();
                let (seed, drawn) = self.conductor.open(&delivery.message);
                out.begin(seed, address, drawn);
                self.oracle.message(now, &delivery.message);
                self.handle(delivery.message, &mut out);
                self.conductor.close(address, out.drawn(), out.effects());
                for effect in out.take() {
                    self.oracle.effect(now, &effect);
                    match effect {
                        Effect::Send(Message::Cluster(command)) => self.commands.push(command),
                        Effect::Send(message) => self.conductor.send(delivery.root, message),
                        Effect::At(at, message) => self.conductor.at(delivery.root, at, message),
                        Effect::Record(_) | Effect::Reply(_) | Effect::Explain(_) => {}
                    }
                }
            }
        }
        for command in std::mem::take(&mut self.commands) {
            self.oracle.command(now, &command);
            self.world.apply(now, command, &mut self.events);
        }
        if self.events.is_empty() && self.oracle.due() {
            self.check(false);
        }
    }

    fn check(&mut self, last: bool) {
        let views = Views {
            world: &self.world,
            billing: Some(&self.billing),
            queue: 0,
            timers: self.conductor.timers(),
        };
        match last {
            true => self.oracle.finish(self.now, &views),
            false => self.oracle.checkpoint(self.now, &views),
        }
    }

    fn handle(&mut self, message: Message, out: &mut Outbox) {
        let now = self.now;
        match message {
            Message::Tenant(input) => self.tenants.handle(now, input, out),
            Message::Workload(input) => self.workloads.handle(now, input, out),
            Message::Scheduler(input) => self.scheduler.handle(now, input, out),
            Message::Autoscaler(input) => self.autoscaler.handle(now, input, out),
            Message::Billing(input) => self.billing.handle(now, input, out),
            Message::Cluster(_) => {}
        }
    }

    fn until(&mut self, end: Time) {
        loop {
            let timers = self.conductor.next_timer();
            let next = [self.world.next(), timers].into_iter().flatten().min();
            match next {
                _ if !self.events.is_empty() => {}
                Some(next) if next <= end => self.now = self.now.max(next),
                _ => break,
            }
            self.group(None);
        }
        self.now = end;
    }

    fn say(&mut self, message: impl Into<Message>) {
        self.until(self.now);
        self.group(Some(message.into()));
    }
}

#[derive(Clone, Debug)]
enum Step {
    Tenant(u8),
    Deploy(u8, u8, u8, bool),
    Scale(u8, u8),
    Run(u8, u8, Option<u16>),
    Restart(u8),
    Rollback(u8),
    Pause(u8, bool),
    Delete(u8),
    Quota(u8, u8, bool),
    Suspend(u8, bool),
    DeleteTenant(u8),
    Lose(u8),
    Wait(u16),
}

fn steps() -> impl Gen<Value = Vec<Step>> {
    let step = prop_oneof![
        1 => (0u8..3).prop_map(Step::Tenant),
        6 => (0u8..3, 0u8..3, 0u8..5, proptest::bool::weighted(0.2))
            .prop_map(|(tenant, name, replicas, bad)| Step::Deploy(tenant, name, replicas, bad)),
        4 => (0u8..5, 0u8..6).prop_map(|(service, replicas)| Step::Scale(service, replicas)),
        6 => (0u8..3, 1u8..4, proptest::option::of(0u16..200)).prop_map(|(t, n, l)| Step::Run(t, n, l)),
        2 => (0u8..5).prop_map(Step::Restart),
        2 => (0u8..5).prop_map(Step::Rollback),
        2 => (0u8..5, proptest::bool::ANY).prop_map(|(service, on)| Step::Pause(service, on)),
        1 => (0u8..5).prop_map(Step::Delete),
        1 => (0u8..3, 0u8..14, proptest::bool::ANY).prop_map(|(t, q, force)| Step::Quota(t, q, force)),
        2 => (0u8..3, proptest::bool::weighted(0.4)).prop_map(|(tenant, on)| Step::Suspend(tenant, on)),
        1 => (0u8..3).prop_map(Step::DeleteTenant),
        1 => (0u8..4).prop_map(Step::Lose),
        8 => (0u16..200).prop_map(Step::Wait),
        2 => Just(Step::Wait(700)),
    ];
    proptest::collection::vec(step, 1..100)
}

fn deploy(tenant: u8, name: &str, kind: Kind, replicas: Option<u32>, starts: bool) -> Deploy {
    let policy = Policy {
        max: 4,
        allow_flap: true,
        ..Policy::default()
    };
    Deploy {
        tenant: TenantNo(tenant.into()),
        app: "app".into(),
        service: name.into(),
        kind,
        image: if starts { "good".into() } else { "bad".into() },
        spec: spec(),
        replicas: replicas.map(|replicas| {
            if name == "s2" {
                replicas.clamp(1, 4)
            } else {
                replicas
            }
        }),
        strategy: Strategy {
            surge: Share::Count(1),
            unavailable: Share::Count(1),
            deadline: Span::from_secs(120),
        },
        autoscale: (name == "s2").then(|| Arc::new(policy)),
        starts,
        details: "".into(),
        by: "".into(),
    }
}

fn act(whole: &mut Whole, step: &Step) {
    let tenant = |no: u8| TenantNo(no.into());
    let service = |no: u8| ServiceNo(no.into());
    match *step {
        Step::Tenant(no) => whole.say(tenant::Input::Create(Arc::new(NewTenant {
            slug: format!("t{no}").into(),
            name: format!("t{no}").into(),
            org: None,
            plan: PlanCode::Metered,
            quota: Some(amount(12, 48, 12)),
            isolation: None,
            labels: tenant::Labels::new(),
        }))),
        Step::Deploy(no, name, replicas, bad) => {
            let name = format!("s{name}");
            let deploy = deploy(no, &name, Kind::Service, Some(replicas.into()), !bad);
            whole.say(workload::Input::Deploy(Arc::new(deploy)));
        }
        Step::Scale(no, replicas) => whole.say(workload::Input::Scale {
            service: service(no),
            replicas: replicas.into(),
            by: Actor::User,
        }),
        Step::Run(no, count, lifetime) => {
            let deploy = deploy(no, "job", Kind::Batch, None, true);
            whole.say(workload::Input::Deploy(Arc::new(deploy)));
            for candidate in 0..8 {
                whole.say(workload::Input::Run {
                    service: ServiceNo(candidate),
                    lifetime: lifetime.map(|secs| Span::from_millis(i64::from(secs) * 700)),
                    count: count.into(),
                });
            }
        }
        Step::Restart(no) => whole.say(workload::Input::Restart {
            service: service(no),
        }),
        Step::Rollback(no) => whole.say(workload::Input::Rollback {
            service: service(no),
            revision: None,
            by: "".into(),
        }),
        Step::Pause(no, true) => whole.say(workload::Input::PauseRollout {
            service: service(no),
        }),
        Step::Pause(no, false) => whole.say(workload::Input::ResumeRollout {
            service: service(no),
        }),
        Step::Delete(no) => whole.say(workload::Input::Delete {
            service: service(no),
        }),
        Step::Quota(no, pods, force) => whole.say(tenant::Input::SetQuota {
            tenant: tenant(no),
            quota: amount(pods.into(), 48, pods.into()),
            force,
        }),
        Step::Suspend(no, true) => whole.say(tenant::Input::Suspend {
            tenant: tenant(no),
            reason: None,
        }),
        Step::Suspend(no, false) => whole.say(tenant::Input::Resume { tenant: tenant(no) }),
        Step::DeleteTenant(no) => whole.say(tenant::Input::Delete { tenant: tenant(no) }),
        Step::Lose(no) => {
            whole.until(whole.now);
            let node = NodeNo(no.into());
            whole.world.lose_node(whole.now, node, &mut whole.events);
        }
        Step::Wait(secs) => whole.until(whole.now + Span::from_millis(i64::from(secs) * 997)),
    }
}

/// A floor under the test below: its histories place, end, roll out, boot and refuse.
#[test]
fn the_histories_have_something_to_violate() {
    let mut runner = TestRunner::deterministic();
    let (mut placed, mut ended, mut booted, mut gone) = (0, 0, 0, 0);
    for _ in 0..100 {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        let mut whole = Whole::new(Mode::Touched);
        for no in 0..2 {
            act(&mut whole, &Step::Tenant(no));
        }
        for step in &steps {
            act(&mut whole, step);
        }
        whole.until(whole.now + Span::from_secs(3_000));
        whole.check(true);
        let totals = whole.world.totals(whole.now);
        booted += totals.pools[0].booted;
        gone += totals.pools[0].removed;
        placed += whole.oracle.books.placed;
        ended += whole.oracle.books.ended;
    }
    let counts = [placed, ended, u64::from(booted), u64::from(gone)];
    let least = [1_500, 1_300, 100, 100];
    assert!(
        counts
            .iter()
            .zip(least)
            .all(|(count, least)| *count >= least),
        "{counts:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn sound_machines_violate_nothing(steps in steps()) {
        let mut whole = Whole::new(Mode::Full);
        for no in 0..2 {
            act(&mut whole, &Step::Tenant(no));
        }
        let mut done = VecDeque::new();
        for step in &steps {
            act(&mut whole, step);
            done.push_back(step.clone());
            let first = whole.oracle.violations().first();
            prop_assert!(first.is_none(), "{} after {:#?}", first.unwrap(), done);
        }
        whole.until(whole.now + Span::from_secs(3_000));
        whole.check(true);
        let first = whole.oracle.violations().first();
        prop_assert!(first.is_none(), "{}", first.unwrap());
    }
}

/// Histories in which something was found once, in the machines or in the oracle itself.
#[test]
fn what_was_found_once_stays_fixed() {
    let histories = [
        // A pod made and taken away at one instant: its end overtook its beginning.
        vec![
            Step::Wait(2),
            Step::Deploy(1, 2, 0, true),
            Step::Deploy(1, 2, 2, false),
        ],
        // A quota lowered by force keeps a lost pod from being replaced.
        vec![
            Step::Deploy(0, 0, 1, false),
            Step::Wait(2),
            Step::Quota(0, 0, true),
            Step::Lose(0),
        ],
        // A pod that is bound and ends at one instant.
        vec![Step::Wait(2), Step::Run(0, 1, Some(0))],
        // The surge was given back while the old replica set could still make pods.
        vec![
            Step::Deploy(0, 0, 0, true),
            Step::Run(0, 1, None),
            Step::Scale(0, 3),
            Step::Wait(2),
            Step::Run(0, 2, None),
            Step::Lose(0),
            Step::Restart(0),
            Step::Run(0, 2, None),
            Step::Run(0, 3, None),
            Step::Quota(0, 6, true),
            Step::Lose(1),
            Step::Wait(67),
            Step::Lose(2),
        ],
    ];
    for steps in histories {
        let mut whole = Whole::new(Mode::Full);
        for no in 0..2 {
            act(&mut whole, &Step::Tenant(no));
        }
        for step in &steps {
            act(&mut whole, step);
        }
        whole.until(whole.now + Span::from_secs(3_000));
        whole.check(true);
        let found = whole.oracle.violations();
        assert!(found.is_empty(), "{found:#?}");
    }
}
