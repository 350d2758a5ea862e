//! Organizations with plans, tenants, quota: who may have how much.
//!
//! Guarantees: no step raises a tenant's use above its quota (I-2); concurrent requests cannot race, since
//! each reservation is one input of this machine (I-15); no workload is admitted before its space is there.
//! Never: counts pods itself (the workload machine reserves and releases), talks to the cluster directly.
//! Told by: the edges, the cluster (spaces), the workload machine. Tells: the workload machine, billing.

mod backoff;
mod config;
mod edit;
mod input;
mod labels;
mod lifecycle;
mod machine;
mod org;
mod quota;
mod reserve;
pub mod slug;
mod space;
#[cfg(test)]
mod tests;
mod view;

pub use crate::plan::Isolation;
pub use config::Config;
pub use input::{Answer, Ask, Input, Labels, NewTenant, Refusal, Status, TenantEdit};
pub use labels::{LABELS_MAX, check_label_key, check_label_value};
pub use machine::Tenants;
pub use view::{OrgView, TenantView};
