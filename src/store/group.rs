//! A group in one transaction, and where the control plane stands.

use diesel::prelude::*;
use nimbus_core::digest::EventHash;
use nimbus_core::machine::Address;
use nimbus_core::store::StoreError;
use nimbus_core::time::Time;

use super::batch::{insert, upsert};
use super::conn::Conn;
use super::fault::Fault;
use super::number::{column, count, json, parse, small};
use super::schema::{cluster_state, last_group, leader_epoch, outbox};
use super::{Commit, OutboxRow, Store, answer, audit, record, replica, rows, status};
use crate::cluster::Saved;

/// What a committed group got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The place of its first event; the others follow. That of the next event if it has none.
    pub first_event_seq: i64,
}

/// The last committed group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Last {
    /// Its number.
    pub group: u64,
    /// Its time.
    pub now: Time,
    /// The conductor's round at which it came to rest.
    pub round: u32,
    /// The chains of all addresses.
    pub hashes: [EventHash; Address::COUNT],
    /// Deliveries handled since the beginning.
    pub deliveries: u64,
    /// Events of the cluster that were taken.
    pub cursor: u64,
    /// The last command that was sent; 0 if there was none.
    pub outbox_seq: u64,
    /// The place of the last event; 0 if there was none.
    pub event_seq: i64,
}

/// The one row of `last_group`.
#[derive(Insertable, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = last_group, treat_none_as_default_value = false)]
pub(super) struct Stand {
    one: i64,
    pub(super) number: i64,
    now: i64,
    round: i64,
    hashes: String,
    deliveries: i64,
    cursor: i64,
    outbox_seq: i64,
    pub(super) event_seq: i64,
    pub(super) decision_seq: i64,
}

#[derive(Insertable)]
#[diesel(table_name = outbox)]
struct Out {
    seq: i64,
    body: String,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = cluster_state)]
struct State {
    one: i64,
    cursor: i64,
    outbox_seq: i64,
    saved_at: i64,
    bytes: Vec<u8>,
}

impl Store {
    /// Writes a group, all or nothing. An outcome that is unknown is read back at once; `Unknown` is the
    /// answer only if that fails too, and then [`Store::last`] tells.
    ///
    /// # Errors
    /// `Refused` if the group is not the one after the last, `Deposed` if another leader has taken over,
    /// `Full` if the disk is full, `Unavailable` and `Unknown` as they say.
    pub fn commit(&self, commit: &Commit) -> Result<Committed, StoreError> {
        let rendered = self.take_rendered();
        let written = self.write(|conn| write(conn, commit, &rendered));
        let written = match written {
            Err(StoreError::Unknown(why)) => self.read_back(commit, &why),
            known => known,
        };
        if written.is_err() {
            self.give_back_rendered(rendered);
        }
        written
    }

    fn read_back(&self, commit: &Commit, why: &str) -> Result<Committed, StoreError> {
        let last = self.last();
        let last = last.map_err(|_| StoreError::Unknown(why.to_owned()))?;
        match last {
            Some(last) if last.group == commit.group => Ok(Committed {
                first_event_seq: last.event_seq - length(&commit.events) + 1,
            }),
            _ => Err(StoreError::Unavailable(why.to_owned())),
        }
    }

    /// The last committed group. Waits for a commit whose outcome is not known yet.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn last(&self) -> Result<Option<Last>, StoreError> {
        self.write(|conn| {
            wait_for_writers(conn)?;
            Ok(last(conn)?)
        })
    }

    /// Makes this process the leader and everybody before it a follower; the new epoch.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn take_epoch(&self, holder: &str, now: Time) -> Result<i64, StoreError> {
        self.write(|conn| {
            let row = diesel::update(leader_epoch::table);
            row.set((
                leader_epoch::epoch.eq(leader_epoch::epoch + 1),
                leader_epoch::holder.eq(holder),
                leader_epoch::acquired_at.eq(now.0),
            ))
            .execute(conn)?;
            let epoch = leader_epoch::table.select(leader_epoch::epoch);
            Ok(epoch.first(conn)?)
        })
    }

    /// The present epoch; 0 if nobody ever led.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn epoch(&self) -> Result<i64, StoreError> {
        self.read(|conn| leader_epoch::table.select(leader_epoch::epoch).first(conn))
    }

    /// Keeps a state of the cluster and forgets the commands that are in it.
    ///
    /// # Errors
    /// `Deposed` if another leader has taken over.
    pub fn save_cluster(&self, saved: &Saved, epoch: i64) -> Result<(), StoreError> {
        let row = State {
            one: 1,
            cursor: column(saved.cursor),
            outbox_seq: column(saved.outbox_seq),
            saved_at: saved.at.0,
            bytes: saved.bytes.clone(),
        };
        self.write(|conn| {
            check_epoch(conn, epoch)?;
            upsert!(
                conn,
                cluster_state,
                std::slice::from_ref(&row),
                cluster_state::one,
                [cursor, outbox_seq, saved_at, bytes]
            );
            diesel::delete(outbox::table.filter(outbox::seq.le(row.outbox_seq))).execute(conn)?;
            Ok(())
        })
    }

    /// The state that was kept last.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn saved_cluster(&self) -> Result<Option<Saved>, StoreError> {
        self.read(saved_cluster)
    }

    /// Commands behind a place, in order.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn outbox_since(&self, seq: u64) -> Result<Vec<OutboxRow>, StoreError> {
        self.read(|conn| outbox_since(conn, seq))
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn ping(&self) -> Result<(), StoreError> {
        self.epoch().map(drop)
    }
}

