//! The terminal: answer first, aligned tables, a line of bars for each series, at most 100 columns.

use super::format;
use super::invoice;
use super::measure::{cut, padded, width, wrap};
use super::page::{Block, Cell, Chart, Mood, Page, Plot, Section, Table};
use super::sample;

/// Columns of a line.
pub(super) const WIDTH: usize = 100;
/// Most columns of a line of bars.
const SPARK: usize = 60;
/// Narrowest that a column of words is cut to.
const CUT_MIN: usize = 12;
/// Invoices printed in full.
const INVOICES_MAX: usize = 3;
/// Lines of a chart, bars of a chart.
const BARS_MAX: usize = 12;

/// The page for a terminal, with ANSI colours if `color`.
pub(super) fn write(page: &Page, color: bool) -> String {
    let mut text = Text {
        out: String::new(),
        pen: Pen { color },
    };
    text.head(page);
    for section in &page.sections {
        text.section(section);
    }
    text.origin(page);
    text.out
}

struct Text {
    out: String,
    pen: Pen,
}

/// Colours, or none.
#[derive(Clone, Copy)]
struct Pen {
    color: bool,
}

impl Pen {
    fn paint(self, text: &str, code: &str) -> String {
        if self.color && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn mood(self, text: &str, mood: Mood) -> String {
        match mood {
            Mood::Good => self.paint(text, "32"),
            Mood::Bad => self.paint(text, "31"),
            Mood::Warn => self.paint(text, "33"),
            Mood::Plain => text.to_owned(),
        }
    }
}

impl Text {
    fn line(&mut self, line: &str) {
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    /// A line without colours that is cut where it is too long.
    fn fixed(&mut self, line: &str) {
        self.line(&cut(line, WIDTH));
    }

    fn wrapped(&mut self, text: &str, first: &str, next: &str) {
        for (i, line) in wrap(text, WIDTH - width(next)).iter().enumerate() {
            let lead = if i == 0 { first } else { next };
            self.line(&format!("{lead}{line}"));
        }
    }

    fn head(&mut self, page: &Page) {
        let title = cut(&format::visible(&page.title), WIDTH);
        let title = self.pen.paint(&title, "1");
        self.line(&title);
        if let Some((verdict, mood)) = &page.verdict {
            let verdict = self.pen.mood(verdict, *mood);
            self.line(&verdict);
        }
        if let Some(reason) = &page.partial {
            let text = format!("Partial: {}", format::visible(reason));
            for line in wrap(&text, WIDTH) {
                let line = self.pen.mood(&line, Mood::Warn);
                self.line(&line);
            }
        }
        if !page.headline.is_empty() {
            self.line("");
        }
        for (line, mood) in &page.headline {
            for (i, line) in wrap(&format::visible(line), WIDTH - 4).iter().enumerate() {
                let lead = if i == 0 { "  " } else { "    " };
                let line = self.pen.mood(line, *mood);
                self.line(&format!("{lead}{line}"));
            }
        }
    }

    fn section(&mut self, section: &Section) {
        self.line("");
        let title = self.pen.paint(&section.title.to_uppercase(), "1");
        self.line(&title);
        let mut invoices = 0;
        for (i, block) in section.blocks.iter().enumerate() {
            match block {
                Block::Invoice(_) if invoices == INVOICES_MAX => continue,
                Block::Invoice(_) => invoices += 1,
                _ => {}
            }
            if i > 0 {
                self.gap(&section.blocks[i - 1], block);
            }
            self.block(block);
        }
        let all = section
            .blocks
            .iter()
            .filter(|block| matches!(block, Block::Invoice(_)))
            .count();
        if all > INVOICES_MAX {
            let more = format::count(i128::try_from(all - INVOICES_MAX).unwrap_or(i128::MAX));
            self.line("");
            self.line(&format!("  {more} more invoices stand in JSON and HTML."));
        }
    }

    /// Charts without a title of their own line stand together.
    fn gap(&mut self, before: &Block, block: &Block) {
        let together = matches!(
            (before, block),
            (Block::Chart(_) | Block::Heading(_), Block::Chart(_))
        ) || matches!((before, block), (Block::Text(_), Block::Text(_)));
        if !together {
            self.line("");
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Text(text) => self.wrapped(&format::visible(text), "  ", "    "),
            Block::Heading(heading) => {
                let heading = self
                    .pen
                    .paint(&cut(&format::visible(heading), WIDTH - 2), "1");
                self.line(&format!("  {heading}"));
            }
            Block::Table(table) => self.table(table),
            Block::Chart(chart) => self.chart(chart),
            Block::Invoice(invoice) => {
                for line in invoice::text(invoice) {
                    self.fixed(&format!("  {line}"));
                }
            }
        }
    }

    fn table(&mut self, table: &Table) {
        if !table.title.is_empty() {
            let title = self.pen.paint(&table.title, "2");
            self.line(&format!("  {title}"));
        }
        let shown = table.limit_text.min(table.limit);
        let rows: Vec<Vec<String>> = table
            .rows
            .iter()
            .take(shown)
            .map(|row| row.iter().map(Cell::shown).collect())
            .collect();
        let widths = widths(table, &rows);
        let dropped = table.columns.len() - widths.len();
        let titles: Vec<String> = table
            .columns
            .iter()
            .map(|column| format::visible(&column.title))
            .collect();
        if table
            .columns
            .iter()
            .skip(1)
            .any(|column| !column.title.is_empty())
        {
            let line = aligned(table, &widths, &titles, |_, text| {
                self.pen.paint(&text, "2")
            });
            self.line(&line);
        }
        for (row, cells) in rows.iter().zip(&table.rows) {
            let pen = self.pen;
            let paint = |i: usize, text: String| {
                let mood = cells.get(i).map_or(Mood::Plain, Cell::mood);
                pen.mood(&text, mood)
            };
            self.row(table, &widths, row, paint);
        }
        if dropped > 0 {
            let more = format::count(i128::try_from(dropped).unwrap_or(i128::MAX));
            self.line(&format!("  … {more} more columns in CSV"));
        }
        if table.hidden(shown) > 0 {
            let more = format::count(i128::try_from(table.hidden(shown)).unwrap_or(i128::MAX));
            self.line(&format!("  … {more} more in CSV"));
        }
    }

    /// A row; a last column of words goes on below itself.
    fn row(
        &mut self,
        table: &Table,
        widths: &[usize],
        row: &[String],
        paint: impl Fn(usize, String) -> String,
    ) {
        let last = widths.len().saturating_sub(1);
        let wraps = table.columns.get(last).is_some_and(|column| !column.right);
        let start: usize = 2 + widths
            .iter()
            .take(last)
            .map(|width| width + 2)
            .sum::<usize>();
        let room = WIDTH.saturating_sub(start).max(1);
        let mut row: Vec<String> = row.iter().take(widths.len()).cloned().collect();
        let mut rest = Vec::new();
        if let Some(text) = row
            .get_mut(last)
            .filter(|text| wraps && width(text) > room && room >= 40)
        {
            let mut lines = wrap(text, room).into_iter();
            *text = lines.next().unwrap_or_default();
            rest = lines.collect();
        }
        let line = aligned(table, widths, &row, paint);
        self.line(&line);
        for more in rest {
            self.line(&format!("{}{more}", " ".repeat(start)));
        }
    }

    fn chart(&mut self, chart: &Chart) {
        let title = self
            .pen
            .paint(&cut(&format::visible(&chart.title), WIDTH - 2), "2");
        match &chart.plot {
            Plot::Lines(lines) => {
                self.line(&format!("  {title}"));
                let lines = lines
                    .iter()
                    .map(|line| (line.name.as_str(), line.points.as_slice()));
                self.sparks(chart, &lines.collect::<Vec<_>>());
            }
            Plot::Strips(strips) => {
                self.line(&format!("  {title}"));
                let strips = strips
                    .iter()
                    .map(|strip| (strip.name.as_str(), strip.points.as_slice()));
                self.sparks(chart, &strips.collect::<Vec<_>>());
            }
            Plot::Bars(bars) => {
                self.line(&format!("  {title}"));
                let most = bars.iter().map(|bar| bar.value).max().unwrap_or(0);
                let name = bars
                    .iter()
                    .map(|bar| width(&format::visible(&bar.name)))
                    .max()
                    .unwrap_or(0)
                    .min(34);
                for bar in bars.iter().take(BARS_MAX) {
                    let value = chart.value(bar.value);
                    let label = padded(&cut(&format::visible(&bar.name), name), name, false);
                    self.fixed(&format!(
                        "  {label}  {}  {value}",
                        full_bar(bar.value, most, 40)
                    ));
                }
            }
            Plot::Dots { .. } => {
                self.line(&format!("  {title}"));
                for line in super::scatter::text(chart) {
                    self.fixed(&format!("  {line}"));
                }
            }
        }
    }

    fn sparks(&mut self, chart: &Chart, lines: &[(&str, &[(i64, i128)])]) {
        let ends = lines
            .iter()
            .filter_map(|(_, points)| Some((points.first()?.0, points.last()?.0)));
        let from = ends.clone().map(|(from, _)| from).min().unwrap_or(0);
        let to = ends.map(|(_, to)| to).max().unwrap_or(0);
        let most = lines
            .iter()
            .flat_map(|(_, points)| points.iter().map(|point| point.1))
            .max()
            .unwrap_or(0);
        let names = lines
            .iter()
            .map(|(name, _)| width(&format::visible(name)))
            .max()
            .unwrap_or(0)
            .min(18);
        let range = |points: &[(i64, i128)]| {
            let values = points.iter().map(|point| point.1);
            let least = chart.value(values.clone().min().unwrap_or(0));
            let peak = chart.value(values.max().unwrap_or(0));
            if least == peak {
                peak
            } else {
                format!("{least} … {peak}")
            }
        };
        let ranges: Vec<String> = lines.iter().map(|(_, points)| range(points)).collect();
        let longest = ranges.iter().map(|range| width(range)).max().unwrap_or(0);
        let room = WIDTH.saturating_sub(names + longest + 6).clamp(20, SPARK);
        for ((name, points), range) in lines.iter().zip(ranges) {
            let label = padded(&cut(&format::visible(name), names), names, false);
            let columns = sample::columns(points, from, to, room);
            self.fixed(&format!("  {label}  {}  {range}", spark(&columns, most)));
        }
    }

    fn origin(&mut self, page: &Page) {
        self.line("");
        let label = page
            .origin
            .iter()
            .map(|(label, _)| width(label))
            .max()
            .unwrap_or(0);
        for (name, value) in &page.origin {
            let shown = value.shown();
            let lead = format!("{}  ", padded(name, label, false));
            let lines = wrap(&shown, WIDTH - width(&lead));
            for (i, line) in lines.iter().enumerate() {
                let first = if i == 0 {
                    lead.clone()
                } else {
                    " ".repeat(width(&lead))
                };
                let line = self.pen.paint(&format!("{first}{line}"), "2");
                self.line(&line);
            }
        }
    }
}

/// A row of the table, two columns in.
fn aligned(
    table: &Table,
    widths: &[usize],
    row: &[String],
    paint: impl Fn(usize, String) -> String,
) -> String {
    let mut line = String::from(" ");
    for (i, (text, width)) in row.iter().zip(widths).enumerate() {
        let right = table.columns.get(i).is_some_and(|column| column.right);
        line.push(' ');
        line.push_str(&paint(i, padded(&cut(text, *width), *width, right)));
        line.push(' ');
    }
    line
}

/// Widths of the columns: what they need; words are cut to fit the line, then the last columns are left out.
fn widths(table: &Table, rows: &[Vec<String>]) -> Vec<usize> {
    let titles = table
        .columns
        .iter()
        .map(|column| width(&format::visible(&column.title)));
    let mut widths: Vec<usize> = titles.collect();
    for row in rows {
        for (column, text) in widths.iter_mut().zip(row) {
            *column = (*column).max(width(text));
        }
    }
    let room = WIDTH.saturating_sub(2);
    loop {
        let total: usize = widths.iter().map(|width| width + 2).sum();
        let over = total.saturating_sub(room + 2);
        if over == 0 {
            return widths;
        }
        let two = widths.len() <= 2;
        let columns = table.columns.iter().zip(&widths).enumerate();
        let words =
            columns.filter(|(_, (column, width))| (two || !column.right) && **width > CUT_MIN);
        let widest = words.max_by_key(|(i, (_, width))| (**width, *i));
        match widest.map(|(i, _)| i) {
            Some(i) => widths[i] = widths[i].saturating_sub(over).max(CUT_MIN),
            None => drop(widths.pop()),
        }
    }
}

/// Eight heights, a middle dot where there is nothing yet.
fn spark(columns: &[Option<i128>], most: i128) -> String {
    let bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let height = |value: i128| {
        let value = value.max(0).saturating_mul(7);
        usize::try_from(value / most.max(1)).unwrap_or(7).min(7)
    };
    columns
        .iter()
        .map(|column| column.map_or('·', |value| bars[height(value)]))
        .collect()
}

/// A bar of full blocks, at least one for what is above zero.
fn full_bar(value: i128, most: i128, columns: usize) -> String {
    let columns = i128::try_from(columns).unwrap_or(0);
    let filled = value.max(0).saturating_mul(columns) / most.max(1);
    let filled = if value > 0 { filled.max(1) } else { 0 };
    "█".repeat(usize::try_from(filled.min(columns)).unwrap_or(0))
}
