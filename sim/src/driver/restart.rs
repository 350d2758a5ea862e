//! Stopping and going on: what a crash after or before a commit does, in simulation.

use nimbus_core::conductor::Conductor;
use nimbus_core::store::StoreError;
use nimbus_core::time::Time;

use super::{Driver, Machines, Outside};

impl<O: Outside> Driver<O> {
    /// Throws the machines and their timers away and restores them from the store, as a restart does.
    /// The world, the outside and what was committed stay. Without a store nothing happens.
    ///
    /// # Errors
    /// What the store answers.
    pub fn restart(&mut self, now: Time) -> Result<(), StoreError> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        let mut conductor = Conductor::resume(&self.conductor);
        self.machines = Machines::restore(&self.config, store, now, &mut conductor)?;
        self.conductor = conductor;
        Ok(())
    }
}
