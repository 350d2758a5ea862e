//! The page of two runs side by side.

use super::super::format;
use super::super::model::{Better, Compared, Comparison, Overlay, Unit, Wide};
use super::super::page::{Card, Cell, Chart, Line, Mood, Page, Section, Stroke, Table};
use super::capacity::lines;
use super::{limits, page_of, replay};

/// Figures that the answer and the cards name, in this order.
const FIRST: [&str; 6] = [
    "cost",
    "peak_nodes",
    "violations",
    "actions",
    "pending_p99",
    "waited",
];

/// Longest label that stands over a column, in characters.
const LABEL_MAX: usize = 20;

/// The page of a comparison.
pub(super) fn page(comparison: &Comparison) -> Page {
    let mut page = page_of("compare", &comparison.head);
    let (a, b) = (&comparison.base_label, &comparison.head_label);
    page.title = match a.chars().count().max(b.chars().count()) {
        0..=LABEL_MAX => format!("{}: {b} against {a}", page.title),
        _ => format!("{}: B against A", page.title),
    };
    page.partial = comparison.base.partial.clone().or(page.partial);
    page.origin.push(("A", Cell::text(a)));
    page.origin.push((
        "event hash of A",
        Cell::Code(comparison.base.event_hash.clone()),
    ));
    if comparison.base.scenario_hash != comparison.head.scenario_hash {
        let hash = comparison.base.scenario_hash.clone();
        page.origin.push(("scenario hash of A", Cell::Code(hash)));
    }
    page.origin.push(("B", Cell::text(b)));
    if !comparison.limits.is_empty() {
        page.verdict = Some(if comparison.limits_hold() {
            ("all limits hold".to_owned(), Mood::Good)
        } else {
            ("limit broken".to_owned(), Mood::Bad)
        });
    }
    page.headline = headline(comparison);
    if a.chars().count().max(b.chars().count()) > LABEL_MAX {
        let names = format!("A is {}; B is {}.", format::visible(a), format::visible(b));
        page.headline.insert(0, (names, Mood::Plain));
    }
    page.cards = first(comparison)
        .map(|compared| card(comparison, compared))
        .collect();
    page.sections = vec![
        limit_section(comparison),
        figures(comparison),
        charts(comparison),
        replay::notes(&comparison.notes),
    ];
    page.sections.retain(|section| !section.blocks.is_empty());
    page
}

fn exponent(comparison: &Comparison) -> u8 {
    comparison.head.currency.exponent
}

fn first(comparison: &Comparison) -> impl Iterator<Item = &Compared> {
    let all = |key: &&str| {
        let key = *key;
        comparison
            .figures
            .iter()
            .find(move |compared| compared.key == key)
    };
    FIRST.iter().filter_map(all).filter(|compared| {
        let zero = |value: Option<Wide>| value.is_none_or(|value| value.0 == 0);
        !(zero(compared.base) && zero(compared.head))
    })
}

fn mood(compared: &Compared) -> Mood {
    let difference = compared.difference.map_or(0, |difference| difference.0);
    match (compared.better, difference.signum()) {
        (Better::Less, -1) | (Better::More, 1) => Mood::Good,
        (Better::Less, 1) | (Better::More, -1) => Mood::Bad,
        _ => Mood::Plain,
    }
}

fn change(compared: &Compared) -> String {
    match (compared.change_ppm, compared.difference) {
        (Some(ppm), _) if ppm.0 == 0 => "no change".to_owned(),
        (Some(ppm), _) => format::difference(ppm.0, Unit::Ppm, 0),
        (None, Some(_)) => "from zero".to_owned(),
        (None, None) => "only in one".to_owned(),
    }
}

fn shown(comparison: &Comparison, value: Option<Wide>, unit: Unit) -> String {
    let currency = &comparison.head.currency;
    match value {
        None => "–".to_owned(),
        Some(value) => match (unit, i64::try_from(value.0)) {
            (Unit::Minor, Ok(minor)) => format::money(&currency.money(minor)),
            _ => format::value(value.0, unit, currency.exponent),
        },
    }
}

fn headline(comparison: &Comparison) -> Vec<(String, Mood)> {
    let line = |compared: &Compared| {
        let mut name = format::visible(&compared.name);
        if let Some(letter) = name.get_mut(..1) {
            letter.make_ascii_uppercase();
        }
        let shown = |value| shown(comparison, value, compared.unit);
        let (base, head) = (shown(compared.base), shown(compared.head));
        let line = format!("{name}: {head} against {base} ({}).", change(compared));
        (line, mood(compared))
    };
    first(comparison).map(line).collect()
}

fn card(comparison: &Comparison, compared: &Compared) -> Card {
    let label = match compared.key.as_str() {
        "cost" => "Cost of nodes",
        "peak_nodes" => "Peak nodes",
        "violations" => "Above capacity",
        "actions" => "Autoscaling steps",
        "pending_p99" => "Wait, p99",
        _ => "Pods that waited",
    };
    let value = shown(comparison, compared.head, compared.unit);
    let mut card = Card::new(label, value, change(compared));
    card.mood = mood(compared);
    card
}

fn limit_section(comparison: &Comparison) -> Section {
    let mut section = Section::new("limits", "Limits");
    section.table(limits(&comparison.limits));
    section
}

fn figures(comparison: &Comparison) -> Section {
    let mut section = Section::new("figures", "Every figure");
    let exponent = exponent(comparison);
    let mut table = Table::new(
        "figures",
        "",
        &[
            "figure:figure",
            "a>A",
            "b>B",
            "difference>difference",
            "change_ppm>change",
        ],
    );
    table.limit_text = 60;
    let code = &comparison.head.currency.code;
    let labels = [&comparison.base_label, &comparison.head_label];
    // Longer ones would leave no room for the figures: then the columns are called A and B.
    if labels
        .iter()
        .all(|label| label.chars().count() <= LABEL_MAX)
    {
        for (column, label) in table.columns.iter_mut().skip(1).zip(labels) {
            column.title.clone_from(label);
        }
    }
    for compared in &comparison.figures {
        let value = |value: Option<Wide>| {
            Cell::or_empty(value, |value| {
                Cell::Number(value.0, compared.unit, exponent)
            })
        };
        let signed = |value: Wide, unit| Cell::Signed(value.0, unit, exponent);
        table.row([
            Cell::text(if compared.unit == Unit::Minor {
                format!("{}, {code}", compared.name)
            } else {
                compared.name.clone()
            }),
            value(compared.base),
            value(compared.head),
            Cell::or_empty(compared.difference, |d| signed(d, compared.unit)),
            Cell::or_empty(compared.change_ppm, |c| {
                Cell::Judged(Box::new(signed(c, Unit::Ppm)), mood(compared))
            }),
        ]);
    }
    section.table(table);
    section
}

fn charts(comparison: &Comparison) -> Section {
    let mut section = Section::new("series", "Over time");
    for overlay in &comparison.overlays {
        let Overlay { name, unit, .. } = overlay;
        let plot = lines(vec![
            Line::new(
                "a",
                &format!("A: {}", comparison.base_label),
                Stroke::Dashed,
                &overlay.base_at_s,
                &overlay.base,
            ),
            Line::new(
                "b",
                &format!("B: {}", comparison.head_label),
                Stroke::Solid,
                &overlay.head_at_s,
                &overlay.head,
            ),
        ]);
        section.chart(Chart::new(name, name, *unit, plot));
    }
    section
}
