//! `nimbus trace`: looks at events that `replay --record` wrote, one JSON object a line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use nimbus_sim::driver::Step;
use serde_json::json;

use super::exit::{Code, Exit, Failure};
use super::output::Console;

/// Longest line of a recorded trace; a longer one is refused, not read.
const LINE_MAX: u64 = 16 * 1024 * 1024;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Show recorded events.
    Show(Show),
    /// Find the first event in which two recordings differ.
    Diff(Diff),
}

/// Options of `trace show`.
#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// A file that `nimbus replay --record` wrote.
    file: PathBuf,
    /// First event to show, counted from 1.
    #[arg(long, default_value_t = 1, value_name = "N")]
    from: u64,
    /// How many events to show.
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: u64,
    /// Only events whose line holds this text.
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
}

/// Options of `trace diff`.
#[derive(Debug, clap::Args)]
pub(super) struct Diff {
    /// One recording.
    a: PathBuf,
    /// The other.
    b: PathBuf,
}

pub(super) fn run(console: &Console, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Show(args) => show(console, args),
        Command::Diff(args) => {
            diff(console, args).map_err(|failure| failure.exiting(Exit::DiffFailed))
        }
    }
}

fn show(console: &Console, args: &Show) -> Result<Exit, Failure> {
    let mut lines = Lines::open(&args.file)?;
    let mut left = args.limit;
    while let Some(line) = lines.next()? {
        let hit = args
            .grep
            .as_ref()
            .is_none_or(|text| line.contains(text.as_str()));
        if lines.at < args.from || !hit {
            continue;
        }
        if left == 0 {
            console.note("more events follow; see --from and --limit");
            break;
        }
        left -= 1;
        let step = lines.parse(&line)?;
        let text = format!("{}  {}", lines.at, step.show());
        console.line(text.trim_end(), || {
            serde_json::from_str(&line).unwrap_or_default()
        })?;
    }
    Ok(Exit::Done)
}

/// A recording as text, one JSON object a line.
pub(super) fn lines(trace: &[Step]) -> String {
    let line = |step: &Step| serde_json::to_string(step).expect("a step is plain data") + "\n";
    trace.iter().map(line).collect()
}

/// Reads a whole recording.
pub(super) fn read(path: &Path) -> Result<Vec<Step>, Failure> {
    let mut lines = Lines::open(path)?;
    let mut trace = Vec::new();
    while let Some(line) = lines.next()? {
        trace.push(lines.parse(&line)?);
    }
    Ok(trace)
}

fn diff(console: &Console, args: &Diff) -> Result<Exit, Failure> {
    let mut a = Lines::open(&args.a)?;
    let mut b = Lines::open(&args.b)?;
    loop {
        let (left, right) = (a.next()?, b.next()?);
        if left == right {
            if left.is_none() {
                let text = format!("no difference in {} events\n", a.at);
                console.answer(&text, || json!({ "equal": true, "events": a.at }))?;
                return Ok(Exit::Done);
            }
            continue;
        }
        let at = a.at.max(b.at);
        let show = |line: &Option<String>| line.clone().unwrap_or_else(|| "(ends here)".to_owned());
        let text = format!(
            "first difference at event {at}\n  {}: {}\n  {}: {}\n",
            args.a.display(),
            show(&left),
            args.b.display(),
            show(&right)
        );
        console.answer(
            &text,
            || json!({ "equal": false, "event": at, "a": left, "b": right }),
        )?;
        return Ok(Exit::Failed);
    }
}

/// Lines of a recording, one in memory at a time.
struct Lines<'a> {
    path: &'a Path,
    reader: BufReader<File>,
    at: u64,
}

impl Lines<'_> {
    fn open(path: &Path) -> Result<Lines<'_>, Failure> {
        let file = File::open(path).map_err(|error| Failure::file(path, &error))?;
        Ok(Lines {
            path,
            reader: BufReader::new(file),
            at: 0,
        })
    }

    fn next(&mut self) -> Result<Option<String>, Failure> {
        let mut line = String::new();
        let mut limited = (&mut self.reader).take(LINE_MAX);
        let read = limited
            .read_line(&mut line)
            .map_err(|error| Failure::file(self.path, &error))?;
        if read == 0 {
            return Ok(None);
        }
        self.at += 1;
        if !line.ends_with('\n') {
            let text = format!(
                "{}:{}: the line does not end; the file is torn",
                self.path.display(),
                self.at
            );
            return Err(Failure::new(Code::Invalid, text));
        }
        line.truncate(line.trim_end().len());
        Ok(Some(line))
    }

    fn parse(&self, line: &str) -> Result<Step, Failure> {
        serde_json::from_str(line).map_err(|_| {
            let text = format!(
                "{}:{}: not an event that --record wrote",
                self.path.display(),
                self.at
            );
            Failure::new(Code::Invalid, text)
        })
    }
}
