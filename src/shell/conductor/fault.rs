//! What goes wrong: panics, and times in which nothing can be written.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use nimbus_core::machine::Message;
use nimbus_core::store::StoreError;
use nimbus_core::time::{Span, Time};

use super::draft::{Draft, Looking, Place};
use super::group::refuse_all;
use super::lead::Lead;
use super::rest::{Rest, Restless};
use super::{Fatal, blocking};
use crate::runtime;
use crate::shell::actor::Poisoned;
use crate::shell::deliver::{Broken, word};
use crate::shell::port::Unanswered;
use crate::store::DeadLetterRow;

/// Most faults within [`WINDOW`]: one more ends the process rather than half-working (contract 2.6).
const FAULTS_MAX: usize = 3;

/// See [`FAULTS_MAX`]; wall time.
const WINDOW: Span = Span::from_secs(60);

/// First and longest wait before writing is tried again.
const WAIT_FIRST: Duration = Duration::from_millis(100);
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Faults lately.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// Wall times.
    times: VecDeque<Time>,
    /// Dead letters since the process started.
    pub(super) letters: u64,
}

/// Nothing can be written.
#[derive(Clone, Debug)]
pub(super) struct Refusing {
    pub(super) why: Arc<str>,
    /// How long until it is tried again.
    pub(super) wait: Duration,
}

impl Faults {
    /// Counts a fault; whether it is one too many.
    fn count(&mut self, now: Time) -> bool {
        self.times.push_back(now);
        while self.times.front().is_some_and(|at| *at + WINDOW < now) {
            self.times.pop_front();
        }
        self.times.len() > FAULTS_MAX
    }
}

impl Lead {
    /// Runs a group, without what panics in it. Nothing if the machines cannot be rebuilt: then the group
    /// is undone.
    pub(super) async fn run_to_rest(
        &mut self,
        mut draft: Draft,
    ) -> Result<Option<(Draft, Rest)>, Fatal> {
        loop {
            match self.rest(&mut draft).await {
                Ok(rest) => {
                    if let Some(looking) = draft.looking.take() {
                        self.dead_timers.extend(looking.out);
                    }
                    return Ok(Some((draft, rest)));
                }
                Err(Restless::Cascade(cascade)) => return Err(Fatal::Cascade(cascade.to_string())),
                Err(Restless::Broken(Broken::Gone(address))) => {
                    return Err(Fatal::Broken(Broken::Gone(address).to_string()));
                }
                Err(Restless::Broken(Broken::Poisoned {
                    root,
                    message,
                    poisoned,
                })) => {
                    self.lay_out(&mut draft, root, *message, &poisoned).await?;
                }
            }
            if let Err(error) = self.rebuild().await? {
                self.undo(draft, &error.to_string());
                return Ok(None);
            }
        }
    }

    /// Leaves the input at the root of a panic out and keeps it as a dead letter.
    async fn lay_out(
        &mut self,
        draft: &mut Draft,
        root: Option<u32>,
        message: Message,
        poisoned: &Poisoned,
    ) -> Result<(), Fatal> {
        let place = root.and_then(|root| draft.root(root));
        if let (None, Some(looking)) = (place, &mut draft.looking) {
            looking.tried += 1; // the same fault: another timer is at its root
            return Ok(());
        }
        let id: Arc<str> =
            format!("dead-{:016x}", u64::from_le_bytes(runtime::random_bytes())).into();
        let actor = word(message.address());
        tracing::error!(letter = %id, actor, why = %poisoned.0, "handling an input panicked; it is left out");
        self.parts
            .metrics
            .dead_letters
            .with_label_values(&[actor])
            .inc();
        self.faults.letters += 1;
        if self.faults.count(runtime::now()) {
            let count = FAULTS_MAX + 1;
            let last = poisoned.to_string();
            return Err(Fatal::Faults { count, last });
        }
        self.keep_letter(draft, place, &id, &message, poisoned)
            .await;
        draft.letters.push(Arc::clone(&id));
        match place {
            Some(place) => {
                draft.dead.insert(place, id);
            }
            None => draft.looking = Some(Looking::new(message)),
        }
        Ok(())
    }

    async fn keep_letter(
        &self,
        draft: &Draft,
        place: Option<Place>,
        id: &Arc<str>,
        message: &Message,
        poisoned: &Poisoned,
    ) {
        let ask = match place {
            Some(Place::Asked(at)) => Some(&draft.asks[at].ask),
            _ => None,
        };
        let row = DeadLetterRow {
            id: Arc::clone(id),
            time: draft.now,
            group: self.last.group + 1,
            message: ask.map_or_else(|| message.clone(), |ask| ask.message.clone()),
            why: Arc::clone(&poisoned.0),
            by: ask.map_or_else(|| "conductor".into(), |ask| Arc::clone(&ask.by)),
            request: ask.map_or_else(|| "".into(), |ask| Arc::clone(&ask.request)),
        };
        let ledger = Arc::clone(&self.parts.ledger);
        let kept: Result<(), StoreError> = blocking(move || ledger.put_dead_letter(&row)).await;
        if let Err(error) = kept {
            tracing::error!(%error, letter = %id, "a dead letter was not kept");
        }
    }

    /// Nothing of the group happened: events wait for the next one, whoever asked is told.
    pub(super) fn undo(&mut self, draft: Draft, why: &str) {
        self.parts.metrics.undone.inc();
        self.teller.undone();
        self.astray = true;
        self.refuse(why);
        let later = std::mem::take(&mut self.events);
        self.events = draft.seen;
        self.events.extend(later);
        refuse_all(draft.asks, &Unanswered::ReadOnly(why.into()));
    }

    /// Takes no writes for a while.
    pub(super) fn refuse(&mut self, why: &str) {
        let wait = match &self.refusing {
            Some(refusing) => (refusing.wait * 2).min(WAIT_MAX),
            None => {
                tracing::error!(
                    why,
                    "nothing can be written; writes are refused until it works again"
                );
                WAIT_FIRST
            }
        };
        let why = why.into();
        self.refusing = Some(Refusing { why, wait });
        self.stand();
    }
}
