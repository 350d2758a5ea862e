//! From each kind of document to the page that all formats show.

mod answer;
mod capacity;
mod compare;
mod replay;
mod scaling;
mod scheduling;
mod sizing;
mod sweep;
mod tenants;

pub(super) use answer::share_ppm;

use super::model::{Document, Header, LimitFound, Promise, Setting};
use super::page::{Cell, Mood, Page, Table};

/// The page of a document.
pub(super) fn page(document: &Document) -> Page {
    match document {
        Document::Replay(report) => replay::page(report),
        Document::Compare(comparison) => compare::page(comparison),
        Document::Sweep(sweep) => sweep::page(sweep),
        Document::Capacity(sizing) => sizing::page(sizing),
    }
}

/// Title and origin, which every page has.
fn page_of(kind: &'static str, header: &Header) -> Page {
    let title = if header.title.is_empty() {
        &header.scenario
    } else {
        &header.title
    };
    Page {
        kind,
        name: header.scenario.clone(),
        title: title.clone(),
        partial: header.partial.clone(),
        origin: origin(header),
        start: header.start,
        ..Page::default()
    }
}

fn origin(header: &Header) -> Vec<(&'static str, Cell)> {
    let mut origin = vec![
        ("scenario", Cell::text(&header.scenario)),
        ("scenario hash", Cell::Code(header.scenario_hash.clone())),
        ("seed", Cell::text(header.seed.to_string())),
        ("score", Cell::text(header.score.as_str())),
    ];
    if !header.set.is_empty() {
        origin.push(("set", Cell::Code(settings(&header.set))));
    }
    origin.extend([
        ("virtual start", Cell::text(header.start.to_string())),
        (
            "virtual duration",
            Cell::of(header.duration_ms, super::model::Unit::Millis),
        ),
    ]);
    if header.warm_up_ms > 0 {
        let warm_up = Cell::of(header.warm_up_ms, super::model::Unit::Millis);
        origin.push(("warm-up", warm_up));
    }
    origin.extend([
        ("events", Cell::count(header.events)),
        ("event hash", Cell::Code(header.event_hash.clone())),
        ("build", Cell::text(&header.build)),
        ("format version", Cell::count(header.format_version)),
    ]);
    origin
}

/// `up=70, down=30`.
fn settings(set: &[Setting]) -> String {
    let set: Vec<_> = set
        .iter()
        .map(|s| format!("{}={}", s.key, s.value))
        .collect();
    set.join(", ")
}

/// `met` or `broken` with its mood.
fn verdict(ok: bool, yes: &str, no: &str) -> Cell {
    if ok {
        Cell::Verdict(yes.to_owned(), Mood::Good)
    } else {
        Cell::Verdict(no.to_owned(), Mood::Bad)
    }
}

/// The promises of `[slo]`.
fn promises(slo: &[Promise]) -> Table {
    let table = Table::new(
        "slo",
        "Promises",
        &[
            "promise:promise",
            "promised>promised",
            "found>found",
            "met:",
        ],
    );
    table.with_rows(slo.iter().map(|promise| {
        vec![
            Cell::text(&promise.what),
            Cell::text(&promise.promised),
            Cell::text(&promise.found),
            verdict(promise.ok, "kept", "broken"),
        ]
    }))
}

/// The limits of a comparison.
fn limits(limits: &[LimitFound]) -> Table {
    let table = Table::new("limits", "", &["limit:limit", "found>found", "holds:"]);
    table.with_rows(limits.iter().map(|limit| {
        vec![
            Cell::text(&limit.limit),
            Cell::text(&limit.found),
            verdict(limit.ok, "holds", "broken"),
        ]
    }))
}
