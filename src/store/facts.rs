//! Questions about decisions, events, operations, dead letters and requests with a key.

use std::sync::Arc;

use diesel::prelude::*;
use nimbus_core::ids::{DecisionId, OperationId, ServiceNo, TenantNo};
use nimbus_core::machine::Message;
use nimbus_core::store::StoreError;
use nimbus_core::time::Time;
use serde::{Deserialize, Serialize};

use super::batch::upsert;
use super::conn::MultiBackend;
use super::keyset::{by_number, cut, keyset, numbered, visible};
use super::number::{json, parse, word};
use super::page::{LIMIT_MAX, Listed, Page, Position, Value, Visible};
use super::schema::{dead_letters, decisions, events, operations};
use super::{DecisionRow, EventRow, OperationRow, Store};

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

type Decisions = decisions::BoxedQuery<'static, MultiBackend>;
type Events = events::BoxedQuery<'static, MultiBackend>;
type Operations = operations::BoxedQuery<'static, MultiBackend>;

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
        self.read(|conn| {
            let query = visible_decisions(visible).filter(decisions::id.eq(id.to_string()));
            let body: Option<String> = query.select(decisions::body).first(conn).optional()?;
            body.map(|body| parse(&body)).transpose()
        })
    }

    /// Decisions in the order in which they were made, or the other way round if the page is descending.
    /// [`DECISIONS_MAX`] are kept.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn decisions(
        &self,
        visible: &Visible,
        filter: &DecisionFilter,
        page: &Page,
    ) -> Result<Listed<DecisionRow>, StoreError> {
        self.read(|conn| {
            let mut query = visible_decisions(visible);
            if let Some(tenant) = filter.tenant {
                query = query.filter(decisions::tenant.eq(i64::from(tenant.0)));
            }
            if let Some(service) = filter.service {
                query = query.filter(decisions::service.eq(i64::from(service.0)));
            }
            if let Some(kind) = &filter.kind {
                query = query.filter(decisions::kind.eq(word(kind)));
            }
            if let Some(since) = filter.since {
                query = query.filter(decisions::made_at.ge(since.0));
            }
            let rows: Vec<(i64, String)> = numbered!(query, page, decisions::seq)
                .select((decisions::seq, decisions::body))
                .load(conn)?;
            listed(cut(rows, page, |row| by_number(row.0)))
        })
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
        let limit = i64::try_from(limit.clamp(1, LIMIT_MAX)).unwrap_or(1);
        self.read(|conn| {
            let oldest = events::table.select(diesel::dsl::min(events::seq));
            let oldest: Option<i64> = oldest.first(conn)?;
            if let Some(oldest) = oldest.filter(|oldest| after < oldest - 1) {
                return Ok(EventsSince::Gone { oldest });
            }
            let query = filtered_events(visible, filter).filter(events::seq.gt(after));
            let bodies: Vec<(i64, String)> = query
                .order(events::seq)
                .limit(limit)
                .select((events::seq, events::body))
                .load(conn)?;
            let rows = bodies.iter().map(event);
            Ok(EventsSince::Rows(rows.collect::<QueryResult<_>>()?))
        })
    }

    /// Events as a list, in the page's order.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn events(
        &self,
        visible: &Visible,
        filter: &EventFilter,
        page: &Page,
    ) -> Result<Listed<EventRow>, StoreError> {
        self.read(|conn| {
            let query = filtered_events(visible, filter);
            let rows: Vec<(i64, String)> = numbered!(query, page, events::seq)
                .select((events::seq, events::body))
                .load(conn)?;
            let Listed { items, next } = cut(rows, page, |row| by_number(row.0));
            let items = items.iter().map(event).collect::<QueryResult<_>>()?;
            Ok(Listed { items, next })
        })
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
        self.read(|conn| {
            let query = visible_operations(visible).filter(operations::id.eq(id.to_string()));
            let body: Option<String> = query.select(operations::body).first(conn).optional()?;
            body.map(|body| parse(&body)).transpose()
        })
    }

    /// Operations by their start, in the page's order.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn operations(
        &self,
        visible: &Visible,
        filter: &OperationFilter,
        page: &Page,
    ) -> Result<Listed<OperationRow>, StoreError> {
        self.read(|conn| {
            let mut query = visible_operations(visible);
            if let Some(kind) = &filter.kind {
                query = query.filter(operations::kind.eq(kind.clone()));
            }
            if let Some(target) = &filter.target {
                query = query.filter(operations::target.eq(target.clone()));
            }
            if let Some(by) = &filter.by {
                query = query.filter(operations::started_by.eq(by.clone()));
            }
            let rows: Vec<(i64, String, String)> = keyset!(
                query,
                page,
                after_int,
                operations::started_at,
                operations::id
            )
            .select((operations::started_at, operations::id, operations::body))
            .load(conn)?;
            let Listed { items, next } = cut(rows, page, |row| position(row.0, &row.1));
            let items = items.iter().map(|(_, _, body)| parse(body));
            let items = items.collect::<QueryResult<_>>()?;
            Ok(Listed { items, next })
        })
    }

    /// Keeps a message that could not be handled.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn put_dead_letter(&self, row: &DeadLetterRow) -> Result<(), StoreError> {
        self.write(|conn| {
            let values = [Dead {
                id: row.id.to_string(),
                died_at: row.time.0,
                body: json(row)?,
            }];
            upsert!(
                conn,
                dead_letters,
                &values,
                dead_letters::id,
                [died_at, body]
            );
            Ok(())
        })
    }

    /// Dead letters by time, in the page's order.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn dead_letters(&self, page: &Page) -> Result<Listed<DeadLetterRow>, StoreError> {
        self.read(|conn| {
            let query = dead_letters::table.into_boxed::<MultiBackend>();
            let rows: Vec<(i64, String, String)> = keyset!(
                query,
                page,
                after_int,
                dead_letters::died_at,
                dead_letters::id
            )
            .select((dead_letters::died_at, dead_letters::id, dead_letters::body))
            .load(conn)?;
            let Listed { items, next } = cut(rows, page, |row| position(row.0, &row.1));
            let items = items.iter().map(|(_, _, body)| parse(body));
            let items = items.collect::<QueryResult<_>>()?;
            Ok(Listed { items, next })
        })
    }
}

