//! Apps, services, revisions, rollouts: what should run, and the one owner of replica counts.
//!
//! Guarantees: revisions never change; every replica asked of the cluster was reserved in the tenant's
//! quota first; at most one rollout runs per service; replicas stay within the bounds of a policy (I-3).
//! Never: places pods (the scheduler does), executes a rollout (the cluster's controller does).
//! Told by: the edges, the tenant machine, the autoscaler, the cluster. Tells: the tenant machine, the
//! autoscaler, the cluster.

mod app;
mod batch;
mod change;
mod check;
mod config;
mod deploy;
mod guard;
mod input;
mod lifecycle;
mod machine;
mod operate;
mod pending;
mod plan;
mod quota;
mod read;
mod restore;
mod revision;
mod rollout;
mod slug;
mod state;
mod status;
mod strategy;
#[cfg(test)]
mod tests;

pub use config::Config;
pub use input::{
    Actor, Answer, AppEdit, Deploy, Input, Kind, NewApp, Refusal, Share, Strategy, Subject,
};
pub use machine::Workloads;
pub use plan::{Action, Desired, Observed, Running, Shape, Why, is_complete, plan};
pub use read::ServiceView;
pub use rollout::Fired;
pub use slug::{SLUG_LEN_MAX, check_slug, deployment_name};
pub use status::{AppStatus, Facts, Phase, ServiceStatus, app_status, phase, service_status};
pub use strategy::NO_SURGE;

pub use crate::store::workload::{
    App, Cause, Clock, Fence, Held, Pin, Progress, Reason, Revision, Rollout, RolloutState,
    Service, Template, TenantState,
};
