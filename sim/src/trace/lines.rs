//! Lines of a file that may be compressed, with their numbers and limits.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::scenario::Problem;

/// Longest line, in bytes.
pub const LINE_MAX: usize = 4_096;
/// Most rows of a trace.
pub const ROWS_MAX: usize = 50_000_000;
/// Most bytes of a trace, uncompressed: 4 GiB.
pub const BYTES_MAX: u64 = 4 << 30;

/// A file, line by line.
pub(super) struct Lines {
    file: String,
    reader: Box<dyn BufRead>,
    line: Vec<u8>,
    number: usize,
    bytes: u64,
}

impl Lines {
    /// Opens a file; `name` is what problems call it.
    pub(super) fn open(path: &Path, name: &str) -> Result<Lines, Problem> {
        let file = File::open(path)
            .map_err(|error| Problem::of_file(name, format!("cannot be opened: {error}")))?;
        Lines::of(file, name)
    }

    /// Reads bytes that are there already, or any other source.
    pub(super) fn of(source: impl Read + 'static, name: &str) -> Result<Lines, Problem> {
        let mut reader = BufReader::with_capacity(1 << 16, source);
        let start = reader
            .fill_buf()
            .map_err(|error| Problem::of_file(name, format!("cannot be read: {error}")))?;
        let reader: Box<dyn BufRead> = if start.starts_with(&[0x1f, 0x8b]) {
            Box::new(BufReader::with_capacity(
                1 << 16,
                MultiGzDecoder::new(reader),
            ))
        } else {
            Box::new(reader)
        };
        Ok(Lines {
            file: name.to_owned(),
            reader,
            line: Vec::new(),
            number: 0,
            bytes: 0,
        })
    }

    /// The next line without its end; empty lines are passed over.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, Problem> {
        loop {
            self.line.clear();
            self.number += 1;
            let mut limited = (&mut self.reader).take(LINE_MAX as u64 + 1);
            let read = limited.read_until(b'\n', &mut self.line);
            let read =
                read.map_err(|error| self.problem("", format!("cannot be read on: {error}")))?;
            self.bytes += read as u64;
            if read == 0 {
                return Ok(None);
            }
            if read > LINE_MAX || self.bytes > BYTES_MAX || self.number > ROWS_MAX {
                let limits =
                    format!("{LINE_MAX} bytes a line, {ROWS_MAX} rows and {BYTES_MAX} bytes");
                return Err(self.problem("", format!("is too long: expected at most {limits}")));
            }
            let end = self
                .line
                .iter()
                .rposition(|byte| !byte.is_ascii_whitespace())
                .map_or(0, |last| last + 1);
            self.line.truncate(end);
            if end > 0 {
                return Ok(Some(&self.line));
            }
        }
    }

    /// Place of each wanted column in the header, which is read here.
    pub(super) fn header<const N: usize>(
        &mut self,
        wanted: [&str; N],
    ) -> Result<[usize; N], Problem> {
        let Some(header) = self.next()? else {
            return Err(self.problem(
                "",
                format!("is empty: expected a header with {}", wanted.join(", ")),
            ));
        };
        let header = header.strip_prefix(b"\xef\xbb\xbf").unwrap_or(header);
        let found: Vec<Vec<u8>> = header
            .split(|byte| *byte == b',')
            .map(|name| name.trim_ascii().to_vec())
            .collect();
        let mut places = [0; N];
        for (place, name) in places.iter_mut().zip(wanted) {
            let Some(column) = found.iter().position(|column| column == name.as_bytes()) else {
                let names: Vec<_> = found
                    .iter()
                    .map(|name| String::from_utf8_lossy(name))
                    .collect();
                let found = names.join(", ");
                return Err(self.problem(name, format!("column is missing: found {found}")));
            };
            *place = column;
        }
        Ok(places)
    }

    /// A problem at the present line.
    pub(super) fn problem(&self, key: &str, message: impl Into<String>) -> Problem {
        Problem {
            file: self.file.clone(),
            line: self.number,
            key: key.to_owned(),
            message: message.into(),
        }
    }
}

/// The fields of a line at these places; `None` if there are too few.
pub(super) fn fields<'a, const N: usize>(
    line: &'a [u8],
    places: &[usize; N],
) -> Option<[&'a [u8]; N]> {
    let mut found: [Option<&[u8]>; N] = [None; N];
    for (column, field) in line.split(|byte| *byte == b',').enumerate() {
        for (slot, place) in found.iter_mut().zip(places) {
            if *place == column {
                *slot = Some(field);
            }
        }
    }
    let mut fields: [&[u8]; N] = [b""; N];
    for (field, slot) in fields.iter_mut().zip(found) {
        *field = slot?;
    }
    Some(fields)
}

/// A whole number of at most 18 digits.
pub(super) fn number(field: &[u8]) -> Option<u64> {
    if field.is_empty() || field.len() > 18 {
        return None;
    }
    field.iter().try_fold(0u64, |value, byte| {
        byte.is_ascii_digit()
            .then(|| value * 10 + u64::from(byte - b'0'))
    })
}

/// A field as people read it.
pub(super) fn shown(field: &[u8]) -> String {
    String::from_utf8_lossy(field).chars().take(40).collect()
}
