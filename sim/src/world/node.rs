//! Nodes: pools, boots, removal, loss.

use std::sync::Arc;

use nimbus_core::cluster::{Event, Finish, NodeSpec, NodeState};
use nimbus_core::ids::{NodeNo, PodNo, PoolNo};
use nimbus_core::time::{Span, Time};
use nimbus_core::units::Resources;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::World;
use super::run::Due;

/// A node, present or past.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// What it is.
    pub spec: Arc<NodeSpec>,
    /// Its state; `Inactive` once it is gone.
    pub state: NodeState,
    /// What its pods ask for.
    pub allocated: Resources,
    /// When it was first seen.
    pub created: Time,
    /// When it was given back or lost.
    pub gone: Option<Time>,
}

/// A span between two, drawn evenly; the least one without drawing if they are equal.
pub(super) fn draw(stream: &mut impl rand::Rng, (least, most): (Span, Span)) -> Span {
    if most <= least {
        return least;
    }
    Span(stream.random_range(least.0..=most.0))
}

impl World {
    /// All nodes that ever were, by ordinal.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The initial nodes of all pools, sorted by name, as a first list of a cluster is.
    pub(super) fn seed_nodes(&mut self, now: Time, out: &mut Vec<Event>) {
        let mut specs = Vec::new();
        for index in 0..self.config.pools.len() {
            let pool = PoolNo::at(index);
            for n in 1..=self.config.pools[index].initial {
                specs.push(Arc::new(self.node_spec(pool, n)));
            }
        }
        specs.sort_by(|a, b| a.name.cmp(&b.name));
        self.nodes.reserve(specs.len());
        for spec in specs {
            self.add_node(now, spec, out);
        }
    }

    /// The `n`th node of a pool, counted from 1.
    fn node_spec(&self, no: PoolNo, n: u32) -> NodeSpec {
        let pool = &self.config.pools[no.index()];
        let width = pool
            .initial
            .checked_ilog10()
            .map_or(1, |log| log as usize + 1);
        let zones = u32::try_from(pool.zones.len()).unwrap_or(u32::MAX);
        let zone = (n - 1)
            .checked_rem(zones)
            .map_or(&pool.template.zone, |zone| &pool.zones[zone as usize]);
        NodeSpec {
            name: format!("{}-{n:0width$}", pool.name).into(),
            pool: Some(no),
            zone: Arc::clone(zone),
            ..NodeSpec::clone(&pool.template)
        }
    }

    fn add_node(&mut self, now: Time, spec: Arc<NodeSpec>, out: &mut Vec<Event>) {
        self.count(now);
        let pool = spec
            .pool
            .and_then(|pool| self.totals.pools.get_mut(pool.index()));
        if let Some(total) = pool {
            total.nodes += 1;
            total.peak = total.peak.max(total.nodes);
        }
        let sum = self.allocatable.checked_add(spec.allocatable);
        self.allocatable = sum.expect("a cluster offers less than 2^64 bytes");
        out.push(Event::NodeSeen {
            node: NodeNo::at(self.nodes.len()),
            spec: Arc::clone(&spec),
            state: NodeState::Active,
        });
        self.nodes.push(Node {
            spec,
            state: NodeState::Active,
            allocated: Resources::ZERO,
            created: now,
            gone: None,
        });
    }

    /// Orders nodes. An unknown pool is ignored: a cluster has no pool that it was not configured with.
    pub(super) fn boot(&mut self, now: Time, pool: PoolNo, count: u32) {
        let Some(total) = self.totals.pools.get_mut(pool.index()) else {
            return;
        };
        total.booting += count;
        total.booted += count;
        let range = self.config.pools[pool.index()].boot_delay;
        for _ in 0..count {
            let delay = draw(&mut self.boots[pool.index()], range);
            self.arm(now + delay, Due::Boot(pool));
        }
    }

    pub(super) fn booted(&mut self, now: Time, pool: PoolNo, out: &mut Vec<Event>) {
        let total = &mut self.totals.pools[pool.index()];
        total.booting -= 1;
        let n = self.config.pools[pool.index()].initial + total.booted - total.booting;
        let spec = Arc::new(self.node_spec(pool, n));
        self.add_node(now, spec, out);
    }

    /// A node is gone, given back or failed: its pods end as lost, then it is reported gone.
    pub fn lose_node(&mut self, now: Time, node: NodeNo, out: &mut Vec<Event>) {
        let Some(lost) = self
            .nodes
            .get(node.index())
            .filter(|node| node.gone.is_none())
        else {
            return;
        };
        if lost.allocated.pods > 0 {
            let pods = self.pods.iter();
            let pods: Vec<PodNo> = pods
                .filter(|(_, pod)| pod.node() == Some(node))
                .map(|(no, _)| PodNo(no))
                .collect();
            for pod in pods {
                self.finish(now, pod, Finish::NodeLost, out);
            }
        }
        self.count(now);
        let lost = &mut self.nodes[node.index()];
        lost.gone = Some(now);
        lost.state = NodeState::Inactive;
        self.allocatable = self.allocatable.saturating_sub(lost.spec.allocatable);
        let pool = lost
            .spec
            .pool
            .and_then(|pool| self.totals.pools.get_mut(pool.index()));
        if let Some(total) = pool {
            total.nodes -= 1;
            total.removed += 1;
        }
        self.pulled.retain(|(on, _, _), _| *on != node);
        out.push(Event::NodeGone { node });
    }
}
