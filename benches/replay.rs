//! Whole replays: a scenario from its beginning to its figures, invoices included; events per second.
//!
//! The trace is parsed once, as in a sweep. `off` checks no invariant, `touched` what each event touches.

use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nimbus_core::time::Span;
use nimbus_sim::oracle::Mode;
use nimbus_sim::run::{Options, Prepared, Source, figures};

/// Scenarios, and how far the large ones run.
const SCENARIOS: [(&str, Option<i64>); 5] = [
    ("scenarios/quickstart", None),
    ("scenarios/web-nasa", None),
    ("scenarios/azure-vm-v1", None),
    ("benches/hosts-10k", None),
    ("scenarios/fleet-100k", Some(900)),
];

fn prepared(name: &str) -> Prepared {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("{name}.toml"));
    let text = std::fs::read_to_string(&file).expect("a bundled scenario is there");
    let source = Source {
        text,
        file: file.display().to_string(),
    };
    Prepared::new(&source, &[], None).expect("a bundled scenario is sound")
}

fn replay(c: &mut Criterion) {
    let mut group = c.benchmark_group("replay");
    group.sample_size(10);
    for (name, until) in SCENARIOS {
        let prepared = prepared(name);
        for (mode, oracles) in [("off", Mode::Off), ("touched", Mode::Touched)] {
            let until = until.map(Span::from_secs);
            let options = Options {
                oracles,
                until,
                ..Options::normal()
            };
            let run = || figures(&prepared, &options).expect("a bundled scenario holds");
            group.throughput(Throughput::Elements(run().2));
            group.bench_function(
                BenchmarkId::new(name.split('/').next_back().unwrap_or(name), mode),
                |b| b.iter(run),
            );
        }
    }
    group.finish();
}

criterion_group!(benches, replay);
criterion_main!(benches);
