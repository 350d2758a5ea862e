//! The total order of deliveries: (time, round, class, sequence).

use serde::Serialize;

use super::queue::RadixHeap;
use crate::digest::{EventHash, canonical};
use crate::machine::{Address, Class, Message};
use crate::time::Time;

/// Most rounds at one instant; more is a cascade that does not end.
pub const ROUNDS_MAX: u32 = 10_000;

/// What the conductor must know of a message.
pub trait Envelope: Serialize {
    /// Whom it is for.
    fn address(&self) -> Address;
    /// Its place within a round.
    fn class(&self) -> Class;
}

impl Envelope for Message {
    #[inline]
    fn address(&self) -> Address {
        Message::address(self)
    }
    #[inline]
    fn class(&self) -> Class {
        Message::class(self)
    }
}

/// A message on its way, with the outside input that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery<M> {
    /// Place of the outside input within its group; `None` for what a timer began.
    pub root: Option<u32>,
    /// The message.
    pub message: M,
}

/// All deliveries of one (time, round, class), in sequence.
#[derive(Debug)]
pub struct Batch<M> {
    /// Now.
    pub now: Time,
    /// The round at this instant.
    pub round: u32,
    /// The class.
    pub class: Class,
    /// The deliveries.
    pub deliveries: Vec<Delivery<M>>,
}

/// An instant does not come to rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {ROUNDS_MAX} rounds at {now}: the machines answer each other without end")]
pub struct Cascade {
    /// The instant.
    pub now: Time,
}

const CLASSES: [Class; Class::COUNT] = [
    Class::Departure,
    Class::Arrival,
    Class::Observation,
    Class::Autoscaler,
    Class::Scheduler,
    Class::Billing,
];

/// Queue, timers and hash. Whoever drives it calls, for each group: [`Conductor::begin`],
/// [`Conductor::outside`] for each outside input, then [`Conductor::batch`] until there is none; and for
/// each delivery of a batch: [`Conductor::open`], the machine, [`Conductor::close`], and
/// [`Conductor::send`] or [`Conductor::at`] for each of its messages.
#[derive(Debug)]
pub struct Conductor<M> {
    now: Time,
    round: u32,
    class: usize,
    current: [Vec<Delivery<M>>; Class::COUNT],
    next: [Vec<Delivery<M>>; Class::COUNT],
    waiting: usize,
    timers: RadixHeap<u32>,
    armed: Vec<Option<M>>,
    unused: Vec<u32>,
    hashes: [EventHash; Address::COUNT],
    events: u64,
    seed: u128,
    drawn: [u32; Address::COUNT],
    roots: u32,
    buffer: Vec<u8>,
}

impl<M> Default for Conductor<M> {
    fn default() -> Self {
        Conductor {
            now: Time(i64::MIN),
            round: 0,
            class: 0,
            current: Default::default(),
            next: Default::default(),
            waiting: 0,
            timers: RadixHeap::default(),
            armed: Vec::new(),
            unused: Vec::new(),
            hashes: [EventHash::default(); Address::COUNT],
            events: 0,
            seed: 0,
            drawn: [0; Address::COUNT],
            roots: 0,
            buffer: Vec::new(),
        }
    }
}

/// Times in the order of unsigned integers.
fn key(time: Time) -> u64 {
    time.0.cast_unsigned() ^ (1 << 63)
}

fn time(key: u64) -> Time {
    Time((key ^ (1 << 63)).cast_signed())
}

impl<M: Envelope> Conductor<M> {
    /// Starts a group at `now`, or at the last instant if that is later. `seed` is what ids and jitter of
    /// the group are drawn from.
    ///
    /// Timers that are due come first, in order of their times and, at equal times, of their canonical
    /// bytes: the order in which they were armed does not count, since a restart arms them in another.
    pub fn begin(&mut self, now: Time, seed: u128) {
        debug_assert!(
            self.current.iter().all(Vec::is_empty),
            "the last group has come to rest; only what a restart found overdue may wait"
        );
        if now > self.now {
            self.now = now;
            self.round = 0;
        }
        self.class = 0;
        self.seed = seed;
        self.drawn = [0; Address::COUNT];
        self.roots = 0;
        while let Some(due) = self.timers.peek().filter(|due| time(*due) <= self.now) {
            self.fire(due);
        }
    }

