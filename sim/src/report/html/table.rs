//! Tables of the HTML page, and the tables behind its charts.

use std::collections::BTreeSet;

use super::super::format;
use super::super::model::Unit;
use super::super::page::{Cell, Chart, Column, Line, Mood, Plot, Table};
use super::super::sample;

/// Rows of a table behind a chart.
const ROWS_MAX: usize = 100;
/// Letters from which a cell of words gets room.
const WORDS: usize = 40;

/// A table as the template takes it.
pub(super) struct TableView {
    pub(super) label: String,
    pub(super) title: String,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<RowView>,
    pub(super) note: String,
}

/// A row.
pub(super) struct RowView {
    pub(super) cells: Vec<CellView>,
}

/// A cell.
pub(super) struct CellView {
    pub(super) text: String,
    pub(super) class: String,
    pub(super) mood: &'static str,
    pub(super) badge: bool,
    pub(super) right: bool,
}

impl TableView {
    pub(super) fn of(table: &Table) -> TableView {
        let rows = table.rows.iter().take(table.limit);
        let rows = rows.map(|row| RowView {
            cells: row
                .iter()
                .zip(&table.columns)
                .map(|(cell, column)| cell_view(cell, column))
                .collect(),
        });
        let more = format::count(i128::try_from(table.hidden(table.limit)).unwrap_or(i128::MAX));
        let note = if table.hidden(table.limit) > 0 {
            format!("{more} more rows stand in CSV and JSON.")
        } else {
            String::new()
        };
        TableView {
            label: if table.title.is_empty() {
                format!("Table: {}", table.key)
            } else {
                table.title.clone()
            },
            title: table.title.clone(),
            columns: table.columns.clone(),
            rows: rows.collect(),
            note,
        }
    }

    /// Whether any column has a title.
    pub(super) fn has_titles(&self) -> bool {
        self.columns
            .iter()
            .skip(1)
            .any(|column| !column.title.is_empty())
    }
}

fn cell_view(cell: &Cell, column: &Column) -> CellView {
    let text = cell.shown();
    let mut class = Vec::new();
    if column.right {
        class.push("n");
    }
    if matches!(cell, Cell::Code(_)) {
        class.push("code");
    } else if !cell.is_number() && text.chars().count() > WORDS {
        class.push("words");
    }
    let day = |c: char| c.is_ascii_digit() || "-:TZ.".contains(c);
    if !text.is_empty() && text.chars().all(day) {
        class.push("day");
    }
    let mood = cell.mood();
    let badge = matches!(cell, Cell::Verdict(..));
    if mood != Mood::Plain && !badge {
        class.push(mood.class());
    }
    CellView {
        class: class.join(" "),
        mood: mood.class(),
        badge,
        right: column.right,
        text,
    }
}

/// The numbers of a chart; `None` where a table of the section has them.
pub(super) fn behind(chart: &Chart) -> Option<TableView> {
    let table = match &chart.plot {
        Plot::Lines(lines) => series(chart, lines),
        Plot::Strips(strips) => {
            let lines: Vec<Line> = strips
                .iter()
                .map(|strip| Line {
                    name: strip.name.clone(),
                    points: strip.points.clone(),
                    ..Line::default()
                })
                .collect();
            series(chart, &lines)
        }
        Plot::Bars(bars) => {
            let table = Table::new("data", "", &["name:", "count>count"]);
            TableView::of(&table.with_rows(bars.iter().map(|bar| {
                vec![
                    Cell::text(&bar.name),
                    Cell::Number(bar.value, chart.unit, chart.exponent),
                ]
            })))
        }
        Plot::Dots { .. } => return None,
    };
    Some(TableView {
        label: format!("Data: {}", format::visible(&chart.title)),
        ..table
    })
}

fn series(chart: &Chart, lines: &[Line]) -> TableView {
    let times: BTreeSet<i64> = lines
        .iter()
        .flat_map(|line| line.points.iter().map(|point| point.0))
        .collect();
    let times: Vec<i64> = times.into_iter().collect();
    let mut table = Table::new("data", "", &["at>from the start"]);
    table.columns.extend(lines.iter().map(|line| Column {
        key: line.key.clone(),
        title: line.name.clone(),
        right: true,
    }));
    for row in sample::every(times.len(), ROWS_MAX) {
        let at = times[row];
        let mut cells = vec![Cell::of(at, Unit::Seconds)];
        cells.extend(lines.iter().map(|line| {
            let next = line.points.partition_point(|point| point.0 <= at);
            let held = next.checked_sub(1).map(|i| line.points[i].1);
            Cell::or_empty(held, |value| {
                Cell::Number(value, chart.unit, chart.exponent)
            })
        }));
        table.row(cells);
    }
    let mut view = TableView::of(&table);
    if times.len() > ROWS_MAX {
        let all = format::count(i128::try_from(times.len()).unwrap_or(i128::MAX));
        view.note = format!("{ROWS_MAX} of {all} instants; all stand in CSV and JSON.");
    }
    view
}
