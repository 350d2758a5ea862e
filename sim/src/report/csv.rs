//! CSV in long form: `section,name,time,value`, every number exact, every series in full.
//!
//! A cell of words that a spreadsheet could take for a formula gets a leading `'`. Numbers are
//! numbers by type and stand as they are.

use nimbus_core::time::Span;

use super::model::{Invoice, Unit};
use super::page::{Block, Cell, Chart, Page, Plot, Raw, Table};

/// The page as CSV with a head line, RFC 4180.
pub(super) fn write(page: &Page) -> String {
    let mut csv = Csv {
        out: ::csv::Writer::from_writer(Vec::new()),
        page,
    };
    csv.line("section", "name", "time", "value");
    for (name, value) in &page.origin {
        let unit = match value {
            Cell::Number(_, Unit::Millis, _) => "_ms",
            _ => "",
        };
        let name = name.replace([' ', '-'], "_");
        csv.row("header", &format!("{name}{unit}"), "", &value.raw());
    }
    if let Some(reason) = &page.partial {
        csv.row("header", "partial", "", &Raw::Text(reason));
    }
    for (line, _) in &page.headline {
        csv.row("answer", "headline", "", &Raw::Text(line));
    }
    for section in &page.sections {
        for block in &section.blocks {
            match block {
                Block::Text(text) => csv.row(section.key, "text", "", &Raw::Text(text)),
                Block::Heading(_) => {}
                Block::Table(table) => csv.table(section.key, table),
                Block::Chart(chart) => csv.chart(section.key, chart),
                Block::Invoice(invoice) => csv.invoice(section.key, invoice),
            }
        }
    }
    let bytes = csv.out.into_inner().unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

struct Csv<'a> {
    out: ::csv::Writer<Vec<u8>>,
    page: &'a Page,
}

impl Csv<'_> {
    fn line(&mut self, section: &str, name: &str, time: &str, value: &str) {
        let written = self.out.write_record([section, name, time, value]);
        debug_assert!(written.is_ok(), "memory takes every record of four fields");
    }

    fn row(&mut self, section: &str, name: &str, time: &str, value: &Raw<'_>) {
        let value = match value {
            Raw::Number(digits) => digits.clone(),
            Raw::Text(text) => guarded(text),
        };
        self.line(section, &guarded(name), &guarded(time), &value);
    }

    fn table(&mut self, section: &str, table: &Table) {
        for (i, row) in table.rows.iter().enumerate() {
            let name = format!("{}.{}", table.key, label(table, row, i));
            let numbered =
                table.names == 1 && matches!(row.first().map(Cell::raw), Some(Raw::Number(_)));
            let skip = if numbered { 0 } else { table.names };
            for (column, cell) in table.columns.iter().zip(row).skip(skip) {
                let key = if column.key.is_empty() {
                    "state"
                } else {
                    &column.key
                };
                self.row(section, &format!("{name}.{key}"), "", &cell.raw());
                for (end, value) in cell.ends().into_iter().flatten() {
                    self.row(section, &format!("{name}.{key}_{end}"), "", &value);
                }
            }
        }
    }

    fn at(&self, at_s: i64) -> String {
        (self.page.start.0 + Span::from_secs(at_s)).to_string()
    }

    fn series(&mut self, section: &str, name: &str, points: &[(i64, i128)]) {
        for (at_s, value) in points {
            let time = self.at(*at_s);
            self.row(section, name, &time, &Raw::Number(value.to_string()));
        }
    }

    fn chart(&mut self, section: &str, chart: &Chart) {
        match &chart.plot {
            Plot::Lines(lines) => {
                for line in lines {
                    self.series(
                        section,
                        &format!("{}.{}", chart.key, line.key),
                        &line.points,
                    );
                }
            }
            Plot::Strips(strips) => {
                for strip in strips {
                    self.series(
                        section,
                        &format!("{}.{}", chart.key, strip.name),
                        &strip.points,
                    );
                }
            }
            Plot::Bars(bars) => {
                for bar in bars {
                    let name = format!("{}.{}", chart.key, bar.name);
                    self.row(section, &name, "", &Raw::Number(bar.value.to_string()));
                }
            }
            // its points stand in a table of the same section
            Plot::Dots { .. } => {}
        }
    }

    fn invoice(&mut self, section: &str, invoice: &Invoice) {
        let head = format!("invoice.{}.{}", invoice.organization, invoice.from);
        for (i, line) in invoice.lines.iter().enumerate() {
            let name = format!("{head}.line.{}", i + 1);
            let tenant = line.tenant.as_deref().unwrap_or("");
            self.row(section, &format!("{name}.tenant"), "", &Raw::Text(tenant));
            self.row(
                section,
                &format!("{name}.description"),
                "",
                &Raw::Text(&line.description),
            );
            self.row(
                section,
                &format!("{name}.quantity"),
                "",
                &Raw::Text(&line.quantity),
            );
            self.row(section, &format!("{name}.unit"), "", &Raw::Text(&line.unit));
            self.row(
                section,
                &format!("{name}.price"),
                "",
                &Raw::Text(&line.price),
            );
            self.row(
                section,
                &format!("{name}.amount"),
                "",
                &Raw::Number(line.amount.decimal()),
            );
        }
        for (key, money) in [
            ("subtotal", &invoice.subtotal),
            ("credits", &invoice.credits),
            ("tax", &invoice.tax),
            ("total", &invoice.total),
        ] {
            self.row(
                section,
                &format!("{head}.{key}"),
                "",
                &Raw::Number(money.decimal()),
            );
        }
    }
}

/// What names a row: its first words, `key=value` of several, or its number.
fn label(table: &Table, row: &[Cell], i: usize) -> String {
    if table.names > 1 {
        let names = table.columns.iter().zip(row).take(table.names);
        let names = names.map(|(column, cell)| format!("{}={}", column.key, cell.shown()));
        return names.collect::<Vec<_>>().join(" ");
    }
    match row.first().map(Cell::raw) {
        Some(Raw::Text(text)) if !text.is_empty() => text.to_owned(),
        _ => (i + 1).to_string(),
    }
}

/// A text that no spreadsheet takes for a formula.
fn guarded(text: &str) -> String {
    let trigger = |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\0' | '\n');
    let text = text.replace('\0', "\u{fffd}");
    if text
        .trim_start_matches([' ', '\u{feff}'])
        .starts_with(trigger)
    {
        format!("'{text}")
    } else {
        text
    }
}