    /// Delivers all timers of one time.
    fn fire(&mut self, due: u64) {
        let Some(first) = self.disarm() else { return };
        if self.timers.peek() != Some(due) {
            return self.wake(first);
        }
        let mut together = vec![first];
        while self.timers.peek() == Some(due) {
            together.extend(self.disarm());
        }
        together.sort_by_cached_key(|message| {
            let mut bytes = Vec::new();
            canonical(message, &mut bytes);
            bytes
        });
        for message in together {
            self.wake(message);
        }
    }

    fn disarm(&mut self) -> Option<M> {
        let (_, slot) = self.timers.pop()?;
        self.unused.push(slot);
        self.armed.get_mut(slot as usize)?.take()
    }

    fn wake(&mut self, message: M) {
        self.waiting += 1;
        self.current[message.class() as usize].push(Delivery {
            root: None,
            message,
        });
    }

    /// Adds an outside input to the group; returns its place, which replies name.
    pub fn outside(&mut self, message: M) -> u32 {
        let root = self.root();
        self.join(root, message);
        root
    }

    /// Takes the next place for an outside input that concerns several machines, or none.
    pub fn root(&mut self) -> u32 {
        self.roots += 1;
        self.roots - 1
    }

    /// Adds a message of the outside input at this place.
    pub fn join(&mut self, root: u32, message: M) {
        self.waiting += 1;
        self.current[message.class() as usize].push(Delivery {
            root: Some(root),
            message,
        });
    }

    /// The next batch, or nothing when the group has come to rest.
    ///
    /// # Errors
    /// [`Cascade`] after [`ROUNDS_MAX`] rounds at one instant.
    pub fn batch(&mut self) -> Result<Option<Batch<M>>, Cascade> {
        if self.waiting == 0 {
            self.round += 1;
            return Ok(None);
        }
        loop {
            if let Some(class) =
                (self.class..Class::COUNT).find(|&class| !self.current[class].is_empty())
            {
                self.class = class + 1;
                let deliveries = std::mem::take(&mut self.current[class]);
                self.waiting -= deliveries.len();
                return Ok(Some(Batch {
                    now: self.now,
                    round: self.round,
                    class: CLASSES[class],
                    deliveries,
                }));
            }
            self.round += 1;
            if self.round > ROUNDS_MAX {
                return Err(Cascade { now: self.now });
            }
            self.class = 0;
            std::mem::swap(&mut self.current, &mut self.next);
        }
    }

    /// Gives the space of a batch back.
    pub fn recycle(&mut self, class: Class, mut deliveries: Vec<Delivery<M>>) {
        deliveries.clear();
        let slot = &mut self.current[class as usize];
        if slot.is_empty() && slot.capacity() < deliveries.capacity() {
            *slot = deliveries;
        }
    }

    /// Starts the hash of a delivery; returns the group's seed and how many values this address has drawn
    /// from it so far, which is where its outbox goes on.
    #[inline]
    pub fn open(&mut self, message: &M) -> (u128, u32) {
        self.buffer.clear();
        self.buffer.extend_from_slice(&[0; 16]);
        self.buffer.extend_from_slice(&self.now.0.to_le_bytes());
        canonical(message, &mut self.buffer);
        (self.seed, self.drawn[message.address().index()])
    }

    /// Ends the hash of a delivery with its effects; returns the new hash of its address. `drawn` is how
    /// many values the address has drawn in this group by now.
    #[inline]
    pub fn close<E: Serialize>(
        &mut self,
        address: Address,
        drawn: u32,
        effects: &[E],
    ) -> EventHash {
        self.drawn[address.index()] = drawn;
        for effect in effects {
            canonical(effect, &mut self.buffer);
        }
        let slot = &mut self.hashes[address.index()];
        *slot = slot.chain(&mut self.buffer);
        self.events += 1;
        *slot
    }

    /// Delivers a message in the next round of this instant.
    #[inline]
    pub fn send(&mut self, root: Option<u32>, message: M) {
        self.waiting += 1;
        self.next[message.class() as usize].push(Delivery { root, message });
    }

