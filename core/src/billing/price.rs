//! Currency, rate card, and the one rounding of money.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::units::div_half_away;

/// A currency: its ISO 4217 code and the digits of its minor unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Currency {
    /// Three capital letters.
    pub code: Code,
    /// Decimals of the minor unit: JPY 0, USD 2, KWD 3. At most 4.
    pub exponent: u8,
}

/// Three capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code([u8; 3]);

/// A text is not a currency.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a currency: expected three capital letters, as in USD")]
pub struct BadCurrency(pub String);

impl TryFrom<String> for Code {
    type Error = BadCurrency;
    fn try_from(text: String) -> Result<Code, BadCurrency> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_uppercase) => Ok(Code(code)),
            _ => Err(BadCurrency(text)),
        }
    }
}

impl From<Code> for String {
    fn from(code: Code) -> String {
        code.0.iter().copied().map(char::from).collect()
    }
}

/// Currencies whose minor unit has not two digits (ISO 4217).
const ODD: [(&str, u8); 25] = [
    ("BIF", 0),
    ("CLP", 0),
    ("DJF", 0),
    ("GNF", 0),
    ("ISK", 0),
    ("JPY", 0),
    ("KMF", 0),
    ("KRW", 0),
    ("PYG", 0),
    ("RWF", 0),
    ("UGX", 0),
    ("UYI", 0),
    ("VND", 0),
    ("VUV", 0),
    ("XAF", 0),
    ("XOF", 0),
    ("XPF", 0),
    ("BHD", 3),
    ("IQD", 3),
    ("JOD", 3),
    ("KWD", 3),
    ("LYD", 3),
    ("OMR", 3),
    ("TND", 3),
    ("CLF", 4),
];

impl Currency {
    /// US dollars.
    pub const USD: Currency = Currency {
        code: Code(*b"USD"),
        exponent: 2,
    };

    /// The currency of a code, with the exponent of ISO 4217.
    ///
    /// # Errors
    /// Anything but three capital letters.
    pub fn of(code: &str) -> Result<Currency, BadCurrency> {
        let exponent = ODD
            .iter()
            .find(|(odd, _)| *odd == code)
            .map_or(2, |&(_, exponent)| exponent);
        let code = Code::try_from(code.to_owned())?;
        Ok(Currency { code, exponent })
    }

    /// An amount of minor units as people read it: `3.78 USD`, `-12 JPY`, `0.005 KWD`.
    #[must_use]
    pub fn show(self, minor: i64) -> String {
        format!("{} {}", self.amount(minor), String::from(self.code))
    }

    /// An amount of minor units as a decimal number: `3.78`.
    #[must_use]
    pub fn amount(self, minor: i64) -> String {
        decimal(i128::from(minor), u32::from(self.exponent))
    }

    /// A price of micro-minor-units as a decimal number of the major unit, with one digit more than is
    /// usual for prices: `0.0404800`.
    #[must_use]
    pub fn price(self, micro_minor: i64) -> String {
        let places = u32::from(self.exponent) + 6;
        let mut text = decimal(i128::from(micro_minor), places);
        let least = text.len() - text.find('.').map_or(0, |dot| text.len() - dot - 1) + 7;
        while text.len() > least && text.ends_with('0') {
            text.pop();
        }
        text
    }
}

/// `value / 10^places` in digits, exact.
pub(crate) fn decimal(value: i128, places: u32) -> String {
    let scale = 10u128.pow(places.min(38));
    let size = value.unsigned_abs();
    let mut text = String::new();
    if value < 0 {
        text.push('-');
    }
    // Writing to a String cannot fail.
    let _ = write!(text, "{}", size / scale);
    if places > 0 {
        let width = usize::try_from(places).unwrap_or(0);
        let _ = write!(text, ".{:0width$}", size % scale);
    }
    text
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meter {
    /// Requested millicores × seconds, sold by the vCPU-hour.
    Cpu,
    /// Requested bytes × seconds, sold by the GiB-hour.
    Memory,
}

impl Meter {
    /// All meters, in the order of an invoice's lines.
    pub const ALL: [Meter; 2] = [Meter::Cpu, Meter::Memory];

    /// Metered units (millicore-seconds, byte-seconds) of one sold unit-hour.
    #[must_use]
    pub const fn per_unit_hour(self) -> i128 {
        match self {
            Meter::Cpu => 1_000 * 3_600,
            Meter::Memory => (1 << 30) * 3_600,
        }
    }

    /// The sold unit.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Meter::Cpu => "vCPU-hour",
            Meter::Memory => "GiB-hour",
        }
    }

    /// The meter's word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Meter::Cpu => "cpu",
            Meter::Memory => "memory",
        }
    }

    /// Its part of a sum.
    #[must_use]
    pub const fn of(self, usage: super::Usage) -> i128 {
        match self {
            Meter::Cpu => usage.cpu_millicore_s,
            Meter::Memory => usage.memory_byte_s,
        }
    }
}

/// Prices in micro-minor-units (1 cent = 1,000,000) per unit-hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceList {
    /// Per vCPU-hour.
    pub cpu_vcpu_hour: i64,
    /// Per GiB-hour.
    pub memory_gib_hour: i64,
}

impl Default for PriceList {
    fn default() -> PriceList {
        PriceList {
            cpu_vcpu_hour: 4_048_000,
            memory_gib_hour: 444_500,
        }
    }
}

impl PriceList {
    /// The price of a meter.
    #[must_use]
    pub const fn of(self, meter: Meter) -> i64 {
        match meter {
            Meter::Cpu => self.cpu_vcpu_hour,
            Meter::Memory => self.memory_gib_hour,
        }
    }

    /// Amount of a line in minor units, rounded half away from zero; `None` beyond the widths.
    #[must_use]
    pub fn amount(self, meter: Meter, quantity: i128) -> Option<i64> {
        let product = quantity.checked_mul(i128::from(self.of(meter)))?;
        let units = meter.per_unit_hour().checked_mul(1_000_000)?;
        i64::try_from(div_half_away(product, units)?).ok()
    }
}

/// A quantity in sold units: exact where six decimals suffice, else rounded to them. For people; amounts
/// come from the exact quantity.
#[must_use]
pub fn quantity_text(quantity: i128, per_unit: i128) -> String {
    let micro = quantity
        .checked_mul(1_000_000)
        .and_then(|q| div_half_away(q, per_unit));
    let Some(micro) = micro else {
        return format!("{quantity}/{per_unit}");
    };
    let text = decimal(micro, 6);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
