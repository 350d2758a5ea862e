//! Values of tables, still typed, and the tables.

use super::format;
use super::model::{Money, Unit};

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
