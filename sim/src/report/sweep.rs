//! What a sweep's runs come to: means, the Pareto set, which knob matters.

use std::collections::BTreeMap;

use nimbus_core::units::div_half_away;

use super::model::{Header, Knob, Point, Sensitivity, Setting, Spread, Sweep, Trial};

impl Spread {
    /// Mean and range; zeros of nothing.
    fn of(values: impl Iterator<Item = i64> + Clone) -> Spread {
        Spread {
            mean: mean(values.clone()),
            min: values.clone().min().unwrap_or(0),
            max: values.max().unwrap_or(0),
        }
    }
}

fn mean(values: impl Iterator<Item = i64>) -> i64 {
    let (sum, count) = values.fold((0i128, 0i128), |(sum, count), value| {
        (sum.saturating_add(i128::from(value)), count + 1)
    });
    let mean = div_half_away(sum, count.max(1)).unwrap_or(0);
    i64::try_from(mean).unwrap_or(i64::MAX)
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl Point {
    /// A point from its runs; `slo_met` and `pareto` are left open.
    #[must_use]
    pub fn of(set: Vec<Setting>, trials: Vec<Trial>) -> Point {
        let good = || trials.iter().filter(|trial| trial.error.is_none());
        Point {
            cost: Spread::of(good().map(|trial| trial.cost_minor)),
            violations: Spread::of(good().map(|trial| signed(trial.violations_ppm))),
            pending: Spread::of(good().map(|trial| signed(trial.pending_p99_ms))),
            actions: Spread::of(good().map(|trial| signed(trial.actions))),
            pareto: false,
            slo_met: None,
            set,
            trials,
        }
    }

    /// Whether at least one run has a result.
    #[must_use]
    pub fn has_result(&self) -> bool {
        self.trials.iter().any(|trial| trial.error.is_none())
    }
}

impl Sweep {
    /// A sweep from its points: marks the Pareto set and computes the sensitivities.
    #[must_use]
    pub fn of(header: Header, knobs: Vec<Knob>, seeds: Vec<u64>, mut points: Vec<Point>) -> Sweep {
        mark_pareto(&mut points);
        let sensitivity = knobs
            .iter()
            .map(|knob| sensitivity(knob, &points))
            .collect();
        Sweep {
            header,
            knobs,
            seeds,
            points,
            sensitivity,
            notes: Vec::new(),
            run: None,
        }
    }

    /// What stands on the y axis beside cost: violations, or waiting where nothing was violated.
    #[must_use]
    pub fn by_waiting(&self) -> bool {
        by_waiting(&self.points)
    }
}

fn by_waiting(points: &[Point]) -> bool {
    points.iter().all(|point| point.violations.max == 0)
}

/// What a point costs and how badly it serves.
fn objectives(point: &Point, by_waiting: bool) -> (i64, i64) {
    let bad = if by_waiting {
        point.pending
    } else {
        point.violations
    };
    (point.cost.mean, bad.mean)
}

/// In order of cost, a point is on the line if it serves better than all cheaper ones. Points that are equal
/// in both are on it together.
fn mark_pareto(points: &mut [Point]) {
    let by_waiting = by_waiting(points);
    let mut order: Vec<usize> = (0..points.len())
        .filter(|&i| points[i].has_result())
        .collect();
    order.sort_by_key(|&i| objectives(&points[i], by_waiting));
    let mut best: Option<(i64, i64)> = None;
    for i in order {
        let found = objectives(&points[i], by_waiting);
        if best.is_none_or(|best| found.1 < best.1 || found == best) {
            points[i].pareto = true;
            best = Some(found);
        }
    }
}

fn sensitivity(knob: &Knob, points: &[Point]) -> Sensitivity {
    let mut by_value: BTreeMap<usize, Vec<&Point>> = BTreeMap::new();
    for point in points.iter().filter(|point| point.has_result()) {
        let setting = point.set.iter().find(|setting| setting.key == knob.key);
        let value = setting.and_then(|s| knob.values.iter().position(|value| *value == s.value));
        if let Some(value) = value {
            by_value.entry(value).or_default().push(point);
        }
    }
    let effect = |of: fn(&Point) -> i64| {
        let means: Vec<(i64, usize)> = by_value
            .iter()
            .map(|(&value, points)| (mean(points.iter().map(|point| of(point))), value))
            .collect();
        let least = means
            .iter()
            .min_by_key(|(mean, value)| (*mean, *value))
            .copied();
        let most = means.iter().map(|(mean, _)| *mean).max();
        let range = least
            .zip(most)
            .map_or(0, |((least, _), most)| most.saturating_sub(least));
        let value = least.and_then(|(_, value)| knob.values.get(value));
        (range, value.cloned().unwrap_or_default())
    };
    let (cost_minor, cheapest) = effect(|point| point.cost.mean);
    let (violations_ppm, calmest) = effect(|point| point.violations.mean);
    Sensitivity {
        key: knob.key.clone(),
        cost_minor,
        violations_ppm,
        cheapest,
        calmest,
    }
}
