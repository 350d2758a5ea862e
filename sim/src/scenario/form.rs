//! The forms that values take: what is expected of each, in words and as JSON Schema.

use serde_json::{Value as Json, json};

use super::limits;

/// The form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Any text.
    Text,
    /// A DNS label of at most this many characters.
    Slug(usize),
    /// A list of texts.
    Texts,
    /// An integer within these bounds.
    Count(u64, u64),
    /// An integer within these bounds, may be negative.
    Signed(i64, i64),
    /// `true` or `false`.
    Flag,
    /// A duration of at least this many microseconds.
    Duration(i64),
    /// A duration, or a table with `min` and `max`.
    Delay,
    /// Integer percent within these bounds, with or without the sign.
    Percent(u32, u32),
    /// A share of at most 100 %, with up to four decimals.
    Share,
    /// A number of pods or a percentage of the replicas.
    Pods,
    /// Cpu as a Kubernetes quantity.
    Cpu,
    /// Memory as a Kubernetes quantity.
    Memory,
    /// A table of cpu, memory and pods.
    Quota,
    /// A rate per second, with up to three decimals.
    Rate,
    /// A factor, with up to three decimals.
    Factor,
    /// A list of tables of `at` and `rate`.
    Steps,
    /// An amount of the currency.
    Price,
    /// An RFC 3339 time.
    Time,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A table of texts.
    Labels,
    /// A list of `key=value:Effect`.
    Taints,
    /// A list of `key=value:Effect`, value and effect optional.
    Tolerations,
    /// A file, relative to the scenario.
    Path,
    /// A list of tables of `name`, `cpu`, `memory`, `weight`.
    Shapes,
    /// A table: name of an organization or tenant → amount.
    Amounts,
    /// A table: dotted key → list of values.
    Grid,
    /// 32 hexadecimal digits.
    Hash,
}

impl Form {
    /// What is expected, as it ends a message: "expected …".
    pub(super) fn expected(self) -> String {
        match self {
            Form::Text => "a text in quotes".to_owned(),
            Form::Slug(max) => format!(
                "a name of at most {max} lower-case letters, digits and hyphens that starts with a letter and ends with a letter or digit"
            ),
            Form::Texts => "a list of texts, as in [\"a\", \"b\"]".to_owned(),
            Form::Count(min, max) => format!("an integer of {min}..{max}"),
            Form::Signed(min, max) => format!("an integer of {min}..{max}"),
            Form::Flag => "true or false".to_owned(),
            Form::Duration(_) => "a duration with a unit, as in \"30s\" or \"24h\"".to_owned(),
            Form::Delay => {
                "a duration, as in \"30s\", or both ends, as in { min = \"20s\", max = \"60s\" }"
                    .to_owned()
            }
            Form::Percent(min, max) => {
                format!("integer percent of {min}..{max}, as in 70 or \"70%\"")
            }
            Form::Share => "a share of 0..100 percent, as in \"0.5%\" or 1".to_owned(),
            Form::Pods => "a number of pods, as in 1, or a share, as in \"25%\"".to_owned(),
            Form::Cpu => "cpu, as in \"500m\", \"2\" or 0.5".to_owned(),
            Form::Memory => "memory, as in \"512Mi\" or \"16Gi\"".to_owned(),
            Form::Quota => "a table, as in { cpu = \"2\", memory = \"4Gi\", pods = 10 }".to_owned(),
            Form::Rate => format!(
                "a rate per second of 0..{} with at most three decimals, as in 50 or 0.25",
                limits::RATE_MAX
            ),
            Form::Factor => {
                "a factor above 0 with at most three decimals, as in 2 or 0.5".to_owned()
            }
            Form::Steps => {
                "a list in order of time, as in [{ at = \"1h\", rate = 200 }]".to_owned()
            }
            Form::Price => {
                "an amount of the currency, as in \"0.0405\", with at most eight decimals"
                    .to_owned()
            }
            Form::Time => "a time, as in \"2026-01-01T00:00:00Z\"".to_owned(),
            Form::OneOf(words) => format!("one of {}", words.join(", ")),
            Form::Labels => "a table of texts, as in { disk = \"ssd\" }".to_owned(),
            Form::Taints => {
                "a list of \"key=value:Effect\", as in [\"team=ml:NoSchedule\"]".to_owned()
            }
            Form::Tolerations => {
                "a list of \"key\", \"key=value\" or \"key=value:Effect\"".to_owned()
            }
            Form::Path => "a file, relative to the scenario's folder".to_owned(),
            Form::Shapes => {
                "a list, as in [{ name = \"small\", cpu = \"500m\", memory = \"1Gi\", weight = 3 }]"
                    .to_owned()
            }
            Form::Amounts => "a table of amounts, as in { acme = \"49.00\" }".to_owned(),
            Form::Grid => {
                "a table of lists, as in { \"autoscaler.up_percent\" = [60, 70] }".to_owned()
            }
            Form::Hash => "32 hexadecimal digits".to_owned(),
        }
    }

