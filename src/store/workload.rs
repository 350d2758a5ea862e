//! Questions about apps, services, revisions, rollouts and replicas.

use std::collections::BTreeMap;
use std::sync::Arc;

use diesel::prelude::*;
use nimbus_core::cluster::DeploymentStatus;
use nimbus_core::ids::{AppId, AppNo, ServiceId, ServiceNo, TenantId, TenantNo};
use nimbus_core::store::StoreError;
use nimbus_core::store::workload::{App, Held, Revision, Rollout, Service};
use nimbus_core::time::Time;
use nimbus_core::workload::{AppStatus, ServiceStatus};

use super::Store;
use super::batch::MANY;
use super::conn::{Conn, MultiBackend};
use super::keyset::{cut, keyset, like, visible};
use super::number::{from_word, parse, small, word};
use super::page::{By, Found, Listed, Page, Position, Value, Visible};
use super::schema::{apps, revisions, services};
use super::status::{Beside, beside};
use super::tenant::tenant_ids;

/// An app, and what an answer about it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppView {
    /// Its row.
    pub row: App,
    /// Its tenant.
    pub tenant_id: TenantId,
    /// Its state, by those of its services.
    pub status: AppStatus,
    /// Its services that are not gone, in order of ordinals.
    pub services: Vec<ServiceLine>,
}

/// A service as an app lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceLine {
    /// Its ordinal.
    pub no: ServiceNo,
    /// Its id.
    pub id: ServiceId,
    /// Its slug.
    pub slug: Arc<str>,
    /// Its state.
    pub status: ServiceStatus,
}

/// A service, and what an answer about it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceView {
    /// Its row.
    pub row: Service,
    /// Its tenant.
    pub tenant_id: TenantId,
    /// Its app.
    pub app_id: AppId,
    /// Slug of its app.
    pub app_slug: Arc<str>,
    /// Its state.
    pub status: ServiceStatus,
    /// What the cluster said of its Deployment last.
    pub observed: DeploymentStatus,
    /// Its current revision; `None` only if it was never deployed.
    pub revision: Option<Revision>,
    /// Its last rollout.
    pub rollout: Option<Rollout>,
    /// What it holds of its tenant's quota.
    pub held: Held,
}

/// Which apps or services. Those that are gone are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppFilter {
    /// Of this tenant.
    pub tenant: Option<TenantNo>,
    /// In this state.
    pub status: Option<AppStatus>,
    /// Whose slug holds this text.
    pub text: Option<String>,
}

/// Which services. Those that are gone are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceFilter {
    /// Of this tenant.
    pub tenant: Option<TenantNo>,
    /// Of this app.
    pub app: Option<AppNo>,
    /// In this state.
    pub status: Option<ServiceStatus>,
    /// Whose slug holds this text.
    pub text: Option<String>,
}

/// What both tables have in common.
#[derive(Queryable)]
struct Line {
    id: String,
    slug: String,
    status: String,
    created_at: i64,
    updated_at: i64,
    body: String,
}

impl Line {
    fn position(&self, page: &Page) -> Position {
        let key = match page.sort.by {
            By::CreatedAt => Value::Int(self.created_at),
            By::UpdatedAt => Value::Int(self.updated_at),
            By::Name => Value::Text(self.slug.clone()),
        };
        let id = self.id.clone();
        Position { key, id }
    }

    fn found<T>(&self, row: T) -> Found<T> {
        Found {
            row,
            created_at: Time(self.created_at),
            updated_at: Time(self.updated_at),
        }
    }
}

macro_rules! line {
    ($table:ident) => {
        (
            $table::id,
            $table::slug,
            $table::status,
            $table::created_at,
            $table::updated_at,
            $table::body,
        )
    };
}

macro_rules! sorted {
    ($query:expr, $page:expr, $table:ident) => {
        match $page.sort.by {
            By::CreatedAt => keyset!($query, $page, after_int, $table::created_at, $table::id),
            By::UpdatedAt => keyset!($query, $page, after_int, $table::updated_at, $table::id),
            By::Name => keyset!($query, $page, after_text, $table::slug, $table::id),
        }
    };
}

type Apps<'a> = apps::BoxedQuery<'a, MultiBackend>;
type Services<'a> = services::BoxedQuery<'a, MultiBackend>;

impl Store {
    /// What apps and services can be sorted by.
    pub const WORKLOAD_SORTS: &'static [By] = &[By::CreatedAt, By::UpdatedAt, By::Name];

