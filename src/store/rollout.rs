//! Questions about revisions, rollouts and replicas.

use std::collections::BTreeMap;
use std::sync::Arc;

use diesel::prelude::*;
use nimbus_core::cluster::Finish;
use nimbus_core::ids::{NodeNo, PodNo, RolloutId, ServiceNo, TenantNo};
use nimbus_core::store::StoreError;
use nimbus_core::store::workload::{Revision, Rollout, Service};
use nimbus_core::time::Time;

use super::Store;
use super::conn::{Conn, MultiBackend};
use super::keyset::{by_number, cut, numbered, visible};
use super::number::{count, from_word, parse, small};
use super::page::{Found, Listed, Page, Visible};
use super::replica::Replica;
use super::schema::{nodes, replicas, revisions, rollouts, services};
use super::status::{beside, with_progress};

/// A copy of a service, as the cluster reported it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaView {
    /// Its ordinal.
    pub pod: PodNo,
    /// Whose.
    pub service: ServiceNo,
    /// Owner.
    pub tenant: TenantNo,
    /// The revision that it is of; 0 if it is not known.
    pub revision: u32,
    /// Its node.
    pub node: Option<NodeNo>,
    /// Name of its node.
    pub node_name: Option<Arc<str>>,
    /// Where it stands.
    pub phase: Phase,
    /// Since when it waits or waited.
    pub pending_at: Time,
    /// When it got its node.
    pub bound_at: Option<Time>,
    /// When it began to serve.
    pub ready_at: Option<Time>,
    /// When and why it ended.
    pub finished: Option<(Time, Finish)>,
}

/// Where a replica stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It waits for a node.
    Pending,
    /// It has a node.
    Starting,
    /// It serves.
    Ready,
    /// It has ended.
    Finished,
}

impl Store {
    /// One revision of a service.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn revision(
        &self,
        service: ServiceNo,
        number: u32,
    ) -> Result<Option<Revision>, StoreError> {
        self.read(|conn| {
            let row = revisions::table.find((i64::from(service.0), i64::from(number)));
            let body: Option<String> = row.select(revisions::body).first(conn).optional()?;
            body.map(|body| parse(&body)).transpose()
        })
    }

    /// Revisions of a service by number, in the page's order.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn revisions(
        &self,
        service: ServiceNo,
        page: &Page,
    ) -> Result<Listed<Revision>, StoreError> {
        self.read(|conn| {
            let of = revisions::table.into_boxed();
            let of = of.filter(revisions::service.eq(i64::from(service.0)));
            let rows: Vec<(i64, String)> = numbered!(of, page, revisions::number)
                .select((revisions::number, revisions::body))
                .load(conn)?;
            let Listed { items, next } = cut(rows, page, |row| by_number(row.0));
            let items = items.iter().map(|(_, body)| parse(body));
            let items = items.collect::<QueryResult<_>>()?;
            Ok(Listed { items, next })
        })
    }

    /// A rollout by id, with its progress.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn rollout(
        &self,
        visible: &Visible,
        id: RolloutId,
    ) -> Result<Option<Found<Rollout>>, StoreError> {
        self.read(|conn| {
            let row: Option<(i64, i64, i64, String)> = rollouts::table
                .filter(rollouts::id.eq(id.to_string()))
                .select(rollout_line())
                .first(conn)
                .optional()?;
            let found = rollouts_found(conn, row.into_iter().collect())?;
            let Some(found) = found.into_iter().next() else {
                return Ok(None);
            };
            let of = services::no.eq(i64::from(found.row.service.0));
            let of = services::table.into_boxed::<MultiBackend>().filter(of);
            let theirs = visible!(of, visible, services::tenant);
            let theirs: Option<i64> = theirs.select(services::no).first(conn).optional()?;
            Ok(theirs.map(|_| found))
        })
    }

    /// Rollouts of a service by number, in the page's order, with their progress.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn rollouts(
        &self,
        service: ServiceNo,
        page: &Page,
    ) -> Result<Listed<Found<Rollout>>, StoreError> {
        self.read(|conn| {
            let of = rollouts::table.into_boxed();
            let of = of.filter(rollouts::service.eq(i64::from(service.0)));
            let rows: Vec<(i64, i64, i64, String)> = numbered!(of, page, rollouts::number)
                .select(rollout_line())
                .load(conn)?;
            let Listed { items, next } = cut(rows, page, |row| by_number(row.0));
            let items = rollouts_found(conn, items)?;
            Ok(Listed { items, next })
        })
    }

    /// Replicas of a service by ordinal, in the page's order; those that have ended stay for an hour.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn replicas(
        &self,
        service: ServiceNo,
        page: &Page,
    ) -> Result<Listed<ReplicaView>, StoreError> {
        self.read(|conn| {
            let of = replicas::table.into_boxed();
            let of = of.filter(replicas::service.eq(i64::from(service.0)));
            let rows: Vec<Replica> = numbered!(of, page, replicas::pod)
                .select(Replica::as_select())
                .load(conn)?;
            let Listed { items, next } = cut(rows, page, |row| by_number(row.pod));
            let items = replica_views(conn, items)?;
            Ok(Listed { items, next })
        })
    }
}

