//! Follows a service as it runs, so that shadow policies see what it decides.
//!
//! Guarantees: what is followed is not slowed: groups come after their answers have left, and one that is
//! missed is read from the rows. While no policy is in the shadow nothing is followed.

use std::sync::Arc;

use nimbus_core::machines::Config;
use nimbus_core::store::StoreError;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::journal::Player;
use crate::metrics::Nouns;
use crate::runtime;
use crate::shell::feed::Feed;
use crate::shell::group::Group;
use crate::shell::journal::Snapshot;
use crate::shell::journal::entry::config_hash;
use crate::shell::ledger::Ledger;
use crate::shell::shadow::{Seen, Shadows};

/// How often rows are read until no group is written meanwhile.
const TRIES: u32 = 8;

/// What is followed, and who looks.
pub struct Follow {
    /// The store.
    pub ledger: Arc<dyn Ledger>,
    /// What the machines are configured with.
    pub config: Config,
    /// Where groups come from.
    pub feed: Feed,
    /// Where differences are counted.
    pub metrics: Nouns,
    /// Cancelled when it should stop.
    pub stop: CancellationToken,
}

impl Follow {
    /// Follows until it is stopped.
    pub async fn run(self) {
        let shadows = Arc::clone(self.feed.shadows());
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                () = shadows.wanted() => {}
            }
            self.watch(&shadows).await;
        }
    }

    /// Follows as long as a policy is in the shadow.
    async fn watch(&self, shadows: &Shadows) {
        let mut groups = self.feed.groups();
        let mut player: Option<Player> = None;
        while shadows.any() {
            let group = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                group = groups.recv() => group,
            };
            match group {
                Ok(group) => player = self.group(player.take(), &group, shadows).await,
                Err(RecvError::Lagged(_)) => player = None,
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Plays a group; gives nothing if the machines are not those of the service any more.
    async fn group(
        &self,
        player: Option<Player>,
        group: &Group,
        shadows: &Shadows,
    ) -> Option<Player> {
        let Some(mut player) = player else {
            let player = self.player().await;
            return player
                .inspect_err(|error| tracing::warn!(%error, "shadow policies see nothing for now"))
                .ok();
        };
        if group.seq <= player.last() {
            return Some(player);
        }
        if group.seq != player.last() + 1 {
            return None;
        }
        let (config, now) = (&self.config, group.now);
        if shadows.due(now) {
            shadows.restore(&player.rows(), config, player.now());
        }
        let seen = player.seen(group).ok()?;
        if player.differs(group).is_some() {
            return None; // the service restored its machines
        }
        shadows.group(now, &seen, &self.metrics);
        Some(player)
    }

    /// The machines of the last group.
    async fn player(&self) -> Result<Player, StoreError> {
        let (ledger, config) = (Arc::clone(&self.ledger), self.config.clone());
        let read = runtime::blocking(move || snapshot(&*ledger, config));
        let snapshot = read.await.map_err(StoreError::Unavailable)??;
        Player::begin(&snapshot)
    }
}

/// The rows of one group: read again if another was written meanwhile.
fn snapshot(ledger: &dyn Ledger, config: Config) -> Result<Snapshot, StoreError> {
    for _ in 0..TRIES {
        let before = ledger.last()?;
        let rows = ledger.rows()?;
        let Some(last) =
            before.filter(|before| ledger.last().ok().flatten().as_ref() == Some(before))
        else {
            continue;
        };
        return Ok(Snapshot {
            last_group: last.group,
            now: last.now,
            round: last.round,
            deliveries: last.deliveries,
            hashes: last.hashes,
            build: String::new(),
            config_hash: config_hash(&config),
            config,
            scenario: None,
            rows,
        });
    }
    Err(StoreError::Unavailable(
        "groups come faster than rows can be read".to_owned(),
    ))
}

impl Player {
    /// Runs a group and gives what shadows must see of it.
    ///
    /// # Errors
    /// As for [`Player::group`].
    pub fn seen(&mut self, group: &Group) -> Result<Vec<Seen>, super::journal::Unplayed> {
        let mut seen = Vec::new();
        self.group_with(group, &mut |message, effects| {
            if Seen::concerns(message) {
                seen.push(Seen {
                    message: message.clone(),
                    effects: effects.to_vec(),
                });
            }
        })?;
        Ok(seen)
    }
}
