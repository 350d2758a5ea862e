//! Shadow policies: candidates that see what the deciders see, decide, and never act (U-05).
//!
//! A shadow is a second scheduler or autoscaler, restored from the rows of the last group. After each
//! committed group it is handed the same inputs, at the same times; what it wants is compared with what was
//! decided, and goes nowhere. What it believes wrongly is set right by what follows: bindings and replica
//! counts are reported to it as they came to be. Where nothing would (nodes that it alone ordered), it is
//! restored from the rows again, at most once a minute of machine time.
//!
//! Guarantees: a candidate that is the present policy never differs. Never: acts, records, or slows a group
//! before its answers have left.

mod compare;
mod price;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nimbus_core::autoscaler::{self, Autoscaler, Policy};
use nimbus_core::billing;
use nimbus_core::explain::{Decision, ScoreKind};
use nimbus_core::ids::{PolicyId, ServiceNo};
use nimbus_core::machine::{Address, Effect, Machine, Message, Outbox};
use nimbus_core::machines::Config;
use nimbus_core::scheduler::{self, Scheduler};
use nimbus_core::store::{self, Row};
use nimbus_core::time::{Span, Time};
use serde::Serialize;
use tokio::sync::Notify;

use crate::metrics;

pub use compare::{Example, Kind};
use price::Prices;

/// Examples that are kept of each shadow; the oldest go.
pub const EXAMPLES_MAX: usize = 100;

/// Shadows at once.
pub const SHADOWS_MAX: usize = 8;

/// Shortest machine time between two restorations of a shadow.
const AGAIN: Span = Span::from_secs(60);

/// What is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Candidate {
    /// Another score of the scheduler.
    Score(ScoreKind),
    /// Another autoscale policy, for these services; `None`: for all that have one.
    Autoscale(Arc<Policy>, Option<Vec<ServiceNo>>),
}

/// How a candidate differs from what decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Divergence {
    /// Machine time from which it was watched; none before the first group.
    pub since: Option<Time>,
    /// Choices that were compared.
    pub decisions: u64,
    /// Choices that differ.
    pub differing: u64,
    /// The same, by kind.
    pub by_kind: BTreeMap<Kind, u64>,
    /// What the candidate would have cost more, or less, in millionths of the minor unit: replicas for the
    /// period that was decided about, nodes for an hour. Another node alone costs nothing.
    pub cost_delta_micro: i128,
    /// The last ones.
    pub examples: VecDeque<Example>,
}

/// All shadows; shared by who follows the service and feeds them, and the edges, which ask.
#[derive(Debug, Default)]
pub struct Shadows {
    all: Mutex<BTreeMap<PolicyId, Shadow>>,
    begun: Notify,
}

/// Why a shadow was not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at most {SHADOWS_MAX} shadow policies at once")]
pub struct TooMany;

/// A delivery that a shadow must see, and what it led to.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What was delivered.
    pub message: Message,
    /// What its machine wanted.
    pub effects: Vec<Effect>,
}

impl Seen {
    /// Whether shadows look at deliveries to this machine.
    #[must_use]
    pub fn concerns(message: &Message) -> bool {
        matches!(message.address(), Address::Scheduler | Address::Autoscaler)
    }
}

