//! A folder of chains, as one process writes it.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nimbus_core::digest::EventHash;

use super::entry::{Entry, FORMAT, ROWS_PER_LINE, Snapshot};
use super::read::{self, Chain, Ending};
use super::segment::{Segment, sync_folder};
use super::{Journal, JournalError, Restored};
use crate::runtime::Stopwatch;
use crate::shell::group::Group;

/// How much is kept, and how it is divided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// A segment with this much text is closed. It bounds what a restart after a crash reads and rewrites.
    pub segment_text: u64,
    /// A chain of this many compressed bytes is followed by a new one.
    pub chain_bytes: u64,
    /// So is one that is this old.
    pub chain_age: Duration,
    /// Older chains go when all together are larger than this; the present one stays.
    pub keep_bytes: u64,
    /// A chain goes when its last write is this much older than the journal's last.
    pub keep_age: Duration,
}

impl Options {
    /// Keeps everything, in one chain unless a new one is begun.
    #[must_use]
    pub fn forever() -> Options {
        Options {
            chain_bytes: u64::MAX,
            chain_age: Duration::MAX,
            keep_bytes: u64::MAX,
            keep_age: Duration::MAX,
            ..Options::default()
        }
    }
}

impl Default for Options {
    /// 64 MiB; 1 GiB and a day; 8 GiB and 30 days.
    fn default() -> Options {
        Options {
            segment_text: 64 << 20,
            chain_bytes: 1 << 30,
            chain_age: Duration::from_secs(86_400),
            keep_bytes: 8 << 30,
            keep_age: Duration::from_secs(30 * 86_400),
        }
    }
}

/// Who writes: another one begins a chain of its own, since a replay need only agree under the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The build.
    pub build: String,
    /// See [`super::entry::config_hash`].
    pub config_hash: String,
}

/// The journal on disk.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
    options: Options,
    /// The present chain, if one can be continued.
    chain: Option<Chain>,
    segment: Option<Segment>,
    /// A segment that could not be cut at once.
    torn: Option<PathBuf>,
    /// The last group of the chain, and the hash after it.
    last: (u64, EventHash),
    written: u64,
    /// Compressed bytes of the chain, and how old it was when `watch` was started.
    chain_bytes: u64,
    chain_age: Duration,
    watch: Stopwatch,
    #[cfg(test)]
    pub(super) full_after: Option<usize>,
}

impl Files {
    /// Opens or makes a folder, cuts a torn tail, and continues the last chain if it is of this identity
    /// and undamaged.
    ///
    /// # Errors
    /// If the folder cannot be read or written.
    pub fn open(
        folder: &Path,
        options: Options,
        identity: &Identity,
    ) -> Result<Files, JournalError> {
        let mut builder = fs::DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(folder);
        made.map_err(|error| JournalError::disk(folder, error))?;
        let mut files = Files {
            folder: folder.to_owned(),
            options,
            chain: None,
            segment: None,
            torn: None,
            last: (0, EventHash::default()),
            written: 0,
            chain_bytes: 0,
            chain_age: Duration::ZERO,
            watch: Stopwatch::start(),
            #[cfg(test)]
            full_after: None,
        };
        if let Some(chain) = read::chains(folder)?.pop() {
            files.take_up(chain, identity)?;
        }
        Ok(files)
    }

    /// Continues a chain if that can be done.
    fn take_up(&mut self, mut chain: Chain, identity: &Identity) -> Result<(), JournalError> {
        if !begun_by(&chain, identity)? {
            return Ok(());
        }
        while let Some((_, path)) = chain.segments.last() {
            let (last, ending) = match read::last(path) {
                Err(JournalError::Damaged { .. }) => return Ok(()),
                read => read?,
            };
            if ending != Ending::Whole || last.is_none() {
                read::cut(path)?;
            }
            if let Some(last) = last {
                self.last = last;
                self.chain_bytes = size(&chain);
                self.chain_age = span(&chain);
                self.chain = Some(chain);
                return Ok(());
            }
            chain.segments.pop();
        }
        Ok(())
    }

