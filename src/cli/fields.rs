//! Bodies of writes from options: each value checked, none sent that was not said.

use serde_json::{Map, Value};

use super::client::{Check, check};

/// A body that holds only what was said.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// A field, if there is a value for it.
    pub(super) fn set<T: Into<Value>>(mut self, name: &str, value: Option<T>) -> Fields {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
        self
    }

    /// A map of texts, if anything is in it.
    pub(super) fn pairs(self, name: &str, pairs: &[Pair]) -> Fields {
        let map: Map<String, Value> = pairs
            .iter()
            .map(|(k, v)| (k.clone(), Value::from(v.as_str())))
            .collect();
        self.set(name, (!map.is_empty()).then_some(Value::Object(map)))
    }

    /// Whether nothing was said.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The body.
    pub(super) fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

/// A key and its value.
pub(super) type Pair = (String, String);

/// `KEY=VALUE`.
pub(super) fn pair(text: &str) -> Result<Pair, String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

/// A variable of the environment: `KEY=VALUE`.
pub(super) fn env(text: &str) -> Result<Pair, String> {
    let (key, value) = pair(text)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if key.starts_with(|c: char| c.is_ascii_digit()) || !key.chars().all(plain) {
        return Err("expected a name of letters, digits and underscores before =".to_owned());
    }
    Ok((key, value))
}

/// A cpu quantity.
pub(super) fn cpu(text: &str) -> Result<String, String> {
    passed(text, check::cpu)
}

/// A memory quantity.
pub(super) fn memory(text: &str) -> Result<String, String> {
    passed(text, check::memory)
}

/// A duration.
pub(super) fn duration(text: &str) -> Result<String, String> {
    passed(text, check::duration)
}

/// A slug for a tenant.
pub(super) fn tenant_slug(text: &str) -> Result<String, String> {
    passed(text, check::tenant_slug)
}

/// A title: 1 to 200 characters, none of them a control character.
pub(super) fn title(text: &str) -> Result<String, String> {
    passed(text, check::title)
}

fn passed(text: &str, check: fn(&str) -> Check) -> Result<String, String> {
    check(text).map(|()| text.to_owned())
}

/// `APP/SERVICE`, both as names may be; a name alone is both.
pub(super) fn app_service(text: &str) -> Result<(String, String), String> {
    let (app, service) = text.split_once('/').unwrap_or((text, text));
    check::reference(app).map_err(|why| format!("app {app}: {why}"))?;
    check::slug(service, check::NAME_MAX).map_err(|why| format!("service {service}: {why}"))?;
    Ok((app.to_owned(), service.to_owned()))
}

/// An image: visible characters, at most 512.
pub(super) fn image(text: &str) -> Result<String, String> {
    passed(text, check::image)
}

/// A time, or a span that is counted back from now.
pub(super) fn moment(text: &str) -> Result<String, String> {
    passed(text, check::moment)
}

/// A month such as `2026-11`.
pub(super) fn period(text: &str) -> Result<String, String> {
    passed(text, check::period)
}

/// `cpu=4,memory=8Gi,pods=20` as the fields of a quota.
pub(super) fn quota(text: &str) -> Result<Value, String> {
    let mut quota = Map::new();
    for part in text.split(',') {
        let (name, value) = pair(part).map_err(|_| format!("{part}: expected NAME=AMOUNT"))?;
        let (field, amount) = check::quota(&name, &value)?;
        if quota
            .insert(field.to_owned(), Value::from(amount))
            .is_some()
        {
            return Err(format!("{name}: stands here twice"));
        }
    }
    Ok(Value::Object(quota))
}
