//! Writing a group: the journal first, then the store, each synced; and what an unclear outcome means.

use std::sync::Arc;
use std::time::Duration;

use nimbus_core::store::StoreError;

use super::lead::Lead;
use super::{Fatal, blocking};
use crate::runtime::{self, Stopwatch};
use crate::shell::group::Group;
use crate::shell::journal::entry::config_hash;
use crate::shell::journal::{Journal, Restored, Snapshot};
use crate::shell::ledger::Ledger;
use crate::store::{Commit, Committed, Last};

/// Wait before an unclear outcome is asked for again.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// What became of a group.
#[derive(Debug)]
pub(super) enum Written {
    /// It is in the journal and in the store.
    Yes(Committed),
    /// It is not in the store, for this reason.
    No(String),
    /// Another leader has taken over.
    Deposed(String),
}

/// A count as the store has it.
pub(super) fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// What a worker needs to write a group.
struct Job {
    journal: Box<dyn Journal>,
    ledger: Arc<dyn Ledger>,
    /// Where the machines were restored, if the journal does not know it yet.
    restored: Option<Box<Snapshot>>,
    group: Group,
    commit: Commit,
}

/// What a worker gives back.
struct Done {
    journal: Box<dyn Journal>,
    /// The journal knows where the machines were restored.
    said: bool,
    outcome: Result<Committed, StoreError>,
}

impl Job {
    fn run(mut self) -> Done {
        let journaled = self.journal();
        let said = journaled.is_ok();
        let outcome = match journaled {
            Err(error) => Err(StoreError::Unavailable(format!("the journal: {error}"))),
            Ok(()) => self.ledger.commit(&self.commit),
        };
        Done {
            journal: self.journal,
            said,
            outcome,
        }
    }

    fn journal(&mut self) -> std::io::Result<()> {
        if let Some(mut snapshot) = self.restored.take() {
            let restored = Restored {
                last_group: snapshot.last_group,
                now: snapshot.now,
                hash: snapshot.hash(),
            };
            self.journal.restored(&restored)?;
            if self.journal.due() {
                snapshot.rows = self.ledger.rows().map_err(std::io::Error::other)?;
                self.journal.begin(&snapshot)?;
            }
        }
        self.journal.append(&self.group)
    }
}

impl Lead {
    /// Writes a group and returns when its outcome is known.
    pub(super) async fn write(&mut self, group: &Group, commit: &Commit) -> Result<Written, Fatal> {
        let Some(journal) = self.journal.take() else {
            return Err(Fatal::Broken("the journal is gone".to_owned()));
        };
        let job = Job {
            journal,
            ledger: Arc::clone(&self.parts.ledger),
            restored: self.unsaid.then(|| Box::new(self.snapshot())),
            group: group.clone(),
            commit: commit.clone(),
        };
        let watch = Stopwatch::start();
        let done = runtime::blocking(move || job.run()).await;
        let done = done.map_err(|panic| Fatal::Broken(format!("writing panicked: {panic}")))?;
        let metrics = &self.parts.metrics;
        metrics.commit_seconds.observe(watch.wall().as_secs_f64());
        self.journal = Some(done.journal);
        self.unsaid &= !done.said;
        Ok(match done.outcome {
            Ok(committed) => Written::Yes(committed),
            Err(StoreError::Deposed(why)) => Written::Deposed(why),
            Err(StoreError::Unknown(why)) => self.look_up(commit, &why).await,
            Err(error) => Written::No(error.to_string()),
        })
    }

    /// Reads back whether a group was written, until the store answers.
    async fn look_up(&mut self, commit: &Commit, why: &str) -> Written {
        tracing::warn!(
            group = commit.group,
            why,
            "the outcome of a commit is unknown; reading it back"
        );
        loop {
            let ledger = Arc::clone(&self.parts.ledger);
            match blocking(move || ledger.last()).await {
                Ok(last) => return found(last, commit, why),
                Err(StoreError::Deposed(why)) => return Written::Deposed(why),
                Err(error) => tracing::warn!(%error, "the store does not answer"),
            }
            tokio::select! {
                biased;
                () = self.parts.stop.cancelled() => return Written::No(why.to_owned()),
                () = tokio::time::sleep(ASK_AGAIN) => {}
            }
        }
    }

    /// Where the machines were restored: the last group of the store.
    fn snapshot(&self) -> Snapshot {
        let (last, config) = (&self.last, &self.parts.config);
        Snapshot {
            last_group: last.group,
            now: last.now,
            round: last.round,
            deliveries: last.deliveries,
            hashes: last.hashes,
            build: self.parts.build.clone(),
            config_hash: config_hash(config),
            config: config.clone(),
            scenario: self.parts.scenario.clone(),
            rows: Vec::new(),
        }
    }
}

/// What the last group of the store says of one whose outcome was unknown.
fn found(last: Option<Last>, commit: &Commit, why: &str) -> Written {
    match last {
        Some(last) if last.group == commit.group && last.hashes == commit.hashes => {
            let events = i64::try_from(commit.events.len()).unwrap_or(i64::MAX);
            let first_event_seq = last.event_seq - events + 1;
            Written::Yes(Committed { first_event_seq })
        }
        Some(last) if last.group >= commit.group => {
            Written::Deposed(format!("group {} is not ours", last.group))
        }
        _ => Written::No(why.to_owned()),
    }
}
