//! The page of one run, answer first.

use super::super::format;
use super::super::model::Report;
use super::super::page::{Cell, Mood, Page, Section, Table};
use super::{answer, capacity, page_of, promises, scaling, scheduling, tenants, verdict};

/// The page of one run.
pub(super) fn page(report: &Report) -> Page {
    let mut page = page_of("replay", &report.header);
    page.verdict = outcome(report);
    page.headline = answer::headline(report);
    page.cards = answer::cards(report);
    page.sections = [
        answer::section(report),
        expectations(report),
        capacity::section(report),
        scheduling::section(report),
        scaling::section(report),
        capacity::pools(report),
        tenants::section(report),
        tenants::invoices(report),
        tables(report),
        notes(&report.notes),
    ]
    .into_iter()
    .filter(|section| !section.blocks.is_empty())
    .collect();
    page
}

/// All promises and expectations in a word or two.
fn outcome(report: &Report) -> Option<(String, Mood)> {
    let mut words = Vec::new();
    let slo = report.answer.slo_met();
    let broken = report.expectations.iter().filter(|e| !e.ok).count();
    let broken = u64::try_from(broken).unwrap_or(u64::MAX);
    words.extend(slo.map(|met| if met { "SLO met" } else { "SLO broken" }.to_owned()));
    if broken > 0 {
        words.push(format::of(
            broken,
            "expectation broken",
            "expectations broken",
        ));
    } else if !report.expectations.is_empty() {
        words.push("all expectations hold".to_owned());
    }
    let good = broken == 0 && slo != Some(false);
    let mood = if good { Mood::Good } else { Mood::Bad };
    (!words.is_empty()).then(|| (words.join(", "), mood))
}

fn expectations(report: &Report) -> Section {
    let mut section = Section::new("expectations", "Expectations");
    section.table(promises(&report.answer.slo));
    let table = Table::new(
        "expect",
        if report.answer.slo.is_empty() {
            ""
        } else {
            "Asked of the run"
        },
        &[
            "expectation:expectation",
            "expected>expected",
            "found>found",
            "holds:",
        ],
    );
    section.table(
        table.with_rows(report.expectations.iter().map(|expectation| {
            vec![
                Cell::text(&expectation.text),
                Cell::text(&expectation.expected),
                Cell::text(&expectation.found),
                verdict(expectation.ok, "holds", "broken"),
            ]
        })),
    );
    section
}

fn tables(report: &Report) -> Section {
    let mut section = Section::new("records", "Records");
    let tables = &report.tables;
    let mut table = Table::new("records", "", &["record:record", "rows>rows"]);
    for (name, rows) in [
        ("usage samples", tables.usage_samples),
        ("usage intervals", tables.usage_intervals),
        ("billed windows of 30 s", tables.billed_windows),
        ("stored runs of equal windows", tables.window_runs),
        ("explained decisions", tables.decisions),
    ] {
        if rows > 0 {
            table.row([Cell::text(name), Cell::count(rows)]);
        }
    }
    section.table(table);
    section
}

/// Remarks.
pub(super) fn notes(notes: &[String]) -> Section {
    let mut section = Section::new("notes", "Notes");
    for note in notes {
        section.text(note);
    }
    section
}
