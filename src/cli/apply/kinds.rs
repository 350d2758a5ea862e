//! What a document may describe, and what each of its fields may say.

use serde_json::Value;

use crate::cli::client::{Check, check};

/// A kind of document.
#[derive(Debug)]
pub(super) struct Kind {
    /// Its name, as `kind` says it.
    pub(super) name: &'static str,
    /// Its fields.
    pub(super) fields: &'static [Field],
    /// Whether it can be deleted.
    pub(super) deletable: bool,
}

/// One field of a kind.
#[derive(Debug)]
pub(super) struct Field {
    /// Its name.
    pub(super) name: &'static str,
    /// Whether a document must have it.
    pub(super) required: bool,
    /// Whether a change of it changes what is there; the others only count when it is made.
    pub(super) changes: bool,
    /// What it may say.
    pub(super) check: fn(&Value) -> Check,
}

const fn must(name: &'static str, check: fn(&Value) -> Check) -> Field {
    Field {
        name,
        required: true,
        changes: false,
        check,
    }
}

const fn once(name: &'static str, check: fn(&Value) -> Check) -> Field {
    Field {
        name,
        required: false,
        changes: false,
        check,
    }
}

const fn may(name: &'static str, check: fn(&Value) -> Check) -> Field {
    Field {
        name,
        required: false,
        changes: true,
        check,
    }
}

/// All kinds.
pub(super) const KINDS: [Kind; 4] = [
    Kind {
        name: "Tenant",
        deletable: true,
        fields: &[
            must("name", title),
            once("slug", tenant_slug),
            once("organization_id", reference),
            once("plan", reference),
            may("quota", object),
            may("isolation", reference),
            may("labels", texts),
        ],
    },
    Kind {
        name: "App",
        deletable: true,
        fields: &[
            must("name", title),
            once("tenant_id", reference),
            may("description", text),
            may("metadata", object),
            may("env", texts),
            may("visibility", reference),
            may("quota", object),
        ],
    },
    Kind {
        name: "Service",
        deletable: true,
        fields: &[
            must("app", reference),
            must("name", service_name),
            must("image", image),
            once("tenant_id", reference),
            may("replicas", replicas),
            may("port", port),
            may("ports", list),
            may("cpu_limit", cpu),
            may("cpu_request", cpu),
            may("memory_limit", memory),
            may("memory_request", memory),
            may("instance_type", reference),
            may("gpu", count),
            may("arch", reference),
            may("region", reference),
            may("command", list),
            may("args", list),
            may("env", texts),
            may("secrets", list),
            may("health_check", object),
            may("config_files", list),
            may("constraints", object),
            may("autoscale", object),
        ],
    },
    Kind {
        name: "Policy",
        deletable: false,
        fields: &[
            must("name", title),
            must("type", reference),
            may("scope", object),
            must("params", object),
        ],
    },
];

fn text_of(value: &Value) -> Result<&str, String> {
    value
        .as_str()
        .ok_or_else(|| format!("expected a text, found {}", sort(value)))
}

fn sort(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number; put it in quotes",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "keys and values",
    }
}

fn text(value: &Value) -> Check {
    text_of(value).map(drop)
}

fn title(value: &Value) -> Check {
    check::title(text_of(value)?)
}

fn tenant_slug(value: &Value) -> Check {
    check::tenant_slug(text_of(value)?)
}

fn service_name(value: &Value) -> Check {
    check::slug(text_of(value)?, check::NAME_MAX)
}

fn reference(value: &Value) -> Check {
    check::reference(text_of(value)?)
}

fn image(value: &Value) -> Check {
    check::image(text_of(value)?)
}

fn cpu(value: &Value) -> Check {
    check::cpu(text_of(value)?)
}

fn memory(value: &Value) -> Check {
    check::memory(text_of(value)?)
}

fn within(value: &Value, least: u64, most: u64) -> Check {
    let inside = value.as_u64().is_some_and(|n| (least..=most).contains(&n));
    inside
        .then_some(())
        .ok_or_else(|| format!("expected {least} to {most}, found {value}"))
}

fn replicas(value: &Value) -> Check {
    within(value, 0, 1000)
}

fn port(value: &Value) -> Check {
    within(value, 1, 65_535)
}

fn count(value: &Value) -> Check {
    within(value, 0, 1000)
}

fn list(value: &Value) -> Check {
    let found = value.is_array();
    found
        .then_some(())
        .ok_or_else(|| format!("expected a list, found {}", sort(value)))
}

fn object(value: &Value) -> Check {
    let found = value.is_object();
    found
        .then_some(())
        .ok_or_else(|| format!("expected keys and values, found {}", sort(value)))
}

/// Keys with texts: numbers stand in quotes, so that `1.10` stays what it is.
fn texts(value: &Value) -> Check {
    object(value)?;
    for (key, value) in value.as_object().into_iter().flatten() {
        text_of(value).map_err(|why| format!("{key}: {why}"))?;
    }
    Ok(())
}
