//! Amounts of resources, and a tenant's quota with what is left of it.

use nimbus_core::units::{MIB, Resources};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Amounts of what a tenant may have or has. GPU, storage and virtual machines are not offered yet: 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Amounts {
    /// Millicores.
    #[schema(example = 2000)]
    pub cpu_m: u64,
    /// MiB, rounded up.
    #[schema(example = 4096)]
    pub memory_mb: u64,
    /// Replicas.
    #[schema(example = 10)]
    pub pods: u32,
    /// GPU slots.
    pub gpu: u32,
    /// GiB of volumes.
    pub storage_gb: u32,
    /// Virtual machines.
    pub instances: u32,
}

impl From<Resources> for Amounts {
    fn from(resources: Resources) -> Amounts {
        Amounts {
            cpu_m: resources.cpu.0,
            memory_mb: resources.memory.0.div_ceil(MIB),
            pods: resources.pods,
            ..Amounts::default()
        }
    }
}

/// What the services of an app may have together; null is what the tenant has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AppQuota)]
pub struct Limits {
    /// Millicores.
    #[serde(default)]
    #[schema(example = 1000)]
    pub cpu_m: Option<u64>,
    /// MiB.
    #[serde(default)]
    #[schema(example = 1024)]
    pub memory_mb: Option<u64>,
    /// Replicas.
    #[serde(default)]
    #[schema(example = 5)]
    pub pods: Option<u32>,
}

impl From<Resources> for Limits {
    fn from(resources: Resources) -> Limits {
        let memory = Some(resources.memory.0).filter(|&bytes| bytes != u64::MAX);
        Limits {
            cpu_m: Some(resources.cpu.0).filter(|&cpu| cpu != u64::MAX),
            memory_mb: memory.map(|bytes| bytes.div_ceil(MIB)),
            pods: Some(resources.pods).filter(|&pods| pods != u32::MAX),
        }
    }
}

/// What an app may have and has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AppUse {
    /// Which app.
    #[schema(example = "app-01hx0000000000000000000000")]
    pub app_id: String,
    /// Its own quota; null for none.
    pub quota: Option<Limits>,
    /// What its services hold.
    pub used: Amounts,
}

/// A tenant's quota.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TenantQuota)]
pub struct Quota {
    /// What it may have.
    pub quota: Amounts,
    /// What is reserved for its services.
    pub used: Amounts,
    /// What is reserved for replicas that wait for a node.
    pub pending: Amounts,
    /// The same by app.
    pub apps: Vec<AppUse>,
}
