//! `nimbus store`: every row of a database as a file, and back.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use super::exit::{Code, Exit, Failure};
use super::migrate::{Place, unusable};
use super::output::Console;
use crate::store::{Migrate, Store, TransferError, Transferred};

/// Commands of `store`.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write every row to a file, as of one instant; a server may go on beside it.
    Export {
        /// The file: gzip of JSON lines with a checksum. It must not exist.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Read every row of a file into an empty database, of either kind.
    Import {
        /// The file that `export` wrote.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
}

pub(super) fn run(console: &Console, command: &Command) -> Result<Exit, Failure> {
    let (done, what) = match command {
        Command::Export { file, place } => (export(file, place)?, "exported"),
        Command::Import { file, place } => (import(file, place)?, "imported"),
    };
    let text = format!("{what} {} rows, sha256 {}\n", done.rows, done.sha256);
    console.answer(
        &text,
        || json!({ "rows": done.rows, "sha256": done.sha256 }),
    )?;
    Ok(Exit::Done)
}

/// A file that is not whole never has the name that was asked for.
fn export(path: &Path, place: &Place) -> Result<Transferred, Failure> {
    if path.exists() {
        let text = format!("{} is there already", path.display());
        return Err(Failure::new(Code::AlreadyExists, text));
    }
    let store = Store::open_beside(&place.database).map_err(|error| unusable(&error))?;
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let file = File::create(&part).map_err(|error| Failure::file(&part, &error))?;
    let done = store.export(BufWriter::new(&file));
    let done = done.map_err(|error| failed(&part, &error))?;
    let renamed = file.sync_all().and_then(|()| std::fs::rename(&part, path));
    renamed.map_err(|error| Failure::file(path, &error))?;
    Ok(done)
}

fn import(path: &Path, place: &Place) -> Result<Transferred, Failure> {
    File::open(path).map_err(|error| Failure::file(path, &error))?;
    let store = Store::open(&place.database, Migrate::Auto).map_err(|error| unusable(&error))?;
    let done = store.import(|| File::open(path));
    done.map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &TransferError) -> Failure {
    let text = format!("{}: {error}", path.display());
    match error {
        TransferError::Store(_) => Failure::new(Code::Unreachable, error.to_string()),
        TransferError::File(error) => Failure::file(path, error),
        TransferError::Broken { .. } => Failure::new(Code::Invalid, text),
        TransferError::NotEmpty(_) => Failure::new(Code::AlreadyExists, error.to_string()),
    }
}
