//! Records on their way into tables: the last one of each key, split by table, in batches.
//!
//! What somebody asks about has a table of its own with columns for it; all else is a row of
//! `machine_rows`.

use std::collections::BTreeMap;

use diesel::prelude::*;
use nimbus_core::ids::{AppNo, ServiceNo};
use nimbus_core::store::{Key, Record, Row, billing, scheduler, tenant, workload};
use nimbus_core::time::Time;
use serde::Serialize;

use super::conn::Conn;
use super::number::{column, json, word};
use super::schema::{
    apps, invoices, nodes, organizations, revisions, rollouts, services, tenants, usage_intervals,
    usage_windows,
};
use super::tables::{
    App, Interval, Invoice, Label, Node, Org, Other, Revision, Rollout, Service, Tables, Tenant,
    Window,
};

/// What a group touched whose state follows from several rows.
#[derive(Default)]
pub(super) struct Touched {
    pub(super) services: Vec<ServiceNo>,
    pub(super) apps: Vec<AppNo>,
}

/// Writes the last record of each key.
pub(super) fn write(conn: &mut Conn, now: Time, records: &[Record]) -> QueryResult<Touched> {
    let mut last: BTreeMap<Key, Option<&Row>> = BTreeMap::new();
    for record in records {
        match record {
            Record::Put(row) => last.insert(row.key(), Some(row)),
            Record::Drop(key) => last.insert(key.clone(), None),
        };
    }
    let touched = touched(last.keys(), last.values());
    let mut tables = Tables::default();
    for (key, row) in last {
        match row {
            Some(row) => tables.put(now, &key, row)?,
            None => tables.drop(conn, &key)?,
        }
    }
    tables.write(conn)?;
    Ok(touched)
}

fn touched<'a>(
    keys: impl Iterator<Item = &'a Key>,
    rows: impl Iterator<Item = &'a Option<&'a Row>>,
) -> Touched {
    let mut touched = Touched::default();
    for key in keys {
        match key {
            Key::Workload(
                workload::Key::Service(no)
                | workload::Key::Rollout(no, _)
                | workload::Key::Status(no),
            ) => touched.services.push(*no),
            Key::Workload(workload::Key::App(no)) => touched.apps.push(*no),
            _ => {}
        }
    }
    for row in rows {
        if let Some(Row::Workload(workload::Row::Service(service))) = row {
            touched.apps.push(service.app);
        }
    }
    touched.services.sort_unstable();
    touched.services.dedup();
    touched
}

/// The key of a row of `machine_rows`.
pub(super) fn text<K: Serialize>(key: &K) -> Result<String, diesel::result::Error> {
    json(key)
}

/// Number of a machine in `machine_rows`.
pub(super) fn address(key: &Key) -> i64 {
    i64::from(key.owner() as u8)
}

impl Tables {
    fn put(&mut self, now: Time, key: &Key, row: &Row) -> QueryResult<()> {
        match row {
            Row::Tenant(tenant::Row::Org(no, row)) => self.org(now, i64::from(no.0), row),
            Row::Tenant(tenant::Row::Tenant(no, row)) => self.tenant(now, i64::from(no.0), row),
            Row::Workload(workload::Row::App(row)) => self.app(now, row),
            Row::Workload(workload::Row::Service(row)) => self.service(now, row),
            Row::Workload(workload::Row::Revision(row)) => self.revision(row),
            Row::Workload(workload::Row::Rollout(row)) => self.rollout(now, row),
            Row::Scheduler(inner @ scheduler::Row::Node { .. }) => self.node(now, inner),
            Row::Billing(billing::Row::Interval(row)) => {
                self.interval(row);
                Ok(())
            }
            Row::Billing(billing::Row::Window(row)) => {
                self.windows.push(Window {
                    tenant: i64::from(row.tenant.0),
                    link: column(row.link),
                    first_at: row.run.first.0,
                    body: json(row)?,
                });
                Ok(())
            }
            Row::Billing(billing::Row::Invoice(row)) => self.invoice(row),
            other => self.other(key, other),
        }
    }

    fn other(&mut self, key: &Key, row: &Row) -> QueryResult<()> {
        let body = match row {
            Row::Tenant(row) => json(row)?,
            Row::Workload(row) => json(row)?,
            Row::Scheduler(row) => json(row)?,
            Row::Autoscaler(row) => json(row)?,
            Row::Billing(row) => json(row)?,
        };
        let address = address(key);
        let key = inner_key(key)?;
        self.others.push(Other { address, key, body });
        Ok(())
    }

    fn org(&mut self, now: Time, no: i64, row: &tenant::OrgRow) -> QueryResult<()> {
        self.orgs.push(Org {
            no,
            id: row.id.to_string(),
            slug: row.slug.to_string(),
            closed: row.closed,
            created_at: now.0,
            updated_at: now.0,
            body: json(row)?,
        });
        Ok(())
    }

    fn tenant(&mut self, now: Time, no: i64, row: &tenant::TenantRow) -> QueryResult<()> {
        self.tenants.push(Tenant {
            no,
            id: row.id.to_string(),
            org: i64::from(row.org.0),
            slug: row.slug.to_string(),
            search: search(row),
            status: word(&row.status),
            created_at: now.0,
            updated_at: now.0,
            body: json(row)?,
        });
        let labels = labels(row).into_iter();
        self.labels
            .extend(labels.map(|label| Label { tenant: no, label }));
        Ok(())
    }

