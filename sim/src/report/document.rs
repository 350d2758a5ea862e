//! A document in five formats, and back from JSON.

use super::model::{Comparison, Document, Report, Run, Sizing, Sweep};
use super::{csv, format, html, json, markdown, text, view};

pub use super::json::BadReport;

/// The five formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// For a terminal.
    Text,
    /// For programs; the only one with `run`.
    Json,
    /// For spreadsheets, in long form.
    Csv,
    /// For issues and pages.
    Markdown,
    /// One file for a browser, a phone, paper.
    Html,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 5] = [
        Format::Text,
        Format::Json,
        Format::Csv,
        Format::Markdown,
        Format::Html,
    ];

    /// Its word in options, which is its extension but for `text`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Csv => "csv",
            Format::Markdown => "md",
            Format::Html => "html",
        }
    }

    /// The format of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Format> {
        Self::ALL.into_iter().find(|format| format.as_str() == word)
    }

    /// The format that a file's extension asks for: `txt`, `json`, `csv`, `md`, `html`, `htm`.
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Format> {
        match extension {
            "txt" => Some(Format::Text),
            "htm" => Some(Format::Html),
            "text" => None,
            word => Self::from_word(word),
        }
    }
}

impl Document {
    /// The document in a format, ending with a line feed. `color` counts for text only.
    #[must_use]
    pub fn render(&self, format: Format, color: bool) -> String {
        match format {
            Format::Text => self.to_text(color),
            Format::Json => self.to_json(),
            Format::Csv => self.to_csv(),
            Format::Markdown => self.to_markdown(),
            Format::Html => self.to_html(),
        }
    }

    /// JSON, pretty, with `run` if there is one.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::write(self)
    }

    /// Text for a terminal, at most 100 columns, with ANSI colours only if `color`.
    #[must_use]
    pub fn to_text(&self, color: bool) -> String {
        text::write(&view::page(self), color)
    }

    /// Markdown.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        markdown::write(&view::page(self))
    }

    /// CSV: `section,name,time,value`.
    #[must_use]
    pub fn to_csv(&self) -> String {
        csv::write(&view::page(self))
    }

    /// One HTML file.
    #[must_use]
    pub fn to_html(&self) -> String {
        html::write(&view::page(self))
    }

    /// Reads what [`Document::to_json`] wrote.
    ///
    /// # Errors
    /// Not JSON, another shape, an unknown key, or a newer version, each with its place.
    pub fn from_json(text: &str) -> Result<Document, BadReport> {
        json::read(text)
    }

    /// What may differ between two runs, if it was kept.
    #[must_use]
    pub fn run(&self) -> Option<&Run> {
        match self {
            Document::Replay(report) => report.run.as_ref(),
            Document::Compare(comparison) => comparison.run.as_ref(),
            Document::Sweep(sweep) => sweep.run.as_ref(),
            Document::Capacity(sizing) => sizing.run.as_ref(),
        }
    }

    /// What the run took, in one line for standard error; `None` without `run`.
    #[must_use]
    pub fn stats_line(&self) -> Option<String> {
        let events = match self {
            Document::Replay(report) => report.header.events,
            Document::Compare(comparison) => comparison
                .base
                .events
                .saturating_add(comparison.head.events),
            Document::Sweep(sweep) => sweep.header.events,
            Document::Capacity(sizing) => sizing.header.events,
        };
        self.run().map(|run| stats_line(run, events))
    }
}

fn stats_line(run: &Run, events: u64) -> String {
    let count = |value: u64| format::count(i128::from(value));
    let time = |ms: u64| format::duration(i128::from(ms));
    let mut line = format!(
        "{} events in {} ({} cpu)",
        count(events),
        time(run.wall_ms),
        time(run.cpu_ms)
    );
    if run.events_per_s > 0 {
        line += &format!(", {} events/s", count(run.events_per_s));
    }
    if run.peak_rss_bytes > 0 {
        line += &format!(
            ", {} peak memory",
            format::bytes(i128::from(run.peak_rss_bytes))
        );
    }
    for (label, word) in [("driver", &run.driver), ("oracles", &run.oracles)] {
        if !word.is_empty() {
            line += &format!(", {label} {}", format::visible(word));
        }
    }
    line
}

impl Report {
    /// What the run took, in one line for standard error; `None` without `run`.
    #[must_use]
    pub fn stats_line(&self) -> Option<String> {
        self.run
            .as_ref()
            .map(|run| stats_line(run, self.header.events))
    }
}

impl From<Report> for Document {
    fn from(report: Report) -> Document {
        Document::Replay(Box::new(report))
    }
}

impl From<Comparison> for Document {
    fn from(comparison: Comparison) -> Document {
        Document::Compare(Box::new(comparison))
    }
}

impl From<Sweep> for Document {
    fn from(sweep: Sweep) -> Document {
        Document::Sweep(Box::new(sweep))
    }
}

impl From<Sizing> for Document {
    fn from(sizing: Sizing) -> Document {
        Document::Capacity(Box::new(sizing))
    }
}
