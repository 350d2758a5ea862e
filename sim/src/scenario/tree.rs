//! The TOML text as a tree of values that know where they stand.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::limits;
use super::problem::Problem;

/// Where a value was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// A line of the file, from 1.
    Line(usize),
    /// The n-th override.
    Set(usize),
    /// Nowhere: a default.
    Preset,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// What TOML can say. Numbers keep their text, so that nothing is rounded on the way.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Integer(String),
    Float(String),
    Flag(bool),
    Time(String),
    List(Vec<Item>),
    Table(Table),
}

/// Keys in order of name.
pub(super) type Table = BTreeMap<String, Item>;

impl Value {
    /// The value as a person would write it, cut to a length that fits a message.
    pub(super) fn shown(&self) -> String {
        match self {
            Value::Text(text) => {
                let mut short: String = text.chars().take(60).collect();
                if short.len() < text.len() {
                    short.push('…');
                }
                format!("{short:?}")
            }
            Value::Integer(text) | Value::Float(text) | Value::Time(text) => {
                text.chars().take(60).collect()
            }
            Value::Flag(flag) => flag.to_string(),
            Value::List(_) => "a list".to_owned(),
            Value::Table(_) => "a table".to_owned(),
        }
    }
}

/// Starts of lines, to turn offsets into line numbers.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Lines {
        Lines(
            text.bytes()
                .enumerate()
                .filter(|(_, byte)| *byte == b'\n')
                .map(|(offset, _)| offset)
                .collect(),
        )
    }

    fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|newline| *newline < offset) + 1
    }
}

/// Reads a file.
pub(super) fn read(text: &str, file: &str) -> Result<Table, Problem> {
    if text.len() > limits::FILE_BYTES_MAX {
        return Err(Problem::of_file(
            file,
            format!(
                "{} bytes: expected at most {} of a scenario",
                text.len(),
                limits::FILE_BYTES_MAX
            ),
        ));
    }
    let lines = Lines::of(text);
    match DeTable::parse(text) {
        Ok(table) => Ok(convert_table(table.into_inner(), &|span| {
            Place::Line(lines.line(span.start))
        })),
        Err(error) => Err(Problem {
            file: file.to_owned(),
            line: error.span().map_or(0, |span| lines.line(span.start)),
            key: String::new(),
            message: format!(
                "not TOML: {}",
                error.message().trim().replace('\n', ", ").to_lowercase()
            ),
        }),
    }
}

/// Reads one value as written after `key = `; what is no TOML is a text.
pub(super) fn value_of(text: &str, place: Place) -> Item {
    let place_of = |_: std::ops::Range<usize>| place;
    DeValue::parse(text).map_or_else(
        |_| Item {
            place,
            value: Value::Text(text.to_owned()),
        },
        |value| convert(value, &place_of),
    )
}

fn convert_table(table: DeTable<'_>, place_of: &dyn Fn(std::ops::Range<usize>) -> Place) -> Table {
    table
        .into_iter()
        .map(|(key, value)| {
            let place = place_of(key.span());
            let mut item = convert(value, place_of);
            // The line of a table or list is where its key stands.
            if matches!(item.value, Value::Table(_)) {
                item.place = place;
            }
            (key.into_inner().into_owned(), item)
        })
        .collect()
}

fn convert(
    value: Spanned<DeValue<'_>>,
    place_of: &dyn Fn(std::ops::Range<usize>) -> Place,
) -> Item {
    let place = place_of(value.span());
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => Value::Integer(decimal(number.as_str(), number.radix())),
        DeValue::Float(number) => Value::Float(number.as_str().to_owned()),
        DeValue::Boolean(flag) => Value::Flag(flag),
        DeValue::Datetime(time) => Value::Time(time.to_string()),
        DeValue::Array(items) => {
            Value::List(items.into_iter().map(|i| convert(i, place_of)).collect())
        }
        DeValue::Table(table) => Value::Table(convert_table(table, place_of)),
    };
    Item { place, value }
}

/// Decimal digits of an integer; what is too large for 128 bits keeps its text.
fn decimal(text: &str, radix: u32) -> String {
    i128::from_str_radix(text, radix).map_or_else(|_| text.to_owned(), |n| n.to_string())
}
