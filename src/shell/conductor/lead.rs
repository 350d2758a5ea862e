//! The conductor's state, and its loop: gather, run, write, let out; wait if there is nothing to do.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use nimbus_core::cluster::Event;
use nimbus_core::conductor::{Conductor as Order, ROUNDS_MAX};
use nimbus_core::machine::{Address, Message};
use nimbus_core::machines::Machines;
use nimbus_core::store::{Row, StoreError};
use nimbus_core::time::{Span, Time};
use tokio::sync::watch;

use super::fault::{Faults, Refusing};
use super::gather::Woken;
use super::{Fatal, Parts, blocking};
use crate::runtime;
use crate::shell::deliver::Shells;
use crate::shell::facts::Teller;
use crate::shell::journal::Journal;
use crate::shell::ledger::{Ledger, Rows};
use crate::shell::port::{Request, Unanswered};
use crate::shell::standing::Standing;
use crate::store::Last;

/// How often the state of the cluster is kept, wall time.
const KEEP_EVERY: Span = Span::from_secs(60);

/// Everything between two groups.
pub(super) struct Lead {
    pub(super) parts: Parts,
    pub(super) shells: Shells,
    /// The order of deliveries.
    pub(super) order: Order<Message>,
    /// What the store has.
    pub(super) last: Last,
    /// Present unless a worker writes with it.
    pub(super) journal: Option<Box<dyn Journal>>,
    /// The machines were restored at `last` and the journal does not say so yet.
    pub(super) unsaid: bool,
    /// The machines are not those of `last`: rebuild them before anything else.
    pub(super) astray: bool,
    /// Events that were seen and are in no committed group yet, in order.
    pub(super) events: Vec<Event>,
    /// When the cluster has something to say next.
    pub(super) next_seen: Option<Time>,
    /// Asks that were taken out of the inbox.
    pub(super) asks: VecDeque<Request>,
    /// Keys that were carried out lately, with the wall time.
    pub(super) keys: BTreeMap<(Arc<str>, Arc<str>), Time>,
    pub(super) teller: Teller,
    /// Timers that are left out whenever they are due.
    pub(super) dead_timers: Vec<Message>,
    pub(super) faults: Faults,
    /// Set while nothing can be written.
    pub(super) refusing: Option<Refusing>,
    pub(super) standing: watch::Sender<Standing>,
    /// Wall time at which the state of the cluster was kept last.
    kept: Time,
    /// The epoch's end or another reason to go on no more.
    pub(super) over: Option<Fatal>,
}

impl std::fmt::Debug for Lead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lead")
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}

/// Machines of the store's last group, the order to go on with, and what readers were told.
struct Restored {
    machines: Machines,
    order: Order<Message>,
    teller: Teller,
}

/// Before the first group.
fn nothing(origin: Time) -> Last {
    Last {
        group: 0,
        now: origin,
        round: 0,
        hashes: Default::default(),
        deliveries: 0,
        cursor: 0,
        outbox_seq: 0,
        event_seq: 0,
    }
}

fn restored(
    ledger: &dyn Ledger,
    config: &nimbus_core::machines::Config,
    last: &Last,
) -> Result<Restored, StoreError> {
    let rows: Vec<Row> = ledger.rows()?;
    let teller = Teller::new(&rows);
    let mut order = Order::restored(last.now, last.round, last.hashes, last.deliveries);
    let machines = Rows(rows).restore(config, last.now, &mut order)?;
    Ok(Restored {
        machines,
        order,
        teller,
    })
}

impl Lead {
    /// Reads the store and starts the shells.
    pub(super) async fn restore(
        mut parts: Parts,
        standing: watch::Sender<Standing>,
    ) -> Result<(Lead, Shells), StoreError> {
        let ledger = Arc::clone(&parts.ledger);
        let config = parts.config.clone();
        let origin = parts.origin;
        let read = blocking(move || {
            let last = ledger.last()?.unwrap_or_else(|| nothing(origin));
            let restored = restored(&*ledger, &config, &last)?;
            Ok((last, restored))
        });
        let (last, restored) = read.await?;
        let shells = Shells::start(restored.machines);
        let journal = std::mem::replace(
            &mut parts.journal,
            Box::new(crate::shell::journal::Memory::default()),
        );
        let lead = Lead {
            shells: shells.clone(),
            order: restored.order,
            last,
            journal: Some(journal),
            unsaid: true,
            astray: false,
            events: Vec::new(),
            next_seen: None,
            asks: VecDeque::new(),
            keys: BTreeMap::new(),
            teller: restored.teller,
            dead_timers: Vec::new(),
            faults: Faults::default(),
            refusing: None,
            standing,
            kept: runtime::now(),
            over: None,
            parts,
        };
        lead.stand();
        Ok((lead, shells))
    }

