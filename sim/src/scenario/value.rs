//! One value of the tree → one typed value, or what is wrong with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use nimbus_core::cluster::{Taint, TaintEffect, Toleration};
use nimbus_core::time::{Span, Time};
use nimbus_core::units::{Bytes, Cpu, Resources};
use nimbus_core::workload::Share;

use super::form::Form;
use super::limits;
use super::model::Delay;
use super::tree::{Item, Place, Table, Value};

/// What is wrong with a value, and where within it.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) place: Place,
    /// Appended to the key, as in `.cpu`.
    pub(super) within: String,
    pub(super) message: String,
}

/// A reader of one form.
pub(super) type Read<T> = Result<T, Fault>;

pub(super) fn fault(item: &Item, message: impl Into<String>) -> Fault {
    Fault {
        place: item.place,
        within: String::new(),
        message: message.into(),
    }
}

/// "value: expected …".
pub(super) fn unexpected(item: &Item, form: Form) -> Fault {
    fault(
        item,
        format!("{}: expected {}", item.value.shown(), form.expected()),
    )
}

fn inside(key: &str, fault: Fault) -> Fault {
    Fault {
        within: format!(".{key}{}", fault.within),
        ..fault
    }
}

/// A text; from the command line a number may stand for one.
pub(super) fn text(item: &Item, form: Form) -> Read<Arc<str>> {
    match &item.value {
        Value::Text(text) if text.len() <= 512 && !text.chars().any(char::is_control) => {
            Ok(text.as_str().into())
        }
        Value::Text(_) => Err(fault(
            item,
            format!(
                "{}: expected at most 512 bytes without control characters",
                item.value.shown()
            ),
        )),
        Value::Integer(number) | Value::Float(number) if matches!(item.place, Place::Set(_)) => {
            Ok(number.as_str().into())
        }
        _ => Err(unexpected(item, form)),
    }
}

/// Whether a text is a DNS label that starts with a letter.
pub(crate) fn is_slug(text: &str, max: usize) -> bool {
    !text.is_empty()
        && text.len() <= max
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

pub(super) fn slug(item: &Item, form: Form) -> Read<Arc<str>> {
    let Form::Slug(max) = form else {
        return text(item, form);
    };
    let name = text(item, form)?;
    if is_slug(&name, max) {
        Ok(name)
    } else {
        Err(unexpected(item, form))
    }
}

pub(super) fn one_of(item: &Item, form: Form) -> Read<&'static str> {
    let Form::OneOf(words) = form else {
        return Err(unexpected(item, form));
    };
    match &item.value {
        Value::Text(text) => words.iter().find(|word| *word == text).copied(),
        _ => None,
    }
    .ok_or_else(|| unexpected(item, form))
}

pub(super) fn flag(item: &Item, form: Form) -> Read<bool> {
    match item.value {
        Value::Flag(flag) => Ok(flag),
        _ => Err(unexpected(item, form)),
    }
}

fn integer(item: &Item) -> Option<i128> {
    match &item.value {
        Value::Integer(text) => text.parse().ok(),
        _ => None,
    }
}

pub(super) fn count(item: &Item, form: Form) -> Read<u64> {
    let Form::Count(min, max) = form else {
        return Err(unexpected(item, form));
    };
    integer(item)
        .and_then(|n| u64::try_from(n).ok())
        .filter(|n| (min..=max).contains(n))
        .ok_or_else(|| unexpected(item, form))
}

pub(super) fn count32(item: &Item, form: Form) -> Read<u32> {
    u32::try_from(count(item, form)?).map_err(|_| unexpected(item, form))
}

pub(super) fn signed32(item: &Item, form: Form) -> Read<i32> {
    integer(item)
        .and_then(|n| i32::try_from(n).ok())
        .ok_or_else(|| unexpected(item, form))
}

