//! Policies, scenarios, runs and reports: what people keep beside the control plane's own rows.

use std::sync::Arc;

use diesel::prelude::*;
use nimbus_core::ids::{PolicyId, ReportId, RunId, ScenarioId};
use nimbus_core::store::StoreError;
use nimbus_core::time::Time;
use serde::{Deserialize, Serialize};

use super::Store;
use super::batch::upsert;
use super::conn::MultiBackend;
use super::keyset::{cut, keyset, unsorted};
use super::number::{json, parse};
use super::page::{By, Listed, Page, Position, Value};
use super::schema::{policies, reports, runs, scenarios};

/// A version of a policy. Its parameters never change; its state does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRow {
    /// Its id.
    pub id: PolicyId,
    /// `schedule`, `autoscale`, `billing`, `quota`, `admission`.
    pub kind: Arc<str>,
    /// Its name; unique together with kind, scope and version.
    pub name: Arc<str>,
    /// 1, 2, …
    pub policy_version: u32,
    /// `platform`, `cluster`, `tenant`, `service`.
    pub level: Arc<str>,
    /// Id of what it is for; empty for the platform.
    pub scope: Arc<str>,
    /// `draft`, `shadow`, `active`, `retired`.
    pub state: Arc<str>,
    /// SHA-256 over the parameters, hex.
    pub hash: Arc<str>,
    /// JSON object.
    pub params: String,
    /// Who.
    pub created_by: Arc<str>,
    /// When.
    pub created_at: Time,
}

/// Which policies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyFilter {
    /// Of this kind.
    pub kind: Option<String>,
    /// Of this level.
    pub level: Option<String>,
    /// In this state.
    pub state: Option<String>,
    /// With this name: its versions.
    pub name: Option<String>,
}

/// A scenario that is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioRow {
    /// Its id.
    pub id: ScenarioId,
    /// Its name.
    pub name: Arc<str>,
    /// Its hash, hex.
    pub hash: Arc<str>,
    /// Who owns it.
    pub by: Arc<str>,
    /// The text.
    pub toml: String,
    /// JSON object: duration, counts.
    pub data: String,
    /// +1 with each change.
    pub version: u32,
    /// When.
    pub created_at: Time,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRow {
    /// Its id.
    pub id: RunId,
    /// Of which scenario, if that is stored.
    pub scenario: Option<ScenarioId>,
    /// `queued`, `running`, `paused`, `done`, `failed`, `cancelled`.
    pub state: Arc<str>,
    /// Who owns it.
    pub by: Arc<str>,
    /// JSON object: all else.
    pub data: String,
    /// When.
    pub created_at: Time,
}

/// A report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRow {
    /// Its id.
    pub id: ReportId,
    /// `replay`, `compare`, `sweep`, `capacity`, …
    pub kind: Arc<str>,
    /// The run that it is of, if it is of one.
    pub run: Option<RunId>,
    /// Who owns it.
    pub by: Arc<str>,
    /// SHA-256 over the document, hex.
    pub content_hash: Arc<str>,
    /// The document.
    pub document: String,
    /// When.
    pub created_at: Time,
}

/// Which scenarios, runs or reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabFilter {
    /// Of this owner.
    pub by: Option<String>,
    /// Runs in this state, reports of this kind, scenarios of this name.
    pub word: Option<String>,
}

macro_rules! lab {
    ($one:ident, $list:ident, $put:ident, $drop:ident, $row:ident, $id:ident, $word:ident, $what:literal) => {
        #[doc = concat!("One ", $what, ".")]
        ///
        /// # Errors
        /// See [`StoreError`].
        pub fn $one(&self, id: $id) -> Result<Option<$row>, StoreError> {
            self.read(|conn| {
                let row = $list::table.find(id.to_string());
                let body: Option<String> = row.select($list::body).first(conn).optional()?;
                body.map(|body| parse(&body)).transpose()
            })
        }

        #[doc = concat!("All: ", $what, "s by the time they were made, in the page's order.")]
        ///
        /// # Errors
        /// See [`StoreError`].
        pub fn $list(&self, filter: &LabFilter, page: &Page) -> Result<Listed<$row>, StoreError> {
            self.read(|conn| {
                let mut query = $list::table.into_boxed::<MultiBackend>();
                if let Some(by) = &filter.by {
                    query = query.filter($list::owner.eq(by.clone()));
                }
                if let Some(word) = &filter.word {
                    query = query.filter($list::word.eq(word.clone()));
                }
                let rows: Vec<(i64, String, String)> =
                    keyset!(query, page, after_int, $list::created_at, $list::id)
                        .select(($list::created_at, $list::id, $list::body))
                        .load(conn)?;
                let Listed { items, next } = cut(rows, page, |row| Position {
                    key: Value::Int(row.0),
                    id: row.1.clone(),
                });
                let items = items.iter().map(|(_, _, body)| parse(body));
                let items = items.collect::<QueryResult<_>>()?;
                Ok(Listed { items, next })
            })
        }

        #[doc = concat!("Inserts or replaces a ", $what, ".")]
        ///
        /// # Errors
        /// See [`StoreError`].
        pub fn $put(&self, row: &$row) -> Result<(), StoreError> {
            #[derive(Insertable)]
            #[diesel(table_name = $list)]
            struct New {
                id: String,
                owner: String,
                word: String,
                created_at: i64,
                body: String,
            }
            self.write(|conn| {
                let values = [New {
                    id: row.id.to_string(),
                    owner: row.by.to_string(),
                    word: row.$word.to_string(),
                    created_at: row.created_at.0,
                    body: json(row)?,
                }];
                upsert!(
                    conn,
                    $list,
                    &values,
                    $list::id,
                    [owner, word, created_at, body]
                );
                Ok(())
            })
        }

        #[doc = concat!("Deletes a ", $what, "; whether there was one.")]
        ///
        /// # Errors
        /// See [`StoreError`].
        pub fn $drop(&self, id: $id) -> Result<bool, StoreError> {
            self.write(|conn| {
                let row = $list::table.find(id.to_string());
                Ok(diesel::delete(row).execute(conn)? > 0)
            })
        }
    };
}

