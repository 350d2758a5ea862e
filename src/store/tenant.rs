//! Questions about organizations and tenants.

use std::collections::BTreeMap;

use diesel::prelude::*;
use nimbus_core::ids::{OrgId, OrgNo, TenantId, TenantNo};
use nimbus_core::machine::Address;
use nimbus_core::store::StoreError;
use nimbus_core::store::tenant::{Key, OrgRow, Row, TenantRow};
use nimbus_core::tenant::Status;
use nimbus_core::time::Time;
use nimbus_core::units::Resources;

use super::Store;
use super::conn::{Conn, MultiBackend};
use super::keyset::{cut, keyset, like};
use super::number::{json, parse, small, word};
use super::page::{By, Found, Listed, Page, Position, Value, Visible};
use super::schema::{machine_rows, organizations, tenant_labels, tenants};

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgView {
    /// Its ordinal.
    pub no: OrgNo,
    /// Its row.
    pub row: OrgRow,
}

/// A tenant, and what an answer about it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantView {
    /// Its ordinal.
    pub no: TenantNo,
    /// Its row.
    pub row: TenantRow,
    /// Its organization.
    pub org: OrgRow,
    /// What it has reserved.
    pub used: Resources,
    /// Apps that it has.
    pub apps: u32,
}

/// Which tenants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantFilter {
    /// Of this organization.
    pub org: Option<OrgNo>,
    /// In this state; without one all that are not gone.
    pub status: Option<Status>,
    /// With all of these labels, `key=value`.
    pub labels: Vec<String>,
    /// Whose name or slug holds this text, whatever its case.
    pub text: Option<String>,
}

/// What both tables have in common.
#[derive(Queryable)]
struct Line {
    no: i64,
    id: String,
    slug: String,
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
            $table::no,
            $table::id,
            $table::slug,
            $table::created_at,
            $table::updated_at,
            $table::body,
        )
    };
}

type Orgs<'a> = organizations::BoxedQuery<'a, MultiBackend>;
type Tenants<'a> = tenants::BoxedQuery<'a, MultiBackend>;

impl Store {
    /// What tenants and organizations can be sorted by.
    pub const TENANT_SORTS: &'static [By] = &[By::CreatedAt, By::UpdatedAt, By::Name];

