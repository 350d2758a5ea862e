//! The machines of a service, run again over the groups that they were given.

use std::collections::BTreeMap;

use nimbus_core::conductor::{Cascade, Conductor};
use nimbus_core::digest::EventHash;
use nimbus_core::machine::{Address, Effect, Message, Outbox, Reply};
use nimbus_core::machines::{Config, Machines};
use nimbus_core::store::{Record, Row, Store, StoreError};
use nimbus_core::time::Time;
use nimbus_sim::store::MemoryStore;

use super::{Difference, Place, Unplayed, Watch};
use crate::shell::group::{Group, Input};
use crate::shell::journal::Snapshot;

/// Conductor, machines and the rows that they have recorded.
#[derive(Debug)]
pub struct Player {
    config: Config,
    conductor: Conductor<Message>,
    machines: Machines,
    store: MemoryStore,
    out: Outbox,
    last: u64,
    before: u64,
    decisions: u64,
    replies: BTreeMap<u32, Reply>,
}

impl Player {
    /// Machines as a snapshot has them.
    ///
    /// # Errors
    /// If the rows cannot be kept.
    pub fn begin(snapshot: &Snapshot) -> Result<Player, StoreError> {
        let mut store = MemoryStore::new();
        let rows = snapshot.rows.iter().cloned().map(Record::Put);
        store.commit(snapshot.last_group, rows.collect())?;
        let (round, hashes) = (snapshot.round, snapshot.hashes);
        let mut conductor = Conductor::restored(snapshot.now, round, hashes, snapshot.deliveries);
        let config = snapshot.config.clone();
        let machines = Machines::restore(&config, &store, snapshot.now, &mut conductor)?;
        Ok(Player {
            config,
            conductor,
            machines,
            store,
            out: Outbox::default(),
            last: snapshot.last_group,
            before: snapshot.deliveries,
            decisions: 0,
            replies: BTreeMap::new(),
        })
    }

    /// Throws machines and timers away and restores them from the rows, as the service did.
    ///
    /// # Errors
    /// None but those of the rows.
    pub fn restart(&mut self, now: Time) -> Result<(), StoreError> {
        let mut conductor = Conductor::resume(&self.conductor);
        self.machines = Machines::restore(&self.config, &self.store, now, &mut conductor)?;
        self.conductor = conductor;
        Ok(())
    }

    /// Runs a group until it rests, and keeps what it records.
    ///
    /// # Errors
    /// If it does not come to rest.
    pub fn group(&mut self, group: &Group, watch: Watch<'_>) -> Result<(), Unplayed> {
        self.group_with(group, &mut |_, effects| {
            effects.iter().for_each(|effect| watch(group.now, effect));
        })
    }

    /// The same; `each` is shown every delivery with its effects.
    pub(in crate::replay) fn group_with(
        &mut self,
        group: &Group,
        each: &mut dyn FnMut(&Message, &[Effect]),
    ) -> Result<(), Unplayed> {
        self.before = self.conductor.events();
        self.decisions = 0;
        self.replies.clear();
        self.conductor.begin(group.now, group.seed);
        self.conductor.leave_out(&group.dead);
        for input in &group.inputs {
            let root = self.conductor.root();
            match input.clone() {
                Input::Asked { message, .. } => self.conductor.join(root, message),
                Input::Seen(event) => event.deliver(|message| self.conductor.join(root, message)),
            }
        }
        let records = self.rest(each)?;
        self.store.commit(group.seq, records)?;
        self.last = group.seq;
        Ok(())
    }

    fn rest(&mut self, each: &mut dyn FnMut(&Message, &[Effect])) -> Result<Vec<Record>, Cascade> {
        let mut records = Vec::new();
        while let Some(mut batch) = self.conductor.batch()? {
            for delivery in batch.deliveries.drain(..) {
                let address = delivery.message.address();
                let (seed, drawn) = self.conductor.open(&delivery.message);
                self.out.begin(seed, address, drawn);
                let message = delivery.message.clone();
                self.machines
                    .handle(batch.now, delivery.message, &mut self.out);
                let (drawn, effects) = (self.out.drawn(), self.out.effects());
                self.conductor.close(address, drawn, effects);
                each(&message, effects);
                for effect in self.out.drain() {
                    match effect {
                        Effect::Send(Message::Cluster(_)) => {}
                        Effect::Reply(reply) => {
                            let root = delivery.root;
                            self.replies.extend(root.map(|root| (root, reply)));
                        }
                        Effect::Send(message) => self.conductor.send(delivery.root, message),
                        Effect::At(at, message) => self.conductor.at(delivery.root, at, message),
                        Effect::Record(record) => records.push(record),
                        Effect::Explain(_) => self.decisions += 1,
                    }
                }
            }
            self.conductor.recycle(batch.class, batch.deliveries);
        }
        Ok(records)
    }

    /// The hash so far.
    #[must_use]
    pub fn hash(&self) -> EventHash {
        self.conductor.hash()
    }

    /// The hashes of all addresses.
    #[must_use]
    pub fn hashes(&self) -> [EventHash; Address::COUNT] {
        self.conductor.hashes()
    }

    /// All rows that the machines have recorded.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        self.store.rows().cloned().collect()
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Time {
        self.conductor.now()
    }

    /// The last group.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Deliveries of the last group.
    #[must_use]
    pub fn deliveries(&self) -> u64 {
        self.conductor.events() - self.before
    }

    /// The answers of the last group, by place of the input.
    #[must_use]
    pub fn replies(&self) -> &BTreeMap<u32, Reply> {
        &self.replies
    }

    /// Decisions of the last group.
    #[must_use]
    pub fn decisions(&self) -> u64 {
        self.decisions
    }

    /// The machines as they are now.
    #[must_use]
    pub fn machines(&self) -> &Machines {
        &self.machines
    }

    /// Whether the last group, this one, led to another hash than was recorded. The place is left open.
    #[must_use]
    pub fn differs(&self, group: &Group) -> Option<Difference> {
        self.compare(group.seq, group.now, group.hash)
    }

    /// Whether a chain that goes on where this one ends begins with another hash.
    #[must_use]
    pub fn leads_to(&self, snapshot: &Snapshot) -> Option<Difference> {
        let follows = snapshot.last_group == self.last;
        let compared = self.compare(self.last, snapshot.now, snapshot.hash());
        compared.filter(|_| follows)
    }

    fn compare(&self, group: u64, now: Time, recorded: EventHash) -> Option<Difference> {
        let found = self.hash();
        (found != recorded).then(|| Difference {
            group,
            now,
            place: Place::default(),
            recorded,
            found,
        })
    }
}
