//! A world as text, and back: it goes on as if it had never stopped.
//!
//! JSON with a version. Random streams are kept as seed and word position, heaps as their entries in order.
//! Loads are code, not data: whoever reads a world back says what they are. Texts of an index that can be
//! built again are left out.

use std::io::Write;
use std::sync::Arc;

use nimbus_core::ids::{ServiceNo, SpecNo};
use serde::{Deserialize, Serialize};

use super::World;
use super::usage::Rate;

/// Version of the form; a world of another one is refused.
pub(super) const VERSION: u32 = 1;

/// Why a world cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// It is not what was written.
    #[error("the saved world cannot be read: {0}")]
    Form(#[from] serde_json::Error),
    /// It was written by another version.
    #[error("the saved world has version {0}, expected {VERSION}")]
    Version(u32),
    /// Its parts do not belong together.
    #[error("the saved world is not whole: {0}")]
    Torn(&'static str),
}

#[derive(Serialize)]
struct Out<'a> {
    version: u32,
    world: &'a World,
}

#[derive(Deserialize)]
struct Head {
    version: u32,
}

#[derive(Deserialize)]
struct In {
    world: World,
}

impl World {
    /// Writes all of it, without its loads.
    ///
    /// # Errors
    /// What the writer answers.
    pub fn save(&self, to: impl Write) -> Result<(), SaveError> {
        let out = Out {
            version: VERSION,
            world: self,
        };
        Ok(serde_json::to_writer(to, &out)?)
    }

    /// Reads back what [`World::save`] wrote. `loads` says which loads a service has whose use is known.
    ///
    /// # Errors
    /// See [`SaveError`].
    pub fn load(
        text: &str,
        mut loads: impl FnMut(ServiceNo) -> Vec<Arc<dyn Rate>>,
    ) -> Result<World, SaveError> {
        let Head { version } = serde_json::from_str(text)?;
        if version != VERSION {
            return Err(SaveError::Version(version));
        }
        let In { mut world } = serde_json::from_str(text)?;
        world.whole()?;
        let specs = (0..).map(SpecNo).zip(&world.specs);
        world.interned = specs.map(|(no, spec)| (Arc::clone(spec), no)).collect();
        world.asks = world.specs.iter().map(|spec| spec.requests).collect();
        for (no, service) in (0..).map(ServiceNo).zip(&mut world.services) {
            if let Some(usage) = &mut service.usage {
                usage.loads = loads(no);
            }
        }
        Ok(world)
    }

    /// Whether every ordinal names something.
    fn whole(&self) -> Result<(), SaveError> {
        for (_, pod) in self.pods.iter() {
            let known = pod.service.index() < self.services.len()
                && pod.spec.index() < self.specs.len()
                && pod.node().is_none_or(|n| n.index() < self.nodes.len());
            if !known {
                return Err(SaveError::Torn("a pod names something unknown"));
            }
        }
        let pools = self.totals.pools.len();
        if pools != self.config.pools.len() || pools != self.boots.len() {
            return Err(SaveError::Torn("pools and their books differ in number"));
        }
        Ok(())
    }
}

/// A table as a list of ordinals and rows.
pub(super) mod table {
    use nimbus_core::table::Table;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in crate::world) fn serialize<T: Serialize, S: Serializer>(
        table: &Table<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(table.iter())
    }

    pub(in crate::world) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Table<T>, D::Error> {
        let rows = Vec::<(u64, T)>::deserialize(from)?;
        let mut table = Table::default();
        for (ordinal, row) in rows {
            table.insert(ordinal, row);
        }
        Ok(table)
    }
}

/// A heap as its entries in the order in which they come out.
pub(super) mod heap {
    use nimbus_core::conductor::RadixHeap;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in crate::world) fn serialize<T: Clone + Serialize, S: Serializer>(
        heap: &RadixHeap<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let mut heap = heap.clone();
        to.collect_seq(std::iter::from_fn(|| heap.pop()))
    }

    pub(in crate::world) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<RadixHeap<T>, D::Error> {
        let entries = Vec::<(u64, T)>::deserialize(from)?;
        let mut heap = RadixHeap::default();
        for (key, entry) in entries {
            heap.push(key, entry);
        }
        Ok(heap)
    }
}

/// A map whose keys are no texts, as a list of pairs.
pub(super) mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in crate::world) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(map)
    }

    pub(in crate::world) fn deserialize<'de, K, V, D>(from: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Ord + Deserialize<'de>,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Vec::<(K, V)>::deserialize(from).map(BTreeMap::from_iter)
    }
}

/// A random stream: its seed and how far it was read.
#[derive(Serialize, Deserialize)]
struct Position {
    seed: [u8; 32],
    word: u128,
}

impl Position {
    fn of(stream: &nimbus_core::rng::Stream) -> Position {
        Position {
            seed: stream.get_seed(),
            word: stream.get_word_pos(),
        }
    }

    fn stream(&self) -> nimbus_core::rng::Stream {
        use rand::SeedableRng;
        let mut stream = nimbus_core::rng::Stream::from_seed(self.seed);
        stream.set_word_pos(self.word);
        stream
    }
}

/// Streams in order.
pub(super) mod streams {
    use nimbus_core::rng::Stream;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Position;

    pub(in crate::world) fn serialize<S: Serializer>(
        streams: &[Stream],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(streams.iter().map(Position::of))
    }

    pub(in crate::world) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<Stream>, D::Error> {
        let positions = Vec::<Position>::deserialize(from)?;
        Ok(positions.iter().map(Position::stream).collect())
    }
}

/// A stream that may not be there.
pub(super) mod stream {
    use nimbus_core::rng::Stream;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Position;

    #[expect(clippy::ref_option, reason = "the form that serde asks for")]
    pub(in crate::world) fn serialize<S: Serializer>(
        stream: &Option<Box<Stream>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        stream.as_deref().map(Position::of).serialize(to)
    }

    pub(in crate::world) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Box<Stream>>, D::Error> {
        let position = Option::<Position>::deserialize(from)?;
        Ok(position.map(|position| Box::new(position.stream())))
    }
}