impl Shadows {
    fn all(&self) -> MutexGuard<'_, BTreeMap<PolicyId, Shadow>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a candidate watch from the next group on; again, it begins anew.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn begin(&self, id: PolicyId, candidate: Candidate) -> Result<(), TooMany> {
        let mut all = self.all();
        if all.len() >= SHADOWS_MAX && !all.contains_key(&id) {
            return Err(TooMany);
        }
        all.insert(id, Shadow::new(candidate));
        self.begun.notify_one();
        Ok(())
    }

    /// Ends a shadow; whether there was one.
    pub fn end(&self, id: PolicyId) -> bool {
        self.all().remove(&id).is_some()
    }

    /// How a candidate differs so far.
    #[must_use]
    pub fn divergence(&self, id: PolicyId) -> Option<Divergence> {
        self.all().get(&id).map(|shadow| shadow.found.clone())
    }

    /// Waits until a candidate is to watch.
    pub async fn wanted(&self) {
        while !self.any() {
            self.begun.notified().await;
        }
    }

    /// Whether anything watches.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.all().is_empty()
    }

    /// Whether a shadow waits for rows to be restored from, at this time.
    #[must_use]
    pub fn due(&self, now: Time) -> bool {
        self.all().values().any(|shadow| shadow.due(now))
    }

    /// Restores those that wait for it: the rows are those of the last group.
    pub fn restore(&self, rows: &[Row], config: &Config, now: Time) {
        for shadow in self.all().values_mut() {
            if shadow.due(now) {
                shadow.restore(rows, config, now);
            }
        }
    }

    /// Shows a committed group to all.
    pub fn group(&self, now: Time, seen: &[Seen], counts: &metrics::Nouns) {
        for (id, shadow) in self.all().iter_mut() {
            let before = shadow.found.differing;
            shadow.group(now, seen);
            let differing = shadow.found.differing - before;
            if differing > 0 {
                let policy = id.to_string();
                counts
                    .shadow_divergence
                    .with_label_values(&[policy.as_str()])
                    .inc_by(differing);
            }
        }
    }
}

/// The second decider.
#[derive(Debug)]
enum Decider {
    Scheduler(Box<Scheduler>),
    Autoscaler(Box<Autoscaler>),
}

/// A candidate that watches.
#[derive(Debug)]
struct Shadow {
    candidate: Candidate,
    decider: Option<Decider>,
    found: Divergence,
    /// When it was restored; it is restored again if it is `stale`.
    restored: Option<Time>,
    stale: bool,
    /// Timers of periods that only the candidate has.
    timers: BTreeMap<Span, Time>,
    prices: Prices,
}

impl Shadow {
    fn new(candidate: Candidate) -> Shadow {
        Shadow {
            candidate,
            decider: None,
            found: Divergence::default(),
            restored: None,
            stale: true,
            timers: BTreeMap::new(),
            prices: Prices::default(),
        }
    }

    fn due(&self, now: Time) -> bool {
        self.stale && self.restored.is_none_or(|at| at + AGAIN <= now)
    }

    fn restore(&mut self, rows: &[Row], config: &Config, now: Time) {
        let mut out = Outbox::default();
        self.prices = Prices::new(&config.billing, &config.scheduler);
        self.timers.clear();
        self.decider = Some(match &self.candidate {
            Candidate::Score(score) => {
                let config = scheduler::Config {
                    score: *score,
                    ..config.scheduler.clone()
                };
                let rows = rows.iter().filter_map(scheduler_row).collect();
                Decider::Scheduler(Box::new(Scheduler::restore(config, rows, now, &mut out)))
            }
            Candidate::Autoscale(policy, services) => {
                let rows = rows.iter().filter_map(autoscaler_row);
                let rows = rows
                    .map(|row| under(row, policy, services.as_deref()))
                    .collect();
                let machine = Autoscaler::restore(config.autoscaler, rows, now, &mut out);
                Decider::Autoscaler(Box::new(machine))
            }
        });
        self.arm(out.take());
        self.found.since.get_or_insert(now);
        (self.restored, self.stale) = (Some(now), false);
    }

