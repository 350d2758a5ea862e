//! What charts show: lines, bars, strips, dots, as numbers.

use super::format;
use super::model::Unit;

/// How a line of a chart is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stroke {
    /// A line.
    #[default]
    Solid,
    /// A dashed line: what is allowed or possible.
    Dashed,
    /// A line over a filled area.
    Area,
}

/// One line of a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// Its word in CSV.
    pub(super) key: String,
    /// Its name.
    pub(super) name: String,
    /// How it is drawn.
    pub(super) stroke: Stroke,
    /// Seconds from the start, with the value from then on.
    pub(super) points: Vec<(i64, i128)>,
}

impl Line {
    pub(super) fn new(key: &str, name: &str, stroke: Stroke, at_s: &[i64], values: &[u64]) -> Line {
        let points = at_s.iter().zip(values);
        Line {
            key: key.to_owned(),
            name: name.to_owned(),
            stroke,
            points: points
                .map(|(&at, &value)| (at, i128::from(value)))
                .collect(),
        }
    }
}

/// One bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    /// Its name.
    pub(super) name: String,
    /// Its length.
    pub(super) value: i128,
}

/// A row of cells that are darker where there is more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Strip {
    /// Its name.
    pub(super) name: String,
    /// Seconds from the start, with the share in ppm.
    pub(super) points: Vec<(i64, i128)>,
}

/// A point of a scatter plot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dot {
    /// Its parameters.
    pub(super) name: String,
    /// To the right.
    pub(super) x: i128,
    /// Upwards.
    pub(super) y: i128,
    /// On the line of the best.
    pub(super) best: bool,
}

/// What a chart shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plot {
    /// Steps over time.
    Lines(Vec<Line>),
    /// Bars beside each other.
    Bars(Vec<Bar>),
    /// Strips over time.
    Strips(Vec<Strip>),
    /// Dots; titles and units of x and y.
    Dots {
        /// Title of the x axis.
        x: &'static str,
        /// Its unit.
        x_unit: Unit,
        /// Title of the y axis.
        y: &'static str,
        /// The dots.
        dots: Vec<Dot>,
    },
}

/// A chart. Its data stand in a table behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chart {
    /// Its word in CSV.
    pub(super) key: String,
    /// Its title.
    pub(super) title: String,
    /// Unit of the values (of y).
    pub(super) unit: Unit,
    /// Digits behind the point of amounts.
    pub(super) exponent: u8,
    /// What it shows.
    pub(super) plot: Plot,
}

impl Chart {
    pub(super) fn new(
        key: impl Into<String>,
        title: impl Into<String>,
        unit: Unit,
        plot: Plot,
    ) -> Chart {
        Chart {
            key: key.into(),
            title: title.into(),
            unit,
            exponent: 2,
            plot,
        }
    }

    /// Whether there is nothing to draw.
    pub(super) fn is_empty(&self) -> bool {
        match &self.plot {
            Plot::Lines(lines) => lines.iter().all(|line| line.points.is_empty()),
            Plot::Bars(bars) => bars.is_empty(),
            Plot::Strips(strips) => strips.iter().all(|strip| strip.points.is_empty()),
            Plot::Dots { dots, .. } => dots.is_empty(),
        }
    }

    pub(super) fn value(&self, value: i128) -> String {
        format::value(value, self.unit, self.exponent)
    }
}
