//! Reading segments, whole or torn, and cutting what is torn.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;
use nimbus_core::digest::EventHash;

use super::JournalError;
use super::entry::{self, Entry, LINE_MAX};
use super::segment::{Segment, sync_folder};

/// One chain on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Its number.
    pub number: u64,
    /// Its folder.
    pub path: PathBuf,
    /// Its segments in order: number and file.
    pub segments: Vec<(u64, PathBuf)>,
}

/// A line that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// What it says.
    pub entry: Entry,
}

/// How a segment ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With its trailer.
    Whole,
    /// At a flush: it is being written, or its writer was killed.
    Open,
    /// Within a line that is not whole, and that nothing follows.
    Torn(Cut),
}

/// What stands behind the last whole line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Number of the line that is not whole.
    pub line: u64,
    /// How many of its bytes there are.
    pub bytes: usize,
}

/// The chains of a folder, in order. Files that are none of ours are not looked at.
///
/// # Errors
/// If the folder cannot be read.
pub fn chains(folder: &Path) -> Result<Vec<Chain>, JournalError> {
    let mut chains = Vec::new();
    for (number, path) in numbered(folder, "chain-", "")? {
        let segments = chain(&path)?.segments;
        chains.push(Chain {
            number,
            path,
            segments,
        });
    }
    Ok(chains)
}

/// The folder of one chain, whatever its name.
///
/// # Errors
/// If the folder cannot be read.
pub fn chain(folder: &Path) -> Result<Chain, JournalError> {
    Ok(Chain {
        number: 1,
        path: folder.to_owned(),
        segments: numbered(folder, "", ".jsonl.gz")?,
    })
}

fn numbered(folder: &Path, start: &str, end: &str) -> Result<Vec<(u64, PathBuf)>, JournalError> {
    let disk = |error| JournalError::disk(folder, error);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(disk)? {
        let entry = entry.map_err(disk)?;
        let name = entry.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix(start)?.strip_suffix(end))
            .filter(|digits| digits.len() >= 6)
            .and_then(|digits| digits.parse::<u64>().ok());
        found.extend(number.map(|number| (number, entry.path())));
    }
    found.sort();
    Ok(found)
}

/// Lines of one segment, one in memory at a time.
pub struct Reader {
    path: PathBuf,
    text: BufReader<GzDecoder<BufReader<Box<dyn Read>>>>,
    line: Vec<u8>,
    number: u64,
    ending: Option<Ending>,
    /// Whether it is unpacked byte by byte.
    slow: bool,
}

