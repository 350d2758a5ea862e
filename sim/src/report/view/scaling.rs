//! Autoscaling: what came, what was ready, what it took.

use super::super::format;
use super::super::model::{Report, Scaling, Unit};
use super::super::page::{Cell, Chart, Line, Section, Stroke, Table};
use super::capacity::lines;
use super::scheduling::bars;

/// Services with charts of their own; the rest is in the table.
const CHARTS_MAX: usize = 12;

/// Autoscaling of all services.
pub(super) fn section(report: &Report) -> Section {
    let mut section = Section::new("autoscaling", "Autoscaling");
    section.table(services(&report.autoscaling));
    for scaling in report.autoscaling.iter().take(CHARTS_MAX) {
        service(&mut section, scaling);
    }
    let more = report.autoscaling.len().saturating_sub(CHARTS_MAX);
    if more > 0 {
        let more = format::count(i128::try_from(more).unwrap_or(i128::MAX));
        section.text(format!(
            "Charts of {more} more services are left out; JSON has their series."
        ));
    }
    section
}

fn services(services: &[Scaling]) -> Table {
    let table = Table::new(
        "services",
        "",
        &[
            "service:service",
            "up>up",
            "down>down",
            "requests>requests",
            "violating_ppm>above capacity",
            "overload_minutes>overload min",
            "pod_seconds>pod-hours",
            "ideal_ppm>of ideal",
        ],
    );
    table.with_rows(services.iter().map(|scaling| {
        let ideal = scaling.ideal_pod_seconds.0;
        let of_ideal = (ideal > 0)
            .then(|| scaling.pod_seconds.0.checked_mul(1_000_000))
            .flatten();
        let of_ideal = of_ideal.and_then(|ppm| nimbus_core::units::div_half_away(ppm, ideal));
        vec![
            Cell::text(&scaling.service),
            Cell::count(scaling.up),
            Cell::count(scaling.down),
            Cell::count(scaling.requests),
            Cell::of(scaling.violating_ppm, Unit::Ppm),
            Cell::count(scaling.overload_minutes),
            Cell::of(scaling.pod_seconds.0, Unit::Hours),
            Cell::or_empty(of_ideal, |ppm| Cell::of(ppm, Unit::Ratio)),
        ]
    }))
}

fn service(section: &mut Section, scaling: &Scaling) {
    let before = section.blocks.len();
    let name = &scaling.service;
    let at = &scaling.at_s;
    let load = vec![
        Line::new(
            "capacity",
            "ready capacity",
            Stroke::Dashed,
            at,
            &scaling.capacity_mrps,
        ),
        Line::new("load", "load", Stroke::Area, at, &scaling.load_mrps),
    ];
    section.chart(Chart::new(
        format!("{name}.load"),
        "Load and ready capacity, requests/s",
        Unit::Mrps,
        lines(load),
    ));
    let replicas = vec![Line::new(
        "replicas",
        "ready replicas",
        Stroke::Solid,
        at,
        &scaling.replicas,
    )];
    section.chart(Chart::new(
        format!("{name}.replicas"),
        "Ready replicas",
        Unit::Count,
        lines(replicas),
    ));
    section.chart(bars(
        &format!("{name}.holds"),
        "Periods without a change, by reason",
        &scaling.holds,
    ));
    if section.blocks.len() == before {
        return;
    }
    let heading = super::super::page::Block::Heading(format!("{name} · policy {}", scaling.policy));
    section.blocks.insert(before, heading);
    if let Some(reaction) = scaling.reaction {
        let (p50, max) = (
            format::duration(i128::from(reaction.p50_ms)),
            format::duration(i128::from(reaction.max_ms)),
        );
        section.text(format!(
            "From overload to enough ready replicas: half within {p50}, longest {max}."
        ));
    }
}
