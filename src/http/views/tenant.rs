//! A tenant as it is shown.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::quota::Amounts;
use super::word;
use crate::store::{Found, TenantView};

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Tenant {
    /// Its id.
    #[schema(example = "ten-01hx0000000000000000000000")]
    pub id: String,
    /// The organization that pays.
    #[schema(example = "org-01hx0000000000000000000000")]
    pub organization_id: String,
    /// Its slug; free again once it is deleted.
    #[schema(example = "acme")]
    pub slug: String,
    /// Shown name.
    #[schema(example = "Acme")]
    pub name: String,
    /// Its namespace in the cluster.
    #[schema(example = "nimbus-acme")]
    pub namespace: String,
    /// The cluster that it is in; null while there is one only.
    pub cluster_id: Option<String>,
    /// The plan of its organization.
    #[schema(example = "metered")]
    pub plan: &'static str,
    /// How far it is kept apart: `shared`, `namespace`, `dedicated`.
    #[schema(example = "shared")]
    pub isolation: &'static str,
    /// What it may have.
    pub quota: Amounts,
    /// What is reserved for its services.
    pub used: Amounts,
    /// `provisioning`, `active`, `suspended`, `error`, `deleting` or `gone`.
    #[schema(example = "active")]
    pub status: String,
    /// Why it is suspended, if somebody said.
    pub suspend_reason: Option<String>,
    /// What the cluster said last, if it failed.
    pub last_error: Option<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// When the cluster was last compared; null while it reports by itself.
    pub observed_at: Option<String>,
    /// When it was made.
    #[schema(example = "2026-11-01T00:00:00Z")]
    pub created_at: String,
    /// When it last changed.
    #[schema(example = "2026-11-01T00:00:00Z")]
    pub updated_at: String,
    /// Rises with each change.
    #[schema(example = 3)]
    pub version: u32,
}

impl Tenant {
    /// Shows a row.
    #[must_use]
    pub fn of(found: &Found<TenantView>) -> Tenant {
        let view = &found.row;
        let row = &view.row;
        let text = |text: &std::sync::Arc<str>| text.to_string();
        Tenant {
            id: row.id.to_string(),
            organization_id: view.org.id.to_string(),
            slug: text(&row.slug),
            name: text(&row.name),
            namespace: format!("nimbus-{}", row.slug),
            cluster_id: None,
            plan: view.org.plan.as_str(),
            isolation: row.isolation.as_str(),
            quota: row.quota.into(),
            used: view.used.into(),
            status: word(&row.status),
            suspend_reason: row.suspend_reason.as_ref().map(text),
            last_error: row.last_error.as_ref().map(text),
            labels: row.labels.iter().map(|(k, v)| (text(k), text(v))).collect(),
            observed_at: None,
            created_at: found.created_at.to_string(),
            updated_at: found.updated_at.to_string(),
            version: row.version,
        }
    }
}
