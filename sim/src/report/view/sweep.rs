//! The page of a sweep: the Pareto set, every point, which knob matters.

use super::super::format;
use super::super::model::{Point, Setting, Spread, Sweep, Unit};
use super::super::page::{Card, Cell, Chart, Column, Dot, Mood, Page, Plot, Section, Table};
use super::{page_of, replay, settings};

/// The page of a sweep.
pub(super) fn page(sweep: &Sweep) -> Page {
    let mut page = page_of("sweep", &sweep.header);
    page.title = format!("{}: sweep of {}", page.title, knobs(sweep));
    page.headline = headline(sweep)
        .into_iter()
        .map(|line| (line, Mood::Plain))
        .collect();
    page.cards = cards(sweep);
    page.sections = vec![
        pareto(sweep),
        sensitivity(sweep),
        points(sweep),
        replay::notes(&sweep.notes),
    ];
    page.sections.retain(|section| !section.blocks.is_empty());
    page
}

fn knobs(sweep: &Sweep) -> String {
    let keys: Vec<&str> = sweep
        .knobs
        .iter()
        .map(|knob| short(sweep, &knob.key))
        .collect();
    keys.join(", ")
}

/// What a knob is called here: the last part of its key where no other ends in it.
fn short<'a>(sweep: &'a Sweep, key: &'a str) -> &'a str {
    let end = |key: &'a str| key.rsplit('.').next().unwrap_or(key);
    let same = sweep.knobs.iter().filter(|knob| end(&knob.key) == end(key));
    if same.count() > 1 { key } else { end(key) }
}

