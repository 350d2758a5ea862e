//! What the installation sets.

use serde::{Deserialize, Serialize};

use crate::time::Span;

/// Configuration of the tenant machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// First wait before a failed step of a space is tried again; doubles each time.
    pub retry_first: Span,
    /// Longest such wait, jitter included.
    pub retry_max: Span,
    /// Longest time of provisioning before the tenant is in error.
    pub deadline: Span,
    /// Most organizations, closed ones included.
    pub orgs_max: u32,
    /// Most tenants, gone ones included.
    pub tenants_max: u32,
}

impl Default for Config {
    /// 1 s, doubled up to 60 s; 5 min; a million of each.
    fn default() -> Self {
        Config {
            retry_first: Span::from_secs(1),
            retry_max: Span::from_secs(60),
            deadline: Span::from_secs(300),
            orgs_max: 1_000_000,
            tenants_max: 1_000_000,
        }
    }
}
