//! Questions about decisions, events, operations, dead letters and requests with a key.

use std::sync::Arc;

use nimbus_core::ids::{DecisionId, OperationId, ServiceNo, TenantNo};
use nimbus_core::machine::{Message, Reply};
use nimbus_core::store::StoreError;
use nimbus_core::time::Time;
use serde::{Deserialize, Serialize};

use super::page::{Listed, Page, Visible};
use super::pending;
use super::{DecisionRow, EventRow, IdempotencyKey, OperationRow, Store};

/// How many decisions are kept: the latest.
pub const DECISIONS_MAX: i64 = 100_000;

/// How long events are kept, in machine time: 7 days.
pub const EVENTS_FOR_S: i64 = 7 * 24 * 3_600;

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// A pod found a node.
    Place,
    /// Pods wait.
    Wait,
    /// A wish for a replica count.
    Scale,
    /// A refusal.
    Deny,
    /// A pool changes.
    Pool,
}

/// Which decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    /// About this tenant.
    pub tenant: Option<TenantNo>,
    /// About this service.
    pub service: Option<ServiceNo>,
    /// Of this kind.
    pub kind: Option<DecisionKind>,
    /// Not before.
    pub since: Option<Time>,
}

/// Which events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of this tenant.
    pub tenant: Option<TenantNo>,
    /// Of this kind, or, if it ends with a full stop, of all kinds that begin so (`service.`).
    pub kind: Option<String>,
    /// About this.
    pub subject: Option<String>,
}

/// Events behind a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventsSince {
    /// These, in order; less than the limit if there are no more.
    Rows(Vec<EventRow>),
    /// Some behind the place are not kept any more.
    Gone {
        /// The first that is kept.
        oldest: i64,
    },
}

/// Which operations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperationFilter {
    /// Of this kind.
    pub kind: Option<String>,
    /// That work on this.
    pub target: Option<String>,
    /// That this principal began.
    pub by: Option<String>,
}

/// A message that could not be handled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterRow {
    /// What a caller was told.
    pub id: Arc<str>,
    /// When.
    pub time: Time,
    /// The group that it was left out of.
    pub group: u64,
    /// The message.
    pub message: Message,
    /// What happened.
    pub why: Arc<str>,
    /// Who asked.
    pub by: Arc<str>,
    /// The request.
    pub request: Arc<str>,
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

impl Store {
    /// A decision.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn decision(
        &self,
        visible: &Visible,
        id: DecisionId,
    ) -> Result<Option<DecisionRow>, StoreError> {
        pending(&[&visible, &id])
    }

    /// Decisions, newest first. [`DECISIONS_MAX`] are kept.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn decisions(
        &self,
        visible: &Visible,
        filter: &DecisionFilter,
        page: &Page,
    ) -> Result<Listed<DecisionRow>, StoreError> {
        pending(&[&visible, &filter, &page])
    }

    /// Events with a place above `after`, oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn events_since(
        &self,
        visible: &Visible,
        filter: &EventFilter,
        after: i64,
        limit: usize,
    ) -> Result<EventsSince, StoreError> {
        pending(&[&visible, &filter, &after, &limit])
    }

    /// Events as a list: newest first, or oldest first if the page is not descending.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn events(
        &self,
        visible: &Visible,
        filter: &EventFilter,
        page: &Page,
    ) -> Result<Listed<EventRow>, StoreError> {
        pending(&[&visible, &filter, &page])
    }

    /// An operation.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn operation(
        &self,
        visible: &Visible,
        id: OperationId,
    ) -> Result<Option<OperationRow>, StoreError> {
        pending(&[&visible, &id])
    }

    /// Operations, newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn operations(
        &self,
        visible: &Visible,
        filter: &OperationFilter,
        page: &Page,
    ) -> Result<Listed<OperationRow>, StoreError> {
        pending(&[&visible, &filter, &page])
    }

    /// Keeps a message that could not be handled.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn put_dead_letter(&self, row: &DeadLetterRow) -> Result<(), StoreError> {
        pending(&[&row])
    }

    /// Dead letters, newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn dead_letters(&self, page: &Page) -> Result<Listed<DeadLetterRow>, StoreError> {
        pending(&[&page])
    }

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
        pending(&[&principal, &key, &now])
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
        pending(&[&key, &status, &body])
    }
}
