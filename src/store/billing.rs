//! Questions about usage and invoices.

use std::sync::Arc;

use diesel::prelude::*;
use nimbus_core::billing::{Invoice, InvoiceState, UsageWindow};
use nimbus_core::ids::{InvoiceId, OrgNo, TenantNo};
use nimbus_core::machine::Address;
use nimbus_core::store::StoreError;
use nimbus_core::store::billing::{Key, Row};
use nimbus_core::time::Time;

use super::Store;
use super::batch::MANY;
use super::conn::Conn;
use super::keyset::{by_number, cut, numbered};
use super::number::{json, parse, small, word};
use super::page::{Listed, Page};
use super::restore::{Interval, intervals_of};
use super::schema::{invoices, machine_rows, tenants, usage_intervals, usage_windows};

/// Which invoices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvoiceFilter {
    /// Of these organizations; `None` is all.
    pub orgs: Option<Vec<OrgNo>>,
    /// Of the period that holds this time.
    pub period: Option<Time>,
    /// In this state.
    pub state: Option<InvoiceState>,
}

impl Store {
    /// What a billing machine needs to answer for one organization: its row, specifications, accounts and
    /// intervals of its tenants, its invoices, the book and the last sample. In order of keys.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn billing_rows_of(&self, org: OrgNo) -> Result<Vec<Row>, StoreError> {
        self.read(|conn| {
            let of = tenants::table.filter(tenants::org.eq(i64::from(org.0)));
            let tenants: Vec<i64> = of.select(tenants::no).load(conn)?;
            let mut rows = common(conn)?;
            let mut keys = vec![json(&Key::Org(org))?];
            for tenant in &tenants {
                keys.push(json(&Key::Account(TenantNo(small(*tenant))))?);
            }
            for keys in keys.chunks(MANY) {
                rows.extend(keyed(conn, keys)?);
            }
            for tenants in tenants.chunks(MANY) {
                let of = usage_intervals::table.filter(usage_intervals::tenant.eq_any(tenants));
                let found: Vec<Interval> = of.select(Interval::as_select()).load(conn)?;
                rows.extend(intervals_of(found));
            }
            let of = invoices::table.filter(invoices::org.eq(i64::from(org.0)));
            let bodies: Vec<String> = of.select(invoices::body).load(conn)?;
            for body in bodies {
                rows.push(Row::Invoice(parse(&body)?));
            }
            rows.sort_by_cached_key(Row::key);
            Ok(rows)
        })
    }

    /// A final invoice.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn invoice(&self, id: InvoiceId) -> Result<Option<Arc<Invoice>>, StoreError> {
        self.read(|conn| {
            let row = invoices::table.filter(invoices::id.eq(id.to_string()));
            let body: Option<String> = row.select(invoices::body).first(conn).optional()?;
            body.map(|body| parse(&body)).transpose()
        })
    }

    /// Final invoices by number, in the page's order.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn invoices(
        &self,
        filter: &InvoiceFilter,
        page: &Page,
    ) -> Result<Listed<Arc<Invoice>>, StoreError> {
        self.read(|conn| {
            let mut query = invoices::table.into_boxed();
            if let Some(orgs) = &filter.orgs {
                let orgs: Vec<i64> = orgs.iter().map(|org| i64::from(org.0)).collect();
                query = query.filter(invoices::org.eq_any(orgs));
            }
            if let Some(time) = filter.period {
                query = query.filter(invoices::period_from.le(time.0));
                query = query.filter(invoices::period_to.gt(time.0));
            }
            if let Some(state) = &filter.state {
                query = query.filter(invoices::state.eq(word(state)));
            }
            let rows: Vec<(i64, String)> = numbered!(query, page, invoices::number)
                .select((invoices::number, invoices::body))
                .load(conn)?;
            let Listed { items, next } = cut(rows, page, |row| by_number(row.0));
            let items = items.iter().map(|(_, body)| parse(body));
            let items = items.collect::<QueryResult<_>>()?;
            Ok(Listed { items, next })
        })
    }

    /// Runs of windows of a tenant that begin in `from..to`, in order of their chain.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn usage_windows(
        &self,
        tenant: TenantNo,
        from: Time,
        to: Time,
    ) -> Result<Vec<UsageWindow>, StoreError> {
        self.read(|conn| {
            let of = usage_windows::table.filter(usage_windows::tenant.eq(i64::from(tenant.0)));
            let bodies: Vec<String> = of
                .filter(usage_windows::first_at.ge(from.0))
                .filter(usage_windows::first_at.lt(to.0))
                .order(usage_windows::link)
                .select(usage_windows::body)
                .load(conn)?;
            bodies.iter().map(|body| parse(body)).collect()
        })
    }
}

/// Specifications, the book and the last sample.
fn common(conn: &mut Conn) -> QueryResult<Vec<Row>> {
    let of = machine_rows::table.filter(machine_rows::address.eq(Address::Billing as i64));
    let specs: Vec<String> = of
        .filter(machine_rows::key.like("{\"Spec\":%"))
        .select(machine_rows::body)
        .load(conn)?;
    let mut rows: Vec<Row> = specs
        .iter()
        .map(|body| parse(body))
        .collect::<QueryResult<_>>()?;
    rows.extend(keyed(conn, &[json(&Key::Book)?, json(&Key::Sampled)?])?);
    Ok(rows)
}

fn keyed(conn: &mut Conn, keys: &[String]) -> QueryResult<Vec<Row>> {
    let of = machine_rows::table.filter(machine_rows::address.eq(Address::Billing as i64));
    let bodies: Vec<String> = of
        .filter(machine_rows::key.eq_any(keys))
        .select(machine_rows::body)
        .load(conn)?;
    bodies.iter().map(|body| parse(body)).collect()
}