    /// Its state is set once all of the group's rows are there.
    fn app(&mut self, now: Time, row: &workload::App) -> QueryResult<()> {
        self.apps.push(App {
            no: i64::from(row.no.0),
            id: row.id.to_string(),
            tenant: i64::from(row.tenant.0),
            slug: row.slug.to_string(),
            gone: row.gone,
            status: "pending".to_owned(),
            created_at: now.0,
            updated_at: now.0,
            body: json(row)?,
        });
        Ok(())
    }

    fn service(&mut self, now: Time, row: &workload::Service) -> QueryResult<()> {
        self.services.push(Service {
            no: i64::from(row.no.0),
            id: row.id.to_string(),
            tenant: i64::from(row.tenant.0),
            app: i64::from(row.app.0),
            slug: row.slug.to_string(),
            name: row.name.to_string(),
            gone: row.gone,
            status: "pending".to_owned(),
            created_at: now.0,
            updated_at: now.0,
            body: json(row)?,
        });
        Ok(())
    }

    fn revision(&mut self, row: &workload::Revision) -> QueryResult<()> {
        self.revisions.push(Revision {
            service: i64::from(row.service.0),
            number: i64::from(row.number),
            id: row.id.to_string(),
            created_at: row.created_at.0,
            body: json(row)?,
        });
        Ok(())
    }

    fn rollout(&mut self, now: Time, row: &workload::Rollout) -> QueryResult<()> {
        self.rollouts.push(Rollout {
            service: i64::from(row.service.0),
            number: i64::from(row.number),
            id: row.id.to_string(),
            state: word(&row.state),
            created_at: now.0,
            updated_at: now.0,
            body: json(row)?,
        });
        Ok(())
    }

    fn node(&mut self, now: Time, row: &scheduler::Row) -> QueryResult<()> {
        let scheduler::Row::Node { node, spec, state } = row else {
            return Ok(());
        };
        self.nodes.push(Node {
            no: i64::from(node.0),
            name: spec.name.to_string(),
            pool: spec.pool.map(|pool| i64::from(pool.0)),
            state: word(state),
            created_at: now.0,
            updated_at: now.0,
            body: json(row)?,
        });
        Ok(())
    }

    fn interval(&mut self, row: &billing::UsageInterval) {
        self.intervals.push(Interval {
            pod: column(row.pod.0),
            tenant: i64::from(row.tenant.0),
            service: i64::from(row.service.0),
            spec: i64::from(row.spec.0),
            start_s: row.start_s,
            end_s: row.end_s,
        });
    }

    fn invoice(&mut self, row: &nimbus_core::billing::Invoice) -> QueryResult<()> {
        self.invoices.push(Invoice {
            number: column(row.number.unwrap_or(0)),
            id: row.id.map(|id| id.to_string()).unwrap_or_default(),
            org: i64::from(row.org.0),
            state: word(&row.state),
            period_from: row.period.from.0,
            period_to: row.period.to.0,
            body: json(row)?,
        });
        Ok(())
    }

    /// Tables that people ask about keep tombstones, so that drops are rare there.
    fn drop(&mut self, conn: &mut Conn, key: &Key) -> QueryResult<()> {
        macro_rules! delete {
            ($table:ident, $($column:ident = $value:expr),+) => {
                diesel::delete($table::table$(.filter($table::$column.eq($value)))+).execute(conn)
            };
        }
        let n = |no: u32| i64::from(no);
        let deleted = match key {
            Key::Tenant(tenant::Key::Org(no)) => delete!(organizations, no = n(no.0)),
            Key::Tenant(tenant::Key::Tenant(no)) => delete!(tenants, no = n(no.0)),
            Key::Workload(workload::Key::App(no)) => delete!(apps, no = n(no.0)),
            Key::Workload(workload::Key::Service(no)) => delete!(services, no = n(no.0)),
            Key::Workload(workload::Key::Revision(no, number)) => {
                delete!(revisions, service = n(no.0), number = n(*number))
            }
            Key::Workload(workload::Key::Rollout(no, number)) => {
                delete!(rollouts, service = n(no.0), number = n(*number))
            }
            Key::Scheduler(scheduler::Key::Node(no)) => delete!(nodes, no = n(no.0)),
            Key::Billing(billing::Key::Interval(no)) => {
                delete!(usage_intervals, pod = column(no.0))
            }
            Key::Billing(billing::Key::Window(no, link)) => {
                delete!(usage_windows, tenant = n(no.0), link = column(*link))
            }
            Key::Billing(billing::Key::Invoice(number)) => {
                delete!(invoices, number = column(*number))
            }
            other => {
                let keys = self.dropped.entry(address(other)).or_default();
                keys.push(inner_key(other)?);
                return Ok(());
            }
        };
        deleted.map(drop)
    }
}

/// The key within its noun.
fn inner_key(key: &Key) -> Result<String, diesel::result::Error> {
    match key {
        Key::Tenant(key) => text(key),
        Key::Workload(key) => text(key),
        Key::Scheduler(key) => text(key),
        Key::Autoscaler(key) => text(key),
        Key::Billing(key) => text(key),
    }
}

/// What a search looks in, in lower case.
fn search(row: &tenant::TenantRow) -> String {
    format!("{} {}", row.slug, row.name).to_lowercase()
}

/// `key=value` of each label.
fn labels(row: &tenant::TenantRow) -> Vec<String> {
    let labels = row.labels.iter();
    labels
        .map(|(key, value)| format!("{key}={value}"))
        .collect()
}
