//! `nimbus journal`: looks at the journal of a service, and copies it with other names.

use std::path::{Path, PathBuf};

use nimbus_core::time::Time;
use serde_json::json;

use super::exit::{Code, Exit, Failure};
use super::output::Console;
use super::table::Table;
use crate::replay::anonymise;
use crate::runtime;
use crate::shell::group::{Group, Input};
use crate::shell::journal::{self, Ending, Entry, JournalError, Line, Reader};

/// Where a service writes its journal unless it is told otherwise.
const FOLDER: &str = "nimbus-data/journal";

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List the segments: what is in them and whether they are whole.
    List(List),
    /// Show entries, one a line.
    Show(Show),
    /// Check every line, and that groups follow each other.
    Verify(List),
    /// Copy a journal into a new folder.
    Export(Export),
}

/// Which journal.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// The folder of the journal.
    #[arg(default_value = FOLDER, value_name = "FOLDER")]
    folder: PathBuf,
}

/// Options of `journal show`.
#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// The folder of the journal.
    #[arg(default_value = FOLDER, value_name = "FOLDER")]
    folder: PathBuf,
    /// First group: its number, or a time.
    #[arg(long, value_name = "GROUP", value_parser = place)]
    from: Option<Place>,
    /// Last group: its number, or a time.
    #[arg(long, value_name = "GROUP", value_parser = place)]
    to: Option<Place>,
}

/// Options of `journal export`.
#[derive(Debug, clap::Args)]
pub(super) struct Export {
    /// The folder of the journal.
    #[arg(default_value = FOLDER, value_name = "FOLDER")]
    folder: PathBuf,
    /// Where the copy goes; a folder without a journal.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Replace every name and every free text by its rank and a hash under a key that nobody keeps.
    #[arg(long)]
    anonymise: bool,
}

/// A place in a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A number of a group.
    Group(u64),
    /// Machine time.
    Time(Time),
}

fn place(text: &str) -> Result<Place, String> {
    if let Ok(group) = text.parse() {
        return Ok(Place::Group(group));
    }
    let time = Time::parse(text).map(Place::Time);
    time.map_err(|_| "expected the number of a group, or a time as in 2026-01-31T12:00:00Z".into())
}

impl Place {
    fn is_after(self, group: &Group) -> bool {
        match self {
            Place::Group(seq) => group.seq < seq,
            Place::Time(time) => group.now < time,
        }
    }

    fn is_before(self, group: &Group) -> bool {
        match self {
            Place::Group(seq) => group.seq > seq,
            Place::Time(time) => group.now > time,
        }
    }
}

pub(super) fn run(console: &Console, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list(console, &args.folder),
        Command::Show(args) => show(console, args),
        Command::Verify(args) => verify(console, &args.folder),
        Command::Export(args) => export(console, args),
    }
}

fn unreadable(error: &JournalError) -> Failure {
    match error {
        JournalError::Disk { path, error } => Failure::file(path, error),
        _ => Failure::new(Code::Invalid, error.to_string()),
    }
}

/// What one segment holds.
#[derive(Default)]
struct Contents {
    build: String,
    groups: Option<(u64, u64)>,
    times: Option<(Time, Time)>,
    lines: u64,
    state: String,
    torn: bool,
}

impl Contents {
    fn read(path: &Path) -> Result<Contents, JournalError> {
        let mut reader = Reader::open(path)?;
        let mut found = Contents::default();
        while let Some(line) = reader.next_line()? {
            found.line(&line);
        }
        found.torn = matches!(reader.ending(), Ending::Torn(_));
        found.state = match reader.ending() {
            Ending::Whole => "whole".to_owned(),
            Ending::Open => "open".to_owned(),
            Ending::Torn(cut) => format!("torn at line {}", cut.line),
        };
        Ok(found)
    }

    fn line(&mut self, line: &Line) {
        self.lines += 1;
        match &line.entry {
            Entry::Snapshot(snapshot) => self.build.clone_from(&snapshot.build),
            Entry::Group(group) => {
                let first = self.groups.map_or(group.seq, |(first, _)| first);
                self.groups = Some((first, group.seq));
                let begun = self.times.map_or(group.now, |(begun, _)| begun);
                self.times = Some((begun, group.now));
            }
            _ => {}
        }
    }
}

fn list(console: &Console, folder: &Path) -> Result<Exit, Failure> {
    let headers = [
        "chain", "segment", "groups", "from", "to", "bytes", "state", "build",
    ];
    let mut table = Table::new(&headers);
    for chain in journal::chains(folder).map_err(|error| unreadable(&error))? {
        let mut build = String::new();
        for (number, path) in &chain.segments {
            let found = Contents::read(path).map_err(|error| unreadable(&error))?;
            if !found.build.is_empty() {
                build.clone_from(&found.build);
            }
            let groups = found.groups.map(|(first, last)| format!("{first}-{last}"));
            let time = |time: Option<Time>| time.map_or_else(String::new, |time| time.to_string());
            let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
            table.row(vec![
                chain.number.to_string(),
                number.to_string(),
                groups.unwrap_or_default(),
                time(found.times.map(|(from, _)| from)),
                time(found.times.map(|(_, to)| to)),
                bytes.to_string(),
                found.state,
                build.clone(),
            ]);
        }
    }
    console.table(table)?;
    Ok(Exit::Done)
}

