//! One segment being written: a gzip stream that is whole after every flush but for its trailer.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use super::entry::{self, Entry};

/// Magic, deflate, no flags, no time, unknown system: the same bytes for the same lines.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];

/// An empty last block: what ends a stream that stands at a flush.
const LAST_BLOCK: [u8; 2] = [0x03, 0x00];

/// A segment that lines are appended to.
#[derive(Debug)]
pub(super) struct Segment {
    path: PathBuf,
    file: File,
    compress: Compress,
    crc: Crc,
    /// Bytes of the file that are on disk and whole.
    good: u64,
    /// Lines on disk.
    lines: u64,
    text: Vec<u8>,
    packed: Vec<u8>,
    /// For tests: the next write stops after this many bytes, as a full disk does.
    #[cfg(test)]
    pub(super) full_after: Option<usize>,
}

impl Segment {
    /// Creates the file, for its owner alone; nothing may stand there. Nothing is on disk before the first
    /// [`Segment::append`] returned.
    pub(super) fn create(path: &Path) -> io::Result<Segment> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        Ok(Segment {
            path: path.to_owned(),
            file,
            compress: Compress::new(Compression::fast(), false),
            crc: Crc::new(),
            good: 0,
            lines: 0,
            text: Vec::new(),
            packed: Vec::new(),
            #[cfg(test)]
            full_after: None,
        })
    }

    /// Bytes on disk.
    pub(super) fn len(&self) -> u64 {
        self.good
    }

    /// Bytes of text in it.
    pub(super) fn text_len(&self) -> u64 {
        u64::from(self.crc.amount())
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends lines; they are on disk when this returns. After an error only [`Segment::abandon`] may
    /// follow.
    pub(super) fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
        self.text.clear();
        self.packed.clear();
        if self.good == 0 {
            self.packed.extend_from_slice(&HEADER);
        }
        for (number, entry) in (self.lines + 1..).zip(entries) {
            entry::write(entry, number, &mut self.text);
        }
        self.pack()?;
        self.write()?;
        self.crc.update(&self.text);
        self.good += self.packed.len() as u64;
        self.lines += entries.len() as u64;
        Ok(())
    }

    fn pack(&mut self) -> io::Result<()> {
        let before = self.compress.total_in();
        loop {
            self.packed.reserve(self.text.len() / 4 + 1024);
            let taken = usize::try_from(self.compress.total_in() - before).unwrap_or(usize::MAX);
            let rest = &self.text[taken.min(self.text.len())..];
            let status = self
                .compress
                .compress_vec(rest, &mut self.packed, FlushCompress::Sync)?;
            let all = self.compress.total_in() - before == self.text.len() as u64;
            // room that is left over means that the flush is complete
            if all && self.packed.len() < self.packed.capacity() {
                return Ok(());
            }
            if status == Status::StreamEnd {
                return Err(io::Error::other("the compressor ended by itself"));
            }
        }
    }

    fn write(&mut self) -> io::Result<()> {
        #[cfg(test)]
        if let Some(room) = self.full_after.take() {
            let room = room.min(self.packed.len());
            self.file.write_all(&self.packed[..room])?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.file.write_all(&self.packed)?;
        self.file.sync_data()
    }

    /// Ends the stream.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if self.good == 0 {
            return std::fs::remove_file(&self.path);
        }
        self.trailer()
    }

    fn trailer(&mut self) -> io::Result<()> {
        let mut bytes = LAST_BLOCK.to_vec();
        bytes.extend_from_slice(&self.crc.sum().to_le_bytes());
        bytes.extend_from_slice(&self.crc.amount().to_le_bytes());
        self.file.write_all(&bytes)?;
        self.file.sync_data()
    }

    /// After an error: cuts what is not whole and ends the stream. An error means that the file is torn.
    pub(super) fn abandon(mut self) -> io::Result<()> {
        if self.good == 0 {
            return std::fs::remove_file(&self.path);
        }
        self.file.set_len(self.good)?;
        self.file.seek(SeekFrom::Start(self.good))?;
        self.trailer()
    }
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
