//! Documents made by hand: small enough to read, full enough to show every part.

use nimbus_core::plan::PlanCode;
use nimbus_core::time::Time;

use crate::report::*;

const HOUR: i64 = 3_600;

fn usd(minor: i64) -> Money {
    Currency::default().money(minor)
}

fn header() -> Header {
    Header {
        scenario: "sample".to_owned(),
        title: "Two tenants share a pool that grows".to_owned(),
        scenario_hash: "5f2b".repeat(16),
        seed: 7,
        build: "0.1.0".to_owned(),
        start: Stamp(Time::from_secs(1_793_491_200)),
        duration_ms: 24 * HOUR * 1_000,
        events: 1_234_567,
        event_hash: "0123456789abcdef0123456789abcdef".to_owned(),
        ..Header::default()
    }
}

fn needed(pool: &str, peak: u64, cost: i64) -> NodesNeeded {
    NodesNeeded {
        pool: pool.to_owned(),
        nodes_p50: peak / 2,
        nodes_p95: peak - 1,
        nodes_peak: peak,
        lower_bound: Some(peak - 2),
        cost: usd(cost),
        cost_30d: usd(cost * 30),
    }
}

fn answer() -> Answer {
    Answer {
        headline: Vec::new(),
        all: needed("all", 16, 22_400),
        pools: vec![needed("general", 12, 14_400), needed("spot", 4, 8_000)],
        slo: vec![
            Promise {
                what: "99 % of pods are bound within".to_owned(),
                promised: "30 s".to_owned(),
                found: "12 s".to_owned(),
                ok: true,
            },
            Promise {
                what: "requests above capacity at most".to_owned(),
                promised: "0.1 %".to_owned(),
                found: "0.163 %".to_owned(),
                ok: false,
            },
        ],
        binding: Some(Binding {
            resource: "memory".to_owned(),
            peak_ppm: 972_300,
        }),
    }
}

/// A wave between `low` and `high` with a period of a day, in integers.
fn wave(step: i64, low: u64, high: u64) -> u64 {
    let phase = (step % 288).unsigned_abs();
    let up = if phase < 144 { phase } else { 288 - phase };
    low + (high - low) * up * up / (144 * 144)
}

fn at(points: i64) -> Vec<i64> {
    (0..points).map(|i| i * 24 * HOUR / points).collect()
}

fn series(points: i64, low: u64, high: u64) -> Vec<u64> {
    (0..points)
        .map(|i| wave(i * 288 / points, low, high))
        .collect()
}

fn capacity(points: i64) -> Capacity {
    let nodes: Vec<u64> = series(points, 400, 1_600).iter().map(|n| n / 100).collect();
    let offered = |per_node: u64| nodes.iter().map(|n| n * per_node).collect::<Vec<u64>>();
    Capacity {
        at_s: at(points),
        cpu: Levels {
            allocatable: offered(64_000),
            requested: series(points, 120_000, 940_000),
            used: series(points, 60_000, 610_000),
        },
        memory: Levels {
            allocatable: offered(256 << 30),
            requested: series(points, 500 << 30, 3_900 << 30),
            used: Vec::new(),
        },
        pods: Levels {
            allocatable: offered(110),
            requested: series(points, 90, 812),
            used: Vec::new(),
        },
        empty_nodes: nodes.iter().map(|n| n % 3).collect(),
        largest_free_cpu: series(points, 4_000, 64_000),
        largest_free_memory: series(points, 8 << 30, 256 << 30),
        nodes,
        node_seconds: Wide(i128::from(9 * 24 * HOUR)),
        fluid_node_seconds: Some(Wide(i128::from(8 * 24 * HOUR))),
        peak_nodes: 16,
        peak_lower_bound: Some(14),
    }
}

fn tally(what: &str, count: u64) -> Tally {
    Tally {
        what: what.to_owned(),
        count,
    }
}

fn scheduling(points: i64) -> Scheduling {
    let sample = |at_ms, kind: &str, text: &str| Explained {
        at_ms,
        kind: kind.to_owned(),
        text: text.to_owned(),
    };
    Scheduling {
        placed: 10_482,
        waited: 311,
        waiting: 2,
        refused_requests: 7,
        refused_pods: 19,
        refusals: vec![tally("cpu", 4), tally("memory", 0), tally("pods", 3)],
        pending: Percentiles {
            count: 10_482,
            p50_ms: 0,
            p90_ms: 850,
            p99_ms: 12_000,
            max_ms: 95_400,
        },
        waits_by_filter: vec![tally("cpu", 120), tally("memory", 291), tally("taints", 14)],
        at_s: at(points),
        pending_pods: (0..points)
            .map(|i| if i % 40 == 7 { 23 } else { 0 })
            .collect(),
        samples: vec![
            sample(
                0,
                "place",
                "shop-1 of acme/shop on general-3, busiest_cpu 81.3 % allocated; next general-1 with 62.5 % allocated; \
                 removed by cpu 2, taints 4",
            ),
            sample(
                61_000,
                "wait",
                "3 pods, first batch-9 of umbrella/batch wait for 4 cores and 16 GiB: 6 nodes, removed by cpu 4, memory 6; \
                 most free is general-2 with 3.5 cores and 9 GiB",
            ),
            sample(
                61_000,
                "pool",
                "general orders 2 nodes for 3 waiting pods, 8 nodes with them",
            ),
            sample(
                90_000,
                "scale",
                "acme/shop from 3 to 4: above the upper threshold, 84.2 % of 1.5 cores used",
            ),
            sample(
                120_000,
                "deny",
                "umbrella is refused 5 pods: cpu: 20 cores asked, 3.5 cores left in the quota",
            ),
        ],
    }
}