    /// Keeps the timers of periods that the live policies may not have.
    fn arm(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::At(at, Message::Autoscaler(autoscaler::Input::Tick { period })) = effect
            {
                self.timers.insert(period, at);
            }
        }
    }

    fn group(&mut self, now: Time, seen: &[Seen]) {
        if self.decider.is_none() {
            return;
        }
        for one in seen {
            match (&one.message, &self.decider) {
                (Message::Scheduler(input), Some(Decider::Scheduler(_))) => {
                    let effects = self.schedule(now, input.clone());
                    self.compare(now, &one.effects, &effects);
                }
                (Message::Autoscaler(input), Some(Decider::Autoscaler(_))) => {
                    let effects = self.scale(now, input.clone());
                    self.compare(now, &one.effects, &effects);
                }
                _ => {}
            }
        }
        self.tick(now);
    }

    fn schedule(&mut self, now: Time, input: scheduler::Input) -> Vec<Effect> {
        let mut out = Outbox::default();
        if let Some(Decider::Scheduler(machine)) = &mut self.decider {
            machine.handle(now, input, &mut out);
        }
        out.take()
    }

    fn scale(&mut self, now: Time, mut input: autoscaler::Input) -> Vec<Effect> {
        if let autoscaler::Input::Usage(tick) = &input {
            self.prices.measure(tick);
        }
        if let autoscaler::Input::Tick { period } = input {
            self.timers.remove(&period); // the live one has it as well
        }
        if let (
            autoscaler::Input::Watch {
                service, policy, ..
            },
            Candidate::Autoscale(other, only),
        ) = (&mut input, &self.candidate)
            && covers(only.as_deref(), *service)
        {
            *policy = Arc::clone(other);
        }
        let mut out = Outbox::default();
        if let Some(Decider::Autoscaler(machine)) = &mut self.decider {
            machine.handle(now, input, &mut out);
        }
        let effects = out.take();
        self.arm(effects.clone());
        effects
    }

    /// Fires what is due of the candidate's own periods.
    fn tick(&mut self, now: Time) {
        let due: Vec<Span> = self
            .timers
            .iter()
            .filter(|(_, at)| **at < now)
            .map(|(period, _)| *period)
            .collect();
        for period in due {
            self.timers.remove(&period);
            let effects = self.scale(now, autoscaler::Input::Tick { period });
            self.compare(now, &[], &effects);
        }
    }

    fn compare(&mut self, now: Time, live: &[Effect], candidate: &[Effect]) {
        let (live, candidate) = (compare::choices(live), compare::choices(candidate));
        self.found.decisions += live.len() as u64;
        for (live, candidate) in compare::differing(&live, &candidate) {
            let kind = compare::kind((live.as_ref(), candidate.as_ref()));
            self.found.differing += 1;
            *self.found.by_kind.entry(kind).or_insert(0) += 1;
            self.found.cost_delta_micro += self.delta(live.as_ref(), candidate.as_ref());
            self.stale |= matches!(kind, Kind::Pool | Kind::Wait);
            if self.found.examples.len() == EXAMPLES_MAX {
                self.found.examples.pop_front();
            }
            self.found.examples.push_back(Example {
                time: now,
                kind,
                live,
                candidate,
            });
        }
    }

    /// What the candidate's choice costs more than the live one.
    fn delta(&self, live: Option<&Decision>, candidate: Option<&Decision>) -> i128 {
        let period = match &self.candidate {
            Candidate::Autoscale(policy, _) => policy.period,
            Candidate::Score(_) => Span::ZERO,
        };
        let cost = |decision: Option<&Decision>| {
            decision.map_or(0, |decision| self.prices.of(decision, period))
        };
        cost(candidate) - cost(live)
    }
}

fn scheduler_row(row: &Row) -> Option<store::scheduler::Row> {
    match row {
        Row::Scheduler(row) => Some(row.clone()),
        _ => None,
    }
}

fn autoscaler_row(row: &Row) -> Option<store::autoscaler::Row> {
    match row {
        Row::Autoscaler(row) => Some(row.clone()),
        _ => None,
    }
}

fn covers(only: Option<&[ServiceNo]>, service: ServiceNo) -> bool {
    only.is_none_or(|only| only.contains(&service))
}

/// A row of a watched service under the candidate.
fn under(
    row: store::autoscaler::Row,
    policy: &Arc<Policy>,
    only: Option<&[ServiceNo]>,
) -> store::autoscaler::Row {
    match row {
        store::autoscaler::Row::Watch(service, mut row) if covers(only, service) => {
            row.policy = Arc::clone(policy);
            store::autoscaler::Row::Watch(service, row)
        }
        row => row,
    }
}

impl Prices {
    fn new(billing: &billing::Config, scheduler: &scheduler::Config) -> Prices {
        Prices {
            list: billing.prices,
            nodes: scheduler
                .pools
                .iter()
                .map(|pool| pool.price_micro_hour)
                .collect(),
            ..Prices::default()
        }
    }
}