pub(super) fn span(item: &Item, form: Form) -> Read<Span> {
    let least = if let Form::Duration(least) = form {
        least
    } else {
        0
    };
    match &item.value {
        Value::Text(text) => {
            let span = Span::parse(text).map_err(|error| fault(item, error.to_string()))?;
            if span > limits::SPAN_MAX {
                return Err(fault(
                    item,
                    format!(
                        "{text:?} is too long: expected at most {}",
                        limits::SPAN_MAX
                    ),
                ));
            }
            if span.0 < least {
                return Err(fault(
                    item,
                    format!("{text:?} is too short: expected at least {}", Span(least)),
                ));
            }
            Ok(span)
        }
        Value::Integer(text) | Value::Float(text) => Err(fault(
            item,
            format!(
                "{text} has no unit: expected {}",
                Form::Duration(least).expected()
            ),
        )),
        _ => Err(unexpected(item, form)),
    }
}

pub(super) fn delay(item: &Item, form: Form) -> Read<Delay> {
    let whole = Form::Duration(0);
    let Value::Table(table) = &item.value else {
        if !matches!(item.value, Value::Text(_) | Value::Integer(_)) {
            return Err(unexpected(item, form));
        }
        let span = span(item, whole)?;
        return Ok(Delay {
            min: span,
            max: span,
        });
    };
    let fields = Fields::of(item, table, &["min", "max"])?;
    let delay = Delay {
        min: fields.get("min", span, whole)?,
        max: fields.get("max", span, whole)?,
    };
    if delay.min > delay.max {
        return Err(fault(
            item,
            format!("min {} is above max {}", delay.min, delay.max),
        ));
    }
    Ok(delay)
}

pub(super) fn time(item: &Item, form: Form) -> Read<Time> {
    let (Value::Text(text) | Value::Time(text)) = &item.value else {
        return Err(unexpected(item, form));
    };
    Time::parse(text)
        .ok()
        .filter(|time| (Time::ZERO..=Time::from_secs(253_402_300_799)).contains(time))
        .ok_or_else(|| unexpected(item, form))
}

/// Integer percent.
pub(super) fn percent(item: &Item, form: Form) -> Read<u32> {
    let Form::Percent(min, max) = form else {
        return Err(unexpected(item, form));
    };
    let number = match &item.value {
        Value::Text(text) => text.strip_suffix('%').and_then(digits),
        Value::Integer(text) => digits(text),
        _ => None,
    };
    number
        .and_then(|n| u32::try_from(n).ok())
        .filter(|n| (min..=max).contains(n))
        .ok_or_else(|| unexpected(item, form))
}

fn digits(text: &str) -> Option<u64> {
    text.bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

/// A share in parts per million.
pub(super) fn share(item: &Item, form: Form) -> Read<u32> {
    let number = match &item.value {
        Value::Text(text) => text.strip_suffix('%').and_then(|t| decimal(t, 4)),
        Value::Integer(text) => decimal(text, 4),
        _ => None,
    };
    number
        .and_then(|ppm| u32::try_from(ppm).ok())
        .filter(|ppm| *ppm <= 1_000_000)
        .ok_or_else(|| unexpected(item, form))
}

/// A number of pods or a percentage of the replicas.
pub(super) fn pods(item: &Item, form: Form) -> Read<Share> {
    match &item.value {
        Value::Integer(_) => {
            count32(item, Form::Count(0, u64::from(limits::REPLICAS_MAX))).map(Share::Count)
        }
        Value::Text(_) => percent(item, Form::Percent(0, 100)).map(Share::Percent),
        _ => Err(unexpected(item, form)),
    }
}

/// `digits[.digits]` × 10^places, exactly.
fn decimal(text: &str, places: usize) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    if whole.is_empty() || fraction.len() > places || text.ends_with('.') {
        return None;
    }
    digits(&format!("{whole}{fraction:0<places$}"))
}

fn number(item: &Item) -> Option<&str> {
    match &item.value {
        Value::Text(text) | Value::Integer(text) | Value::Float(text) => Some(text),
        _ => None,
    }
}

