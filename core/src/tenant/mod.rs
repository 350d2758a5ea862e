//! Organizations with plans, tenants, quota: who may have how much.
//!
//! Guarantees: no step raises a tenant's use above its quota (I-2); concurrent requests cannot race, since
//! each reservation is one input of this machine (I-15); no workload is admitted before its space is there.
//! Never: counts pods itself (the workload machine reserves and releases), talks to the cluster directly.
//! Told by: the edges, the cluster (spaces), the workload machine. Tells: the workload machine, billing.

mod config;
mod input;
mod machine;
pub mod slug;
mod view;

pub use config::Config;
pub use input::{Answer, Ask, Input, NewTenant, Refusal, Status};
pub use machine::Tenants;
pub use view::{OrgView, TenantView};
