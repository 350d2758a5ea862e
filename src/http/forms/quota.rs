//! Quotas in requests: parts that are left out keep what they were.

use nimbus_core::units::{Bytes, Cpu, MIB, Resources};
use serde::Deserialize;
use utoipa::ToSchema;

use super::faults::Faults;
use crate::http::problem::Problem;
use crate::http::views::quota::Limits;

/// Highest amounts: a million cores, a pebibyte, a million replicas.
const CPU_MAX: u64 = 1_000_000_000;
const MEMORY_MAX: u64 = 1 << 30;
const PODS_MAX: u32 = 1_000_000;

/// A tenant's quota; what is left out keeps what it was, or has the plan's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = QuotaWish)]
pub struct Quota {
    /// Millicores.
    #[schema(example = 4000, maximum = 1000000000)]
    pub cpu_m: Option<u64>,
    /// MiB.
    #[schema(example = 8192, maximum = 1073741824)]
    pub memory_mb: Option<u64>,
    /// Replicas.
    #[schema(example = 20, maximum = 1000000)]
    pub pods: Option<u32>,
    /// GPU slots: none are offered yet, so 0.
    pub gpu: Option<u32>,
    /// GiB of volumes: none are offered yet, so 0.
    pub storage_gb: Option<u32>,
    /// Virtual machines: none are offered yet, so 0.
    pub instances: Option<u32>,
}

impl Quota {
    /// The quota over what it was.
    ///
    /// # Errors
    /// 422 for an amount out of range or of what is not offered.
    pub fn over(&self, before: Resources) -> Result<Resources, Problem> {
        let mut faults = Faults::new();
        for (name, asked) in [
            ("quota.gpu", self.gpu),
            ("quota.storage_gb", self.storage_gb),
            ("quota.instances", self.instances),
        ] {
            faults.unless(
                asked.unwrap_or(0) == 0,
                name,
                "too_large",
                "none are offered, expected 0",
            );
        }
        let limits = Limits {
            cpu_m: self.cpu_m,
            memory_mb: self.memory_mb,
            pods: self.pods,
        };
        check(&limits, &mut faults);
        faults.done()?;
        Ok(over(&limits, before))
    }
}

/// An app's quota: what is left out is the tenant's.
///
/// # Errors
/// 422 for an amount out of range.
pub fn of_app(limits: &Limits) -> Result<Resources, Problem> {
    let mut faults = Faults::new();
    check(limits, &mut faults);
    faults.done()?;
    let all = Resources {
        cpu: Cpu(u64::MAX),
        memory: Bytes(u64::MAX),
        pods: u32::MAX,
    };
    Ok(over(limits, all))
}

fn check(limits: &Limits, faults: &mut Faults) {
    let cpu = limits.cpu_m.is_none_or(|cpu| cpu <= CPU_MAX);
    faults.unless(cpu, "quota.cpu_m", "too_large", "at most 1000000000");
    let memory = limits.memory_mb.is_none_or(|memory| memory <= MEMORY_MAX);
    faults.unless(memory, "quota.memory_mb", "too_large", "at most 1073741824");
    let pods = limits.pods.is_none_or(|pods| pods <= PODS_MAX);
    faults.unless(pods, "quota.pods", "too_large", "at most 1000000");
}

fn over(limits: &Limits, before: Resources) -> Resources {
    Resources {
        cpu: limits.cpu_m.map_or(before.cpu, Cpu),
        memory: limits
            .memory_mb
            .map_or(before.memory, |mib| Bytes(mib.saturating_mul(MIB))),
        pods: limits.pods.unwrap_or(before.pods),
    }
}
