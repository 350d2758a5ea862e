//! What the cluster reports, and which machines hear of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::node::{NodeSpec, NodeState};
use super::pod::PodSpec;
use crate::ids::{NodeNo, PodNo, ServiceNo, SpecNo, TenantNo};
use crate::machine::Message;
use crate::time::Time;
use crate::{autoscaler, billing, scheduler, tenant, workload};

/// Why a pod ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// It ran to its end.
    Completed,
    /// Its owner asked for fewer, replaced or deleted it.
    Deleted,
    /// Its node is gone.
    NodeLost,
    /// It failed.
    Failed,
}

/// What the Deployment controller says of a Deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentStatus {
    /// The generation that this is about.
    pub generation: u32,
    /// Pods of the present template.
    pub updated: u32,
    /// Ready pods, of all templates.
    pub ready: u32,
    /// Ready pods of the present template.
    pub updated_ready: u32,
    /// Pods that exist and are not terminating, of all templates.
    pub total: u32,
    /// Pods that are terminating (Kubernetes: `terminatingReplicas`). They still hold quota; a status
    /// follows when they are gone.
    pub terminating: u32,
}

/// Use of one service over the last sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceUsage {
    /// Which service.
    pub service: ServiceNo,
    /// Its tenant.
    pub tenant: TenantNo,
    /// Cpu used by its ready replicas, in millicores; `None` if there is no metric.
    pub used_m: Option<u64>,
    /// Cpu requested by its ready replicas, in millicores.
    pub requested_m: u64,
    /// Memory requested by its ready replicas, in bytes.
    pub requested_memory: u64,
    /// Ready replicas.
    pub ready: u32,
    /// Replicas that are bound, ready or not: what metering sees.
    pub bound: u32,
}

/// One sum per service, taken at one time. Services in order; those without pods are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageTick {
    /// When it was measured: before it is delivered, by the metric's lag.
    pub sampled_at: Time,
    /// The sums.
    pub services: Vec<ServiceUsage>,
}

/// A report of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A tenant's space is as it was asked for.
    SpaceReady {
        /// Whose.
        tenant: TenantNo,
        /// UID of the namespace.
        uid: u128,
    },
    /// A step of making a tenant's space failed.
    SpaceFailed {
        /// Whose.
        tenant: TenantNo,
        /// Whether trying again can help.
        retryable: bool,
        /// What the cluster said.
        reason: Arc<str>,
    },
    /// A tenant's space is gone.
    SpaceGone {
        /// Whose.
        tenant: TenantNo,
    },
    /// A pod specification that has not been seen before; comes before the first pod that has it.
    SpecSeen {
        /// Its ordinal.
        spec: SpecNo,
        /// What it asks for.
        pod: Arc<PodSpec>,
    },
    /// A node, new or with another specification.
    NodeSeen {
        /// Its ordinal.
        node: NodeNo,
        /// What it is.
        spec: Arc<NodeSpec>,
        /// Its state.
        state: NodeState,
    },
    /// A node's state changed.
    NodeChanged {
        /// Which.
        node: NodeNo,
        /// To what.
        state: NodeState,
    },
    /// A node is gone; the ends of its pods are reported before this.
    NodeGone {
        /// Which.
        node: NodeNo,
    },
    /// Pods wait for a node: `count` of them with consecutive ordinals.
    PodsPending {
        /// The first.
        first: PodNo,
        /// How many.
        count: u32,
        /// What each asks for.
        spec: SpecNo,
        /// Owner.
        tenant: TenantNo,
        /// Which service they are replicas of.
        service: ServiceNo,
        /// Number of the revision that they are of; 0 if it is not known. For readers.
        revision: u32,
    },
    /// A pod is bound: capacity is taken and metering begins.
    PodBound {
        /// Which.
        pod: PodNo,
        /// To which node.
        node: NodeNo,
        /// What it asks for.
        spec: SpecNo,
        /// Owner.
        tenant: TenantNo,
        /// Which service it is a replica of.
        service: ServiceNo,
    },
    /// A pod is ready to serve. For readers: machines count ready pods by status and usage.
    PodReady {
        /// Which.
        pod: PodNo,
        /// Which service it is a replica of.
        service: ServiceNo,
    },
    /// A pod has ended; it may never have been bound.
    PodFinished {
        /// Which.
        pod: PodNo,
        /// What it asked for.
        spec: SpecNo,
        /// Owner.
        tenant: TenantNo,
        /// Which service it was a replica of.
        service: ServiceNo,
        /// Whether it belonged to a Deployment; a bare pod gives its quota back at its end.
        bare: bool,
        /// Why.
        why: Finish,
    },
    /// Status of a Deployment.
    Deployment {
        /// Whose.
        service: ServiceNo,
        /// What it is.
        status: DeploymentStatus,
    },
    /// The Deployment of a service is gone, and all its pods with it.
    DeploymentGone {
        /// Whose.
        service: ServiceNo,
    },
    /// Usage of all services.
    Usage(Arc<UsageTick>),
}

