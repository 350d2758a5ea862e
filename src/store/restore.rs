//! All rows of every machine, as machines are restored from them: at start, and for a what-if.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use diesel::prelude::*;
use nimbus_core::digest::EventHash;
use nimbus_core::ids::{OrgNo, PodNo, ServiceNo, SpecNo, TenantNo};
use nimbus_core::machine::Address;
use nimbus_core::store::billing::UsageInterval;
use nimbus_core::store::{
    Record, Store as Machines, StoreError, autoscaler, billing, scheduler, tenant, workload,
};
use nimbus_core::time::Time;
use serde::de::DeserializeOwned;

use super::conn::{Conn, Role};
use super::fault::told;
use super::group::{self, Last};
use super::handle::begin_snapshot;
use super::number::{count, parse, small};
use super::schema::{
    apps, invoices, machine_rows, nodes, organizations, revisions, rollouts, services, tenants,
    usage_intervals, usage_windows,
};
use super::{Commit, OutboxRow, Store};
use crate::cluster::Saved;

/// Rows that are read at once.
const STEP: i64 = 20_000;

/// A closed or open interval as its table has it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = usage_intervals)]
pub(super) struct Interval {
    pod: i64,
    tenant: i64,
    service: i64,
    spec: i64,
    start_s: i64,
    end_s: Option<i64>,
}

pub(super) fn intervals_of(found: Vec<Interval>) -> impl Iterator<Item = billing::Row> {
    found.into_iter().map(|row| {
        billing::Row::Interval(UsageInterval {
            pod: PodNo(count(row.pod)),
            tenant: TenantNo(small(row.tenant)),
            service: ServiceNo(small(row.service)),
            spec: SpecNo(small(row.spec)),
            start_s: row.start_s,
            end_s: row.end_s,
        })
    })
}

/// Reads a whole table in steps by its first column, which need not be unique.
macro_rules! all {
    ($conn:expr, $table:ident, $by:ident, $each:expr) => {{
        let mut each = $each;
        let mut from = i64::MIN;
        let mut skip = 0_i64;
        loop {
            let rows: Vec<(i64, String)> = $table::table
                .filter($table::$by.ge(from))
                .order($table::table.primary_key())
                .offset(skip)
                .limit(STEP)
                .select(($table::$by, $table::body))
                .load($conn)?;
            let Some(last) = rows.last().map(|row| row.0) else {
                break;
            };
            let same = rows.iter().rev().take_while(|row| row.0 == last).count();
            let same = i64::try_from(same).unwrap_or(i64::MAX);
            skip = if last == from { skip + same } else { same };
            from = last;
            for (key, body) in &rows {
                each(*key, body)?;
            }
            if i64::try_from(rows.len()).unwrap_or(i64::MAX) < STEP {
                break;
            }
        }
        QueryResult::Ok(())
    }};
}

fn others<R: DeserializeOwned>(
    conn: &mut Conn,
    address: Address,
    rows: &mut Vec<R>,
) -> QueryResult<()> {
    let mut after = String::new();
    loop {
        let found: Vec<(String, String)> = machine_rows::table
            .filter(machine_rows::address.eq(address as i64))
            .filter(machine_rows::key.gt(&after))
            .order(machine_rows::key)
            .limit(STEP)
            .select((machine_rows::key, machine_rows::body))
            .load(conn)?;
        let Some((last, _)) = found.last() else {
            return Ok(());
        };
        after.clone_from(last);
        for (_, body) in &found {
            rows.push(parse(body)?);
        }
    }
}

fn tenant_rows(conn: &mut Conn) -> QueryResult<Vec<tenant::Row>> {
    let mut rows = Vec::new();
    all!(conn, organizations, no, |no, body: &String| {
        rows.push(tenant::Row::Org(OrgNo(small(no)), parse(body)?));
        QueryResult::Ok(())
    })?;
    all!(conn, tenants, no, |no, body: &String| {
        rows.push(tenant::Row::Tenant(TenantNo(small(no)), parse(body)?));
        QueryResult::Ok(())
    })?;
    others(conn, Address::Tenant, &mut rows)?;
    rows.sort_by_cached_key(tenant::Row::key);
    Ok(rows)
}

fn workload_rows(conn: &mut Conn) -> QueryResult<Vec<workload::Row>> {
    let mut rows = Vec::new();
    all!(conn, apps, no, |_, body: &String| {
        rows.push(workload::Row::App(parse(body)?));
        QueryResult::Ok(())
    })?;
    all!(conn, services, no, |_, body: &String| {
        rows.push(workload::Row::Service(parse(body)?));
        QueryResult::Ok(())
    })?;
    all!(conn, revisions, service, |_, body: &String| {
        rows.push(workload::Row::Revision(parse(body)?));
        QueryResult::Ok(())
    })?;
    all!(conn, rollouts, service, |_, body: &String| {
        rows.push(workload::Row::Rollout(parse(body)?));
        QueryResult::Ok(())
    })?;
    others(conn, Address::Workload, &mut rows)?;
    rows.sort_by_key(workload::Row::key);
    Ok(rows)
}

