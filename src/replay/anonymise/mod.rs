//! Copies a journal with other names: what a customer can share (U-19).
//!
//! Every free text (slugs, images, labels, node names, principals, reasons, details) is replaced by its rank
//! among all texts of the journal and a keyed hash. Ranks keep every order and so every tie; shapes, times,
//! amounts and random ids stay. The copy is played beside the original, and its hashes are its own; a group
//! that decides otherwise without its names is counted, and the first one named.

mod names;
#[cfg(test)]
mod tests;
mod texts;

use std::path::Path;

use nimbus_core::explain::Decision;
use nimbus_core::machine::Effect;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use names::{Key, Names};
pub use texts::Named;

use super::journal::{History, Player, Step, Unplayed};
use crate::shell::group::{Group, Input};
use crate::shell::journal::entry::config_hash;
use crate::shell::journal::{self, Files, Identity, Journal, JournalError, Restored, Snapshot};

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum Uncopied {
    /// The original cannot be read or replayed.
    #[error(transparent)]
    Unplayed(#[from] Unplayed),
    /// The copy cannot be written.
    #[error(transparent)]
    Disk(#[from] std::io::Error),
    /// The copy's folder holds a journal already.
    #[error("the folder of the copy is not empty")]
    NotEmpty,
}

impl From<JournalError> for Uncopied {
    fn from(error: JournalError) -> Uncopied {
        Uncopied::Unplayed(error.into())
    }
}

/// What was copied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// Chains.
    pub chains: u64,
    /// Groups; those that were never committed are left out.
    pub groups: u64,
    /// Decisions of both.
    pub decisions: u64,
    /// Distinct texts that were replaced.
    pub names: u64,
    /// The first group whose decisions depend on names, if there is one.
    pub differs: Option<u64>,
}

/// Copies a journal into an empty folder: with names replaced under a key, or as it is.
///
/// # Errors
/// See [`Uncopied`].
pub fn export(path: &Path, out: &Path, key: Option<Key>) -> Result<Copied, Uncopied> {
    if out.exists() && !journal::chains(out)?.is_empty() {
        return Err(Uncopied::NotEmpty);
    }
    let names = match key {
        Some(key) => collect(path, key)?,
        None => Names::none(),
    };
    let mut copy = Copy {
        names,
        out,
        sides: None,
        files: None,
        done: Copied::default(),
    };
    copy.done.names = copy.names.len();
    let mut history = History::open(path).map_err(Uncopied::from)?;
    while let Some((_, step)) = history.next_step()? {
        copy.step(step)?;
    }
    Ok(copy.done)
}

/// Reads all texts of a journal.
fn collect(path: &Path, key: Key) -> Result<Names, Uncopied> {
    let found = texts::Found::default();
    let mut history = History::open(path).map_err(Uncopied::from)?;
    while let Some((_, step)) = history.next_step()? {
        match step {
            Step::Begin(snapshot) => {
                found.read(&snapshot.rows);
                found.read(&snapshot.config.scheduler);
            }
            Step::Restart(_) => {}
            Step::Group(group) => found.read(&*group),
        }
    }
    Ok(Names::new(found.texts(), key))
}

/// A copy on its way.
struct Copy<'a> {
    names: Names,
    out: &'a Path,
    /// The original and the copy, played side by side.
    sides: Option<(Player, Player)>,
    files: Option<Files>,
    done: Copied,
}

impl Copy<'_> {
    fn step(&mut self, step: Step) -> Result<(), Uncopied> {
        match step {
            Step::Begin(snapshot) => self.begin(&snapshot),
            Step::Restart(now) => {
                let Some((original, copy)) = &mut self.sides else {
                    return Ok(());
                };
                original.restart(now).map_err(Unplayed::from)?;
                copy.restart(now).map_err(Unplayed::from)?;
                let restored = Restored {
                    last_group: copy.last(),
                    now,
                    hash: copy.hash(),
                };
                self.files
                    .as_mut()
                    .map_or(Ok(()), |files| files.restored(&restored))?;
                Ok(())
            }
            Step::Group(group) => self.group(&group),
        }
    }

    fn begin(&mut self, snapshot: &Snapshot) -> Result<(), Uncopied> {
        let mut named = self.snapshot(snapshot);
        // a chain that goes on where the last one ended begins with the copy's own hashes
        if let Some((original, copy)) = &self.sides
            && original.leads_to(snapshot).is_none()
            && original.last() == snapshot.last_group
        {
            named.hashes = copy.hashes();
        }
        let identity = Identity {
            build: named.build.clone(),
            config_hash: named.config_hash.clone(),
        };
        let mut files = match self.files.take() {
            Some(files) => files,
            None => Files::open(self.out, journal::Options::forever(), &identity)?,
        };
        files.begin(&named)?;
        self.files = Some(files);
        let sides = (Player::begin(snapshot), Player::begin(&named));
        self.sides = Some((
            sides.0.map_err(Unplayed::from)?,
            sides.1.map_err(Unplayed::from)?,
        ));
        self.done.chains += 1;
        Ok(())
    }

    fn snapshot(&self, snapshot: &Snapshot) -> Snapshot {
        let mut config = snapshot.config.clone();
        config.scheduler = self.names.renamed(&config.scheduler);
        Snapshot {
            rows: self.names.renamed(&snapshot.rows),
            config_hash: config_hash(&config),
            config,
            scenario: snapshot.scenario.clone().filter(|_| self.names.is_none()),
            ..snapshot.clone()
        }
    }

    fn group(&mut self, group: &Group) -> Result<(), Uncopied> {
        let mut named = Group {
            inputs: group.inputs.iter().map(|input| self.input(input)).collect(),
            dead: self.names.renamed(&group.dead),
            ..group.clone()
        };
        let Some((original, copy)) = &mut self.sides else {
            return Ok(());
        };
        let (mut theirs, mut ours): (Vec<Decision>, Vec<Decision>) = Default::default();
        original.group(group, &mut |_, effect| keep(effect, &mut theirs))?;
        copy.group(&named, &mut |_, effect| keep(effect, &mut ours))?;
        named.hash = copy.hash();
        if self.done.differs.is_none() && self.names.renamed(&theirs) != ours {
            self.done.differs = Some(group.seq);
        }
        self.done.groups += 1;
        self.done.decisions += ours.len() as u64;
        self.files
            .as_mut()
            .map_or(Ok(()), |files| files.append(&named))?;
        Ok(())
    }

    fn input(&self, input: &Input) -> Input {
        let named: Input = self.names.renamed(input);
        match named {
            Input::Asked { message, by, .. } if !self.names.is_none() => Input::Asked {
                message,
                by,
                request: "".into(), // made up by clients: nothing decides by it
            },
            named => named,
        }
    }
}

fn keep(effect: &Effect, decisions: &mut Vec<Decision>) {
    if let Effect::Explain(decision) = effect {
        decisions.push(*decision);
    }
}

impl Names {
    /// The same value with other texts.
    fn renamed<T: Serialize + DeserializeOwned>(&self, value: &T) -> T {
        let name = |text: &str| self.of(text);
        let text = serde_json::to_string(&Named::new(value, &name)).expect("it is plain data");
        serde_json::from_str(&text).expect("a value with other texts is of the same type")
    }
}
