//! The actor driver: the shells of production over a simulated world, on a paused runtime of one thread.
//!
//! Everything but the machines is the fast driver's: world, outside, recorder, oracles. A batch goes to the
//! shells, its effects come back; so the event hash must be that of the fast driver.

use actix::System;
use nimbus_core::machines::{Config, Machines};
use nimbus_core::time::Time;
use nimbus_sim::driver::{Fault, Handled};
use nimbus_sim::run::{Done, Options, PROGRESS_EVERY, Prepared, Progress, Running};

use crate::shell::deliver::{Broken, Shells};

/// Why a run through actors broke off.
#[derive(Debug, thiserror::Error)]
pub enum Unfinished {
    /// As under the fast driver.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A machine panicked, or its shell is gone.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The runtime could not be started.
    #[error("no runtime for actors: {0}")]
    Runtime(#[from] std::io::Error),
}

/// Runs a scenario through actors; otherwise as [`nimbus_sim::run::run`].
///
/// # Errors
/// See [`Unfinished`].
pub fn run(
    prepared: &Prepared,
    options: &Options,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<Done, Unfinished> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let system = System::with_tokio_rt(move || runtime);
    system.block_on(async {
        let done = Stage::new(prepared, options).run(progress).await;
        System::current().stop();
        done
    })
}

/// A run whose machines are in shells while groups are handled.
struct Stage {
    running: Running,
    shells: Shells,
    config: Config,
    /// Whether the machines are in the shells.
    away: bool,
}

impl Stage {
    fn new(prepared: &Prepared, options: &Options) -> Stage {
        let config = prepared.machines();
        Stage {
            running: Running::new(prepared, options),
            shells: Shells::start(Machines::new(&config)),
            config,
            away: false,
        }
    }

    async fn run(mut self, progress: &mut dyn FnMut(Progress) -> bool) -> Result<Done, Unfinished> {
        let mut groups = 0u64;
        loop {
            if self.running.samples() {
                self.bring_home().await?;
            }
            let Some(now) = self.running.ahead() else {
                break;
            };
            self.group(now).await?;
            self.running.behind(now);
            groups += 1;
            if groups.is_multiple_of(PROGRESS_EVERY) && !progress(self.running.progress()) {
                self.running.interrupt();
                break;
            }
        }
        self.bring_home().await?;
        Ok(self.running.sum_up()?)
    }

    async fn group(&mut self, now: Time) -> Result<(), Unfinished> {
        self.send_away().await?;
        let driver = &mut self.running.driver;
        driver.open(now);
        while let Some(batch) = driver.batch()? {
            let (round, class) = (batch.round, batch.class);
            let steps = self.shells.deliver(&mut driver.conductor, batch).await?;
            for step in steps {
                let handled = Handled {
                    round,
                    class,
                    root: step.root,
                    message: &step.message,
                    effects: step.effects,
                    hash: step.hash,
                };
                driver.took(now, handled);
            }
        }
        if driver.close(now)? {
            self.bring_home().await?;
            self.running.driver.recount(now)?;
        }
        Ok(())
    }

    /// Puts the machines into the shells.
    async fn send_away(&mut self) -> Result<(), Broken> {
        if !self.away {
            let none = Machines::new(&self.config);
            let machines = std::mem::replace(&mut self.running.driver.machines, none);
            self.shells.replace(machines).await?;
            self.away = true;
        }
        Ok(())
    }

    /// Takes the machines out of the shells: for samples, recounts and the report.
    async fn bring_home(&mut self) -> Result<(), Broken> {
        if self.away {
            let none = Machines::new(&self.config);
            self.running.driver.machines = self.shells.exchange(none).await?;
            self.away = false;
        }
        Ok(())
    }
}
