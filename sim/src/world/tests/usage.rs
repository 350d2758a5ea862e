//! Samples, and requests above capacity.

use std::sync::Arc;

use nimbus_core::cluster::{Event, ServiceUsage, UsageTick};

use super::super::{Rate, Served, Use};
use super::*;

/// A rate that jumps from one value to another.
#[derive(Debug)]
struct Jump(Time, u64, u64);

impl Rate for Jump {
    fn rate(&self, at: Time) -> u64 {
        if at < self.0 { self.1 } else { self.2 }
    }
}

fn ticks(run: &Run) -> Vec<(i64, UsageTick)> {
    let tick = |(at, event): &(i64, Event)| match event {
        Event::Usage(tick) => Some((*at, UsageTick::clone(tick))),
        _ => None,
    };
    run.seen.iter().filter_map(tick).collect()
}

#[test]
fn a_sample_has_one_sum_per_service_and_comes_after_its_lag() {
    let mut run = Run::new(Config {
        pools: vec![pool("n", 1, 8)],
        metrics_lag: Span::from_secs(7),
        ..Config::default()
    });
    run.world.set_use(
        at(0),
        WEB,
        Use {
            idle_ppm: 250_000,
            ..Use::default()
        },
    );
    run.run_pods(2, 1_000, Some(40));
    run.tell(Command::RunPods {
        tenant: TENANT,
        service: ServiceNo(3),
        revision: 1,
        spec: spec(500, 64),
        count: 1,
        lifetime: None,
    });
    run.until(70);
    let one = ServiceUsage {
        service: WEB,
        tenant: TENANT,
        used_m: Some(500),
        requested_m: 2_000,
        requested_memory: Bytes::mib(256).0,
        ready: 2,
        bound: 2,
    };
    let other = ServiceUsage {
        service: ServiceNo(3),
        tenant: TENANT,
        used_m: None,
        requested_m: 500,
        requested_memory: Bytes::mib(64).0,
        ready: 1,
        bound: 1,
    };
    let tick = |secs, services: &[ServiceUsage]| UsageTick {
        sampled_at: at(secs),
        services: services.to_vec(),
    };
    assert_eq!(
        ticks(&run),
        [(37, tick(30, &[one, other])), (67, tick(60, &[other]))]
    );
}

#[test]
fn use_is_capped_by_what_is_ready_and_requests_above_nine_tenths_are_counted() {
    let mut run = Run::plain(1);
    // 20 ms of cpu a request: one core serves 50/s, 45/s without a violation.
    let load = Use {
        idle_ppm: 0,
        loads: vec![
            Arc::new(Jump(at(60), 40_000, 70_000)),
            Arc::new(Jump(at(0), 0, 0)),
        ],
        cpu_per_request: Span(20_000),
    };
    run.world.set_use(at(0), WEB, load);
    run.run_pods(1, 1_000, None);
    run.until(60);
    run.run_pods(1, 1_000, None); // two cores from 60 s on, but the sample sees one
    run.until(90);
    let used: Vec<Option<u64>> = ticks(&run)
        .iter()
        .map(|(_, tick)| tick.services[0].used_m)
        .collect();
    assert_eq!(used, [Some(800), Some(1_000), Some(1_400)]);
    // 60 s × 40 + 30 s × 70 requests; none above 90: at 60 s the second core is there.
    assert_eq!(
        run.world.served(WEB, at(90)),
        Some(Served {
            requests_milli: 4_500_000,
            over_milli: 0
        })
    );
    // One core less for the last ten seconds: 70 − 45 = 25 a second above.
    run.tell(Command::StopPods { service: WEB });
    run.run_pods(1, 1_000, None);
    run.until(100);
    assert_eq!(
        run.world.served(WEB, at(100)),
        Some(Served {
            requests_milli: 5_200_000,
            over_milli: 250_000
        })
    );
    // Nothing ready: all of them.
    run.tell(Command::StopPods { service: WEB });
    run.until(102);
    assert_eq!(
        run.world.served(WEB, at(102)),
        Some(Served {
            requests_milli: 5_340_000,
            over_milli: 390_000
        })
    );
    assert_eq!(run.world.served(ServiceNo(8), at(102)), None);
}

#[test]
fn used_cpu_holds_from_sample_to_sample() {
    let mut run = Run::plain(1);
    run.world.set_use(
        at(0),
        WEB,
        Use {
            idle_ppm: 500_000,
            ..Use::default()
        },
    );
    run.run_pods(1, 2_000, Some(45)); // seen at 30 s, gone at 60 s
    run.until(100);
    assert_eq!(run.world.totals(at(100)).used_cpu, 1_000 * 30_000_000);
}

#[test]
fn no_period_means_no_sample() {
    let mut run = Run::new(Config {
        pools: vec![pool("n", 1, 8)],
        metrics_period: Span::ZERO,
        ..Config::default()
    });
    run.run_pods(1, 1_000, Some(10));
    run.until(1_000);
    assert!(ticks(&run).is_empty());
    assert_eq!(run.world.next(), None);
}
