//! Charts as SVG that fits any width: plots stretch, letters and strokes do not.
//!
//! Everything is placed in percent of the width and pixels of the height, in integers; the stretching
//! part is an inner `svg` without aspect ratio. Letters from users are escaped by [`escaped`].

use std::fmt::Write as _;

use super::super::axis;
use super::super::format;
use super::super::model::Unit;
use super::super::page::{Bar, Chart, Dot, Line, Plot, Strip, Stroke};
use super::super::sample;
use super::colours;

/// Points of a line.
const POINTS_MAX: usize = 300;
/// Columns of a strip.
const COLUMNS: usize = 150;
/// Top, height and whole height of a plot, pixels.
const TOP: i128 = 16;
const HEIGHT: i128 = 160;
const ALL: i128 = 200;
/// The plot's own units.
const WIDE: i128 = 10_000;
const HIGH: i128 = 1_000;

/// A chart; `number` makes its ids unique.
pub(super) fn draw(chart: &Chart, number: u32) -> String {
    let mut svg = Svg(String::new());
    match &chart.plot {
        Plot::Lines(lines) => svg.lines(chart, number, lines),
        Plot::Bars(bars) => svg.bars(chart, number, bars),
        Plot::Strips(strips) => svg.strips(chart, number, strips),
        Plot::Dots { x, x_unit, y, dots } => svg.dots(chart, number, (x, *x_unit), y, dots),
    }
    svg.0
}

/// A text within SVG.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in format::visible(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

struct Svg(String);

/// Appends to the text; memory takes every byte.
macro_rules! put {
    ($svg:expr, $($arg:tt)*) => {
        let _ = write!($svg.0, $($arg)*);
    };
}

impl Svg {
    fn open(&mut self, chart: &Chart, number: u32, height: i128, what: &str) {
        let title = escaped(&chart.title);
        put!(
            self,
            r#"<svg role="img" width="100%" height="{height}" aria-labelledby="t{number} d{number}"><title id="t{number}">{title}</title><desc id="d{number}">{}</desc>"#,
            escaped(what)
        );
    }

    /// The part that stretches.
    fn inner(&mut self, top: i128, height: i128, wide: i128, high: i128) {
        put!(
            self,
            r#"<svg x="0" y="{top}" width="100%" height="{height}" viewBox="0 0 {wide} {high}" preserveAspectRatio="none" overflow="visible" aria-hidden="true">"#
        );
    }

    fn close(&mut self) {
        self.0.push_str("</svg>");
    }

