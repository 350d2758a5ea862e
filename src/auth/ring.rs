//! The keys that tokens are signed with: made at first start, kept by their owner alone, changed in time.
//!
//! A key is published before it signs and verifies after it has stopped, so that no valid token is ever
//! refused because of a change.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::runtime;

/// Shortest secret, bytes.
pub(super) const SECRET_MIN: usize = 32;
/// How long before it signs a key is known, seconds.
pub(super) const PUBLISHED_S: i64 = 300;
/// How long a key signs, seconds: 30 days.
pub(super) const SIGNS_S: i64 = 30 * 24 * 3_600;
/// How long a key verifies after it has stopped signing, seconds: the longest life of a token.
pub(super) const VERIFIES_S: i64 = 24 * 3_600;

/// Name of the file in the data folder.
pub(super) const FILE: &str = "signing-keys.json";

/// Texts that a secret must not hold: printed in manuals, tried first.
const DENIED: [&str; 12] = [
    "nimbus123",
    "password",
    "passw0rd",
    "changeme",
    "change-me",
    "secret",
    "default",
    "example",
    "12345678",
    "qwerty",
    "letmein",
    "insecure",
];
/// Fewest different bytes in a secret: fewer mean that it was typed or repeated.
const DIFFERENT_MIN: usize = 12;

/// Why a secret is not taken, in one sentence. Never holds the secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    /// Too short.
    #[error("{place}: the signing key has {bytes} bytes, at least {SECRET_MIN} are needed")]
    Short {
        /// Where it stands.
        place: String,
        /// Its length.
        bytes: usize,
    },
    /// Known or typed.
    #[error("{place}: the signing key can be guessed; use 32 random bytes")]
    Weak {
        /// Where it stands.
        place: String,
    },
    /// Others may read or write it.
    #[error("{place}: others than its owner may read or write it (mode {mode:03o}); run chmod 600")]
    Exposed {
        /// Where it stands.
        place: String,
        /// Its permissions.
        mode: u32,
    },
    /// It cannot be read or written.
    #[error("{place}: {why}")]
    File {
        /// Where it stands.
        place: String,
        /// What is wrong.
        why: String,
    },
}

/// One key as it stands in the file. Times are seconds since the epoch.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    kid: String,
    secret: Zeroizing<String>,
    not_before: i64,
    sign_until: i64,
    verify_until: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRing {
    keys: Vec<Stored>,
}

/// A key with its times, seconds since the epoch.
pub struct SigningKey {
    /// Its name in the header of a token.
    pub kid: String,
    secret: Zeroizing<Vec<u8>>,
    /// It signs from here.
    pub not_before: i64,
    /// It signs before this.
    pub sign_until: i64,
    /// It verifies before this.
    pub verify_until: i64,
    pub(super) encoding: EncodingKey,
    pub(super) decoding: DecodingKey,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .field("not_before", &self.not_before)
            .field("sign_until", &self.sign_until)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    fn new(kid: String, secret: Zeroizing<Vec<u8>>, times: (i64, i64, i64)) -> SigningKey {
        SigningKey {
            encoding: EncodingKey::from_secret(&secret),
            decoding: DecodingKey::from_secret(&secret),
            kid,
            secret,
            not_before: times.0,
            sign_until: times.1,
            verify_until: times.2,
        }
    }

    fn ends(&self) -> (i64, i64) {
        (self.sign_until, self.verify_until)
    }

    fn made(not_before: i64) -> SigningKey {
        let secret = Zeroizing::new(runtime::random_bytes::<SECRET_MIN>().to_vec());
        let kid = URL_SAFE_NO_PAD.encode(runtime::random_bytes::<9>());
        let sign_until = not_before.saturating_add(SIGNS_S);
        let times = (
            not_before,
            sign_until,
            sign_until.saturating_add(VERIFIES_S),
        );
        SigningKey::new(kid, secret, times)
    }
}

/// All keys, oldest first.
#[derive(Debug)]
pub struct Ring {
    keys: Vec<SigningKey>,
    /// Where they are kept; a key that was given from outside is kept nowhere and never changed.
    file: Option<PathBuf>,
}

impl Ring {
    /// Keys that are kept nowhere: for tests and for simulations.
    #[must_use]
    pub fn fleeting(now_s: i64) -> Ring {
        Ring {
            keys: vec![SigningKey::made(now_s)],
            file: None,
        }
    }

    /// The keys of a data folder; the first is made if there is none.
    ///
    /// # Errors
    /// See [`BadSecret`].
    pub fn open(folder: &Path, now_s: i64) -> Result<Ring, BadSecret> {
        let file = folder.join(FILE);
        let keys = if file.exists() {
            read_ring(&file)?
        } else {
            Vec::new()
        };
        let mut ring = Ring {
            keys,
            file: Some(file),
        };
        if ring.signer(now_s).is_none() {
            ring.keys.push(SigningKey::made(now_s));
            ring.write()?;
        }
        ring.maintain(now_s)?;
        Ok(ring)
    }

