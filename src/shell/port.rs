//! The way in: edges ask the conductor here, with a deadline, and never hold an actor's address.

use std::sync::Arc;
use std::time::Duration;

use nimbus_core::ids::TenantNo;
use nimbus_core::machine::{Message, Reply};
use nimbus_core::time::Time;
use tokio::sync::{mpsc, oneshot};

use crate::metrics;
use crate::store::{IdempotencyKey, OperationRow};

/// A write: one command for the machines and what must be written beside it.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The command.
    pub message: Message,
    /// The principal who asks, as it stands in the audit log.
    pub by: Arc<str>,
    /// The request that it came with.
    pub request: Arc<str>,
    /// What is done, for audit and events: `tenant.create`, `service.scale`, …
    pub action: &'static str,
    /// What it is done to, as far as it is known: an id, or the name of what is made.
    pub subject: Arc<str>,
    /// Whose it is, if it exists already.
    pub tenant: Option<TenantNo>,
    /// Kept with the answer, so that the same key is never carried out twice.
    pub key: Option<IdempotencyKey>,
    /// Make an operation of this kind (`tenant.create`, `rollout`, …) if the answer is not a refusal.
    pub operation: Option<&'static str>,
}

/// The answer to a write, after its group was committed.
#[derive(Clone, Debug)]
pub struct Answered {
    /// What the machine said: an answer or a refusal.
    pub reply: Reply,
    /// The group that it was committed in.
    pub group: u64,
    /// Machine time of that group.
    pub now: Time,
    /// The operation, if one was asked for and the machine did not refuse.
    pub operation: Option<OperationRow>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The inbox is full: nothing was done.
    #[error("the inbox is full")]
    Overloaded,
    /// The deadline passed: it may have been done. Ask again with the same idempotency key.
    #[error("the deadline passed; the outcome is unknown")]
    Timeout,
    /// Handling it panicked: it was left out and is kept as a dead letter.
    #[error("handling it failed; it is kept as dead letter {0}")]
    Dead(Arc<str>),
    /// Journal or store do not take writes: nothing was done.
    #[error("no writes are taken: {0}")]
    ReadOnly(Arc<str>),
    /// The same key was carried out just now: read the answer that was kept.
    #[error("a request with this key was carried out meanwhile")]
    Repeated,
    /// Another replica leads: nothing was done.
    #[error("this replica does not lead")]
    NotLeader,
    /// The service is going down: nothing was done.
    #[error("the service is stopping")]
    Stopping,
}

/// What travels to the conductor.
#[derive(Debug)]
pub struct Request {
    /// The write.
    pub ask: Ask,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Result<Answered, Unanswered>>,
}

/// The conductor's inbox, as edges see it.
#[derive(Clone, Debug)]
pub struct Port {
    inbox: mpsc::Sender<Request>,
    deadline: Duration,
    metrics: metrics::Shell,
}

/// How many writes may wait, if nothing else is set.
pub const INBOX: usize = 1_024;

impl Port {
    /// A port over a bounded inbox; an answer is waited for this long.
    #[must_use]
    pub fn new(inbox: mpsc::Sender<Request>, deadline: Duration, metrics: metrics::Shell) -> Port {
        Port {
            inbox,
            deadline,
            metrics,
        }
    }

    /// Asks and waits for the committed answer.
    ///
    /// # Errors
    /// See [`Unanswered`].
    pub async fn ask(&self, ask: Ask) -> Result<Answered, Unanswered> {
        let (answer, answered) = oneshot::channel();
        self.inbox
            .try_send(Request { ask, answer })
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => {
                    self.metrics.overloaded.inc();
                    Unanswered::Overloaded
                }
                mpsc::error::TrySendError::Closed(_) => Unanswered::Stopping,
            })?;
        match tokio::time::timeout(self.deadline, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Unanswered::Stopping),
            Err(_) => Err(Unanswered::Timeout),
        }
    }

    /// How many writes wait, and how many may.
    #[must_use]
    pub fn depth(&self) -> (usize, usize) {
        let max = self.inbox.max_capacity();
        (max - self.inbox.capacity(), max)
    }
}
