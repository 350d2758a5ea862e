//! A whole service in one process, for tests: real SQLite in a folder, a simulated cluster, machine time
//! that the test moves by hand, no socket unless it is asked for.

use std::path::Path;

use nimbus_core::time::{Span, Time};

use super::Service;
use super::Stopped;
use crate::config::{Config, Kind, Loaded, Speed};
use crate::http;
use crate::shell::clock::Pace;

/// A service that runs.
pub struct Running {
    /// Its parts.
    pub service: Service,
}

/// How a service is started for a test.
#[must_use]
pub fn config(folder: &Path) -> Config {
    let mut config = Config {
        data_dir: folder.to_owned(),
        ..Config::default()
    };
    config.cluster.kind = Some(Kind::Sim);
    config.cluster.sim_speed = Some(Speed::Paused);
    config.limits.rate = 0;
    config
}

/// Starts a service in a folder; a second one in the same folder goes on where the first stopped.
///
/// # Errors
/// Why it does not start.
pub async fn start(folder: &Path) -> Result<Running, Stopped> {
    start_with(config(folder)).await
}

/// Starts a service as configured; machine time is moved by hand whatever the configuration says.
///
/// # Errors
/// Why it does not start.
pub async fn start_with(config: Config) -> Result<Running, Stopped> {
    let loaded = Loaded {
        config,
        origins: Default::default(),
    };
    let service = Service::start(loaded, Pace::Hand, &|_| {}).await?;
    Ok(Running { service })
}

impl Running {
    /// The edge: its router answers requests in process.
    #[must_use]
    pub fn app(&self) -> http::App {
        self.service.app()
    }

    /// Asks for the tenants and services of the scenario, and with `dev` for its tenant.
    ///
    /// # Errors
    /// Why that did not work.
    pub async fn seed(&self) -> Result<(), Stopped> {
        self.service.seed().await
    }

    /// Moves machine time forward and returns when everything that is due by then is committed.
    pub async fn advance(&self, span: Span) {
        let to = self.service.clock.now() + span;
        self.until(to).await;
    }

    /// Moves machine time to a point, from one due time to the next, and returns when everything that is
    /// due by then is committed.
    pub async fn until(&self, to: Time) {
        self.move_to(self.service.clock.now() + Span(1)).await;
        while self.service.clock.now() < to {
            let due = self.service.pulse.standing().due;
            let next = due.unwrap_or(to).max(self.service.clock.now() + Span(1));
            self.move_to(next.min(to)).await;
        }
    }

    /// Moves machine time once and returns when everything that is due by then is committed.
    async fn move_to(&self, to: Time) {
        let mut standing = self.service.pulse.watch();
        self.service.clock.set(to);
        // the conductor lives as long as this service
        let _ = standing.wait_for(|standing| standing.settled >= to).await;
    }

    /// Ends it in order.
    ///
    /// # Errors
    /// Why it did not end well.
    pub async fn stop(self) -> Result<(), Stopped> {
        self.service.stop().await
    }
}
