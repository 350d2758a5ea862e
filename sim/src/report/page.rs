//! What all formats show: a page of sections with tables, charts and invoices, numbers still typed.
//!
//! A view ([`super::view`]) turns a document into a page; a format turns a page into bytes. So text,
//! Markdown, CSV and HTML say the same, and a new figure is added in one place.

use super::format;
use super::model::{Invoice, Money, Stamp, Unit};

/// Whether something is good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mood {
    /// As promised.
    Good,
    /// Not as promised.
    Bad,
    /// To be looked at.
    Warn,
    /// Neither.
    #[default]
    Plain,
}

/// One value of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// There is none.
    Empty,
    /// Words of ours or of a user.
    Text(String),
    /// A hash or a key.
    Code(String),
    /// A number.
    Number(i128, Unit, u8),
    /// A number with its sign.
    Signed(i128, Unit, u8),
    /// An amount.
    Money(Money),
    /// Words with a mood: `met`, `broken`.
    Verdict(String, Mood),
    /// A number with a mood.
    Judged(Box<Cell>, Mood),
    /// Mean, least and largest.
    Spread([i128; 3], Unit, u8),
}

impl Cell {
    pub(super) fn count(value: impl Into<i128>) -> Cell {
        Cell::Number(value.into(), Unit::Count, 0)
    }

    pub(super) fn of(value: impl Into<i128>, unit: Unit) -> Cell {
        Cell::Number(value.into(), unit, 0)
    }

    pub(super) fn text(text: impl Into<String>) -> Cell {
        Cell::Text(text.into())
    }

    pub(super) fn or_empty<T>(value: Option<T>, cell: impl FnOnce(T) -> Cell) -> Cell {
        value.map_or(Cell::Empty, cell)
    }

    /// As people read it.
    pub(super) fn shown(&self) -> String {
        match self {
            Cell::Empty => "–".to_owned(),
            Cell::Text(text) | Cell::Code(text) | Cell::Verdict(text, _) => format::visible(text),
            Cell::Number(value, unit, exponent) => format::value(*value, *unit, *exponent),
            Cell::Signed(value, unit, exponent) => format::difference(*value, *unit, *exponent),
            Cell::Money(money) => format::money(money),
            Cell::Judged(cell, _) => cell.shown(),
            Cell::Spread([mean, min, max], unit, exponent) => {
                let [mean, min, max] =
                    [*mean, *min, *max].map(|v| format::value(v, *unit, *exponent));
                if min == max {
                    mean
                } else {
                    format!("{mean} ({min} to {max})")
                }
            }
        }
    }

    /// As programs read it: the exact number in its base unit, or the text.
    pub(super) fn raw(&self) -> Raw<'_> {
        match self {
            Cell::Empty => Raw::Number(String::new()),
            Cell::Text(text) | Cell::Code(text) | Cell::Verdict(text, _) => Raw::Text(text),
            Cell::Number(value, unit, exponent)
            | Cell::Signed(value, unit, exponent)
            | Cell::Spread([value, ..], unit, exponent) => digits(*value, *unit, *exponent),
            Cell::Money(money) => Raw::Number(money.decimal()),
            Cell::Judged(cell, _) => cell.raw(),
        }
    }

    pub(super) fn mood(&self) -> Mood {
        match self {
            Cell::Verdict(_, mood) | Cell::Judged(_, mood) => *mood,
            _ => Mood::Plain,
        }
    }

    /// The ends of a spread: suffix and value.
    pub(super) fn ends(&self) -> Option<[(&'static str, Raw<'_>); 2]> {
        match self {
            Cell::Spread([_, min, max], unit, exponent) => Some([
                ("min", digits(*min, *unit, *exponent)),
                ("max", digits(*max, *unit, *exponent)),
            ]),
            _ => None,
        }
    }

    pub(super) fn is_number(&self) -> bool {
        match self {
            Cell::Number(..) | Cell::Signed(..) | Cell::Money(_) | Cell::Spread(..) => true,
            Cell::Judged(cell, _) => cell.is_number(),
            _ => false,
        }
    }
}

