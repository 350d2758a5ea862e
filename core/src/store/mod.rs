//! What is durable: rows by noun and key, and the questions that can be asked of them.
//!
//! A machine records keyed upserts and deletes; the store keeps the last row of each key. What is **not**
//! stored: messages between machines and timers (they are consequences), usage records (derived from
//! intervals and windows), reports.
//!
//! A group of effects is committed whole or not at all.

use serde::{Deserialize, Serialize};

use crate::machine::Address;

pub mod autoscaler;
pub mod billing;
pub mod scheduler;
pub mod tenant;
pub mod workload;

macro_rules! nouns {
    ($($variant:ident($module:ident)),*) => {
        /// A row of any noun.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Row {
            $(#[doc = concat!("A row of the noun `", stringify!($module), "`.")] $variant($module::Row),)*
        }

        /// The key of a row of any noun.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Key {
            $(#[doc = concat!("A key of the noun `", stringify!($module), "`.")] $variant($module::Key),)*
        }

        impl Row {
            /// The row's key.
            #[must_use]
            pub fn key(&self) -> Key {
                match self { $(Row::$variant(row) => Key::$variant(row.key()),)* }
            }
        }

        impl Key {
            /// The machine that owns the row.
            #[must_use]
            pub const fn owner(&self) -> Address {
                match self { $(Key::$variant(_) => Address::$variant,)* }
            }
        }

        $(
            impl From<$module::Row> for Record {
                fn from(row: $module::Row) -> Record {
                    Record::Put(Row::$variant(row))
                }
            }
            impl From<$module::Key> for Record {
                fn from(key: $module::Key) -> Record {
                    Record::Drop(Key::$variant(key))
                }
            }
        )*
    };
}

nouns! { Tenant(tenant), Workload(workload), Scheduler(scheduler), Autoscaler(autoscaler), Billing(billing) }

/// A change to make durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// Insert or replace.
    Put(Row),
    /// Delete; a key without a row is no error.
    Drop(Key),
}

/// Why the store did not take or give something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Nothing was written.
    #[error("the store refused: {0}")]
    Refused(String),
    /// Nothing was written, and it may work later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// It may have been written: read back the last group.
    #[error("the outcome of the commit is unknown: {0}")]
    Unknown(String),
    /// Nothing was written, since there is no room; it works again once there is.
    #[error("the disk of the store is full: {0}")]
    Full(String),
    /// Nothing was written, since another leader has taken over. It never works again.
    #[error("another leader has taken over: {0}")]
    Deposed(String),
}

/// The store. Each noun adds its questions in its own file.
pub trait Store:
    tenant::Questions
    + workload::Questions
    + scheduler::Questions
    + autoscaler::Questions
    + billing::Questions
{
    /// Commits the records of one group, all or none. Groups come in order.
    ///
    /// # Errors
    /// See [`StoreError`]; after `Unknown`, [`Store::last_group`] tells.
    fn commit(&mut self, group: u64, records: Vec<Record>) -> Result<(), StoreError>;

    /// The last group that was committed.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn last_group(&self) -> Result<Option<u64>, StoreError>;
}