pub(super) fn saved_cluster(conn: &mut Conn) -> QueryResult<Option<Saved>> {
    let row = cluster_state::table.select(State::as_select());
    let row: Option<State> = row.first(conn).optional()?;
    Ok(row.map(|row| Saved {
        cursor: count(row.cursor),
        outbox_seq: count(row.outbox_seq),
        at: Time(row.saved_at),
        bytes: row.bytes,
    }))
}

pub(super) fn outbox_since(conn: &mut Conn, seq: u64) -> QueryResult<Vec<OutboxRow>> {
    let rows = outbox::table.filter(outbox::seq.gt(column(seq)));
    let bodies: Vec<String> = rows.order(outbox::seq).select(outbox::body).load(conn)?;
    bodies.iter().map(|body| parse(body)).collect()
}

pub(super) fn last(conn: &mut Conn) -> QueryResult<Option<Last>> {
    let stand = stand(conn)?;
    if stand.number == 0 {
        return Ok(None);
    }
    Ok(Some(Last {
        group: count(stand.number),
        now: Time(stand.now),
        round: small(stand.round),
        hashes: parse(&stand.hashes)?,
        deliveries: count(stand.deliveries),
        cursor: count(stand.cursor),
        outbox_seq: count(stand.outbox_seq),
        event_seq: stand.event_seq,
    }))
}

fn stand(conn: &mut Conn) -> QueryResult<Stand> {
    last_group::table.select(Stand::as_select()).first(conn)
}

/// A commit that is still on its way holds the epoch's row shared: whoever gets it alone comes after it.
fn wait_for_writers(conn: &mut Conn) -> QueryResult<()> {
    if let Conn::Postgres(conn) = conn {
        let row = leader_epoch::table.select(leader_epoch::epoch);
        row.for_update().first::<i64>(conn)?;
    }
    Ok(())
}

/// Whether this epoch still leads. Nobody can take over before the transaction has ended.
pub(super) fn check_epoch(conn: &mut Conn, epoch: i64) -> Result<(), Fault> {
    let row = leader_epoch::table.select(leader_epoch::epoch);
    let present: i64 = match conn {
        Conn::Sqlite(conn) => row.first(conn)?,
        Conn::Postgres(conn) => row.for_share().first(conn)?,
    };
    if present == epoch {
        return Ok(());
    }
    let why = format!("epoch {present} leads, this is {epoch}");
    Err(Fault::Told(StoreError::Deposed(why)))
}

fn write(
    conn: &mut Conn,
    commit: &Commit,
    rendered: &[answer::Rendered],
) -> Result<Committed, Fault> {
    check_epoch(conn, commit.epoch)?;
    let stand = stand(conn)?;
    if count(stand.number) + 1 != commit.group {
        let why = format!("group {} is not after group {}", commit.group, stand.number);
        return Err(Fault::Told(StoreError::Refused(why)));
    }
    let touched = rows::write(conn, commit.now, &commit.records)?;
    status::update(conn, touched)?;
    replica::write(conn, commit.now, &commit.replicas)?;
    record::write(conn, commit, &stand)?;
    record::write_rendered(conn, rendered)?;
    audit::append(conn, &commit.audit)?;
    write_outbox(conn, &commit.outbox)?;
    set_stand(conn, commit, &stand)?;
    if commit.group.is_multiple_of(record::PRUNE_EVERY) {
        record::prune(conn, commit.now, &stand)?;
        replica::prune(conn, commit.now)?;
    }
    Ok(Committed {
        first_event_seq: stand.event_seq + 1,
    })
}

fn write_outbox(conn: &mut Conn, commands: &[OutboxRow]) -> QueryResult<()> {
    let out = |row: &OutboxRow| -> QueryResult<Out> {
        Ok(Out {
            seq: column(row.seq),
            body: json(row)?,
        })
    };
    let rows: Vec<Out> = commands.iter().map(out).collect::<QueryResult<_>>()?;
    insert!(conn, outbox, &rows);
    Ok(())
}

fn set_stand(conn: &mut Conn, commit: &Commit, before: &Stand) -> QueryResult<()> {
    let last_command = commit.outbox.last().map(|row| column(row.seq));
    let stand = Stand {
        one: 1,
        number: column(commit.group),
        now: commit.now.0,
        round: i64::from(commit.round),
        hashes: json(&commit.hashes)?,
        deliveries: column(commit.deliveries),
        cursor: column(commit.cursor),
        outbox_seq: last_command.unwrap_or(before.outbox_seq),
        event_seq: before.event_seq + length(&commit.events),
        decision_seq: before.decision_seq + length(&commit.decisions),
    };
    diesel::update(last_group::table)
        .set(&stand)
        .execute(conn)?;
    Ok(())
}

pub(super) fn length<T>(rows: &[T]) -> i64 {
    i64::try_from(rows.len()).unwrap_or(i64::MAX)
}
