//! The manual and the JSON Schema of the format, both from the table of keys.

use std::fmt::Write;

use serde_json::{Map, Value as Json, json};

use super::keys::{Key, Preset, SECTIONS, Section};

/// The manual: every section and key, from the table of keys, as Markdown.
#[must_use]
pub fn manual() -> String {
    let mut out = String::from(
        "# Scenario format\n\nGenerated from the table of keys by `nimbus gen scenario-schema`; do not edit.\n\n\
         TOML, version 1. Unknown keys are errors. Durations have a unit (`30s`, `24h`), quantities are those \
         of Kubernetes (`500m`, `16Gi`), shares are percent (`0.5%`). Paths are relative to the scenario's \
         folder; traces may be gzipped. `--set section.key=value` changes a key of a section or of all its \
         entries, `--set section.name.key=value` one of the entry of that name; `seed`, `duration` and the \
         other keys of `[scenario]` need no section.\n",
    );
    for section in SECTIONS {
        let brackets = if section.list {
            format!("[[{}]]", section.name)
        } else {
            format!("[{}]", section.name)
        };
        let _ = write!(
            out,
            "\n## `{brackets}`\n\n{}\n\n| key | default | meaning | form |\n| --- | --- | --- | --- |\n",
            section.about
        );
        for key in section.keys {
            let preset = match key.preset {
                Preset::Must => "required".to_owned(),
                Preset::None => "–".to_owned(),
                Preset::Is("") => "empty".to_owned(),
                Preset::Is(preset) => format!("`{preset}`"),
            };
            let only = if key.only.is_empty() {
                String::new()
            } else {
                format!(" Only with {}.", key.only.join(", "))
            };
            let (about, form) = (
                key.about.replace('|', "\\|"),
                key.form.expected().replace('|', "\\|"),
            );
            let _ = writeln!(
                out,
                "| `{}` | {preset} | {about}.{only} | {form} |",
                key.name
            );
        }
    }
    let _ = write!(out, "\n## Limits\n\n{}", limits_text());
    out
}

fn limits_text() -> String {
    use super::limits as l;
    let mut out = String::new();
    for (count, what) in [
        (l::FILE_BYTES_MAX as u64, "bytes of a scenario file"),
        (l::TRACE_BYTES_MAX, "bytes of a trace file as stored"),
        (l::POOLS_MAX as u64, "node pools"),
        (l::NODES_MAX, "nodes, the `max` of all pools together"),
        (l::TENANTS_MAX as u64, "tenants"),
        (l::WORKLOADS_MAX as u64, "workloads"),
        (l::LOADS_MAX as u64, "loads"),
        (l::TRACES_MAX as u64, "loads with a trace file"),
        (
            l::REACH_MAX as u64,
            "workloads and tenants that loads reach, each counted once a load",
        ),
        (l::ACTIONS_MAX as u64, "actions"),
        (l::PODS_MAX, "pods that workloads and churn begin with"),
        (u64::from(l::REPLICAS_MAX), "replicas of one service"),
        (l::GRID_MAX, "runs of a sweep"),
        (l::RATE_MAX, "requests or pods per second"),
    ] {
        let _ = writeln!(out, "- {count} {what}");
    }
    let _ = writeln!(out, "- {} is the longest duration", l::SPAN_MAX);
    out
}

/// JSON Schema (draft 2020-12) of a scenario in TOML's terms, for editors.
#[must_use]
pub fn schema() -> schemars::Schema {
    let mut properties = Map::new();
    for section in SECTIONS {
        let table = table(section);
        let value = if section.list {
            json!({"type": "array", "items": table})
        } else {
            table
        };
        properties.insert(section.name.to_owned(), value);
    }
    schemars::json_schema!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Nimbus scenario, version 1",
        "type": "object",
        "properties": properties,
        "required": ["scenario"],
        "additionalProperties": false
    })
}

fn table(section: &Section) -> Json {
    let mut properties = Map::new();
    for key in section.keys {
        let mut value = key.form.schema();
        if let Json::Object(value) = &mut value {
            value.insert("description".to_owned(), Json::from(key.about));
            if let Preset::Is(preset) = key.preset {
                value.insert("default".to_owned(), Json::from(preset));
            }
        }
        properties.insert(key.name.to_owned(), value);
    }
    if section.name == "tenant" {
        let plan = properties.get("plan").cloned().unwrap_or_default();
        properties.insert("tier".to_owned(), plan);
    }
    let always = section.keys.iter().filter(|key| key.only.is_empty());
    let mut table = json!({
        "type": "object",
        "description": section.about,
        "properties": properties,
        "required": required(always),
        "additionalProperties": false
    });
    let cases = cases(section);
    if let (Json::Object(table), false) = (&mut table, cases.is_empty()) {
        table.insert("allOf".to_owned(), Json::from(cases));
    }
    table
}

fn required<'k>(keys: impl Iterator<Item = &'k Key>) -> Vec<&'k str> {
    keys.filter(|key| key.preset == Preset::Must)
        .map(|key| key.name)
        .collect()
}

/// What else is required, and what has no effect, with each word of the key that others hang on.
fn cases(section: &Section) -> Vec<Json> {
    let by = match section.name {
        "load" => "source",
        "action" | "workload" => "kind",
        _ => return Vec::new(),
    };
    let Some(super::form::Form::OneOf(words)) = section.key(by).map(|key| key.form) else {
        return Vec::new();
    };
    let case = |word: &&str| {
        let with = section.keys.iter().filter(|key| key.only.contains(word));
        let without = section
            .keys
            .iter()
            .filter(|key| !key.only.is_empty() && !key.only.contains(word));
        let without: Map<String, Json> = without
            .map(|key| (key.name.to_owned(), json!(false)))
            .collect();
        json!({
            "if": {"properties": {by: {"const": word}}, "required": [by]},
            "then": {"required": required(with), "properties": without}
        })
    };
    words.iter().map(case).collect()
}
