//! The oracle's own books: nodes, pods, services, tenants, as commands and events say they are.

use std::sync::Arc;

use nimbus_core::cluster::{Deployment, NodeSpec, NodeState, PodSpec};
use nimbus_core::ids::{NodeNo, OrgNo, PodNo, ServiceNo, SpecNo, TenantNo};
use nimbus_core::plan::PlanCode;
use nimbus_core::table::Table;
use nimbus_core::tenant::Status;
use nimbus_core::time::Time;
use nimbus_core::units::Resources;

use crate::world::Area;

/// A node.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) spec: Arc<NodeSpec>,
    pub(super) state: NodeState,
    pub(super) gone: bool,
    /// What its bound pods ask for.
    pub(super) allocated: Resources,
    /// What pods ask for whose binding is on its way.
    pub(super) promised: Resources,
}

/// A pod, until its interval is closed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pod {
    pub(super) service: ServiceNo,
    pub(super) spec: SpecNo,
    /// The node of a binding that is on its way.
    pub(super) asked: Option<NodeNo>,
    pub(super) node: Option<NodeNo>,
    pub(super) bound: Time,
    /// When it ended, if its interval is not closed yet.
    pub(super) ended: Option<Time>,
    /// Whether its interval is open.
    pub(super) metered: bool,
}

/// A service.
#[derive(Clone, Debug, Default)]
pub(super) struct Service {
    /// Its owner, once something was asked for it.
    pub(super) tenant: Option<TenantNo>,
    /// Pods that have not ended.
    pub(super) pods: u32,
    /// The Deployment that was asked for last.
    pub(super) deployment: Option<Arc<Deployment>>,
    /// Deletion of the Deployment was asked for, or it is gone.
    pub(super) deleted: bool,
    /// Generation of the last status.
    pub(super) seen: u32,
    /// Number of the last revision recorded, 0 if there is none.
    pub(super) revision: u32,
    /// Number of the last rollout recorded.
    pub(super) rollout: u32,
}

/// A tenant.
#[derive(Clone, Debug, Default)]
pub(super) struct Tenant {
    pub(super) org: Option<OrgNo>,
    pub(super) status: Option<Status>,
    /// When it was last seen not to run.
    pub(super) stopped: Option<Time>,
    /// The quota that is recorded, and what is reserved of it.
    pub(super) quota: Resources,
    pub(super) reserved: Resources,
    pub(super) apps: u32,
    /// The quota that the cluster was told, if there is a space.
    pub(super) backstop: Option<Resources>,
    pub(super) uid: Option<u128>,
    /// What its pods ask for, bound or not; and how many they are.
    pub(super) used: Resources,
    pub(super) pods: u32,
    pub(super) deployments: u32,
    /// What its bound pods ask for, and that over time, exact.
    pub(super) bound: Resources,
    pub(super) area: Area,
    pub(super) area_at: Time,
    /// The same in whole seconds, as billing counts.
    pub(super) area_s: Area,
    pub(super) area_at_s: i64,
    /// Open intervals.
    pub(super) metered: u32,
}

/// An organization.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Org {
    pub(super) known: bool,
    pub(super) closed: bool,
    pub(super) plan: PlanCode,
    pub(super) apps: u32,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Books {
    pub(super) now: Time,
    pub(super) specs: Vec<Arc<PodSpec>>,
    pub(super) asks: Vec<Resources>,
    pub(super) nodes: Vec<Node>,
    pub(super) pods: Table<Pod>,
    /// The ordinal that the next pod has at least.
    pub(super) next_pod: u64,
    pub(super) pending: u64,
    /// Bindings and ends so far.
    pub(super) placed: u64,
    pub(super) ended: u64,
    pub(super) services: Vec<Service>,
    pub(super) tenants: Vec<Tenant>,
    pub(super) orgs: Vec<Org>,
    /// What nodes offer, and that over time.
    pub(super) offered: Resources,
    pub(super) offered_area: Area,
    pub(super) offered_at: Time,
    /// When a command left last.
    pub(super) last_command: Time,
    /// When something other than a sample arrived last.
    pub(super) last_event: Time,
}

fn slot<T: Default>(list: &mut Vec<T>, index: usize) -> &mut T {
    if list.len() <= index {
        list.resize_with(index + 1, T::default);
    }
    &mut list[index]
}

impl Tenant {
    /// Counts up to `now`, before what is bound changes.
    pub(super) fn count(&mut self, now: Time) {
        self.area.add(self.bound, now.since(self.area_at).0);
        self.area_at = now;
        self.area_s.add(self.bound, now.secs() - self.area_at_s);
        self.area_at_s = now.secs();
    }
}

impl Books {
    pub(super) fn asks(&self, spec: SpecNo) -> Resources {
        self.asks.get(spec.index()).copied().unwrap_or_default()
    }

    pub(super) fn pod(&self, pod: PodNo) -> Option<&Pod> {
        self.pods.get(pod.0).filter(|pod| pod.ended.is_none())
    }

    /// The cluster says that a node's state changed.
    pub(super) fn set_state(&mut self, node: NodeNo, state: NodeState) {
        if let Some(node) = self.nodes.get_mut(node.index()) {
            node.state = state;
        }
    }

    pub(super) fn service(&mut self, service: ServiceNo) -> &mut Service {
        slot(&mut self.services, service.index())
    }

    pub(super) fn tenant(&mut self, tenant: TenantNo) -> &mut Tenant {
        slot(&mut self.tenants, tenant.index())
    }

    pub(super) fn org(&mut self, org: OrgNo) -> &mut Org {
        slot(&mut self.orgs, org.index())
    }

    pub(super) fn owner(&self, service: ServiceNo) -> Option<TenantNo> {
        self.services.get(service.index())?.tenant
    }

    pub(super) fn owner_of_pod(&self, pod: PodNo) -> Option<TenantNo> {
        self.owner(self.pods.get(pod.0)?.service)
    }

    pub(super) fn status(&self, tenant: TenantNo) -> Option<Status> {
        self.tenants.get(tenant.index())?.status
    }

    /// Counts what nodes offer up to now, before it changes.
    pub(super) fn count_offer(&mut self) {
        let micros = self.now.since(self.offered_at).0;
        self.offered_area.add(self.offered, micros);
        self.offered_at = self.now;
    }
}

/// The sum; saturates where the books already stand wrong.
pub(super) fn plus(a: Resources, b: Resources) -> Resources {
    a.checked_add(b).unwrap_or(Resources {
        cpu: nimbus_core::units::Cpu(u64::MAX),
        memory: nimbus_core::units::Bytes(u64::MAX),
        pods: u32::MAX,
    })
}

/// A quantity as people read it.
pub(super) fn show(resources: Resources) -> String {
    format!(
        "{} cpu, {} memory, {} pods",
        resources.cpu, resources.memory, resources.pods
    )
}
