//! Sums of use: millicore-seconds and byte-seconds, exact, checked.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::units::Resources;

/// Use over some time. Negative only in corrections of what was billed too much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Requested millicores × seconds.
    #[serde(with = "text")]
    pub cpu_millicore_s: i128,
    /// Requested bytes × seconds.
    #[serde(with = "text")]
    pub memory_byte_s: i128,
}

impl Usage {
    /// Nothing.
    pub const ZERO: Usage = Usage {
        cpu_millicore_s: 0,
        memory_byte_s: 0,
    };

    /// The sum; `None` on overflow.
    #[must_use]
    pub fn checked_add(self, other: Usage) -> Option<Usage> {
        Some(Usage {
            cpu_millicore_s: self.cpu_millicore_s.checked_add(other.cpu_millicore_s)?,
            memory_byte_s: self.memory_byte_s.checked_add(other.memory_byte_s)?,
        })
    }

    /// The difference; `None` on overflow.
    #[must_use]
    pub fn checked_sub(self, other: Usage) -> Option<Usage> {
        Some(Usage {
            cpu_millicore_s: self.cpu_millicore_s.checked_sub(other.cpu_millicore_s)?,
            memory_byte_s: self.memory_byte_s.checked_sub(other.memory_byte_s)?,
        })
    }

    /// This much, `count` times; `None` on overflow.
    #[must_use]
    pub fn checked_mul(self, count: i64) -> Option<Usage> {
        Some(Usage {
            cpu_millicore_s: self.cpu_millicore_s.checked_mul(i128::from(count))?,
            memory_byte_s: self.memory_byte_s.checked_mul(i128::from(count))?,
        })
    }

    /// What a pod that asks for this much uses in one second.
    #[must_use]
    pub fn per_second(requests: Resources) -> Usage {
        Usage {
            cpu_millicore_s: i128::from(requests.cpu.0),
            memory_byte_s: i128::from(requests.memory.0),
        }
    }

    /// Memory as the seed shows it: MiB-seconds, rounded down.
    #[must_use]
    pub fn memory_mib_s(self) -> i128 {
        self.memory_byte_s.div_euclid(1 << 20)
    }
}

/// Wide integers: decimal text for people and JSON, which has no wide integer; 16 bytes elsewhere.
pub(crate) mod text {
    use super::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &i128, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() {
            s.collect_str(value)
        } else {
            value.serialize(s)
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<i128, D::Error> {
        if d.is_human_readable() {
            let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            i128::deserialize(d)
        }
    }
}
