//! What the next group takes, and waiting for it.

use nimbus_core::cluster::Event;
use nimbus_core::time::{Span, Time};

use super::lead::Lead;
use crate::runtime;
use crate::shell::port::{Request, Unanswered};

/// Most asks of a group.
pub(super) const ASKS_MAX: usize = 64;

/// Most events of the cluster of a group.
pub(super) const EVENTS_MAX: usize = 256;

/// How long the key of a request is remembered beside the store: longer than any deadline.
const KEYS_FOR: Span = Span::from_secs(600);

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woken {
    /// There may be something to do.
    Look,
    /// It should stop, and nothing waits.
    Stop,
}

impl Lead {
    /// Looks at the cluster.
    pub(super) fn observe(&mut self, now: Time) {
        let room = EVENTS_MAX.saturating_sub(self.events.len());
        if room > 0 {
            let seen = self.parts.cluster.observe(now, room, &mut self.events);
            self.next_seen = if seen.more { Some(now) } else { seen.next };
        }
    }

    /// The events that go into the next group together.
    pub(super) fn lot(&mut self) -> Vec<Event> {
        let most = self.events.len().min(EVENTS_MAX);
        let lot = Event::lot(&self.events[..most]);
        self.events.drain(..lot).collect()
    }

    /// Takes asks out of the inbox, as many as fit into a group.
    pub(super) fn collect(&mut self) {
        let waiting = self.parts.inbox.len() + self.asks.len();
        let depth = i64::try_from(waiting).unwrap_or(i64::MAX);
        let gauge = &self.parts.metrics.mailbox_depth;
        gauge.with_label_values(&["conductor"]).set(depth);
        while self.asks.len() < ASKS_MAX {
            let Ok(request) = self.parts.inbox.try_recv() else {
                return;
            };
            self.asks.push_back(request);
        }
    }

    /// The asks of the next group. What nobody waits for any more is left alone, and so is what was carried
    /// out under the same key.
    pub(super) fn asked(&mut self) -> Vec<Request> {
        let wall = runtime::now();
        self.keys.retain(|_, at| *at + KEYS_FOR > wall);
        let mut asks: Vec<Request> = Vec::new();
        while asks.len() < ASKS_MAX {
            let Some(request) = self.asks.pop_front() else {
                break;
            };
            if request.answer.is_closed() {
                continue;
            }
            if self.repeated(&request, &asks) {
                // a caller that went away needs no answer
                let _ = request.answer.send(Err(Unanswered::Repeated));
                continue;
            }
            asks.push(request);
        }
        asks
    }

    fn repeated(&self, request: &Request, group: &[Request]) -> bool {
        let Some(key) = &request.ask.key else {
            return false;
        };
        let same = |other: &Request| {
            let other = other.ask.key.as_ref();
            other.is_some_and(|other| (&other.principal, &other.key) == (&key.principal, &key.key))
        };
        let name = (key.principal.clone(), key.key.clone());
        self.keys.contains_key(&name) || group.iter().any(same)
    }

    /// Waits for an ask, or until a timer or the cluster is due: the one armed timer.
    pub(super) async fn wait(&mut self, now: Time) -> Woken {
        let due = [self.order.next_timer(), self.next_seen];
        let due = due.into_iter().flatten().min();
        self.standing.send_modify(|standing| {
            standing.settled = now;
            standing.due = due;
        });
        tokio::select! {
            biased;
            request = self.parts.inbox.recv() => match request {
                Some(request) => {
                    self.asks.push_back(request);
                    Woken::Look
                }
                None => Woken::Stop,
            },
            () = self.parts.stop.cancelled() => Woken::Stop,
            () = self.parts.clock.until(now, due) => Woken::Look,
        }
    }

    /// Waits while nothing can be written; whoever asks is refused.
    pub(super) async fn sit_out(&mut self) -> Woken {
        let Some(refusing) = &self.refusing else {
            return Woken::Look;
        };
        let why = Unanswered::ReadOnly(std::sync::Arc::clone(&refusing.why));
        let over = tokio::time::sleep(refusing.wait);
        tokio::pin!(over);
        for request in self.asks.drain(..) {
            // a caller that went away needs no answer
            let _ = request.answer.send(Err(why.clone()));
        }
        loop {
            tokio::select! {
                biased;
                request = self.parts.inbox.recv() => match request {
                    Some(request) => {
                        // as above
                        let _ = request.answer.send(Err(why.clone()));
                    }
                    None => return Woken::Stop,
                },
                () = self.parts.stop.cancelled() => return Woken::Stop,
                () = &mut over => return Woken::Look,
            }
        }
    }
}
