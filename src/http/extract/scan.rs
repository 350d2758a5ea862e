//! A first look at a JSON text: depth, duplicate keys, control characters. What follows may trust it.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::http::problem::{Code, Problem};

/// Longest string, bytes.
const STRING_BYTES_MAX: usize = 256 << 10;

/// Checks a text.
///
/// # Errors
/// 400 for what is no JSON, too deep or has a key twice; 422 for a string that is too long or has control
/// characters other than tab, line feed and carriage return.
pub(super) fn check(bytes: &[u8], depth: usize) -> Result<(), Problem> {
    let mut found = None;
    let mut path = String::new();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let look = Look {
        left: depth,
        path: &mut path,
        found: &mut found,
    };
    let outcome = look.deserialize(&mut reader).and_then(|()| reader.end());
    match (found, outcome) {
        (Some(problem), _) => Err(problem),
        (None, Err(error)) => Err(Problem::new(Code::BadRequest, format!("no JSON: {error}"))),
        (None, Ok(())) => Ok(()),
    }
}

struct Look<'a> {
    left: usize,
    path: &'a mut String,
    found: &'a mut Option<Problem>,
}

impl Look<'_> {
    fn stop<E: Error>(self, problem: Problem) -> E {
        *self.found = Some(problem);
        E::custom("stopped")
    }

    fn text<E: Error>(self, text: &str) -> Result<(), E> {
        let control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
        if text.len() > STRING_BYTES_MAX {
            let problem = Problem::invalid(self.path, "too_long", "at most 256 KiB");
            return Err(self.stop(problem));
        }
        if text.chars().any(control) {
            let problem =
                Problem::invalid(self.path, "control_character", "has a control character");
            return Err(self.stop(problem));
        }
        Ok(())
    }

    fn inner<E: Error>(&mut self) -> Result<usize, E> {
        if self.left == 0 {
            let text = "the JSON is nested too deep";
            *self.found = Some(Problem::new(Code::BadRequest, text));
            return Err(E::custom("stopped"));
        }
        Ok(self.left - 1)
    }
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.text(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let left = self.inner()?;
        let end = self.path.len();
        for at in 0_usize.. {
            self.path.push_str(&format!("[{at}]"));
            let item = Look {
                left,
                path: &mut *self.path,
                found: &mut *self.found,
            };
            let more = items.next_element_seed(item)?;
            self.path.truncate(end);
            if more.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        let left = self.inner()?;
        let end = self.path.len();
        let mut seen = BTreeSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if end > 0 {
                self.path.push('.');
            }
            self.path.push_str(&key);
            if key.chars().any(char::is_control) {
                let problem =
                    Problem::invalid("body", "control_character", "a key has a control character");
                return Err(self.stop(problem));
            }
            if !seen.insert(key) {
                let text = format!("{} stands there twice", self.path);
                let problem = Problem::new(Code::BadRequest, text).field(
                    self.path,
                    "duplicate",
                    "stands there twice",
                );
                return Err(self.stop(problem));
            }
            entries.next_value_seed(Look {
                left,
                path: &mut *self.path,
                found: &mut *self.found,
            })?;
            self.path.truncate(end);
        }
        Ok(())
    }
}
