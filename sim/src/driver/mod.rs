//! The fast driver: a plain loop over conductor, machines and world.
//!
//! Guarantees: a group is all that is due at an instant, run until it rests, committed once; its commands
//! reach the world after that, as they reach a cluster after a commit. Never: decides, or reads a clock.

mod restart;
#[cfg(test)]
mod tests;
mod trace;

use nimbus_core::cluster::{Command, Event};
use nimbus_core::conductor::{Batch, Cascade, Conductor};
use nimbus_core::digest::EventHash;
use nimbus_core::machine::{Class, Effect, Message, Outbox, Reply};
use nimbus_core::rng;
use nimbus_core::store::{Record, Store, StoreError};
use nimbus_core::time::Time;

pub use nimbus_core::machines::{Config, Machines};
pub use trace::{STEPS_MAX, Step, diff};

use crate::oracle::{Oracle, Views, Violation};
use crate::record::Recorder;
use crate::store::MemoryStore;
use crate::world::World;

/// Where inputs come from that are not the cluster's: people, automation, recorded arrivals.
pub trait Outside {
    /// When there is something to say next.
    fn next(&self) -> Option<Time>;

    /// What is said at `now`. What depends on an answer comes with a later call at the same instant.
    fn take(&mut self, now: Time, inputs: &mut Vec<Message>);

    /// The answer to the input at this place of the last [`Outside::take`].
    fn answer(&mut self, now: Time, place: usize, reply: Reply);

    /// After a commit, before its commands leave: what the world and the recorder must know of new
    /// services.
    fn settle(&mut self, now: Time, world: &mut World, recorder: &mut Recorder);
}

/// Why a run stopped before its end.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// An instant does not come to rest.
    #[error(transparent)]
    Cascade(#[from] Cascade),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An invariant does not hold.
    #[error("{0}")]
    Violation(Box<Violation>),
}

/// A delivery that was handled outside of the driver.
#[derive(Debug)]
pub struct Handled<'a> {
    /// Its round at this instant.
    pub round: u32,
    /// Its class.
    pub class: Class,
    /// Place of the outside input at its root.
    pub root: Option<u32>,
    /// What was delivered.
    pub message: &'a Message,
    /// What its machine wants, in order.
    pub effects: Vec<Effect>,
    /// The hash of its address after it.
    pub hash: EventHash,
}

/// All that came to a group from outside.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// What its ids and jitter are drawn from.
    pub seed: u128,
    /// What was asked, in order; before the events.
    pub inputs: Vec<Message>,
    /// What the world reported, in order.
    pub events: Vec<Event>,
}

/// Where effects go: the parts of a driver without its machines.
struct Sink<'a, O> {
    conductor: &'a mut Conductor<Message>,
    outside: &'a mut O,
    recorder: &'a mut Recorder,
    oracle: &'a mut Oracle,
    commands: &'a mut Vec<Command>,
    records: Option<&'a mut Vec<Record>>,
}

macro_rules! sink {
    ($driver:ident) => {
        Sink {
            conductor: &mut $driver.conductor,
            outside: &mut $driver.outside,
            recorder: &mut $driver.recorder,
            oracle: &mut $driver.oracle,
            commands: &mut $driver.commands,
            records: $driver.store.is_some().then_some(&mut $driver.records),
        }
    };
}

impl<O: Outside> Sink<'_, O> {
    #[inline]
    fn take(&mut self, now: Time, root: Option<u32>, effect: Effect) {
        self.oracle.effect(now, &effect);
        match effect {
            Effect::Send(Message::Cluster(command)) => self.commands.push(command),
            Effect::Send(message) => self.conductor.send(root, message),
            Effect::At(at, message) => self.conductor.at(root, at, message),
            Effect::Record(record) => {
                if let Some(records) = &mut self.records {
                    records.push(record);
                }
            }
            Effect::Reply(reply) => {
                if let Some(place) = root.and_then(|root| usize::try_from(root).ok()) {
                    self.outside.answer(now, place, reply);
                }
            }
            Effect::Explain(decision) => self.recorder.decision(now, &decision),
        }
    }
}

