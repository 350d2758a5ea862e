//! Named random streams: (seed, purpose, entity) → ChaCha8.
//!
//! Each purpose and entity draws from a stream of its own, so that adding a tenant does not shift the
//! numbers of another. The generator is named, since it is part of the scenario format: ChaCha8 as in
//! `rand_chacha`, keyed with SHA-256 over the name.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};

use crate::time::Time;

/// A named random stream.
pub type Stream = ChaCha8Rng;

/// The stream for one purpose of one entity.
#[must_use]
pub fn stream(seed: u128, purpose: &str, entity: &str) -> Stream {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update((purpose.len() as u64).to_le_bytes());
    hash.update(purpose.as_bytes());
    hash.update(entity.as_bytes());
    ChaCha8Rng::from_seed(hash.finalize().into())
}

/// 128 bits that depend on the seed, the address and the number of the draw alone: ids and jitter of an
/// outbox, seeds of groups.
///
/// Cheap, and public: never a secret (the journal shows the seed).
#[must_use]
pub fn draw(seed: u128, address: u8, number: u32) -> u128 {
    let mut bytes = [0u8; 21];
    bytes[..16].copy_from_slice(&seed.to_le_bytes());
    bytes[16] = address;
    bytes[17..].copy_from_slice(&number.to_le_bytes());
    xxhash_rust::xxh3::xxh3_128(&bytes)
}

/// The seed of the group with this number at this instant of a simulated run.
///
/// It does not depend on how many groups came before the instant, so that a restart, which has no stale
/// timers, goes on with the same seeds.
#[must_use]
pub fn group_seed(seed: u64, now: Time, number: u32) -> u128 {
    let instant = draw(u128::from(seed), u8::MAX, number);
    draw(
        instant ^ u128::from(now.0.cast_unsigned()),
        u8::MAX - 1,
        number,
    )
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
        let base = draw(1, 2, 3);
        assert_eq!(base, draw(1, 2, 3));
        for other in [draw(0, 2, 3), draw(1, 0, 3), draw(1, 2, 0)] {
            assert_ne!(base, other);
        }
    }
}
