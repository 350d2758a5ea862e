//! The machine: takes inputs, keeps the state, dispatches.

use std::sync::Arc;

use super::config::Config;
use super::fleet::{Fleet, Member};
use super::input::Input;
use super::inventory::Inventory;
use super::queue::{Change, Head, Queue, Run};
use crate::cluster::{NodeSpec, NodeState};
use crate::ids::{NodeNo, PodNo, PoolNo, SpecNo};
use crate::machine::{Machine, Outbox};
use crate::store::scheduler::{Key, Row};
use crate::table::Table;
use crate::time::Time;

/// Most pods of one report; a longer one is not taken.
pub const RUN_MAX: u32 = 1 << 24;

/// A pod that has a node, asked for or confirmed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    pub(super) node: NodeNo,
    pub(super) spec: SpecNo,
}

/// The scheduler.
#[derive(Debug)]
pub struct Scheduler {
    pub(super) config: Config,
    pub(super) inventory: Inventory,
    pub(super) queue: Queue,
    pub(super) bound: Table<Bound>,
    pub(super) fleet: Fleet,
    /// Whether a pass is on its way.
    pub(super) passing: bool,
    /// Space for a pass.
    pub(super) heads: Vec<Head>,
}

impl Scheduler {
    /// A scheduler that has seen nothing yet.
    #[must_use]
    pub fn new(config: Config) -> Scheduler {
        Scheduler {
            inventory: Inventory::new(config.score),
            queue: Queue::default(),
            bound: Table::default(),
            fleet: Fleet::new(config.pools.len()),
            passing: false,
            heads: Vec::new(),
            config,
        }
    }

    /// The scheduler that recorded these rows; re-arms its timers. Rows of pools that the configuration
    /// no longer has are left out.
    #[must_use]
    pub fn restore(config: Config, mut rows: Vec<Row>, _now: Time, out: &mut Outbox) -> Scheduler {
        let mut scheduler = Scheduler::new(config);
        rows.sort_by_key(Row::key);
        for row in rows {
            scheduler.reload(row, out);
        }
        scheduler.queue.settle();
        scheduler
    }

    fn reload(&mut self, row: Row, out: &mut Outbox) {
        match row {
            Row::Spec { spec, pod } => self.inventory.add_spec(spec, pod),
            Row::Pool {
                pool,
                booting,
                sweep_at,
            } => {
                if let Some(state) = self.fleet.pools.get_mut(pool.index()) {
                    state.booting = booting;
                    state.sweep_at = sweep_at;
                    if let Some(time) = sweep_at {
                        out.at(time, Input::Sweep { pool });
                    }
                }
            }
            Row::Node { node, spec, state } => {
                self.inventory.see(node, spec, state);
                self.fleet.recount(None, self.member(node));
            }
            Row::Idle {
                node,
                since,
                leaving,
            } => self.reload_idle(node, since, leaving),
            Row::Pending {
                run,
                first,
                count,
                spec,
                tenant,
                service,
                since,
            } => {
                let priority = self.inventory.pod(spec).map_or(0, |pod| pod.priority);
                let run = Run {
                    run,
                    first,
                    count,
                    spec,
                    tenant,
                    service,
                    since,
                };
                self.queue.add(run, priority);
            }
            Row::Bound { pod, node, spec } => {
                self.bound.insert(pod.0, Bound { node, spec });
                self.inventory.take(node, spec);
            }
        }
    }

    fn reload_idle(&mut self, node: NodeNo, since: Time, leaving: bool) {
        let (member, state) = (self.member(node), self.inventory.state(node));
        if leaving {
            self.inventory
                .set_state(node, state.unwrap_or_default(), true);
            self.fleet.recount(member, self.member(node));
        } else if let Some(member) = member {
            self.fleet.set_idle(member.pool, node, since);
        }
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Pods that wait for a node.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.queue.waiting()
    }

    /// Pods that have a node, asked for or confirmed.
    #[must_use]
    pub fn placed(&self) -> usize {
        self.bound.len()
    }