    fn chain_path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("chain-{number:06}"))
    }

    /// Appends lines to the present segment, or to a new one. An error leaves nothing of them.
    fn write(&mut self, entry: Entry) -> Result<(), JournalError> {
        self.mend()?;
        let mut segment = match self.segment.take() {
            Some(segment) => segment,
            None => self.next_segment()?,
        };
        #[cfg(test)]
        {
            segment.full_after = self.full_after.take();
        }
        let before = segment.len();
        if let Err(error) = segment.append(&[entry]) {
            let path = segment.path().to_owned();
            if segment.abandon().is_err() {
                self.torn = Some(path.clone());
            }
            return Err(JournalError::disk(&path, error));
        }
        let grown = segment.len() - before;
        self.written += grown;
        self.chain_bytes += grown;
        if segment.text_len() >= self.options.segment_text {
            self.close(segment);
            self.retain();
        } else {
            self.segment = Some(segment);
        }
        Ok(())
    }

    /// Cuts what an earlier error left torn.
    fn mend(&mut self) -> Result<(), JournalError> {
        if let Some(path) = &self.torn {
            if path.exists() {
                read::cut(path)?;
            }
            self.torn = None;
        }
        Ok(())
    }

    /// A new segment of the present chain, with its first line on disk.
    fn next_segment(&mut self) -> Result<Segment, JournalError> {
        let Some(chain) = &mut self.chain else {
            let missing = io::Error::other("no chain was begun");
            return Err(JournalError::disk(&self.folder, missing));
        };
        let number = chain.segments.last().map_or(0, |(number, _)| *number) + 1;
        let path = chain.path.join(format!("{number:06}.jsonl.gz"));
        let head = Entry::Segment {
            format: FORMAT,
            chain: chain.number,
            segment: number,
            after: self.last.0,
        };
        let segment = create(&path, &[head])?;
        chain.segments.push((number, path));
        Ok(segment)
    }

    /// Removes whole chains that are too old or too many; failing to is no failure of a write.
    fn retain(&self) {
        let Ok(chains) = read::chains(&self.folder) else {
            return;
        };
        let present = self.chain.as_ref().map(|chain| chain.number);
        let sizes: Vec<u64> = chains.iter().map(size).collect();
        let newest = chains.last().and_then(last_write);
        let mut all: u64 = sizes.iter().sum();
        for (chain, size) in chains.iter().zip(sizes) {
            if Some(chain.number) == present {
                break;
            }
            let old = between(last_write(chain), newest.clone()) > self.options.keep_age;
            if !old && all <= self.options.keep_bytes {
                break;
            }
            if fs::remove_dir_all(&chain.path).is_ok() {
                all -= size;
            }
        }
    }

    /// The new chain's folder with its first segment, or nothing of it.
    fn start(&self, number: u64, snapshot: &Snapshot) -> Result<(Chain, Segment), JournalError> {
        let path = self.chain_path(number);
        let disk = |error| JournalError::disk(&path, error);
        let mut builder = fs::DirBuilder::new();
        builder.mode(0o700).create(&path).map_err(disk)?;
        let file = path.join("000001.jsonl.gz");
        let written = create(&file, &beginning(number, snapshot));
        let written = written.and_then(|segment| {
            sync_folder(&self.folder).map_err(disk)?;
            Ok(segment)
        });
        match written {
            Ok(segment) => {
                let segments = vec![(1, file)];
                let chain = Chain {
                    number,
                    path,
                    segments,
                };
                Ok((chain, segment))
            }
            Err(error) => {
                let _ = fs::remove_dir_all(&path); // the error that is told comes from before
                Err(error)
            }
        }
    }
}

impl Files {
    /// Gives the present chain up; the next group needs a new one.
    fn give_up(&mut self) {
        if let Some(segment) = self.segment.take() {
            self.close(segment);
        }
        self.chain = None;
    }

    /// Ends a segment. Its lines are there; a trailer that fails comes with the next write.
    fn close(&mut self, segment: Segment) {
        let path = segment.path().to_owned();
        if segment.finish().is_err() {
            self.torn = Some(path);
        }
    }

    /// Whether the chain can go on from here: the store is neither ahead of it, nor behind its beginning,
    /// nor another one.
    fn reaches(&self, restored: &Restored) -> bool {
        let first = self.chain.as_ref().and_then(|chain| chain.segments.first());
        let snapshot = first.and_then(|(_, path)| snapshot_of(path).ok().flatten());
        let begun = snapshot.is_some_and(|snapshot| snapshot.last_group <= restored.last_group);
        let (last, hash) = self.last;
        begun
            && (restored.last_group < last || (restored.last_group, restored.hash) == (last, hash))
    }
}

impl Journal for Files {
    fn append(&mut self, group: &Group) -> io::Result<()> {
        if group.seq > self.last.0 + 1 || group.seq == 0 {
            let (last, found) = (self.last.0, group.seq);
            return Err(JournalError::Order { last, found }.into());
        }
        self.write(Entry::Group(Box::new(group.clone())))?;
        self.last = (group.seq, group.hash);
        Ok(())
    }

    fn restored(&mut self, restored: &Restored) -> io::Result<()> {
        if !self.reaches(restored) {
            self.give_up();
            return Ok(());
        }
        self.write(Entry::Restored(restored.clone()))?;
        self.last = (restored.last_group, restored.hash);
        Ok(())
    }

