//! What would follow from a request, against a whole service: the forecast comes true, and nothing is
//! written for it.

use std::sync::Arc;

use nimbus::cluster::sim::Scene;
use nimbus::replay::Origin;
use nimbus::replay::fork::{Forecast, Question, forecast};
use nimbus::shell::port::Ask;
use nimbus::store::{Page, Store};
use nimbus::system::testing::{self, Running};
use nimbus_core::cluster::PodSpec;
use nimbus_core::ids::TenantNo;
use nimbus_core::machine::{Message, Reply};
use nimbus_core::plan::PlanCode;
use nimbus_core::tenant::{self, NewTenant};
use nimbus_core::time::Span;
use nimbus_core::units::{Bytes, Cpu, Resources};
use nimbus_core::workload::{self, Deploy, Kind, Strategy};

async fn ask(running: &Running, message: impl Into<Message>) -> Reply {
    let ask = Ask {
        message: message.into(),
        by: "admin".into(),
        request: "test".into(),
        action: "test",
        subject: "test".into(),
        tenant: None,
        key: None,
        operation: None,
    };
    running.service.port.ask(ask).await.unwrap().reply
}

fn acme() -> tenant::Input {
    tenant::Input::Create(Arc::new(NewTenant {
        slug: "acme".into(),
        name: "Acme".into(),
        org: None,
        plan: PlanCode::Business,
        quota: None,
        isolation: None,
        labels: tenant::Labels::new(),
    }))
}

fn deploy(name: &str, replicas: u32) -> workload::Input {
    let spec = PodSpec {
        requests: Resources::pod(Cpu(900), Bytes::mib(256)),
        ..PodSpec::default()
    };
    workload::Input::Deploy(Arc::new(Deploy {
        tenant: TenantNo(0),
        app: name.into(),
        service: name.into(),
        kind: Kind::Service,
        image: "web:1".into(),
        spec: Arc::new(spec),
        replicas: Some(replicas),
        strategy: Strategy::default(),
        autoscale: None,
        starts: true,
        details: "".into(),
        by: "admin".into(),
    }))
}

fn foresee(scene: &Arc<Scene>, store: &Store, message: workload::Input) -> Forecast {
    let question = Question {
        message: message.into(),
        tenant: Some(TenantNo(0)),
        horizon: Span::from_secs(60),
    };
    let origin = Origin::read(store).unwrap();
    forecast(scene, &origin, &question, &mut || true).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forecast_comes_true_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let running = testing::start(folder.path()).await.unwrap();
    ask(&running, acme()).await;
    running.advance(Span::from_secs(5)).await;
    ask(&running, deploy("web", 2)).await;
    running.advance(Span::from_secs(30)).await;
    let (scene, store) = (running.service.scene.clone(), running.service.store.clone());

    let last = store.last().unwrap();
    let foreseen = foresee(&scene, &store, deploy("api", 5));
    let again = foresee(&scene, &store, deploy("api", 5));
    assert_eq!(foreseen, again);
    assert_eq!(store.last().unwrap(), last);
    assert_eq!(foreseen.placements.len(), 5);

    ask(&running, deploy("api", 5)).await;
    running.advance(Span::from_secs(30)).await;
    let service = match foreseen.reply {
        Some(Reply::Workload(Ok(workload::Answer::Deployed { no, .. }))) => no,
        other => panic!("{other:?}"),
    };
    let replicas = store.replicas(service, &Page::first(100)).unwrap();
    let replicas = replicas.items.into_iter();
    let placed: Vec<_> = replicas.map(|one| (one.pod, one.node_name)).collect();
    let foretold = foreseen.placements.iter();
    let foretold: Vec<_> = foretold
        .map(|p| (p.pod, Some(Arc::clone(&p.node))))
        .collect();
    assert_eq!(placed, foretold);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_starts_again_forks_the_same_state() {
    let folder = tempfile::tempdir().unwrap();
    let running = testing::start(folder.path()).await.unwrap();
    ask(&running, acme()).await;
    running.advance(Span::from_secs(5)).await;
    ask(&running, deploy("web", 2)).await;
    running.advance(Span::from_secs(200)).await;
    let (scene, store) = (running.service.scene.clone(), running.service.store.clone());
    let before = foresee(&scene, &store, deploy("api", 5));
    let (last, origin) = (store.last().unwrap(), Origin::read(&store).unwrap());
    drop(store);
    running.stop().await.unwrap();

    let running = testing::start(folder.path()).await.unwrap();
    let (scene, store) = (running.service.scene.clone(), running.service.store.clone());
    assert_eq!(store.last().unwrap(), last);
    let again = Origin::read(&store).unwrap();
    assert_eq!(again.rows.0, origin.rows.0);
    let after = foresee(&scene, &store, deploy("api", 5));
    assert_eq!(after.placements, before.placements);
    assert_eq!(after.event_hash, before.event_hash);
    drop(store);
    running.stop().await.unwrap();
}
