//! Signing keys, versions of tokens, tokens that are refused, and settings of the installation.

use std::sync::Arc;

use diesel::prelude::*;
use nimbus_core::store::StoreError;
use nimbus_core::time::Time;
use serde::{Deserialize, Serialize};

use super::Store;
use super::batch::upsert;
use super::conn::Conn;
use super::number::{json, parse};
use super::schema::{denied_tokens, settings, signing_keys, token_versions};

/// A key that tokens are signed with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKeyRow {
    /// Its name in the header of a token.
    pub kid: Arc<str>,
    /// The secret as its owner sealed it.
    pub secret: Vec<u8>,
    /// When it was made.
    pub created_at: Time,
    /// It signs no more since; it verifies until `until`.
    pub retired_at: Option<Time>,
    /// It verifies no more from here.
    pub until: Option<Time>,
}

#[derive(Insertable)]
#[diesel(table_name = signing_keys)]
struct NewSigningKey {
    kid: String,
    created_at: i64,
    body: String,
}

#[derive(Insertable)]
#[diesel(table_name = settings)]
struct Setting<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Insertable)]
#[diesel(table_name = token_versions)]
struct TokenVersion<'a> {
    principal: &'a str,
    version: i64,
}

#[derive(Insertable)]
#[diesel(table_name = denied_tokens)]
struct Denied<'a> {
    jti: &'a str,
    ends_at: i64,
}

impl Store {
    /// All keys that tokens are signed with, oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn signing_keys(&self) -> Result<Vec<SigningKeyRow>, StoreError> {
        self.read(|conn| {
            let rows = signing_keys::table.order((signing_keys::created_at, signing_keys::kid));
            let bodies: Vec<String> = rows.select(signing_keys::body).load(conn)?;
            bodies.iter().map(|body| parse(body)).collect()
        })
    }

    /// Inserts or replaces one.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn put_signing_key(&self, row: &SigningKeyRow) -> Result<(), StoreError> {
        self.write(|conn| {
            let values = [NewSigningKey {
                kid: row.kid.to_string(),
                created_at: row.created_at.0,
                body: json(row)?,
            }];
            upsert!(
                conn,
                signing_keys,
                &values,
                signing_keys::kid,
                [created_at, body]
            );
            Ok(())
        })
    }

    /// The version that tokens of a principal must have; 0 if it was never raised.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn token_version(&self, principal: &str) -> Result<i64, StoreError> {
        self.read(|conn| token_version(conn, principal))
    }

    /// Raises it by one, so that all tokens of the principal end; the new one.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn raise_token_version(&self, principal: &str) -> Result<i64, StoreError> {
        self.write(|conn| {
            let version = token_version(conn, principal)? + 1;
            let values = [TokenVersion { principal, version }];
            upsert!(
                conn,
                token_versions,
                &values,
                token_versions::principal,
                [version]
            );
            Ok(version)
        })
    }

    /// Refuses one token by its id from now on; forgotten after `until`, when it has ended anyway. Again: no
    /// change.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn deny_token(&self, jti: &str, until: Time) -> Result<(), StoreError> {
        let values = [Denied {
            jti,
            ends_at: until.0,
        }];
        self.write(|conn| {
            upsert!(conn, denied_tokens, &values, denied_tokens::jti, [ends_at]);
            Ok(())
        })
    }

    /// All tokens that are refused by their id and have not ended at `now` (wall time).
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn denied_tokens(&self, now: Time) -> Result<Vec<(String, Time)>, StoreError> {
        let rows: Vec<(String, i64)> = self.read(|conn| {
            let rows = denied_tokens::table.filter(denied_tokens::ends_at.gt(now.0));
            rows.order(denied_tokens::jti).load(conn)
        })?;
        Ok(rows.into_iter().map(|(jti, at)| (jti, Time(at))).collect())
    }

    /// A setting of the installation.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.read(|conn| {
            let row = settings::table.find(name);
            row.select(settings::value).first(conn).optional()
        })
    }

    /// Sets one.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn put_setting(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let values = [Setting { name, value }];
        self.write(|conn| {
            upsert!(conn, settings, &values, settings::name, [value]);
            Ok(())
        })
    }

    /// Sets one that nobody has set; whether it was this call that did.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn claim_setting(&self, name: &str, value: &str) -> Result<bool, StoreError> {
        let new = Setting { name, value };
        self.write(|conn| {
            let insert = diesel::insert_into(settings::table).values(&new);
            let inserted = match conn {
                Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn)?,
                Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn)?,
            };
            Ok(inserted > 0)
        })
    }
}

fn token_version(conn: &mut Conn, principal: &str) -> QueryResult<i64> {
    let row = token_versions::table.find(principal);
    let version: Option<i64> = row.select(token_versions::version).first(conn).optional()?;
    Ok(version.unwrap_or(0))
}
