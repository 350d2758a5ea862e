//! Numbers as a report's JSON has them: integers, decimal strings, times; never a float.

use std::fmt;

use nimbus_core::time::Time;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Most digits behind the point of an amount: no ISO 4217 currency has more than 4.
pub const EXPONENT_MAX: u8 = 6;

/// A sum that may leave 64 bits: a decimal string in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wide(pub i128);

impl Serialize for Wide {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Wide {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let bad = || D::Error::custom(format!("\"{text}\" is not a whole number"));
        text.parse().map(Wide).map_err(|_| bad())
    }
}

impl From<u128> for Wide {
    /// Saturates beyond 127 bits.
    fn from(value: u128) -> Wide {
        Wide(i128::try_from(value).unwrap_or(i128::MAX))
    }
}

/// A point in time: RFC 3339 in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(pub Time);

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        // what a time beyond the years of RFC 3339 shows as
        let micros = text.strip_suffix("us").and_then(|us| us.parse().ok());
        match micros {
            Some(micros) => Ok(Stamp(Time(micros))),
            None => Time::parse(&text).map(Stamp).map_err(D::Error::custom),
        }
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What amounts are in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Currency {
    /// ISO 4217 code.
    pub code: String,
    /// Digits of the minor unit: USD 2, JPY 0, KWD 3. More than [`EXPONENT_MAX`] are shown as that.
    pub exponent: u8,
}

impl Default for Currency {
    fn default() -> Currency {
        Currency {
            code: "USD".to_owned(),
            exponent: 2,
        }
    }
}

impl Currency {
    /// So many minor units of it.
    #[must_use]
    pub fn money(&self, minor: i64) -> Money {
        Money {
            currency: self.code.clone(),
            exponent: self.exponent.min(EXPONENT_MAX),
            minor,
        }
    }
}

/// An amount. JSON: `{"currency":"USD","amount":"12.34","amount_minor":1234}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Money {
    /// ISO 4217 code.
    pub currency: String,
    /// Digits of the minor unit.
    pub exponent: u8,
    /// Minor units (cents).
    pub minor: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MoneyOnWire {
    currency: String,
    amount: String,
    amount_minor: i64,
}

impl Money {
    /// The amount as a decimal with the digits of its currency: `-12.34`.
    #[must_use]
    pub fn decimal(&self) -> String {
        let places = usize::from(self.exponent.min(EXPONENT_MAX));
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0>1$}", self.minor.unsigned_abs(), places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        let point = if places == 0 { "" } else { "." };
        format!("{sign}{whole}{point}{fraction}")
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let wire = MoneyOnWire {
            currency: self.currency.clone(),
            amount: self.decimal(),
            amount_minor: self.minor,
        };
        wire.serialize(s)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let wire = MoneyOnWire::deserialize(d)?;
        let places = wire.amount.split_once('.').map_or(0, |(_, f)| f.len());
        let money = Money {
            currency: wire.currency,
            exponent: u8::try_from(places).unwrap_or(u8::MAX),
            minor: wire.amount_minor,
        };
        if money.exponent > EXPONENT_MAX || money.decimal() != wire.amount {
            let text = format!(
                "amount \"{}\" is not amount_minor {}",
                wire.amount, wire.amount_minor
            );
            return Err(D::Error::custom(text));
        }
        Ok(money)
    }
}
