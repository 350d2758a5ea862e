//! What was read of the store a moment ago: subjects, keys, refused tokens. At most a second old, and
//! forgotten at once when this process changes it, so that what is revoked ends here with the next request
//! and elsewhere within a second.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nimbus_core::access::Grant;
use nimbus_core::ids::{OrgNo, TenantId, TenantNo};
use nimbus_core::time::{Span, Time};

use crate::store::ApiKeyRow;

/// How old what is remembered may be.
pub(super) const FRESH: Span = Span::from_secs(1);
/// Most subjects, and most keys, that are remembered.
pub(super) const ENTRIES_MAX: usize = 50_000;

/// Whom a token or key stands for, as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// `admin`, `tenant:<slug>`, `user:<name>`.
    pub name: Arc<str>,
    /// What it holds.
    pub grants: Vec<Grant>,
    /// Its tenant, if it is one.
    pub tenant: Option<(TenantNo, TenantId)>,
    /// Organizations that it belongs to.
    pub orgs: Vec<OrgNo>,
    /// The version that its tokens must have.
    pub tv: i64,
}

/// A part of the memory.
#[derive(Debug)]
pub(super) struct Remembered<V> {
    entries: BTreeMap<Box<str>, (Time, V)>,
}

impl<V> Default for Remembered<V> {
    fn default() -> Remembered<V> {
        Remembered {
            entries: BTreeMap::new(),
        }
    }
}

impl<V: Clone> Remembered<V> {
    fn get(&self, name: &str, now: Time) -> Option<V> {
        let (at, value) = self.entries.get(name)?;
        is_fresh(*at, now).then(|| value.clone())
    }

    fn put(&mut self, name: &str, now: Time, value: V) {
        if self.entries.len() >= ENTRIES_MAX {
            self.entries.retain(|_, (at, _)| is_fresh(*at, now));
        }
        if self.entries.len() >= ENTRIES_MAX {
            self.entries.clear();
        }
        self.entries.insert(name.into(), (now, value));
    }
}

#[derive(Debug, Default)]
struct Parts {
    subjects: Remembered<Option<Arc<Standing>>>,
    keys: Remembered<Option<Arc<ApiKeyRow>>>,
    denied: Option<(Time, BTreeMap<String, Time>)>,
    /// Counts what was forgotten, so that a read that began before is not remembered.
    forgotten: u64,
}

/// The memory.
#[derive(Debug, Default)]
pub(super) struct Memory {
    parts: Mutex<Parts>,
}

impl Memory {
    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A subject that was read within a second: `Some(None)` is known to be nobody.
    #[must_use]
    pub(super) fn subject(&self, name: &str, now: Time) -> Option<Option<Arc<Standing>>> {
        self.parts().subjects.get(name, now)
    }

    /// A key by its hash, as [`Memory::subject`].
    #[must_use]
    pub(super) fn key(&self, hash: &str, now: Time) -> Option<Option<Arc<ApiKeyRow>>> {
        self.parts().keys.get(hash, now)
    }

    /// Whether a token is refused by its id; `None` if the list is too old.
    #[must_use]
    pub(super) fn denied(&self, jti: &str, now: Time) -> Option<bool> {
        let parts = self.parts();
        let (at, list) = parts.denied.as_ref()?;
        is_fresh(*at, now).then(|| list.contains_key(jti))
    }

    /// How often something was forgotten: asked before a read, handed in with what it gave.
    #[must_use]
    pub(super) fn mark(&self) -> u64 {
        self.parts().forgotten
    }

    /// Remembers a subject.
    pub(super) fn put_subject(
        &self,
        mark: u64,
        name: &str,
        now: Time,
        value: Option<Arc<Standing>>,
    ) {
        let mut parts = self.parts();
        if parts.forgotten == mark {
            parts.subjects.put(name, now, value);
        }
    }

    /// Remembers a key.
    pub(super) fn put_key(&self, mark: u64, hash: &str, now: Time, value: Option<Arc<ApiKeyRow>>) {
        let mut parts = self.parts();
        if parts.forgotten == mark {
            parts.keys.put(hash, now, value);
        }
    }

    /// Remembers the list of refused tokens.
    pub(super) fn put_denied(&self, mark: u64, now: Time, list: Vec<(String, Time)>) {
        let mut parts = self.parts();
        if parts.forgotten == mark {
            parts.denied = Some((now, list.into_iter().collect()));
        }
    }

    /// Forgets everything: after this process has changed something.
    pub(super) fn forget(&self) {
        let mut parts = self.parts();
        *parts = Parts {
            forgotten: parts.forgotten.wrapping_add(1),
            ..Parts::default()
        };
    }
}

fn is_fresh(at: Time, now: Time) -> bool {
    at <= now && now.since(at) < FRESH
}
