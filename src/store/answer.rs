//! Requests with a key, and what was answered.

use std::sync::{Arc, MutexGuard, PoisonError};

use diesel::prelude::*;
use nimbus_core::ids::OperationId;
use nimbus_core::machine::Reply;
use nimbus_core::store::StoreError;
use nimbus_core::time::Time;

use super::number::parse;
use super::schema::idempotency;
use super::{IdempotencyKey, Store};

/// An answer as it was sent, on its way into the database.
#[derive(Clone, Debug)]
pub(super) struct Rendered {
    pub(super) principal: Arc<str>,
    pub(super) key: Arc<str>,
    pub(super) status: u16,
    pub(super) body: String,
}

/// What is known of a request with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// SHA-256, hex, over method, path and body; another one is a mismatch.
    pub request_hash: Arc<str>,
    /// What the machine said.
    pub reply: Reply,
    /// The operation that was begun.
    pub operation: Option<OperationId>,
    /// Status and body as they were sent, if they were kept.
    pub rendered: Option<(u16, String)>,
    /// When it is forgotten.
    pub expires_at: Time,
}

/// Answers that wait for the next group; the oldest gives way, and is rendered again if it is asked for.
const RENDERED_MAX: usize = 1_024;

impl Store {
    /// What was answered to a request with this key, if it is not forgotten at `now` (wall time).
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn answer(
        &self,
        principal: &str,
        key: &str,
        now: Time,
    ) -> Result<Option<Answer>, StoreError> {
        let kept = self.read(|conn| {
            let row = idempotency::table.find((principal, key));
            let row = row.filter(idempotency::expires_at.gt(now.0));
            let kept: Option<Kept> = row.select(Kept::as_select()).first(conn).optional()?;
            kept.map(Kept::answer).transpose()
        })?;
        Ok(kept.map(|mut answer| {
            let waiting = self.rendered();
            let sent = waiting
                .iter()
                .rev()
                .find(|sent| *sent.principal == *principal && *sent.key == *key);
            if let Some(sent) = sent {
                answer.rendered = Some((sent.status, sent.body.clone()));
            }
            answer
        }))
    }

    /// Keeps the answer as it was sent. It becomes durable with the next group; until then, and after a
    /// crash before it, the answer is rendered again from the reply.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn keep_rendered(
        &self,
        key: &IdempotencyKey,
        status: u16,
        body: String,
    ) -> Result<(), StoreError> {
        let mut waiting = self.rendered();
        if waiting.len() >= RENDERED_MAX {
            waiting.remove(0);
        }
        waiting.push(Rendered {
            principal: Arc::clone(&key.principal),
            key: Arc::clone(&key.key),
            status,
            body,
        });
        Ok(())
    }

    fn rendered(&self) -> MutexGuard<'_, Vec<Rendered>> {
        let waiting = self.inner.rendered.lock();
        waiting.unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take_rendered(&self) -> Vec<Rendered> {
        std::mem::take(&mut *self.rendered())
    }

    pub(super) fn give_back_rendered(&self, mut before: Vec<Rendered>) {
        let mut waiting = self.rendered();
        before.append(&mut waiting);
        *waiting = before;
    }
}

/// A request with a key as its table has it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = idempotency)]
struct Kept {
    request_hash: String,
    reply: String,
    operation: Option<String>,
    status: Option<i64>,
    body: Option<String>,
    expires_at: i64,
}

impl Kept {
    fn answer(self) -> QueryResult<Answer> {
        let status = self.status.and_then(|status| u16::try_from(status).ok());
        Ok(Answer {
            request_hash: self.request_hash.into(),
            reply: parse(&self.reply)?,
            operation: self.operation.and_then(|id| id.parse().ok()),
            rendered: status.zip(self.body),
            expires_at: Time(self.expires_at),
        })
    }
}
