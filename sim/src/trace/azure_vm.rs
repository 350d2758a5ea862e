//! Virtual machines in the form of `azure-vm-v1`: arrival, batch, flavor, a range of lifetimes, censored.
//!
//! The data and its form: Cortez et al., "Resource Central", SOSP 2017; Bergsma et al., "Generating
//! Complex, Realistic Cloud Workloads using Recurrent Neural Networks", SOSP 2021. A lifetime is the middle
//! of its range, at least 150 s; a machine that was still running (`censored`) runs to the end.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use nimbus_core::time::{Span, Time};

use super::lines::{Lines, fields, number, shown};
use super::{Arrival, Problem};

/// Columns, in the order of [`Row`].
const COLUMNS: [&str; 6] = [
    "arrival_s",
    "batch",
    "flavor",
    "dur_lo_s",
    "dur_hi_s",
    "censored",
];
/// Shortest lifetime, in seconds.
const LIFETIME_MIN_S: u64 = 150;

/// Machines that arrive together: one batch, flavor and lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Seconds on the trace's clock.
    pub arrival_s: u64,
    /// The deployment that asked for them: always of one tenant.
    pub batch: u32,
    /// Index into the flavors.
    pub flavor: u8,
    /// How many.
    pub count: u16,
    /// Lifetime in seconds; `None` runs to the end.
    pub lifetime_s: Option<u32>,
}

/// A whole trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Rows in order of arrival.
    pub rows: Vec<Row>,
    /// Machines in all.
    pub machines: u64,
}

/// Reads a trace. `flavors` are the names that may stand in it, at most 256.
///
/// # Errors
/// The first thing that is wrong.
pub fn read(path: &Path, name: &str, flavors: &[Arc<str>]) -> Result<Trace, Problem> {
    parse(Lines::open(path, name)?, flavors)
}

/// Reads a trace from any source of bytes.
///
/// # Errors
/// The first thing that is wrong.
pub fn read_from(
    source: impl Read + 'static,
    name: &str,
    flavors: &[Arc<str>],
) -> Result<Trace, Problem> {
    parse(Lines::of(source, name)?, flavors)
}

fn parse(mut lines: Lines, flavors: &[Arc<str>]) -> Result<Trace, Problem> {
    let places = lines.header(COLUMNS)?;
    let mut trace = Trace {
        rows: Vec::new(),
        machines: 0,
    };
    while let Some(line) = lines.next()? {
        let row = match row(line, &places, flavors) {
            Ok(row) => row,
            Err((key, message)) => return Err(lines.problem(key, message)),
        };
        if let Some(last) = trace
            .rows
            .last()
            .filter(|last| row.arrival_s < last.arrival_s)
        {
            let message = format!(
                "{} comes after {}: expected rows in order of arrival",
                row.arrival_s, last.arrival_s
            );
            return Err(lines.problem("arrival_s", message));
        }
        trace.machines += 1;
        match trace.rows.last_mut() {
            Some(last) if last.count < u16::MAX && Row { count: 1, ..*last } == row => {
                last.count += 1
            }
            _ => trace.rows.push(row),
        }
    }
    if trace.rows.is_empty() {
        return Err(lines.problem(
            "",
            "has no row after its header: expected at least one arrival",
        ));
    }
    Ok(trace)
}

fn row(
    line: &[u8],
    places: &[usize; 6],
    flavors: &[Arc<str>],
) -> Result<Row, (&'static str, String)> {
    let Some([arrival, batch, flavor, low, high, censored]) = fields(line, places) else {
        return Err((
            "",
            format!(
                "\"{}\" is cut short: expected {} fields",
                shown(line),
                COLUMNS.len()
            ),
        ));
    };
    let arrival_s = whole("arrival_s", arrival)?;
    if arrival_s > 1 << 40 {
        return Err((
            "arrival_s",
            format!("{arrival_s} is too large: expected seconds below 2^40"),
        ));
    }
    let batch = small("batch", batch)?;
    let (low, high) = (
        u64::from(small("dur_lo_s", low)?),
        u64::from(small("dur_hi_s", high)?),
    );
    if low > high {
        return Err(("dur_lo_s", format!("{low} is above dur_hi_s {high}")));
    }
    let found = flavors.iter().position(|name| name.as_bytes() == flavor);
    let Some(flavor) = found.and_then(|place| u8::try_from(place).ok()) else {
        let known = flavors.join(", ");
        return Err((
            "flavor",
            format!(
                "\"{}\" is not a flavor: expected one of {known}",
                shown(flavor)
            ),
        ));
    };
    let lifetime = LIFETIME_MIN_S.max(low.midpoint(high));
    let lifetime_s = match censored {
        b"0" => Some(u32::try_from(lifetime).unwrap_or(u32::MAX)),
        b"1" => None,
        other => {
            return Err((
                "censored",
                format!("\"{}\" is neither 0 nor 1", shown(other)),
            ));
        }
    };
    Ok(Row {
        arrival_s,
        batch,
        flavor,
        count: 1,
        lifetime_s,
    })
}

fn whole(column: &'static str, field: &[u8]) -> Result<u64, (&'static str, String)> {
    number(field).ok_or_else(|| {
        (
            column,
            format!("\"{}\" is not a whole number", shown(field)),
        )
    })
}

fn small(column: &'static str, field: &[u8]) -> Result<u32, (&'static str, String)> {
    let value = whole(column, field)?;
    u32::try_from(value).map_err(|_| {
        (
            column,
            format!("{value} is too large: expected less than 2^32"),
        )
    })
}

/// How a trace is laid over a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The scenario's start.
    pub start: Time,
    /// The second of the trace that falls on it; what comes before is left out.
    pub origin_s: u64,
    /// The trace's time runs this much faster, at least 1.
    pub compression: u32,
    /// Tenants: a batch belongs to the one at `batch mod tenants`.
    pub tenants: u32,
}

/// The arrivals of a trace under a layout.
pub fn arrivals(trace: Arc<Trace>, layout: Layout) -> impl Iterator<Item = Arrival> + Send {
    let first = trace
        .rows
        .partition_point(|row| row.arrival_s < layout.origin_s);
    let compression = i64::from(layout.compression.max(1));
    let span = move |secs: u64| {
        Span(
            i64::try_from(secs)
                .unwrap_or(i64::MAX)
                .saturating_mul(1_000_000)
                / compression,
        )
    };
    (first..trace.rows.len()).map(move |place| {
        let row = &trace.rows[place];
        Arrival {
            at: layout.start + span(row.arrival_s - layout.origin_s),
            tenant_index: row.batch % layout.tenants.max(1),
            flavor: row.flavor,
            lifetime: row.lifetime_s.map(|secs| span(u64::from(secs))),
            count: u32::from(row.count),
        }
    })
}
