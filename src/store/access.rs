//! Who may come in: API keys, users, signing keys, token versions, settings. No machine owns these; the
//! one writer commits them, and they are not journaled.

use std::sync::Arc;

use diesel::prelude::*;
use nimbus_core::ids::{KeyId, OrgNo, TenantNo, UserId};
use nimbus_core::store::StoreError;
use nimbus_core::time::Time;
use serde::{Deserialize, Serialize};

use super::Store;
use super::batch::upsert;
use super::conn::{Conn, MultiBackend};
use super::keyset::{cut, keyset, unsorted};
use super::number::{json, parse};
use super::page::{By, Listed, Page, Position, Value, Visible};
use super::schema::{api_keys, tenants, users};

/// Who a key or token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The platform's administrator.
    Admin,
    /// A tenant.
    Tenant(TenantNo),
    /// An organization.
    Org(OrgNo),
    /// A person.
    User(UserId),
}

/// An API key, without the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyRow {
    /// Its id.
    pub id: KeyId,
    /// For whom it stands.
    pub subject: Subject,
    /// The role that it is limited to, if it is less than its subject's.
    pub role: Option<Arc<str>>,
    /// `bearer` or `hmac`.
    pub kind: Arc<str>,
    /// What its owner calls it.
    pub name: Arc<str>,
    /// The part that may be shown.
    pub prefix: Arc<str>,
    /// SHA-256 of the key, hex: what it is found by.
    pub hash: Arc<str>,
    /// What it may be used for; empty means all that its subject may do.
    pub scopes: Vec<Arc<str>>,
    /// When it was made.
    pub created_at: Time,
    /// Who made it.
    pub created_by: Arc<str>,
    /// When it ends.
    pub expires_at: Option<Time>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Time>,
    /// When it was taken back.
    pub revoked_at: Option<Time>,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRow {
    /// Id.
    pub id: UserId,
    /// Unique, lower case.
    pub username: Arc<str>,
    /// Unique if it is not empty, lower case.
    pub email: Arc<str>,
    /// PHC string; `None` if there is no password.
    pub password_hash: Option<Arc<str>>,
    /// Administrator of the platform.
    pub platform_admin: bool,
    /// Roles: organization and role.
    pub roles: Vec<(OrgNo, Arc<str>)>,
    /// When.
    pub created_at: Time,
    /// May not come in since.
    pub disabled_at: Option<Time>,
}

#[derive(Insertable)]
#[diesel(table_name = api_keys, treat_none_as_default_value = false)]
struct NewKey {
    id: String,
    hash: String,
    subject: String,
    tenant: Option<i64>,
    org: Option<i64>,
    name: String,
    created_at: i64,
    body: String,
}

#[derive(Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
struct NewUser {
    id: String,
    username: String,
    email: Option<String>,
    body: String,
}

type Keys = api_keys::BoxedQuery<'static, MultiBackend>;

/// When a key was made, its name, its id and its row.
type KeyLine = (i64, String, String, String);

impl Store {
    /// What keys can be sorted by.
    pub const API_KEY_SORTS: &'static [By] = &[By::CreatedAt, By::Name];

