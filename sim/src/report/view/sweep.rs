//! The page of a sweep: the Pareto set, every point, which knob matters.

use super::super::format;
use super::super::model::{Point, Spread, Sweep, Unit};
use super::super::page::{Card, Cell, Chart, Dot, Mood, Page, Plot, Section, Table};
use super::{page_of, replay, settings};

/// The page of a sweep.
pub(super) fn page(sweep: &Sweep) -> Page {
    let mut page = page_of("sweep", &sweep.header);
    page.title = format!("{}: sweep of {}", page.title, knobs(sweep));
    page.headline = headline(sweep);
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
    let keys: Vec<&str> = sweep.knobs.iter().map(|knob| knob.key.as_str()).collect();
    keys.join(", ")
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
    let set = format::visible(&settings(&point.set));
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
            settings(&point.set),
        ));
    }
    if let Some(point) = best.min_by_key(|point| (bad(sweep, point).1.mean, point.cost.mean)) {
        let (unit, bad) = bad(sweep, point);
        cards.push(Card::new(
            "Calmest",
            format::value(i128::from(bad.mean), unit, 0),
            settings(&point.set),
        ));
    }
    cards
}

fn spread(spread: Spread, unit: Unit, exponent: u8) -> [Cell; 3] {
    [spread.mean, spread.min, spread.max]
        .map(|value| Cell::Number(i128::from(value), unit, exponent))
}

fn table(sweep: &Sweep, key: &'static str, title: &str) -> Table {
    let many = sweep.seeds.len() > 1;
    let mut columns = vec!["set:parameters", "pareto:"];
    if many {
        columns.extend([
            "cost>cost",
            "cost_min>min",
            "cost_max>max",
            "violations_ppm>above capacity",
            "violations_min>min",
            "violations_max>max",
            "pending_p99_ms>wait p99",
            "pending_min>min",
            "pending_max>max",
            "actions>steps",
            "actions_min>min",
            "actions_max>max",
            "slo:SLO",
        ]);
    } else {
        columns.extend([
            "cost>cost",
            "violations_ppm>above capacity",
            "pending_p99_ms>wait p99",
            "actions>steps",
            "slo:SLO",
        ]);
    }
    Table::new(key, title, &columns)
}

fn row(sweep: &Sweep, point: &Point) -> Vec<Cell> {
    let keep = if sweep.seeds.len() > 1 { 3 } else { 1 };
    let mut cells = vec![
        Cell::text(settings(&point.set)),
        if point.pareto {
            Cell::Verdict("Pareto".to_owned(), Mood::Good)
        } else {
            Cell::text("")
        },
    ];
    if !point.has_result() {
        cells.push(Cell::Verdict("failed".to_owned(), Mood::Bad));
        return cells;
    }
    for (values, unit) in [
        (point.cost, Unit::Minor),
        (point.violations, Unit::Ppm),
        (point.pending, Unit::Millis),
        (point.actions, Unit::Count),
    ] {
        cells.extend(spread(values, unit, exponent(sweep)).into_iter().take(keep));
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
            name: settings(&point.set),
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
                Cell::text(settings(&point.set)),
                Cell::text(trial.seed.to_string()),
                Cell::text(error),
            ]
        })
    });
    section.table(errors.with_rows(failed));
    section
}
