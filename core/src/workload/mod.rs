//! Apps, services, revisions, rollouts: what should run, and the one owner of replica counts.
//!
//! Guarantees: revisions never change; every replica asked of the cluster was reserved in the tenant's
//! quota first; at most one rollout runs per service; replicas stay within the bounds of a policy (I-3).
//! Never: places pods (the scheduler does), executes a rollout (the cluster's controller does).
//! Told by: the edges, the tenant machine, the autoscaler, the cluster. Tells: the tenant machine, the
//! autoscaler, the cluster.

mod input;

pub use input::{Actor, Answer, Deploy, Input, Kind, Refusal, Share, Strategy};
