//! Random histories: one reply per input, reserved = held, everything given back, restored = ran on.

use std::sync::Arc;

use proptest::prelude::*;

use super::bench::{Bench, batch, deploy, pods};
use crate::autoscaler::Policy;
use crate::cluster::Event;
use crate::ids::{AppNo, ServiceNo, TenantNo};
use crate::machine::{Message, Reply};
use crate::tenant::{self, Ask};
use crate::time::Span;
use crate::units::Resources;
use crate::workload::{
    Actor, AppEdit, Config, Deploy, Input, NewApp, Share, Strategy as How, Subject,
};

const CONFIG: Config = Config {
    replicas_max: 20,
    services_max: 5,
    apps_max: 4,
    revisions_kept: 3,
    rollouts_kept: 3,
    run_max: 10,
    image_len_max: 512,
    details_len_max: 64,
};

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    /// Inputs at one instant.
    Group(Vec<Message>),
    /// The cluster acts; the bits say what.
    Cluster(u64),
    /// Bare pods end.
    End(u32, usize),
    /// Time passes.
    Wait(i64),
}

fn request() -> impl Strategy<Value = Deploy> {
    let names = prop_oneof![
        Just(("a", "a")),
        Just(("a", "b")),
        Just(("a-b", "c")),
        Just(("a", "b-c"))
    ];
    let cpu = prop_oneof![Just(100u64), Just(300)];
    let surge = prop_oneof![
        Just(Share::Percent(25)),
        Just(Share::Count(0)),
        Just(Share::Count(2))
    ];
    (
        0u32..2,
        names,
        cpu,
        proptest::option::of(0u32..6),
        0u8..3,
        surge,
        0u8..8,
    )
        .prop_map(
            |(tenant, (app, service), cpu, replicas, tag, surge, flags)| Deploy {
                tenant: TenantNo(tenant),
                image: format!("img:{tag}").into(),
                replicas,
                strategy: How {
                    surge,
                    deadline: Span::from_secs(60),
                    ..How::default()
                },
                autoscale: (flags & 1 > 0).then(|| Arc::new(Policy::default())),
                starts: flags & 6 > 0,
                ..deploy(app, service, cpu, 0)
            },
        )
}

fn input() -> impl Strategy<Value = Input> {
    let service = (0u32..8).prop_map(ServiceNo);
    let jobs = (0u32..2, prop_oneof![Just(100u64), Just(300)]).prop_map(|(tenant, cpu)| Deploy {
        tenant: TenantNo(tenant),
        ..batch("jobs", cpu)
    });
    prop_oneof![
        3 => on_app(),
        4 => request().prop_map(|deploy| Input::Deploy(Arc::new(deploy))),
        2 => request().prop_map(|deploy| Input::Create(Arc::new(deploy))),
        2 => jobs.prop_map(|deploy| Input::Deploy(Arc::new(deploy))),
        6 => (service, 0u8..14, 0u32..7).prop_map(|(service, what, number)| match what {
            0 => Input::Scale { service, replicas: number, by: Actor::User },
            1 => Input::Scale { service, replicas: number, by: Actor::Autoscaler },
            2 => Input::Rollback { service, revision: (number > 0).then_some(number), by: "eve".into() },
            3 => Input::Unpin { service },
            4 => Input::Restart { service },
            5 => Input::PauseRollout { service },
            6 => Input::ResumeRollout { service },
            7 => Input::UndoRollout { service, by: "eve".into() },
            8 => Input::Delete { service },
            9 => Input::SetAutoscale { service, policy: None },
            10 => Input::SetAutoscale {
                service,
                policy: Some(Arc::new(Policy { min: number.min(4), ..Policy::default() })),
            },
            11 => Input::Expect {
                subject: Subject::Service(service),
                version: number,
                then: Box::new(Input::Scale { service, replicas: number, by: Actor::User }),
            },
            _ => Input::Run { service, lifetime: None, count: number },
        }),
    ]
}

fn on_app() -> impl Strategy<Value = Input> {
    let app = (0u32..6).prop_map(AppNo);
    let quota = proptest::option::of((0u32..9).prop_map(|count| pods(100, count)));
    let slug = prop_oneof![Just("a"), Just("a-b"), Just("jobs")];
    (0u32..2, app, slug, quota, 0u8..7).prop_map(|(tenant, app, slug, quota, what)| match what {
        0..=1 => Input::CreateApp(Arc::new(NewApp {
            tenant: TenantNo(tenant),
            slug: slug.into(),
            details: "{}".into(),
            quota,
        })),
        2..=3 => edit_app(app, quota, what == 2),
        4 => Input::Expect {
            subject: Subject::App(app),
            version: tenant + 1,
            then: Box::new(edit_app(app, quota, true)),
        },
        _ => Input::DeleteApp { app },
    })
}

fn edit_app(app: AppNo, quota: Option<Resources>, force: bool) -> Input {
    Input::EditApp {
        app,
        edit: Arc::new(AppEdit {
            details: Some("[]".into()),
            quota: Some(quota),
            force,
        }),
    }
}