    /// One key given from outside: the value of a variable.
    ///
    /// # Errors
    /// See [`BadSecret`].
    pub fn given(place: &str, secret: &str) -> Result<Ring, BadSecret> {
        let secret = Zeroizing::new(secret.trim().as_bytes().to_vec());
        check(place, &secret)?;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &secret);
        let kid = URL_SAFE_NO_PAD.encode(&digest.as_ref()[..9]);
        let times = (i64::MIN, i64::MAX, i64::MAX);
        Ok(Ring {
            keys: vec![SigningKey::new(kid, secret, times)],
            file: None,
        })
    }

    /// One key given from outside: the content of a file that only its owner may read.
    ///
    /// # Errors
    /// See [`BadSecret`].
    pub fn given_file(path: &Path) -> Result<Ring, BadSecret> {
        let text = read_private(path)?;
        Ring::given(&path.display().to_string(), &text)
    }

    /// The key that signs now: the newest whose time it is.
    #[must_use]
    pub fn signer(&self, now_s: i64) -> Option<&SigningKey> {
        let signs = |key: &&SigningKey| key.not_before <= now_s && now_s < key.sign_until;
        self.keys.iter().rev().find(signs)
    }

    /// The one key of this name, if it verifies now.
    #[must_use]
    pub fn verifier(&self, kid: &str, now_s: i64) -> Option<&SigningKey> {
        let mut named = self.keys.iter().filter(|key| key.kid == kid);
        let key = named.next().filter(|key| now_s < key.verify_until);
        if named.next().is_some() { None } else { key }
    }

    /// Makes the next key when the present one will soon stop, and drops those that verify no more.
    ///
    /// # Errors
    /// The file cannot be written; then nothing has changed.
    pub fn maintain(&mut self, now_s: i64) -> Result<bool, BadSecret> {
        if self.file.is_none() {
            return Ok(false);
        }
        let last = self.keys.iter().map(|key| key.sign_until).max();
        let soon = last.is_none_or(|until| until <= now_s.saturating_add(2 * PUBLISHED_S));
        let stale = self.keys.iter().any(|key| key.verify_until <= now_s);
        if soon {
            return self.rotate(now_s).map(|()| true);
        }
        if stale {
            self.keys.retain(|key| now_s < key.verify_until);
            self.write()?;
        }
        Ok(stale)
    }

    /// Publishes a new key that signs in five minutes; the present one stops then.
    ///
    /// # Errors
    /// The file cannot be written; the new key is not used then.
    pub fn rotate(&mut self, now_s: i64) -> Result<(), BadSecret> {
        let from = now_s.saturating_add(PUBLISHED_S);
        let before: Vec<(i64, i64)> = self.keys.iter().map(SigningKey::ends).collect();
        for key in &mut self.keys {
            key.sign_until = key.sign_until.min(from);
            key.verify_until = key.verify_until.min(from.saturating_add(VERIFIES_S));
        }
        self.keys.push(SigningKey::made(from));
        if let Err(error) = self.write() {
            self.keys.pop();
            for (key, ends) in self.keys.iter_mut().zip(before) {
                (key.sign_until, key.verify_until) = ends;
            }
            return Err(error);
        }
        Ok(())
    }

    fn write(&self) -> Result<(), BadSecret> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let stored = |key: &SigningKey| Stored {
            kid: key.kid.clone(),
            secret: Zeroizing::new(URL_SAFE_NO_PAD.encode(key.secret.as_slice())),
            not_before: key.not_before,
            sign_until: key.sign_until,
            verify_until: key.verify_until,
        };
        let ring = StoredRing {
            keys: self.keys.iter().map(stored).collect(),
        };
        let text = serde_json::to_string_pretty(&ring).map(Zeroizing::new);
        let text = text.map_err(|error| wrong(file, &error))?;
        write_private(file, text.as_bytes())
    }
}

fn read_ring(file: &Path) -> Result<Vec<SigningKey>, BadSecret> {
    let text = read_private(file)?;
    let ring: StoredRing = serde_json::from_str(&text).map_err(|error| wrong(file, &error))?;
    let key = |stored: Stored| {
        let secret = URL_SAFE_NO_PAD.decode(stored.secret.as_bytes());
        let secret = Zeroizing::new(secret.map_err(|error| wrong(file, &error))?);
        check(&file.display().to_string(), &secret)?;
        let times = (stored.not_before, stored.sign_until, stored.verify_until);
        Ok(SigningKey::new(stored.kid, secret, times))
    };
    ring.keys.into_iter().map(key).collect()
}

/// Whether a secret can serve.
fn check(place: &str, secret: &[u8]) -> Result<(), BadSecret> {
    let place = place.to_owned();
    if secret.len() < SECRET_MIN {
        let bytes = secret.len();
        return Err(BadSecret::Short { place, bytes });
    }
    let mut different = secret.to_vec();
    different.sort_unstable();
    different.dedup();
    let text = Zeroizing::new(String::from_utf8_lossy(secret).to_lowercase());
    let denied = DENIED.iter().any(|denied| text.contains(denied));
    if denied || different.len() < DIFFERENT_MIN {
        return Err(BadSecret::Weak { place });
    }
    Ok(())
}

fn wrong(path: &Path, why: &dyn std::fmt::Display) -> BadSecret {
    BadSecret::File {
        place: path.display().to_string(),
        why: why.to_string(),
    }
}

/// Reads a file that only its owner may read.
fn read_private(path: &Path) -> Result<Zeroizing<String>, BadSecret> {
    let meta = fs::metadata(path).map_err(|error| wrong(path, &error))?;
    let mode = meta.mode() & 0o777;
    if mode & 0o077 != 0 {
        let place = path.display().to_string();
        return Err(BadSecret::Exposed { place, mode });
    }
    let text = fs::read_to_string(path).map_err(|error| wrong(path, &error))?;
    Ok(Zeroizing::new(text))
}

/// Replaces a file whole; only its owner may read it, from its first byte on.
///
/// # Errors
/// [`BadSecret::File`].
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), BadSecret> {
    let temporary = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let _ = fs::remove_file(&temporary); // left behind by a crash
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(|error| wrong(path, &error))
}