impl Reader {
    /// Opens a segment.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn open(path: &Path) -> Result<Reader, JournalError> {
        let file = File::open(path).map_err(|error| JournalError::disk(path, error))?;
        Ok(Reader {
            path: path.to_owned(),
            text: BufReader::new(GzDecoder::new(BufReader::new(Box::new(file)))),
            line: Vec::new(),
            number: 0,
            ending: None,
            slow: false,
        })
    }

    /// The next whole line; nothing at the end, which [`Reader::ending`] then names.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if a line that others follow is not what was written.
    pub fn next_line(&mut self) -> Result<Option<Line>, JournalError> {
        if self.ending.is_some() {
            return Ok(None);
        }
        self.line.clear();
        let ended = self.fill();
        let Some(b'\n') = self.line.last() else {
            self.ending = Some(self.end(ended));
            return Ok(None);
        };
        self.number += 1;
        self.line.pop();
        match entry::read(&self.line) {
            Ok((number, entry)) if number == self.number => Ok(Some(Line { number, entry })),
            Ok((number, _)) => self.bad(format!("it is line {number} of another place")),
            Err(why) => self.bad(why),
        }
    }

    /// Reads up to the next line end; whether the stream ended well.
    fn fill(&mut self) -> io::Result<usize> {
        let mut limited = (&mut self.text).take(LINE_MAX as u64);
        match limited.read_until(b'\n', &mut self.line) {
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof && !self.slow => {
                self.slowly()?;
                self.fill()
            }
            read => read,
        }
    }

    /// Begins again and unpacks byte by byte up to the same line: what stands before garbage is lost when
    /// it is unpacked together with it. Takes about a second for a segment.
    fn slowly(&mut self) -> io::Result<()> {
        let bytes: Box<dyn Read> = Box::new(io::Cursor::new(fs::read(&self.path)?));
        let single = BufReader::with_capacity(1, bytes);
        self.text = BufReader::new(GzDecoder::new(single));
        self.slow = true;
        for _ in 0..self.number {
            self.line.clear();
            self.text.read_until(b'\n', &mut self.line)?;
        }
        self.line.clear();
        Ok(())
    }

    fn end(&self, ended: io::Result<usize>) -> Ending {
        let bytes = self.line.len();
        let line = self.number + 1;
        match ended {
            Ok(_) if bytes == 0 => Ending::Whole,
            Err(_) if bytes == 0 => Ending::Open,
            _ => Ending::Torn(Cut { line, bytes }),
        }
    }

    /// A line that cannot be read: damaged if a good one follows, else the beginning of a torn tail.
    fn bad(&mut self, why: String) -> Result<Option<Line>, JournalError> {
        let line = self.number;
        let mut bytes = self.line.len() + 1;
        loop {
            self.line.clear();
            let more = self.fill();
            bytes += self.line.len();
            if !matches!(more, Ok(n) if n > 0) {
                self.ending = Some(Ending::Torn(Cut { line, bytes }));
                return Ok(None);
            }
            let text = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
            if entry::check(text).is_ok_and(|(number, _)| number > line) {
                let path = self.path.clone();
                return Err(JournalError::Damaged { path, line, why });
            }
        }
    }

    /// How the segment ended, once [`Reader::next_line`] gave nothing.
    #[must_use]
    pub fn ending(&self) -> &Ending {
        self.ending.as_ref().unwrap_or(&Ending::Open)
    }
}

/// The last group of a segment with the hash after it, and how the segment ended. A `restored` entry counts
/// as its group.
///
/// # Errors
/// See [`Reader::next_line`].
pub fn last(path: &Path) -> Result<(Option<(u64, EventHash)>, Ending), JournalError> {
    let mut reader = Reader::open(path)?;
    let mut last = None;
    while let Some(line) = reader.next_line()? {
        match line.entry {
            Entry::Group(group) => last = Some((group.seq, group.hash)),
            Entry::Restored(restored) => last = Some((restored.last_group, restored.hash)),
            Entry::Snapshot(snapshot) => last = Some((snapshot.last_group, snapshot.hash())),
            Entry::Segment { .. } | Entry::Rows(_) => {}
        }
    }
    Ok((last, reader.ending().clone()))
}

/// Writes the whole lines of a segment anew, beside it, and renames: a torn tail is gone and the stream has
/// its trailer. Nothing is lost if this is interrupted. A segment without a whole line is removed.
///
/// # Errors
/// If the disk does not take it, or a line is damaged.
pub(super) fn cut(path: &Path) -> Result<(), JournalError> {
    let disk = |error| JournalError::disk(path, error);
    let beside = path.with_extension("cut");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(disk(error)),
        _ => {}
    }
    let mut reader = Reader::open(path)?;
    let mut anew = Segment::create(&beside).map_err(disk)?;
    let mut entries = Vec::new();
    while let Some(line) = reader.next_line()? {
        entries.push(line.entry);
        if entries.len() >= 1_000 {
            anew.append(&entries).map_err(disk)?;
            entries.clear();
        }
    }
    if !entries.is_empty() {
        anew.append(&entries).map_err(disk)?;
    }
    let empty = anew.len() == 0;
    anew.finish().map_err(disk)?;
    let renamed = match empty {
        true => fs::remove_file(path),
        false => fs::rename(&beside, path),
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    renamed.and_then(|()| sync_folder(folder)).map_err(disk)
}