fn scaling(points: i64, service: &str) -> Scaling {
    Scaling {
        service: service.to_owned(),
        policy: "step: up above 70 %, down below 30 %, 1 to 20".to_owned(),
        up: 41,
        down: 39,
        requests: 8_640_112,
        violating: 14_050,
        violating_ppm: 1_627,
        overload_minutes: 12,
        pod_seconds: Wide(1_036_800),
        ideal_pod_seconds: Wide(871_200),
        reaction: Some(Percentiles {
            count: 9,
            p50_ms: 45_000,
            p90_ms: 60_000,
            p99_ms: 90_000,
            max_ms: 92_000,
        }),
        holds: vec![
            tally("between the thresholds", 2_510),
            tally("at its bound", 31),
            tally("no metric", 4),
        ],
        at_s: at(points),
        load_mrps: series(points, 12_000, 190_000),
        capacity_mrps: series(points, 40_000, 220_000),
        replicas: series(points, 2, 18),
    }
}

fn pool(points: i64, name: &str, peak: u64) -> Pool {
    Pool {
        name: name.to_owned(),
        cpu_m: 64_000,
        memory_bytes: 256 << 30,
        pods: 110,
        min: 2,
        max: 40,
        price_per_hour: 192_000_000,
        boots: 31,
        removals: 27,
        node_seconds: Wide(i128::from(5 * 24 * HOUR)),
        cost: usd(14_400),
        at_s: at(points),
        nodes: series(points, 2, peak),
        cpu_ppm: series(points, 210_000, 960_000),
    }
}

fn tenant(name: &str, plan: PlanCode) -> Tenant {
    Tenant {
        name: name.to_owned(),
        organization: name.to_owned(),
        plan,
        state: "active".to_owned(),
        quota: Amounts {
            cpu_m: 20_000,
            memory_bytes: 40 << 30,
            pods: 100,
        },
        peak: Amounts {
            cpu_m: 18_500,
            memory_bytes: 40 << 30,
            pods: 37,
        },
        placed: 5_241,
        refused_requests: 7,
        refused_pods: 19,
        cpu_millicore_seconds: Wide(335_923_200),
        memory_byte_seconds: Wide(450_868_486_864_896),
        in_doubt_seconds: 0,
        drift_seconds: 0,
        windows: 2_880,
        gaps: 0,
        samples: 2_880,
        chain_hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
    }
}

fn invoice(organization: &str) -> Invoice {
    let from = Stamp(Time::from_secs(1_793_491_200));
    let windows = Some(Windows {
        first: from,
        last: Stamp(Time::from_secs(1_793_577_570)),
        count: 2_880,
        root: "c0ffee".repeat(10),
    });
    let line =
        |description: &str, quantity: &str, unit: &str, price: &str, minor, windows| InvoiceLine {
            kind: "usage".to_owned(),
            tenant: Some(organization.to_owned()),
            description: description.to_owned(),
            quantity: quantity.to_owned(),
            unit: unit.to_owned(),
            price: price.to_owned(),
            amount: usd(minor),
            windows,
        };
    let mut plan = line(
        "Business plan, 24 of 720 hours",
        "0.0333333",
        "month",
        "49.00",
        163,
        None,
    );
    plan.tenant = None;
    Invoice {
        organization: organization.to_owned(),
        kind: "invoice".to_owned(),
        number: None,
        state: "draft".to_owned(),
        from,
        to: Stamp(Time::from_secs(1_796_083_200)),
        through: Stamp(Time::from_secs(1_793_577_600)),
        lines: vec![
            plan,
            line(
                "vCPU-hours",
                "93.312",
                "vCPU-hour",
                "0.0404800",
                378,
                windows.clone(),
            ),
            line("GiB-hours", "116.64", "GiB-hour", "0.0044450", 52, windows),
        ],
        subtotal: usd(593),
        credits: usd(-100),
        tax: usd(0),
        total: usd(493),
        document_hash: None,
    }
}

