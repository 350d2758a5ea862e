//! The memory store: the last row of each key, in order of keys.
//!
//! It is the store of simulated runs that need one (restore tests, oracles) and the place where faults
//! of a store are injected: [`Fault`] makes the next commit fail before or after its effect.

use std::collections::BTreeMap;

use nimbus_core::store::{self, Key, Record, Row, Store, StoreError};

/// A fault for the next commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written, and the caller is told so.
    Refused,
    /// It is written, and the caller is told that this is unknown.
    UnknownAfter,
    /// It is not written, and the caller is told that this is unknown.
    UnknownBefore,
}

/// Rows in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    rows: BTreeMap<Key, Row>,
    last_group: Option<u64>,
    fault: Option<Fault>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> MemoryStore {
        MemoryStore::default()
    }

    /// Makes the next commit fail.
    pub fn fail_next(&mut self, fault: Fault) {
        self.fault = Some(fault);
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All rows in order of their keys.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    fn write(&mut self, group: u64, records: Vec<Record>) {
        for record in records {
            match record {
                Record::Put(row) => {
                    self.rows.insert(row.key(), row);
                }
                Record::Drop(key) => {
                    self.rows.remove(&key);
                }
            }
        }
        self.last_group = Some(group);
    }
}

impl Store for MemoryStore {
    fn commit(&mut self, group: u64, records: Vec<Record>) -> Result<(), StoreError> {
        if self.last_group.is_some_and(|last| group <= last) {
            let why = format!("group {group} is not after group {:?}", self.last_group);
            return Err(StoreError::Refused(why));
        }
        match self.fault.take() {
            None => {
                self.write(group, records);
                Ok(())
            }
            Some(Fault::Refused) => Err(StoreError::Refused("a planted fault".to_owned())),
            Some(Fault::UnknownBefore) => Err(StoreError::Unknown("a planted fault".to_owned())),
            Some(Fault::UnknownAfter) => {
                self.write(group, records);
                Err(StoreError::Unknown("a planted fault".to_owned()))
            }
        }
    }

    fn last_group(&self) -> Result<Option<u64>, StoreError> {
        Ok(self.last_group)
    }
}

macro_rules! questions {
    ($($noun:ident, $variant:ident, $method:ident;)*) => {
        $(impl store::$noun::Questions for MemoryStore {
            fn $method(&self) -> Result<Vec<store::$noun::Row>, StoreError> {
                let of_noun = |row: &Row| match row {
                    Row::$variant(row) => Some(row.clone()),
                    _ => None,
                };
                Ok(self.rows.values().filter_map(of_noun).collect())
            }
        })*
    };
}

questions! {
    tenant, Tenant, tenant_rows;
    workload, Workload, workload_rows;
    scheduler, Scheduler, scheduler_rows;
    autoscaler, Autoscaler, autoscaler_rows;
    billing, Billing, billing_rows;
}