    fn text(&mut self, x: &str, y: i128, anchor: &str, class: &str, text: &str) {
        let class = if class.is_empty() {
            String::new()
        } else {
            format!(r#" class="{class}""#)
        };
        let anchor = if anchor == "start" {
            String::new()
        } else {
            format!(r#" text-anchor="{anchor}""#)
        };
        put!(
            self,
            r#"<text x="{x}" y="{y}"{anchor}{class}>{}</text>"#,
            escaped(text)
        );
    }

    /// Lines across the plot for the y axis.
    fn grid(&mut self, step: i128, end: i128) {
        for tick in ticks(step, end) {
            let y = TOP + HEIGHT - axis::part(tick, end, HEIGHT);
            let class = if tick == 0 { "base" } else { "grid" };
            put!(
                self,
                r#"<line class="{class}" x1="0" x2="100%" y1="{y}" y2="{y}"/>"#
            );
        }
    }

    /// Values of the y axis, on their lines.
    fn grid_labels(&mut self, chart: &Chart, step: i128, end: i128) {
        for tick in ticks(step, end).filter(|tick| *tick > 0) {
            let y = TOP + HEIGHT - axis::part(tick, end, HEIGHT) - 4;
            self.text("0", y, "start", "", &chart.value(tick));
        }
    }

    /// Times of the x axis below the plot.
    fn times(&mut self, from: i64, to: i64, y: i128) {
        let span = i128::from(to) - i128::from(from);
        let step = axis::round_up(span.max(1) / 5 + 1, Unit::Seconds);
        let first = i128::from(from).div_euclid(step) * step;
        let mut tick = if first < i128::from(from) {
            first + step
        } else {
            first
        };
        while tick <= i128::from(to) {
            let offset = tick - i128::from(from);
            let x = axis::percent(offset, span);
            let anchor = match axis::part(offset, span, 100) {
                0..=4 => "start",
                93..=100 => "end",
                _ => "middle",
            };
            let label = if tick == 0 {
                "0".to_owned()
            } else {
                format::value(tick, Unit::Seconds, 0)
            };
            self.text(&x, y, anchor, "", &label);
            tick += step;
        }
    }

    fn lines(&mut self, chart: &Chart, number: u32, lines: &[Line]) {
        let (from, to) = ends(lines.iter().map(|line| line.points.as_slice()));
        let values = || {
            lines
                .iter()
                .flat_map(|line| line.points.iter().map(|point| point.1))
        };
        let most = values().max().unwrap_or(0);
        let (step, end) = axis::from_zero(most, chart.unit, 4);
        self.open(chart, number, ALL, &describe(chart, lines, from, to));
        self.grid(step, end);
        self.inner(TOP, HEIGHT, WIDE, HIGH);
        let colours: Vec<u32> = colours(lines.iter().map(|line| line.stroke)).collect();
        for (line, colour) in lines.iter().zip(colours) {
            self.line(line, colour, (from, to), end);
        }
        self.close();
        self.grid_labels(chart, step, end);
        self.times(from, to, TOP + HEIGHT + 18);
        self.close();
    }

    fn line(&mut self, line: &Line, colour: u32, (from, to): (i64, i64), end: i128) {
        let span = i128::from(to) - i128::from(from);
        let x = |at: i64| axis::part(i128::from(at) - i128::from(from), span, WIDE);
        let y = |value| HIGH - axis::part(value, end, HIGH);
        let points = sample::extremes(&line.points, POINTS_MAX);
        let Some(&(at, value)) = points.first() else {
            return;
        };
        let mut path = format!("M{} {}", x(at), y(value));
        for &(at, value) in &points[1..] {
            let _ = write!(path, "H{}V{}", x(at), y(value));
        }
        if points.len() == 1 {
            let _ = write!(path, "H{WIDE}");
        }
        let last = points.last().map_or(0, |point| x(point.0));
        let last = if points.len() == 1 { WIDE } else { last };
        if line.stroke == Stroke::Area {
            let first = x(at);
            put!(
                self,
                r#"<path class="fill k{colour}" d="{path}V{HIGH}H{first}Z"/>"#
            );
            let _ = last;
        }
        let dashed = if line.stroke == Stroke::Dashed {
            " dashed"
        } else {
            ""
        };
        put!(self, r#"<path class="line k{colour}{dashed}" d="{path}"/>"#);
    }

    fn bars(&mut self, chart: &Chart, number: u32, bars: &[Bar]) {
        const ROW: i128 = 38;
        let most = bars.iter().map(|bar| bar.value).max().unwrap_or(0);
        let rows = i128::try_from(bars.len()).unwrap_or(0);
        let list: Vec<String> = bars
            .iter()
            .take(12)
            .map(|bar| format!("{} {}", bar.name, chart.value(bar.value)))
            .collect();
        self.open(chart, number, rows * ROW, &list.join(", "));
        for (i, bar) in (0i128..).zip(bars) {
            let top = i * ROW;
            self.text("0", top + 13, "start", "name", &bar.name);
            self.text("100%", top + 13, "end", "sum", &chart.value(bar.value));
            let width = axis::percent(bar.value, most);
            put!(
                self,
                r#"<rect class="track" x="0" y="{}" width="100%" height="8" rx="2"/>"#,
                top + 20
            );
            put!(
                self,
                r#"<rect class="bar" x="0" y="{}" width="{width}" height="8" rx="2"/>"#,
                top + 20
            );
        }
        self.close();
    }

    fn strips(&mut self, chart: &Chart, number: u32, strips: &[Strip]) {
        const ROW: i128 = 48;
        let (from, to) = ends(strips.iter().map(|strip| strip.points.as_slice()));
        let rows = i128::try_from(strips.len()).unwrap_or(0);
        let columns = strips
            .iter()
            .map(|strip| strip.points.len())
            .max()
            .unwrap_or(0)
            .clamp(1, COLUMNS);
        let names: Vec<&str> = strips
            .iter()
            .take(12)
            .map(|strip| strip.name.as_str())
            .collect();
        self.open(
            chart,
            number,
            rows * ROW + 20,
            &format!("Share over time of {}", names.join(", ")),
        );
        for (i, strip) in (0i128..).zip(strips) {
            let top = i * ROW;
            self.text("0", top + 13, "start", "name", &strip.name);
            let peak = strip.points.iter().map(|point| point.1).max().unwrap_or(0);
            self.text(
                "100%",
                top + 13,
                "end",
                "",
                &format!("peak {}", chart.value(peak)),
            );
            self.inner(top + 20, 20, i128::try_from(columns).unwrap_or(1), 1);
            for (x, value) in sample::columns(&strip.points, from, to, columns)
                .iter()
                .enumerate()
            {
                let Some(value) = value else { continue };
                let share = 7 + axis::part(*value, 1_000_000, 93);
                put!(
                    self,
                    r#"<rect class="cell" x="{x}" y="0" width="1" height="1" fill-opacity="{}.{:02}"/>"#,
                    share / 100,
                    share % 100
                );
            }
            self.close();
        }
        self.times(from, to, rows * ROW + 10);
        self.close();
    }

    fn dots(
        &mut self,
        chart: &Chart,
        number: u32,
        (x, x_unit): (&str, Unit),
        y: &str,
        dots: &[Dot],
    ) {
        let most = dots.iter().map(|dot| dot.y).max().unwrap_or(0);
        let (step, end) = axis::from_zero(most, chart.unit, 4);
        let from = dots.iter().map(|dot| dot.x).min().unwrap_or(0);
        let to = dots.iter().map(|dot| dot.x).max().unwrap_or(0);
        let span = to.saturating_sub(from);
        // dots keep clear of the labels to the left and of the edge
        let at = |value: i128| {
            if span == 0 {
                5_000
            } else {
                1_200 + axis::part(value.saturating_sub(from), span, 8_500)
            }
        };
        let down = |value| TOP + HEIGHT - axis::part(value, end, HEIGHT);
        let all = dots.len();
        let best: Vec<&Dot> = dots.iter().filter(|dot| dot.best).collect();
        self.open(
            chart,
            number,
            ALL + 16,
            &format!(
                "{all} points, {} of them in the Pareto set; {y} upwards, {x} to the right",
                best.len()
            ),
        );
        self.grid(step, end);
        self.front(&best, at, end);
        let mut order: Vec<&Dot> = dots.iter().collect();
        order.sort_by_key(|dot| dot.best);
        let shown = |value| format::value(value, x_unit, chart.exponent);
        for dot in order {
            let (left, top) = (at(dot.x), down(dot.y));
            let (class, r) = if dot.best {
                ("point best", 5)
            } else {
                ("point", 4)
            };
            let name = escaped(&format!(
                "{}: {x} {}, {y} {}",
                dot.name,
                shown(dot.x),
                chart.value(dot.y)
            ));
            put!(
                self,
                r#"<circle class="{class}" cx="{}.{:02}%" cy="{top}" r="{r}"><title>{name}</title></circle>"#,
                left / 100,
                left % 100
            );
        }
        self.grid_labels(chart, step, end);
        let below = TOP + HEIGHT + 18;
        if span > 0 {
            self.text("12%", below, "middle", "", &shown(from));
            self.text("97%", below, "end", "", &shown(to));
        } else {
            self.text("50%", below, "middle", "", &shown(from));
        }
        self.text("54.5%", below, "middle", "", &format!("{x} →"));
        self.close();
    }

    /// The line through the best points, from the cheapest on.
    fn front(&mut self, best: &[&Dot], at: impl Fn(i128) -> i128, end: i128) {
        let mut best: Vec<&&Dot> = best.iter().collect();
        best.sort_by_key(|dot| (dot.x, dot.y));
        let mut path = String::new();
        for (i, dot) in best.iter().enumerate() {
            let letter = if i == 0 { 'M' } else { 'L' };
            let _ = write!(
                path,
                "{letter}{} {}",
                at(dot.x),
                HIGH - axis::part(dot.y, end, HIGH)
            );
        }
        if best.len() > 1 {
            self.inner(TOP, HEIGHT, WIDE, HIGH);
            put!(self, r#"<path class="line k2" d="{path}"/>"#);
            self.close();
        }
    }
}

fn ticks(step: i128, end: i128) -> impl Iterator<Item = i128> {
    (0i128..=6)
        .map(move |i| step.saturating_mul(i))
        .filter(move |tick| *tick <= end)
}

/// First and last second of all series.
fn ends<'a>(series: impl Iterator<Item = &'a [(i64, i128)]>) -> (i64, i64) {
    let ends = series.filter_map(|points| {
        let times = points.iter().map(|point| point.0);
        Some((times.clone().min()?, times.max()?))
    });
    let ends: Vec<(i64, i64)> = ends.collect();
    let from = ends.iter().map(|end| end.0).min().unwrap_or(0);
    (from, ends.iter().map(|end| end.1).max().unwrap_or(from))
}

fn describe(chart: &Chart, lines: &[Line], from: i64, to: i64) -> String {
    let time = |at| format::value(i128::from(at), Unit::Seconds, 0);
    let lines = lines.iter().filter_map(|line| {
        let values = line.points.iter().map(|point| point.1);
        let (least, most) = (values.clone().min()?, values.max()?);
        Some(format!(
            "{} between {} and {}",
            line.name,
            chart.value(least),
            chart.value(most)
        ))
    });
    let lines: Vec<String> = lines.collect();
    format!("From {} to {}: {}", time(from), time(to), lines.join("; "))
}
