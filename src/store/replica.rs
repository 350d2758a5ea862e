//! Replicas as the cluster reported them: a read model, kept an hour behind their end.

use std::collections::BTreeMap;

use diesel::prelude::*;
use nimbus_core::time::Time;

use super::ReplicaChange;
use super::batch::{MANY, upsert};
use super::conn::Conn;
use super::number::{column, word};
use super::schema::replicas;

/// How long a replica is shown behind its end, machine time.
const KEPT: i64 = 3_600 * 1_000_000;
/// Most rows that one step forgets.
const STEP: i64 = 2_000;

#[derive(Clone, Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = replicas, treat_none_as_default_value = false)]
pub(super) struct Replica {
    pub(super) pod: i64,
    pub(super) service: i64,
    pub(super) tenant: i64,
    pub(super) revision: i64,
    pub(super) node: Option<i64>,
    pub(super) pending_at: i64,
    pub(super) bound_at: Option<i64>,
    pub(super) ready_at: Option<i64>,
    pub(super) finished_at: Option<i64>,
    pub(super) reason: Option<String>,
}

/// Applies what was reported, in order. A report about a replica that nobody has heard of is left out.
pub(super) fn write(conn: &mut Conn, now: Time, changes: &[ReplicaChange]) -> QueryResult<()> {
    let mut rows = known(conn, changes)?;
    for change in changes {
        apply(&mut rows, now.0, change);
    }
    let rows: Vec<Replica> = rows.into_values().collect();
    upsert!(
        conn,
        replicas,
        &rows,
        replicas::pod,
        [
            service,
            tenant,
            revision,
            node,
            pending_at,
            bound_at,
            ready_at,
            finished_at,
            reason
        ]
    );
    Ok(())
}

/// Rows of all replicas that are named.
fn known(conn: &mut Conn, changes: &[ReplicaChange]) -> QueryResult<BTreeMap<i64, Replica>> {
    let mut pods = Vec::new();
    for change in changes {
        match *change {
            ReplicaChange::Pending { first, count, .. } => {
                pods.extend((0..u64::from(count)).map(|i| column(first.0 + i)));
            }
            ReplicaChange::Bound { pod, .. }
            | ReplicaChange::Ready { pod }
            | ReplicaChange::Finished { pod, .. } => pods.push(column(pod.0)),
        }
    }
    let mut found = BTreeMap::new();
    for pods in pods.chunks(MANY) {
        let rows = replicas::table.filter(replicas::pod.eq_any(pods));
        let rows: Vec<Replica> = rows.select(Replica::as_select()).load(conn)?;
        found.extend(rows.into_iter().map(|row| (row.pod, row)));
    }
    Ok(found)
}

fn apply(rows: &mut BTreeMap<i64, Replica>, now: i64, change: &ReplicaChange) {
    let begin = |pod: i64, service: u32, tenant: u32, revision: u32| Replica {
        pod,
        service: i64::from(service),
        tenant: i64::from(tenant),
        revision: i64::from(revision),
        node: None,
        pending_at: now,
        bound_at: None,
        ready_at: None,
        finished_at: None,
        reason: None,
    };
    match *change {
        ReplicaChange::Pending {
            first,
            count,
            service,
            tenant,
            revision,
        } => {
            for pod in (0..u64::from(count)).map(|i| column(first.0 + i)) {
                let row = rows.entry(pod);
                let row = row.or_insert_with(|| begin(pod, service.0, tenant.0, revision));
                row.revision = row.revision.max(i64::from(revision));
            }
        }
        ReplicaChange::Bound {
            pod,
            node,
            service,
            tenant,
        } => {
            let pod = column(pod.0);
            let row = rows.entry(pod);
            let row = row.or_insert_with(|| begin(pod, service.0, tenant.0, 0));
            row.node = Some(i64::from(node.0));
            row.bound_at.get_or_insert(now);
        }
        ReplicaChange::Ready { pod } => {
            if let Some(row) = rows.get_mut(&column(pod.0)) {
                row.ready_at.get_or_insert(now);
            }
        }
        ReplicaChange::Finished { pod, why } => {
            if let Some(row) = rows.get_mut(&column(pod.0))
                && row.finished_at.is_none()
            {
                row.finished_at = Some(now);
                row.reason = Some(word(&why));
            }
        }
    }
}

/// Forgets some of those that ended long ago.
pub(super) fn prune(conn: &mut Conn, now: Time) -> QueryResult<()> {
    let old = replicas::table.filter(replicas::finished_at.lt(now.0.saturating_sub(KEPT)));
    let pods: Vec<i64> = old.select(replicas::pod).limit(STEP).load(conn)?;
    diesel::delete(replicas::table.filter(replicas::pod.eq_any(pods))).execute(conn)?;
    Ok(())
}
