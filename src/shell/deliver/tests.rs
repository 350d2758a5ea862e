//! Shells against a plain loop.

use std::sync::Arc;

use nimbus_core::cluster::Event;
use nimbus_core::ids::TenantNo;
use nimbus_core::machine::Outbox;
use nimbus_core::machines::Config;
use nimbus_core::plan::PlanCode;
use nimbus_core::tenant::NewTenant;
use nimbus_core::time::Time;
use proptest::prelude::*;

use super::*;
use crate::shell::actor::Trap;

fn create(name: u8) -> Message {
    let slug: Arc<str> = format!("t{name}").into();
    let new = NewTenant {
        name: Arc::clone(&slug),
        slug,
        org: None,
        plan: PlanCode::Free,
        quota: None,
        isolation: None,
        labels: tenant::Labels::new(),
    };
    tenant::Input::Create(Arc::new(new)).into()
}

fn begin(conductor: &mut Conductor<Message>, at: i64, group: &[u8]) {
    conductor.begin(Time::from_secs(at), u128::from(at.cast_unsigned()));
    for &name in group {
        let root = conductor.root();
        if name < 100 {
            conductor.join(root, create(name));
        } else {
            let (tenant, uid) = (TenantNo(u32::from(name - 100)), 7);
            Event::SpaceReady { tenant, uid }.deliver(|message| conductor.join(root, message));
        }
    }
}

/// Puts effects back; returns those that leave.
fn route(
    conductor: &mut Conductor<Message>,
    root: Option<u32>,
    effects: Vec<Effect>,
) -> Vec<Effect> {
    let mut leave = Vec::new();
    for effect in effects {
        match effect {
            Effect::Send(Message::Cluster(_)) => leave.push(effect),
            Effect::Send(message) => conductor.send(root, message),
            Effect::At(at, message) => conductor.at(root, at, message),
            _ => leave.push(effect),
        }
    }
    leave
}

type Groups = Vec<(i64, Vec<u8>)>;

fn plainly(groups: &Groups) -> (EventHash, Vec<Effect>) {
    let mut conductor = Conductor::default();
    let mut machines = Machines::new(&Config::default());
    let mut out = Outbox::default();
    let mut left = Vec::new();
    for (at, group) in groups {
        begin(&mut conductor, *at, group);
        while let Some(batch) = conductor.batch().unwrap() {
            for delivery in batch.deliveries {
                let address = delivery.message.address();
                let (seed, drawn) = conductor.open(&delivery.message);
                out.begin(seed, address, drawn);
                machines.handle(batch.now, delivery.message, &mut out);
                conductor.close(address, out.drawn(), out.effects());
                left.extend(route(&mut conductor, delivery.root, out.take()));
            }
        }
    }
    (conductor.hash(), left)
}

async fn by_shells(groups: &Groups) -> (EventHash, Vec<Effect>) {
    let mut conductor = Conductor::default();
    let shells = Shells::start(Machines::new(&Config::default()));
    let mut left = Vec::new();
    for (at, group) in groups {
        begin(&mut conductor, *at, group);
        while let Some(batch) = conductor.batch().unwrap() {
            for handled in shells.deliver(&mut conductor, batch).await.unwrap() {
                left.extend(route(&mut conductor, handled.root, handled.effects));
            }
        }
    }
    (conductor.hash(), left)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn shells_have_the_effects_and_the_hash_of_a_plain_loop(
        groups in proptest::collection::vec((0i64..400, proptest::collection::vec(prop_oneof![0u8..9, 100u8..109], 0..9)), 1..12)
    ) {
        let system = actix::System::new();
        let shells = system.block_on(by_shells(&groups));
        prop_assert_eq!(shells, plainly(&groups));
    }
}

#[test]
fn a_panic_names_its_root_and_nothing_is_handled_before_the_machine_is_replaced() {
    actix::System::new().block_on(async {
        let mut conductor = Conductor::default();
        let shells = Shells::start(Machines::new(&Config::default()));
        shells.tenants.send(Trap("t2".into())).await.unwrap();

        begin(&mut conductor, 1, &[1, 2, 3]);
        let batch = conductor.batch().unwrap().unwrap();
        let broken = shells.deliver(&mut conductor, batch).await.unwrap_err();
        assert!(
            matches!(broken, Broken::Poisoned { root: Some(1), .. }),
            "{broken:?}"
        );
        assert_eq!(broken.to_string(), "handling it panicked: a planted panic");

        let mut conductor = Conductor::default();
        begin(&mut conductor, 2, &[1]);
        let batch = conductor.batch().unwrap().unwrap();
        shells.deliver(&mut conductor, batch).await.unwrap_err();

        shells
            .replace(Machines::new(&Config::default()))
            .await
            .unwrap();
        let mut conductor = Conductor::default();
        begin(&mut conductor, 2, &[1]);
        let batch = conductor.batch().unwrap().unwrap();
        let handled = shells.deliver(&mut conductor, batch).await.unwrap();
        assert_eq!(handled.len(), 1);
        let observed = shells.ping().await.unwrap()[0].1;
        assert_eq!((observed.faults, observed.restarts), (1, 1));
    });
}