/// Thousandths of a request or pod per second.
pub(super) fn rate(item: &Item, form: Form) -> Read<u64> {
    number(item)
        .and_then(|text| decimal(text, 3))
        .filter(|rate| *rate <= limits::RATE_MAX * 1_000)
        .ok_or_else(|| unexpected(item, form))
}

/// A factor in thousandths.
pub(super) fn factor(item: &Item, form: Form) -> Read<u64> {
    number(item)
        .and_then(|text| decimal(text, 3))
        .filter(|factor| (1..=1_000_000_000).contains(factor))
        .ok_or_else(|| unexpected(item, form))
}

/// An amount of a currency with `exponent` digits, times 10^`further`.
pub(super) fn amount(item: &Item, form: Form, exponent: u32, further: u32) -> Read<u64> {
    let places = usize::try_from(exponent + further).unwrap_or(usize::MAX);
    number(item)
        .and_then(|text| decimal(text, places))
        .filter(|amount| *amount <= i64::MAX.unsigned_abs())
        .ok_or_else(|| unexpected(item, form))
}

pub(super) fn cpu(item: &Item, form: Form) -> Read<Cpu> {
    match number(item).map(Cpu::parse) {
        Some(Ok(cpu)) => Ok(cpu),
        Some(Err(error)) => Err(fault(item, error.to_string())),
        None => Err(unexpected(item, form)),
    }
}

pub(super) fn memory(item: &Item, form: Form) -> Read<Bytes> {
    match number(item).map(Bytes::parse) {
        Some(Ok(bytes)) => Ok(bytes),
        Some(Err(error)) => Err(fault(item, error.to_string())),
        None => Err(unexpected(item, form)),
    }
}

pub(super) fn quota(item: &Item, form: Form) -> Read<Resources> {
    let Value::Table(table) = &item.value else {
        return Err(unexpected(item, form));
    };
    let fields = Fields::of(item, table, &["cpu", "memory", "pods"])?;
    Ok(Resources {
        cpu: fields.get("cpu", cpu, Form::Cpu)?,
        memory: fields.get("memory", memory, Form::Memory)?,
        pods: fields.get("pods", count32, Form::Count(0, u64::from(u32::MAX)))?,
    })
}

pub(super) fn list(item: &Item, form: Form) -> Read<&[Item]> {
    match &item.value {
        Value::List(items) => Ok(items),
        _ => Err(unexpected(item, form)),
    }
}

pub(super) fn texts(item: &Item, form: Form) -> Read<Vec<Arc<str>>> {
    list(item, form)?
        .iter()
        .map(|entry| text(entry, Form::Text))
        .collect()
}

pub(super) fn labels(item: &Item, form: Form) -> Read<BTreeMap<Arc<str>, Arc<str>>> {
    let Value::Table(table) = &item.value else {
        return Err(unexpected(item, form));
    };
    table
        .iter()
        .map(|(key, value)| {
            let value = text(value, Form::Text).map_err(|fault| inside(key, fault))?;
            Ok((Arc::from(key.as_str()), value))
        })
        .collect()
}

fn effect(word: &str) -> Option<TaintEffect> {
    Some(match word {
        "NoSchedule" => TaintEffect::NoSchedule,
        "PreferNoSchedule" => TaintEffect::PreferNoSchedule,
        "NoExecute" => TaintEffect::NoExecute,
        _ => return None,
    })
}

pub(super) fn taints(item: &Item, form: Form) -> Read<Vec<Taint>> {
    let mut taints = Vec::new();
    for entry in list(item, form)? {
        let text = text(entry, Form::Text)?;
        let taint = text.rsplit_once(':').and_then(|(mark, word)| {
            let (key, value) = mark.split_once('=').unwrap_or((mark, ""));
            let effect = effect(word)?;
            (!key.is_empty()).then(|| Taint {
                key: key.into(),
                value: value.into(),
                effect,
            })
        });
        taints.push(taint.ok_or_else(|| {
            fault(entry, format!("{text:?}: expected \"key=value:Effect\" with the effect NoSchedule, PreferNoSchedule or NoExecute"))
        })?);
    }
    taints.sort();
    taints.dedup();
    Ok(taints)
}