/// The exact number in its base unit; amounts in major units.
fn digits(value: i128, unit: Unit, exponent: u8) -> Raw<'static> {
    if unit != Unit::Minor {
        return Raw::Number(value.to_string());
    }
    let money = Money {
        currency: String::new(),
        exponent,
        minor: i64::try_from(value).unwrap_or(i64::MAX),
    };
    Raw::Number(money.decimal())
}

/// A value for programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Raw<'a> {
    /// Digits, or nothing.
    Number(String),
    /// Words that may come from a user.
    Text(&'a str),
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// Its word in CSV, with its unit.
    pub(super) key: String,
    /// Its title.
    pub(super) title: String,
    /// Whether its values stand to the right.
    pub(super) right: bool,
}

impl Column {
    pub(super) fn new(key: &str, title: &str, right: bool) -> Column {
        Column {
            key: key.to_owned(),
            title: title.to_owned(),
            right,
        }
    }
}

/// A table. The first column names the row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    /// Its word in CSV.
    pub(super) key: &'static str,
    /// What stands above it; may be empty.
    pub(super) title: String,
    /// How many of the first columns name the row together.
    pub(super) names: usize,
    /// Its columns.
    pub(super) columns: Vec<Column>,
    /// Its rows, each as long as the columns.
    pub(super) rows: Vec<Vec<Cell>>,
    /// Rows shown by formats for people; all are in CSV.
    pub(super) limit: usize,
    /// Rows shown on a terminal.
    pub(super) limit_text: usize,
}

impl Table {
    /// A table of columns `key:title` (to the left) or `key>title` (to the right).
    pub(super) fn new(key: &'static str, title: &str, columns: &[&str]) -> Table {
        let columns = columns.iter().map(|column| {
            let right = column.contains('>');
            let (key, title) = column.split_once([':', '>']).unwrap_or((column, column));
            Column::new(key, title, right)
        });
        Table {
            key,
            title: title.to_owned(),
            names: 1,
            columns: columns.collect(),
            rows: Vec::new(),
            limit: 100,
            limit_text: 20,
        }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let mut cells: Vec<Cell> = cells.into_iter().collect();
        cells.resize(self.columns.len(), Cell::Empty);
        self.rows.push(cells);
    }

    pub(super) fn with_rows(mut self, rows: impl IntoIterator<Item = Vec<Cell>>) -> Table {
        for row in rows {
            self.row(row);
        }
        self
    }

    pub(super) fn hidden(&self, limit: usize) -> usize {
        self.rows.len().saturating_sub(limit)
    }
}

/// How a line of a chart is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stroke {
    /// A line.
    #[default]
    Solid,
    /// A dashed line: what is allowed or possible.
    Dashed,
    /// A line over a filled area.
    Area,
}

/// One line of a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// Its word in CSV.
    pub(super) key: String,
    /// Its name.
    pub(super) name: String,
    /// How it is drawn.
    pub(super) stroke: Stroke,
    /// Seconds from the start, with the value from then on.
    pub(super) points: Vec<(i64, i128)>,
}

impl Line {
    pub(super) fn new(key: &str, name: &str, stroke: Stroke, at_s: &[i64], values: &[u64]) -> Line {
        let points = at_s.iter().zip(values);
        Line {
            key: key.to_owned(),
            name: name.to_owned(),
            stroke,
            points: points
                .map(|(&at, &value)| (at, i128::from(value)))
                .collect(),
        }
    }
}

/// One bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    /// Its name.
    pub(super) name: String,
    /// Its length.
    pub(super) value: i128,
}

/// A row of cells that are darker where there is more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Strip {
    /// Its name.
    pub(super) name: String,
    /// Seconds from the start, with the share in ppm.
    pub(super) points: Vec<(i64, i128)>,
}

/// A point of a scatter plot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dot {
    /// Its parameters.
    pub(super) name: String,
    /// To the right.
    pub(super) x: i128,
    /// Upwards.
    pub(super) y: i128,
    /// On the line of the best.
    pub(super) best: bool,
}

