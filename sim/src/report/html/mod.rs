//! HTML: one file without network or script. Charts are inline SVG; their numbers stand in a table behind them.

mod svg;
mod table;

use askama::Template;

use super::format;
use super::invoice;
use super::model::Invoice;
use super::page::{Block, Cell, Chart, Mood, Page, Plot, Stroke};
use table::TableView;

/// Invoices that are open when the page is.
const INVOICES_OPEN: usize = 3;

/// The page as one HTML file.
pub(super) fn write(page: &Page) -> String {
    let mut counter = 0;
    let mut invoices = 0;
    let sections = page.sections.iter().map(|section| SectionView {
        key: section.key,
        title: section.title,
        blocks: section
            .blocks
            .iter()
            .map(|block| view(block, &mut counter, &mut invoices))
            .collect(),
    });
    let html = Html {
        kicker: match page.kind {
            "compare" => "comparison",
            "sweep" => "sweep",
            "capacity" => "sizing",
            _ => "replay",
        },
        sections: sections.collect(),
        page,
    };
    let written = html.render();
    debug_assert!(written.is_ok(), "writing into a string does not fail");
    let mut written = written.unwrap_or_default();
    written.push('\n');
    written
}

#[derive(Template)]
#[template(path = "report.html")]
struct Html<'a> {
    page: &'a Page,
    kicker: &'static str,
    sections: Vec<SectionView<'a>>,
}

struct SectionView<'a> {
    key: &'static str,
    title: &'static str,
    blocks: Vec<View<'a>>,
}

enum View<'a> {
    Text(&'a str),
    Heading(&'a str),
    Table(TableView),
    Chart(ChartView<'a>),
    Invoice(InvoiceView<'a>),
}

struct ChartView<'a> {
    title: &'a str,
    legend: Vec<Key<'a>>,
    svg: String,
    table: Option<TableView>,
}

/// An entry of a legend.
struct Key<'a> {
    name: &'a str,
    class: String,
}

struct InvoiceView<'a> {
    title: String,
    organization: &'a str,
    state: &'a str,
    period: String,
    through: String,
    hash: Option<&'a str>,
    lines: Vec<LineView<'a>>,
    sums: Vec<(&'static str, String)>,
    total: String,
    open: bool,
}

struct LineView<'a> {
    what: String,
    proof: Option<String>,
    quantity: &'a str,
    unit: &'a str,
    price: &'a str,
    amount: String,
}

fn view<'a>(block: &'a Block, counter: &mut u32, invoices: &mut usize) -> View<'a> {
    match block {
        Block::Text(text) => View::Text(text),
        Block::Heading(text) => View::Heading(text),
        Block::Table(table) => View::Table(TableView::of(table)),
        Block::Chart(chart) => {
            *counter += 1;
            View::Chart(ChartView {
                title: &chart.title,
                legend: legend(chart),
                svg: svg::draw(chart, *counter),
                table: table::behind(chart),
            })
        }
        Block::Invoice(invoice) => {
            *invoices += 1;
            View::Invoice(invoice_view(invoice, *invoices <= INVOICES_OPEN))
        }
    }
}

/// The class of each line's colour: dashed lines are grey, the others take the colours in turn.
fn colours(strokes: impl Iterator<Item = Stroke>) -> impl Iterator<Item = u32> {
    strokes.scan(0u32, |next, stroke| {
        Some(if stroke == Stroke::Dashed {
            0
        } else {
            *next = *next % 6 + 1;
            *next
        })
    })
}

fn legend(chart: &Chart) -> Vec<Key<'_>> {
    let key = |name, class: &str| Key {
        name,
        class: class.to_owned(),
    };
    match &chart.plot {
        Plot::Lines(lines) if lines.len() > 1 => {
            let colours = colours(lines.iter().map(|line| line.stroke));
            let keys = lines.iter().zip(colours).map(|(line, colour)| {
                let dashed = if line.stroke == Stroke::Dashed {
                    " dashed"
                } else {
                    ""
                };
                key(&line.name, &format!("k{colour}{dashed}"))
            });
            keys.collect()
        }
        Plot::Strips(_) => vec![key("0 to 100 %", "ramp")],
        Plot::Dots { .. } => vec![key("Pareto set", "dot k2"), key("other points", "dot k0")],
        _ => Vec::new(),
    }
}

fn invoice_view(invoice: &Invoice, open: bool) -> InvoiceView<'_> {
    let lines = invoice.lines.iter().map(|line| LineView {
        what: invoice::what(line),
        proof: invoice::proof(line),
        quantity: &line.quantity,
        unit: &line.unit,
        price: &line.price,
        amount: format::amount(&line.amount),
    });
    let sums = invoice::sums(invoice).into_iter();
    InvoiceView {
        title: invoice::title(invoice),
        organization: &invoice.organization,
        state: &invoice.state,
        period: invoice::period(invoice),
        through: invoice::day(&invoice.through.to_string()),
        hash: invoice.document_hash.as_deref(),
        lines: lines.collect(),
        sums: sums
            .map(|(label, sum)| (label, format::money(sum)))
            .collect(),
        total: format::money(&invoice.total),
        open,
    }
}

impl Mood {
    fn class(self) -> &'static str {
        match self {
            Mood::Good => "good",
            Mood::Bad => "bad",
            Mood::Warn => "warn",
            Mood::Plain => "plain",
        }
    }
}

/// Words with what is hidden made visible, and no line break between a number and its percent sign.
fn words(text: &str) -> String {
    format::visible(text).replace(" %", "\u{a0}%")
}

impl Cell {
    fn is_code(&self) -> bool {
        matches!(self, Cell::Code(_))
    }
}
