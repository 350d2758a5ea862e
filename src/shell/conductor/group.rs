//! One group: run, written, let out.

use std::sync::Arc;

use nimbus_core::machine::Reply;
use nimbus_core::time::Time;
use tracing::{debug, info};

use super::Fatal;
use super::draft::{Draft, Place};
use super::lead::Lead;
use super::rest::Rest;
use super::write::{Written, number};
use crate::runtime::{self, Stopwatch};
use crate::shell::facts::{Facts, Handled, Told, code};
use crate::shell::group::Group;
use crate::shell::port::{Answered, Request, Unanswered};
use crate::store::{Commit, OutboxRow};

impl Lead {
    /// Runs the next group and writes it, or undoes it.
    pub(super) async fn group(&mut self, now: Time) -> Result<(), Fatal> {
        let seen = self.lot();
        let asks = self.asked();
        let seed = u128::from_le_bytes(runtime::random_bytes());
        let draft = Draft::new(now, seed, seen, asks);
        let watch = Stopwatch::start();
        let Some((draft, rest)) = self.run_to_rest(draft).await? else {
            return Ok(());
        };
        let metrics = &self.parts.metrics;
        metrics.rest_seconds.observe(watch.wall().as_secs_f64());
        self.finish(draft, rest).await
    }

    async fn finish(&mut self, draft: Draft, rest: Rest) -> Result<(), Fatal> {
        let (facts, replies) = self.tell(&draft, &rest);
        let group = Group {
            seq: self.last.group + 1,
            now: self.order.now(),
            seed: draft.seed,
            inputs: draft.inputs(),
            dead: draft.timers.clone(),
            hash: self.order.hash(),
        };
        let commit = self.commit(&draft, rest, &facts);
        match self.write(&group, &commit).await? {
            Written::Yes(committed) => {
                self.let_out(
                    draft,
                    replies,
                    group,
                    commit,
                    facts,
                    committed.first_event_seq,
                );
            }
            Written::No(why) => self.undo(draft, &why),
            Written::Deposed(why) => {
                refuse_all(draft.asks, &Unanswered::NotLeader);
                self.over = Some(Fatal::Deposed(why));
            }
        }
        Ok(())
    }

    /// What readers are told, and the answers by ask.
    fn tell(&mut self, draft: &Draft, rest: &Rest) -> (Facts, Vec<Option<Reply>>) {
        let mut replies: Vec<Option<Reply>> = draft.asks.iter().map(|_| None).collect();
        for (root, reply) in &rest.replies {
            if let Some(Place::Asked(at)) = draft.root(*root) {
                replies[at] = Some(reply.clone());
            }
        }
        let answered = draft.asks.iter().zip(&replies);
        let asks: Vec<Handled<'_>> = answered
            .filter_map(|(request, reply)| {
                let reply = reply.as_ref()?;
                let ask = &request.ask;
                Some(Handled { ask, reply })
            })
            .collect();
        let facts = self.teller.tell(Told {
            group: self.last.group + 1,
            now: self.order.now(),
            wall: runtime::now(),
            seed: draft.seed,
            seen: &draft.seen.iter().collect::<Vec<_>>(),
            asks: &asks,
            records: &rest.records,
            decisions: rest.decisions.clone(),
            dead: &draft.letters,
        });
        (facts, replies)
    }

    fn commit(&self, draft: &Draft, rest: Rest, facts: &Facts) -> Commit {
        let (group, now) = (self.last.group + 1, self.order.now());
        let outbox = (self.last.outbox_seq + 1..).zip(rest.commands);
        let outbox = outbox.map(|(seq, command)| OutboxRow {
            seq,
            group,
            at: now,
            command,
        });
        Commit {
            group,
            now,
            round: self.order.round(),
            hashes: self.order.hashes(),
            deliveries: self.order.events(),
            epoch: self.parts.epoch,
            cursor: self.last.cursor + number(draft.seen.len()),
            records: rest.records,
            decisions: facts.decisions.clone(),
            outbox: outbox.collect(),
            replicas: facts.replicas.clone(),
            events: facts.events.clone(),
            audit: facts.audit.clone(),
            idempotency: facts.idempotency.clone(),
            operations: facts.operations.clone(),
        }
    }

    /// The group is committed: answers, commands and events leave.
    fn let_out(
        &mut self,
        draft: Draft,
        replies: Vec<Option<Reply>>,
        group: Group,
        commit: Commit,
        facts: Facts,
        first_event_seq: i64,
    ) {
        self.count(&draft);
        self.last.group = commit.group;
        self.last.now = commit.now;
        self.last.round = commit.round;
        self.last.hashes = commit.hashes;
        self.last.deliveries = commit.deliveries;
        self.last.cursor = commit.cursor;
        self.last.outbox_seq += number(commit.outbox.len());
        self.teller.committed();
        self.refusing = None;
        self.answer(draft, replies, &facts);
        if !commit.outbox.is_empty() {
            self.parts.cluster.carry(commit.outbox);
        }
        let mut events = facts.events;
        for (seq, event) in (first_event_seq..).zip(&mut events) {
            event.seq = seq;
            self.last.event_seq = seq;
        }
        self.parts.feed.send(group, events);
        self.stand();
    }

    fn count(&self, draft: &Draft) {
        let metrics = &self.parts.metrics;
        metrics.groups.inc();
        let inputs = u32::try_from(draft.seen.len() + draft.asks.len()).unwrap_or(u32::MAX);
        metrics.group_inputs.observe(f64::from(inputs));
    }

    fn answer(&mut self, draft: Draft, replies: Vec<Option<Reply>>, facts: &Facts) {
        let mut begun = facts.begun.iter();
        for (at, (request, reply)) in draft.asks.into_iter().zip(replies).enumerate() {
            let Request { ask, answer } = request;
            if let Some(id) = draft.dead.get(&Place::Asked(at)) {
                // a caller that went away needs no answer
                let _ = answer.send(Err(Unanswered::Dead(Arc::clone(id))));
                continue;
            }
            if answer.is_closed() {
                debug!(request_id = %ask.request, "nobody waits for the answer any more");
            }
            let Some(reply) = reply else {
                // the machine took it and said nothing; the effects, if any, are committed
                let _ = answer.send(Err(Unanswered::Timeout));
                continue;
            };
            let outcome = code(&reply);
            let outcome = outcome.as_deref().unwrap_or("ok");
            info!(request_id = %ask.request, principal = %ask.by, action = ask.action, outcome,
                group = self.last.group, "an ask was answered");
            if let Some(key) = &ask.key {
                let name = (Arc::clone(&key.principal), Arc::clone(&key.key));
                self.keys.insert(name, runtime::now());
            }
            let operation = begun.next().copied().flatten();
            let operation = operation.and_then(|place| facts.operations.get(place).cloned());
            // a caller that went away needs no answer
            let _ = answer.send(Ok(Answered {
                reply,
                group: self.last.group,
                now: self.last.now,
                operation,
            }));
        }
    }
}

/// Tells everybody of a group that did not happen.
pub(super) fn refuse_all(asks: Vec<Request>, why: &Unanswered) {
    for request in asks {
        // a caller that went away needs no answer
        let _ = request.answer.send(Err(why.clone()));
    }
}
