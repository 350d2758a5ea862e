//! Markdown: what people paste into an issue. tables with pipes, of each series its ends and extremes.

use super::format;
use super::invoice;
use super::model::Invoice;
use super::page::{Block, Cell, Chart, Page, Plot, Section, Table};

/// The page as Markdown.
pub(super) fn write(page: &Page) -> String {
    let mut out = Markdown(String::new());
    out.line(&format!("# {}", escaped(&page.title)));
    out.line("");
    if let Some((verdict, _)) = &page.verdict {
        out.line(&format!("**{}**", escaped(verdict)));
        out.line("");
    }
    if let Some(reason) = &page.partial {
        out.line(&format!("**Partial:** {}", escaped(reason)));
        out.line("");
    }
    for (line, _) in &page.headline {
        out.line(&format!("- {}", escaped(line)));
    }
    for section in &page.sections {
        out.section(section);
    }
    out.line("");
    out.line("## Origin");
    out.line("");
    out.line("| | |");
    out.line("|:--|:--|");
    for (label, value) in &page.origin {
        out.line(&format!("| {label} | {} |", cell(value)));
    }
    out.0
}

struct Markdown(String);

impl Markdown {
    fn line(&mut self, line: &str) {
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }

    fn section(&mut self, section: &Section) {
        self.line("");
        self.line(&format!("## {}", section.title));
        for block in &section.blocks {
            self.line("");
            match block {
                Block::Text(text) => self.line(&escaped(text)),
                Block::Heading(heading) => self.line(&format!("### {}", escaped(heading))),
                Block::Table(table) => self.table(table),
                Block::Chart(chart) => self.chart(chart),
                Block::Invoice(invoice) => self.invoice(invoice),
            }
        }
    }

    fn row<'a>(&mut self, cells: impl Iterator<Item = &'a String>) {
        let cells: Vec<&str> = cells.map(String::as_str).collect();
        self.line(&format!("| {} |", cells.join(" | ")));
    }

    fn table(&mut self, table: &Table) {
        if !table.title.is_empty() {
            self.line(&format!("**{}**", escaped(&table.title)));
            self.line("");
        }
        let titles: Vec<String> = table
            .columns
            .iter()
            .map(|column| escaped(&column.title))
            .collect();
        self.row(titles.iter());
        let rules: Vec<&str> = table
            .columns
            .iter()
            .map(|c| if c.right { "--:" } else { ":--" })
            .collect();
        self.line(&format!("|{}|", rules.join("|")));
        for row in table.rows.iter().take(table.limit) {
            let cells: Vec<String> = row.iter().map(cell).collect();
            self.row(cells.iter());
        }
        if table.hidden(table.limit) > 0 {
            let more =
                format::count(i128::try_from(table.hidden(table.limit)).unwrap_or(i128::MAX));
            self.line("");
            self.line(&format!("{more} more rows stand in CSV."));
        }
    }

    fn chart(&mut self, chart: &Chart) {
        self.line(&format!("**{}**", escaped(&chart.title)));
        self.line("");
        match &chart.plot {
            Plot::Lines(lines) => {
                self.series(
                    chart,
                    lines.iter().map(|line| (line.name.as_str(), &line.points)),
                );
            }
            Plot::Strips(strips) => {
                self.series(
                    chart,
                    strips
                        .iter()
                        .map(|strip| (strip.name.as_str(), &strip.points)),
                );
            }
            Plot::Bars(bars) => {
                self.line("| | |");
                self.line("|:--|--:|");
                for bar in bars {
                    self.line(&format!(
                        "| {} | {} |",
                        escaped(&bar.name),
                        chart.value(bar.value)
                    ));
                }
            }
            Plot::Dots { .. } => {
                self.line("```text");
                for line in super::scatter::text(chart) {
                    self.line(&line);
                }
                self.line("```");
            }
        }
    }

    fn series<'a>(
        &mut self,
        chart: &Chart,
        lines: impl Iterator<Item = (&'a str, &'a Vec<(i64, i128)>)>,
    ) {
        self.line("| series | first | least | largest | last |");
        self.line("|:--|--:|--:|--:|--:|");
        for (name, points) in lines {
            let values = || points.iter().map(|point| point.1);
            let shown = [
                values().next(),
                values().min(),
                values().max(),
                values().next_back(),
            ];
            let shown: Vec<String> = shown
                .iter()
                .map(|value| value.map_or("–".to_owned(), |v| chart.value(v)))
                .collect();
            self.line(&format!("| {} | {} |", escaped(name), shown.join(" | ")));
        }
    }

    fn invoice(&mut self, invoice: &Invoice) {
        let name = escaped(&invoice.organization);
        self.line(&format!("### {} · {name}", invoice::title(invoice)));
        self.line("");
        self.line(&invoice::period(invoice));
        self.line("");
        self.line("| | quantity | unit | price | amount |");
        self.line("|:--|--:|:--|--:|--:|");
        for line in &invoice.lines {
            let (quantity, unit, price) = (
                escaped(&line.quantity),
                escaped(&line.unit),
                escaped(&line.price),
            );
            let amount = format::amount(&line.amount);
            let what = escaped(&invoice::what(line));
            self.line(&format!(
                "| {what} | {quantity} | {unit} | {price} | {amount} |"
            ));
        }
        for (label, sum) in invoice::sums(invoice) {
            self.line(&format!(
                "| **{label}** | | | | **{}** |",
                escaped(&format::money(sum))
            ));
        }
    }
}

fn cell(cell: &Cell) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || " =.,/_-".contains(c);
    match cell {
        Cell::Code(code) if !code.is_empty() && code.chars().all(plain) => format!("`{code}`"),
        other => escaped(&other.shown()),
    }
}

/// A text that is only a text: no markup, no table cell ends in it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in format::visible(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}