/// `up=70, down=30`.
fn described(sweep: &Sweep, point: &Point) -> String {
    let set = point.set.iter().map(|setting| Setting {
        key: short(sweep, &setting.key).to_owned(),
        value: setting.value.clone(),
    });
    settings(&set.collect::<Vec<_>>())
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn exponent(sweep: &Sweep) -> u8 {
    sweep.header.currency.exponent
}

fn money(sweep: &Sweep, minor: i64) -> String {
    format::money(&sweep.header.currency.money(minor))
}

/// What a point serves badly: its unit and spread.
fn bad(sweep: &Sweep, point: &Point) -> (Unit, Spread) {
    if sweep.by_waiting() {
        (Unit::Millis, point.pending)
    } else {
        (Unit::Ppm, point.violations)
    }
}

fn describe(sweep: &Sweep, point: &Point) -> String {
    let (unit, bad) = bad(sweep, point);
    let what = if sweep.by_waiting() {
        "p99 wait"
    } else {
        "above capacity"
    };
    let bad = format::value(i128::from(bad.mean), unit, 0);
    let set = format::visible(&described(sweep, point));
    format!("{set}: {}, {bad} {what}", money(sweep, point.cost.mean))
}

fn headline(sweep: &Sweep) -> Vec<String> {
    let runs = sweep.points.iter().map(|point| point.trials.len()).sum();
    let points = format::of(number(sweep.points.len()), "point", "points");
    let best: Vec<&Point> = sweep.points.iter().filter(|point| point.pareto).collect();
    let mut lines = vec![format!(
        "{points}, {}; {} in the Pareto set.",
        format::of(number(runs), "run", "runs"),
        format::count(i128::from(number(best.len()))),
    )];
    let cheapest = best.iter().min_by_key(|point| point.cost.mean);
    let calmest = best
        .iter()
        .min_by_key(|point| (bad(sweep, point).1.mean, point.cost.mean));
    let promised = sweep
        .points
        .iter()
        .filter(|point| point.slo_met == Some(true));
    lines.extend(cheapest.map(|point| format!("Cheapest: {}.", describe(sweep, point))));
    lines.extend(calmest.map(|point| format!("Calmest: {}.", describe(sweep, point))));
    let promised = promised.min_by_key(|point| point.cost.mean);
    lines.extend(
        promised.map(|point| format!("Cheapest that keeps the SLO: {}.", describe(sweep, point))),
    );
    lines
}

fn cards(sweep: &Sweep) -> Vec<Card> {
    let best = sweep.points.iter().filter(|point| point.pareto);
    let mut cards = vec![Card::new(
        "Points",
        format::count(i128::from(number(sweep.points.len()))),
        format::of(number(sweep.seeds.len()), "seed each", "seeds each"),
    )];
    if let Some(point) = best.clone().min_by_key(|point| point.cost.mean) {
        cards.push(Card::new(
            "Cheapest",
            money(sweep, point.cost.mean),
            described(sweep, point),
        ));
    }
    if let Some(point) = best.min_by_key(|point| (bad(sweep, point).1.mean, point.cost.mean)) {
        let (unit, bad) = bad(sweep, point);
        cards.push(Card::new(
            "Calmest",
            format::value(i128::from(bad.mean), unit, 0),
            described(sweep, point),
        ));
    }
    cards
}

fn spread(spread: Spread, unit: Unit, exponent: u8) -> Cell {
    let Spread { mean, min, max } = spread;
    Cell::Spread([mean, min, max].map(i128::from), unit, exponent)
}

/// A table of points: a column for each knob, then the figures.
fn table(sweep: &Sweep, key: &'static str, title: &str) -> Table {
    let mut table = Table::new(key, title, &[]);
    table.columns = sweep
        .knobs
        .iter()
        .map(|knob| Column::new(&knob.key, short(sweep, &knob.key), true))
        .collect();
    table.names = sweep.knobs.len().max(1);
    let code = &sweep.header.currency.code;
    table.columns.extend([
        Column::new("pareto", "", false),
        Column::new("cost", &format!("cost, {code}"), true),
        Column::new("violations_ppm", "above capacity", true),
        Column::new("pending_p99_ms", "wait p99", true),
        Column::new("actions", "steps", true),
        Column::new("slo", "SLO", false),
    ]);
    table
}

fn row(sweep: &Sweep, point: &Point) -> Vec<Cell> {
    let value = |key: &str| point.set.iter().find(|setting| setting.key == key);
    let values = sweep
        .knobs
        .iter()
        .map(|knob| Cell::or_empty(value(&knob.key), |s| Cell::text(&s.value)));
    let mut cells: Vec<Cell> = values.collect();
    cells.push(match (point.has_result(), point.pareto) {
        (false, _) => Cell::Verdict("failed".to_owned(), Mood::Bad),
        (true, true) => Cell::Verdict("Pareto".to_owned(), Mood::Good),
        (true, false) => Cell::text(""),
    });
    if !point.has_result() {
        return cells;
    }
    for (values, unit) in [
        (point.cost, Unit::Minor),
        (point.violations, Unit::Ppm),
        (point.pending, Unit::Millis),
        (point.actions, Unit::Count),
    ] {
        cells.push(spread(values, unit, exponent(sweep)));
    }
    cells.push(Cell::or_empty(point.slo_met, |met| {
        super::verdict(met, "kept", "broken")
    }));
    cells
}

fn pareto(sweep: &Sweep) -> Section {
    let mut section = Section::new("pareto", "Cost against service");
    let (y, unit) = if sweep.by_waiting() {
        ("p99 wait", Unit::Millis)
    } else {
        ("requests above capacity", Unit::Ppm)
    };
    let dots = sweep
        .points
        .iter()
        .filter(|point| point.has_result())
        .map(|point| Dot {
            name: described(sweep, point),
            x: i128::from(point.cost.mean),
            y: i128::from(bad(sweep, point).1.mean),
            best: point.pareto,
        });
    let plot = Plot::Dots {
        x: "cost",
        x_unit: Unit::Minor,
        y,
        dots: dots.collect(),
    };
    let title = format!("Cost ({}) against {y}", sweep.header.currency.code);
    let mut chart = Chart::new("pareto", title, unit, plot);
    chart.exponent = exponent(sweep);
    section.chart(chart);
    let best = sweep.points.iter().filter(|point| point.pareto);
    let mut best: Vec<&Point> = best.collect();
    best.sort_by_key(|point| (point.cost.mean, bad(sweep, point).1.mean));
    section.table(
        table(sweep, "pareto", "Pareto set, cheapest first")
            .with_rows(best.into_iter().map(|p| row(sweep, p))),
    );
    section
}

fn sensitivity(sweep: &Sweep) -> Section {
    let mut section = Section::new("sensitivity", "Which knob matters");
    let table = Table::new(
        "sensitivity",
        "Largest difference between the means of two values",
        &[
            "key:key",
            "cost>cost",
            "violations_ppm>above capacity",
            "cheapest:cheapest at",
            "calmest:calmest at",
        ],
    );
    section.table(table.with_rows(sweep.sensitivity.iter().map(|knob| {
        vec![
            Cell::text(&knob.key),
            Cell::Number(i128::from(knob.cost_minor), Unit::Minor, exponent(sweep)),
            Cell::of(knob.violations_ppm, Unit::Ppm),
            Cell::text(&knob.cheapest),
            Cell::text(&knob.calmest),
        ]
    })));
    section
}

fn points(sweep: &Sweep) -> Section {
    let mut section = Section::new("points", "Every point");
    let mut all = table(sweep, "points", "");
    all.limit_text = 100;
    section.table(all.with_rows(sweep.points.iter().map(|point| row(sweep, point))));
    let errors = Table::new(
        "errors",
        "Runs without a result",
        &["set:parameters", "seed>seed", "error:error"],
    );
    let failed = sweep.points.iter().flat_map(|point| {
        let failed = point
            .trials
            .iter()
            .filter_map(|trial| trial.error.as_ref().map(|error| (trial, error)));
        failed.map(|(trial, error)| {
            vec![
                Cell::text(described(sweep, point)),
                Cell::text(trial.seed.to_string()),
                Cell::text(error),
            ]
        })
    });
    section.table(errors.with_rows(failed));
    section
}
