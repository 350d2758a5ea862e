//! How numbers look, everywhere the same: thousands separators, units, integers only.
//!
//! Nothing is rounded to look better than it is: shown decimals are rounded half up, and what is not zero
//! never shows as zero.

use super::model::{Money, Unit};

const MINUTE: u128 = 60_000;
const HOUR: u128 = 60 * MINUTE;
const DAY: u128 = 24 * HOUR;

/// `1,234,567`; a minus sign as a hyphen.
#[must_use]
pub fn count(value: i128) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if value < 0 {
        text.push('-');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `part / whole` with so many decimals, rounded half up, thousands separated, zeros at the end dropped.
/// A `whole` of 0 counts as 1.
fn decimal(part: u128, whole: u128, places: u32) -> String {
    let whole = whole.max(1);
    let unit = 10u128.pow(places.min(9));
    let rounded = match part.checked_mul(unit) {
        Some(scaled) => scaled / whole + u128::from(scaled % whole >= whole - whole / 2),
        None => (part / whole).saturating_mul(unit),
    };
    let number = count(i128::try_from(rounded / unit).unwrap_or(i128::MAX));
    let fraction = format!("{:0>1$}", rounded % unit, places.min(9) as usize);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() {
        number
    } else {
        format!("{number}.{fraction}")
    }
}

fn signed(value: i128, show: impl Fn(u128) -> String) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}", show(value.unsigned_abs()))
}

/// Decimals that keep about three digits: 3 below 1, 2 below 10, 1 below 100, else none; 4 below 0.01.
fn places(part: u128, whole: u128) -> u32 {
    match part / whole.max(1) {
        0 if part > 0 && part.saturating_mul(100) < whole => 4,
        0 => 3,
        1..10 => 2,
        10..100 => 1,
        _ => 0,
    }
}

/// Parts per million as percent: `12.3 %`, `0.0042 %`, `100 %`.
#[must_use]
pub fn percent(ppm: i128) -> String {
    signed(ppm, |ppm| {
        format!("{} %", decimal(ppm, 10_000, places(ppm, 10_000)))
    })
}

/// Parts per million as percent, exact: `0.1042 %`.
#[must_use]
pub fn percent_exact(ppm: i128) -> String {
    signed(ppm, |ppm| format!("{} %", decimal(ppm, 10_000, 4)))
}

/// Parts per million as a factor with three decimals: `1.155 ×`.
#[must_use]
pub fn ratio(ppm: i128) -> String {
    signed(ppm, |ppm| format!("{} ×", decimal(ppm, 1_000_000, 3)))
}

/// Millicores: `250m` below one core, else `1.5 cores`.
#[must_use]
pub fn millicores(millicores: i128) -> String {
    signed(millicores, |m| match m {
        0 => "0 cores".to_owned(),
        1..1_000 => format!("{m}m"),
        1_000 => "1 core".to_owned(),
        1_001..100_000 => format!("{} cores", decimal(m, 1_000, 3)),
        _ => format!("{} cores", decimal(m, 1_000, 0)),
    })
}

/// Bytes with a binary suffix: `512 MiB`, `1.5 GiB`, `0 B`.
#[must_use]
pub fn bytes(bytes: i128) -> String {
    signed(bytes, |bytes| {
        let names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        let step = (0..6u32)
            .rev()
            .find(|step| bytes >> (10 * (step + 1)) > 0)
            .map_or(0, |step| step + 1);
        let whole = 1u128 << (10 * step);
        let places = if step == 0 { 0 } else { places(bytes, whole) };
        let name = names.get(step as usize).unwrap_or(&"EiB");
        format!("{} {name}", decimal(bytes, whole, places))
    })
}

/// A length of time in milliseconds: `0 ms`, `850 ms`, `1.25 s`, `3 min 20 s`, `2 h 5 min`, `3 d 11 h`.
#[must_use]
pub fn duration(millis: i128) -> String {
    signed(millis, |ms| match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..MINUTE => format!("{} s", decimal(ms, 1_000, places(ms, 1_000))),
        MINUTE..HOUR => two(ms / MINUTE, "min", ms % MINUTE / 1_000, "s"),
        HOUR..DAY => two(ms / HOUR, "h", ms % HOUR / MINUTE, "min"),
        _ => two(ms / DAY, "d", ms % DAY / HOUR, "h"),
    })
}

