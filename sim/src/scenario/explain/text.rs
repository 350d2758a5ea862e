//! Values as TOML writes them.

use std::collections::BTreeMap;
use std::sync::Arc;

use nimbus_core::cluster::{Arch, Taint, Toleration};
use nimbus_core::units::Resources;
use nimbus_core::workload::Share;

use super::Values;
use crate::scenario::model::Delay;

pub(super) fn some(values: &mut Values, key: &'static str, value: Option<String>) {
    if let Some(value) = value {
        values.insert(key, value);
    }
}

pub(super) fn quoted(text: impl ToString) -> String {
    toml::Value::String(text.to_string()).to_string()
}

pub(super) fn listed(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

pub(super) fn labels(labels: &BTreeMap<Arc<str>, Arc<str>>) -> String {
    let pairs: Vec<String> = labels
        .iter()
        .map(|(key, value)| format!("{} = {}", quoted(key), quoted(value)))
        .collect();
    if pairs.is_empty() {
        "{}".to_owned()
    } else {
        format!("{{ {} }}", pairs.join(", "))
    }
}

/// Thousandths as a decimal number.
pub(super) fn thousandths(value: u64) -> String {
    let text = format!("{}.{:03}", value / 1_000, value % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Parts per million as percent.
pub(super) fn percent(ppm: u32) -> String {
    let text = format!("{}.{:04}", ppm / 10_000, ppm % 10_000);
    quoted(format!(
        "{}%",
        text.trim_end_matches('0').trim_end_matches('.')
    ))
}

pub(super) fn delay(delay: Delay) -> String {
    if delay.min == delay.max {
        quoted(delay.min)
    } else {
        format!(
            "{{ min = {}, max = {} }}",
            quoted(delay.min),
            quoted(delay.max)
        )
    }
}

pub(super) fn quota(quota: Resources) -> String {
    format!(
        "{{ cpu = {}, memory = {}, pods = {} }}",
        quoted(quota.cpu),
        quoted(quota.memory),
        quota.pods
    )
}

pub(super) fn arch(arch: Arch) -> String {
    quoted(match arch {
        Arch::Amd64 => "amd64",
        Arch::Arm64 => "arm64",
    })
}

pub(super) fn share(share: Share) -> String {
    match share {
        Share::Count(count) => count.to_string(),
        Share::Percent(percent) => quoted(format!("{percent}%")),
    }
}

pub(super) fn taint(taint: &Taint) -> String {
    let value = if taint.value.is_empty() {
        String::new()
    } else {
        format!("={}", taint.value)
    };
    quoted(format!("{}{value}:{:?}", taint.key, taint.effect))
}

pub(super) fn toleration(toleration: &Toleration) -> String {
    let value = toleration
        .value
        .as_ref()
        .map_or(String::new(), |value| format!("={value}"));
    let effect = toleration
        .effect
        .map_or(String::new(), |effect| format!(":{effect:?}"));
    quoted(format!("{}{value}{effect}", toleration.key))
}