/// Conductor, machines and world, with those who watch.
#[derive(Debug)]
pub struct Driver<O> {
    /// The order.
    pub conductor: Conductor<Message>,
    /// The deciders.
    pub machines: Machines,
    /// The cluster.
    pub world: World,
    /// Inputs from elsewhere.
    pub outside: O,
    /// What is measured.
    pub recorder: Recorder,
    /// What must hold.
    pub oracle: Oracle,
    /// Rows, if the run keeps them.
    pub store: Option<MemoryStore>,
    /// The first [`STEPS_MAX`] steps, if the run keeps a trace.
    pub trace: Option<Vec<Step>>,
    /// What the last group was given, if that is kept.
    pub taken: Option<Taken>,
    config: Config,
    seed: u64,
    groups: u64,
    instant: (Time, u32),
    inputs: Vec<Message>,
    events: Vec<Event>,
    /// How many of the events the group takes.
    lot: usize,
    commands: Vec<Command>,
    records: Vec<Record>,
    out: Outbox,
}

impl<O: Outside> Driver<O> {
    /// A driver at the beginning of a run.
    #[must_use]
    pub fn new(
        seed: u64,
        config: Config,
        world: World,
        outside: O,
        recorder: Recorder,
        oracle: Oracle,
    ) -> Self {
        Driver {
            conductor: Conductor::default(),
            machines: Machines::new(&config),
            world,
            outside,
            recorder,
            oracle,
            store: None,
            trace: None,
            taken: None,
            config,
            seed,
            groups: 0,
            instant: (Time(i64::MIN), 0),
            inputs: Vec::new(),
            events: Vec::new(),
            lot: 0,
            commands: Vec::new(),
            records: Vec::new(),
            out: Outbox::default(),
        }
    }

    /// The next instant at which something happens.
    #[must_use]
    pub fn next(&self) -> Option<Time> {
        if !self.events.is_empty() {
            return Some(self.instant.0);
        }
        let times = [
            self.world.next(),
            self.conductor.next_timer(),
            self.outside.next(),
        ];
        times.into_iter().flatten().min()
    }

