//! A journal as one story: snapshots, groups that count, and the places where machines were restored.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use nimbus_core::time::Time;
use serde::Serialize;

use super::{Torn, Unplayed};
use crate::shell::group::Group;
use crate::shell::journal::{self, Chain, Ending, Entry, JournalError, Reader, Snapshot};

/// Where something stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Which segment.
    pub segment: PathBuf,
    /// Which line of it, from 1.
    pub line: u64,
}

/// What happens next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A chain begins; the snapshot has its rows.
    Begin(Box<Snapshot>),
    /// The machines were restored, at this instant.
    Restart(Time),
    /// A group was committed.
    Group(Box<Group>),
}

/// The chains of a journal, read twice: once for what does not count, once for what does.
pub struct History {
    segments: VecDeque<PathBuf>,
    reader: Option<(PathBuf, Reader)>,
    /// Groups that were never committed: (segment from 1, line).
    left_out: BTreeSet<(usize, u64)>,
    /// The segment that is read, from 1.
    at: usize,
    torn: Vec<Torn>,
    chains: u64,
    /// The snapshot whose rows are read.
    begins: Option<(Place, Box<Snapshot>)>,
    /// Time of the last group that counts.
    now: Time,
    /// Whether groups behind it were left out: machines were restored there.
    undone: bool,
    ahead: VecDeque<(Place, Step)>,
}

/// Groups that count so far, in order: (number, place).
#[derive(Default)]
struct Kept {
    stack: Vec<(u64, (usize, u64))>,
    left_out: BTreeSet<(usize, u64)>,
}

impl Kept {
    /// Leaves out all that stands behind a group.
    fn back_to(&mut self, last: u64) {
        while self.stack.last().is_some_and(|(seq, _)| *seq > last) {
            self.left_out
                .extend(self.stack.pop().map(|(_, place)| place));
        }
    }

    fn entry(&mut self, entry: &Entry, place: (usize, u64)) {
        match entry {
            Entry::Group(group) => {
                self.back_to(group.seq.saturating_sub(1));
                self.stack.push((group.seq, place));
            }
            Entry::Restored(restored) => self.back_to(restored.last_group),
            Entry::Snapshot(snapshot) => self.back_to(snapshot.last_group),
            Entry::Segment { .. } | Entry::Rows(_) => {}
        }
    }
}

impl History {
    /// Opens a folder of chains, the folder of one chain, or one segment.
    ///
    /// # Errors
    /// See [`Unplayed`].
    pub fn open(path: &Path) -> Result<History, Unplayed> {
        let chains = found(path)?;
        let count = chains.len() as u64;
        let segments: Vec<PathBuf> = chains
            .into_iter()
            .flat_map(|chain| chain.segments.into_iter().map(|(_, path)| path))
            .collect();
        let nothing = |why| Unplayed::Nothing {
            path: path.to_owned(),
            why,
        };
        if segments.is_empty() {
            return Err(nothing("there is no segment of a journal"));
        }
        let mut kept = Kept::default();
        let mut torn = Vec::new();
        let mut begun = false;
        for (at, segment) in (1..).zip(&segments) {
            let mut reader = Reader::open(segment)?;
            while let Some(line) = reader.next_line()? {
                begun |= matches!(line.entry, Entry::Snapshot(_));
                if !begun && matches!(line.entry, Entry::Group(_)) {
                    return Err(nothing(
                        "it begins without a snapshot: name its folder instead",
                    ));
                }
                kept.entry(&line.entry, (at, line.number));
            }
            if let Ending::Torn(cut) = reader.ending() {
                torn.push(Torn {
                    segment: segment.clone(),
                    line: cut.line,
                    bytes: cut.bytes,
                });
            }
        }
        if !begun {
            return Err(nothing("it holds no snapshot to begin with"));
        }
        Ok(History {
            segments: segments.into(),
            reader: None,
            left_out: kept.left_out,
            at: 0,
            torn,
            chains: count,
            begins: None,
            now: Time::ZERO,
            undone: false,
            ahead: VecDeque::new(),
        })
    }

    /// How many groups do not count.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.left_out.len() as u64
    }

    /// Tails that are not whole.
    #[must_use]
    pub fn torn(&self) -> &[Torn] {
        &self.torn
    }

    /// How many chains.
    #[must_use]
    pub fn chains(&self) -> u64 {
        self.chains
    }

    /// How many segments are still to be read.
    #[must_use]
    pub fn segments(&self) -> u64 {
        self.segments.len() as u64
    }

    /// The next step.
    ///
    /// # Errors
    /// If a segment cannot be read.
    pub fn next_step(&mut self) -> Result<Option<(Place, Step)>, JournalError> {
        if let Some(step) = self.ahead.pop_front() {
            return Ok(Some(step));
        }
        while let Some((place, entry)) = self.next_entry()? {
            self.entry(place, entry);
            if let Some(step) = self.ahead.pop_front() {
                return Ok(Some(step));
            }
        }
        self.begin();
        Ok(self.ahead.pop_front())
    }

    fn entry(&mut self, place: Place, entry: Entry) {
        match entry {
            Entry::Segment { .. } => {}
            Entry::Snapshot(snapshot) => {
                self.begin();
                self.now = snapshot.now;
                self.undone = false;
                self.begins = Some((place, snapshot));
            }
            Entry::Rows(rows) => {
                if let Some((_, snapshot)) = &mut self.begins {
                    snapshot.rows.extend(rows);
                }
            }
            Entry::Restored(restored) => {
                self.begin();
                self.undone = false;
                self.ahead.push_back((place, Step::Restart(restored.now)));
            }
            Entry::Group(_) if self.left_out.contains(&(self.at, place.line)) => self.undone = true,
            Entry::Group(group) => {
                self.begin();
                if std::mem::take(&mut self.undone) {
                    self.ahead
                        .push_back((place.clone(), Step::Restart(self.now)));
                }
                self.now = group.now;
                self.ahead.push_back((place, Step::Group(group)));
            }
        }
    }

    /// Hands the snapshot out, now that all its rows were read.
    fn begin(&mut self) {
        if let Some((place, snapshot)) = self.begins.take() {
            self.ahead.push_back((place, Step::Begin(snapshot)));
        }
    }

    fn next_entry(&mut self) -> Result<Option<(Place, Entry)>, JournalError> {
        loop {
            if let Some((segment, reader)) = &mut self.reader
                && let Some(line) = reader.next_line()?
            {
                let place = Place {
                    segment: segment.clone(),
                    line: line.number,
                };
                return Ok(Some((place, line.entry)));
            }
            let Some(next) = self.segments.pop_front() else {
                return Ok(None);
            };
            self.at += 1;
            self.reader = Some((next.clone(), Reader::open(&next)?));
        }
    }
}

/// The chains at a path.
fn found(path: &Path) -> Result<Vec<Chain>, JournalError> {
    if path.is_file() {
        let segments = vec![(1, path.to_owned())];
        let path = path.to_owned();
        return Ok(vec![Chain {
            number: 1,
            path,
            segments,
        }]);
    }
    let chains = journal::chains(path)?;
    if !chains.is_empty() {
        return Ok(chains);
    }
    Ok(vec![journal::chain(path)?])
}
