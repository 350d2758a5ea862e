//! The conductor: it orders what comes from outside into groups, runs each to rest, and writes it.
//!
//! Guarantees: one group at a time, in order; nothing of a group leaves before the journal and then the
//! store have it; a panic costs the input at its root; while nothing can be written, writes are refused and
//! all else goes on. Never: decides, or talks to the cluster before a commit.

mod draft;
mod fault;
mod gather;
mod group;
mod lead;
mod rest;
#[cfg(test)]
mod tests;
mod write;

use std::sync::Arc;

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, WrapFuture,
};
use nimbus_core::machines::Config;
use nimbus_core::store::StoreError;
use nimbus_core::time::Time;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::actor::{Observed, Ping};
use super::clock::Clock;
use super::deliver::Shells;
use super::feed::Feed;
use super::journal::Journal;
use super::ledger::Ledger;
use super::port::Request;
use super::standing::{Pulse, Standing};
use crate::cluster::Cluster;
use crate::{metrics, runtime};

use lead::Lead;

/// What the conductor works with.
pub struct Parts {
    /// The store.
    pub ledger: Arc<dyn Ledger>,
    /// The history.
    pub journal: Box<dyn Journal>,
    /// The cluster.
    pub cluster: Box<dyn Cluster>,
    /// What the machines are configured with.
    pub config: Config,
    /// The scenario of a simulated cluster, as TOML, for the journal.
    pub scenario: Option<String>,
    /// Names this build in the journal.
    pub build: String,
    /// Machine time.
    pub clock: Clock,
    /// Machine time at which an empty store begins.
    pub origin: Time,
    /// The leader's epoch under which groups are written.
    pub epoch: i64,
    /// Writes that wait.
    pub inbox: mpsc::Receiver<Request>,
    /// Where committed events go.
    pub feed: Feed,
    /// Where the conductor counts.
    pub metrics: metrics::Shell,
    /// Cancelled when it should stop: what waits is still done.
    pub stop: CancellationToken,
}

/// Why the conductor stopped although nobody asked it to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fatal {
    /// Machines panicked again and again.
    #[error("{count} faults within a minute, the last one: {last}")]
    Faults {
        /// How many.
        count: usize,
        /// What the last one was.
        last: String,
    },
    /// The machines answer each other without end.
    #[error("{0}")]
    Cascade(String),
    /// Another leader has taken over.
    #[error("another leader has taken over: {0}")]
    Deposed(String),
    /// A part of this process is gone.
    #[error("{0}")]
    Broken(String),
}

/// The conductor as an actor: it lives as long as the loop in it.
#[derive(Debug)]
pub struct Conductor {
    lead: Option<Lead>,
    ended: Option<oneshot::Sender<Result<(), Fatal>>>,
}

/// A conductor that runs.
#[derive(Debug)]
pub struct Running {
    /// How it stands, and whether the actors live.
    pub pulse: Pulse,
    /// Its end, and why.
    pub ended: oneshot::Receiver<Result<(), Fatal>>,
}

impl Actor for Conductor {
    type Context = Context<Conductor>;

    fn started(&mut self, ctx: &mut Context<Conductor>) {
        let Some(lead) = self.lead.take() else { return };
        let run = lead.run().into_actor(self);
        ctx.spawn(run.map(|end, conductor, ctx| {
            if let Some(ended) = conductor.ended.take() {
                // whoever started it may be gone already
                let _ = ended.send(end);
            }
            ctx.stop();
        }));
    }
}

impl Handler<Ping> for Conductor {
    type Result = actix::MessageResult<Ping>;

    fn handle(&mut self, _: Ping, _: &mut Context<Conductor>) -> Self::Result {
        actix::MessageResult(Observed::default())
    }
}

impl Conductor {
    /// Restores the machines from the store and starts them and the conductor on the actor system of this
    /// thread.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn start(parts: Parts) -> Result<Running, StoreError> {
        let (tell, standing) = watch::channel(Standing::default());
        let (lead, shells): (Lead, Shells) = Lead::restore(parts, tell).await?;
        let (ended, end) = oneshot::channel();
        let conductor: Addr<Conductor> = Conductor {
            lead: Some(lead),
            ended: Some(ended),
        }
        .start();
        Ok(Running {
            pulse: Pulse::new(standing, shells, conductor),
            ended: end,
        })
    }
}

/// Runs what blocks on a worker; the worker's panic is the store's failure.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = runtime::blocking(work).await;
    done.unwrap_or_else(|panic| Err(StoreError::Unavailable(panic)))
}
