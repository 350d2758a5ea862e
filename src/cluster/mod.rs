//! The cluster boundary as the conductor sees it: commands go in, events come out.
//!
//! Behind it stands a simulated world or a real Kubernetes API; nobody on this side can tell which.
//! Commands may be repeated. Events come in order; their count is the cursor, which is committed with the
//! group that takes them, so that a restart goes on behind the last event that was taken.

pub mod sim;

use nimbus_core::cluster::Event;
use nimbus_core::time::Time;

use crate::store::OutboxRow;

/// What one look at the cluster gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Whether more events wait: look again before anything else is taken.
    pub more: bool,
    /// When something is due by itself, if that is known.
    pub next: Option<Time>,
}

/// A cluster. Called by one actor, never from two sides.
pub trait Cluster: Send {
    /// Brings the cluster to `now` and takes up to `most` events that have not been taken, in order.
    fn observe(&mut self, now: Time, most: usize, events: &mut Vec<Event>) -> Seen;

    /// Takes the commands of a committed group, in order of their places.
    fn carry(&mut self, commands: Vec<OutboxRow>);

    /// What is worth storing now and then, so that a restart need not begin at the beginning.
    fn save(&self) -> Option<Saved>;

    /// Whether it can be reached, in words if not.
    ///
    /// # Errors
    /// What is wrong with it.
    fn health(&self) -> Result<(), String>;
}

/// A stored state of a cluster that can be played on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Events taken so far.
    pub cursor: u64,
    /// The last command that is in it.
    pub outbox_seq: u64,
    /// Machine time that it was brought to.
    pub at: Time,
    /// The state itself, compressed; only the cluster can read it.
    pub bytes: Vec<u8>,
}