    /// A key by its hash, taken back or not.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn api_key_by_hash(&self, hash: &str) -> Result<Option<ApiKeyRow>, StoreError> {
        self.read(|conn| {
            let row = api_keys::table.filter(api_keys::hash.eq(hash));
            let body: Option<String> = row.select(api_keys::body).first(conn).optional()?;
            body.map(|body| parse(&body)).transpose()
        })
    }

    /// A key by its id.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn api_key(&self, id: KeyId) -> Result<Option<ApiKeyRow>, StoreError> {
        self.read(|conn| key(conn, id))
    }

    /// Keys of a subject, or all visible ones. An organization sees its own and those of its tenants.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn api_keys(
        &self,
        visible: &Visible,
        subject: Option<Subject>,
        page: &Page,
    ) -> Result<Listed<ApiKeyRow>, StoreError> {
        self.read(|conn| {
            let mut query = visible_keys(visible);
            if let Some(subject) = &subject {
                query = query.filter(api_keys::subject.eq(json(subject)?));
            }
            let line = (
                api_keys::created_at,
                api_keys::name,
                api_keys::id,
                api_keys::body,
            );
            let rows: Vec<KeyLine> = match page.sort.by {
                By::CreatedAt => {
                    let query = keyset!(query, page, after_int, api_keys::created_at, api_keys::id);
                    query.select(line).load(conn)?
                }
                By::Name => {
                    let query = keyset!(query, page, after_text, api_keys::name, api_keys::id);
                    query.select(line).load(conn)?
                }
                By::UpdatedAt => return Err(unsorted(page)),
            };
            let Listed { items, next } = cut(rows, page, |row| Position {
                key: match page.sort.by {
                    By::Name => Value::Text(row.1.clone()),
                    By::CreatedAt | By::UpdatedAt => Value::Int(row.0),
                },
                id: row.2.clone(),
            });
            let items = items.iter().map(|row| parse(&row.3));
            let items = items.collect::<QueryResult<_>>()?;
            Ok(Listed { items, next })
        })
    }

    /// Inserts or replaces a key.
    ///
    /// # Errors
    /// `Refused` if another key has the same hash.
    pub fn put_api_key(&self, row: &ApiKeyRow) -> Result<(), StoreError> {
        self.write(|conn| Ok(put_key(conn, row)?))
    }

    /// Notes when a key was last used; changes nothing else of it. A key that is not there is no error.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn touch_api_key(&self, id: KeyId, at: Time) -> Result<(), StoreError> {
        self.write(|conn| {
            if let Some(mut row) = key(conn, id)? {
                row.last_used_at = Some(at);
                put_key(conn, &row)?;
            }
            Ok(())
        })
    }

    /// A person by id.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn user(&self, id: UserId) -> Result<Option<UserRow>, StoreError> {
        self.read(|conn| {
            let row = users::table.find(id.to_string());
            let body: Option<String> = row.select(users::body).first(conn).optional()?;
            body.map(|body| parse(&body)).transpose()
        })
    }

    /// A person by user name or mail address, in lower case. A user name goes before an address.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn user_by_name(&self, name: &str) -> Result<Option<UserRow>, StoreError> {
        self.read(|conn| {
            let by_name = users::table.filter(users::username.eq(name));
            let body: Option<String> = by_name.select(users::body).first(conn).optional()?;
            let body = match body {
                Some(body) => Some(body),
                None => {
                    let by_mail = users::table.filter(users::email.eq(name));
                    by_mail.select(users::body).first(conn).optional()?
                }
            };
            body.map(|body: String| parse(&body)).transpose()
        })
    }

    /// People by user name, in the page's direction.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn users(&self, page: &Page) -> Result<Listed<UserRow>, StoreError> {
        self.read(|conn| {
            let query = users::table.into_boxed::<MultiBackend>();
            let rows: Vec<(String, String, String)> =
                keyset!(query, page, after_text, users::username, users::id)
                    .select((users::username, users::id, users::body))
                    .load(conn)?;
            let Listed { items, next } = cut(rows, page, |row| Position {
                key: Value::Text(row.0.clone()),
                id: row.1.clone(),
            });
            let items = items.iter().map(|row| parse(&row.2));
            let items = items.collect::<QueryResult<_>>()?;
            Ok(Listed { items, next })
        })
    }

    /// Inserts or replaces a person.
    ///
    /// # Errors
    /// `Refused` if the name or address is taken.
    pub fn put_user(&self, row: &UserRow) -> Result<(), StoreError> {
        self.write(|conn| {
            let values = [NewUser {
                id: row.id.to_string(),
                username: row.username.to_string(),
                email: Some(row.email.to_string()).filter(|email| !email.is_empty()),
                body: json(row)?,
            }];
            upsert!(conn, users, &values, users::id, [username, email, body]);
            Ok(())
        })
    }
}

fn key(conn: &mut Conn, id: KeyId) -> QueryResult<Option<ApiKeyRow>> {
    let row = api_keys::table.find(id.to_string());
    let body: Option<String> = row.select(api_keys::body).first(conn).optional()?;
    body.map(|body| parse(&body)).transpose()
}

fn put_key(conn: &mut Conn, row: &ApiKeyRow) -> QueryResult<()> {
    let (tenant, org) = match row.subject {
        Subject::Tenant(no) => (Some(i64::from(no.0)), None),
        Subject::Org(no) => (None, Some(i64::from(no.0))),
        Subject::Admin | Subject::User(_) => (None, None),
    };
    let values = [NewKey {
        id: row.id.to_string(),
        hash: row.hash.to_string(),
        subject: json(&row.subject)?,
        tenant,
        org,
        name: row.name.to_string(),
        created_at: row.created_at.0,
        body: json(row)?,
    }];
    upsert!(
        conn,
        api_keys,
        &values,
        api_keys::id,
        [hash, subject, tenant, org, name, created_at, body]
    );
    Ok(())
}

fn visible_keys(visible: &Visible) -> Keys {
    let query: Keys = api_keys::table.into_boxed();
    match visible {
        Visible::All => query,
        Visible::Tenant(no) => query.filter(api_keys::tenant.eq(i64::from(no.0))),
        Visible::Orgs(orgs) => {
            let orgs: Vec<i64> = orgs.iter().map(|org| i64::from(org.0)).collect();
            let theirs = tenants::table.filter(tenants::org.eq_any(orgs.clone()));
            let of_tenant = api_keys::tenant
                .assume_not_null()
                .eq_any(theirs.select(tenants::no));
            let of_org = api_keys::org.assume_not_null().eq_any(orgs);
            query.filter(of_tenant.or(of_org))
        }
    }
}
