//! The page of a sizing: the smallest counts, the bounds beside them, one node fewer failing.

use super::super::format;
use super::super::model::{Attempt, Sizing, Unit};
use super::super::page::{Card, Cell, Mood, Page, Section, Table};
use super::{page_of, promises, replay, verdict};

/// The page of a sizing.
pub(super) fn page(sizing: &Sizing) -> Page {
    let mut page = page_of("capacity", &sizing.header);
    page.title = format!("{}: smallest pools that keep the SLO", page.title);
    page.verdict = Some(if sizing.met {
        ("SLO met".to_owned(), Mood::Good)
    } else {
        ("no count meets the SLO".to_owned(), Mood::Bad)
    });
    page.headline = headline(sizing)
        .into_iter()
        .map(|line| (line, Mood::Plain))
        .collect();
    page.cards = cards(sizing);
    page.sections = vec![
        pools(sizing),
        below(sizing),
        attempts(sizing),
        replay::notes(&sizing.notes),
    ];
    page.sections.retain(|section| !section.blocks.is_empty());
    page
}

fn headline(sizing: &Sizing) -> Vec<String> {
    let mut lines: Vec<String> = sizing
        .pools
        .iter()
        .map(|pool| {
            let bound = pool.lower_bound.map_or(String::new(), |bound| {
                format!(
                    "; no packing needs fewer than {}",
                    format::count(i128::from(bound))
                )
            });
            let nodes = format::of(u64::from(pool.count), "node", "nodes");
            format!("{}: {nodes}{bound}.", format::visible(&pool.pool))
        })
        .collect();
    if !sizing.met {
        let text = "No counts within the bounds of the pools keep the SLO; the largest are shown.";
        lines.insert(0, text.to_owned());
    }
    if sizing.cost_30d.minor != 0 {
        lines.push(format!(
            "They cost {} per 30 days.",
            format::money(&sizing.cost_30d)
        ));
    }
    for pool in &sizing.pools {
        if let Some(below) = &pool.below {
            let name = format::visible(&pool.pool);
            lines.push(format!(
                "One node fewer in {name} fails: {}.",
                format::visible(&below.why)
            ));
        }
    }
    lines
}

fn cards(sizing: &Sizing) -> Vec<Card> {
    let nodes = sizing
        .pools
        .iter()
        .map(|pool| u64::from(pool.count))
        .fold(0, u64::saturating_add);
    let bound = sizing
        .pools
        .iter()
        .map(|pool| pool.lower_bound.map(u64::from));
    let bound: Option<u64> = bound.into_iter().sum();
    let note = bound.map_or(String::new(), |bound| {
        format!("lower bound {}", format::count(i128::from(bound)))
    });
    let nodes = format::count(i128::from(nodes));
    let mut cards = vec![Card::new("Nodes", nodes, note)];
    if sizing.cost_30d.minor != 0 {
        let cost = format::money(&sizing.cost_30d);
        cards.push(Card::new("Cost, 30 days", cost, String::new()));
    }
    let tried = u64::try_from(sizing.attempts.len()).unwrap_or(u64::MAX);
    if tried > 0 {
        cards.push(Card::new(
            "Tried",
            format::of(tried, "run", "runs"),
            String::new(),
        ));
    }
    cards
}

fn pools(sizing: &Sizing) -> Section {
    let mut section = Section::new("pools", "Smallest pools");
    let table = Table::new(
        "pools",
        "",
        &[
            "pool:pool",
            "count>nodes",
            "lower_bound>lower bound",
            "binding:binds",
            "cost_30d>cost of 30 days",
        ],
    );
    section.table(table.with_rows(sizing.pools.iter().map(|pool| {
        vec![
            Cell::text(&pool.pool),
            Cell::count(pool.count),
            Cell::or_empty(pool.lower_bound, Cell::count),
            Cell::or_empty(pool.binding.as_ref(), Cell::text),
            Cell::Money(pool.cost_30d.clone()),
        ]
    })));
    section.table(promises(&sizing.slo));
    section
}

fn below(sizing: &Sizing) -> Section {
    let mut section = Section::new("below", "One node fewer");
    let table = Table::new(
        "below",
        "",
        &["pool:pool", "nodes>nodes", "slo:", "why:why"],
    );
    let below = sizing
        .pools
        .iter()
        .filter_map(|pool| pool.below.as_ref().map(|below| (pool, below)));
    section.table(table.with_rows(below.map(|(pool, below)| {
        vec![
            Cell::text(&pool.pool),
            Cell::count(pool.count.saturating_sub(1)),
            verdict(below.ok, "kept", "broken"),
            Cell::text(&below.why),
        ]
    })));
    section
}

fn attempts(sizing: &Sizing) -> Section {
    let mut section = Section::new("attempts", "What was tried");
    let table = Table::new(
        "attempts",
        "",
        &["nodes:nodes", "slo:", "cost_30d>cost of 30 days", "why:why"],
    );
    let nodes = |attempt: &Attempt| {
        let pools = sizing.pools.iter().zip(&attempt.counts);
        let counts: Vec<_> = pools
            .map(|(pool, count)| format!("{} {count}", pool.pool))
            .collect();
        counts.join(", ")
    };
    section.table(table.with_rows(sizing.attempts.iter().map(|attempt| {
        vec![
            Cell::text(nodes(attempt)),
            verdict(attempt.ok, "kept", "broken"),
            Cell::Number(
                i128::from(attempt.cost_30d.minor),
                Unit::Minor,
                attempt.cost_30d.exponent,
            ),
            Cell::text(&attempt.why),
        ]
    })));
    section
}
