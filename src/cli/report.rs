//! `nimbus report`: renders a saved result again.

use std::path::{Path, PathBuf};

use nimbus_sim::report::Document;

use super::exit::{Code, Exit, Failure};
use super::output::{self, Console};
use super::run::{self, Format};

/// Options of `report`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// JSON reports that `replay`, `sweep` or `plan` wrote.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Format; without it the one that `--out` ends with, else text.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write to this file instead of stdout.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(console: &Console, args: &Args) -> Result<Exit, Failure> {
    if args.out.is_some() && args.files.len() > 1 {
        return Err(Failure::new(Code::Usage, "--out takes one report"));
    }
    for file in &args.files {
        let document = read(file)?;
        match &args.out {
            Some(path) => run::save(&document, path, args.format)?,
            None => run::print(console, &document, args.format)?,
        }
    }
    Ok(Exit::Done)
}

/// Reads a report that was written as JSON.
fn read(path: &Path) -> Result<Document, Failure> {
    let text = output::read(path)?;
    Document::from_json(&text)
        .map_err(|error| Failure::new(Code::Invalid, format!("{}: {error}", path.display())))
}