    fn due(&self) -> bool {
        self.chain.is_none()
            || self.chain_bytes >= self.options.chain_bytes
            || self.chain_age.saturating_add(self.watch.wall()) >= self.options.chain_age
    }

    fn begin(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        self.mend()?;
        let chains = read::chains(&self.folder)?;
        let number = chains.last().map_or(0, |chain| chain.number) + 1;
        let (chain, segment) = self.start(number, snapshot)?;
        if let Some(former) = self.segment.replace(segment) {
            self.close(former);
        }
        self.chain_bytes = self.segment.as_ref().map_or(0, Segment::len);
        self.written += self.chain_bytes;
        (self.chain_age, self.watch) = (Duration::ZERO, Stopwatch::start());
        self.chain = Some(chain);
        self.last = (snapshot.last_group, snapshot.hash());
        self.retain();
        Ok(())
    }

    fn written(&self) -> u64 {
        self.written
    }
}

impl Drop for Files {
    /// Ends the segment, so that ordinary tools read it without complaint; a killed process leaves that to
    /// the next start.
    fn drop(&mut self) {
        if let Some(segment) = self.segment.take() {
            self.close(segment);
        }
    }
}

/// A new file with its first lines, on disk with its name; or no file.
fn create(path: &Path, entries: &[Entry]) -> Result<Segment, JournalError> {
    let disk = |error| JournalError::disk(path, error);
    let mut segment = Segment::create(path).map_err(disk)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let made = segment.append(entries).and_then(|()| sync_folder(folder));
    if let Err(error) = made {
        let _ = fs::remove_file(path); // the error that is told comes from before
        return Err(disk(error));
    }
    Ok(segment)
}

/// The first lines of a chain.
fn beginning(chain: u64, snapshot: &Snapshot) -> Vec<Entry> {
    let head = Entry::Segment {
        format: FORMAT,
        chain,
        segment: 1,
        after: snapshot.last_group,
    };
    let bare = Snapshot {
        rows: Vec::new(),
        ..snapshot.clone()
    };
    let mut entries = vec![head, Entry::Snapshot(Box::new(bare))];
    let rows = snapshot.rows.chunks(ROWS_PER_LINE);
    entries.extend(rows.map(|rows| Entry::Rows(rows.to_vec())));
    entries
}

/// The snapshot that a chain begins with, if it can be read.
fn snapshot_of(path: &Path) -> Result<Option<Snapshot>, JournalError> {
    let mut reader = match read::Reader::open(path) {
        Err(JournalError::Disk { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(None);
        }
        reader => reader?,
    };
    loop {
        match reader.next_line() {
            Ok(Some(read::Line {
                entry: Entry::Snapshot(snapshot),
                ..
            })) => return Ok(Some(*snapshot)),
            Ok(Some(_)) => {}
            Ok(None) | Err(JournalError::Damaged { .. }) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

fn begun_by(chain: &Chain, identity: &Identity) -> Result<bool, JournalError> {
    let Some((_, first)) = chain.segments.first() else {
        return Ok(false);
    };
    let snapshot = snapshot_of(first)?;
    Ok(
        snapshot
            .is_some_and(|s| s.build == identity.build && s.config_hash == identity.config_hash),
    )
}

/// Bytes of a chain; what cannot be seen counts as nothing.
fn size(chain: &Chain) -> u64 {
    let files = chain.segments.iter();
    files
        .filter_map(|(_, path)| Some(fs::metadata(path).ok()?.len()))
        .sum()
}

/// The youngest segment of a chain.
fn last_write(chain: &Chain) -> Option<fs::Metadata> {
    let (_, path) = chain.segments.last()?;
    fs::metadata(path).ok()
}

/// From the first write of a chain, as far as the system tells, to its last.
fn span(chain: &Chain) -> Duration {
    let first = chain.segments.first();
    let first = first.and_then(|(_, path)| fs::metadata(path).ok());
    let (Some(first), Some(last)) = (first, last_write(chain)) else {
        return Duration::ZERO;
    };
    let begun = first.created().or_else(|_| first.modified());
    let span = begun.and_then(|begun| Ok((begun, last.modified()?)));
    span.map_or(Duration::ZERO, |(begun, last)| {
        last.duration_since(begun).unwrap_or_default()
    })
}

/// From one last write to another.
fn between(from: Option<fs::Metadata>, to: Option<fs::Metadata>) -> Duration {
    let times = from.and_then(|from| Some((from.modified().ok()?, to?.modified().ok()?)));
    times.map_or(Duration::ZERO, |(from, to)| {
        to.duration_since(from).unwrap_or_default()
    })
}
