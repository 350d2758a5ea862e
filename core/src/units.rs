//! Quantities: cpu, bytes, money, percent. Integers, one parser, rounded up where Kubernetes rounds up.
//!
//! The grammar is that of Kubernetes quantities (kubernetes/apimachinery `pkg/api/resource/quantity.go`):
//! a decimal number and a suffix `n u m "" k M G T P E`, `Ki Mi Gi Ti Pi Ei`, or an exponent `e3`.
//! Values are exact until the last step, which rounds up to 1 millicore or 1 byte.

use std::fmt;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest text that the parser looks at, in bytes.
pub const QUANTITY_LEN_MAX: usize = 64;

/// Why a text is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadQuantity {
    /// Not a number with a known suffix.
    #[error(
        "\"{0}\" is not a quantity: expected a number with an optional suffix, as in 500m, 2, 256Mi, 1G or 1e3"
    )]
    Form(String),
    /// Below zero.
    #[error("\"{0}\" is negative: expected a quantity of at least 0")]
    Negative(String),
    /// Beyond 2^63 − 1 of the smallest unit.
    #[error("\"{0}\" is too large: expected less than 2^63 of the smallest unit")]
    TooLarge(String),
}

/// Cpu in millicores: 1,000 is one core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cpu(pub u64);

/// Memory or disk in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

/// Bytes of one MiB (`_mb` fields are MiB).
pub const MIB: u64 = 1 << 20;
/// Bytes of one GiB (`_gb` fields are GiB).
pub const GIB: u64 = 1 << 30;

/// What a pod asks for, a node offers, or a quota allows.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Resources {
    /// Cpu in millicores.
    pub cpu: Cpu,
    /// Memory in bytes.
    pub memory: Bytes,
    /// Pods: 1 for a pod, the kubelet's limit for a node.
    pub pods: u32,
}

/// Reads a quantity as a multiple of `1/scale`, rounded up.
fn read(text: &str, scale: u128) -> Result<u64, BadQuantity> {
    let form = || BadQuantity::Form(text.chars().take(QUANTITY_LEN_MAX).collect());
    let large = || BadQuantity::TooLarge(text.to_owned());
    if text.len() > QUANTITY_LEN_MAX || !text.is_ascii() {
        return Err(form());
    }
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    if unsigned.starts_with('-') {
        return Err(BadQuantity::Negative(text.to_owned()));
    }
    let end = unsigned
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let fraction = fraction.trim_end_matches('0');
    if (whole.is_empty() && number.len() < 2) || fraction.contains('.') {
        return Err(form());
    }
    let (exponent, shift) = suffix_of(suffix).ok_or_else(form)?;
    let mut value: u128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        value = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(u128::from(digit - b'0')))
            .ok_or_else(large)?;
    }
    let places = i32::try_from(fraction.len()).map_err(|_| form())?;
    let value = value.checked_mul(scale).ok_or_else(large)?;
    let value = value.checked_mul(1 << shift).ok_or_else(large)?;
    let value = scale_by_ten(value, exponent - places).ok_or_else(large)?;
    match u64::try_from(value) {
        Ok(v) if i64::try_from(v).is_ok() => Ok(v),
        _ => Err(large()),
    }
}

/// Decimal exponent and binary shift of a suffix.
fn suffix_of(suffix: &str) -> Option<(i32, u32)> {
    Some(match suffix {
        "" => (0, 0),
        "n" => (-9, 0),
        "u" => (-6, 0),
        "m" => (-3, 0),
        "k" => (3, 0),
        "M" => (6, 0),
        "G" => (9, 0),
        "T" => (12, 0),
        "P" => (15, 0),
        "E" => (18, 0),
        "Ki" => (0, 10),
        "Mi" => (0, 20),
        "Gi" => (0, 30),
        "Ti" => (0, 40),
        "Pi" => (0, 50),
        "Ei" => (0, 60),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.is_empty() || digits.len() > 3 || !digits.bytes().all(|b| b.is_ascii_digit())
            {
                return None;
            }
            (exponent.parse().ok()?, 0)
        }
    })
}

/// `value × 10^exponent`, rounded up; `None` on overflow.
fn scale_by_ten(value: u128, exponent: i32) -> Option<u128> {
    if value == 0 {
        return Some(0);
    }
    let power = 10u128.checked_pow(exponent.unsigned_abs());
    match (exponent >= 0, power) {
        (true, power) => value.checked_mul(power?),
        (false, Some(power)) => Some(value.div_ceil(power)),
        (false, None) => Some(1),
    }
}