fn message() -> impl Strategy<Value = Message> {
    let lifecycle = (0u32..2, 0u8..9).prop_map(|(tenant, what)| {
        let tenant = TenantNo(tenant);
        Message::Tenant(match what {
            0..=2 => tenant::Input::Suspend {
                tenant,
                reason: None,
            },
            3..=5 => tenant::Input::Resume { tenant },
            6..=7 => tenant::Input::SpaceReady { tenant, uid: 1 },
            _ => tenant::Input::Delete { tenant },
        })
    });
    prop_oneof![8 => input().prop_map(Message::Workload), 1 => lifecycle]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => proptest::collection::vec(message(), 1..4).prop_map(Step::Group),
        4 => any::<u64>().prop_map(Step::Cluster),
        1 => (0u32..8, 1usize..4).prop_map(|(service, count)| Step::End(service, count)),
        1 => (0i64..90).prop_map(Step::Wait),
    ]
}

/// Whether the one who sent it gets a reply of this machine.
fn is_answered(message: &Message) -> bool {
    match message {
        Message::Workload(Input::Scale { by, .. }) => *by == Actor::User,
        message => matches!(message, Message::Workload(_)),
    }
}

fn events_then_group(bench: &mut Bench, events: Vec<Event>, messages: Vec<Message>) {
    let mut all = Vec::new();
    for event in events {
        event.deliver(|message| all.push(message));
    }
    all.retain(|m| matches!(m, Message::Workload(_)));
    let told = all.len();
    let expected: Vec<usize> = messages
        .iter()
        .map(|m| usize::from(is_answered(m)))
        .collect();
    all.extend(messages);
    let replies = bench.group(all);
    let counts: Vec<usize> = replies[told..].iter().map(Vec::len).collect();
    assert_eq!(counts, expected, "one reply per input");
    for reply in replies.iter().flatten() {
        assert!(matches!(reply, Reply::Workload(_)));
    }
}

fn take(bench: &mut Bench, step: Step) {
    match step {
        Step::Group(messages) => events_then_group(bench, Vec::new(), messages),
        Step::Cluster(mut bits) => {
            bench.now += Span::from_secs(1);
            let events = bench.cluster.step(|| {
                bits = bits.rotate_left(7).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                bits & 4 > 0
            });
            bench.tell(events);
        }
        Step::End(service, count) => {
            let mut events = Vec::new();
            bench
                .cluster
                .end_bare(ServiceNo(service), count, &mut events);
            // Together with inputs that touch the same service, at one instant.
            let again = Input::Run {
                service: ServiceNo(service),
                lifetime: None,
                count: 1,
            };
            let larger = Deploy {
                tenant: TenantNo(0),
                ..batch("jobs", if count > 1 { 300 } else { 100 })
            };
            let inputs = vec![again.into(), Input::Deploy(Arc::new(larger)).into()];
            events_then_group(bench, events, inputs);
        }
        Step::Wait(secs) => bench.wait(Span::from_secs(secs)),
    }
}

fn two_tenants() -> Bench {
    let mut bench = Bench::with(CONFIG, pods(100, 14));
    bench.add(TenantNo(1), pods(100, 9));
    bench
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn all_that_was_reserved_comes_back_when_all_is_deleted(steps in proptest::collection::vec(step(), 0..40)) {
        let mut bench = two_tenants();
        for step in steps {
            take(&mut bench, step); // the bench compares reserved with held after each group
        }
        for tenant in [0, 1].map(TenantNo) {
            bench.group(vec![tenant::Input::Delete { tenant }.into()]);
        }
        bench.settle();
        for (no, tenant) in &bench.tenants {
            prop_assert!(tenant.gone, "tenant {} has children", no);
            prop_assert_eq!(tenant.used, Ask::default());
        }
        prop_assert!(bench.machine.apps().all(|app| app.gone && app.services == 0));
    }

    #[test]
    fn a_machine_restored_at_any_point_goes_on_like_the_one_that_ran(
        before in proptest::collection::vec(step(), 0..30),
        after in proptest::collection::vec(step(), 0..30),
    ) {
        let mut bench = two_tenants();
        for step in before {
            take(&mut bench, step);
        }
        bench.restore(CONFIG);
        for step in after {
            take(&mut bench, step); // the bench compares the effects of both
        }
    }

    #[test]
    fn a_service_left_alone_comes_to_rest_with_what_it_wants_and_no_more(
        steps in proptest::collection::vec(step(), 0..30),
    ) {
        let mut bench = two_tenants();
        for step in steps {
            take(&mut bench, step);
        }
        bench.settle();
        for view in bench.machine.services() {
            let row = view.row();
            let rolling = view.rollouts().last().is_some_and(|r| !r.state.ended());
            let failed = view.rollouts().last().is_some_and(|r| {
                r.state == crate::workload::RolloutState::Failed
            });
            if row.gone || rolling || failed || row.suspended_replicas.is_some() {
                continue;
            }
            if row.kind == crate::workload::Kind::Service && row.generation > 0 {
                prop_assert_eq!(view.held().slots, row.desired);
                prop_assert_eq!(view.held().per, view.current().template.spec.requests);
            }
        }
    }
}
