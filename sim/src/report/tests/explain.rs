//! Decisions in words.

use std::borrow::Cow;

use nimbus_core::explain::*;
use nimbus_core::ids::{NodeNo, PodNo, PoolNo, ServiceNo, TenantNo};
use nimbus_core::time::{Span, Time};
use nimbus_core::units::{Bytes, Cpu, Resources};

use crate::report::explain::{Names, explained};

struct Ordinals;

impl Names for Ordinals {
    fn tenant(&self, tenant: TenantNo) -> Cow<'_, str> {
        format!("tenant-{}", tenant.0).into()
    }
    fn service(&self, service: ServiceNo) -> Cow<'_, str> {
        format!("acme/service-{}", service.0).into()
    }
    fn node(&self, node: NodeNo) -> Cow<'_, str> {
        format!("node-{}", node.0).into()
    }
    fn pool(&self, pool: PoolNo) -> Cow<'_, str> {
        format!("pool-{}", pool.0).into()
    }
    fn pod(&self, pod: PodNo) -> Cow<'_, str> {
        format!("pod-{}", pod.0).into()
    }
}

#[track_caller]
fn check(decision: impl Into<Decision>, kind: &str, text: &str) {
    let found = explained(Time(0), Time::from_secs(2), &decision.into(), &Ordinals);
    assert_eq!(
        (found.at_ms, found.kind.as_str(), found.text.as_str()),
        (2_000, kind, text)
    );
}

fn place(rule: ScoreKind, runner_up: Option<RunnerUp>) -> Place {
    Place {
        pod: PodNo(1),
        service: ServiceNo(2),
        tenant: TenantNo(0),
        node: NodeNo(3),
        rule,
        score_ppm: 812_500,
        runner_up,
        removed: Removed([2, 0, 0, 0, 0, 0, 0, 0, 4]),
        waited: Span::from_secs(90),
    }
}

#[test]
fn a_placement_names_winner_runner_up_and_filters() {
    let other = |lacks_score| {
        Some(RunnerUp {
            node: NodeNo(5),
            score_ppm: 600_000,
            lacks_score,
        })
    };
    check(
        place(ScoreKind::BusiestCpu, other(true)),
        "place",
        "pod-1 of acme/service-2 on node-3, busiest_cpu 81.3 % allocated; next node-5 with 60 % allocated; \
         removed by cpu 2, taints 4; waited 1 min 30 s",
    );
    check(
        place(ScoreKind::BestFit, other(false)),
        "place",
        "pod-1 of acme/service-2 on node-3, best_fit 81.3 % left over; node-5 scores the same and came later; \
         removed by cpu 2, taints 4; waited 1 min 30 s",
    );
    check(
        place(ScoreKind::FirstFit, None),
        "place",
        "pod-1 of acme/service-2 on node-3, the lowest ordinal that fits; no other node was feasible; \
         removed by cpu 2, taints 4; waited 1 min 30 s",
    );
}

#[test]
fn a_wait_names_what_is_asked_and_what_is_free() {
    let wait = Wait {
        pod: PodNo(9),
        count: 3,
        service: ServiceNo(2),
        tenant: TenantNo(0),
        asks: Resources::pod(Cpu(4_000), Bytes::gib(16)),
        nodes: 6,
        removed: Removed([4, 6, 0, 0, 0, 0, 0, 0, 0]),
        largest_free: Some((NodeNo(2), Resources::pod(Cpu(3_500), Bytes::gib(9)))),
    };
    check(
        wait,
        "wait",
        "3 pods, first pod-9 of acme/service-2 wait for 4 cores and 16 GiB: 6 nodes, removed by cpu 4, memory 6; \
         most free is node-2 with 3.5 cores and 9 GiB",
    );
    check(
        Wait {
            count: 1,
            removed: Removed::default(),
            largest_free: None,
            nodes: 0,
            ..wait
        },
        "wait",
        "pod-9 of acme/service-2 waits for 4 cores and 16 GiB: 0 nodes",
    );
}

#[test]
fn a_scale_names_reason_and_use() {
    let scale = Scale {
        service: ServiceNo(1),
        from: 3,
        to: 4,
        reason: ScaleReason::AboveUp,
        used_m: Some(1_263),
        requested_m: 1_500,
    };
    check(
        scale,
        "scale",
        "acme/service-1 from 3 to 4: above the upper threshold, 84.2 % of 1.5 cores used",
    );
    let hold = Scale {
        to: 3,
        reason: ScaleReason::NoMetric,
        used_m: None,
        ..scale
    };
    check(
        hold,
        "scale",
        "acme/service-1 stays at 3: no metric, use unknown",
    );
}

#[test]
fn a_denial_and_a_pool_change_name_their_numbers() {
    let deny = Deny {
        tenant: TenantNo(7),
        asks: Resources {
            cpu: Cpu(20_000),
            memory: Bytes::gib(1),
            pods: 5,
        },
        lacks: Lack::Cpu {
            asked: 20_000,
            left: 3_500,
        },
    };
    check(
        deny,
        "deny",
        "tenant-7 is refused 5 pods: cpu: 20 cores asked, 3.5 cores left in the quota",
    );
    let order = PoolChange {
        pool: PoolNo(0),
        booted: 2,
        removed: None,
        waiting: 3,
        nodes: 8,
    };
    check(
        order,
        "pool",
        "pool-0 orders 2 nodes for 3 waiting pods, 8 nodes with them",
    );
    let back = PoolChange {
        removed: Some(NodeNo(4)),
        nodes: 1,
        ..order
    };
    check(back, "pool", "pool-0 gives back node-4, 1 node left");
}