impl Cpu {
    /// Reads `500m`, `2`, `0.1`, `1e3`; fractions of a millicore round up.
    ///
    /// # Errors
    /// See [`BadQuantity`].
    pub fn parse(text: &str) -> Result<Cpu, BadQuantity> {
        read(text, 1_000).map(Cpu)
    }

    /// Millicores × whole seconds of it, exact.
    #[must_use]
    pub fn seconds(self, secs: i64) -> u128 {
        u128::from(self.0) * u128::from(secs.max(0).unsigned_abs())
    }
}

impl Bytes {
    /// Reads `256Mi`, `1G`, `1e3`, `128974848000m`; fractions of a byte round up.
    ///
    /// # Errors
    /// See [`BadQuantity`].
    pub fn parse(text: &str) -> Result<Bytes, BadQuantity> {
        read(text, 1).map(Bytes)
    }

    /// A number of MiB.
    #[must_use]
    pub const fn mib(mib: u64) -> Bytes {
        Bytes(mib.saturating_mul(MIB))
    }

    /// A number of GiB.
    #[must_use]
    pub const fn gib(gib: u64) -> Bytes {
        Bytes(gib.saturating_mul(GIB))
    }

    /// Bytes × whole seconds of it, exact.
    #[must_use]
    pub fn seconds(self, secs: i64) -> u128 {
        u128::from(self.0) * u128::from(secs.max(0).unsigned_abs())
    }
}

impl fmt::Display for Cpu {
    /// `2` for whole cores, `1500m` otherwise: read back to the same value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_multiple_of(1_000) {
            write!(f, "{}", self.0 / 1_000)
        } else {
            write!(f, "{}m", self.0)
        }
    }
}

impl fmt::Display for Bytes {
    /// The largest binary suffix that says exactly this: `2Gi`, `1536Mi`, `1000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shift, suffix) in [
            (60, "Ei"),
            (50, "Pi"),
            (40, "Ti"),
            (30, "Gi"),
            (20, "Mi"),
            (10, "Ki"),
        ] {
            if self.0 != 0 && self.0.is_multiple_of(1 << shift) {
                return write!(f, "{}{suffix}", self.0 >> shift);
            }
        }
        write!(f, "{}", self.0)
    }
}

macro_rules! quantity_serde {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_u64(self.0)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                u64::deserialize(d).map($name)
            }
        }
        impl Add for $name {
            type Output = $name;
            fn add(self, other: $name) -> $name {
                $name(self.0.saturating_add(other.0))
            }
        }
        impl AddAssign for $name {
            fn add_assign(&mut self, other: $name) {
                *self = *self + other;
            }
        }
    };
}

quantity_serde!(Cpu);
quantity_serde!(Bytes);

impl Resources {
    /// Nothing.
    pub const ZERO: Resources = Resources {
        cpu: Cpu(0),
        memory: Bytes(0),
        pods: 0,
    };

    /// One pod that asks for this much.
    #[must_use]
    pub const fn pod(cpu: Cpu, memory: Bytes) -> Resources {
        Resources {
            cpu,
            memory,
            pods: 1,
        }
    }

    /// The sum; `None` on overflow.
    #[must_use]
    pub fn checked_add(self, other: Resources) -> Option<Resources> {
        Some(Resources {
            cpu: Cpu(self.cpu.0.checked_add(other.cpu.0)?),
            memory: Bytes(self.memory.0.checked_add(other.memory.0)?),
            pods: self.pods.checked_add(other.pods)?,
        })
    }

    /// The difference; `None` if any part would fall below zero.
    #[must_use]
    pub fn checked_sub(self, other: Resources) -> Option<Resources> {
        Some(Resources {
            cpu: Cpu(self.cpu.0.checked_sub(other.cpu.0)?),
            memory: Bytes(self.memory.0.checked_sub(other.memory.0)?),
            pods: self.pods.checked_sub(other.pods)?,
        })
    }

    /// The difference, each part at least zero.
    #[must_use]
    pub fn saturating_sub(self, other: Resources) -> Resources {
        Resources {
            cpu: Cpu(self.cpu.0.saturating_sub(other.cpu.0)),
            memory: Bytes(self.memory.0.saturating_sub(other.memory.0)),
            pods: self.pods.saturating_sub(other.pods),
        }
    }

    /// This much, `count` times; `None` on overflow.
    #[must_use]
    pub fn checked_mul(self, count: u32) -> Option<Resources> {
        Some(Resources {
            cpu: Cpu(self.cpu.0.checked_mul(u64::from(count))?),
            memory: Bytes(self.memory.0.checked_mul(u64::from(count))?),
            pods: self.pods.checked_mul(count)?,
        })
    }

