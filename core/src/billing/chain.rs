//! Windows of 30 s and the hash chain over them: what an invoice points at, and what proves it.
//!
//! One record covers a run of consecutive windows with equal totals (`contract.md` 4.1). Each record's
//! hash covers the hash of the one before, so that no record can be changed, dropped or added in between.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::usage::Usage;
use crate::digest;
use crate::ids::TenantNo;
use crate::time::Time;

/// Seconds of a window, aligned to the epoch, half-open (S0-15).
pub const WINDOW_S: i64 = 30;

/// A SHA-256: lower-case hex for people, 32 bytes elsewhere.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContentHash(pub [u8; 32]);

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&digest::hex(&self.0))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ContentHash {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() {
            s.collect_str(self)
        } else {
            self.0.serialize(s)
        }
    }
}

impl<'de> Deserialize<'de> for ContentHash {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if !d.is_human_readable() {
            return <[u8; 32]>::deserialize(d).map(ContentHash);
        }
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        read_hex(&text).ok_or_else(|| serde::de::Error::custom("expected 64 hex digits"))
    }
}

fn read_hex(text: &str) -> Option<ContentHash> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| u8::try_from(c.to_digit(16)?).ok())
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| Some(pair.first()? << 4 | pair.get(1)?))
        .collect::<Option<_>>()?;
    Some(ContentHash(bytes.try_into().ok()?))
}

/// How much is known of a window. The order is that of doubt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowState {
    /// Observed from end to end.
    #[default]
    Complete,
    /// Not observed for a part; its totals are those of pods that were still there afterwards.
    Gap,
    /// Not observed for a part, and pods vanished in it: their seconds are in doubt, not charged.
    InDoubt,
    /// No window but a correction of windows before; its totals are the difference over all of them.
    Late,
}

/// What is hashed of a run of windows, besides the hash before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Start of the first window.
    pub first: Time,
    /// Windows in the run.
    pub count: u32,
    /// How much is known of each.
    pub state: WindowState,
    /// Use in each (for [`WindowState::Late`]: the difference in all of them).
    pub usage: Usage,
    /// Pod-seconds in doubt in each.
    pub in_doubt_s: i64,
}

impl Run {
    /// End of the last window.
    #[must_use]
    pub fn end(&self) -> Time {
        Time(
            self.first
                .0
                .saturating_add(Time::from_secs(WINDOW_S * i64::from(self.count)).0),
        )
    }

    /// The windows one by one, each with a count of 1; a correction has none.
    pub fn expand(self) -> impl Iterator<Item = Run> {
        let count = if self.state == WindowState::Late {
            0
        } else {
            i64::from(self.count)
        };
        (0..count).map(move |n| Run {
            first: Time::from_secs(self.first.secs() + n * WINDOW_S),
            count: 1,
            ..self
        })
    }
}

/// A run of windows of a tenant and its link in the tenant's chain. Never changed once recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageWindow {
    /// Whose.
    pub tenant: TenantNo,
    /// Its place in the chain, from 0.
    pub link: u64,
    /// The run.
    pub run: Run,
    /// Hash of the link before; zeros for the first.
    pub prev_hash: ContentHash,
    /// SHA-256 over the canonical bytes of all the above.
    pub hash: ContentHash,
}

impl UsageWindow {
    /// Makes the link that follows `prev`.
    #[must_use]
    pub fn seal(tenant: TenantNo, link: u64, run: Run, prev_hash: ContentHash) -> UsageWindow {
        let hash = ContentHash(digest::content_hash(&(tenant, link, run, prev_hash)));
        UsageWindow {
            tenant,
            link,
            run,
            prev_hash,
            hash,
        }
    }
}

/// A chain that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("link {link} of tenant {tenant} does not follow from what stands before it")]
pub struct Broken {
    /// Whose.
    pub tenant: TenantNo,
    /// The first link that differs.
    pub link: u64,
}

/// Recomputes a tenant's chain from its records, in order; returns its head and the number of windows.
///
/// # Errors
/// [`Broken`] names the first link whose content, place or predecessor is not what was hashed.
pub fn verify<'a>(
    tenant: TenantNo,
    windows: impl IntoIterator<Item = &'a UsageWindow>,
) -> Result<(ContentHash, u64), Broken> {
    let mut head = ContentHash::default();
    let mut count = 0u64;
    for (link, window) in (0..).zip(windows) {
        if *window != UsageWindow::seal(tenant, link, window.run, head) {
            return Err(Broken { tenant, link });
        }
        head = window.hash;
        if window.run.state != WindowState::Late {
            count += u64::from(window.run.count);
        }
    }
    Ok((head, count))
}
