//! How the conductor stands, for health checks and readers: seen from any thread, changed by one.

use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use nimbus_core::digest::EventHash;
use nimbus_core::machine::Address;
use nimbus_core::time::Time;
use tokio::sync::watch;

use super::actor::{Observed, Ping};
use super::conductor::Conductor;
use super::deliver::Shells;

/// Longest wait for the answer of all shells.
const PULSE: Duration = Duration::from_secs(1);

/// How the conductor stands after its last group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The last committed group; 0 if there was none.
    pub group: u64,
    /// Its machine time.
    pub now: Time,
    /// The hash of the run after it.
    pub hash: EventHash,
    /// Deliveries handled since the beginning.
    pub deliveries: u64,
    /// Armed timers.
    pub timers: usize,
    /// Everything that was due until this machine time is done.
    pub settled: Time,
    /// When a timer or the cluster is due next.
    pub due: Option<Time>,
    /// Why no writes are taken, if none are.
    pub refusing: Option<Arc<str>>,
    /// What is wrong with the cluster, if anything.
    pub cluster: Option<Arc<str>>,
    /// The leader's epoch under which groups are written.
    pub epoch: i64,
    /// Inputs left out since handling them panicked, since the process started.
    pub dead_letters: u64,
    /// Bytes that the journal has written since it was opened.
    pub journal_bytes: u64,
}

impl Default for Standing {
    fn default() -> Standing {
        Standing {
            group: 0,
            now: Time::ZERO,
            hash: EventHash::default(),
            deliveries: 0,
            timers: 0,
            settled: Time(i64::MIN),
            due: None,
            refusing: None,
            cluster: None,
            epoch: 0,
            dead_letters: 0,
            journal_bytes: 0,
        }
    }
}

/// Reads the standing, and asks the actors whether they live. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pulse {
    standing: watch::Receiver<Standing>,
    shells: Shells,
    conductor: Addr<Conductor>,
}

impl Pulse {
    /// A pulse of these actors.
    #[must_use]
    pub fn new(
        standing: watch::Receiver<Standing>,
        shells: Shells,
        conductor: Addr<Conductor>,
    ) -> Pulse {
        Pulse {
            standing,
            shells,
            conductor,
        }
    }

    /// The shells, to plant faults in them.
    #[cfg(test)]
    pub(super) fn shells(&self) -> &Shells {
        &self.shells
    }

    /// How the conductor stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standing.borrow().clone()
    }

    /// Told of each change; holds the last.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }

    /// Asks every actor; each answers within a second or is taken for dead.
    ///
    /// # Errors
    /// Which one does not answer, in words.
    pub async fn check(&self) -> Result<[(Address, Observed); 5], String> {
        let all = async {
            let shells = self.shells.ping().await.map_err(|gone| gone.to_string())?;
            let alive = self.conductor.send(Ping).await;
            alive.map_err(|_| "the conductor is gone".to_owned())?;
            Ok(shells)
        };
        let answered = tokio::time::timeout(PULSE, all).await;
        answered.unwrap_or_else(|_| Err("an actor does not answer within a second".to_owned()))
    }
}
