//! Capacity over time, and the node pools.

use super::super::model::{Capacity, Levels, Pool, Report, Unit};
use super::super::page::{Cell, Chart, Line, Plot, Section, Strip, Stroke, Table};

/// Allocatable, requested and used; what still fits; empty nodes; bounds.
pub(super) fn section(report: &Report) -> Section {
    let mut section = Section::new("capacity", "Capacity");
    let capacity = &report.capacity;
    section.table(bounds(capacity));
    for (key, title, unit, levels) in [
        (
            "cpu",
            "Cpu: allocatable, requested, used",
            Unit::Millicores,
            &capacity.cpu,
        ),
        (
            "memory",
            "Memory: allocatable, requested, used",
            Unit::Bytes,
            &capacity.memory,
        ),
        (
            "pods",
            "Pod slots: allocatable, requested",
            Unit::Count,
            &capacity.pods,
        ),
    ] {
        section.chart(levels_chart(key, title, unit, capacity, levels));
    }
    let at = &capacity.at_s;
    let nodes = vec![
        Line::new("active", "active", Stroke::Area, at, &capacity.nodes),
        Line::new("empty", "empty", Stroke::Solid, at, &capacity.empty_nodes),
    ];
    section.chart(Chart::new("nodes", "Nodes", Unit::Count, lines(nodes)));
    let fits = [
        (
            "largest_free_cpu",
            "Largest pod that still fits: cpu",
            Unit::Millicores,
            &capacity.largest_free_cpu,
        ),
        (
            "largest_free_memory",
            "Largest pod that still fits: memory",
            Unit::Bytes,
            &capacity.largest_free_memory,
        ),
    ];
    for (key, title, unit, values) in fits {
        let free = vec![Line::new(
            "free",
            "free on the emptiest node",
            Stroke::Solid,
            at,
            values,
        )];
        section.chart(Chart::new(key, title, unit, lines(free)));
    }
    section
}

/// A plot of the lines that have points.
pub(super) fn lines(lines: Vec<Line>) -> Plot {
    Plot::Lines(
        lines
            .into_iter()
            .filter(|line| !line.points.is_empty())
            .collect(),
    )
}

fn levels_chart(key: &str, title: &str, unit: Unit, capacity: &Capacity, levels: &Levels) -> Chart {
    let at = &capacity.at_s;
    let plot = lines(vec![
        Line::new(
            "allocatable",
            "allocatable",
            Stroke::Dashed,
            at,
            &levels.allocatable,
        ),
        Line::new(
            "requested",
            "requested",
            Stroke::Area,
            at,
            &levels.requested,
        ),
        Line::new("used", "used", Stroke::Solid, at, &levels.used),
    ]);
    Chart::new(key, title, unit, plot)
}

fn bounds(capacity: &Capacity) -> Table {
    let mut table = Table::new(
        "bounds",
        "",
        &[
            "figure:",
            "found>found",
            "bound>bound",
            "ratio>over the bound",
        ],
    );
    if capacity.peak_nodes > 0 {
        let bound = capacity.peak_lower_bound;
        table.row([
            Cell::text("peak nodes"),
            Cell::count(capacity.peak_nodes),
            Cell::or_empty(bound, Cell::count),
            ratio(i128::from(capacity.peak_nodes), bound.map(i128::from)),
        ]);
    }
    if capacity.node_seconds.0 > 0 {
        let bound = capacity.fluid_node_seconds.map(|bound| bound.0);
        table.row([
            Cell::text("node-hours, against the fluid bound"),
            Cell::of(capacity.node_seconds.0, Unit::Hours),
            Cell::or_empty(bound, |bound| Cell::of(bound, Unit::Hours)),
            ratio(capacity.node_seconds.0, bound),
        ]);
    }
    table
}

fn ratio(found: i128, bound: Option<i128>) -> Cell {
    let ppm = bound
        .filter(|bound| *bound > 0)
        .and_then(|bound| nimbus_core::units::div_half_away(found.checked_mul(1_000_000)?, bound));
    Cell::or_empty(ppm, |ppm| Cell::of(ppm, Unit::Ratio))
}

/// Count over time, boots, removals, cost of each pool.
pub(super) fn pools(report: &Report) -> Section {
    let mut section = Section::new("pools", "Node pools");
    let table = Table::new(
        "pools",
        "",
        &[
            "pool:pool",
            "cpu_m>cpu",
            "memory_bytes>memory",
            "min>min",
            "max>max",
            "boots>boots",
            "removals>removals",
            "node_seconds>node-hours",
            "cost>cost",
        ],
    );
    section.table(table.with_rows(report.pools.iter().map(pool_row)));
    let nodes = report.pools.iter();
    let nodes = nodes.map(|pool| {
        Line::new(
            &pool.name,
            &pool.name,
            Stroke::Solid,
            &pool.at_s,
            &pool.nodes,
        )
    });
    section.chart(Chart::new(
        "nodes",
        "Nodes of each pool",
        Unit::Count,
        lines(nodes.take(6).collect()),
    ));
    let strips = report.pools.iter().map(|pool| Strip {
        name: pool.name.clone(),
        points: Line::new("", "", Stroke::Solid, &pool.at_s, &pool.cpu_ppm).points,
    });
    let strips: Vec<Strip> = strips.filter(|strip| !strip.points.is_empty()).collect();
    section.chart(Chart::new(
        "utilisation",
        "Cpu requested of allocatable",
        Unit::Ppm,
        Plot::Strips(strips),
    ));
    section
}

fn pool_row(pool: &Pool) -> Vec<Cell> {
    vec![
        Cell::text(&pool.name),
        Cell::of(pool.cpu_m, Unit::Millicores),
        Cell::of(pool.memory_bytes, Unit::Bytes),
        Cell::count(pool.min),
        Cell::count(pool.max),
        Cell::count(pool.boots),
        Cell::count(pool.removals),
        Cell::of(pool.node_seconds.0, Unit::Hours),
        Cell::Money(pool.cost.clone()),
    ]
}
