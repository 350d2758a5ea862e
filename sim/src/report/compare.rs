//! Two runs side by side: differences, and limits on them.

use nimbus_core::units::div_half_away;

use super::format;
use super::model::{Compared, Comparison, Figure, LimitFound, Overlay, Report, Unit, Wide};

/// Why a text is not a limit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a limit: expected <figure> <= or >= <number>, <number>% of change, or +<number>, as in \
     'cost <= +2%', 'violations <= 0.5%', 'peak_nodes <= 100', 'actions <= +10'"
)]
pub struct BadLimit(pub String);

/// What a limit is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    /// B itself.
    Value(i128),
    /// B − A.
    Difference(i128),
    /// (B − A) / A, ppm.
    Change(i128),
    /// B, where it is a share, in ppm.
    Share(i128),
}

/// A limit on B, or on B against A.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    text: String,
    key: String,
    at_most: bool,
    bound: Bound,
}

impl Limit {
    /// Reads `cost <= +2%`: key of a [`Figure`], `<=` or `>=`, and a bound. With a sign it is on the
    /// difference to A (with `%` on the relative one), without a sign on B itself (with `%` on a share).
    /// Values are in the figure's unit: minor units, ms, a plain count.
    ///
    /// # Errors
    /// See [`BadLimit`].
    pub fn parse(text: &str) -> Result<Limit, BadLimit> {
        let bad = || BadLimit(text.chars().take(200).collect());
        let (at_most, parts) = match (text.split_once("<="), text.split_once(">=")) {
            (Some(parts), None) => (true, parts),
            (None, Some(parts)) => (false, parts),
            _ => return Err(bad()),
        };
        let (key, bound) = (parts.0.trim(), parts.1.trim());
        if key.is_empty() || key.contains(char::is_whitespace) {
            return Err(bad());
        }
        let (bound, percent) = match bound.strip_suffix('%') {
            Some(number) => (number.trim_end(), true),
            None => (bound, false),
        };
        let signed = bound.starts_with(['+', '-']);
        let number = |places| scaled(bound, places).ok_or_else(bad);
        let bound = match (signed, percent) {
            (true, true) => Bound::Change(number(4)?),
            (true, false) => Bound::Difference(number(0)?),
            (false, true) => Bound::Share(number(4)?),
            (false, false) => Bound::Value(number(0)?),
        };
        Ok(Limit {
            text: text.trim().to_owned(),
            key: key.to_owned(),
            at_most,
            bound,
        })
    }

    /// The figure that it names.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether the comparison keeps it. A figure that is missing, or has no relative change, breaks it.
    #[must_use]
    pub fn check(&self, figures: &[Compared], exponent: u8) -> LimitFound {
        let compared = figures.iter().find(|compared| compared.key == self.key);
        let found = compared.and_then(|compared| self.found(compared, exponent));
        let (value, shown) = found.unwrap_or_else(|| (None, "not in the report".to_owned()));
        let bound = match self.bound {
            Bound::Value(b) | Bound::Difference(b) | Bound::Change(b) | Bound::Share(b) => b,
        };
        LimitFound {
            limit: self.text.clone(),
            found: shown,
            ok: value.is_some_and(|value| {
                if self.at_most {
                    value <= bound
                } else {
                    value >= bound
                }
            }),
        }
    }

    fn found(&self, compared: &Compared, exponent: u8) -> Option<(Option<i128>, String)> {
        let unit = compared.unit;
        Some(match self.bound {
            Bound::Value(_) => {
                let value = compared.head?.0;
                (Some(value), format::value(value, unit, exponent))
            }
            Bound::Share(_) => {
                let share = (unit == Unit::Ppm).then_some(compared.head?.0);
                let shown = share.map_or("not a share".to_owned(), format::percent_exact);
                (share, shown)
            }
            Bound::Difference(_) => {
                let difference = compared.difference?.0;
                (
                    Some(difference),
                    format::difference(difference, unit, exponent),
                )
            }
            Bound::Change(_) => match compared.change_ppm {
                Some(change) => {
                    let sign = if change.0 > 0 { "+" } else { "" };
                    (
                        Some(change.0),
                        format!("{sign}{}", format::percent_exact(change.0)),
                    )
                }
                None => (None, "no change in percent from zero".to_owned()),
            },
        })
    }
}