    /// JSON Schema of the value in TOML's terms.
    pub(super) fn schema(self) -> Json {
        let text = || json!({"type": "string"});
        let number = || json!({"type": ["string", "integer", "number"]});
        match self {
            Form::Text | Form::Path => text(),
            Form::Slug(max) => {
                json!({"type": "string", "maxLength": max, "pattern": "^[a-z]([a-z0-9-]*[a-z0-9])?$"})
            }
            Form::Texts | Form::Taints | Form::Tolerations => {
                json!({"type": "array", "items": text()})
            }
            Form::Count(min, max) => {
                json!({"type": "integer", "minimum": min, "maximum": max})
            }
            Form::Signed(min, max) => {
                json!({"type": "integer", "minimum": min, "maximum": max})
            }
            Form::Flag => json!({"type": "boolean"}),
            Form::Duration(_) => duration(),
            Form::Delay => json!({"anyOf": [duration(), {
                "type": "object",
                "properties": {"min": duration(), "max": duration()},
                "required": ["min", "max"],
                "additionalProperties": false
            }]}),
            Form::Percent(min, max) => json!({"anyOf": [
                {"type": "integer", "minimum": min, "maximum": max},
                {"type": "string", "pattern": "^[0-9]+%$"}
            ]}),
            Form::Share => json!({"anyOf": [
                {"type": "integer", "minimum": 0, "maximum": 100},
                {"type": "string", "pattern": "^[0-9]+(\\.[0-9]{1,4})?%$"}
            ]}),
            Form::Pods => json!({"anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": "^[0-9]+%$"}
            ]}),
            Form::Cpu | Form::Memory | Form::Rate | Form::Factor | Form::Price => number(),
            Form::Quota => json!({
                "type": "object",
                "properties": {"cpu": number(), "memory": number(), "pods": {"type": "integer", "minimum": 0}},
                "required": ["cpu", "memory", "pods"],
                "additionalProperties": false
            }),
            Form::Steps => json!({"type": "array", "minItems": 1, "items": {
                "type": "object",
                "properties": {"at": duration(), "rate": number()},
                "required": ["at", "rate"],
                "additionalProperties": false
            }}),
            Form::Time => json!({"type": "string", "format": "date-time"}),
            Form::OneOf(words) => json!({"enum": words}),
            Form::Labels => json!({"type": "object", "additionalProperties": text()}),
            Form::Shapes => json!({"type": "array", "minItems": 1, "items": {
                "type": "object",
                "properties": {
                    "name": text(), "cpu": number(), "memory": number(),
                    "weight": {"type": "integer", "minimum": 1}
                },
                "required": ["name", "cpu", "memory"],
                "additionalProperties": false
            }}),
            Form::Amounts => json!({"type": "object", "additionalProperties": number()}),
            Form::Grid => {
                json!({"type": "object", "additionalProperties": {"type": "array", "minItems": 1}})
            }
            Form::Hash => json!({"type": "string", "pattern": "^[0-9a-f]{32}$"}),
        }
    }
}

fn duration() -> Json {
    json!({"type": "string", "pattern": "^([0-9]+(us|ms|s|m|h|d))+$"})
}