    /// An app by id, gone or not, or by slug, if exactly one visible one that is not gone has it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn app(&self, visible: &Visible, name: &str) -> Result<Option<Found<AppView>>, StoreError> {
        self.read(|conn| {
            let live = apps::slug.eq(name).and(apps::gone.eq(false));
            let named = apps::id.eq(name).or(live);
            let query = visible!(apps::table.into_boxed(), visible, apps::tenant);
            one_app(conn, query.filter(named))
        })
    }

    /// An app by ordinal, gone or not.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn app_by_no(&self, no: AppNo) -> Result<Option<Found<AppView>>, StoreError> {
        self.read(|conn| {
            let row = apps::no.eq(i64::from(no.0));
            one_app(conn, apps::table.into_boxed().filter(row))
        })
    }

    /// Apps.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn apps(
        &self,
        visible: &Visible,
        filter: &AppFilter,
        page: &Page,
    ) -> Result<Listed<Found<AppView>>, StoreError> {
        self.read(|conn| {
            let mut query = visible!(apps::table.into_boxed(), visible, apps::tenant);
            query = query.filter(apps::gone.eq(false));
            if let Some(tenant) = filter.tenant {
                query = query.filter(apps::tenant.eq(i64::from(tenant.0)));
            }
            if let Some(status) = &filter.status {
                query = query.filter(apps::status.eq(word(status)));
            }
            if let Some(text) = &filter.text {
                query = query.filter(apps::slug.like(like(text)).escape('\\'));
            }
            let lines = sorted!(query, page, apps).select(line!(apps)).load(conn)?;
            let Listed { items, next } = cut(lines, page, |line: &Line| line.position(page));
            let items = app_views(conn, &items)?;
            Ok(Listed { items, next })
        })
    }

    /// A service by id, gone or not, or by slug or name of its Deployment, if exactly one visible one that
    /// is not gone has it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn service(
        &self,
        visible: &Visible,
        name: &str,
    ) -> Result<Option<Found<ServiceView>>, StoreError> {
        self.read(|conn| {
            let called = services::slug.eq(name).or(services::name.eq(name));
            let live = called.and(services::gone.eq(false));
            let named = services::id.eq(name).or(live);
            let query = visible!(services::table.into_boxed(), visible, services::tenant);
            one_service(conn, query.filter(named))
        })
    }

    /// A service by ordinal, gone or not.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn service_by_no(&self, no: ServiceNo) -> Result<Option<Found<ServiceView>>, StoreError> {
        self.read(|conn| {
            let row = services::no.eq(i64::from(no.0));
            one_service(conn, services::table.into_boxed().filter(row))
        })
    }

    /// Services.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn services(
        &self,
        visible: &Visible,
        filter: &ServiceFilter,
        page: &Page,
    ) -> Result<Listed<Found<ServiceView>>, StoreError> {
        self.read(|conn| {
            let mut query = visible!(services::table.into_boxed(), visible, services::tenant);
            query = query.filter(services::gone.eq(false));
            if let Some(tenant) = filter.tenant {
                query = query.filter(services::tenant.eq(i64::from(tenant.0)));
            }
            if let Some(app) = filter.app {
                query = query.filter(services::app.eq(i64::from(app.0)));
            }
            if let Some(status) = &filter.status {
                query = query.filter(services::status.eq(word(status)));
            }
            if let Some(text) = &filter.text {
                query = query.filter(services::slug.like(like(text)).escape('\\'));
            }
            let lines = sorted!(query, page, services)
                .select(line!(services))
                .load(conn)?;
            let Listed { items, next } = cut(lines, page, |line: &Line| line.position(page));
            let items = service_views(conn, &items)?;
            Ok(Listed { items, next })
        })
    }

    /// Ids of services by ordinal; an ordinal that is unknown is left out.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn service_ids(
        &self,
        nos: &[ServiceNo],
    ) -> Result<Vec<(ServiceNo, ServiceId)>, StoreError> {
        let nos: Vec<i64> = nos.iter().map(|no| i64::from(no.0)).collect();
        let mut found = Vec::new();
        for nos in nos.chunks(MANY) {
            let rows: Vec<(i64, String)> = self.read(|conn| {
                let rows = services::table.filter(services::no.eq_any(nos));
                let rows = rows.order(services::no);
                rows.select((services::no, services::id)).load(conn)
            })?;
            let read = |(no, id): (i64, String)| Some((ServiceNo(small(no)), id.parse().ok()?));
            found.extend(rows.into_iter().filter_map(read));
        }
        Ok(found)
    }
}

fn one_app(conn: &mut Conn, query: Apps<'_>) -> QueryResult<Option<Found<AppView>>> {
    let lines: Vec<Line> = query.select(line!(apps)).limit(2).load(conn)?;
    if lines.len() > 1 {
        return Ok(None); // a slug that several tenants use names none of them
    }
    Ok(app_views(conn, &lines)?.pop())
}