#[derive(Insertable)]
#[diesel(table_name = policies)]
struct NewPolicy {
    id: String,
    kind: String,
    level: String,
    scope: String,
    name: String,
    policy_version: i64,
    state: String,
    created_at: i64,
    body: String,
}

type Policies = policies::BoxedQuery<'static, MultiBackend>;

/// What a policy is sorted by, its id and its row.
type PolicyLine = (i64, String, String, String);

impl Store {
    /// What policies can be sorted by.
    pub const POLICY_SORTS: &'static [By] = &[By::CreatedAt, By::Name];

    /// A version of a policy.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn policy(&self, id: PolicyId) -> Result<Option<PolicyRow>, StoreError> {
        self.read(|conn| {
            let row = policies::table.find(id.to_string());
            let body: Option<String> = row.select(policies::body).first(conn).optional()?;
            body.map(|body| parse(&body)).transpose()
        })
    }

    /// Policies.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn policies(
        &self,
        filter: &PolicyFilter,
        page: &Page,
    ) -> Result<Listed<PolicyRow>, StoreError> {
        self.read(|conn| {
            let query = filtered(filter);
            let line = (
                policies::created_at,
                policies::name,
                policies::id,
                policies::body,
            );
            let rows: Vec<PolicyLine> = match page.sort.by {
                By::CreatedAt => {
                    let query = keyset!(query, page, after_int, policies::created_at, policies::id);
                    query.select(line).load(conn)?
                }
                By::Name => {
                    let query = keyset!(query, page, after_text, policies::name, policies::id);
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

    /// Inserts or replaces versions of policies, all or none: a promotion changes two.
    ///
    /// # Errors
    /// `Refused` if another row has the same kind, scope, name and version.
    pub fn put_policies(&self, rows: &[PolicyRow]) -> Result<(), StoreError> {
        self.write(|conn| {
            let new = |row: &PolicyRow| -> QueryResult<NewPolicy> {
                Ok(NewPolicy {
                    id: row.id.to_string(),
                    kind: row.kind.to_string(),
                    level: row.level.to_string(),
                    scope: row.scope.to_string(),
                    name: row.name.to_string(),
                    policy_version: i64::from(row.policy_version),
                    state: row.state.to_string(),
                    created_at: row.created_at.0,
                    body: json(row)?,
                })
            };
            let values: Vec<NewPolicy> = rows.iter().map(new).collect::<QueryResult<_>>()?;
            upsert!(
                conn,
                policies,
                &values,
                policies::id,
                [
                    kind,
                    level,
                    scope,
                    name,
                    policy_version,
                    state,
                    created_at,
                    body
                ]
            );
            Ok(())
        })
    }

    lab!(
        scenario,
        scenarios,
        put_scenario,
        drop_scenario,
        ScenarioRow,
        ScenarioId,
        name,
        "scenario"
    );
    lab!(run, runs, put_run, drop_run, RunRow, RunId, state, "run");
    lab!(
        report,
        reports,
        put_report,
        drop_report,
        ReportRow,
        ReportId,
        kind,
        "report"
    );
}

fn filtered(filter: &PolicyFilter) -> Policies {
    let mut query: Policies = policies::table.into_boxed();
    if let Some(kind) = &filter.kind {
        query = query.filter(policies::kind.eq(kind.clone()));
    }
    if let Some(level) = &filter.level {
        query = query.filter(policies::level.eq(level.clone()));
    }
    if let Some(state) = &filter.state {
        query = query.filter(policies::state.eq(state.clone()));
    }
    if let Some(name) = &filter.name {
        query = query.filter(policies::name.eq(name.clone()));
    }
    query
}
