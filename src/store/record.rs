//! What a group leaves behind for readers: decisions, events, operations, answers to requests with a key.

use std::collections::BTreeMap;

use diesel::prelude::*;
use nimbus_core::explain::Decision;
use nimbus_core::ids::{ServiceNo, TenantNo};
use nimbus_core::time::Time;

use super::answer::Rendered;
use super::batch::{MANY, insert, upsert};
use super::conn::Conn;
use super::facts::{DECISIONS_MAX, DecisionKind, EVENTS_FOR_S};
use super::group::Stand;
use super::number::{json, word};
use super::schema::{decisions, denied_tokens, events, idempotency, operations, services};
use super::{Commit, DecisionRow, EventRow, IdempotencyRow, OperationRow};
use crate::runtime;

/// Every so many groups something is forgotten.
pub(super) const PRUNE_EVERY: u64 = 64;
/// Most events that one step forgets: more than as many groups make, so that it keeps up.
const STEP: i64 = 10_000;

#[derive(Insertable)]
#[diesel(table_name = decisions, treat_none_as_default_value = false)]
struct NewDecision {
    seq: i64,
    id: String,
    made_at: i64,
    kind: String,
    tenant: Option<i64>,
    service: Option<i64>,
    body: String,
}

#[derive(Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
struct NewEvent {
    seq: i64,
    happened_at: i64,
    kind: String,
    tenant: Option<i64>,
    subject: String,
    body: String,
}

#[derive(Insertable)]
#[diesel(table_name = operations, treat_none_as_default_value = false)]
struct NewOperation {
    id: String,
    kind: String,
    target: String,
    tenant: Option<i64>,
    started_by: String,
    started_at: i64,
    body: String,
}

#[derive(Insertable)]
#[diesel(table_name = idempotency, treat_none_as_default_value = false)]
struct NewAnswer {
    principal: String,
    key: String,
    request_hash: String,
    reply: String,
    operation: Option<String>,
    status: Option<i64>,
    body: Option<String>,
    expires_at: i64,
}

/// Writes all of it, behind the places that were given before.
pub(super) fn write(conn: &mut Conn, commit: &Commit, stand: &Stand) -> QueryResult<()> {
    write_decisions(conn, &commit.decisions, stand.decision_seq)?;
    let events = commit
        .events
        .iter()
        .zip(stand.event_seq + 1..)
        .map(new_event);
    let rows: Vec<NewEvent> = events.collect::<QueryResult<_>>()?;
    insert!(conn, events, &rows);
    let rows: Vec<NewOperation> = commit
        .operations
        .iter()
        .map(new_operation)
        .collect::<QueryResult<_>>()?;
    insert!(conn, operations, &rows);
    write_answers(conn, &commit.idempotency)
}

fn tenant(no: Option<TenantNo>) -> Option<i64> {
    no.map(|no| i64::from(no.0))
}

fn new_event((row, seq): (&EventRow, i64)) -> QueryResult<NewEvent> {
    Ok(NewEvent {
        seq,
        happened_at: row.time.0,
        kind: row.kind.to_string(),
        tenant: tenant(row.tenant),
        subject: row.subject.to_string(),
        body: json(row)?,
    })
}

fn new_operation(row: &OperationRow) -> QueryResult<NewOperation> {
    Ok(NewOperation {
        id: row.id.to_string(),
        kind: row.kind.to_string(),
        target: row.target.to_string(),
        tenant: tenant(row.tenant),
        started_by: row.by.to_string(),
        started_at: row.started_at.0,
        body: json(row)?,
    })
}

/// What a decision is about, as far as it says so itself.
fn about(decision: &Decision) -> (DecisionKind, Option<TenantNo>, Option<ServiceNo>) {
    match decision {
        Decision::Place(it) => (DecisionKind::Place, Some(it.tenant), Some(it.service)),
        Decision::Wait(it) => (DecisionKind::Wait, Some(it.tenant), Some(it.service)),
        Decision::Scale(it) => (DecisionKind::Scale, None, Some(it.service)),
        Decision::Deny(it) => (DecisionKind::Deny, Some(it.tenant), None),
        Decision::Pool(_) => (DecisionKind::Pool, None, None),
    }
}

