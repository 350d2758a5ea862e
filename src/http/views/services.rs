//! A service as it is shown.

use nimbus_core::store::workload::Pin;
use serde::Serialize;
use utoipa::ToSchema;

use super::autoscale::Autoscale;
use super::spec::Details;
use crate::store::{Found, ServiceView};

/// Automation leaves the service alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Pinned {
    /// The revision that a rollback made.
    #[schema(example = 3)]
    pub revision: u32,
    /// Who asked for it.
    #[schema(example = "tenant:acme")]
    pub by: String,
    /// Since when.
    pub since: String,
}

impl Pinned {
    fn of(pin: &Pin) -> Pinned {
        Pinned {
            revision: pin.revision,
            by: pin.by.to_string(),
            since: pin.since.to_string(),
        }
    }
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Service {
    /// Its id.
    #[schema(example = "svc-01hx0000000000000000000000")]
    pub id: String,
    /// Its app.
    #[schema(example = "app-01hx0000000000000000000000")]
    pub app_id: String,
    /// Its tenant.
    #[schema(example = "ten-01hx0000000000000000000000")]
    pub tenant_id: String,
    /// Its name, unique within the app.
    #[schema(example = "api")]
    pub name: String,
    /// The image of its current revision.
    #[schema(example = "nginx:alpine")]
    pub image: String,
    /// Its first port.
    #[schema(example = 80)]
    pub port: Option<u32>,
    /// Replicas wanted.
    #[schema(example = 3)]
    pub replicas: u32,
    /// Most cpu of a replica; null for no limit.
    #[schema(example = "500m")]
    pub cpu_limit: Option<String>,
    /// Most memory of a replica; null for no limit.
    #[schema(example = "256Mi")]
    pub memory_limit: Option<String>,
    /// Cpu that is reserved for each replica.
    #[schema(example = "500m")]
    pub cpu_request: String,
    /// Memory that is reserved for each replica.
    #[schema(example = "256Mi")]
    pub memory_request: String,
    /// The instance type that the resources came from.
    pub instance_type: Option<String>,
    /// Number of its current revision.
    #[schema(example = 1)]
    pub current_revision: u32,
    /// Set by a rollback; null if automation may change it.
    pub pinned: Option<Pinned>,
    /// How it is scaled by its load; null for not at all.
    pub autoscale: Option<Autoscale>,
    /// `pending`, `progressing`, `ready`, `degraded`, `failed`, `stopped` or `deleting`.
    #[schema(example = "progressing")]
    pub status: &'static str,
    /// What went wrong last, while it stands.
    pub last_error: Option<String>,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// Rises with each change.
    #[schema(example = 1)]
    pub version: u32,
}

impl Service {
    /// Shows a row.
    #[must_use]
    pub fn of(found: &Found<ServiceView>) -> Service {
        let view = &found.row;
        let row = &view.row;
        let template = view.revision.as_ref().map(|revision| &revision.template);
        let details = template.map(|template| Details::read(&template.details));
        let details = details.unwrap_or_default();
        let requests = template.map_or_else(Default::default, |t| t.spec.requests);
        Service {
            id: row.id.to_string(),
            app_id: view.app_id.to_string(),
            tenant_id: view.tenant_id.to_string(),
            name: row.slug.to_string(),
            image: template.map_or_else(String::new, |t| t.image.to_string()),
            port: details.ports.first().map(|port| port.port),
            replicas: row.suspended_replicas.unwrap_or(row.desired),
            cpu_limit: details.cpu_limit.map(|cpu| cpu.to_string()),
            memory_limit: details.memory_limit.map(|memory| memory.to_string()),
            cpu_request: requests.cpu.to_string(),
            memory_request: requests.memory.to_string(),
            instance_type: details.instance_type,
            current_revision: row.revision,
            pinned: row.pinned.as_ref().map(Pinned::of),
            autoscale: row.autoscale.as_deref().map(Autoscale::from),
            status: view.status.as_str(),
            last_error: last_error(view),
            created_at: found.created_at.to_string(),
            updated_at: found.updated_at.to_string(),
            version: row.version,
        }
    }
}

/// What went wrong last: the cause of the last rollout's failure.
#[must_use]
pub fn last_error(view: &ServiceView) -> Option<String> {
    let rollout = view.rollout.as_ref()?;
    let failed = rollout.state == nimbus_core::workload::RolloutState::Failed;
    rollout
        .message()
        .filter(|_| failed)
        .map(|message| message.to_owned())
}