/// A run with every part, its series of so many points.
pub(crate) fn report(points: i64) -> Report {
    Report {
        header: header(),
        answer: answer(),
        expectations: vec![
            Expectation {
                text: "peak nodes".to_owned(),
                expected: "at most 16".to_owned(),
                found: "16".to_owned(),
                ok: true,
            },
            Expectation {
                text: "autoscaling steps".to_owned(),
                expected: "at most 60".to_owned(),
                found: "80".to_owned(),
                ok: false,
            },
        ],
        capacity: capacity(points),
        scheduling: scheduling(points),
        autoscaling: vec![scaling(points, "acme/shop")],
        pools: vec![pool(points, "general", 12), pool(points, "spot", 4)],
        tenants: vec![
            tenant("acme", PlanCode::Business),
            tenant("umbrella", PlanCode::Metered),
        ],
        invoices: vec![invoice("acme"), invoice("umbrella")],
        tables: Tables {
            usage_samples: 5_760,
            usage_intervals: 10_482,
            billed_windows: 5_760,
            window_runs: 812,
            decisions: 10_915,
        },
        notes: vec!["The pods of umbrella/batch end by themselves.".to_owned()],
        run: Some(Run {
            wall_ms: 412,
            cpu_ms: 409,
            events_per_s: 2_996_522,
            peak_rss_bytes: 41 << 20,
            host: "2 cores".to_owned(),
            oracles: "touched".to_owned(),
            driver: "fast".to_owned(),
            threads: 1,
        }),
    }
}

/// The same run, cheaper, against itself.
pub(crate) fn comparison() -> Comparison {
    let base = report(48);
    let mut head = report(48);
    head.answer.all.nodes_peak = 15;
    head.answer.all.cost = usd(20_160);
    head.autoscaling[0].up = 52;
    head.autoscaling[0].violating = 9_000;
    head.scheduling.waited = 0;
    head.capacity.nodes.iter_mut().for_each(|nodes| *nodes -= 1);
    let limits = ["cost <= +2%", "violations <= 0.1%", "actions <= +10"];
    let limits = limits.map(|limit| Limit::parse(limit).unwrap());
    Comparison::of(("busiest_cpu", &base), ("best_fit", &head), &limits)
}

/// A grid of three knobs.
pub(crate) fn sweep(seeds: u64) -> Sweep {
    let values = |values: &[u64]| values.iter().map(u64::to_string).collect::<Vec<_>>();
    let (ups, downs, cools) = ([50, 60, 70, 80], [20, 30, 40], [0, 60]);
    let knob = |key: &str, of: &[u64]| Knob {
        key: key.to_owned(),
        values: values(of),
    };
    let knobs = vec![
        knob("autoscaler.up", &ups),
        knob("autoscaler.down", &downs),
        knob("autoscaler.cooldown", &cools),
    ];
    let mut points = Vec::new();
    for up in ups {
        for down in downs {
            for cool in cools {
                let set = knobs
                    .iter()
                    .zip([up, down, cool])
                    .map(|(knob, value)| Setting {
                        key: knob.key.clone(),
                        value: value.to_string(),
                    });
                let trials = (0..seeds).map(|seed| Trial {
                    seed: 7 + seed,
                    cost_minor: i64::try_from(
                        40_000 - 210 * up - 70 * down + 12 * cool + 31 * seed,
                    )
                    .unwrap(),
                    violations_ppm: (up - 45) * (up - 45) * 3 + down * 9 + cool + seed,
                    pending_p99_ms: 1_200,
                    actions: 300 - 2 * up,
                    peak_nodes: 12,
                    event_hash: "00".repeat(16),
                    error: (up == 80 && down == 40).then(|| "up 80, down 40 oscillates".to_owned()),
                });
                let mut point = Point::of(set.collect(), trials.collect());
                point.slo_met = Some(up < 70);
                points.push(point);
            }
        }
    }
    Sweep::of(header(), knobs, (7..7 + seeds).collect(), points)
}

/// Two pools and one node fewer.
pub(crate) fn sizing() -> Sizing {
    let attempt = |counts: [u32; 2], ok, why: &str| Attempt {
        counts: counts.to_vec(),
        ok,
        why: why.to_owned(),
        cost_30d: usd(i64::from(counts[0]) * 14_016 + i64::from(counts[1]) * 9_000),
    };
    let fails = attempt(
        [11, 3],
        false,
        "99 % of pods are bound within 41 s, promised 30 s",
    );
    let attempts = vec![
        attempt([10, 3], false, "12 pods wait at the end"),
        fails.clone(),
        attempt([12, 3], true, "99 % of pods are bound within 12 s"),
    ];
    let pool = |name: &str, count: u32, below| PoolSize {
        pool: name.to_owned(),
        count,
        lower_bound: Some(count - 1),
        binding: Some("memory".to_owned()),
        below,
        cost_30d: usd(i64::from(count) * 14_016),
    };
    Sizing {
        header: header(),
        met: true,
        slo: vec![answer().slo[0].clone()],
        pools: vec![pool("general", 12, Some(fails)), pool("spot", 3, None)],
        cost_30d: usd(195_192),
        attempts,
        notes: Vec::new(),
        run: None,
    }
}

/// One of each kind.
pub(crate) fn documents() -> Vec<Document> {
    vec![
        report(48).into(),
        comparison().into(),
        sweep(3).into(),
        sizing().into(),
    ]
}
