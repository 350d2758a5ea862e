//! What each text is called instead.

use std::collections::{BTreeMap, BTreeSet};

use nimbus_core::digest::hex;
use nimbus_core::tenant::{check_label_key, check_label_value};

use crate::runtime::mac;

/// What hashes are keyed with: without it nobody can test whether a name occurs.
pub type Key = [u8; 32];

/// Digits of a rank, base 36: sixty million texts.
const RANK: usize = 5;

/// Bytes of the hash.
const HASH: usize = 4;

/// Length of a new name: a slug of an app may have 30 characters. Longer texts keep their length.
const SHORT: usize = 30;

/// Old texts and new.
#[derive(Clone, Debug)]
pub struct Names(Option<BTreeMap<String, String>>);

impl Names {
    /// Keeps every text.
    #[must_use]
    pub fn none() -> Names {
        Names(None)
    }

    /// Whether every text is kept.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// Names for all these texts.
    #[must_use]
    pub fn new(texts: BTreeSet<String>, key: Key) -> Names {
        let new = |(rank, text): (usize, String)| {
            let name = name(rank, &text, &key);
            (text, name)
        };
        Names(Some(texts.into_iter().enumerate().map(new).collect()))
    }

    /// The name of a text. One that was not there before has none and is hidden.
    #[must_use]
    pub fn of(&self, text: &str) -> String {
        let Some(names) = &self.0 else {
            return text.to_owned();
        };
        if text.is_empty() {
            return String::new();
        }
        names
            .get(text)
            .cloned()
            .unwrap_or_else(|| "unknown".to_owned())
    }

    /// How many texts have another name.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.as_ref().map_or(0, |names| names.len() as u64)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A name of the same form: what is refused for its form stays refused, what is taken stays taken.
fn name(rank: usize, text: &str, key: &Key) -> String {
    if reserved(text) {
        return text.to_owned();
    }
    let (rank, hash) = (base36(rank), hex(&mac(key, text.as_bytes())[..HASH]));
    let mut name = if slug(text) {
        format!("n{rank}-{hash}")
    } else if check_label_value(text).is_ok() {
        format!("n{rank}_{hash}")
    } else if check_label_key(text).is_ok() {
        format!("n{rank}.x/{hash}")
    } else {
        format!("n{rank}!{hash}")
    };
    while text.len() > SHORT && name.len() < text.len() {
        name.push('x');
    }
    name
}

fn slug(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.bytes().all(inner)
}

/// Words of ours that no customer chose.
fn reserved(text: &str) -> bool {
    ["admin", "system", "default", "dev"].contains(&text)
        || ["nimbus.io/", "kubernetes.io/"]
            .iter()
            .any(|ours| text.starts_with(ours))
}

fn base36(mut rank: usize) -> String {
    let mut digits = [b'0'; RANK];
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[rank % 36];
        rank /= 36;
    }
    digits.iter().copied().map(char::from).collect()
}