type RolloutLine = (
    rollouts::number,
    rollouts::created_at,
    rollouts::updated_at,
    rollouts::body,
);

const fn rollout_line() -> RolloutLine {
    (
        rollouts::number,
        rollouts::created_at,
        rollouts::updated_at,
        rollouts::body,
    )
}

fn rollouts_found(
    conn: &mut Conn,
    rows: Vec<(i64, i64, i64, String)>,
) -> QueryResult<Vec<Found<Rollout>>> {
    let mut found = Vec::new();
    for (_, created_at, updated_at, body) in rows {
        let mut row: Rollout = parse(&body)?;
        if !row.state.ended() {
            let of = services::table.find(i64::from(row.service.0));
            let service: String = of.select(services::body).first(conn)?;
            let service: Service = parse(&service)?;
            let beside = beside(conn, std::iter::once(&service))?;
            let progress = beside.get(&row.service).and_then(|beside| beside.progress);
            with_progress(Some(&mut row), progress);
        }
        found.push(Found {
            row,
            created_at: Time(created_at),
            updated_at: Time(updated_at),
        });
    }
    Ok(found)
}

fn replica_views(conn: &mut Conn, rows: Vec<Replica>) -> QueryResult<Vec<ReplicaView>> {
    let nos: Vec<i64> = rows.iter().filter_map(|row| row.node).collect();
    let names = nodes::table.filter(nodes::no.eq_any(nos));
    let names: Vec<(i64, String)> = names.select((nodes::no, nodes::name)).load(conn)?;
    let names: BTreeMap<i64, Arc<str>> = names
        .into_iter()
        .map(|(no, name)| (no, name.into()))
        .collect();
    rows.into_iter()
        .map(|row| replica_view(row, &names))
        .collect()
}

fn replica_view(row: Replica, names: &BTreeMap<i64, Arc<str>>) -> QueryResult<ReplicaView> {
    let finished = match (row.finished_at, &row.reason) {
        (Some(at), Some(why)) => Some((Time(at), from_word::<Finish>(why)?)),
        _ => None,
    };
    let phase = match (&finished, row.ready_at, row.bound_at) {
        (Some(_), _, _) => Phase::Finished,
        (None, Some(_), _) => Phase::Ready,
        (None, None, Some(_)) => Phase::Starting,
        (None, None, None) => Phase::Pending,
    };
    Ok(ReplicaView {
        pod: PodNo(count(row.pod)),
        service: ServiceNo(small(row.service)),
        tenant: TenantNo(small(row.tenant)),
        revision: small(row.revision),
        node: row.node.map(|no| NodeNo(small(no))),
        node_name: row.node.and_then(|no| names.get(&no).cloned()),
        phase,
        pending_at: Time(row.pending_at),
        bound_at: row.bound_at.map(Time),
        ready_at: row.ready_at.map(Time),
        finished,
    })
}
