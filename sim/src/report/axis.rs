//! Round numbers for axes, in integers.

use super::model::Unit;

/// Ticks of an axis from zero: the step and the end, so that `most` lies within and there are at most
/// `ticks` steps.
pub(super) fn from_zero(most: i128, unit: Unit, ticks: i128) -> (i128, i128) {
    let most = most.max(1);
    let ticks = ticks.max(1);
    let step = round_up(most / ticks + i128::from(most % ticks > 0), unit);
    let steps = most / step + i128::from(most % step > 0);
    (step, step.saturating_mul(steps))
}

/// The smallest round number that is at least `value`.
pub(super) fn round_up(value: i128, unit: Unit) -> i128 {
    match unit {
        Unit::Millis => durations().find(|round| *round >= value).unwrap_or(value),
        Unit::Seconds => durations()
            .filter(|round| round % 1_000 == 0)
            .map(|round| round / 1_000)
            .find(|round| *round >= value)
            .unwrap_or(value),
        Unit::Bytes => (0..7)
            .flat_map(|power| {
                [1i128, 2, 4, 8, 16, 32, 64, 128, 256, 512].map(|n| n << (10 * power))
            })
            .find(|round| *round >= value)
            .unwrap_or(value),
        _ => (0..30)
            .flat_map(|power| [1i128, 2, 5].map(|n| n.saturating_mul(10i128.pow(power))))
            .find(|round| *round >= value)
            .unwrap_or(value),
    }
}

/// Round lengths of time in milliseconds, rising.
fn durations() -> impl Iterator<Item = i128> {
    const SECOND: i128 = 1_000;
    const MINUTE: i128 = 60 * SECOND;
    const HOUR: i128 = 60 * MINUTE;
    const DAY: i128 = 24 * HOUR;
    let short = [1, 2, 5, 10, 20, 50, 100, 200, 500];
    let seconds = [1, 2, 5, 10, 15, 30].map(|n| n * SECOND);
    let minutes = [1, 2, 5, 10, 15, 30].map(|n| n * MINUTE);
    let hours = [1, 2, 3, 6, 12].map(|n| n * HOUR);
    let days = (0..15).flat_map(|power| [1, 2, 5].map(|n| n * DAY * 10i128.pow(power)));
    short
        .into_iter()
        .chain(seconds)
        .chain(minutes)
        .chain(hours)
        .chain(days)
}

/// `value` of `most` in hundredths of a percent of the width, as `43.21%`.
pub(super) fn percent(value: i128, most: i128) -> String {
    let at = part(value, most, 10_000);
    format!("{}.{:02}%", at / 100, at % 100)
}

/// `value` of `most`, scaled to `0..=whole`.
pub(super) fn part(value: i128, most: i128, whole: i128) -> i128 {
    let most = most.max(1);
    let value = value.clamp(0, most);
    match value.checked_mul(whole) {
        Some(scaled) => scaled / most,
        None => value / (most / whole).max(1),
    }
    .clamp(0, whole)
}
