//! An app as it is shown.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::quota::Limits;
use super::spec::AppDetails;
use crate::store::{AppView, Found};

/// A service as its app lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AppService)]
pub struct Line {
    /// Its id.
    #[schema(example = "svc-01hx0000000000000000000000")]
    pub id: String,
    /// Its name.
    #[schema(example = "api")]
    pub name: String,
    /// Its state.
    #[schema(example = "ready")]
    pub status: &'static str,
}

/// An app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct App {
    /// Its id.
    #[schema(example = "app-01hx0000000000000000000000")]
    pub id: String,
    /// Its tenant.
    #[schema(example = "ten-01hx0000000000000000000000")]
    pub tenant_id: String,
    /// Its project; null while there are none.
    pub project_id: Option<String>,
    /// Shown name.
    #[schema(example = "My app")]
    pub name: String,
    /// Its slug, unique within the tenant.
    #[schema(example = "my-app")]
    pub slug: String,
    /// Description.
    pub description: String,
    /// Whatever its owner keeps with it.
    pub metadata: BTreeMap<String, String>,
    /// The template that it was made from; null while there are none.
    pub template: Option<String>,
    /// The version of that template.
    pub template_version: Option<u32>,
    /// Environment of its services.
    pub env: BTreeMap<String, String>,
    /// `internal` or `public`.
    #[schema(example = "internal")]
    pub visibility: &'static str,
    /// Where it is reached from outside; null while it is not.
    pub host: Option<String>,
    /// The same as an address.
    pub url: Option<String>,
    /// What its services may have together; null for what the tenant has.
    pub quota: Option<Limits>,
    /// `pending`, `provisioning`, `ready`, `degraded`, `error` or `deleting`.
    #[schema(example = "ready")]
    pub status: &'static str,
    /// Why it is in error.
    pub last_error: Option<String>,
    /// Its services.
    pub services: Vec<Line>,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// Rises with each change.
    pub version: u32,
}

impl App {
    /// Shows a row.
    #[must_use]
    pub fn of(found: &Found<AppView>) -> App {
        let view = &found.row;
        let row = &view.row;
        let details = AppDetails::read(&row.details);
        let named = Some(details.name).filter(|name| !name.is_empty());
        let line = |line: &crate::store::ServiceLine| Line {
            id: line.id.to_string(),
            name: line.slug.to_string(),
            status: line.status.as_str(),
        };
        App {
            id: row.id.to_string(),
            tenant_id: view.tenant_id.to_string(),
            project_id: None,
            name: named.unwrap_or_else(|| row.slug.to_string()),
            slug: row.slug.to_string(),
            description: details.description,
            metadata: details.metadata,
            template: None,
            template_version: None,
            env: details.env,
            visibility: if details.public { "public" } else { "internal" },
            host: None,
            url: None,
            quota: row.quota.map(Limits::from),
            status: view.status.as_str(),
            last_error: None,
            services: view.services.iter().map(line).collect(),
            created_at: found.created_at.to_string(),
            updated_at: found.updated_at.to_string(),
            version: row.version,
        }
    }
}