/// What a chart shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plot {
    /// Steps over time.
    Lines(Vec<Line>),
    /// Bars beside each other.
    Bars(Vec<Bar>),
    /// Strips over time.
    Strips(Vec<Strip>),
    /// Dots; titles and units of x and y.
    Dots {
        /// Title of the x axis.
        x: &'static str,
        /// Its unit.
        x_unit: Unit,
        /// Title of the y axis.
        y: &'static str,
        /// The dots.
        dots: Vec<Dot>,
    },
}

/// A chart. Its data stand in a table behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chart {
    /// Its word in CSV.
    pub(super) key: String,
    /// Its title.
    pub(super) title: String,
    /// Unit of the values (of y).
    pub(super) unit: Unit,
    /// Digits behind the point of amounts.
    pub(super) exponent: u8,
    /// What it shows.
    pub(super) plot: Plot,
}

impl Chart {
    pub(super) fn new(
        key: impl Into<String>,
        title: impl Into<String>,
        unit: Unit,
        plot: Plot,
    ) -> Chart {
        Chart {
            key: key.into(),
            title: title.into(),
            unit,
            exponent: 2,
            plot,
        }
    }

    /// Whether there is nothing to draw.
    pub(super) fn is_empty(&self) -> bool {
        match &self.plot {
            Plot::Lines(lines) => lines.iter().all(|line| line.points.is_empty()),
            Plot::Bars(bars) => bars.is_empty(),
            Plot::Strips(strips) => strips.iter().all(|strip| strip.points.is_empty()),
            Plot::Dots { dots, .. } => dots.is_empty(),
        }
    }

    pub(super) fn value(&self, value: i128) -> String {
        format::value(value, self.unit, self.exponent)
    }
}

/// A part of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// Sentences.
    Text(String),
    /// A heading below the section's.
    Heading(String),
    /// A table.
    Table(Table),
    /// A chart.
    Chart(Chart),
    /// An invoice.
    Invoice(Box<Invoice>),
}

/// A section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    /// Its word in CSV and in links.
    pub(super) key: &'static str,
    /// Its title.
    pub(super) title: &'static str,
    /// Its parts.
    pub(super) blocks: Vec<Block>,
}

impl Section {
    pub(super) fn new(key: &'static str, title: &'static str) -> Section {
        Section {
            key,
            title,
            blocks: Vec::new(),
        }
    }

    /// Adds a table unless it has no row.
    pub(super) fn table(&mut self, table: Table) {
        if !table.rows.is_empty() {
            self.blocks.push(Block::Table(table));
        }
    }

    /// Adds a chart unless there is nothing to draw.
    pub(super) fn chart(&mut self, chart: Chart) {
        if !chart.is_empty() {
            self.blocks.push(Block::Chart(chart));
        }
    }

    pub(super) fn text(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Text(text.into()));
    }
}

/// One of the figures that stand first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Card {
    /// What it is.
    pub(super) label: &'static str,
    /// The figure.
    pub(super) value: String,
    /// What it is measured by; may be empty.
    pub(super) note: String,
    /// Whether it is good.
    pub(super) mood: Mood,
}

impl Card {
    pub(super) fn new(label: &'static str, value: String, note: String) -> Card {
        Card {
            label,
            value,
            note,
            mood: Mood::Plain,
        }
    }
}

/// A document as people see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// `replay`, `compare`, `sweep` or `capacity`.
    pub(super) kind: &'static str,
    /// Name of the scenario.
    pub(super) name: String,
    /// One line on what it shows.
    pub(super) title: String,
    /// Whether all is as promised, in a word or two.
    pub(super) verdict: Option<(String, Mood)>,
    /// Why it is not complete.
    pub(super) partial: Option<String>,
    /// Sentences that answer.
    pub(super) headline: Vec<(String, Mood)>,
    /// The figures that stand first.
    pub(super) cards: Vec<Card>,
    /// The rest.
    pub(super) sections: Vec<Section>,
    /// Where it comes from: label and value.
    pub(super) origin: Vec<(&'static str, Cell)>,
    /// Virtual time at which second 0 of all charts is.
    pub(super) start: Stamp,
}
