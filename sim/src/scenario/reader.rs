//! Reads the keys of one table through the table of keys, and says what is left over.

use std::sync::Arc;

use nimbus_core::cluster::{Arch, Taint, Toleration};
use nimbus_core::time::Span;
use nimbus_core::units::{Bytes, Cpu, Resources};
use nimbus_core::workload::Share;

use super::ctx::{Ctx, nearest};
use super::form::Form;
use super::keys::{Preset, Section};
use super::model::Delay;
use super::tree::{Item, Place, Table, value_of};
use super::value::{self, Read};

/// One table of the file under its section's rules. Each getter takes its key away; wrong values are
/// reported and come back as `None`.
pub(super) struct Reader<'c, 'f> {
    pub(super) ctx: &'c mut Ctx<'f>,
    pub(super) place: Place,
    section: &'static Section,
    table: Table,
    before: usize,
    word: Option<(&'static str, &'static str)>,
}

impl<'c, 'f> Reader<'c, 'f> {
    pub(super) fn new(
        ctx: &'c mut Ctx<'f>,
        section: &'static Section,
        table: Table,
        place: Place,
    ) -> Self {
        let before = ctx.count();
        Reader {
            ctx,
            place,
            section,
            table,
            before,
            word: None,
        }
    }

    /// Whether nothing was wrong with this table so far.
    pub(super) fn clean(&self) -> bool {
        self.ctx.count() == self.before
    }

    /// Where a key was written; the table's place if it was not.
    pub(super) fn place_of(&self, key: &str) -> Place {
        self.table.get(key).map_or(self.place, |item| item.place)
    }

    /// Another name of a key.
    pub(super) fn alias(&mut self, alias: &str, key: &str) {
        let Some(item) = self.table.remove(alias) else {
            return;
        };
        if self.table.contains_key(key) {
            self.wrong_at(
                item.place,
                alias,
                format!("the same as {key}: expected one of the two"),
            );
        } else {
            self.table.insert(key.to_owned(), item);
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(super) fn wrong(&mut self, key: &str, message: impl Into<String>) {
        self.wrong_at(self.place, key, message);
    }

    pub(super) fn wrong_at(&mut self, place: Place, key: &str, message: impl Into<String>) {
        self.ctx
            .problem(place, format!("{}.{key}", self.section.name), message);
    }

    pub(super) fn form(&self, key: &str) -> Form {
        self.section.key(key).map_or(Form::Text, |row| row.form)
    }

    /// Takes a key's value, or its default. Reports a missing one that must be there.
    pub(super) fn take(&mut self, key: &str) -> Option<Item> {
        if let Some(item) = self.table.remove(key) {
            return Some(item);
        }
        let row = self
            .section
            .key(key)
            .expect("every key that is read stands in the table of keys");
        match row.preset {
            Preset::Is(preset) => Some(value_of(preset, Place::Preset)),
            Preset::None => None,
            Preset::Must => {
                self.wrong(key, format!("missing: expected {}", row.form.expected()));
                None
            }
        }
    }

    /// Reads a key with a reader of its form.
    pub(super) fn get<T>(&mut self, key: &str, read: impl Fn(&Item, Form) -> Read<T>) -> Option<T> {
        let item = self.take(key)?;
        let form = self.form(key);
        match read(&item, form) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.wrong_at(
                    fault.place,
                    &format!("{key}{}", fault.within),
                    fault.message,
                );
                None
            }
        }
    }

    pub(super) fn text(&mut self, key: &str) -> Option<Arc<str>> {
        self.get(key, value::text)
    }

    /// A text that is not empty.
    pub(super) fn some_text(&mut self, key: &str) -> Option<Arc<str>> {
        self.get(key, |item, form| {
            value::text(item, form).and_then(|text| {
                if text.is_empty() {
                    Err(value::unexpected(item, form))
                } else {
                    Ok(text)
                }
            })
        })
    }

    pub(super) fn slug(&mut self, key: &str) -> Option<Arc<str>> {
        self.get(key, value::slug)
    }

    pub(super) fn flag(&mut self, key: &str) -> bool {
        self.get(key, value::flag).unwrap_or_default()
    }

    pub(super) fn count(&mut self, key: &str) -> Option<u64> {
        self.get(key, value::count)
    }

    pub(super) fn count32(&mut self, key: &str) -> Option<u32> {
        self.get(key, value::count32)
    }

    pub(super) fn span(&mut self, key: &str) -> Option<Span> {
        self.get(key, value::span)
    }

    pub(super) fn delay(&mut self, key: &str) -> Delay {
        self.get(key, value::delay).unwrap_or_default()
    }

    pub(super) fn share(&mut self, key: &str) -> Option<u32> {
        self.get(key, value::share)
    }

    pub(super) fn percent(&mut self, key: &str) -> Option<u32> {
        self.get(key, value::percent)
    }

    pub(super) fn pods(&mut self, key: &str) -> Option<Share> {
        self.get(key, value::pods)
    }

    pub(super) fn rate(&mut self, key: &str) -> u64 {
        self.get(key, value::rate).unwrap_or_default()
    }

    pub(super) fn cpu(&mut self, key: &str) -> Option<Cpu> {
        self.get(key, value::cpu)
    }

    pub(super) fn memory(&mut self, key: &str) -> Option<Bytes> {
        self.get(key, value::memory)
    }

    pub(super) fn quota(&mut self, key: &str) -> Option<Resources> {
        self.get(key, value::quota)
    }

    pub(super) fn taints(&mut self, key: &str) -> Vec<Taint> {
        self.get(key, value::taints).unwrap_or_default()
    }

    pub(super) fn tolerations(&mut self, key: &str) -> Vec<Toleration> {
        self.get(key, value::tolerations).unwrap_or_default()
    }

    pub(super) fn arch(&mut self, key: &str) -> Option<Arch> {
        Some(match self.get(key, value::one_of)? {
            "arm64" => Arch::Arm64,
            _ => Arch::Amd64,
        })
    }

    /// A word out of a few. What is read later may depend on it: `only` of the table of keys.
    pub(super) fn word(&mut self, key: &'static str) -> Option<&'static str> {
        let word = self.get(key, value::one_of)?;
        if self.section.keys.iter().any(|row| row.only.contains(&word)) {
            self.word = Some((key, word));
        }
        Some(word)
    }

    /// Reports the keys that nobody took.
    pub(super) fn finish(mut self) {
        for (key, item) in std::mem::take(&mut self.table) {
            let message = match (self.section.key(&key), self.word) {
                (Some(row), Some((by, word))) => format!(
                    "has no effect with {by} = \"{word}\": expected only with {}",
                    row.only.join(", ")
                ),
                (Some(_), None) => continue, // the word itself is wrong, which was said
                (None, _) => self.unknown(&key),
            };
            self.wrong_at(item.place, &key, message);
        }
    }

    fn unknown(&self, key: &str) -> String {
        let names = || self.section.keys.iter().map(|row| row.name);
        match nearest(key, names()) {
            Some(near) => format!("unknown key: did you mean {near}?"),
            None => format!(
                "unknown key: expected one of {}",
                names().collect::<Vec<_>>().join(", ")
            ),
        }
    }
}
