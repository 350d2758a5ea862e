//! Bare pods.

use super::bench::{Bench, batch, pods};
use crate::ids::{ServiceNo, TenantNo};
use crate::machine::Reply;
use crate::time::Span;
use crate::units::Resources;
use crate::workload::{Answer, Config, Deploy, Input, Refusal, ServiceStatus};

fn run(service: ServiceNo, count: u32) -> Input {
    Input::Run {
        service,
        lifetime: Some(Span::from_secs(60)),
        count,
    }
}

fn end(bench: &mut Bench, service: ServiceNo, count: usize) {
    let mut events = Vec::new();
    bench.cluster.end_bare(service, count, &mut events);
    bench.tell(events);
}

#[test]
fn a_run_reserves_and_each_end_frees() {
    let mut bench = Bench::new();
    let jobs = bench.deploy(batch("jobs", 100));
    assert_eq!(
        bench.used(),
        Resources::ZERO,
        "a batch service alone takes nothing"
    );
    assert_eq!(bench.ask(run(jobs, 3)), Ok(Answer::Running { count: 3 }));
    assert_eq!(bench.cluster.runs, [(jobs, 1, 3)]);
    assert_eq!(bench.used(), pods(100, 3));
    let view = bench.machine.service(jobs).unwrap();
    assert_eq!((view.ready(), view.status()), (3, ServiceStatus::Ready));
    end(&mut bench, jobs, 2);
    assert_eq!(bench.used(), pods(100, 1));
    end(&mut bench, jobs, 1);
    assert_eq!(
        bench.machine.service(jobs).unwrap().status(),
        ServiceStatus::Stopped
    );
}

#[test]
fn a_run_is_all_or_nothing() {
    let mut bench = Bench::with(Config::default(), pods(100, 4));
    let jobs = bench.deploy(batch("jobs", 100));
    let replies = bench.group(vec![
        run(jobs, 3).into(),
        run(jobs, 2).into(),
        run(jobs, 1).into(),
    ]);
    let admitted: Vec<bool> = replies
        .iter()
        .map(|reply| matches!(reply.as_slice(), [Reply::Workload(Ok(_))]))
        .collect();
    assert_eq!(admitted, [true, false, true]);
    assert_eq!(bench.used(), pods(100, 4));
}

#[test]
fn runs_are_refused_with_a_reason() {
    let mut bench = Bench::new();
    bench.add(TenantNo(1), pods(100, 4));
    let early = bench.deploy(Deploy {
        tenant: TenantNo(1),
        ..batch("jobs", 100)
    });
    let reply = bench.ask(run(early, 1));
    assert!(matches!(reply, Err(Refusal::State { .. })), "{reply:?}");
    let jobs = bench.deploy(batch("jobs", 100));
    for count in [0, u32::MAX] {
        let reply = bench.ask(run(jobs, count));
        assert!(matches!(reply, Err(Refusal::Invalid { .. })), "{reply:?}");
    }
    bench.ask(Input::Delete { service: jobs }).unwrap();
    assert_eq!(bench.ask(run(jobs, 1)), Err(Refusal::NoService(jobs)));
}

#[test]
fn another_size_is_reserved_for_the_larger_one_while_both_run() {
    let mut bench = Bench::new();
    let jobs = bench.deploy(batch("jobs", 100));
    bench.ask(run(jobs, 2)).unwrap();
    bench.deploy(batch("jobs", 300));
    assert_eq!(bench.used(), pods(300, 2));
    bench.ask(run(jobs, 1)).unwrap();
    assert_eq!(bench.cluster.runs.last(), Some(&(jobs, 2, 1)));
    assert_eq!(bench.used(), pods(300, 3));
    end(&mut bench, jobs, 3);
    assert_eq!(bench.used(), Resources::ZERO);
    bench.deploy(batch("jobs", 100));
    bench.ask(run(jobs, 1)).unwrap();
    assert_eq!(bench.used(), pods(100, 1));
}

#[test]
fn a_deleted_batch_service_waits_for_its_pods() {
    let mut bench = Bench::new();
    let jobs = bench.deploy(batch("jobs", 100));
    bench.ask(run(jobs, 2)).unwrap();
    bench.ask(Input::Delete { service: jobs }).unwrap();
    assert_eq!(
        bench.machine.service(jobs).unwrap().status(),
        ServiceStatus::Deleting
    );
    bench.settle();
    assert_eq!(
        bench.machine.service(jobs).unwrap().status(),
        ServiceStatus::Gone
    );
    assert_eq!(bench.used(), Resources::ZERO);
}
