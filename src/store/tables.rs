//! Rows of the tables that records go to, and how they are written in batches.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::batch::{MANY, insert, upsert};
use super::conn::Conn;
use super::schema::{
    apps, invoices, machine_rows, nodes, organizations, revisions, rollouts, services,
    tenant_labels, tenants, usage_intervals, usage_windows,
};

macro_rules! table_rows {
    ($($(#[$doc:meta])* $name:ident($table:ident) { $($field:ident: $type:ty),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Insertable)]
        #[diesel(table_name = $table, treat_none_as_default_value = false)]
        pub(super) struct $name { $(pub(super) $field: $type),+ }
    )+};
}

table_rows! {
    Org(organizations) {
        no: i64, id: String, slug: String, closed: bool, created_at: i64, updated_at: i64, body: String,
    }
    Tenant(tenants) {
        no: i64, id: String, org: i64, slug: String, search: String, status: String,
        created_at: i64, updated_at: i64, body: String,
    }
    Label(tenant_labels) { tenant: i64, label: String }
    App(apps) {
        no: i64, id: String, tenant: i64, slug: String, gone: bool, status: String,
        created_at: i64, updated_at: i64, body: String,
    }
    Service(services) {
        no: i64, id: String, tenant: i64, app: i64, slug: String, name: String, gone: bool, status: String,
        created_at: i64, updated_at: i64, body: String,
    }
    Revision(revisions) { service: i64, number: i64, id: String, created_at: i64, body: String }
    Rollout(rollouts) {
        service: i64, number: i64, id: String, state: String, created_at: i64, updated_at: i64, body: String,
    }
    Node(nodes) {
        no: i64, name: String, pool: Option<i64>, state: String, created_at: i64, updated_at: i64,
        body: String,
    }
    Interval(usage_intervals) {
        pod: i64, tenant: i64, service: i64, spec: i64, start_s: i64, end_s: Option<i64>,
    }
    Window(usage_windows) { tenant: i64, link: i64, first_at: i64, body: String }
    Invoice(invoices) {
        number: i64, id: String, org: i64, state: String, period_from: i64, period_to: i64, body: String,
    }
    /// A row that nobody but its machine asks for.
    Other(machine_rows) { address: i64, key: String, body: String }
}

/// What a group changes, by table.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) orgs: Vec<Org>,
    pub(super) tenants: Vec<Tenant>,
    pub(super) labels: Vec<Label>,
    pub(super) apps: Vec<App>,
    pub(super) services: Vec<Service>,
    pub(super) revisions: Vec<Revision>,
    pub(super) rollouts: Vec<Rollout>,
    pub(super) nodes: Vec<Node>,
    pub(super) intervals: Vec<Interval>,
    pub(super) windows: Vec<Window>,
    pub(super) invoices: Vec<Invoice>,
    pub(super) others: Vec<Other>,
    pub(super) dropped: BTreeMap<i64, Vec<String>>,
}

impl Tables {
    pub(super) fn write(self, conn: &mut Conn) -> QueryResult<()> {
        self.write_tenants(conn)?;
        self.write_workloads(conn)?;
        let Tables {
            nodes,
            intervals,
            windows,
            invoices,
            others,
            dropped,
            ..
        } = self;
        upsert!(
            conn,
            nodes,
            &nodes,
            nodes::no,
            [name, pool, state, updated_at, body]
        );
        upsert!(
            conn,
            usage_intervals,
            &intervals,
            usage_intervals::pod,
            [tenant, service, spec, start_s, end_s]
        );
        upsert!(
            conn,
            usage_windows,
            &windows,
            (usage_windows::tenant, usage_windows::link),
            [first_at, body]
        );
        upsert!(
            conn,
            invoices,
            &invoices,
            invoices::number,
            [id, org, state, period_from, period_to, body]
        );
        upsert!(
            conn,
            machine_rows,
            &others,
            (machine_rows::address, machine_rows::key),
            [body]
        );
        for (address, keys) in dropped {
            for keys in keys.chunks(MANY) {
                let rows = machine_rows::table.filter(machine_rows::address.eq(address));
                diesel::delete(rows.filter(machine_rows::key.eq_any(keys))).execute(conn)?;
            }
        }
        Ok(())
    }

    fn write_tenants(&self, conn: &mut Conn) -> QueryResult<()> {
        upsert!(
            conn,
            organizations,
            &self.orgs,
            organizations::no,
            [id, slug, closed, updated_at, body]
        );
        upsert!(
            conn,
            tenants,
            &self.tenants,
            tenants::no,
            [id, org, slug, search, status, updated_at, body]
        );
        let nos: Vec<i64> = self.tenants.iter().map(|tenant| tenant.no).collect();
        for nos in nos.chunks(MANY) {
            diesel::delete(tenant_labels::table.filter(tenant_labels::tenant.eq_any(nos)))
                .execute(conn)?;
        }
        insert!(conn, tenant_labels, &self.labels);
        Ok(())
    }

    fn write_workloads(&self, conn: &mut Conn) -> QueryResult<()> {
        upsert!(
            conn,
            apps,
            &self.apps,
            apps::no,
            [id, tenant, slug, gone, updated_at, body]
        );
        upsert!(
            conn,
            services,
            &self.services,
            services::no,
            [id, tenant, app, slug, name, gone, updated_at, body]
        );
        upsert!(
            conn,
            revisions,
            &self.revisions,
            (revisions::service, revisions::number),
            [id, created_at, body]
        );
        upsert!(
            conn,
            rollouts,
            &self.rollouts,
            (rollouts::service, rollouts::number),
            [id, state, updated_at, body]
        );
        Ok(())
    }
}
