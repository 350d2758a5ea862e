//! JSON: pretty, in the model's order, with lists of numbers on one line.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::model::{Document, FORMAT_VERSION};

/// Why a text is not a report.
#[derive(Debug, thiserror::Error)]
pub enum BadReport {
    /// Not JSON, or not of this shape.
    #[error("line {line}, column {column}: {reason}")]
    Form {
        /// Line, from 1; 0 where it is not known.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// Written by a newer build.
    #[error(
        "format_version {found} is newer than {FORMAT_VERSION}, the newest that this build reads: use the build that wrote it"
    )]
    Newer {
        /// The version that it has.
        found: u64,
    },
    /// Another kind, or not a report at all.
    #[error("kind is {found}: expected \"replay\", \"compare\", \"sweep\" or \"capacity\"")]
    Kind {
        /// What stands there.
        found: String,
    },
}

/// Writes a document.
pub(super) fn write(document: &Document) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, Compact::default());
    let written = document.serialize(&mut serializer);
    debug_assert!(written.is_ok(), "the model has no value that JSON lacks");
    bytes.push(b'\n');
    String::from_utf8(bytes).unwrap_or_default()
}

/// What is looked at before the rest.
#[derive(serde::Deserialize)]
struct Peek {
    #[serde(default)]
    kind: serde_json::Value,
    header: Option<PeekHeader>,
    head: Option<PeekHeader>,
}

#[derive(serde::Deserialize)]
struct PeekHeader {
    #[serde(default)]
    format_version: u64,
}

/// Reads a document.
pub(super) fn read(text: &str) -> Result<Document, BadReport> {
    let form = |error: serde_json::Error| {
        let all = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        BadReport::Form {
            line: error.line(),
            column: error.column(),
            reason: all.strip_suffix(&place).unwrap_or(&all).to_owned(),
        }
    };
    let peek: Peek = serde_json::from_str(text).map_err(form)?;
    let version = peek
        .header
        .or(peek.head)
        .map_or(0, |header| header.format_version);
    if version > u64::from(FORMAT_VERSION) {
        return Err(BadReport::Newer { found: version });
    }
    match peek.kind.as_str() {
        Some("replay" | "compare" | "sweep" | "capacity") => {}
        _ => {
            let found = match peek.kind {
                serde_json::Value::Null => "missing".to_owned(),
                other => other.to_string().chars().take(60).collect(),
            };
            return Err(BadReport::Kind { found });
        }
    }
    serde_json::from_str(text).map_err(form)
}

/// Objects with a member a line; lists of scalars on one line, lists of lists and objects an element a line.
#[derive(Default)]
struct Compact {
    depth: usize,
    /// Of each open list: whether an element stood on a line of its own.
    broken: Vec<bool>,
    /// An element of a list begins; it is the first.
    element: Option<bool>,
}

impl Compact {
    fn line<W: io::Write + ?Sized>(&self, out: &mut W) -> io::Result<()> {
        out.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| out.write_all(b"  "))
    }

    /// Before a scalar.
    fn inline<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        match self.element.take() {
            Some(false) => out.write_all(b", "),
            _ => Ok(()),
        }
    }

    /// Before a list or an object.
    fn apart<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        let Some(first) = self.element.take() else {
            return Ok(());
        };
        if !first {
            out.write_all(b",")?;
        }
        if let Some(broken) = self.broken.last_mut() {
            *broken = true;
        }
        self.line(out)
    }
}

/// Scalars stand inline.
macro_rules! scalars {
    ($($name:ident($type:ty)),* $(,)?) => {
        $(fn $name<W: io::Write + ?Sized>(&mut self, out: &mut W, value: $type) -> io::Result<()> {
            self.inline(out)?;
            write!(out, "{value}")
        })*
    };
}

impl Formatter for Compact {
    scalars! {
        write_bool(bool), write_i8(i8), write_i16(i16), write_i32(i32), write_i64(i64), write_u8(u8),
        write_u16(u16), write_u32(u32), write_u64(u64),
    }

    fn write_null<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.inline(out)?;
        out.write_all(b"null")
    }

    fn begin_string<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.inline(out)?;
        out.write_all(b"\"")
    }

    fn begin_array<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.apart(out)?;
        self.depth += 1;
        self.broken.push(false);
        out.write_all(b"[")
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        if self.broken.pop() == Some(true) {
            self.line(out)?;
        }
        out.write_all(b"]")
    }

    fn begin_array_value<W: io::Write + ?Sized>(
        &mut self,
        _: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.element = Some(first);
        Ok(())
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.apart(out)?;
        self.depth += 1;
        self.broken.push(false);
        out.write_all(b"{")
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        if self.broken.pop() == Some(true) {
            self.line(out)?;
        }
        out.write_all(b"}")
    }

    fn begin_object_key<W: io::Write + ?Sized>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        if let Some(broken) = self.broken.last_mut() {
            *broken = true;
        }
        self.element = None;
        self.line(out)
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.element = None;
        out.write_all(b": ")
    }
}