fn app_views(conn: &mut Conn, lines: &[Line]) -> QueryResult<Vec<Found<AppView>>> {
    let rows: Vec<App> = lines
        .iter()
        .map(|line| parse(&line.body))
        .collect::<QueryResult<_>>()?;
    let tenants: Vec<i64> = rows.iter().map(|row| i64::from(row.tenant.0)).collect();
    let tenants = tenant_ids(conn, &tenants)?;
    let mut services = services_of(conn, &rows)?;
    let views = lines.iter().zip(rows).map(|(line, row)| {
        Ok(line.found(AppView {
            tenant_id: *tenants.get(&row.tenant).ok_or(diesel::NotFound)?,
            status: from_word(&line.status)?,
            services: services.remove(&row.no).unwrap_or_default(),
            row,
        }))
    });
    views.collect()
}

fn services_of(conn: &mut Conn, rows: &[App]) -> QueryResult<BTreeMap<AppNo, Vec<ServiceLine>>> {
    let nos: Vec<i64> = rows.iter().map(|row| i64::from(row.no.0)).collect();
    let found = services::table.filter(services::app.eq_any(nos));
    let found: Vec<(i64, i64, String, String, String)> = found
        .filter(services::gone.eq(false))
        .order(services::no)
        .select((
            services::app,
            services::no,
            services::id,
            services::slug,
            services::status,
        ))
        .load(conn)?;
    let mut services: BTreeMap<AppNo, Vec<ServiceLine>> = BTreeMap::new();
    for (app, no, id, slug, status) in found {
        let line = ServiceLine {
            no: ServiceNo(small(no)),
            id: from_word(&id)?,
            slug: slug.into(),
            status: from_word(&status)?,
        };
        services.entry(AppNo(small(app))).or_default().push(line);
    }
    Ok(services)
}

fn one_service(conn: &mut Conn, query: Services<'_>) -> QueryResult<Option<Found<ServiceView>>> {
    let lines: Vec<Line> = query.select(line!(services)).limit(2).load(conn)?;
    if lines.len() > 1 {
        return Ok(None);
    }
    Ok(service_views(conn, &lines)?.pop())
}

fn service_views(conn: &mut Conn, lines: &[Line]) -> QueryResult<Vec<Found<ServiceView>>> {
    let rows: Vec<Service> = lines
        .iter()
        .map(|line| parse(&line.body))
        .collect::<QueryResult<_>>()?;
    let tenants: Vec<i64> = rows.iter().map(|row| i64::from(row.tenant.0)).collect();
    let tenants = tenant_ids(conn, &tenants)?;
    let apps = apps_of(conn, &rows)?;
    let mut revisions = current_revisions(conn, &rows)?;
    let mut beside = beside(conn, rows.iter())?;
    let views = lines.iter().zip(rows).map(|(line, row)| {
        let (app_id, app_slug) = apps.get(&row.app).cloned().ok_or(diesel::NotFound)?;
        let Beside {
            status: observed,
            rollout,
            held,
            ..
        } = beside.remove(&row.no).unwrap_or_default();
        Ok(line.found(ServiceView {
            tenant_id: *tenants.get(&row.tenant).ok_or(diesel::NotFound)?,
            app_id,
            app_slug,
            status: from_word(&line.status)?,
            observed,
            revision: revisions.remove(&row.no),
            rollout,
            held,
            row,
        }))
    });
    views.collect()
}

fn apps_of(conn: &mut Conn, rows: &[Service]) -> QueryResult<BTreeMap<AppNo, (AppId, Arc<str>)>> {
    let nos: Vec<i64> = rows.iter().map(|row| i64::from(row.app.0)).collect();
    let found = apps::table.filter(apps::no.eq_any(nos));
    let found: Vec<(i64, String, String)> =
        found.select((apps::no, apps::id, apps::slug)).load(conn)?;
    let apps = found
        .into_iter()
        .map(|(no, id, slug)| Ok((AppNo(small(no)), (from_word(&id)?, slug.into()))));
    apps.collect()
}

fn current_revisions(
    conn: &mut Conn,
    rows: &[Service],
) -> QueryResult<BTreeMap<ServiceNo, Revision>> {
    let mut found = BTreeMap::new();
    for rows in rows.chunks(100) {
        let mut query = revisions::table.into_boxed();
        query = query.filter(revisions::number.lt(0));
        for row in rows {
            let of = revisions::service.eq(i64::from(row.no.0));
            query = query.or_filter(of.and(revisions::number.eq(i64::from(row.revision))));
        }
        let bodies: Vec<String> = query.select(revisions::body).load(conn)?;
        for body in bodies {
            let revision: Revision = parse(&body)?;
            found.insert(revision.service, revision);
        }
    }
    Ok(found)
}
