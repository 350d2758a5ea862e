//! Numbers and texts on their way into columns and out of them.
//!
//! Columns are signed; what machines count is not. Nothing that they count reaches 2^63.

use diesel::result::Error;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A count as a column; saturates, which is refused as a constraint long before.
pub(super) fn column(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A column as a count.
pub(super) fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A column as a small count.
pub(super) fn small(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

/// A row as JSON.
pub(super) fn json<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::SerializationError(Box::new(error)))
}

/// JSON as a row.
pub(super) fn parse<T: DeserializeOwned>(body: &str) -> Result<T, Error> {
    serde_json::from_str(body).map_err(|error| Error::DeserializationError(Box::new(error)))
}

/// The word of a plain enum in JSON, without its quotation marks: what a column holds.
pub(super) fn word<T: Serialize>(value: &T) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    text.trim_matches('"').to_owned()
}

/// The enum of a word.
pub(super) fn from_word<T: DeserializeOwned>(word: &str) -> Result<T, Error> {
    parse(&format!("\"{word}\""))
}
