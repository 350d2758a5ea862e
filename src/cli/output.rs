//! The one renderer: what goes to stdout, what goes to stderr, and files that are written whole or not at all.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::Value;

use super::exit::Failure;

/// How a command answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Table,
    /// For programs: one object, or one a line where a command answers several times.
    Json,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where a command speaks.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    pub(crate) output: Output,
    pub(crate) headers: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    pub(crate) color: Color,
}

impl Console {
    /// Whether programs read the answer.
    pub(crate) fn json(&self) -> bool {
        self.output == Output::Json
    }

    /// Whether a person looks at stderr and wants to see progress.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Prints the answer. A reader that went away is no failure.
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::file(Path::new("stdout"), &error))
            }
            _ => Ok(()),
        }
    }

    /// Prints an answer as text or as JSON.
    pub(crate) fn answer(&self, text: &str, json: impl FnOnce() -> Value) -> Result<(), Failure> {
        if self.json() {
            return self.print(&pretty(&json()));
        }
        self.print(text)
    }

    /// Prints rows with their headers, or as a list of objects.
    pub(crate) fn table(&self, table: &Table) -> Result<(), Failure> {
        let text = table.text(self.headers);
        self.answer(&text, || table.json())
    }

    /// Says something on the side: on stderr, unless quiet.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            complain(text);
        }
    }

    /// Says what went wrong: on stderr, always.
    pub(crate) fn failure(&self, failure: &Failure) {
        if self.json() {
            complain(pretty(&failure.to_json()).trim_end());
            return;
        }
        let (on, off) = if self.colors_stderr() {
            ("\u{1b}[1;31m", "\u{1b}[0m")
        } else {
            ("", "")
        };
        for text in failure.texts() {
            complain(&format!("{on}error:{off} {text}"));
        }
    }

    /// Whether text on stdout is coloured.
    pub(crate) fn colors_stdout(&self) -> bool {
        self.colors(io::stdout().is_terminal())
    }

    fn colors_stderr(&self) -> bool {
        self.colors(io::stderr().is_terminal())
    }

    fn colors(&self, terminal: bool) -> bool {
        let wanted = || std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && wanted(),
        }
    }
}

/// A line on stderr. If even that fails there is nobody left to tell.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Indented JSON with a final line end.
pub(crate) fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// Rows under headers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    headers: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(headers: &[&'static str]) -> Table {
        Table {
            headers: headers.to_vec(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.headers.len());
        self.rows.push(cells);
    }

    fn text(&self, headers: bool) -> String {
        let head: Vec<String> = self.headers.iter().map(|h| h.to_uppercase()).collect();
        let rows = || headers.then_some(&head).into_iter().chain(&self.rows);
        let width = |column: usize| {
            rows()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.headers.len()).map(width).collect();
        let mut out = String::new();
        for row in rows() {
            let cells = row
                .iter()
                .zip(&widths)
                .map(|(cell, &width)| format!("{cell:<width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    fn json(&self) -> Value {
        let object = |row: &Vec<String>| {
            let pairs = self.headers.iter().zip(row);
            Value::Object(
                pairs
                    .map(|(k, v)| ((*k).to_owned(), Value::from(v.as_str())))
                    .collect(),
            )
        };
        Value::Array(self.rows.iter().map(object).collect())
    }
}

/// Reads a text file.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::file(path, &error))
}

/// Writes a file beside its place and renames it, so that no reader sees half of it.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let beside = beside(path);
    let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        let _ = fs::remove_file(&beside); // half a file helps nobody
        Failure::file(path, &error)
    })
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_and_its_json_has_the_same_words() {
        let mut table = Table::new(&["name", "seed"]);
        table.row(vec!["quickstart".into(), "7".into()]);
        assert_eq!(table.text(true), "NAME        SEED\nquickstart  7\n");
        assert_eq!(table.text(false), "quickstart  7\n");
        assert_eq!(
            table.json(),
            serde_json::json!([{ "name": "quickstart", "seed": "7" }])
        );
    }

    #[test]
    fn a_file_is_written_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write(&path, b"one").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert!(write(&folder.path().join("none/a.txt"), b"two").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
