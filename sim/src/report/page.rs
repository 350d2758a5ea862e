//! What all formats show: a page of sections with tables, charts and invoices, numbers still typed.
//!
//! A view ([`super::view`]) turns a document into a page; a format turns a page into bytes. So text,
//! Markdown, CSV and HTML say the same, and a new figure is added in one place.

pub(super) use super::cell::{Cell, Column, Mood, Raw, Table};
use super::model::{Invoice, Stamp};
pub(super) use super::plot::{Bar, Chart, Dot, Line, Plot, Strip, Stroke};

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