    /// An organization by id or slug; closed ones by id only.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn org(&self, visible: &Visible, name: &str) -> Result<Option<Found<OrgView>>, StoreError> {
        self.read(|conn| {
            let open = organizations::slug
                .eq(name)
                .and(organizations::closed.eq(false));
            let named = organizations::id.eq(name).or(open);
            one_org(conn, visible_orgs(visible).filter(named))
        })
    }

    /// An organization by ordinal.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn org_by_no(&self, no: OrgNo) -> Result<Option<Found<OrgView>>, StoreError> {
        self.read(|conn| {
            let row = organizations::no.eq(i64::from(no.0));
            one_org(conn, visible_orgs(&Visible::All).filter(row))
        })
    }

    /// Organizations that are not closed; `text` is looked for in the slug.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn orgs(
        &self,
        visible: &Visible,
        text: Option<&str>,
        page: &Page,
    ) -> Result<Listed<Found<OrgView>>, StoreError> {
        self.read(|conn| {
            let mut query = visible_orgs(visible).filter(organizations::closed.eq(false));
            if let Some(text) = text {
                query = query.filter(organizations::slug.like(like(text)).escape('\\'));
            }
            let query = match page.sort.by {
                By::CreatedAt => {
                    keyset!(
                        query,
                        page,
                        after_int,
                        organizations::created_at,
                        organizations::id
                    )
                }
                By::UpdatedAt => {
                    keyset!(
                        query,
                        page,
                        after_int,
                        organizations::updated_at,
                        organizations::id
                    )
                }
                By::Name => {
                    keyset!(
                        query,
                        page,
                        after_text,
                        organizations::slug,
                        organizations::id
                    )
                }
            };
            let lines: Vec<Line> = query.select(line!(organizations)).load(conn)?;
            let Listed { items, next } = cut(lines, page, |line| line.position(page));
            let items = items.iter().map(org_view);
            Ok(Listed {
                items: items.collect::<QueryResult<_>>()?,
                next,
            })
        })
    }

    /// A tenant by id or slug; one that is gone by id only.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn tenant(
        &self,
        visible: &Visible,
        name: &str,
    ) -> Result<Option<Found<TenantView>>, StoreError> {
        self.read(|conn| {
            let live = tenants::slug
                .eq(name)
                .and(tenants::status.ne(word(&Status::Gone)));
            let named = tenants::id.eq(name).or(live);
            one_tenant(conn, visible_tenants(visible).filter(named))
        })
    }

    /// A tenant by ordinal, gone or not.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn tenant_by_no(&self, no: TenantNo) -> Result<Option<Found<TenantView>>, StoreError> {
        self.read(|conn| {
            let row = tenants::no.eq(i64::from(no.0));
            one_tenant(conn, visible_tenants(&Visible::All).filter(row))
        })
    }

    /// Tenants.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn tenants(
        &self,
        visible: &Visible,
        filter: &TenantFilter,
        page: &Page,
    ) -> Result<Listed<Found<TenantView>>, StoreError> {
        self.read(|conn| {
            let query = filtered(visible_tenants(visible), filter);
            let query = match page.sort.by {
                By::CreatedAt => {
                    keyset!(query, page, after_int, tenants::created_at, tenants::id)
                }
                By::UpdatedAt => {
                    keyset!(query, page, after_int, tenants::updated_at, tenants::id)
                }
                By::Name => keyset!(query, page, after_text, tenants::slug, tenants::id),
            };
            let lines: Vec<Line> = query.select(line!(tenants)).load(conn)?;
            let Listed { items, next } = cut(lines, page, |line| line.position(page));
            let items = tenant_views(conn, &items)?;
            Ok(Listed { items, next })
        })
    }

    /// Ids of organizations by ordinal; an ordinal that is unknown is left out.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn org_ids(&self, nos: &[OrgNo]) -> Result<Vec<(OrgNo, OrgId)>, StoreError> {
        let nos: Vec<i64> = nos.iter().map(|no| i64::from(no.0)).collect();
        let rows: Vec<(i64, String)> = self.read(|conn| {
            let rows = organizations::table.filter(organizations::no.eq_any(&nos));
            rows.order(organizations::no)
                .select((organizations::no, organizations::id))
                .load(conn)
        })?;
        let read = |(no, id): (i64, String)| Some((OrgNo(small(no)), id.parse().ok()?));
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// Ids of tenants by ordinal; an ordinal that is unknown is left out.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn tenant_ids(&self, nos: &[TenantNo]) -> Result<Vec<(TenantNo, TenantId)>, StoreError> {
        let nos: Vec<i64> = nos.iter().map(|no| i64::from(no.0)).collect();
        let found = self.read(|conn| tenant_ids(conn, &nos))?;
        Ok(found.into_iter().collect())
    }
}

fn visible_orgs(visible: &Visible) -> Orgs<'static> {
    let query = organizations::table.into_boxed();
    match visible {
        Visible::All => query,
        Visible::Orgs(orgs) => {
            let orgs: Vec<i64> = orgs.iter().map(|org| i64::from(org.0)).collect();
            query.filter(organizations::no.eq_any(orgs))
        }
        Visible::Tenant(no) => {
            let own = tenants::table.filter(tenants::no.eq(i64::from(no.0)));
            query.filter(organizations::no.eq_any(own.select(tenants::org)))
        }
    }
}

fn visible_tenants(visible: &Visible) -> Tenants<'static> {
    let query = tenants::table.into_boxed();
    match visible {
        Visible::All => query,
        Visible::Orgs(orgs) => {
            let orgs: Vec<i64> = orgs.iter().map(|org| i64::from(org.0)).collect();
            query.filter(tenants::org.eq_any(orgs))
        }
        Visible::Tenant(no) => query.filter(tenants::no.eq(i64::from(no.0))),
    }
}

