//! API keys: `nbk_<8>_<43>`, 256 random bits behind a part that may be shown. Only a hash is kept.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::runtime;

/// What keys begin with: one table, one check. A second spelling is a row here.
const PREFIXES: [&str; 1] = ["nbk"];
/// Characters of the part that may be shown, behind the prefix.
const SHOWN: usize = 8;
/// Characters of the secret part: 32 bytes in base64url without padding.
const SECRET: usize = 43;
/// Letters of the shown part: those of ids.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A new key.
pub(super) struct Fresh {
    /// The whole key, shown once.
    pub key: Zeroizing<String>,
    /// The part that may be shown: `nbk_1a2b3c4d`.
    pub prefix: String,
    /// SHA-256 of the whole key, hex.
    pub hash: String,
}

/// Makes a key.
#[must_use]
pub(super) fn make() -> Fresh {
    let shown: String = runtime::random_bytes::<SHOWN>()
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]))
        .collect();
    let prefix = format!("{}_{shown}", PREFIXES[0]);
    let secret = Zeroizing::new(runtime::random_bytes::<32>());
    let key = Zeroizing::new(format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(*secret)));
    let hash = hash(&key);
    Fresh { key, prefix, hash }
}

/// Whether a text has the form of a key. What has not is never looked up.
#[must_use]
pub(super) fn is_key(text: &str) -> bool {
    let Some((prefix, rest)) = text.split_once('_') else {
        return false;
    };
    let rest = rest.as_bytes();
    if !PREFIXES.contains(&prefix) || rest.len() != SHOWN + 1 + SECRET || rest[SHOWN] != b'_' {
        return false;
    }
    let shown = rest[..SHOWN].iter().all(|byte| ALPHABET.contains(byte));
    shown && URL_SAFE_NO_PAD.decode(&rest[SHOWN + 1..]).is_ok()
}

/// SHA-256 of a key, hex: high entropy, so no salt and no stretching.
#[must_use]
pub(super) fn hash(key: &str) -> String {
    let digest = digest(&SHA256, key.as_bytes());
    nimbus_core::digest::hex(digest.as_ref())
}

/// Compares two hashes in the same time wherever they differ.
#[must_use]
pub(super) fn same(a: &str, b: &str) -> bool {
    verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
}
