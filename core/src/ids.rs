//! Ids and ordinals: the two ways in which Nimbus names a thing.
//!
//! An **id** (`ten-…`, 128 bits) is what people, the API and the store see. An **ordinal** (`TenantNo`,
//! `PodNo`, …) is what machines say to each other: a small integer that is given once, at first sight,
//! by whoever owns the noun, recorded beside the id, and never given again. Ordinals keep messages
//! short, index tables directly, and decide every tie: the lower one came first.
//!
//! Ordinals of tenants, organizations and plans are given by the tenant machine, of apps and services by
//! the workload machine, of pools by the scheduler's configuration; those of nodes, pods and pod
//! specifications by the cluster boundary, which is what sees them first.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{text}\" is not an id of the form {prefix}-<26 characters of 0-9 a-z without i, l, o, u>"
)]
pub struct BadId {
    /// The text that was given.
    pub text: String,
    /// The prefix that was expected.
    pub prefix: &'static str,
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

fn write_base32(value: u128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = [0u8; 26];
    let mut rest = value;
    for slot in text.iter_mut().rev() {
        *slot = ALPHABET[usize::from((rest & 31) as u8)];
        rest >>= 5;
    }
    f.write_str(std::str::from_utf8(&text).unwrap_or("?"))
}

fn read_base32(text: &str) -> Option<u128> {
    if text.len() != 26 || !text.starts_with(['0', '1', '2', '3', '4', '5', '6', '7']) {
        return None;
    }
    text.bytes().try_fold(0u128, |value, byte| {
        let digit = ALPHABET.iter().position(|&c| c == byte)?;
        Some((value << 5) | u128::try_from(digit).ok()?)
    })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(pub u128);

            impl $name {
                /// What stands before the hyphen.
                pub const PREFIX: &'static str = $prefix;
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(concat!($prefix, "-"))?;
                    write_base32(self.0, f)
                }
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    fmt::Display::fmt(self, f)
                }
            }

            impl FromStr for $name {
                type Err = BadId;
                fn from_str(text: &str) -> Result<Self, BadId> {
                    text.strip_prefix(concat!($prefix, "-"))
                        .and_then(read_base32)
                        .map($name)
                        .ok_or_else(|| BadId { text: text.to_owned(), prefix: $prefix })
                }
            }

            impl Serialize for $name {
                fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                    if s.is_human_readable() { s.collect_str(self) } else { s.serialize_u128(self.0) }
                }
            }

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                    if d.is_human_readable() {
                        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                        text.parse().map_err(serde::de::Error::custom)
                    } else {
                        u128::deserialize(d).map($name)
                    }
                }
            }
        )*

        /// Every id prefix, in the order of this file. No two are equal.
        pub const PREFIXES: &[&str] = &[$($prefix),*];
    };
}

ids! {
    /// An organization: the customer.
    OrgId = "org";
    /// A tenant: the unit of isolation, quota and metering.
    TenantId = "ten";
    /// An app: what a user runs, made of services.
    AppId = "app";
    /// A service: one image with replicas.
    ServiceId = "svc";
    /// A revision: the immutable full specification of a service.
    RevisionId = "rev";
    /// A rollout: the act of bringing a revision to run.
    RolloutId = "rol";
    /// An invoice.
    InvoiceId = "bill";
    /// A decision.
    DecisionId = "dec";
    /// A run of a scenario.
    RunId = "run";
    /// A scenario that is stored.
    ScenarioId = "scn";
    /// A report that is stored.
    ReportId = "rep";
    /// A durable fact.
    EventId = "evt";
    /// Slow work that somebody can ask after.
    OperationId = "op";
    /// An API key.
    KeyId = "key";
    /// A person.
    UserId = "user";
    /// A version of a policy.
    PolicyId = "pol";
    /// A list of prices.
    PriceListId = "prl";
    /// A node.
    NodeId = "node";
}

macro_rules! ordinals {
    ($($(#[$doc:meta])* $name:ident($int:ty);)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
            #[serde(transparent)]
            pub struct $name(pub $int);

            impl $name {
                /// The ordinal as an index into a table.
                #[must_use]
                pub fn index(self) -> usize {
                    usize::try_from(self.0).expect("an ordinal fits the address space")
                }

                /// The ordinal that follows.
                #[must_use]
                pub fn next(self) -> $name {
                    $name(self.0 + 1)
                }

                /// The ordinal of an index.
                ///
                /// # Panics
                /// When the index is beyond the ordinal's width: more things than Nimbus has names for.
                #[must_use]
                pub fn at(index: usize) -> $name {
                    $name(<$int>::try_from(index).expect("an index fits its ordinal"))
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, "{}", self.0)
                }
            }
        )*
    };
}

ordinals! {
    /// Ordinal of an organization.
    OrgNo(u32);
    /// Ordinal of a tenant.
    TenantNo(u32);
    /// Ordinal of an app.
    AppNo(u32);
    /// Ordinal of a service.
    ServiceNo(u32);
    /// Ordinal of a node pool.
    PoolNo(u32);
    /// Ordinal of a node: its place in first-seen order, which breaks ties of placement.
    NodeNo(u32);
    /// Ordinal of a pod: its place in first-seen order. Stands for its UID between machines.
    PodNo(u64);
    /// Ordinal of an interned pod specification.
    SpecNo(u32);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prefixes_are_unique() {
        let mut seen = PREFIXES.to_vec();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), PREFIXES.len());
    }

    #[test]
    fn a_wrong_text_is_refused_with_the_form() {
        for bad in [
            "",
            "ten-",
            "svc-00000000000000000000000000",
            "ten-0000000000000000000000000l",
            "ten-80000000000000000000000000",
        ] {
            assert!(bad.parse::<TenantId>().is_err(), "{bad}");
        }
        let error = "ten-x".parse::<TenantId>().unwrap_err().to_string();
        assert!(error.contains("ten-<26 characters"), "{error}");
    }

    proptest! {
        #[test]
        fn an_id_is_read_back(value: u128) {
            let id = TenantId(value);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(serde_json::from_str::<TenantId>(&json).unwrap(), id);
        }
    }
}