    /// The nodes and what is free on them.
    #[must_use]
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// Sends itself a pass, once, if there is something to try.
    pub(super) fn call_pass(&mut self, out: &mut Outbox) {
        if !self.passing && self.queue.has_ready() {
            self.passing = true;
            out.send(Input::Pass);
        }
    }

    /// Something became free on a node: what waits and now fits there is tried again.
    fn wake(&mut self, node: NodeNo, out: &mut Outbox) {
        if self.queue.stuck().is_empty() {
            return;
        }
        let inventory = &mut self.inventory;
        let fitting: Vec<SpecNo> = self
            .queue
            .stuck()
            .iter()
            .copied()
            .filter(|&spec| inventory.fits(node, spec))
            .collect();
        for spec in fitting {
            self.queue.wake(spec);
        }
        self.call_pass(out);
    }

    fn spec_seen(&mut self, spec: SpecNo, pod: Arc<crate::cluster::PodSpec>, out: &mut Outbox) {
        if self.inventory.pod(spec).is_none() {
            self.inventory.add_spec(spec, Arc::clone(&pod));
            if self.inventory.pod(spec).is_some() {
                out.record(Row::Spec { spec, pod });
            }
        }
    }

    fn pods_pending(&mut self, run: Run, out: &mut Outbox) {
        let Some(pod) = self.inventory.pod(run.spec) else {
            return;
        };
        let priority = pod.priority;
        if (1..=RUN_MAX).contains(&run.count) && !self.knows_any(&run) {
            self.queue.add(run, priority);
            out.record(run.row());
            self.call_pass(out);
        }
    }

    /// Whether any pod of a run waits or has a node; one beyond the last ordinal counts as known.
    fn knows_any(&self, run: &Run) -> bool {
        let Some(end) = run.first.0.checked_add(run.count.into()) else {
            return true;
        };
        self.queue.overlaps(run.first, run.count)
            || (run.first.0..end).any(|pod| self.bound.get(pod).is_some())
    }

    fn pod_bound(&mut self, now: Time, pod: PodNo, node: NodeNo, out: &mut Outbox) {
        let spec = match self.bound.get(pod.0) {
            Some(bound) if bound.node == node => return,
            Some(&Bound { node: asked, spec }) => {
                self.vacate(now, asked, spec, out);
                spec
            }
            None => match self.dequeue(pod, out) {
                Some(spec) => spec,
                None => return,
            },
        };
        self.occupy(pod, node, spec, out);
    }

    fn pod_finished(&mut self, now: Time, pod: PodNo, out: &mut Outbox) {
        match self.bound.remove(pod.0) {
            Some(Bound { node, spec }) => {
                out.record(Key::Bound(pod));
                self.vacate(now, node, spec, out);
            }
            None => {
                self.dequeue(pod, out);
            }
        }
    }

    /// Takes a waiting pod out of the queue; returns what it asks for.
    fn dequeue(&mut self, pod: PodNo, out: &mut Outbox) -> Option<SpecNo> {
        let (run, changes) = self.queue.remove(pod)?;
        for change in changes.into_iter().flatten() {
            record(change, out);
        }
        Some(run.spec)
    }

    /// A pod takes its share of a node.
    pub(super) fn occupy(&mut self, pod: PodNo, node: NodeNo, spec: SpecNo, out: &mut Outbox) {
        self.bound.insert(pod.0, Bound { node, spec });
        out.record(Row::Bound { pod, node, spec });
        self.inventory.take(node, spec);
        if self.fleet.clear_idle(node) {
            out.record(Key::Idle(node));
        }
    }

    /// A pod gives its share of a node back.
    fn vacate(&mut self, now: Time, node: NodeNo, spec: SpecNo, out: &mut Outbox) {
        self.inventory.release(node, spec);
        if self.inventory.held(node) == 0 {
            self.rest(now, node, out);
        }
        self.wake(node, out);
    }