fn two(large: u128, large_unit: &str, small: u128, small_unit: &str) -> String {
    let large = count(i128::try_from(large).unwrap_or(i128::MAX));
    if small == 0 {
        format!("{large} {large_unit}")
    } else {
        format!("{large} {large_unit} {small} {small_unit}")
    }
}

/// Seconds of nodes or pods as hours: `12,346 h`, `12.5 h`.
#[must_use]
pub fn hours(seconds: i128) -> String {
    format!("{} h", per_hour(seconds, 3_600))
}

/// A sum over time whose `whole` units make one unit-hour.
fn per_hour(sum: i128, whole: u128) -> String {
    signed(sum, |sum| decimal(sum, whole, places(sum, whole)))
}

/// Requests per 1,000 seconds as requests per second: `12.5/s`.
#[must_use]
pub fn rate(mrps: i128) -> String {
    signed(mrps, |m| {
        format!("{}/s", decimal(m, 1_000, places(m, 1_000)))
    })
}

/// `1,234.50 USD`.
#[must_use]
pub fn money(money: &Money) -> String {
    format!("{} {}", amount(money), visible(&money.currency))
        .trim_end()
        .to_owned()
}

/// The amount without its currency: `1,234.50`.
#[must_use]
pub fn amount(money: &Money) -> String {
    let text = money.decimal();
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, format!(".{fraction}")),
        None => (text.as_str(), String::new()),
    };
    let sign = if whole.starts_with('-') { "-" } else { "" };
    let digits = whole.trim_start_matches('-').parse().unwrap_or(0);
    format!("{sign}{}{fraction}", count(digits))
}

/// A price per unit in micro-minor-units (1 cent = 1,000,000) as an exact decimal of major units: `0.0404800`
/// for 4,048,000 of an exponent of 2; at least `exponent` decimals, zeros behind those dropped.
#[must_use]
pub fn price(micro_minor: u64, exponent: u8) -> String {
    let places = usize::from(exponent.min(super::model::EXPONENT_MAX)) + 6;
    let digits = format!("{micro_minor:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let keep = usize::from(exponent).min(fraction.len());
    let shown = fraction.trim_end_matches('0').len().max(keep);
    if shown == 0 {
        whole.to_owned()
    } else {
        format!("{whole}.{}", &fraction[..shown])
    }
}

/// A value of a unit; amounts of [`Unit::Minor`] with these digits behind the point and without a code.
#[must_use]
pub fn value(value: i128, unit: Unit, exponent: u8) -> String {
    match unit {
        Unit::Count => count(value),
        Unit::Millicores => millicores(value),
        Unit::Bytes => bytes(value),
        Unit::Ppm => percent(value),
        Unit::Ratio => ratio(value),
        Unit::Millis => duration(value),
        Unit::Seconds if value == 0 => "0 s".to_owned(),
        Unit::Seconds => duration(value.saturating_mul(1_000)),
        Unit::Hours => hours(value),
        Unit::CpuHours => per_hour(value, 3_600_000),
        Unit::GibHours => per_hour(value, 3_600 << 30),
        Unit::Mrps => rate(value),
        Unit::Minor => amount(&Money {
            currency: String::new(),
            exponent,
            minor: i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX }),
        }),
    }
}

/// The same with a plus sign before what is above zero.
#[must_use]
pub fn difference(difference: i128, unit: Unit, exponent: u8) -> String {
    let sign = if difference > 0 { "+" } else { "" };
    format!("{sign}{}", value(difference, unit, exponent))
}

/// A text in which control characters and those that turn the direction of a line are visible.
#[must_use]
pub fn visible(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(
                c,
                '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{feff}'
            )
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    if !text.chars().any(hidden) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| {
            if hidden(c) {
                format!("\\u{{{:x}}}", u32::from(c))
            } else {
                c.to_string()
            }
        })
        .collect()
}

/// `1 pod`, `2 pods`, `1,000 pods`.
#[must_use]
pub fn of(number: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        count(i128::from(number)),
        if number == 1 { one } else { many }
    )
}
