//! The stored form: gzip'd lines of JSON. The first says what is played, the second which events wait, the
//! third is the world.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::Arc;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use nimbus_core::cluster::Event;
use nimbus_core::ids::{ServiceNo, TenantNo};
use nimbus_core::time::Time;
use nimbus_sim::run::Unready;
use nimbus_sim::world::{SaveError, World};
use serde::{Deserialize, Serialize};

use super::scene::hex;
use super::{Saved, Scene, SimCluster};

/// Version of the form; a state of another one is refused.
const VERSION: u32 = 1;

/// Why a simulated cluster cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The scenario is wrong.
    #[error(transparent)]
    Scenario(#[from] Unready),
    /// The scenario cannot be read.
    #[error("{file}: {error}")]
    File {
        /// Its path.
        file: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// The database was seeded by another scenario.
    #[error(
        "the database was seeded by scenario {seeded} ({seeded_hash}), not by {asked} ({asked_hash}): use another data folder, or that scenario"
    )]
    Other {
        /// Name of the one that is in it.
        seeded: String,
        /// Its hash, shortened.
        seeded_hash: String,
        /// Name of the one that was asked for.
        asked: String,
        /// Its hash, shortened.
        asked_hash: String,
    },
    /// The stored state cannot be read.
    #[error("the stored cluster cannot be read: {0}")]
    Form(#[from] serde_json::Error),
    /// The stored state cannot be read.
    #[error("the stored cluster cannot be read: {0}")]
    Bytes(#[from] std::io::Error),
    /// Its world cannot be read.
    #[error(transparent)]
    World(#[from] SaveError),
    /// It was stored by another version.
    #[error("the stored cluster has version {0}, expected {VERSION}")]
    Version(u32),
    /// The state has given more events than the store says were taken.
    #[error("the stored cluster has given {saved} events, of which only {taken} were taken")]
    Ahead {
        /// Events that the state has given.
        saved: u64,
        /// Events that were taken.
        taken: u64,
    },
}

/// Tenant and name of a Deployment.
type Path = (Arc<str>, Arc<str>);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    version: u32,
    name: String,
    hash: String,
    file: String,
    text: String,
    start: Time,
    tenants: Vec<(TenantNo, Arc<str>)>,
    services: Vec<(ServiceNo, Path)>,
}

pub(super) fn write(cluster: &SimCluster) -> Result<Saved, SimError> {
    let scene = &cluster.scene;
    let head = Head {
        version: VERSION,
        name: scene.name().to_string(),
        hash: hex(&scene.hash()),
        file: scene.source().file.clone(),
        text: scene.source().text.clone(),
        start: scene.start(),
        tenants: pairs(&cluster.tenants),
        services: pairs(&cluster.services),
    };
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    serde_json::to_writer(&mut gzip, &head)?;
    gzip.write_all(b"\n")?;
    serde_json::to_writer(&mut gzip, &cluster.waiting)?;
    gzip.write_all(b"\n")?;
    cluster.world.save(&mut gzip)?;
    Ok(Saved {
        cursor: cluster.cursor,
        outbox_seq: cluster.outbox_seq,
        at: cluster.at,
        bytes: gzip.finish()?,
    })
}

pub(super) fn read(scene: Option<&Scene>, saved: &Saved) -> Result<SimCluster, SimError> {
    let mut lines = BufReader::new(GzDecoder::new(&saved.bytes[..]));
    let mut line = String::new();
    lines.read_line(&mut line)?;
    let version: Version = serde_json::from_str(&line)?;
    if version.version != VERSION {
        return Err(SimError::Version(version.version));
    }
    let head: Head = serde_json::from_str(&line)?;
    let scene = Arc::new(play(scene, &head)?.starting(head.start));
    line.clear();
    lines.read_line(&mut line)?;
    let waiting: VecDeque<Event> = serde_json::from_str(&line)?;
    line.clear();
    lines.read_to_string(&mut line)?;
    let services: BTreeMap<_, _> = head.services.into_iter().collect();
    let loads = |service: ServiceNo| match services.get(&service) {
        Some((tenant, name)) if !name.is_empty() => {
            scene.served().of_deployment(tenant, name).usage.loads
        }
        _ => Vec::new(),
    };
    Ok(SimCluster {
        world: World::load(&line, loads)?,
        scene: Arc::clone(&scene),
        waiting,
        skip: 0,
        cursor: saved.cursor,
        outbox_seq: saved.outbox_seq,
        at: saved.at,
        tenants: head.tenants.into_iter().collect(),
        services,
        scratch: Vec::new(),
    })
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// The scene that the state was made with. The one that the service was started with must be the same;
/// where it is, its traces need not be read again.
fn play(asked: Option<&Scene>, head: &Head) -> Result<Scene, SimError> {
    let Some(asked) = asked else {
        return Scene::read(&*head.text, &*head.file);
    };
    let hash = hex(&asked.hash());
    if hash != head.hash {
        return Err(SimError::Other {
            seeded: head.name.clone(),
            seeded_hash: head.hash.chars().take(12).collect(),
            asked: asked.name().to_string(),
            asked_hash: hash.chars().take(12).collect(),
        });
    }
    Ok(asked.clone())
}

fn pairs<K: Clone, V: Clone>(map: &BTreeMap<K, V>) -> Vec<(K, V)> {
    map.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
}
