//! A group before it is written: what it took from outside, and what of that was left out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nimbus_core::cluster::Event;
use nimbus_core::machine::Message;
use nimbus_core::time::Time;

use crate::shell::group::Input;
use crate::shell::port::Request;

/// An outside input of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// An event of the cluster.
    Seen(usize),
    /// An ask.
    Asked(usize),
}

/// A group that is being run.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) now: Time,
    pub(super) seed: u128,
    /// Events of the cluster, in order.
    pub(super) seen: Vec<Event>,
    /// Asks, in order; behind the events.
    pub(super) asks: Vec<Request>,
    /// Inputs that are left out, and the dead letters that they became.
    pub(super) dead: BTreeMap<Place, Arc<str>>,
    /// Dead letters that were kept for it.
    pub(super) letters: Vec<Arc<str>>,
    /// Timers that were left out.
    pub(super) timers: Vec<Message>,
    /// A timer is at the root of a panic, and it is not known yet which.
    pub(super) looking: Option<Looking>,
}

/// The search for the timer at the root of a panic: one after the other is left out.
#[derive(Debug)]
pub(super) struct Looking {
    /// What panicked.
    pub(super) panicked: Message,
    /// How many timers have been left out in vain.
    pub(super) tried: usize,
    /// The timers that are left out this time.
    pub(super) out: Vec<Message>,
}

impl Draft {
    pub(super) fn new(now: Time, seed: u128, seen: Vec<Event>, asks: Vec<Request>) -> Draft {
        Draft {
            now,
            seed,
            seen,
            asks,
            dead: BTreeMap::new(),
            letters: Vec::new(),
            timers: Vec::new(),
            looking: None,
        }
    }

    /// The inputs that are not left out: the number of each is its root.
    pub(super) fn places(&self) -> Vec<Place> {
        let seen = (0..self.seen.len()).map(Place::Seen);
        let asked = (0..self.asks.len()).map(Place::Asked);
        let all = seen.chain(asked);
        all.filter(|place| !self.dead.contains_key(place)).collect()
    }

    /// The input with this root.
    pub(super) fn root(&self, root: u32) -> Option<Place> {
        self.places().get(usize::try_from(root).ok()?).copied()
    }

    /// What the journal keeps.
    pub(super) fn inputs(&self) -> Vec<Input> {
        let input = |place| match place {
            Place::Seen(at) => Input::Seen(self.seen[at].clone()),
            Place::Asked(at) => {
                let ask = &self.asks[at].ask;
                Input::Asked {
                    message: ask.message.clone(),
                    by: Arc::clone(&ask.by),
                    request: Arc::clone(&ask.request),
                }
            }
        };
        self.places().into_iter().map(input).collect()
    }

    /// The timers to leave out, among those that are due: those that are dead, and those under suspicion.
    pub(super) fn leave_out(&mut self, woken: &[Message], dead: &[Message]) -> Vec<Message> {
        if let Some(looking) = &mut self.looking {
            looking.suspect(woken);
        }
        let suspects = self.looking.iter().flat_map(|looking| &looking.out);
        let out: BTreeSet<usize> = (0..woken.len())
            .filter(|&at| dead.contains(&woken[at]) || suspects.clone().any(|s| *s == woken[at]))
            .collect();
        out.into_iter().map(|at| woken[at].clone()).collect()
    }
}

impl Looking {
    pub(super) fn new(panicked: Message) -> Looking {
        Looking {
            panicked,
            tried: 0,
            out: Vec::new(),
        }
    }

    /// Chooses what to leave out this time: what panicked if it is a timer itself, else one timer after
    /// the other, and all of them if none alone was at the root.
    fn suspect(&mut self, woken: &[Message]) {
        self.out = if woken.contains(&self.panicked) {
            vec![self.panicked.clone()]
        } else if let Some(next) = woken.get(self.tried) {
            vec![next.clone()]
        } else {
            woken.to_vec()
        };
    }
}
