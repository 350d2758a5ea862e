//! Policies, scenarios, runs and reports: what people keep beside the control plane's own rows.

use std::sync::Arc;

use nimbus_core::ids::{PolicyId, ReportId, RunId, ScenarioId};
use nimbus_core::store::StoreError;
use nimbus_core::time::Time;
use serde::{Deserialize, Serialize};

use super::Store;
use super::page::{By, Listed, Page};
use super::pending;

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
    ($one:ident, $list:ident, $put:ident, $drop:ident, $row:ident, $id:ident, $what:literal) => {
        #[doc = concat!("One ", $what, ".")]
        ///
        /// # Errors
        /// See [`StoreError`].
        pub fn $one(&self, id: $id) -> Result<Option<$row>, StoreError> {
            pending(&[&id])
        }

        #[doc = concat!("Many: ", $what, "s, newest first.")]
        ///
        /// # Errors
        /// See [`StoreError`].
        pub fn $list(&self, filter: &LabFilter, page: &Page) -> Result<Listed<$row>, StoreError> {
            pending(&[&filter, &page])
        }

        #[doc = concat!("Inserts or replaces a ", $what, ".")]
        ///
        /// # Errors
        /// See [`StoreError`].
        pub fn $put(&self, row: &$row) -> Result<(), StoreError> {
            pending(&[&row])
        }

        #[doc = concat!("Deletes a ", $what, "; whether there was one.")]
        ///
        /// # Errors
        /// See [`StoreError`].
        pub fn $drop(&self, id: $id) -> Result<bool, StoreError> {
            pending(&[&id])
        }
    };
}

impl Store {
    /// What policies can be sorted by.
    pub const POLICY_SORTS: &'static [By] = &[By::CreatedAt, By::Name];

    /// A version of a policy.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn policy(&self, id: PolicyId) -> Result<Option<PolicyRow>, StoreError> {
        pending(&[&id])
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
        pending(&[&filter, &page])
    }

    /// Inserts or replaces versions of policies, all or none: a promotion changes two.
    ///
    /// # Errors
    /// `Refused` if another row has the same kind, scope, name and version.
    pub fn put_policies(&self, rows: &[PolicyRow]) -> Result<(), StoreError> {
        pending(&[&rows])
    }

    lab!(
        scenario,
        scenarios,
        put_scenario,
        drop_scenario,
        ScenarioRow,
        ScenarioId,
        "scenario"
    );
    lab!(run, runs, put_run, drop_run, RunRow, RunId, "run");
    lab!(
        report,
        reports,
        put_report,
        drop_report,
        ReportRow,
        ReportId,
        "report"
    );
}
