//! What the conductor asks of the store, and rows as machines are restored from them.

use nimbus_core::conductor::Conductor;
use nimbus_core::machine::Message;
use nimbus_core::machines::{Config, Machines};
use nimbus_core::store::{self, Record, Row, StoreError};
use nimbus_core::time::Time;

use crate::cluster::Saved;
use crate::store::{Commit, Committed, DeadLetterRow, Last, Store};

/// The store, as the one who writes groups needs it. All of it blocks.
pub trait Ledger: Send + Sync {
    /// Writes a group, all or nothing.
    ///
    /// # Errors
    /// See [`StoreError`]; after `Unknown`, [`Ledger::last`] tells.
    fn commit(&self, commit: &Commit) -> Result<Committed, StoreError>;

    /// The last committed group.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn last(&self) -> Result<Option<Last>, StoreError>;

    /// All rows of all machines, those of each in order of their keys.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn rows(&self) -> Result<Vec<Row>, StoreError>;

    /// Keeps a message that could not be handled.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn put_dead_letter(&self, row: &DeadLetterRow) -> Result<(), StoreError>;

    /// Keeps a state of the cluster and forgets the commands that are in it.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn save_cluster(&self, saved: &Saved, epoch: i64) -> Result<(), StoreError>;
}

impl Ledger for Store {
    fn commit(&self, commit: &Commit) -> Result<Committed, StoreError> {
        Store::commit(self, commit)
    }

    fn last(&self) -> Result<Option<Last>, StoreError> {
        Store::last(self)
    }

    fn rows(&self) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        rows.extend(
            store::tenant::Questions::tenant_rows(self)?
                .into_iter()
                .map(Row::Tenant),
        );
        rows.extend(
            store::workload::Questions::workload_rows(self)?
                .into_iter()
                .map(Row::Workload),
        );
        let scheduler = store::scheduler::Questions::scheduler_rows(self)?;
        rows.extend(scheduler.into_iter().map(Row::Scheduler));
        let autoscaler = store::autoscaler::Questions::autoscaler_rows(self)?;
        rows.extend(autoscaler.into_iter().map(Row::Autoscaler));
        rows.extend(
            store::billing::Questions::billing_rows(self)?
                .into_iter()
                .map(Row::Billing),
        );
        Ok(rows)
    }

    fn put_dead_letter(&self, row: &DeadLetterRow) -> Result<(), StoreError> {
        Store::put_dead_letter(self, row)
    }

    fn save_cluster(&self, saved: &Saved, epoch: i64) -> Result<(), StoreError> {
        Store::save_cluster(self, saved, epoch)
    }
}

/// Rows in memory, as machines are restored from them.
#[derive(Clone, Debug, Default)]
pub struct Rows(pub Vec<Row>);

impl Rows {
    /// The machines as these rows remember them; their timers are armed again in `conductor`.
    ///
    /// # Errors
    /// None in practice: rows in memory answer every question.
    pub fn restore(
        &self,
        config: &Config,
        now: Time,
        conductor: &mut Conductor<Message>,
    ) -> Result<Machines, StoreError> {
        Machines::restore(config, self, now, conductor)
    }
}

impl store::Store for Rows {
    fn commit(&mut self, _: u64, _: Vec<Record>) -> Result<(), StoreError> {
        Err(StoreError::Refused("these rows are only read".to_owned()))
    }

    fn last_group(&self) -> Result<Option<u64>, StoreError> {
        Ok(None)
    }
}

macro_rules! questions {
    ($($noun:ident, $variant:ident, $method:ident;)*) => {
        $(impl store::$noun::Questions for Rows {
            fn $method(&self) -> Result<Vec<store::$noun::Row>, StoreError> {
                let of_noun = |row: &Row| match row {
                    Row::$variant(row) => Some(row.clone()),
                    _ => None,
                };
                Ok(self.0.iter().filter_map(of_noun).collect())
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
