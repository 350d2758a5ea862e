//! A journal as a scenario: what would have happened under another policy (U-01).
//!
//! What people asked for is fed again at its time, and nodes come from the same pools; pods and usage are
//! the simulated world's. The load of a service is the cpu that it was seen to use, so a service that was
//! short of cpu is seen with less load than it had. What a scenario cannot say is left out and counted.

mod story;
#[cfg(test)]
mod tests;
mod write;

use std::fs;
use std::path::{Path, PathBuf};

use nimbus_core::explain::Decision;
use nimbus_core::machine::Effect;
use serde::Serialize;

use super::journal::{History, Player, Step, Unplayed};
use story::Story;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Regenerated {
    /// The scenario.
    pub file: PathBuf,
    /// What was recorded: what a run under the same policy is held against.
    pub recorded: Counts,
    /// Writes that a scenario cannot say.
    pub left_out: u64,
}

/// Decisions by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Placements.
    pub placed: u64,
    /// Changes of replica counts by the autoscaler.
    pub scaled: u64,
}

impl Counts {
    /// Counts a decision.
    pub fn take(&mut self, decision: &Decision) {
        match decision {
            Decision::Place(_) => self.placed += 1,
            Decision::Scale(scale) if scale.to != scale.from => self.scaled += 1,
            _ => {}
        }
    }
}

/// Why there is no scenario.
#[derive(Debug, thiserror::Error)]
pub enum Untold {
    /// The journal cannot be read or replayed.
    #[error(transparent)]
    Unplayed(#[from] Unplayed),
    /// The scenario cannot be written.
    #[error("{}: {error}", path.display())]
    Disk {
        /// Where.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
}

/// Writes `journal.toml` and its load into a folder.
///
/// # Errors
/// See [`Untold`].
pub fn scenario(journal: &Path, folder: &Path) -> Result<Regenerated, Untold> {
    let mut story = Story::default();
    let mut recorded = Counts::default();
    let mut history = History::open(journal)?;
    let mut player: Option<Player> = None;
    while let Some((_, step)) = history.next_step().map_err(Unplayed::from)? {
        match (step, &mut player) {
            (Step::Begin(snapshot), former) => {
                if former.is_none() {
                    story.begin(&snapshot);
                }
                player = Some(Player::begin(&snapshot).map_err(Unplayed::from)?);
            }
            (Step::Restart(now), Some(player)) => player.restart(now).map_err(Unplayed::from)?,
            (Step::Group(group), Some(player)) => {
                player.group(&group, &mut |_, effect| {
                    if let Effect::Explain(decision) = effect {
                        recorded.take(decision);
                    }
                })?;
                story.group(&group, player.replies());
            }
            (_, None) => {}
        }
    }
    let disk = |path: &Path, error| Untold::Disk {
        path: path.to_owned(),
        error,
    };
    fs::create_dir_all(folder).map_err(|error| disk(folder, error))?;
    let (file, load) = (folder.join("journal.toml"), folder.join("load.csv"));
    fs::write(&load, story.load()).map_err(|error| disk(&load, error))?;
    fs::write(&file, story.toml()).map_err(|error| disk(&file, error))?;
    Ok(Regenerated {
        file,
        recorded,
        left_out: story.left_out,
    })
}
