//! What the cluster can be asked to do.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::pod::PodSpec;
use crate::ids::{NodeNo, PodNo, PoolNo, ServiceNo, TenantNo};
use crate::time::Span;
use crate::units::Resources;

/// A tenant's space: namespace, quota, limit range, network policy, Pod Security labels, role bindings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// `nimbus-` and the tenant's slug.
    pub namespace: Arc<str>,
    /// The backstop behind the quota that the tenant machine keeps.
    pub quota: Resources,
    /// Whether new pods are admitted; closed while suspended or deleting.
    pub admits: bool,
}

/// A Deployment, as the workload machine wants it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Owner.
    pub tenant: TenantNo,
    /// Its name in the tenant's space.
    pub name: Arc<str>,
    /// Rises with every change; the status names the one that it has seen.
    pub generation: u32,
    /// Number of the revision of the service.
    pub revision: u32,
    /// Counts restarts of the same revision; a change is a new pod template.
    pub restart: u32,
    /// What its pods ask for.
    pub spec: Arc<PodSpec>,
    /// Replicas wanted.
    pub replicas: u32,
    /// Pods above `replicas` during a rollout. Not both this and `unavailable` are 0.
    pub max_surge: u32,
    /// Pods below `replicas` during a rollout.
    pub max_unavailable: u32,
    /// Whether the rollout stands still.
    pub paused: bool,
    /// Whether pods of this revision start at all: a bad image never does. Known to the world only.
    pub starts: bool,
}

/// A command to the cluster. Each is idempotent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Makes or repairs a tenant's space, and sets its quota and admission.
    EnsureTenantSpace {
        /// Whose.
        tenant: TenantNo,
        /// What it should be.
        space: Arc<Space>,
    },
    /// Deletes a tenant's space with all that is in it.
    DeleteTenantSpace {
        /// Whose.
        tenant: TenantNo,
    },
    /// Creates or changes the Deployment of a service.
    ApplyDeployment {
        /// Whose.
        service: ServiceNo,
        /// What it should be.
        deployment: Arc<Deployment>,
    },
    /// Deletes the Deployment of a service; its pods terminate.
    DeleteDeployment {
        /// Whose.
        service: ServiceNo,
    },
    /// Makes bare pods: virtual machines and batch pods, with an end of their own and no rollout.
    RunPods {
        /// Owner.
        tenant: TenantNo,
        /// Which service they are replicas of.
        service: ServiceNo,
        /// Number of its revision.
        revision: u32,
        /// What each asks for.
        spec: Arc<PodSpec>,
        /// How many.
        count: u32,
        /// How long each runs once it is bound; `None` runs until it is stopped.
        lifetime: Option<Span>,
    },
    /// Deletes the bare pods of a service.
    StopPods {
        /// Whose.
        service: ServiceNo,
    },
    /// Binds a pod to a node.
    Bind {
        /// Which pod.
        pod: PodNo,
        /// To which node.
        node: NodeNo,
    },
    /// Orders nodes of a pool; each is seen when it has booted.
    BootNodes {
        /// Which pool.
        pool: PoolNo,
        /// How many.
        count: u32,
    },
    /// Gives a node back.
    RemoveNode {
        /// Which.
        node: NodeNo,
    },
}
