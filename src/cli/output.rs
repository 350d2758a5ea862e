//! The one renderer: what goes to stdout, what goes to stderr, and files that are written whole or not at all.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::Value;

use super::exit::Failure;
use super::format::{Output, pretty};
use super::table::{Table, View, describe, plain};

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

/// Where a command speaks, and how.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    pub(crate) output: Output,
    pub(crate) headers: bool,
    pub(crate) columns: Vec<String>,
    pub(crate) sort_by: Option<String>,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    pub(crate) color: Color,
}

impl Console {
    /// Whether programs read the answer.
    pub(crate) fn machine(&self) -> bool {
        self.output.machine()
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

    /// Prints an answer: as text, or as the value in the format that was asked for.
    pub(crate) fn answer(&self, text: &str, json: impl FnOnce() -> Value) -> Result<(), Failure> {
        if self.machine() {
            return self.print(&self.output.render(&json())?);
        }
        self.print(text)
    }

    /// Prints one thing: a line for each field, or as the value in the format that was asked for.
    pub(crate) fn show(&self, value: Value) -> Result<(), Failure> {
        let text = if self.machine() {
            self.output.render(&value)?
        } else if self.columns.is_empty() {
            describe(&value)
        } else {
            Table::of(&[], value).text(self.view())?
        };
        self.print(&text)
    }

    /// Prints one of many things that come one after the other.
    pub(crate) fn line(&self, text: &str, json: impl FnOnce() -> Value) -> Result<(), Failure> {
        if self.machine() {
            return self.print(&self.output.line(&json())?);
        }
        self.print(&format!("{text}\n"))
    }

    /// Prints a document that is JSON already, byte by byte if JSON was asked for.
    pub(crate) fn document(&self, json: &str) -> Result<(), Failure> {
        if self.output == Output::Json {
            return self.print(json);
        }
        let value = serde_json::from_str(json).unwrap_or_else(|_| Value::from(json));
        self.print(&self.output.render(&value)?)
    }

    /// Prints rows with their headers, or as a list of objects.
    pub(crate) fn table(&self, mut table: Table) -> Result<(), Failure> {
        table.sort(self.view())?;
        if self.machine() {
            return self.print(&self.output.render(&table.into_json())?);
        }
        if table.len() == 0 {
            self.note("nothing found");
        }
        self.print(&table.text(self.view())?)
    }

    fn view(&self) -> View<'_> {
        View {
            headers: self.headers,
            wide: self.output == Output::Wide,
            columns: &self.columns,
            sort_by: self.sort_by.as_deref(),
        }
    }

    /// Says something on the side: on stderr, unless quiet.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            complain(text);
        }
    }

    /// Says what went wrong: on stderr, always.
    pub(crate) fn failure(&self, failure: &Failure) {
        if self.machine() && self.output != Output::Name {
            complain(pretty(&failure.to_json()).trim_end());
            return;
        }
        let (on, off) = if self.colors_stderr() {
            ("\u{1b}[1;31m", "\u{1b}[0m")
        } else {
            ("", "")
        };
        for text in failure.texts() {
            complain(&format!("{on}error:{off} {}", plain(text)));
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
    fn a_file_is_written_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write(&path, b"one").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert!(write(&folder.path().join("none/a.txt"), b"two").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
