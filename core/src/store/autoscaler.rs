//! Rows of the noun `autoscaler`, and the questions about them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::autoscaler::Policy;
use crate::explain::ScaleReason;
use crate::ids::ServiceNo;
use crate::time::{Span, Time};

/// A watched service as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchRow {
    /// Its policy.
    pub policy: Arc<Policy>,
    /// Replicas wanted.
    pub desired: u32,
    /// A rollout or a suspension holds them.
    pub hold: bool,
    /// When the wanted replicas last changed.
    pub changed_at: Option<Time>,
    /// The reason that was explained last.
    pub reason: Option<ScaleReason>,
}

/// What one sample says of one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Cpu used by its ready replicas, millicores; `None` if there is no metric.
    pub used_m: Option<u64>,
    /// Cpu requested by its ready replicas, millicores.
    pub requested_m: u64,
    /// Ready replicas.
    pub ready: u32,
}

/// The last sample of the watched services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Samples {
    /// Counts the samples: what tells a new one from one that was used.
    pub number: u64,
    /// When it was measured.
    pub sampled_at: Time,
    /// Watched services in order.
    pub services: Vec<(ServiceNo, Sample)>,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Row {
    /// A period at which services are looked at.
    Period {
        /// Which.
        period: Span,
        /// When its timer is due.
        due: Time,
        /// Number of the last sample that it has used.
        used: u64,
    },
    /// The last sample; one row.
    Samples(Arc<Samples>),
    /// A watched service.
    Watch(ServiceNo, Box<WatchRow>),
}

/// The key of a row. Rows of the machine are read back in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Key {
    /// A period.
    Period(Span),
    /// The last sample.
    Samples,
    /// A watched service.
    Watch(ServiceNo),
}

impl Row {
    /// The row's key.
    #[must_use]
    pub fn key(&self) -> Key {
        match self {
            Row::Period { period, .. } => Key::Period(*period),
            Row::Samples(_) => Key::Samples,
            Row::Watch(service, _) => Key::Watch(*service),
        }
    }
}

/// What can be asked.
pub trait Questions {
    /// All rows in order of their keys: what the machine is restored from.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn autoscaler_rows(&self) -> Result<Vec<Row>, StoreError>;
}