#[derive(Insertable)]
#[diesel(table_name = dead_letters)]
struct Dead {
    id: String,
    died_at: i64,
    body: String,
}

fn position(at: i64, id: &str) -> Position {
    Position {
        key: Value::Int(at),
        id: id.to_owned(),
    }
}

fn listed<T: serde::de::DeserializeOwned>(rows: Listed<(i64, String)>) -> QueryResult<Listed<T>> {
    let items = rows.items.iter().map(|(_, body)| parse(body));
    Ok(Listed {
        items: items.collect::<QueryResult<_>>()?,
        next: rows.next,
    })
}

/// The place was given when it was stored, so its body does not know it.
fn event((seq, body): &(i64, String)) -> QueryResult<EventRow> {
    let row: EventRow = parse(body)?;
    Ok(EventRow { seq: *seq, ..row })
}

fn visible_decisions(visible: &Visible) -> Decisions {
    let query = decisions::table.into_boxed();
    visible!(query, visible, decisions::tenant.assume_not_null())
}

fn visible_operations(visible: &Visible) -> Operations {
    let query = operations::table.into_boxed();
    visible!(query, visible, operations::tenant.assume_not_null())
}

fn filtered_events(visible: &Visible, filter: &EventFilter) -> Events {
    let query = events::table.into_boxed();
    let mut query: Events = visible!(query, visible, events::tenant.assume_not_null());
    if let Some(tenant) = filter.tenant {
        query = query.filter(events::tenant.eq(i64::from(tenant.0)));
    }
    if let Some(kind) = &filter.kind {
        query = if kind.ends_with('.') {
            query.filter(events::kind.like(format!("{}%", kind.replace(['%', '_'], ""))))
        } else {
            query.filter(events::kind.eq(kind.clone()))
        };
    }
    if let Some(subject) = &filter.subject {
        query = query.filter(events::subject.eq(subject.clone()));
    }
    query
}