    /// Delivers a message at a time; one that has come already means the next round.
    pub fn at(&mut self, root: Option<u32>, at: Time, message: M) {
        if at <= self.now {
            return self.send(root, message);
        }
        let slot = match self.unused.pop() {
            Some(slot) => {
                self.armed[slot as usize] = Some(message);
                slot
            }
            None => {
                self.armed.push(Some(message));
                u32::try_from(self.armed.len() - 1).expect("fewer than 2^32 timers")
            }
        };
        self.timers.push(key(at), slot);
    }

    /// The group's seed, and how many values this address has drawn from it so far.
    #[must_use]
    pub fn drawn(&self, address: Address) -> (u128, u32) {
        (self.seed, self.drawn[address.index()])
    }

    /// What timers have brought into the group that has just begun.
    pub fn woken(&self) -> impl Iterator<Item = &M> {
        let slots = self.current.iter().chain(&self.next);
        let timers = slots.flatten().filter(|delivery| delivery.root.is_none());
        timers.map(|delivery| &delivery.message)
    }

    /// Leaves out what timers, but no outside input, brought into the group that has just begun.
    pub fn leave_out(&mut self, dead: &[M])
    where
        M: PartialEq,
    {
        for slot in self.current.iter_mut().chain(&mut self.next) {
            let before = slot.len();
            slot.retain(|delivery| delivery.root.is_some() || !dead.contains(&delivery.message));
            self.waiting -= before - slot.len();
        }
    }

    /// A conductor without timers that goes on at this instant and round with these hashes.
    #[must_use]
    pub fn restored(
        now: Time,
        round: u32,
        hashes: [EventHash; Address::COUNT],
        events: u64,
    ) -> Conductor<M> {
        Conductor {
            now,
            round,
            hashes,
            events,
            ..Conductor::default()
        }
    }

    /// A conductor without timers that goes on where another stopped: same instant, round and hashes.
    #[must_use]
    pub fn resume(stopped: &Conductor<M>) -> Conductor<M> {
        Conductor {
            now: stopped.now,
            round: stopped.round,
            hashes: stopped.hashes,
            events: stopped.events,
            ..Conductor::default()
        }
    }

    /// When the next timer is due.
    #[must_use]
    pub fn next_timer(&self) -> Option<Time> {
        self.timers.peek().map(time)
    }