fn filtered(mut query: Tenants<'static>, filter: &TenantFilter) -> Tenants<'static> {
    query = match filter.status {
        Some(status) => query.filter(tenants::status.eq(word(&status))),
        None => query.filter(tenants::status.ne(word(&Status::Gone))),
    };
    if let Some(org) = filter.org {
        query = query.filter(tenants::org.eq(i64::from(org.0)));
    }
    if let Some(text) = &filter.text {
        query = query.filter(tenants::search.like(like(text)).escape('\\'));
    }
    for label in &filter.labels {
        let with = tenant_labels::table.filter(tenant_labels::label.eq(label.clone()));
        query = query.filter(tenants::no.eq_any(with.select(tenant_labels::tenant)));
    }
    query
}

fn one_org(conn: &mut Conn, query: Orgs<'_>) -> QueryResult<Option<Found<OrgView>>> {
    let line: Option<Line> = query.select(line!(organizations)).first(conn).optional()?;
    line.as_ref().map(org_view).transpose()
}

fn org_view(line: &Line) -> QueryResult<Found<OrgView>> {
    let no = OrgNo(small(line.no));
    let row = parse(&line.body)?;
    Ok(line.found(OrgView { no, row }))
}

fn one_tenant(conn: &mut Conn, query: Tenants<'_>) -> QueryResult<Option<Found<TenantView>>> {
    let lines: Vec<Line> = query.select(line!(tenants)).limit(1).load(conn)?;
    Ok(tenant_views(conn, &lines)?.pop())
}

/// Tenants with their organizations and what they have reserved.
fn tenant_views(conn: &mut Conn, lines: &[Line]) -> QueryResult<Vec<Found<TenantView>>> {
    let rows: Vec<TenantRow> = lines
        .iter()
        .map(|line| parse(&line.body))
        .collect::<QueryResult<_>>()?;
    let orgs = orgs_of(conn, &rows)?;
    let used = used(conn, lines)?;
    let views = lines.iter().zip(rows).map(|(line, row)| {
        let no = TenantNo(small(line.no));
        let org = orgs.get(&row.org).cloned().ok_or(diesel::NotFound)?;
        let (used, apps) = used.get(&no).copied().unwrap_or_default();
        Ok(line.found(TenantView {
            no,
            row,
            org,
            used,
            apps,
        }))
    });
    views.collect()
}

fn orgs_of(conn: &mut Conn, rows: &[TenantRow]) -> QueryResult<BTreeMap<OrgNo, OrgRow>> {
    let nos: Vec<i64> = rows.iter().map(|row| i64::from(row.org.0)).collect();
    let found = organizations::table.filter(organizations::no.eq_any(nos));
    let found: Vec<(i64, String)> = found
        .select((organizations::no, organizations::body))
        .load(conn)?;
    let orgs = found
        .into_iter()
        .map(|(no, body)| Ok((OrgNo(small(no)), parse(&body)?)));
    orgs.collect()
}

fn used(conn: &mut Conn, lines: &[Line]) -> QueryResult<BTreeMap<TenantNo, (Resources, u32)>> {
    let keys: Vec<String> = lines
        .iter()
        .map(|line| json(&Key::Used(TenantNo(small(line.no)))))
        .collect::<QueryResult<_>>()?;
    let found = machine_rows::table.filter(machine_rows::address.eq(Address::Tenant as i64));
    let bodies: Vec<String> = found
        .filter(machine_rows::key.eq_any(keys))
        .select(machine_rows::body)
        .load(conn)?;
    let mut used = BTreeMap::new();
    for body in bodies {
        if let Row::Used {
            tenant,
            used: amount,
            apps,
        } = parse(&body)?
        {
            used.insert(tenant, (amount, apps));
        }
    }
    Ok(used)
}

/// Ids of tenants by ordinal.
pub(super) fn tenant_ids(
    conn: &mut Conn,
    nos: &[i64],
) -> QueryResult<BTreeMap<TenantNo, TenantId>> {
    let rows = tenants::table.filter(tenants::no.eq_any(nos));
    let rows: Vec<(i64, String)> = rows.select((tenants::no, tenants::id)).load(conn)?;
    let read = |(no, id): (i64, String)| Some((TenantNo(small(no)), id.parse().ok()?));
    Ok(rows.into_iter().filter_map(read).collect())
}
