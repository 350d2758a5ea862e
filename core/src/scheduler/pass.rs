//! A pass: places what waits and can be placed, says why the rest waits, orders nodes for it.

use super::amount::Amount;
use super::inventory::Choice;
use super::machine::{Scheduler, record};
use super::plan::{DEMANDS_MAX, Demand, Supply, plan};
use super::queue::Run;
use super::template;
use crate::cluster::Command;
use crate::explain::{Place, PoolChange, Removed, Wait};
use crate::ids::{NodeNo, PoolNo, SpecNo};
use crate::machine::Outbox;
use crate::time::Time;

impl Scheduler {
    /// Tries the lines that are ready, in order of priority, arrival, service, ordinal. A line that finds
    /// no node is not tried again in this pass.
    pub(super) fn pass(&mut self, now: Time, out: &mut Outbox) {
        self.passing = false;
        let mut heads = std::mem::take(&mut self.heads);
        self.queue.take_ready(&mut heads);
        // The least is last; lines are few, since equal specifications share one.
        heads.sort_unstable_by(|a, b| b.cmp(a));
        while let Some(head) = heads.pop() {
            if !self.serve(now, head.spec, heads.last().copied(), out) {
                continue;
            }
            if let Some(head) = self.queue.head(head.spec) {
                let at = heads.partition_point(|other| *other > head);
                heads.insert(at, head);
            }
        }
        self.heads = heads;
        self.boot(out);
    }

    /// Places pods of the first run of a line as long as no other line's turn comes; whether the line
    /// may go on.
    fn serve(
        &mut self,
        now: Time,
        spec: SpecNo,
        next: Option<super::queue::Head>,
        out: &mut Outbox,
    ) -> bool {
        let Some(front) = self.queue.front(spec) else {
            return false;
        };
        let mut goes_on = true;
        let mut run = front;
        while run.run == front.run {
            if !self.place(now, run, out) {
                goes_on = false;
                break;
            }
            let (Some(rest), Some(head)) = (self.queue.front(spec), self.queue.head(spec)) else {
                break;
            };
            if next.is_some_and(|next| next < head) {
                break;
            }
            run = rest;
        }
        if self.queue.changed(front.run) != super::queue::Change::Put(front) {
            record(self.queue.changed(front.run), out);
        }
        goes_on
    }

    /// Places the first pod of a run, or says why its line waits; whether it was placed.
    fn place(&mut self, now: Time, run: Run, out: &mut Outbox) -> bool {
        let Some(choice) = self.inventory.decide(run.spec) else {
            return false;
        };
        let Some((node, score_ppm)) = choice.winner else {
            if let Some(count) = self.queue.stick(run.spec) {
                self.explain_wait(run, count, choice.removed, out);
            }
            return false;
        };
        self.queue.pop(run.spec);
        self.occupy(run.first, node, run.spec, out);
        out.explain(self.placement(now, run, node, score_ppm, &choice));
        out.send(Command::Bind {
            pod: run.first,
            node,
        });
        true
    }

    fn placement(
        &self,
        now: Time,
        run: Run,
        node: NodeNo,
        score_ppm: u64,
        choice: &Choice,
    ) -> Place {
        Place {
            pod: run.first,
            service: run.service,
            tenant: run.tenant,
            node,
            rule: self.config.score,
            score_ppm,
            runner_up: choice.runner_up,
            removed: choice.removed,
            waited: now.since(run.since),
        }
    }

    fn explain_wait(&mut self, run: Run, count: u32, removed: Removed, out: &mut Outbox) {
        let asks = self
            .inventory
            .pod(run.spec)
            .map(|pod| pod.requests)
            .unwrap_or_default();
        out.explain(Wait {
            pod: run.first,
            count,
            service: run.service,
            tenant: run.tenant,
            asks,
            nodes: self.inventory.len(),
            removed,
            largest_free: self.inventory.largest_free(run.spec),
        });
    }

    /// Orders nodes for what is stuck.
    fn boot(&mut self, out: &mut Outbox) {
        if self.config.pools.is_empty() || self.queue.stuck().is_empty() {
            return;
        }
        let demands = self.demands();
        let supplies: Vec<Supply> = self
            .config
            .pools
            .iter()
            .zip(&self.fleet.pools)
            .map(|(pool, state)| Supply {
                offers: Amount::offered(pool.template.allocatable),
                price: pool.price_micro_hour,
                coming: state.booting + state.joining,
                room: pool.max.saturating_sub(state.nodes + state.booting),
            })
            .collect();
        for (pool, order) in plan(&demands, &supplies).into_iter().enumerate() {
            if order.nodes > 0 {
                self.order(PoolNo::at(pool), order.nodes, order.pods, out);
            }
        }
    }

    /// What is stuck and some template could take, in order of the queue.
    fn demands(&self) -> Vec<Demand> {
        let demand = |spec: SpecNo| {
            let pod = self.inventory.pod(spec)?;
            let ask = Amount::asked(pod.requests);
            let passes: Vec<bool> = self
                .config
                .pools
                .iter()
                .map(|pool| template::holds(&pool.template, pod))
                .collect();
            passes.contains(&true).then(|| Demand {
                ask,
                count: self.queue.count(spec),
                passes,
            })
        };
        self.queue
            .stuck_in_order()
            .into_iter()
            .filter_map(|head| demand(head.spec))
            .take(DEMANDS_MAX)
            .collect()
    }

    fn order(&mut self, pool: PoolNo, count: u32, waiting: u32, out: &mut Outbox) {
        let state = &mut self.fleet.pools[pool.index()];
        state.booting += count;
        out.record(state.row(pool));
        out.explain(PoolChange {
            pool,
            booted: count,
            removed: None,
            waiting,
            nodes: state.nodes + state.booting,
        });
        out.send(Command::BootNodes { pool, count });
    }
}
