//! Limits of the workload machine.

use serde::{Deserialize, Serialize};

/// Limits. A request beyond one is refused and changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Most replicas of a service without an autoscale policy.
    pub replicas_max: u32,
    /// Most services of a tenant, those in deletion included.
    pub services_max: u32,
    /// Most apps of a tenant, those in deletion included.
    pub apps_max: u32,
    /// Revisions kept per service; the oldest goes first, the current and the active one never.
    pub revisions_kept: u32,
    /// Rollouts kept per service; the oldest goes first.
    pub rollouts_kept: u32,
    /// Most bare pods of one run.
    pub run_max: u32,
    /// Longest image name, bytes.
    pub image_len_max: u32,
    /// Longest details of an app or a service, bytes.
    pub details_len_max: u32,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            replicas_max: 1_000,
            services_max: 10_000,
            apps_max: 10_000,
            revisions_kept: 100,
            rollouts_kept: 100,
            run_max: 1_000_000,
            image_len_max: 512,
            details_len_max: 65_536,
        }
    }
}
