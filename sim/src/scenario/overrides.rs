//! `--set key=value`: overrides by dotted key, applied to the tree before anything is checked.
//!
//! `scheduler.score`, `seed` (of `[scenario]`), `autoscaler.up_percent` (all of them),
//! `autoscaler.web.up_percent` (the one of that name), `tenant.acme.quota.cpu`.

use std::collections::BTreeMap;

use super::ctx::{Ctx, nearest};
use super::keys::{self, SECTIONS, Section};
use super::tree::{Item, Place, Table, Value, value_of};
use super::value;

/// Applies all overrides in order.
pub(super) fn apply(root: &mut Table, ctx: &mut Ctx<'_>) {
    for (index, set) in ctx.overrides.iter().enumerate() {
        let item = value_of(set.value.trim(), Place::Set(index));
        if let Err(message) = one(root, &set.key, &item) {
            ctx.problem(Place::Set(index), set.key.clone(), message);
        }
    }
}

/// The value of a grid as it would be written after `--set key=`.
pub(super) fn written(item: &Item) -> String {
    match &item.value {
        Value::Text(text) | Value::Integer(text) | Value::Float(text) | Value::Time(text) => {
            text.clone()
        }
        Value::Flag(flag) => flag.to_string(),
        Value::List(_) | Value::Table(_) => item.value.shown(),
    }
}

/// Whether a key could be set to a value. Names of entries are not known here.
pub(super) fn check(key: &str, item: &Item) -> Result<(), String> {
    let parts: Vec<&str> = key.split('.').collect();
    let (section, rest) = split(&parts)?;
    let rest = match rest {
        [_, rest @ ..]
            if section.list && section.key(rest_head(rest)).is_some() && !rest.is_empty() =>
        {
            rest
        }
        rest => rest,
    };
    let row = known(section, rest_head(rest))?;
    if rest.len() > 1 {
        return Ok(()); // a part of a table: checked when it is set
    }
    value::check(item, row.form).map_err(|fault| format!("{key}: {}", fault.message))
}

fn rest_head<'a>(rest: &[&'a str]) -> &'a str {
    rest.first().copied().unwrap_or("")
}

/// The section and what follows it.
fn split<'k>(parts: &'k [&'k str]) -> Result<(&'static Section, &'k [&'k str]), String> {
    if let [key] = parts
        && let Some(section) = keys::section("scenario")
        && section.key(key).is_some()
    {
        return Ok((section, parts));
    }
    let head = parts.first().copied().unwrap_or("");
    if let Some(section) = keys::section(head).filter(|_| parts.len() > 1) {
        return Ok((section, &parts[1..]));
    }
    let names = || SECTIONS.iter().map(|section| section.name);
    let hint = match nearest(head, names()) {
        Some(near) if near != head => format!("did you mean {near}?"),
        _ => "expected section.key, as in scheduler.score, or section.name.key, as in autoscaler.web.max".to_owned(),
    };
    Err(format!("unknown key: {hint}"))
}

fn known(section: &'static Section, key: &str) -> Result<&'static keys::Key, String> {
    let key = if section.name == "tenant" && key == "tier" {
        "plan"
    } else {
        key
    };
    section.key(key).ok_or_else(|| {
        let names = || section.keys.iter().map(|row| row.name);
        match nearest(key, names()) {
            Some(near) => format!("unknown key {key:?}: did you mean {}.{near}?", section.name),
            None => format!(
                "unknown key {key:?}: expected one of {}",
                names().collect::<Vec<_>>().join(", ")
            ),
        }
    })
}

fn one(root: &mut Table, key: &str, item: &Item) -> Result<(), String> {
    let parts: Vec<&str> = key.split('.').collect();
    let (section, rest) = split(&parts)?;
    if !section.list {
        known(section, rest_head(rest))?;
        let table = root.entry(section.name.to_owned()).or_insert_with(|| Item {
            place: item.place,
            value: Value::Table(BTreeMap::new()),
        });
        return match &mut table.value {
            Value::Table(table) => put(table, rest, item),
            _ => Err(format!("[{}] is not a table", section.name)),
        };
    }
    let mut tables: Vec<&mut Table> = match root.get_mut(section.name).map(|item| &mut item.value) {
        Some(Value::List(items)) => items
            .iter_mut()
            .filter_map(|item| match &mut item.value {
                Value::Table(table) => Some(table),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    if tables.is_empty() {
        return Err(format!("the scenario has no [[{}]]", section.name));
    }
    let named = rest.len() > 1 && tables.iter().any(|table| is_named(table, rest[0]));
    let rest = if named {
        tables.retain(|table| is_named(table, rest[0]));
        &rest[1..]
    } else {
        if rest.len() > 1 && known(section, rest[0]).is_err() {
            let names: Vec<&str> = tables.iter().filter_map(|table| name_of(table)).collect();
            return Err(format!(
                "no [[{}]] is named {:?}: expected one of {}",
                section.name,
                rest[0],
                names.join(", ")
            ));
        }
        rest
    };
    known(section, rest_head(rest))?;
    tables
        .into_iter()
        .try_for_each(|table| put(table, rest, item))
}

fn name_of(table: &Table) -> Option<&str> {
    ["name", "workload", "source", "kind"]
        .iter()
        .find_map(|key| match table.get(*key)?.value {
            Value::Text(ref text) => Some(text.as_str()),
            _ => None,
        })
}

fn is_named(table: &Table, name: &str) -> bool {
    name_of(table) == Some(name)
}

/// Sets a value at a path, making tables on the way.
fn put(table: &mut Table, path: &[&str], item: &Item) -> Result<(), String> {
    match path {
        [] => Err("expected a key after the section".to_owned()),
        [key] => {
            table.insert((*key).to_owned(), item.clone());
            Ok(())
        }
        [key, rest @ ..] => {
            let inner = table.entry((*key).to_owned()).or_insert_with(|| Item {
                place: item.place,
                value: Value::Table(BTreeMap::new()),
            });
            match &mut inner.value {
                Value::Table(inner) => put(inner, rest, item),
                other => Err(format!(
                    "{key} is {}: expected a table to set {} in",
                    other.shown(),
                    rest.join(".")
                )),
            }
        }
    }
}