    /// Machine time of the next group. Never before the last; a little after it if time stands still so
    /// long that the rounds of its instant run out.
    pub(super) fn now(&self) -> Time {
        let now = self.parts.clock.now().max(self.order.now());
        let worn = now == self.order.now() && self.order.round() > ROUNDS_MAX / 2;
        if worn { now + Span(1) } else { now }
    }

    /// Runs until it is asked to stop and nothing waits, or cannot go on.
    pub(super) async fn run(mut self) -> Result<(), Fatal> {
        let end = self.turns().await;
        self.parts.inbox.close();
        let why = match &end {
            Err(Fatal::Deposed(_)) => Unanswered::NotLeader,
            _ => Unanswered::Stopping,
        };
        while let Ok(request) = self.parts.inbox.try_recv() {
            self.asks.push_back(request);
        }
        for request in self.asks.drain(..) {
            // a caller that went away needs no answer
            let _ = request.answer.send(Err(why.clone()));
        }
        if end.is_ok() && self.events.is_empty() {
            self.keep().await;
        }
        end
    }

    async fn turns(&mut self) -> Result<(), Fatal> {
        loop {
            if self.parts.stop.is_cancelled() && self.asks.is_empty() && self.parts.inbox.is_empty()
            {
                return Ok(());
            }
            if self.refusing.is_some() && self.sit_out().await == Woken::Stop {
                return Ok(());
            }
            if !self.made_ready().await? {
                continue;
            }
            let now = self.now();
            self.observe(now);
            self.collect();
            let due = self.order.next_timer().is_some_and(|at| at <= now);
            let idle = self.asks.is_empty() && self.events.is_empty() && !due;
            if idle && self.refusing.is_none() && self.order.waiting() == 0 {
                if self.wait(now).await == Woken::Stop {
                    return Ok(());
                }
                continue;
            }
            self.group(now).await?;
            if let Some(over) = self.over.take() {
                return Err(over);
            }
            if runtime::now() > self.kept + KEEP_EVERY && self.events.is_empty() {
                self.keep().await;
            }
        }
    }

    /// Rebuilds the machines if they are not those of the last group, and where a new chain of the journal
    /// begins. Whether a group can be run now.
    async fn made_ready(&mut self) -> Result<bool, Fatal> {
        let chain = self.journal.as_ref().is_some_and(|journal| journal.due()) && !self.unsaid;
        if !self.astray && !chain {
            return Ok(true);
        }
        match self.rebuild().await? {
            Ok(()) => Ok(true),
            Err(error) => {
                self.refuse(&error.to_string());
                Ok(false)
            }
        }
    }

    /// Puts the machines of the last group into the shells.
    pub(super) async fn rebuild(&mut self) -> Result<Result<(), StoreError>, Fatal> {
        self.astray = true;
        let ledger = Arc::clone(&self.parts.ledger);
        let (config, last) = (self.parts.config.clone(), self.last.clone());
        let rebuilt = match blocking(move || restored(&*ledger, &config, &last)).await {
            Ok(rebuilt) => rebuilt,
            Err(error) => return Ok(Err(error)),
        };
        let replaced = self.shells.replace(rebuilt.machines).await;
        replaced.map_err(|gone| Fatal::Broken(gone.to_string()))?;
        for address in Address::MACHINES {
            let label = crate::shell::deliver::word(address);
            self.parts
                .metrics
                .restarts
                .with_label_values(&[label])
                .inc();
        }
        (self.order, self.teller) = (rebuilt.order, rebuilt.teller);
        (self.astray, self.unsaid) = (false, true);
        Ok(Ok(()))
    }

    /// Keeps the state of the cluster, so that a restart plays little of it again.
    async fn keep(&mut self) {
        self.kept = runtime::now();
        let Some(saved) = self.parts.cluster.save() else {
            return;
        };
        if saved.cursor != self.last.cursor {
            return; // it holds events that no group has taken yet
        }
        let (ledger, epoch) = (Arc::clone(&self.parts.ledger), self.parts.epoch);
        if let Err(error) = blocking(move || ledger.save_cluster(&saved, epoch)).await {
            tracing::warn!(%error, "the state of the cluster was not kept; a restart plays more of it again");
        }
    }

    /// Shows how it stands.
    pub(super) fn stand(&self) {
        let refusing = self
            .refusing
            .as_ref()
            .map(|refusing| Arc::clone(&refusing.why));
        self.parts
            .metrics
            .writable
            .set(i64::from(refusing.is_none()));
        let standing = Standing {
            group: self.last.group,
            now: self.last.now,
            hash: self.order.hash(),
            deliveries: self.last.deliveries,
            timers: self.order.timers(),
            settled: self.standing.borrow().settled,
            due: self.order.next_timer(),
            refusing,
            cluster: self.parts.cluster.health().err().map(Into::into),
            epoch: self.parts.epoch,
            dead_letters: self.faults.letters,
            journal_bytes: self.journal.as_ref().map_or(0, |journal| journal.written()),
        };
        self.standing.send_replace(standing);
    }
}
