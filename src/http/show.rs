//! How values look in JSON: times as RFC 3339.

use std::fmt;

use nimbus_core::time::Time;
use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// A time, in JSON and in queries: RFC 3339, UTC, with up to six decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(pub Time);

impl From<Time> for Stamp {
    fn from(time: Time) -> Stamp {
        Stamp(time)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Stamp, D::Error> {
        let text = String::deserialize(d)?;
        Time::parse(&text).map(Stamp).map_err(D::Error::custom)
    }
}

impl PartialSchema for Stamp {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::DateTime);
        let string = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(format));
        RefOr::T(Schema::Object(string.build()))
    }
}

impl ToSchema for Stamp {}

/// A cell of a CSV table: quoted where it must be, and never taken for a formula.
#[must_use]
pub fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']);
    let text = if formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_with_a_formula() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("@x,y"), "\"'@x,y\"");
        assert_eq!(cell("a\"b"), "a\"b\"".replace("a\"b\"", "\"a\"\"b\""));
        assert_eq!(cell("acme"), "acme");
    }

    #[test]
    fn a_time_is_read_back() {
        let stamp: Stamp = serde_json::from_str("\"2026-11-01T00:00:00Z\"").unwrap();
        assert_eq!(
            serde_json::to_string(&stamp).unwrap(),
            "\"2026-11-01T00:00:00Z\""
        );
        assert!(serde_json::from_str::<Stamp>("\"yesterday\"").is_err());
    }
}