impl Event {
    /// How many of these events may be handed over together, as one group of inputs: all of them, or those
    /// before the end of a pod that is only announced among them. Ends are departures and come before what
    /// waits, so an end in the same group would overtake the pod's own beginning.
    #[must_use]
    pub fn lot(events: &[Event]) -> usize {
        let mut announced = u64::MAX;
        for (place, event) in events.iter().enumerate() {
            match event {
                Event::PodsPending { first, .. } => announced = announced.min(first.0),
                Event::PodFinished { pod, .. } if pod.0 >= announced => return place,
                _ => {}
            }
        }
        events.len()
    }

    /// Hands the event to each machine that it concerns, in a fixed order.
    #[expect(
        clippy::too_many_lines,
        reason = "one table: every event and who hears of it, without a branch"
    )]
    pub fn deliver(self, mut to: impl FnMut(Message)) {
        match self {
            Event::SpaceReady { tenant, uid } => {
                to(tenant::Input::SpaceReady { tenant, uid }.into())
            }
            Event::SpaceFailed {
                tenant,
                retryable,
                reason,
            } => {
                to(tenant::Input::SpaceFailed {
                    tenant,
                    retryable,
                    reason,
                }
                .into());
            }
            Event::SpaceGone { tenant } => to(tenant::Input::SpaceGone { tenant }.into()),
            Event::SpecSeen { spec, pod } => {
                to(billing::Input::SpecSeen {
                    spec,
                    requests: pod.requests,
                }
                .into());
                to(scheduler::Input::SpecSeen { spec, pod }.into());
            }
            Event::NodeSeen { node, spec, state } => {
                to(scheduler::Input::NodeSeen { node, spec, state }.into())
            }
            Event::NodeChanged { node, state } => {
                to(scheduler::Input::NodeChanged { node, state }.into())
            }
            Event::NodeGone { node } => to(scheduler::Input::NodeGone { node }.into()),
            Event::PodsPending {
                first,
                count,
                spec,
                tenant,
                service,
                revision: _,
            } => {
                to(scheduler::Input::PodsPending {
                    first,
                    count,
                    spec,
                    tenant,
                    service,
                }
                .into());
            }
            Event::PodBound {
                pod,
                node,
                spec,
                tenant,
                service,
            } => {
                to(scheduler::Input::PodBound { pod, node }.into());
                to(billing::Input::Bound {
                    pod,
                    spec,
                    tenant,
                    service,
                }
                .into());
            }
            Event::PodReady { .. } => {}
            Event::PodFinished {
                pod,
                spec,
                tenant,
                service,
                bare,
                why,
            } => {
                to(scheduler::Input::PodFinished { pod }.into());
                to(billing::Input::Finished { pod }.into());
                to(workload::Input::PodFinished {
                    service,
                    tenant,
                    spec,
                    bare,
                    why,
                }
                .into());
            }
            Event::Deployment { service, status } => {
                to(workload::Input::Deployment { service, status }.into())
            }
            Event::DeploymentGone { service } => {
                to(workload::Input::DeploymentGone { service }.into())
            }
            Event::Usage(tick) => {
                to(billing::Input::Usage(Arc::clone(&tick)).into());
                to(autoscaler::Input::Usage(tick).into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lot_ends_before_the_end_of_a_pod_that_it_announces() {
        let (tenant, service, spec) = (TenantNo(0), ServiceNo(0), SpecNo(0));
        let pending = |first| Event::PodsPending {
            first: PodNo(first),
            count: 2,
            spec,
            tenant,
            service,
            revision: 0,
        };
        let finished = |pod| Event::PodFinished {
            pod: PodNo(pod),
            spec,
            tenant,
            service,
            bare: true,
            why: Finish::Deleted,
        };
        let events = [
            finished(1),
            pending(5),
            finished(2),
            finished(6),
            pending(7),
        ];
        assert_eq!(Event::lot(&events), 3);
        assert_eq!(Event::lot(&events[3..]), 2);
        assert_eq!(Event::lot(&[]), 0);
    }
}
