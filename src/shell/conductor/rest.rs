//! Running a group until it rests.

use std::collections::BTreeMap;

use nimbus_core::cluster::Command;
use nimbus_core::conductor::Cascade;
use nimbus_core::explain::Decision;
use nimbus_core::machine::{Effect, Message, Reply};
use nimbus_core::store::Record;

use super::draft::{Draft, Place};
use super::lead::Lead;
use crate::shell::deliver::{Broken, Handled};

/// What a group wants once it rests.
#[derive(Debug, Default)]
pub(super) struct Rest {
    pub(super) records: Vec<Record>,
    pub(super) decisions: Vec<Decision>,
    pub(super) commands: Vec<Command>,
    /// By root.
    pub(super) replies: BTreeMap<u32, Reply>,
    /// Deliveries of this group.
    pub(super) handled: u64,
}

/// Why a group did not come to rest.
#[derive(Debug, thiserror::Error)]
pub(super) enum Restless {
    #[error(transparent)]
    Broken(#[from] Broken),
    #[error(transparent)]
    Cascade(#[from] Cascade),
}

impl Lead {
    /// Runs a group. After an error the machines hold half of it and must be rebuilt.
    pub(super) async fn rest(&mut self, draft: &mut Draft) -> Result<Rest, Restless> {
        self.begin(draft);
        let mut rest = Rest::default();
        while let Some(batch) = self.order.batch()? {
            for handled in self.shells.deliver(&mut self.order, batch).await? {
                self.route(handled, &mut rest);
            }
        }
        Ok(rest)
    }

    /// Wakes what is due and adds the outside inputs, each with its place among them as its root.
    fn begin(&mut self, draft: &mut Draft) {
        self.order.begin(draft.now, draft.seed);
        if draft.looking.is_some() || !self.dead_timers.is_empty() {
            let woken: Vec<Message> = self.order.woken().cloned().collect();
            draft.timers = draft.leave_out(&woken, &self.dead_timers);
            self.order.leave_out(&draft.timers);
        }
        for place in draft.places() {
            match place {
                Place::Asked(at) => {
                    self.order.outside(draft.asks[at].ask.message.clone());
                }
                Place::Seen(at) => {
                    let root = self.order.root();
                    let event = draft.seen[at].clone();
                    event.deliver(|message| self.order.join(root, message));
                }
            }
        }
    }

    fn route(&mut self, handled: Handled, rest: &mut Rest) {
        rest.handled += 1;
        let root = handled.root;
        for effect in handled.effects {
            match effect {
                Effect::Send(Message::Cluster(command)) => rest.commands.push(command),
                Effect::Send(message) => self.order.send(root, message),
                Effect::At(at, message) => self.order.at(root, at, message),
                Effect::Record(record) => rest.records.push(record),
                Effect::Reply(reply) => {
                    if let Some(root) = root {
                        rest.replies.insert(root, reply);
                    }
                }
                Effect::Explain(decision) => rest.decisions.push(decision),
            }
        }
    }
}