    /// Number of messages that wait at this instant.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Number of armed timers.
    #[must_use]
    pub fn timers(&self) -> usize {
        self.timers.len()
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// Deliveries handled so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The round at this instant that comes next.
    #[must_use]
    pub fn round(&self) -> u32 {
        self.round
    }

    /// The hashes of all addresses, in order.
    #[must_use]
    pub fn hashes(&self) -> [EventHash; Address::COUNT] {
        self.hashes
    }

    /// The hash of one address.
    #[must_use]
    pub fn hash_of(&self, address: Address) -> EventHash {
        self.hashes[address.index()]
    }

    /// The hash of the run: the hashes of all addresses, folded in order.
    #[must_use]
    pub fn hash(&self) -> EventHash {
        let mut bytes = vec![0; 16];
        for hash in &self.hashes {
            bytes.extend_from_slice(&hash.0.to_le_bytes());
        }
        EventHash::default().chain(&mut bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A message that says what it sends: (class, delay, children).
    #[derive(Clone, Debug, PartialEq, Serialize)]
    struct Probe {
        name: u32,
        class: u8,
        sends: Vec<(i64, Probe)>,
    }

    impl Envelope for Probe {
        fn address(&self) -> Address {
            Address::Tenant
        }
        fn class(&self) -> Class {
            CLASSES[usize::from(self.class)]
        }
    }

    fn probe(name: u32, class: u8, sends: Vec<(i64, Probe)>) -> Probe {
        Probe { name, class, sends }
    }

    /// Runs a group and lists (time, round, class, name).
    fn run(
        conductor: &mut Conductor<Probe>,
        now: i64,
        inputs: Vec<Probe>,
    ) -> Vec<(i64, u32, u8, u32)> {
        let mut seen = Vec::new();
        conductor.begin(Time(now), 1);
        for input in inputs {
            conductor.outside(input);
        }
        while let Some(batch) = conductor.batch().unwrap() {
            for delivery in batch.deliveries {
                conductor.open(&delivery.message);
                seen.push((
                    batch.now.0,
                    batch.round,
                    batch.class as u8,
                    delivery.message.name,
                ));
                conductor.close::<u8>(Address::Tenant, 0, &[]);
                for (delay, child) in delivery.message.sends {
                    conductor.at(delivery.root, Time(batch.now.0 + delay), child);
                }
            }
        }
        seen
    }

    #[test]
    fn classes_order_a_round_and_sends_start_the_next() {
        let mut conductor = Conductor::default();
        let seen = run(
            &mut conductor,
            5,
            vec![
                probe(1, 4, vec![(0, probe(2, 0, vec![]))]),
                probe(3, 1, vec![(0, probe(4, 0, vec![]))]),
                probe(5, 1, vec![]),
            ],
        );
        assert_eq!(
            seen,
            [
                (5, 0, 1, 3),
                (5, 0, 1, 5),
                (5, 0, 4, 1),
                (5, 1, 0, 4),
                (5, 1, 0, 2)
            ]
        );
    }

    #[test]
    fn a_timer_fires_once_at_its_time_and_overdue_ones_at_the_next_group() {
        let mut conductor = Conductor::default();
        run(
            &mut conductor,
            0,
            vec![probe(
                1,
                1,
                vec![(10, probe(2, 1, vec![])), (20, probe(3, 0, vec![]))],
            )],
        );
        assert_eq!(conductor.next_timer(), Some(Time(10)));
        assert_eq!(
            run(&mut conductor, 50, vec![]),
            [(50, 0, 0, 3), (50, 0, 1, 2)]
        );
        assert_eq!(conductor.timers(), 0);
    }

    #[test]
    fn timers_of_one_time_come_in_an_order_that_arming_does_not_change() {
        let armed = |names: [u32; 3]| {
            let mut conductor = Conductor::default();
            let sends = names.map(|name| (10, probe(name, 1, vec![]))).to_vec();
            run(&mut conductor, 0, vec![probe(9, 1, sends)]);
            run(&mut conductor, 10, vec![])
        };
        assert_eq!(armed([1, 2, 3]), armed([3, 1, 2]));
    }

    #[test]
    fn a_second_group_at_the_same_instant_goes_on_in_a_later_round() {
        let mut conductor = Conductor::default();
        let first = run(&mut conductor, 7, vec![probe(1, 1, vec![])]);
        let second = run(&mut conductor, 3, vec![probe(2, 1, vec![])]);
        assert_eq!((first, second), (vec![(7, 0, 1, 1)], vec![(7, 1, 1, 2)]));
    }

    #[test]
    fn an_instant_that_never_rests_is_a_fault() {
        let mut conductor = Conductor::default();
        conductor.begin(Time(0), 1);
        conductor.outside(probe(1, 1, vec![]));
        let fault = loop {
            match conductor.batch() {
                Ok(Some(_)) => conductor.send(None, probe(1, 1, vec![])),
                Ok(None) => panic!("came to rest"),
                Err(fault) => break fault,
            }
        };
        assert!(fault.to_string().contains("10000 rounds"));
    }

    proptest! {
        #[test]
        fn the_order_is_total_and_the_hash_repeats(classes in proptest::collection::vec((0u8..6, 0i64..4), 1..40)) {
            let inputs: Vec<Probe> = (0..).zip(&classes).map(|(name, &(class, delay))| {
                probe(name, class, vec![(delay, probe(name + 1_000, 5 - class, vec![]))])
            }).collect();
            let mut hashes = Vec::new();
            for _ in 0..2 {
                let mut conductor = Conductor::default();
                let mut seen = run(&mut conductor, 0, inputs.clone());
                while let Some(next) = conductor.next_timer() {
                    seen.extend(run(&mut conductor, next.0, vec![]));
                }
                prop_assert!(seen.is_sorted_by_key(|&(time, round, class, _)| (time, round, class)));
                prop_assert_eq!(seen.len(), inputs.len() * 2);
                hashes.push(conductor.hash());
            }
            prop_assert_eq!(hashes[0], hashes[1]);
        }
    }
}