    /// Whether each part is at most that of `other`.
    #[must_use]
    pub fn fits(self, other: Resources) -> bool {
        self.cpu <= other.cpu && self.memory <= other.memory && self.pods <= other.pods
    }
}

/// `amount / units` rounded half away from zero, the one rounding of money.
/// `None` when `units` is not positive.
#[must_use]
pub fn div_half_away(amount: i128, units: i128) -> Option<i128> {
    if units <= 0 {
        return None;
    }
    let quotient = amount / units;
    let rest = (amount % units).unsigned_abs();
    let step = i128::from(rest >= units.unsigned_abs() - rest);
    Some(if amount < 0 {
        quotient - step
    } else {
        quotient + step
    })
}

/// Whether `part / whole > percent / 100`, without dividing.
#[must_use]
pub fn above_percent(part: u64, whole: u64, percent: u32) -> bool {
    u128::from(part) * 100 > u128::from(whole) * u128::from(percent)
}

/// Whether `part / whole < percent / 100`, without dividing.
#[must_use]
pub fn below_percent(part: u64, whole: u64, percent: u32) -> bool {
    u128::from(part) * 100 < u128::from(whole) * u128::from(percent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn kubernetes_quantities_are_exact() {
        for (text, milli) in [
            ("0.1", 100),
            ("100m", 100),
            ("1", 1_000),
            ("1e3", 1_000_000),
            ("1.5", 1_500),
            ("1n", 1),
            ("100u", 1),
            ("0", 0),
            ("0.0001", 1),
            (".5", 500),
            ("5.", 5_000),
            ("+2", 2_000),
            ("1E-30", 1),
            ("2k", 2_000_000),
            ("1E2", 100_000),
        ] {
            assert_eq!(Cpu::parse(text), Ok(Cpu(milli)), "{text}");
        }
        for (text, bytes) in [
            ("256Mi", 256 * MIB),
            ("1G", 1_000_000_000),
            ("1e3", 1_000),
            ("128974848000m", 128_974_848),
            ("1.5Gi", 3 * GIB / 2),
            ("0.3Ki", 308),
            ("1E", 1_000_000_000_000_000_000),
            ("1Ei", 1 << 60),
        ] {
            assert_eq!(Bytes::parse(text), Ok(Bytes(bytes)), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_quantity_is_refused() {
        for bad in [
            "", ".", "m", "1 Gi", "1GiB", "1e", "1e1.5", "1..2", "١", "1mi", "0x10", "e3", "1e9999",
        ] {
            assert!(
                matches!(Cpu::parse(bad), Err(BadQuantity::Form(_))),
                "{bad}"
            );
        }
        assert!(matches!(Cpu::parse("-1"), Err(BadQuantity::Negative(_))));
        for large in [
            "9223372036854775808",
            "8Ei",
            "1e30",
            "99999999999999999999999999999999999999999",
        ] {
            assert!(
                matches!(Bytes::parse(large), Err(BadQuantity::TooLarge(_))),
                "{large}"
            );
        }
    }

    #[test]
    fn money_rounds_half_away_from_zero_once() {
        for (amount, units, rounded) in [
            (5, 2, 3),
            (-5, 2, -3),
            (4, 3, 1),
            (-4, 3, -1),
            (0, 7, 0),
            (7, 7, 1),
        ] {
            assert_eq!(div_half_away(amount, units), Some(rounded));
        }
        assert_eq!(div_half_away(1, 0), None);
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(value in 0u64..(1 << 62)) {
            prop_assert_eq!(Bytes::parse(&Bytes(value).to_string()), Ok(Bytes(value)));
            let cpu = Cpu(value / 1_000);
            prop_assert_eq!(Cpu::parse(&cpu.to_string()), Ok(cpu));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,80}") {
            let _ = Cpu::parse(&text);
            let _ = Bytes::parse(&text);
        }

        #[test]
        fn fractions_agree_with_whole_numbers(number in 0u64..1_000_000_000_000, places in 0usize..12) {
            let digits = format!("{number:0>width$}", width = places + 1);
            let (whole, fraction) = digits.split_at(digits.len() - places);
            let text = format!("{whole}.{fraction}");
            let exact = u128::from(number) * 1_000;
            let expected = exact.div_ceil(10u128.pow(u32::try_from(places).unwrap()));
            prop_assert_eq!(u128::from(Cpu::parse(&text).unwrap().0), expected);
        }
    }
}