    /// How a node counts in its pool, if it has one.
    pub(super) fn member(&self, node: NodeNo) -> Option<Member> {
        let pool = self.inventory.node(node)?.pool?;
        (pool.index() < self.config.pools.len()).then(|| Member {
            pool,
            leaving: self.inventory.leaving(node),
            joining: self.inventory.state(node) == Some(NodeState::Joining),
        })
    }

    fn node_seen(
        &mut self,
        now: Time,
        node: NodeNo,
        spec: Arc<NodeSpec>,
        state: NodeState,
        out: &mut Outbox,
    ) {
        let known = self.inventory.node(node).is_some();
        let before = self.member(node);
        self.inventory.see(node, Arc::clone(&spec), state);
        if self.inventory.node(node).is_none() {
            return; // beyond the limits
        }
        out.record(Row::Node { node, spec, state });
        let after = self.member(node);
        self.fleet.recount(before, after);
        let moved = before.map(|member| member.pool) != after.map(|member| member.pool);
        if moved && self.fleet.clear_idle(node) {
            out.record(Key::Idle(node));
        }
        if let (false, Some(member)) = (known, after) {
            self.arrived(member.pool, out);
        }
        self.rest(now, node, out);
        self.wake(node, out);
    }

    fn node_changed(&mut self, now: Time, node: NodeNo, state: NodeState, out: &mut Outbox) {
        let Some(spec) = self.inventory.node(node).cloned() else {
            return;
        };
        if self.inventory.state(node) == Some(state) {
            return;
        }
        let before = self.member(node);
        let leaving = self.inventory.leaving(node);
        self.inventory.set_state(node, state, leaving);
        out.record(Row::Node { node, spec, state });
        self.fleet.recount(before, self.member(node));
        self.rest(now, node, out);
        self.wake(node, out);
    }

    fn node_gone(&mut self, node: NodeNo, out: &mut Outbox) {
        if self.inventory.node(node).is_none() {
            return;
        }
        let before = self.member(node);
        let leaving = self.inventory.leaving(node);
        self.inventory.forget(node);
        self.fleet.recount(before, None);
        out.record(Key::Node(node));
        if self.fleet.clear_idle(node) || leaving {
            out.record(Key::Idle(node));
        }
        if before.is_some() {
            self.wake_all(out); // there may be room for another
        }
    }

    /// Everything that waits is looked at again, for the boot plan.
    fn wake_all(&mut self, out: &mut Outbox) {
        let stuck: Vec<SpecNo> = self.queue.stuck().iter().copied().collect();
        for spec in stuck {
            self.queue.wake(spec);
        }
        self.call_pass(out);
    }

    /// A node of a pool is there for the first time.
    fn arrived(&mut self, pool: PoolNo, out: &mut Outbox) {
        let state = &mut self.fleet.pools[pool.index()];
        if state.booting > 0 {
            state.booting -= 1;
            out.record(state.row(pool));
        }
    }
}

/// Makes a change of the queue durable.
pub(super) fn record(change: Change, out: &mut Outbox) {
    match change {
        Change::Put(run) => out.record(run.row()),
        Change::Drop(run) => out.record(Key::Pending(run)),
    }
}

impl Machine for Scheduler {
    type Input = Input;

    fn handle(&mut self, now: Time, input: Input, out: &mut Outbox) {
        match input {
            Input::SpecSeen { spec, pod } => self.spec_seen(spec, pod, out),
            Input::NodeSeen { node, spec, state } => self.node_seen(now, node, spec, state, out),
            Input::NodeChanged { node, state } => self.node_changed(now, node, state, out),
            Input::NodeGone { node } => self.node_gone(node, out),
            Input::PodsPending {
                first,
                count,
                spec,
                tenant,
                service,
            } => {
                let run = Run {
                    run: first,
                    first,
                    count,
                    spec,
                    tenant,
                    service,
                    since: now,
                };
                self.pods_pending(run, out);
            }
            Input::PodBound { pod, node } => self.pod_bound(now, pod, node, out),
            Input::PodFinished { pod } => self.pod_finished(now, pod, out),
            Input::Pass => self.pass(now, out),
            Input::Sweep { pool } => self.sweep(now, pool, out),
        }
    }
}
