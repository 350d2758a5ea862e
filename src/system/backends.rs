//! What stands behind the actors: data folder, database, cluster, journal, keys.

use std::sync::Arc;
use std::time::Duration;

use nimbus_core::time::Time;

use super::Stopped;
use super::lock::{DataFolder, private};
use crate::auth::{Access, Ring};
use crate::cluster::Cluster;
use crate::cluster::sim::{Scene, SimCluster};
use crate::config::{Config, Migrate};
use crate::runtime;
use crate::shell::journal::entry::config_hash;
use crate::shell::journal::{Files, Identity, Journal, Memory, Options};
use crate::store::{self, Store};

/// Names this build in the journal: only the same one need replay it to the same hashes.
pub(super) const BUILD: &str = env!("CARGO_PKG_VERSION");

/// Everything that the actors work with, opened and checked.
pub(super) struct Backends {
    pub(super) folder: DataFolder,
    pub(super) store: Store,
    pub(super) cluster: SimCluster,
    pub(super) scene: Arc<Scene>,
    pub(super) journal: Box<dyn Journal>,
    pub(super) access: Access,
    /// Under which groups are written.
    pub(super) epoch: i64,
    /// Machine time at which an empty store begins.
    pub(super) origin: Time,
    /// Machine time of the last group, or the origin.
    pub(super) last: Time,
}

/// Takes the data folder and opens the database.
pub(super) fn open(config: &Config) -> Result<(DataFolder, Store), Stopped> {
    let folder = DataFolder::take(&config.data_dir)?;
    let migrate = match config.database.migrate {
        Migrate::Auto => store::Migrate::Auto,
        Migrate::Check => store::Migrate::Check,
    };
    let store = Store::open(&config.database_place(), migrate)?;
    Ok((folder, store))
}

impl Backends {
    /// Opens what stands beside the database.
    pub(super) fn new(config: &Config, folder: DataFolder, store: Store) -> Result<Self, Stopped> {
        let wall = runtime::now();
        let ring = Ring::open(&private(&config.keys_folder())?, wall.secs());
        let ring = ring.map_err(Stopped::configuration)?;
        let access = Access::new(crate::auth::Parts {
            store: store.clone(),
            ring,
            dev: config.dev,
            clock: Arc::new(runtime::now),
        });
        let access = access.map_err(Stopped::failed)?;
        let epoch = store.take_epoch(&holder(), wall)?;
        let cluster = cluster(config, &store, epoch, wall)?;
        let scene = Arc::clone(cluster.scene());
        let origin = scene.start();
        let last = store.last()?.map_or(origin, |last| last.now);
        let journal = journal(config, &scene)?;
        Ok(Backends {
            folder,
            store,
            cluster,
            scene,
            journal,
            access,
            epoch,
            origin,
            last,
        })
    }
}

/// Who leads, for people who look.
fn holder() -> String {
    format!("pid {}", std::process::id())
}

/// The simulated cluster as it was, or at the beginning of its scenario; that is kept at once, so that
/// every later start plays the same.
fn cluster(config: &Config, store: &Store, epoch: i64, wall: Time) -> Result<SimCluster, Stopped> {
    let named = match &config.cluster.scenario {
        Some(path) => {
            let scene = Scene::open(path);
            Some(scene.map_err(Stopped::configuration)?)
        }
        None => None,
    };
    if let Some(saved) = store.saved_cluster()? {
        let rows = store.outbox_since(saved.outbox_seq)?;
        let cursor = store.last()?.map_or(0, |last| last.cursor);
        return Ok(SimCluster::restore(named.as_ref(), &saved, rows, cursor)?);
    }
    let scene = match named {
        Some(scene) => scene,
        None => Scene::dev()?.starting(wall),
    };
    let cluster = SimCluster::new(Arc::new(scene));
    if let Some(saved) = cluster.save() {
        store.save_cluster(&saved, epoch)?;
    }
    Ok(cluster)
}

fn journal(config: &Config, scene: &Scene) -> Result<Box<dyn Journal>, Stopped> {
    let Some(folder) = config.journal_folder() else {
        return Ok(Box::new(Memory::default()));
    };
    let options = Options {
        keep_bytes: config.journal.keep_mb << 20,
        keep_age: Duration::from_secs(config.journal.keep_days.saturating_mul(86_400)),
        ..Options::default()
    };
    let identity = Identity {
        build: BUILD.to_owned(),
        config_hash: config_hash(&scene.machines()),
    };
    let files = Files::open(&folder, options, &identity);
    let files = files.map_err(|error| Stopped::failed(format!("the journal: {error}")))?;
    Ok(Box::new(files))
}
