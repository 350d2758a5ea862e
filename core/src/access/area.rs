//! Scopes of API keys: areas of the API, each for reading or for writing. They only ever take away.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A part of the API that a key can be limited to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// Tenants, organizations, members, audit.
    Tenants,
    /// Apps, services, rollouts, logs, decisions, policies.
    Deployments,
    /// Secrets.
    Secrets,
    /// Templates.
    Templates,
    /// Usage, invoices, prices.
    Billing,
    /// Nodes and the control plane itself.
    Nodes,
    /// Scenarios, runs, reports.
    Sim,
}

impl Area {
    /// All areas.
    pub const ALL: [Area; 7] = [
        Area::Tenants,
        Area::Deployments,
        Area::Secrets,
        Area::Templates,
        Area::Billing,
        Area::Nodes,
        Area::Sim,
    ];

    /// The area's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Area::Tenants => "tenants",
            Area::Deployments => "deployments",
            Area::Secrets => "secrets",
            Area::Templates => "templates",
            Area::Billing => "billing",
            Area::Nodes => "nodes",
            Area::Sim => "sim",
        }
    }
}

/// Whether something is looked at or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Nothing changes.
    Read,
    /// Something changes.
    Write,
}

/// A text is not a scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a scope: expected <area>:read or <area>:write with tenants, deployments, secrets, templates, billing, nodes or sim"
)]
pub struct BadArea(pub String);

/// A set of scopes. Writing includes reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Areas(u16);

impl Areas {
    /// Everything: a key without scopes of its own.
    pub const ALL: Areas = Areas((1 << 14) - 1);

    const fn bit(area: Area, deed: Deed) -> u16 {
        1 << (area as u16 * 2 + deed as u16)
    }

    /// The set with one scope more.
    #[must_use]
    pub const fn with(self, area: Area, deed: Deed) -> Areas {
        let read = self.0 | Areas::bit(area, Deed::Read);
        match deed {
            Deed::Read => Areas(read),
            Deed::Write => Areas(read | Areas::bit(area, Deed::Write)),
        }
    }

    /// Whether the set has a scope.
    #[must_use]
    pub const fn has(self, area: Area, deed: Deed) -> bool {
        self.0 & Areas::bit(area, deed) != 0
    }

    /// Whether all of these scopes are in the other set.
    #[must_use]
    pub const fn within(self, other: Areas) -> bool {
        self.0 & !other.0 == 0
    }

    /// What both sets have.
    #[must_use]
    pub const fn and(self, other: Areas) -> Areas {
        Areas(self.0 & other.0)
    }

    /// Its scopes as words, in order; `tenants:write` stands for reading too.
    #[must_use]
    pub fn words(self) -> Vec<String> {
        let word = |area: Area| {
            let deed = if self.has(area, Deed::Write) {
                "write"
            } else if self.has(area, Deed::Read) {
                "read"
            } else {
                return None;
            };
            Some(format!("{}:{deed}", area.as_str()))
        };
        Area::ALL.into_iter().filter_map(word).collect()
    }

    /// The set that some words name; no words name everything.
    ///
    /// # Errors
    /// The first word that is no scope.
    pub fn from_words<S: AsRef<str>>(words: &[S]) -> Result<Areas, BadArea> {
        if words.is_empty() {
            return Ok(Areas::ALL);
        }
        words.iter().try_fold(Areas::default(), |set, word| {
            let one: Areas = word.as_ref().parse()?;
            Ok(Areas(set.0 | one.0))
        })
    }
}

impl FromStr for Areas {
    type Err = BadArea;

    fn from_str(text: &str) -> Result<Areas, BadArea> {
        let bad = || BadArea(text.chars().take(64).collect());
        let (area, deed) = text.split_once(':').ok_or_else(bad)?;
        let area = Area::ALL.into_iter().find(|known| known.as_str() == area);
        let deed = match deed {
            "read" => Deed::Read,
            "write" => Deed::Write,
            _ => return Err(bad()),
        };
        Ok(Areas::default().with(area.ok_or_else(bad)?, deed))
    }
}

impl fmt::Display for Areas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().join(" "))
    }
}
