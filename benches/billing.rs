//! Bench of the noun `billing`: intervals, samples, drafts.
//!
//! A sample is one service in one usage tick; an interval is one pod bound and finished.

use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use nimbus_core::billing::{Billing, Config, Input};
use nimbus_core::cluster::{ServiceUsage, UsageTick};
use nimbus_core::ids::{OrgNo, PodNo, ServiceNo, SpecNo, TenantNo};
use nimbus_core::machine::{Machine, Outbox};
use nimbus_core::plan::PlanCode;
use nimbus_core::time::Time;
use nimbus_core::units::{Bytes, Cpu, Resources};

const TENANTS: u32 = 100;
const SERVICES: u32 = 1_600;
const INTERVALS: u64 = 100_000;

/// A machine and the outbox that it is driven with.
#[derive(Clone)]
struct Driven {
    billing: Billing,
}

impl Driven {
    fn new() -> Driven {
        let mut driven = Driven {
            billing: Billing::new(Config::default()),
        };
        let requests = Resources::pod(Cpu(500), Bytes::mib(512));
        let plan = PlanCode::Business;
        let mut out = Outbox::default();
        driven.tell(
            0,
            Input::OrgOpened {
                org: OrgNo(0),
                plan,
            },
            &mut out,
        );
        driven.tell(
            0,
            Input::SpecSeen {
                spec: SpecNo(0),
                requests,
            },
            &mut out,
        );
        for tenant in (0..TENANTS).map(TenantNo) {
            driven.tell(
                0,
                Input::TenantOpened {
                    tenant,
                    org: OrgNo(0),
                },
                &mut out,
            );
        }
        driven
    }

    fn tell(&mut self, now_ms: i64, input: Input, out: &mut Outbox) {
        self.billing.handle(Time(now_ms * 1_000), input, out);
        drop(out.drain());
    }

    fn bind(&mut self, now_ms: i64, pod: u64, out: &mut Outbox) {
        let service = u32::try_from(pod % u64::from(SERVICES)).expect("below 1,600");
        let input = Input::Bound {
            pod: PodNo(pod),
            spec: SpecNo(0),
            tenant: TenantNo(service % TENANTS),
            service: ServiceNo(service),
        };
        self.tell(now_ms, input, out);
    }
}

/// Bound and finished, one every `step_ms`, with 1,000 open at once.
fn intervals(step_ms: i64) -> Billing {
    let mut driven = Driven::new();
    let mut out = Outbox::default();
    for pod in 0..INTERVALS + 1_000 {
        let now_ms = i64::try_from(pod).expect("small") * step_ms;
        if pod < INTERVALS {
            driven.bind(now_ms, pod, &mut out);
        }
        if let Some(old) = pod.checked_sub(1_000) {
            driven.tell(now_ms, Input::Finished { pod: PodNo(old) }, &mut out);
        }
    }
    driven.billing
}

fn metering(c: &mut Criterion) {
    let mut group = c.benchmark_group("billing/intervals");
    group.throughput(Throughput::Elements(INTERVALS));
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500));
    group.measurement_time(Duration::from_secs(3));
    group.bench_function("every_10_ms", |b| b.iter(|| intervals(10)));
    group.bench_function("every_500_ms", |b| b.iter(|| intervals(500)));
    group.finish();
}

fn samples(c: &mut Criterion) {
    let mut driven = Driven::new();
    let mut out = Outbox::default();
    for pod in 0..u64::from(SERVICES) * 10 {
        driven.bind(1_000, pod, &mut out);
    }
    let services: Vec<ServiceUsage> = (0..SERVICES)
        .map(|service| ServiceUsage {
            service: ServiceNo(service),
            tenant: TenantNo(service % TENANTS),
            used_m: Some(2_500),
            requested_m: 5_000,
            requested_memory: 10 << 29,
            ready: 10,
            bound: 10,
        })
        .collect();
    let mut second = 60;
    let mut group = c.benchmark_group("billing/samples");
    group.throughput(Throughput::Elements(u64::from(SERVICES)));
    group.warm_up_time(Duration::from_millis(500));
    group.measurement_time(Duration::from_secs(3));
    group.bench_function("tick_of_1600_services", |b| {
        b.iter_batched(
            || {
                second += 30;
                let services = services.clone();
                let sampled_at = Time::from_secs(second);
                (
                    second,
                    Arc::new(UsageTick {
                        sampled_at,
                        services,
                    }),
                )
            },
            |(second, tick)| driven.tell(second * 1_000, Input::Usage(tick), &mut out),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn drafts(c: &mut Criterion) {
    let mut driven = Driven::new();
    let mut out = Outbox::default();
    for pod in 0..10_000u64 {
        let now_ms = i64::try_from(pod).expect("small") * 45_000;
        // All of one service: the first tenant's chain gets a link for nearly every pod.
        driven.bind(now_ms, pod * u64::from(SERVICES), &mut out);
    }
    let now = Time(10_000 * 45_000_000);
    let runs = driven.billing.metered(now)[0].runs;
    assert!(runs >= 10_000, "{runs}");
    let mut group = c.benchmark_group("billing/draft");
    group.throughput(Throughput::Elements(1)); // drafts: their cost does not grow with the runs
    group.warm_up_time(Duration::from_millis(500));
    group.measurement_time(Duration::from_secs(3));
    group.bench_function("100_tenants_one_with_10000_runs", |b| {
        b.iter(|| driven.billing.draft(OrgNo(0), now));
    });
    group.finish();
}

criterion_group!(benches, metering, samples, drafts);
criterion_main!(benches);
