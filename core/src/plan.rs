//! The built-in plans: subscription tiers with their quotas, limits and prices (`metered` is X-37).

use serde::{Deserialize, Serialize};

use crate::units::{Bytes, Cpu, Resources};

/// Which plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanCode {
    /// Pay per use, no monthly price; the Free plan's quota.
    #[default]
    Metered,
    /// Free within its quota; one app.
    Free,
    /// Five apps, an allowance of usage.
    Business,
    /// No limit on apps, a larger allowance.
    Enterprise,
}

/// How far a tenant is kept apart from the others. The order is that of the effort.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// A namespace on nodes that others use as well.
    #[default]
    Shared,
    /// A namespace with stricter defaults.
    Namespace,
    /// Nodes of its own.
    Dedicated,
}

impl Isolation {
    /// All, least effort first.
    pub const ALL: [Isolation; 3] = [
        Isolation::Shared,
        Isolation::Namespace,
        Isolation::Dedicated,
    ];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Isolation::Shared => "shared",
            Isolation::Namespace => "namespace",
            Isolation::Dedicated => "dedicated",
        }
    }
}

/// What a plan allows and costs. `None` is unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its code.
    pub code: PlanCode,
    /// Apps of the organization.
    pub apps_max: Option<u32>,
    /// Quota of each tenant unless the platform sets another.
    pub quota: Resources,
    /// Most isolation of its tenants, and what they get if none is asked for.
    pub isolation: Isolation,
    /// Price of a month, in minor units (cents).
    pub price_month_minor: i64,
    /// vCPU-hours a month that cost nothing; `None`: all of them.
    pub included_vcpu_hours: Option<u64>,
    /// GiB-hours a month that cost nothing; `None`: all of them.
    pub included_gib_hours: Option<u64>,
}

impl PlanCode {
    /// All plans, cheapest first.
    pub const ALL: [PlanCode; 4] = [
        PlanCode::Metered,
        PlanCode::Free,
        PlanCode::Business,
        PlanCode::Enterprise,
    ];

    /// The plan's word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            PlanCode::Metered => "metered",
            PlanCode::Free => "free",
            PlanCode::Business => "business",
            PlanCode::Enterprise => "enterprise",
        }
    }

    /// What it allows and costs.
    #[must_use]
    pub const fn plan(self) -> Plan {
        match self {
            PlanCode::Metered => Plan {
                code: self,
                apps_max: None,
                quota: quota(2_000, 4_096, 10),
                isolation: Isolation::Shared,
                price_month_minor: 0,
                included_vcpu_hours: Some(0),
                included_gib_hours: Some(0),
            },
            PlanCode::Free => Plan {
                code: self,
                apps_max: Some(1),
                quota: quota(2_000, 4_096, 10),
                isolation: Isolation::Shared,
                price_month_minor: 0,
                included_vcpu_hours: None,
                included_gib_hours: None,
            },
            PlanCode::Business => Plan {
                code: self,
                apps_max: Some(5),
                quota: quota(20_000, 40_960, 100),
                isolation: Isolation::Namespace,
                price_month_minor: 4_900,
                included_vcpu_hours: Some(1_000),
                included_gib_hours: Some(2_000),
            },
            PlanCode::Enterprise => Plan {
                code: self,
                apps_max: None,
                quota: quota(200_000, 409_600, 1_000),
                isolation: Isolation::Dedicated,
                price_month_minor: 49_900,
                included_vcpu_hours: Some(10_000),
                included_gib_hours: Some(20_000),
            },
        }
    }
}

const fn quota(cpu_m: u64, mib: u64, pods: u32) -> Resources {
    Resources {
        cpu: Cpu(cpu_m),
        memory: Bytes::mib(mib),
        pods,
    }
}
