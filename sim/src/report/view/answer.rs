//! What the run was for: sentences, the figures that stand first, nodes per pool.

use super::super::format;
use super::super::model::{NodesNeeded, Promise, Report, Scaling, Unit};
use super::super::page::{Card, Cell, Mood, Section, Table};

/// The sentences that answer.
pub(super) fn headline(report: &Report) -> Vec<(String, Mood)> {
    let plain = |line: String| (line, Mood::Plain);
    let mut lines: Vec<_> = report.answer.headline.iter().cloned().map(plain).collect();
    lines.extend(nodes(report).map(plain));
    lines.extend(cost(report).map(plain));
    lines.extend(report.answer.slo.iter().map(promise));
    lines.extend(autoscaling(report).map(plain));
    lines.extend(refused(report).map(plain));
    lines.extend(invoiced(report).map(plain));
    lines
}

fn nodes(report: &Report) -> Option<String> {
    let all = &report.answer.all;
    if all.nodes_peak == 0 {
        return None;
    }
    let nodes = format::of(all.nodes_peak, "node", "nodes");
    let mut text = format!("{nodes} at the peak");
    if all.nodes_p95 != all.nodes_peak {
        text += &format!(" ({} for 95 % of the time)", count(all.nodes_p95));
    }
    if let Some(bound) = all.lower_bound {
        text += &format!("; no packing needs fewer than {}", count(bound));
    }
    if let Some(binding) = &report.answer.binding {
        let share = format::percent(i128::from(binding.peak_ppm));
        let resource = format::visible(&binding.resource);
        text += &format!("; {resource} binds with {share} requested");
    }
    Some(text + ".")
}

fn cost(report: &Report) -> Option<String> {
    let all = &report.answer.all;
    (all.cost.minor != 0).then(|| {
        let run = format::duration(i128::from(report.header.duration_ms));
        let (cost, month) = (format::money(&all.cost), format::money(&all.cost_30d));
        format!("Nodes cost {cost} over {run}, {month} per 30 days.")
    })
}

fn promise(promise: &Promise) -> (String, Mood) {
    let (word, mood) = if promise.ok {
        ("Kept", Mood::Good)
    } else {
        ("Broken", Mood::Bad)
    };
    let Promise {
        what,
        promised,
        found,
        ..
    } = promise;
    (format!("{word}: {what} {promised}; found {found}."), mood)
}

fn autoscaling(report: &Report) -> Option<String> {
    let (requests, violating) = requests(report);
    (requests > 0).then(|| {
        let steps = report
            .autoscaling
            .iter()
            .map(|s| s.up.saturating_add(s.down));
        let steps = format::of(steps.fold(0, u64::saturating_add), "step", "steps");
        let share = format::percent(share_ppm(violating, requests));
        let requests = format::of(requests, "request", "requests");
        format!("Autoscaling took {steps}; {share} of {requests} came above ready capacity.")
    })
}

/// `part / whole` in ppm, rounded up, so that what is not zero does not show as zero.
pub(in super::super) fn share_ppm(part: u64, whole: u64) -> i128 {
    i128::try_from((u128::from(part) * 1_000_000).div_ceil(u128::from(whole.max(1)))).unwrap_or(0)
}

fn refused(report: &Report) -> Option<String> {
    let scheduling = &report.scheduling;
    let pods = format::of(scheduling.placed, "pod", "pods");
    match (scheduling.placed, scheduling.refused_requests) {
        (0, 0) => None,
        (_, 0) => Some(format!("{pods} placed, none refused.")),
        (_, refused) => {
            let refused = format::of(refused, "request", "requests");
            Some(format!(
                "{pods} placed; {refused} refused by quota, plan or state."
            ))
        }
    }
}

fn invoiced(report: &Report) -> Option<String> {
    let total = super::tenants::total(report)?;
    Some(format!(
        "{} come to {}.",
        invoices(report),
        format::money(&total)
    ))
}

/// The figures that stand first, at most six.
pub(super) fn cards(report: &Report) -> Vec<Card> {
    let mut cards = node_cards(report);
    let scheduling = &report.scheduling;
    if scheduling.pending.count > 0 {
        let longest = format::duration(i128::from(scheduling.pending.max_ms));
        let p99 = format::duration(i128::from(scheduling.pending.p99_ms));
        cards.push(Card::new("Wait, p99", p99, format!("longest {longest}")));
    }
    if scheduling.placed > 0 {
        let refused = scheduling.refused_requests;
        let refused = format::of(refused, "request refused", "requests refused");
        cards.push(Card::new("Pods placed", count(scheduling.placed), refused));
    }
    let (requests, violating) = requests(report);
    if requests > 0 {
        let share = format::percent(share_ppm(violating, requests));
        let note = format!("of {} requests", count(requests));
        cards.push(Card::new("Above capacity", share, note));
    }
    if let Some(total) = super::tenants::total(report) {
        cards.push(Card::new(
            "Invoiced",
            format::money(&total),
            invoices(report),
        ));
    }
    cards
}

fn node_cards(report: &Report) -> Vec<Card> {
    let all = &report.answer.all;
    let mut cards = Vec::new();
    if all.nodes_peak > 0 {
        let bound = all
            .lower_bound
            .map(|bound| format!("lower bound {}", count(bound)));
        let bound = bound.unwrap_or_default();
        cards.push(Card::new("Peak nodes", count(all.nodes_peak), bound));
    }
    if all.cost.minor != 0 {
        let run = format!("{} in the run", format::money(&all.cost));
        cards.push(Card::new(
            "Nodes, 30 days",
            format::money(&all.cost_30d),
            run,
        ));
    }
    cards
}

/// All requests, and those above ready capacity.
fn requests(report: &Report) -> (u64, u64) {
    let add = |(requests, violating): (u64, u64), scaling: &Scaling| {
        (
            requests.saturating_add(scaling.requests),
            violating.saturating_add(scaling.violating),
        )
    };
    report.autoscaling.iter().fold((0, 0), add)
}

fn invoices(report: &Report) -> String {
    let number = u64::try_from(report.invoices.len()).unwrap_or(u64::MAX);
    format::of(number, "invoice", "invoices")
}

fn count(value: u64) -> String {
    format::count(i128::from(value))
}

/// Nodes per pool.
pub(super) fn section(report: &Report) -> Section {
    let mut section = Section::new("answer", "Nodes needed");
    let table = Table::new(
        "nodes",
        "",
        &[
            "pool:pool",
            "p50>p50",
            "p95>p95",
            "peak>peak",
            "lower_bound>lower bound",
            "cost>cost of the run",
            "cost_30d>cost of 30 days",
        ],
    );
    let answer = &report.answer;
    let all =
        (answer.pools.len() != 1 && answer.all != NodesNeeded::default()).then_some(&answer.all);
    section.table(table.with_rows(answer.pools.iter().chain(all).map(nodes_row)));
    section
}

fn nodes_row(needed: &NodesNeeded) -> Vec<Cell> {
    let name = if needed.pool.is_empty() {
        "all"
    } else {
        &needed.pool
    };
    vec![
        Cell::text(name),
        Cell::of(needed.nodes_p50, Unit::Count),
        Cell::of(needed.nodes_p95, Unit::Count),
        Cell::of(needed.nodes_peak, Unit::Count),
        Cell::or_empty(needed.lower_bound, Cell::count),
        Cell::Money(needed.cost.clone()),
        Cell::Money(needed.cost_30d.clone()),
    ]
}
