//! Empty nodes of pools are given back.

use super::machine::Scheduler;
use crate::cluster::{Command, NodeState};
use crate::explain::PoolChange;
use crate::ids::{NodeNo, PoolNo};
use crate::machine::Outbox;
use crate::scheduler::Input;
use crate::store::scheduler::{Key, Row};
use crate::time::Time;

impl Scheduler {
    /// Looks whether a node of a pool stands empty, and since when.
    pub(super) fn rest(&mut self, now: Time, node: NodeNo, out: &mut Outbox) {
        let Some(member) = self.member(node) else {
            if self.fleet.clear_idle(node) {
                out.record(Key::Idle(node));
            }
            return;
        };
        let idle = self.inventory.held(node) == 0
            && !member.leaving
            && self.inventory.state(node) != Some(NodeState::Joining);
        match (self.fleet.idle_since(node), idle) {
            (None, true) => {
                self.fleet.set_idle(member.pool, node, now);
                out.record(Row::Idle {
                    node,
                    since: now,
                    leaving: false,
                });
            }
            (Some(_), false) => {
                self.fleet.clear_idle(node);
                out.record(Key::Idle(node));
            }
            _ => {}
        }
        self.arm(member.pool, out);
    }

    /// Arms the timer of a pool if one of its nodes may be given back and none is armed.
    fn arm(&mut self, pool: PoolNo, out: &mut Outbox) {
        let least = self.config.pools[pool.index()].min;
        let state = &mut self.fleet.pools[pool.index()];
        if let (None, Some(&(since, _))) = (state.sweep_at, state.idle.first())
            && state.staying() > least
        {
            let due = since + self.config.empty_after;
            state.sweep_at = Some(due);
            out.record(state.row(pool));
            out.at(due, Input::Sweep { pool });
        }
    }

    /// Gives back what has been empty for long enough, down to the pool's minimum.
    pub(super) fn sweep(&mut self, now: Time, pool: PoolNo, out: &mut Outbox) {
        let Some(state) = self.fleet.pools.get_mut(pool.index()) else {
            return;
        };
        if state.sweep_at.is_none_or(|due| due > now) {
            return; // an old timer
        }
        state.sweep_at = None;
        out.record(state.row(pool));
        while let Some(node) = self.expired(now, pool) {
            self.give_back(now, pool, node, out);
        }
        self.arm(pool, out);
    }

    /// The node that has been empty longest, if that is long enough and the pool can spare it.
    fn expired(&self, now: Time, pool: PoolNo) -> Option<NodeNo> {
        let state = &self.fleet.pools[pool.index()];
        let &(since, node) = state.idle.first()?;
        let spare = state.staying() > self.config.pools[pool.index()].min;
        (spare && since + self.config.empty_after <= now).then_some(node)
    }

    fn give_back(&mut self, now: Time, pool: PoolNo, node: NodeNo, out: &mut Outbox) {
        let since = self.fleet.idle_since(node).unwrap_or(now);
        let (before, state) = (self.member(node), self.inventory.state(node));
        self.fleet.clear_idle(node);
        self.inventory
            .set_state(node, state.unwrap_or_default(), true);
        self.fleet.recount(before, self.member(node));
        out.record(Row::Idle {
            node,
            since,
            leaving: true,
        });
        let state = &self.fleet.pools[pool.index()];
        out.explain(PoolChange {
            pool,
            booted: 0,
            removed: Some(node),
            waiting: 0,
            nodes: state.staying() + state.booting,
        });
        out.send(Command::RemoveNode { node });
    }
}