fn scheduler_rows(conn: &mut Conn) -> QueryResult<Vec<scheduler::Row>> {
    let mut rows = Vec::new();
    all!(conn, nodes, no, |_, body: &String| {
        rows.push(parse(body)?);
        QueryResult::Ok(())
    })?;
    others(conn, Address::Scheduler, &mut rows)?;
    rows.sort_by_key(scheduler::Row::key);
    Ok(rows)
}

fn autoscaler_rows(conn: &mut Conn) -> QueryResult<Vec<autoscaler::Row>> {
    let mut rows = Vec::new();
    others(conn, Address::Autoscaler, &mut rows)?;
    rows.sort_by_key(autoscaler::Row::key);
    Ok(rows)
}

fn billing_rows(conn: &mut Conn) -> QueryResult<Vec<billing::Row>> {
    let mut rows = Vec::new();
    intervals(conn, &mut rows)?;
    all!(conn, usage_windows, tenant, |_, body: &String| {
        rows.push(billing::Row::Window(parse(body)?));
        QueryResult::Ok(())
    })?;
    all!(conn, invoices, number, |_, body: &String| {
        rows.push(billing::Row::Invoice(parse(body)?));
        QueryResult::Ok(())
    })?;
    others(conn, Address::Billing, &mut rows)?;
    rows.sort_by_cached_key(billing::Row::key);
    Ok(rows)
}

fn intervals(conn: &mut Conn, rows: &mut Vec<billing::Row>) -> QueryResult<()> {
    let mut after = i64::MIN;
    loop {
        let found: Vec<Interval> = usage_intervals::table
            .filter(usage_intervals::pod.gt(after))
            .order(usage_intervals::pod)
            .limit(STEP)
            .select(Interval::as_select())
            .load(conn)?;
        let Some(last) = found.last() else {
            return Ok(());
        };
        after = last.pod;
        rows.extend(intervals_of(found));
    }
}

/// A store that stands still: everything is read as of one instant. Holds a connection until it is dropped.
pub struct Snapshot {
    conn: Mutex<Conn>,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Snapshot")
    }
}

impl Snapshot {
    fn ask<T>(&self, ask: impl Fn(&mut Conn) -> QueryResult<T>) -> Result<T, StoreError> {
        let mut conn = self.conn.lock().unwrap_or_else(PoisonError::into_inner);
        ask(&mut conn).map_err(|error| told(&error))
    }

    /// The last group of the instant.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn last(&self) -> Result<Option<Last>, StoreError> {
        self.ask(group::last)
    }

    /// The stored state of the cluster.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn saved_cluster(&self) -> Result<Option<Saved>, StoreError> {
        self.ask(group::saved_cluster)
    }

    /// Commands behind a place, in order.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn outbox_since(&self, seq: u64) -> Result<Vec<OutboxRow>, StoreError> {
        self.ask(|conn| group::outbox_since(conn, seq))
    }
}

impl Store {
    /// Everything as of one instant, on a connection of its own.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let dialled = self.inner.target.dial(Role::Reader);
        let mut conn = dialled.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        begin_snapshot(&mut conn).map_err(|error| told(&error))?;
        let conn = Mutex::new(conn);
        Ok(Snapshot { conn })
    }
}

macro_rules! questions {
    ($($noun:ident, $method:ident;)*) => {$(
        impl $noun::Questions for Store {
            fn $method(&self) -> Result<Vec<$noun::Row>, StoreError> {
                self.snapshot()?.ask($method)
            }
        }

        impl $noun::Questions for Snapshot {
            fn $method(&self) -> Result<Vec<$noun::Row>, StoreError> {
                self.ask($method)
            }
        }
    )*};
}

questions! {
    tenant, tenant_rows;
    workload, workload_rows;
    scheduler, scheduler_rows;
    autoscaler, autoscaler_rows;
    billing, billing_rows;
}

impl Machines for Store {
    /// Records alone, under the present epoch; the conductor commits by [`Store::commit`].
    fn commit(&mut self, group: u64, records: Vec<Record>) -> Result<(), StoreError> {
        let last = Store::last(self)?;
        let commit = Commit {
            group,
            now: last.as_ref().map_or(Time::ZERO, |last| last.now),
            round: last.as_ref().map_or(0, |last| last.round),
            hashes: last
                .as_ref()
                .map_or([EventHash::default(); Address::COUNT], |last| last.hashes),
            deliveries: last.as_ref().map_or(0, |last| last.deliveries),
            epoch: self.epoch()?,
            cursor: last.as_ref().map_or(0, |last| last.cursor),
            records,
            ..Commit::default()
        };
        Store::commit(self, &commit).map(drop)
    }

    fn last_group(&self) -> Result<Option<u64>, StoreError> {
        Ok(Store::last(self)?.map(|last| last.group))
    }
}

impl Machines for Snapshot {
    fn commit(&mut self, _: u64, _: Vec<Record>) -> Result<(), StoreError> {
        Err(StoreError::Refused("a snapshot takes no writes".to_owned()))
    }

    fn last_group(&self) -> Result<Option<u64>, StoreError> {
        Ok(Snapshot::last(self)?.map(|last| last.group))
    }
}
