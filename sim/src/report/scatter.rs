//! A scatter plot on a terminal.

use super::format;
use super::measure::padded;
use super::page::{Chart, Plot};

const COLUMNS: i128 = 72;
const ROWS: i128 = 16;

/// Rows of `·` for points and `●` for those on the line of the best, y upwards.
pub(super) fn text(chart: &Chart) -> Vec<String> {
    let Plot::Dots { x, x_unit, y, dots } = &chart.plot else {
        return Vec::new();
    };
    let columns = usize::try_from(COLUMNS).unwrap_or(0);
    let rows = usize::try_from(ROWS).unwrap_or(0);
    let mut grid = vec![vec![' '; columns]; rows];
    let (x_from, x_to) = range(dots.iter().map(|dot| dot.x));
    let (y_from, y_to) = range(dots.iter().map(|dot| dot.y));
    for best in [false, true] {
        for dot in dots.iter().filter(|dot| dot.best == best) {
            let column = place(dot.x, x_from, x_to, COLUMNS);
            let row = rows - 1 - place(dot.y, y_from, y_to, ROWS);
            grid[row][column] = if best { '●' } else { '·' };
        }
    }
    let (top, bottom) = (chart.value(y_to), chart.value(y_from));
    let lead = super::measure::width(&top).max(super::measure::width(&bottom));
    let mut lines = vec![format!("{y}, up; {x}, right; ● on the Pareto line")];
    for (i, row) in grid.iter().enumerate() {
        let label = match i {
            0 => &top,
            i if i + 1 == rows => &bottom,
            _ => "",
        };
        let row: String = row.iter().collect();
        lines.push(format!("{} │{}", padded(label, lead, true), row.trim_end()));
    }
    let value = |value| format::value(value, *x_unit, chart.exponent);
    lines.push(format!("{} └{}", " ".repeat(lead), "─".repeat(columns)));
    let (left, right) = (value(x_from), value(x_to));
    let fill = columns.saturating_sub(super::measure::width(&left));
    lines.push(format!(
        "{}  {left}{}",
        " ".repeat(lead),
        padded(&right, fill, true)
    ));
    lines
}

fn range(values: impl Iterator<Item = i128> + Clone) -> (i128, i128) {
    (values.clone().min().unwrap_or(0), values.max().unwrap_or(0))
}

fn place(value: i128, from: i128, to: i128, cells: i128) -> usize {
    let span = to.saturating_sub(from).max(1);
    let at = value.saturating_sub(from).saturating_mul(cells - 1) / span;
    usize::try_from(at.clamp(0, cells - 1)).unwrap_or(0)
}
