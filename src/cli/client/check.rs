//! What can be known to be wrong before anything is sent: field, value, and what was expected.

use nimbus_core::time::{Span, Time};
use nimbus_core::units::{Bytes, Cpu, GIB, MIB};

/// What a check of one value says.
pub(crate) type Check = Result<(), String>;

/// Longest slug of a tenant.
pub(crate) const TENANT_MAX: usize = 40;
/// Longest name of an app or a service.
pub(crate) const NAME_MAX: usize = 30;

/// Names that belong to the platform.
const RESERVED: [&str; 3] = ["admin", "system", "default"];

/// A DNS label of at most `most` characters that begins with a letter.
pub(crate) fn slug(text: &str, most: usize) -> Check {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let starts = text.starts_with(|c: char| c.is_ascii_lowercase());
    if starts && text.len() <= most && text.chars().all(plain) && !text.ends_with('-') {
        return Ok(());
    }
    Err(format!(
        "expected 1 to {most} small letters, digits and hyphens, a letter first and no hyphen last"
    ))
}

/// A slug that a tenant may have.
pub(crate) fn tenant_slug(text: &str) -> Check {
    slug(text, TENANT_MAX)?;
    let ours = ["kube-", "nimbus-"]
        .iter()
        .any(|start| text.starts_with(start));
    if ours || RESERVED.contains(&text) {
        return Err("is reserved for the platform".to_owned());
    }
    Ok(())
}

/// `500m`, `2`.
pub(crate) fn cpu(text: &str) -> Check {
    Cpu::parse(text).map(drop).map_err(|bad| bad.to_string())
}

/// `256Mi`, `1G`.
pub(crate) fn memory(text: &str) -> Check {
    Bytes::parse(text).map(drop).map_err(|bad| bad.to_string())
}

/// `30s`, `10m`, `1h`.
pub(crate) fn duration(text: &str) -> Check {
    Span::parse(text).map(drop).map_err(|bad| bad.to_string())
}

/// An id or slug that is named: what the server makes of it, it decides itself.
pub(crate) fn reference(text: &str) -> Check {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    ((1..=64).contains(&text.len()) && text.bytes().all(plain))
        .then_some(())
        .ok_or_else(|| "expected an id or a slug".to_owned())
}

/// A title: 1 to 200 characters, none of them a control character.
pub(crate) fn title(text: &str) -> Check {
    let count = text.chars().count();
    let visible = !text.trim().is_empty() && !text.chars().any(char::is_control);
    ((1..=200).contains(&count) && visible)
        .then_some(())
        .ok_or_else(|| "expected 1 to 200 characters, no control characters".to_owned())
}

/// An image reference: visible characters, at most 512.
pub(crate) fn image(text: &str) -> Check {
    let visible = text.bytes().all(|b| b.is_ascii_graphic());
    ((1..=512).contains(&text.len()) && visible)
        .then_some(())
        .ok_or_else(|| "expected an image such as nginx:alpine".to_owned())
}

/// A time such as `2026-11-01T00:00:00Z`.
pub(crate) fn moment(text: &str) -> Check {
    Time::parse(text).map(drop).map_err(|bad| bad.to_string())
}

/// A month such as `2026-11`.
pub(crate) fn period(text: &str) -> Check {
    let month = text.len() == 7 && Time::parse(&format!("{text}-01T00:00:00Z")).is_ok();
    month
        .then_some(())
        .ok_or_else(|| "expected a month such as 2026-11".to_owned())
}

/// One amount of a quota: its field on the wire and its value there, rounded up.
pub(crate) fn quota(name: &str, value: &str) -> Result<(&'static str, u64), String> {
    let whole = || {
        value
            .parse::<u64>()
            .map_err(|_| format!("{name} {value}: expected a whole number"))
    };
    let bytes = |unit: u64| {
        let bytes = Bytes::parse(value).map_err(|bad| format!("{name}: {bad}"))?;
        Ok::<u64, String>(bytes.0.div_ceil(unit))
    };
    Ok(match name {
        "cpu" => (
            "cpu_m",
            Cpu::parse(value).map_err(|bad| format!("{name}: {bad}"))?.0,
        ),
        "memory" => ("memory_mb", bytes(MIB)?),
        "storage" => ("storage_gb", bytes(GIB)?),
        "pods" => ("pods", whole()?),
        "gpu" => ("gpu", whole()?),
        "instances" => ("instances", whole()?),
        _ => {
            let known = "expected cpu, memory, pods, gpu, storage or instances";
            return Err(format!("{name}: {known}"));
        }
    })
}
