//! Tickets for streams: browsers cannot send headers there, and no other credential stands in a URL.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nimbus_core::access::Principal;
use nimbus_core::time::{Span, Time};

use crate::runtime;

/// How long a ticket serves.
pub const LIFE: Span = Span::from_secs(30);
/// Most tickets that wait to be used; the oldest go first.
pub(super) const TICKETS_MAX: usize = 10_000;

#[derive(Debug)]
struct Waiting {
    principal: Arc<Principal>,
    path: String,
    until: Time,
}

/// Tickets that wait to be used, by their hash.
#[derive(Debug, Default)]
pub(super) struct Tickets {
    waiting: Mutex<BTreeMap<Vec<u8>, Waiting>>,
}

impl Tickets {
    /// A ticket for one use of one path.
    #[must_use]
    pub(super) fn make(&self, principal: Arc<Principal>, path: &str, now: Time) -> String {
        let ticket = URL_SAFE_NO_PAD.encode(runtime::random_bytes::<32>());
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= TICKETS_MAX {
            waiting.retain(|_, ticket| now < ticket.until);
        }
        if waiting.len() >= TICKETS_MAX {
            let oldest = waiting.iter().min_by_key(|(_, ticket)| ticket.until);
            let oldest = oldest.map(|(hash, _)| hash.clone());
            oldest.and_then(|hash| waiting.remove(&hash));
        }
        let entry = Waiting {
            principal,
            path: path.to_owned(),
            until: now + LIFE,
        };
        waiting.insert(hash(&ticket), entry);
        ticket
    }

    /// Takes a ticket: it is gone afterwards, whether or not it served.
    #[must_use]
    pub(super) fn take(&self, ticket: &str, path: &str, now: Time) -> Option<Arc<Principal>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = waiting.remove(&hash(ticket))?;
        (now < entry.until && entry.path == path).then_some(entry.principal)
    }
}

fn hash(ticket: &str) -> Vec<u8> {
    digest(&SHA256, ticket.as_bytes()).as_ref().to_vec()
}
