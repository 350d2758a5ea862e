//! The kernel alone: conductor, timers and hash, around machines that do next to nothing.
//!
//! Each event is one delivery: its canonical bytes and those of its effect are hashed, and it arms one
//! timer at a random delay. `pending` is the number of events in flight.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nimbus_core::conductor::{Conductor, Envelope};
use nimbus_core::machine::{Address, Class};
use nimbus_core::time::{Span, Time};
use serde::Serialize;

/// Events of one measurement.
const EVENTS: u64 = 200_000;

#[derive(Clone, Copy, Serialize)]
struct Ping {
    process: u32,
    state: u64,
}

#[derive(Serialize)]
enum Effect {
    At(Time, Ping),
}

impl Envelope for Ping {
    fn address(&self) -> Address {
        Address::Tenant
    }
    fn class(&self) -> Class {
        Class::Arrival
    }
}

/// xorshift: the draw must not be what is measured.
fn next(state: u64) -> u64 {
    let mut x = state | 1;
    x ^= x << 13;
    x ^= x >> 7;
    x ^ (x << 17)
}

fn delay(state: u64) -> Span {
    Span((state % 1_000_000).cast_signed() + 1)
}

struct Kernel {
    conductor: Conductor<Ping>,
}

impl Kernel {
    fn new(pending: u32) -> Kernel {
        let mut conductor = Conductor::default();
        conductor.begin(Time::ZERO, 1);
        let mut state = 88_172_645_463_325_252;
        for process in 0..pending {
            state = next(state);
            conductor.at(None, Time::ZERO + delay(state), Ping { process, state });
        }
        assert!(conductor.batch().is_ok_and(|batch| batch.is_none()));
        Kernel { conductor }
    }

    fn run(&mut self, events: u64) {
        let until = self.conductor.events() + events;
        while self.conductor.events() < until {
            let Some(now) = self.conductor.next_timer() else {
                return;
            };
            self.conductor.begin(now, 1);
            while let Ok(Some(mut batch)) = self.conductor.batch() {
                for delivery in batch.deliveries.drain(..) {
                    let Ping { process, state } = delivery.message;
                    self.conductor.open(&delivery.message);
                    let state = next(state);
                    let (at, ping) = (batch.now + delay(state), Ping { process, state });
                    self.conductor
                        .close(Address::Tenant, 0, &[Effect::At(at, ping)]);
                    self.conductor.at(delivery.root, at, ping);
                }
                self.conductor.recycle(batch.class, batch.deliveries);
            }
        }
    }
}

fn kernel(c: &mut Criterion) {
    let mut group = c.benchmark_group("kernel");
    group
        .throughput(Throughput::Elements(EVENTS))
        .sample_size(10);
    for pending in [1_000u32, 20_000, 1_000_000] {
        let mut kernel = Kernel::new(pending);
        group.bench_function(BenchmarkId::new("events", pending), |b| {
            b.iter(|| kernel.run(EVENTS))
        });
    }
    group.finish();
}

criterion_group!(benches, kernel);
criterion_main!(benches);
