//! Labels: keys and values as Kubernetes takes them, so that they can stand on the namespace.

use super::{Labels, Refusal};

/// Most labels of a tenant.
pub const LABELS_MAX: usize = 64;

/// Longest name of a key, and longest value.
const NAME_MAX: usize = 63;
/// Longest prefix of a key.
const PREFIX_MAX: usize = 253;

/// Checks the key of a label: a name of at most 63 letters, digits, `-`, `_` and `.`, first and last a letter
/// or digit, after an optional DNS name and a slash.
///
/// # Errors
/// What was expected.
pub fn check_label_key(key: &str) -> Result<(), &'static str> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    if prefix.is_some_and(|prefix| !is_dns_name(prefix)) {
        return Err("expected a DNS name of at most 253 characters before the slash");
    }
    if prefix.is_some_and(|prefix| prefix == "nimbus.io" || prefix.ends_with(".nimbus.io")) {
        return Err("keys of nimbus.io are reserved");
    }
    if name.is_empty() || !is_name(name) {
        return Err(
            "expected a key of 1 to 63 letters, digits, '-', '_' and '.', first and last a letter or digit",
        );
    }
    Ok(())
}

/// Checks the value of a label: empty, or as the name of a key.
///
/// # Errors
/// What was expected.
pub fn check_label_value(value: &str) -> Result<(), &'static str> {
    if is_name(value) {
        return Ok(());
    }
    Err(
        "expected at most 63 letters, digits, '-', '_' and '.', first and last a letter or digit, or nothing",
    )
}

/// Checks all labels of a tenant.
pub(super) fn check(labels: &Labels) -> Result<(), Refusal> {
    let refuse = |field: String, why: &str| Refusal::Invalid {
        field: field.into(),
        why: why.into(),
    };
    if labels.len() > LABELS_MAX {
        return Err(refuse("labels".into(), "expected at most 64 labels"));
    }
    for (key, value) in labels {
        let field = || format!("labels.{}", key.chars().take(64).collect::<String>());
        check_label_key(key).map_err(|why| refuse(field(), why))?;
        check_label_value(value).map_err(|why| refuse(field(), why))?;
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let inner = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let end = |b: Option<&u8>| b.is_none_or(u8::is_ascii_alphanumeric);
    bytes.len() <= NAME_MAX && bytes.iter().all(inner) && end(bytes.first()) && end(bytes.last())
}

fn is_dns_name(name: &str) -> bool {
    let part = |part: &str| {
        let bytes = part.as_bytes();
        let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let end = |b: Option<&u8>| b.is_some_and(plain);
        bytes.iter().all(|b| plain(b) || *b == b'-') && end(bytes.first()) && end(bytes.last())
    };
    name.len() <= PREFIX_MAX && name.split('.').all(part)
}