pub(super) fn tolerations(item: &Item, form: Form) -> Read<Vec<Toleration>> {
    let mut tolerations = Vec::new();
    for entry in list(item, form)? {
        let text = text(entry, Form::Text)?;
        let (mark, word) = text
            .rsplit_once(':')
            .map_or((&*text, None), |(m, w)| (m, Some(w)));
        let (key, value) = mark
            .split_once('=')
            .map_or((mark, None), |(k, v)| (k, Some(v)));
        let effect = word.map(effect);
        if key.is_empty() && value.is_some() || effect == Some(None) {
            return Err(fault(
                entry,
                format!(
                    "{text:?}: expected \"key\", \"key=value\" or \"key=value:Effect\" with the effect NoSchedule, PreferNoSchedule or NoExecute"
                ),
            ));
        }
        tolerations.push(Toleration {
            key: key.into(),
            value: value.map(Into::into),
            effect: effect.flatten(),
        });
    }
    Ok(tolerations)
}

/// A table within a value: all of `names` and no other key.
pub(super) struct Fields<'a> {
    item: &'a Item,
    table: &'a Table,
}

impl<'a> Fields<'a> {
    pub(super) fn of(item: &'a Item, table: &'a Table, names: &[&str]) -> Read<Fields<'a>> {
        match table.iter().find(|(key, _)| !names.contains(&key.as_str())) {
            None => Ok(Fields { item, table }),
            Some((key, value)) => Err(inside(
                key,
                fault(value, format!("unknown key: expected {}", names.join(", "))),
            )),
        }
    }

    pub(super) fn get<T>(
        &self,
        key: &str,
        read: fn(&Item, Form) -> Read<T>,
        form: Form,
    ) -> Read<T> {
        self.find(key, read, form)?.ok_or_else(|| {
            inside(
                key,
                fault(self.item, format!("missing: expected {}", form.expected())),
            )
        })
    }

    pub(super) fn find<T>(
        &self,
        key: &str,
        read: fn(&Item, Form) -> Read<T>,
        form: Form,
    ) -> Read<Option<T>> {
        self.table
            .get(key)
            .map(|item| read(item, form).map_err(|fault| inside(key, fault)))
            .transpose()
    }
}

/// Whether a value has a form, without keeping it. Forms that hang on other keys are taken as they are.
pub(super) fn check(item: &Item, form: Form) -> Read<()> {
    match form {
        Form::Text | Form::Path => text(item, form).map(drop),
        Form::Slug(_) => slug(item, form).map(drop),
        Form::Texts => texts(item, form).map(drop),
        Form::Count(..) => count(item, form).map(drop),
        Form::Signed(..) => signed32(item, form).map(drop),
        Form::Flag => flag(item, form).map(drop),
        Form::Duration(_) => span(item, form).map(drop),
        Form::Delay => delay(item, form).map(drop),
        Form::Percent(..) => percent(item, form).map(drop),
        Form::Share => share(item, form).map(drop),
        Form::Pods => pods(item, form).map(drop),
        Form::Cpu => cpu(item, form).map(drop),
        Form::Memory => memory(item, form).map(drop),
        Form::Quota => quota(item, form).map(drop),
        Form::Rate => rate(item, form).map(drop),
        Form::Factor => factor(item, form).map(drop),
        Form::Price => amount(item, form, 2, 6).map(drop),
        Form::Time => time(item, form).map(drop),
        Form::OneOf(_) => one_of(item, form).map(drop),
        Form::Labels => labels(item, form).map(drop),
        Form::Taints => taints(item, form).map(drop),
        Form::Tolerations => tolerations(item, form).map(drop),
        Form::Steps | Form::Shapes | Form::Amounts | Form::Grid | Form::Hash => Ok(()),
    }
}
