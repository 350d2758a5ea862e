//! A revision as it is shown, and how two of them differ.

use std::collections::BTreeMap;

use nimbus_core::store::workload::{Revision as Row, Rollout};
use nimbus_core::workload::phase;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::spec::{Details, HealthCheck, Port};
use super::word;
use crate::store::ServiceView;

/// What each replica of a revision asks for, and what it may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RevisionResources)]
pub struct Resources {
    /// Millicores that are reserved.
    #[schema(example = 500)]
    pub cpu_request_m: u64,
    /// Most millicores; null for no limit.
    #[schema(example = 500)]
    pub cpu_limit_m: Option<u64>,
    /// Memory that is reserved.
    #[schema(example = "256Mi")]
    pub memory_request: String,
    /// Most memory; null for no limit.
    #[schema(example = "256Mi")]
    pub memory_limit: Option<String>,
    /// GPU slots.
    pub gpu: u32,
}

/// A file of a revision, without what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RevisionFile)]
pub struct File {
    /// Where.
    #[schema(example = "/etc/app.conf")]
    pub path: String,
    /// SHA-256 of what is in it, hex.
    pub content_hash: String,
}

/// A revision: the whole specification, never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Revision {
    /// Its id.
    #[schema(example = "rev-01hx0000000000000000000000")]
    pub id: String,
    /// Whose.
    #[schema(example = "svc-01hx0000000000000000000000")]
    pub service_id: String,
    /// 1, 2, …
    #[schema(example = 1)]
    pub number: u32,
    /// Image.
    #[schema(example = "nginx:alpine")]
    pub image: String,
    /// The image's digest, once a cluster has told it.
    pub image_digest: Option<String>,
    /// Command instead of the image's.
    pub command: Vec<String>,
    /// Arguments.
    pub args: Vec<String>,
    /// Environment.
    pub env: BTreeMap<String, String>,
    /// Ports.
    pub ports: Vec<Port>,
    /// What each replica asks for.
    pub resources: Resources,
    /// Required architecture.
    pub arch: Option<String>,
    /// Required region.
    pub region: Option<String>,
    /// Labels that a node must have.
    pub constraints: BTreeMap<String, String>,
    /// Health check.
    pub health_check: Option<HealthCheck>,
    /// Files.
    pub config_files: Vec<File>,
    /// Keys of secrets; never their values.
    pub secret_refs: Vec<String>,
    /// `deploy` or `rollback`.
    #[schema(example = "deploy")]
    pub reason: String,
    /// The revision before; of a rollback the one that it went back to.
    pub from_revision: Option<u32>,
    /// `pending`, `active`, `superseded` or `failed`.
    #[schema(example = "active")]
    pub phase: String,
    /// SHA-256 of the specification, hex.
    pub spec_hash: String,
    /// Who asked for it; empty for a scenario's.
    #[schema(example = "tenant:acme")]
    pub created_by: String,
    /// When.
    pub created_at: String,
}

impl Revision {
    /// Shows a row of a service, whose rollouts tell its phase.
    #[must_use]
    pub fn of(row: &Row, service: &ServiceView, rollouts: &[Rollout]) -> Revision {
        let template = &row.template;
        let details = Details::read(&template.details);
        let spec = &template.spec;
        let file = |file: &super::spec::ConfigFile| File {
            path: file.path.clone(),
            content_hash: hex(&Sha256::digest(&file.content)),
        };
        let pairs = spec.selector.iter();
        Revision {
            id: row.id.to_string(),
            service_id: service.row.id.to_string(),
            number: row.number,
            image: template.image.to_string(),
            image_digest: None,
            command: details.command,
            args: details.args,
            env: details.env,
            ports: details.ports,
            resources: Resources {
                cpu_request_m: spec.requests.cpu.0,
                cpu_limit_m: details.cpu_limit.map(|cpu| cpu.0),
                memory_request: spec.requests.memory.to_string(),
                memory_limit: details.memory_limit.map(|memory| memory.to_string()),
                gpu: 0,
            },
            arch: spec.arch.as_ref().map(word),
            region: spec.region.as_ref().map(ToString::to_string),
            constraints: pairs.map(|(k, v)| (k.to_string(), v.to_string())).collect(),
            health_check: details.health_check,
            config_files: details.config_files.iter().map(file).collect(),
            secret_refs: details.secrets,
            reason: word(&row.reason),
            from_revision: row.from,
            phase: word(&phase(row.number, service.row.active, rollouts)),
            spec_hash: hex(&row.spec_hash),
            created_by: row.by.to_string(),
            created_at: row.created_at.to_string(),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A field in which two revisions differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Difference {
    /// Which: `image`, `env.KEY`, `resources.cpu_request_m`, …
    #[schema(example = "image")]
    pub field: String,
    /// What it says in the first; null if it is not there.
    pub from: Value,
    /// What it says in the second; null if it is not there.
    pub to: Value,
}

/// What differs between the specifications of two revisions, in order of fields.
#[must_use]
pub fn differences(from: &Revision, to: &Revision) -> Vec<Difference> {
    const SPEC: [&str; 12] = [
        "args",
        "arch",
        "command",
        "config_files",
        "constraints",
        "env",
        "health_check",
        "image",
        "ports",
        "region",
        "resources",
        "secret_refs",
    ];
    let flat = |revision: &Revision| {
        let value = serde_json::to_value(revision).unwrap_or_default();
        let mut fields = BTreeMap::new();
        for name in SPEC {
            match &value[name] {
                Value::Object(inner) => {
                    for (key, value) in inner {
                        fields.insert(format!("{name}.{key}"), value.clone());
                    }
                }
                other => {
                    fields.insert(name.to_owned(), other.clone());
                }
            }
        }
        fields
    };
    let (before, after) = (flat(from), flat(to));
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let of = |fields: &BTreeMap<String, Value>, name: &str| {
        fields.get(name).cloned().unwrap_or(Value::Null)
    };
    names
        .into_iter()
        .map(|name| Difference {
            field: name.clone(),
            from: of(&before, name),
            to: of(&after, name),
        })
        .filter(|difference| difference.from != difference.to)
        .collect()
}
