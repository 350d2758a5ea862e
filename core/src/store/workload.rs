//! Rows of the noun `workload`, and the questions about them.

use serde::{Deserialize, Serialize};

use super::StoreError;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Row {}

/// The key of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Key {}

impl Row {
    /// The row's key.
    #[must_use]
    pub fn key(&self) -> Key {
        match *self {}
    }
}

/// What can be asked.
pub trait Questions {
    /// All rows in order of their keys: what the machine is restored from.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn workload_rows(&self) -> Result<Vec<Row>, StoreError>;
}