fn write_decisions(conn: &mut Conn, made: &[DecisionRow], before: i64) -> QueryResult<()> {
    let owners = owners(conn, made)?;
    let new = made.iter().zip(before + 1..).map(|(row, seq)| {
        let (kind, owner, service) = about(&row.decision);
        let service = service.map(|no| i64::from(no.0));
        let owner = tenant(owner).or_else(|| owners.get(&service?).copied());
        Ok(NewDecision {
            seq,
            id: row.id.to_string(),
            made_at: row.time.0,
            kind: word(&kind),
            tenant: owner,
            service,
            body: json(row)?,
        })
    });
    let rows: Vec<NewDecision> = new.collect::<QueryResult<_>>()?;
    insert!(conn, decisions, &rows);
    Ok(())
}

/// Tenants of services whose decisions do not name one.
fn owners(conn: &mut Conn, made: &[DecisionRow]) -> QueryResult<BTreeMap<i64, i64>> {
    let unowned = made.iter().filter_map(|row| match about(&row.decision) {
        (_, None, Some(service)) => Some(i64::from(service.0)),
        _ => None,
    });
    let unowned: Vec<i64> = unowned.collect();
    let mut found = BTreeMap::new();
    for nos in unowned.chunks(MANY) {
        let rows = services::table.filter(services::no.eq_any(nos));
        let rows: Vec<(i64, i64)> = rows.select((services::no, services::tenant)).load(conn)?;
        found.extend(rows);
    }
    Ok(found)
}

fn write_answers(conn: &mut Conn, answers: &[IdempotencyRow]) -> QueryResult<()> {
    let mut rows: BTreeMap<(String, String), NewAnswer> = BTreeMap::new();
    for row in answers {
        let (principal, key) = (row.key.principal.to_string(), row.key.key.to_string());
        let new = NewAnswer {
            principal: principal.clone(),
            key: key.clone(),
            request_hash: row.key.request_hash.to_string(),
            reply: json(&row.reply)?,
            operation: row.operation.map(|id| id.to_string()),
            status: None,
            body: None,
            expires_at: row.expires_at.0,
        };
        rows.entry((principal, key)).or_insert(new); // the first stands
    }
    let rows: Vec<NewAnswer> = rows.into_values().collect();
    // one that has expired and was not forgotten yet gives way
    upsert!(
        conn,
        idempotency,
        &rows,
        (idempotency::principal, idempotency::key),
        [request_hash, reply, operation, status, body, expires_at]
    );
    Ok(())
}

/// Adds answers as they were sent.
pub(super) fn write_rendered(conn: &mut Conn, sent: &[Rendered]) -> QueryResult<()> {
    for row in sent {
        let kept = idempotency::table.find((&*row.principal, &*row.key));
        diesel::update(kept)
            .set((
                idempotency::status.eq(i64::from(row.status)),
                idempotency::body.eq(&row.body),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// Forgets some of what is old: decisions beyond their number, events beyond their time, answers and
/// refused tokens beyond their end (wall time).
pub(super) fn prune(conn: &mut Conn, now: Time, stand: &Stand) -> QueryResult<()> {
    let oldest = stand.decision_seq.saturating_sub(DECISIONS_MAX);
    diesel::delete(decisions::table.filter(decisions::seq.le(oldest))).execute(conn)?;
    let before = now.0.saturating_sub(Time::from_secs(EVENTS_FOR_S).0);
    let first: Option<i64> = events::table
        .select(diesel::dsl::min(events::seq))
        .first(conn)?;
    if let Some(first) = first {
        let some = events::table.filter(events::seq.lt(first.saturating_add(STEP)));
        diesel::delete(some.filter(events::happened_at.lt(before))).execute(conn)?;
    }
    let wall = runtime::now();
    diesel::delete(idempotency::table.filter(idempotency::expires_at.le(wall.0))).execute(conn)?;
    diesel::delete(denied_tokens::table.filter(denied_tokens::ends_at.le(wall.0))).execute(conn)?;
    Ok(())
}
