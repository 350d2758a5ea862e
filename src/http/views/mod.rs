//! What answers show of tenants and workloads: built from rows by pure functions, so that the same row is
//! shown the same way wherever it appears.

pub mod app;
pub mod autoscale;
pub mod logs;
pub mod quota;
pub mod replica;
pub mod revision;
pub mod rollout;
pub mod services;
pub mod spec;
pub mod status;
pub mod tenant;

use nimbus_core::time::Time;
use serde_json::Value;

/// A word as it stands in JSON, of a value that is written as one.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Whole seconds from a time to another, at least 0.
fn age(from: Time, now: Time) -> i64 {
    now.since(from).secs()
}
