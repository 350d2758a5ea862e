//! Named random streams: (seed, purpose, entity) → ChaCha8.
//!
//! Each purpose and entity draws from a stream of its own, so that adding a tenant does not shift the
//! numbers of another. The generator is named, since it is part of the scenario format: ChaCha8 as in
//! `rand_chacha`, keyed with SHA-256 over the name.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};

/// The stream for one purpose of one entity.
#[must_use]
pub fn stream(seed: u128, purpose: &str, entity: &str) -> ChaCha8Rng {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update((purpose.len() as u64).to_le_bytes());
    hash.update(purpose.as_bytes());
    hash.update(entity.as_bytes());
    ChaCha8Rng::from_seed(hash.finalize().into())
}

/// 128 bits that depend on the seed, the address and the delivery alone: ids and jitter of an outbox.
///
/// Cheap, and public: never a secret (the journal shows the seed).
#[must_use]
pub fn draw(seed: u128, address: u8, delivery: u64, index: u32) -> u128 {
    let mut bytes = [0u8; 29];
    bytes[..16].copy_from_slice(&seed.to_le_bytes());
    bytes[16] = address;
    bytes[17..25].copy_from_slice(&delivery.to_le_bytes());
    bytes[25..].copy_from_slice(&index.to_le_bytes());
    xxhash_rust::xxh3::xxh3_128(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn streams_are_named_and_repeat() {
        let take = |seed, purpose, entity| -> u64 { stream(seed, purpose, entity).random() };
        assert_eq!(take(7, "load", "acme"), take(7, "load", "acme"));
        assert_ne!(take(7, "load", "acme"), take(8, "load", "acme"));
        assert_ne!(take(7, "load", "acme"), take(7, "loada", "cme"));
    }

    #[test]
    fn draws_differ_by_every_part_of_their_key() {
        let base = draw(1, 2, 3, 4);
        assert_eq!(base, draw(1, 2, 3, 4));
        for other in [
            draw(0, 2, 3, 4),
            draw(1, 0, 3, 4),
            draw(1, 2, 0, 4),
            draw(1, 2, 3, 0),
        ] {
            assert_ne!(base, other);
        }
    }
}
