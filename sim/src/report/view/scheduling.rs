//! Placed, waited, refused, and why.

use super::super::model::{Report, Scheduling, Tally, Unit};
use super::super::page::{Bar, Cell, Chart, Line, Plot, Section, Stroke, Table};
use super::capacity::lines;

/// Placements.
pub(super) fn section(report: &Report) -> Section {
    let mut section = Section::new("scheduling", "Scheduling");
    let scheduling = &report.scheduling;
    section.table(counts(scheduling));
    section.table(percentiles(scheduling));
    let waiting = vec![Line::new(
        "pending",
        "waiting",
        Stroke::Area,
        &scheduling.at_s,
        &scheduling.pending_pods,
    )];
    if scheduling.pending_pods.iter().any(|&pods| pods > 0) {
        section.chart(Chart::new(
            "pending",
            "Pods that wait",
            Unit::Count,
            lines(waiting),
        ));
    }
    section.chart(bars(
        "waits",
        "Waits, by the filter that removed nodes",
        &scheduling.waits_by_filter,
    ));
    section.chart(bars(
        "refusals",
        "Refused requests, by what was lacking",
        &scheduling.refusals,
    ));
    section.table(samples(scheduling));
    section
}

/// A bar for each tally above zero.
pub(super) fn bars(key: &str, title: &str, tallies: &[Tally]) -> Chart {
    let bars = tallies
        .iter()
        .filter(|tally| tally.count > 0)
        .map(|tally| Bar {
            name: tally.what.clone(),
            value: i128::from(tally.count),
        });
    Chart::new(key, title, Unit::Count, Plot::Bars(bars.collect()))
}

fn counts(scheduling: &Scheduling) -> Table {
    let mut table = Table::new("counts", "", &["what:", "count>"]);
    if scheduling.placed == 0 && scheduling.waiting == 0 && scheduling.refused_requests == 0 {
        return table;
    }
    for (what, count) in [
        ("pods placed", scheduling.placed),
        ("pods that waited for capacity", scheduling.waited),
        ("pods that wait at the end", scheduling.waiting),
        ("requests refused", scheduling.refused_requests),
        ("pods that these asked for", scheduling.refused_pods),
    ] {
        table.row([Cell::text(what), Cell::count(count)]);
    }
    table
}

fn percentiles(scheduling: &Scheduling) -> Table {
    let mut table = Table::new(
        "pending",
        "From created to bound",
        &[
            "pods>pods",
            "p50_ms>p50",
            "p90_ms>p90",
            "p99_ms>p99",
            "max_ms>longest",
        ],
    );
    let pending = &scheduling.pending;
    if pending.count > 0 {
        let ms = |ms: u64| Cell::of(ms, Unit::Millis);
        table.row([
            Cell::count(pending.count),
            ms(pending.p50_ms),
            ms(pending.p90_ms),
            ms(pending.p99_ms),
            ms(pending.max_ms),
        ]);
    }
    table
}

fn samples(scheduling: &Scheduling) -> Table {
    let table = Table::new(
        "decisions",
        "Decisions, the first of each kind",
        &["at_ms>at", "kind:kind", "why:decision"],
    );
    table.with_rows(scheduling.samples.iter().map(|sample| {
        vec![
            Cell::of(sample.at_ms, Unit::Millis),
            Cell::text(&sample.kind),
            Cell::text(&sample.text),
        ]
    }))
}
