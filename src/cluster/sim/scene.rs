//! What a simulated cluster plays: a scenario made ready, when it begins, and who it is.

use std::path::Path;
use std::sync::Arc;

use nimbus_core::machines::Config;
use nimbus_core::time::Time;
use nimbus_sim::run::{Prepared, Served, Source};
use nimbus_sim::world;

use super::saved::SimError;
use super::seed::Seeding;

/// What is played if no scenario is named.
pub const DEV: &str = include_str!("../../../scenarios/dev.toml");

/// A scenario that can be served.
#[derive(Clone, Debug)]
pub struct Scene {
    source: Source,
    prepared: Prepared,
    served: Served,
    hash: [u8; 32],
}

impl Scene {
    /// Reads a scenario from a file.
    ///
    /// # Errors
    /// It cannot be read, or what is wrong with it or its traces.
    pub fn open(path: &Path) -> Result<Scene, SimError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Scene::read(text, file),
            Err(error) => Err(SimError::File { file, error }),
        }
    }

    /// Reads a scenario; `file` is what it is called, and where its traces are looked for. Its end, its actions and pods that arrive by themselves are not played when it is
    /// served: see [`Scene::left_out`].
    ///
    /// # Errors
    /// What is wrong with it or its traces.
    pub fn read(text: impl Into<String>, file: impl Into<String>) -> Result<Scene, SimError> {
        let source = Source {
            text: text.into(),
            file: file.into(),
        };
        let prepared = Prepared::new(&source, &[], None)?;
        Ok(Scene {
            served: prepared.served(prepared.scenario.head.seed),
            hash: prepared.scenario.hash(),
            source,
            prepared,
        })
    }

    /// The bundled scenario that is played if none is named.
    ///
    /// # Errors
    /// None: a test reads it.
    pub fn dev() -> Result<Scene, SimError> {
        Scene::read(DEV, "dev.toml")
    }

    /// The same scenario, moved so that it begins at this time.
    #[must_use]
    pub fn starting(mut self, at: Time) -> Scene {
        Arc::make_mut(&mut self.prepared.scenario).head.start = at;
        self.served = self.prepared.served(self.prepared.scenario.head.seed);
        self
    }

    /// When it begins.
    #[must_use]
    pub fn start(&self) -> Time {
        self.prepared.scenario.head.start
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.prepared.scenario.head.name
    }

    /// Hash of the scenario as it was written, whenever it begins.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// The text that it was read from.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The scenario made ready.
    #[must_use]
    pub fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// What the machines are configured with.
    #[must_use]
    pub fn machines(&self) -> Config {
        self.prepared.machines()
    }

    /// The tenants and services of the scenario, to be asked for once.
    #[must_use]
    pub fn seeding(&self) -> Seeding {
        Seeding::new(Arc::clone(&self.prepared.scenario))
    }

    /// What of the scenario is not played when it is served, in words.
    #[must_use]
    pub fn left_out(&self) -> Vec<String> {
        let scenario = &self.prepared.scenario;
        let mut out = Vec::new();
        if !scenario.actions.is_empty() {
            out.push(format!("{} actions", scenario.actions.len()));
        }
        for load in &scenario.loads {
            if load.source.requests().is_none() {
                out.push(format!("the pods of load {}", load.name));
            }
        }
        out
    }

    pub(super) fn served(&self) -> &Served {
        &self.served
    }

    pub(super) fn world(&self) -> world::Config {
        self.prepared.world(self.prepared.scenario.head.seed)
    }
}

/// A hash as it is shown.
pub(super) fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
