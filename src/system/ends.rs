//! Why the service did not start, or ended: one sentence each.

use crate::cluster::sim::SimError;
use crate::config::BadConfig;
use crate::shell::conductor::Fatal;
use crate::store::OpenError;
use nimbus_core::store::StoreError;

/// What kind of reason it is; the command line gives each its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Something in the configuration must change.
    Configuration,
    /// Somebody else holds what is needed: port, data folder, database.
    InUse,
    /// It went wrong by itself.
    Failed,
}

/// Why the service does not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Stopped {
    /// What kind of reason.
    pub cause: Cause,
    /// One sentence.
    pub sentence: String,
}

impl Stopped {
    pub(super) fn configuration(sentence: impl ToString) -> Stopped {
        Stopped {
            cause: Cause::Configuration,
            sentence: sentence.to_string(),
        }
    }

    pub(super) fn in_use(sentence: impl ToString) -> Stopped {
        Stopped {
            cause: Cause::InUse,
            sentence: sentence.to_string(),
        }
    }

    pub(super) fn failed(sentence: impl ToString) -> Stopped {
        Stopped {
            cause: Cause::Failed,
            sentence: sentence.to_string(),
        }
    }
}

impl From<BadConfig> for Stopped {
    fn from(error: BadConfig) -> Stopped {
        Stopped::configuration(error)
    }
}

impl From<OpenError> for Stopped {
    fn from(error: OpenError) -> Stopped {
        match error {
            OpenError::Locked { .. } => Stopped::in_use(error),
            OpenError::Newer { .. } | OpenError::Behind { .. } => Stopped::configuration(error),
            OpenError::Unreachable { .. } => Stopped::failed(error),
        }
    }
}

impl From<SimError> for Stopped {
    fn from(error: SimError) -> Stopped {
        match error {
            SimError::Scenario(_) | SimError::Other { .. } => Stopped::configuration(error),
            _ => Stopped::failed(error),
        }
    }
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Stopped {
        Stopped::failed(error)
    }
}

impl From<Fatal> for Stopped {
    fn from(error: Fatal) -> Stopped {
        Stopped::failed(error)
    }
}
