//! Replays a journal: every group through the machines, to the recorded hash.
//!
//! Guarantees: the machines begin as the snapshot of the chain says and are restored where the service
//! restored them; groups that were never committed are left out; the first group after which the hash is
//! another one ends the replay and is named.

mod history;
mod player;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use nimbus_core::conductor::Cascade;
use nimbus_core::digest::EventHash;
use nimbus_core::machine::Effect;
use nimbus_core::store::StoreError;
use nimbus_core::time::Time;
use serde::Serialize;

pub use history::{History, Place, Step};
pub use player::Player;

use crate::shell::group::hash;
use crate::shell::journal::JournalError;

/// Why a journal was not replayed to its end.
#[derive(Debug, thiserror::Error)]
pub enum Unplayed {
    /// It cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// There is nothing to begin with.
    #[error("{}: {why}", path.display())]
    Nothing {
        /// Where.
        path: PathBuf,
        /// What is missing.
        why: &'static str,
    },
    /// A group does not come to rest.
    #[error(transparent)]
    Cascade(#[from] Cascade),
    /// The rows of a snapshot cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a replay found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// Chains that were replayed.
    pub chains: u64,
    /// Segments that were read.
    pub segments: u64,
    /// Groups that were replayed.
    pub groups: u64,
    /// Groups that were never committed, and so left out.
    pub dropped: u64,
    /// How often machines were restored within a chain.
    pub restarts: u64,
    /// Outside inputs: what was asked and what the cluster reported.
    pub inputs: u64,
    /// Decisions that were made.
    pub decisions: u64,
    /// Deliveries to machines.
    pub deliveries: u64,
    /// Machine time of the first group.
    pub from: Option<Time>,
    /// Machine time of the last one.
    pub to: Option<Time>,
    /// The builds that wrote it.
    pub builds: Vec<String>,
    /// The hash after the last group that was replayed.
    #[serde(with = "hash")]
    pub hash: EventHash,
    /// Torn tails, left out.
    pub torn: Vec<Torn>,
    /// The first group that differs, if one does.
    pub differs: Option<Difference>,
}

/// A tail that was not whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Torn {
    /// Which segment.
    pub segment: PathBuf,
    /// The line that is not whole.
    pub line: u64,
    /// Bytes from there on.
    pub bytes: usize,
}

/// The first place at which a replay and its journal differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which group; 0 for the beginning of a chain.
    pub group: u64,
    /// Its time.
    pub now: Time,
    /// Which segment, which line.
    #[serde(flatten)]
    pub place: Place,
    /// What was recorded.
    #[serde(with = "hash")]
    pub recorded: EventHash,
    /// What came of it here.
    #[serde(with = "hash")]
    pub found: EventHash,
}

/// What is shown of each group on the way: its time and the effects, in order.
pub type Watch<'a> = &'a mut dyn FnMut(Time, &Effect);

/// Replays a folder of chains, one chain, or one segment that begins a chain. `on` is asked after each group
/// whether to go on.
///
/// # Errors
/// See [`Unplayed`]. A group that differs is no error here: it stands in the answer.
pub fn replay(
    path: &Path,
    watch: Watch<'_>,
    on: &mut dyn FnMut(&Replayed) -> bool,
) -> Result<Replayed, Unplayed> {
    let mut history = History::open(path)?;
    let mut found = Replayed {
        dropped: history.dropped(),
        torn: history.torn().to_vec(),
        chains: history.chains(),
        segments: history.segments(),
        ..Replayed::default()
    };
    let mut player: Option<Player> = None;
    while let Some((place, step)) = history.next_step()? {
        let differs = match (step, &mut player) {
            (Step::Begin(snapshot), former) => {
                let differs = former
                    .as_ref()
                    .and_then(|former| former.leads_to(&snapshot));
                found.begun(&snapshot.build);
                player = Some(Player::begin(&snapshot)?);
                differs
            }
            (_, None) => None,
            (Step::Restart(now), Some(player)) => {
                found.restarts += 1;
                player.restart(now)?;
                None
            }
            (Step::Group(group), Some(player)) => {
                player.group(&group, watch)?;
                found.took(&group, player);
                player.differs(&group)
            }
        };
        if let Some(differs) = differs {
            found.differs = Some(Difference { place, ..differs });
            break;
        }
        if !on(&found) {
            break;
        }
    }
    Ok(found)
}

impl Replayed {
    fn begun(&mut self, build: &str) {
        if !self.builds.iter().any(|known| known == build) {
            self.builds.push(build.to_owned());
        }
    }

    fn took(&mut self, group: &crate::shell::group::Group, player: &Player) {
        self.groups += 1;
        self.inputs += group.inputs.len() as u64;
        self.from = self.from.or(Some(group.now));
        self.to = Some(group.now);
        self.decisions += player.decisions();
        self.deliveries += player.deliveries();
        self.hash = player.hash();
    }
}