    /// Runs one group at `now`, which is what [`Driver::next`] gave.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn group(&mut self, now: Time) -> Result<(), Fault> {
        self.open(now);
        self.decide(now)
    }

    /// Begins a group: takes its inputs and the timers that are due.
    pub fn open(&mut self, now: Time) {
        self.gather(now);
        self.deliver(now);
    }

    /// Runs what was delivered until it rests, commits it, and lets its effects out.
    fn decide(&mut self, now: Time) -> Result<(), Fault> {
        self.rest(now)?;
        if self.close(now)? {
            self.recount(now)?;
        }
        Ok(())
    }

    /// The next batch of a group, for whoever calls the machines elsewhere; after it [`Driver::took`] for
    /// each of its deliveries, in order.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn batch(&mut self) -> Result<Option<Batch<Message>>, Fault> {
        Ok(self.conductor.batch()?)
    }

    /// What a delivery led to that was handled elsewhere. Its hash is in the conductor already.
    pub fn took(&mut self, now: Time, handled: Handled<'_>) {
        self.oracle.message(now, handled.message);
        if self.trace.as_ref().is_some_and(|t| t.len() < STEPS_MAX) {
            let step = Step::open(now, handled.round, handled.class, handled.message);
            let step = step.close(&handled.effects, handled.hash);
            self.trace.get_or_insert_default().push(step);
        }
        let mut sink = sink!(self);
        for effect in handled.effects {
            sink.take(now, handled.root, effect);
        }
    }

    /// Ends a group that has come to rest: commits it and lets its effects out. Gives whether
    /// [`Driver::recount`] must follow.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn close(&mut self, now: Time) -> Result<bool, Fault> {
        self.commit()?;
        self.outside
            .settle(now, &mut self.world, &mut self.recorder);
        self.command(now);
        self.found()?;
        Ok(self.events.is_empty() && self.oracle.due())
    }

    /// Checks the invariants that need a look at everything, the machines included.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn recount(&mut self, now: Time) -> Result<(), Fault> {
        let views = views(&self.machines, &self.world, &self.conductor);
        self.oracle.checkpoint(now, &views);
        self.found()
    }

    /// Checks the invariants of the end.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn finish(&mut self, end: Time) -> Result<(), Fault> {
        let views = views(&self.machines, &self.world, &self.conductor);
        self.oracle.finish(end, &views);
        self.found()
    }

    fn found(&self) -> Result<(), Fault> {
        let first = self.oracle.violations().first();
        first.map_or(Ok(()), |violation| {
            Err(Fault::Violation(Box::new(violation.clone())))
        })
    }

    /// The hash of the run so far.
    #[must_use]
    pub fn hash(&self) -> EventHash {
        self.conductor.hash()
    }

    /// Takes the inputs of a group. Events of the world first, as many as go together; outside inputs only
    /// when the world has nothing more to say at this instant, so that what they lean on has settled.
    fn gather(&mut self, now: Time) {
        if self.instant.0 == now {
            self.instant.1 += 1;
        } else {
            self.instant = (now, 0);
        }
        if self.world.next().is_some_and(|at| at <= now) {
            self.world.step(now, &mut self.events);
        }
        self.inputs.clear();
        if self.events.is_empty() && self.outside.next().is_some_and(|at| at <= now) {
            self.outside.take(now, &mut self.inputs);
        }
        self.lot = Event::lot(&self.events);
        for event in &self.events[..self.lot] {
            self.recorder.event(now, event);
            self.oracle.event(now, event);
        }
    }

    /// Begins the group: timers that are due, and the inputs that were taken.
    fn deliver(&mut self, now: Time) {
        let seed = rng::group_seed(self.seed, now, self.instant.1);
        if let Some(taken) = &mut self.taken {
            taken.seed = seed;
            taken.inputs.clone_from(&self.inputs);
            taken.events = self.events[..self.lot].to_vec();
        }
        self.conductor.begin(now, seed);
        for message in self.inputs.drain(..) {
            self.conductor.outside(message);
        }
        for event in self.events.drain(..self.lot) {
            let root = self.conductor.root();
            event.deliver(|message| self.conductor.join(root, message));
        }
    }

    fn rest(&mut self, now: Time) -> Result<(), Fault> {
        while let Some(mut batch) = self.conductor.batch()? {
            for delivery in batch.deliveries.drain(..) {
                let address = delivery.message.address();
                let (seed, drawn) = self.conductor.open(&delivery.message);
                self.out.begin(seed, address, drawn);
                self.oracle.message(now, &delivery.message);
                let kept = self.trace.as_ref().is_some_and(|t| t.len() < STEPS_MAX);
                let step =
                    kept.then(|| Step::open(now, batch.round, batch.class, &delivery.message));
                self.machines.handle(now, delivery.message, &mut self.out);
                let hash = self
                    .conductor
                    .close(address, self.out.drawn(), self.out.effects());
                if let (Some(trace), Some(step)) = (&mut self.trace, step) {
                    trace.push(step.close(self.out.effects(), hash));
                }
                self.effects(now, delivery.root);
            }
            self.conductor.recycle(batch.class, batch.deliveries);
        }
        Ok(())
    }

    #[inline]
    fn effects(&mut self, now: Time, root: Option<u32>) {
        let mut sink = sink!(self);
        for effect in self.out.drain() {
            sink.take(now, root, effect);
        }
    }

    fn commit(&mut self) -> Result<(), Fault> {
        self.groups += 1;
        if let Some(store) = &mut self.store {
            store.commit(self.groups, std::mem::take(&mut self.records))?;
        }
        Ok(())
    }

    fn command(&mut self, now: Time) {
        for command in self.commands.drain(..) {
            self.oracle.command(now, &command);
            self.world.apply(now, command, &mut self.events);
        }
    }
}

/// What the oracle looks at beside its books.
fn views<'a>(
    machines: &'a Machines,
    world: &'a World,
    conductor: &Conductor<Message>,
) -> Views<'a> {
    Views {
        world,
        billing: Some(&machines.billing),
        queue: conductor.waiting(),
        timers: conductor.timers(),
    }
}
