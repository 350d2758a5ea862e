//! What of an app or a revision decides nothing: canonical JSON that travels through the machines unread.

use std::collections::BTreeMap;
use std::sync::Arc;

use nimbus_core::units::{Bytes, Cpu};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A port that a service listens on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// Its number, 1..65535.
    #[schema(example = 80, minimum = 1, maximum = 65535)]
    pub port: u32,
    /// `tcp` or `udp`.
    #[serde(default = "tcp")]
    #[schema(example = "tcp")]
    pub protocol: String,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

fn tcp() -> String {
    "tcp".to_owned()
}

/// How it is asked whether a replica serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// The path that answers 200.
    #[schema(example = "/")]
    pub path: String,
    /// Its port; without it the first of the service.
    #[serde(default)]
    #[schema(example = 80)]
    pub port: Option<u32>,
    /// How often, `1s`..`1h`; 10 s without it.
    #[serde(default)]
    #[schema(example = "10s")]
    pub period: Option<String>,
}

/// A file that each replica finds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// Where, an absolute path.
    #[schema(example = "/etc/app.conf")]
    pub path: String,
    /// What is in it.
    pub content: String,
}

/// The unread part of a revision. Fields stand in this order, so that equal ones are equal bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// Arguments.
    pub args: Vec<String>,
    /// Command instead of the image's.
    pub command: Vec<String>,
    /// Files.
    pub config_files: Vec<ConfigFile>,
    /// Most cpu of a replica.
    pub cpu_limit: Option<Cpu>,
    /// Environment.
    pub env: BTreeMap<String, String>,
    /// Health check.
    pub health_check: Option<HealthCheck>,
    /// The instance type that the resources came from.
    pub instance_type: Option<String>,
    /// Most memory of a replica.
    pub memory_limit: Option<Bytes>,
    /// Ports.
    pub ports: Vec<Port>,
    /// Keys of secrets.
    pub secrets: Vec<String>,
}

impl Details {
    /// Reads what [`Details::text`] wrote. What a simulation deployed has none.
    #[must_use]
    pub fn read(text: &str) -> Details {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// The canonical text.
    #[must_use]
    pub fn text(&self) -> Arc<str> {
        serde_json::to_string(self).unwrap_or_default().into()
    }
}

/// The unread part of an app.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppDetails {
    /// Shown name; empty for the slug.
    pub name: String,
    /// Description.
    pub description: String,
    /// Whatever its owner keeps with it.
    pub metadata: BTreeMap<String, String>,
    /// Environment of its services.
    pub env: BTreeMap<String, String>,
    /// Whether it is to be reached from outside.
    pub public: bool,
}

impl AppDetails {
    /// Reads what [`AppDetails::text`] wrote. An app that came with its first service has none.
    #[must_use]
    pub fn read(text: &str) -> AppDetails {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// The canonical text.
    #[must_use]
    pub fn text(&self) -> Arc<str> {
        serde_json::to_string(self).unwrap_or_default().into()
    }
}