/// A decimal × 10^`places`, exact; `None` for another form or more decimals.
fn scaled(text: &str, places: usize) -> Option<i128> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text).trim_start();
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || fraction.len() > places {
        return None;
    }
    let value: i128 = format!("{whole}{fraction:0<places$}").parse().ok()?;
    Some(if text.starts_with('-') { -value } else { value })
}

impl Comparison {
    /// Puts B (`head`) beside A (`base`). A figure that only one of them has is listed with the other empty.
    #[must_use]
    pub fn of(base: (&str, &Report), head: (&str, &Report), limits: &[Limit]) -> Comparison {
        let figures = pair(&base.1.figures(), &head.1.figures());
        let exponent = head.1.header.currency.exponent;
        let limits = limits
            .iter()
            .map(|limit| limit.check(&figures, exponent))
            .collect();
        let mut notes = Vec::new();
        if base.1.header.currency != head.1.header.currency {
            notes.push(
                "the two runs are in different currencies: amounts do not compare".to_owned(),
            );
        }
        if base.1.header.partial.is_some() || head.1.header.partial.is_some() {
            notes.push("at least one of the two runs ended early".to_owned());
        }
        Comparison {
            base_label: base.0.to_owned(),
            head_label: head.0.to_owned(),
            base: base.1.header.clone(),
            head: head.1.header.clone(),
            limits,
            figures,
            overlays: overlays(base.1, head.1),
            notes,
            run: None,
        }
    }

    /// Whether every limit holds.
    #[must_use]
    pub fn limits_hold(&self) -> bool {
        self.limits.iter().all(|limit| limit.ok)
    }
}

fn pair(base: &[Figure], head: &[Figure]) -> Vec<Compared> {
    let of_head = |key: &str| head.iter().find(|figure| figure.key == key);
    let in_base = |key: &str| base.iter().any(|figure| figure.key == key);
    let both = base.iter().map(|figure| {
        compared(
            figure,
            Some(figure.value),
            of_head(&figure.key).map(|f| f.value),
        )
    });
    let new = head.iter().filter(|figure| !in_base(&figure.key));
    both.chain(new.map(|figure| compared(figure, None, Some(figure.value))))
        .collect()
}

fn compared(figure: &Figure, base: Option<Wide>, head: Option<Wide>) -> Compared {
    let difference = base
        .zip(head)
        .and_then(|(base, head)| head.0.checked_sub(base.0));
    Compared {
        key: figure.key.clone(),
        name: figure.name.clone(),
        unit: figure.unit,
        better: figure.better,
        base,
        head,
        difference: difference.map(Wide),
        change_ppm: base
            .zip(difference)
            .and_then(|(base, by)| change_ppm(base.0, by))
            .map(Wide),
    }
}

fn change_ppm(base: i128, difference: i128) -> Option<i128> {
    if difference == 0 {
        return Some(0);
    }
    let ppm = difference.checked_mul(1_000_000)?;
    let ppm = if base < 0 { ppm.checked_neg()? } else { ppm };
    div_half_away(ppm, base.checked_abs()?)
}

/// Series that both have and a reader wants side by side.
fn overlays(base: &Report, head: &Report) -> Vec<Overlay> {
    let capacity = |name: &str, unit, of: fn(&super::model::Capacity) -> &Vec<u64>| Overlay {
        name: name.to_owned(),
        unit,
        base_at_s: base.capacity.at_s.clone(),
        base: of(&base.capacity).clone(),
        head_at_s: head.capacity.at_s.clone(),
        head: of(&head.capacity).clone(),
    };
    let mut overlays = vec![
        capacity("Nodes", Unit::Count, |c| &c.nodes),
        capacity("Empty nodes", Unit::Count, |c| &c.empty_nodes),
        capacity("Cpu requested", Unit::Millicores, |c| &c.cpu.requested),
    ];
    for scaling in base.autoscaling.iter().take(6) {
        let Some(other) = head
            .autoscaling
            .iter()
            .find(|other| other.service == scaling.service)
        else {
            continue;
        };
        overlays.push(Overlay {
            name: format!("{}: ready replicas", scaling.service),
            unit: Unit::Count,
            base_at_s: scaling.at_s.clone(),
            base: scaling.replicas.clone(),
            head_at_s: other.at_s.clone(),
            head: other.replicas.clone(),
        });
    }
    overlays.retain(|overlay| !overlay.base.is_empty() || !overlay.head.is_empty());
    overlays
}