/// Every line of every segment, in order, until `each` has seen enough.
fn lines(
    folder: &Path,
    each: &mut dyn FnMut(&Path, &Line) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    for chain in journal::chains(folder).map_err(|error| unreadable(&error))? {
        for (_, path) in &chain.segments {
            let mut reader = Reader::open(path).map_err(|error| unreadable(&error))?;
            while let Some(line) = reader.next_line().map_err(|error| unreadable(&error))? {
                if !each(path, &line)? {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

fn show(console: &Console, args: &Show) -> Result<Exit, Failure> {
    let mut inside = args.from.is_none();
    lines(&args.folder, &mut |_, line| {
        if let Entry::Group(group) = &line.entry {
            if args.to.is_some_and(|to| to.is_before(group)) {
                return Ok(false);
            }
            inside = !args.from.is_some_and(|from| from.is_after(group));
        }
        let rows = matches!(line.entry, Entry::Rows(_));
        if inside && (!rows || console.machine()) {
            print(console, &line.entry)?;
        }
        Ok(!runtime::interrupted())
    })?;
    Ok(Exit::Done)
}

/// An entry as a person reads it, or as it stands in the journal: a value in between would lose digits.
fn print(console: &Console, entry: &Entry) -> Result<(), Failure> {
    if !console.machine() {
        return console.print(&shown(entry));
    }
    let line = serde_json::to_string(entry).expect("an entry is plain data");
    console.document(&(line + "\n"))
}

fn shown(entry: &Entry) -> String {
    match entry {
        Entry::Segment { chain, segment, .. } => format!("chain {chain} segment {segment}\n"),
        Entry::Snapshot(snapshot) => format!(
            "snapshot after group {}, build {}, hash {}\n",
            snapshot.last_group,
            snapshot.build,
            snapshot.hash()
        ),
        Entry::Rows(rows) => format!("rows {}\n", rows.len()),
        Entry::Restored(restored) => {
            let (group, now) = (restored.last_group, restored.now);
            format!("restored after group {group} at {now}\n")
        }
        Entry::Group(group) => group_text(group),
    }
}

fn group_text(group: &Group) -> String {
    let mut text = format!("{}  {}  hash {}\n", group.seq, group.now, group.hash);
    for input in &group.inputs {
        let line = match input {
            Input::Asked { message, by, .. } => format!("  {by} asked {message:?}\n"),
            Input::Seen(event) => format!("  seen {event:?}\n"),
        };
        text.push_str(&line);
    }
    text
}

fn verify(console: &Console, folder: &Path) -> Result<Exit, Failure> {
    let chains = journal::chains(folder).map_err(|error| unreadable(&error))?;
    let (mut groups, mut all, mut last) = (0u64, 0u64, None::<u64>);
    lines(folder, &mut |path, line| {
        all += 1;
        match &line.entry {
            Entry::Snapshot(snapshot) => last = Some(snapshot.last_group),
            Entry::Restored(restored) => last = Some(restored.last_group),
            Entry::Group(group) => {
                groups += 1;
                let expected = last.map_or(group.seq, |last| last + 1);
                if group.seq == 0 || group.seq > expected {
                    let place = format!("{}:{}", path.display(), line.number);
                    let text = format!("{place}: group {} where {expected} is next", group.seq);
                    return Err(Failure::new(Code::Invalid, text));
                }
                last = Some(group.seq);
            }
            _ => {}
        }
        Ok(true)
    })?;
    let segments: Vec<&PathBuf> = chains
        .iter()
        .flat_map(|chain| chain.segments.iter().map(|(_, path)| path))
        .collect();
    let mut torn = Vec::new();
    for path in &segments {
        let found = Contents::read(path).map_err(|error| unreadable(&error))?;
        torn.extend(
            found
                .torn
                .then(|| format!("{}: {}", path.display(), found.state)),
        );
    }
    let counts = (chains.len(), segments.len());
    let text = format!(
        "{} chains, {} segments, {all} lines, {groups} groups: every checksum holds\n",
        counts.0, counts.1
    );
    console.answer(&text, || {
        json!({ "chains": counts.0, "segments": counts.1, "lines": all, "groups": groups, "torn": torn })
    })?;
    torn.iter().for_each(|text| console.note(text));
    Ok(Exit::Done)
}

fn export(console: &Console, args: &Export) -> Result<Exit, Failure> {
    let key = args.anonymise.then(runtime::random_bytes::<32>);
    let copied = anonymise::export(&args.folder, &args.out, key);
    let copied = copied.map_err(|error| {
        let code = match error {
            anonymise::Uncopied::NotEmpty => Code::AlreadyExists,
            _ => Code::Invalid,
        };
        Failure::new(code, format!("{}: {error}", args.out.display()))
    })?;
    let text = format!(
        "{} chains, {} groups, {} decisions, {} names replaced\n",
        copied.chains, copied.groups, copied.decisions, copied.names
    );
    console.answer(&text, || json!(copied))?;
    if let Some(group) = copied.differs {
        let text = format!("group {group} decides otherwise without its names");
        return Err(Failure::new(Code::Differs, text));
    }
    Ok(Exit::Done)
}
