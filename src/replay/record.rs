//! Writes the run of a scenario as the journal of a service: to try what reads journals.

use std::path::Path;

use nimbus_core::conductor::Conductor;
use nimbus_core::digest::EventHash;
use nimbus_core::machine::{Address, Message};
use nimbus_sim::driver::{Fault, Taken};
use nimbus_sim::run::{Done, Options, PROGRESS_EVERY, Prepared, Progress, Running};

use crate::shell::group::{Group, Input};
use crate::shell::journal::entry::config_hash;
use crate::shell::journal::{self, Files, Identity, Journal, JournalError, Snapshot};

/// Why a run was not written to its end.
#[derive(Debug, thiserror::Error)]
pub enum Unwritten {
    /// The run broke off.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The journal did not take it.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal did not take it.
    #[error("the journal did not take it: {0}")]
    Disk(#[from] std::io::Error),
}

/// Runs a scenario and appends each group to a new chain of the journal in this folder. The journal is
/// synced once a group, as a service does: some thousand groups a second.
///
/// # Errors
/// See [`Unwritten`].
pub fn run(
    prepared: &Prepared,
    options: &Options,
    folder: &Path,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<Done, Unwritten> {
    let mut running = Running::new(prepared, options);
    let snapshot = beginning(prepared);
    let identity = Identity {
        build: snapshot.build.clone(),
        config_hash: snapshot.config_hash.clone(),
    };
    let mut files = Files::open(folder, journal::Options::default(), &identity)?;
    files.begin(&snapshot)?;
    running.driver.taken = Some(Taken::default());
    let mut seq = 0;
    while running.step()? {
        seq += 1;
        files.append(&group(seq, &running))?;
        if seq.is_multiple_of(PROGRESS_EVERY) && !progress(running.progress()) {
            running.interrupt();
            break;
        }
    }
    Ok(running.sum_up()?)
}

/// What a chain of this scenario begins with: machines that have seen nothing.
#[must_use]
pub fn beginning(prepared: &Prepared) -> Snapshot {
    let config = prepared.machines();
    let none = Conductor::<Message>::default();
    Snapshot {
        last_group: 0,
        now: none.now(),
        round: 0,
        deliveries: 0,
        hashes: [EventHash::default(); Address::COUNT],
        build: env!("CARGO_PKG_VERSION").to_owned(),
        config_hash: config_hash(&config),
        config,
        scenario: None,
        rows: Vec::new(),
    }
}

/// The group that was just run.
#[must_use]
pub fn group(seq: u64, running: &Running) -> Group {
    let driver = &running.driver;
    let taken = driver.taken.clone().unwrap_or_default();
    let asked = taken.inputs.into_iter().map(|message| Input::Asked {
        message,
        by: "scenario".into(),
        request: "".into(),
    });
    Group {
        seq,
        now: driver.conductor.now(),
        seed: taken.seed,
        inputs: asked
            .chain(taken.events.into_iter().map(Input::Seen))
            .collect(),
        dead: Vec::new(),
        hash: driver.hash(),
    }
}
