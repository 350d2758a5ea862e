//! Request counts per period: an index column that rises, and a count column. Missing periods are zero.

use std::io::Read;
use std::path::Path;

use super::Problem;
use super::lines::{Lines, ROWS_MAX, fields, number, shown};

/// Reads counts; the place in the list is the index less the first index of the file.
///
/// # Errors
/// The first thing that is wrong.
pub fn read(path: &Path, name: &str, index: &str, column: &str) -> Result<Vec<u64>, Problem> {
    parse(Lines::open(path, name)?, index, column)
}

/// Reads counts from any source of bytes.
///
/// # Errors
/// The first thing that is wrong.
pub fn read_from(
    source: impl Read + 'static,
    name: &str,
    index: &str,
    column: &str,
) -> Result<Vec<u64>, Problem> {
    parse(Lines::of(source, name)?, index, column)
}

fn parse(mut lines: Lines, index: &str, column: &str) -> Result<Vec<u64>, Problem> {
    let places = lines.header([index, column])?;
    let mut counts: Vec<u64> = Vec::new();
    let mut first = None;
    while let Some(line) = lines.next()? {
        let (at, count) = match row(line, &places) {
            Ok(row) => row,
            Err((which, message)) => return Err(lines.problem([index, column, ""][which], message)),
        };
        let begin = *first.get_or_insert(at);
        let place = at
            .checked_sub(begin)
            .and_then(|place| usize::try_from(place).ok());
        let Some(place) = place.filter(|place| *place >= counts.len()) else {
            return Err(lines.problem(
                index,
                format!("{at} does not rise: expected rows in order, each index once"),
            ));
        };
        if place >= ROWS_MAX {
            return Err(lines.problem(
                index,
                format!("{at} is too far: expected at most {ROWS_MAX} periods"),
            ));
        }
        counts.resize(place, 0);
        counts.push(count);
    }
    if counts.is_empty() {
        return Err(lines.problem(
            "",
            "has no row after its header: expected at least one count",
        ));
    }
    Ok(counts)
}

fn row(line: &[u8], places: &[usize; 2]) -> Result<(u64, u64), (usize, String)> {
    let Some(found) = fields(line, places) else {
        return Err((
            2,
            format!(
                "\"{}\" is cut short: expected an index and a count",
                shown(line)
            ),
        ));
    };
    let whole = |which: usize| {
        let bad = || {
            (
                which,
                format!("\"{}\" is not a whole number", shown(found[which])),
            )
        };
        number(found[which].trim_ascii()).ok_or_else(bad)
    };
    Ok((whole(0)?, whole(1)?))
}
