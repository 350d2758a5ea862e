//! How the service is: asked of its parts, never guessed.

use futures::future::BoxFuture;
use nimbus_core::machine::Address;

use super::app::App;
use crate::shell::actor::Observed;
use crate::shell::standing::{Pulse, Standing};

/// What each machine answered.
pub type Machines = [(Address, Observed); 5];

/// Asks conductor and machines how they are.
pub trait Health: Send + Sync + 'static {
    /// How the conductor stands.
    fn standing(&self) -> Standing;

    /// Asks every actor; each answers within a second.
    fn check(&self) -> BoxFuture<'_, Result<Machines, String>>;
}

impl Health for Pulse {
    fn standing(&self) -> Standing {
        Pulse::standing(self)
    }

    fn check(&self) -> BoxFuture<'_, Result<Machines, String>> {
        Box::pin(Pulse::check(self))
    }
}

/// How the parts are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checked {
    /// Whether the database answers.
    pub(super) database: bool,
    /// Whether the cluster can be reached.
    pub(super) cluster: bool,
    /// Whether every actor answers.
    pub(super) actors: bool,
    /// Whether writes are taken.
    pub(super) writes: bool,
}

impl App {
    /// Whether every actor answers.
    pub(super) async fn lives(&self) -> bool {
        let checked = self.health().check().await;
        if let Err(why) = &checked {
            tracing::error!(%why, "an actor does not answer");
        }
        checked.is_ok()
    }

    /// Asks all parts.
    pub(super) async fn check(&self) -> Checked {
        let (database, actors) = tokio::join!(self.read(|store| store.ping()), self.lives());
        let standing = self.health().standing();
        Checked {
            database: database.is_ok(),
            cluster: standing.cluster.is_none(),
            actors,
            writes: standing.refusing.is_none(),
        }
    }
}
