//! Lists as pages: filtered, sorted and cut in the database, in a total order.
//!
//! A page begins behind the position at which the one before ended. The order is total, since the id
//! breaks ties, so that nothing is shown twice or skipped unless it changes.

use nimbus_core::ids::{OrgNo, TenantNo};
use nimbus_core::time::Time;
use serde::{Deserialize, Serialize};

/// Most rows of a page.
pub const LIMIT_MAX: usize = 500;

/// What a list is sorted by. Not every noun knows every one: each names its own in a `SORTS`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// When it was made.
    #[default]
    CreatedAt,
    /// When it last changed.
    UpdatedAt,
    /// Its slug or name, byte by byte.
    Name,
}

/// An order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    /// By what.
    pub by: By,
    /// Highest first.
    pub descending: bool,
}

/// What a row is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A time in microseconds, or a number.
    Int(i64),
    /// A name.
    Text(String),
}

/// Where a page ended. Edges sign it before they hand it out; it is bound to filter and sort.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// What the last row is sorted by.
    pub key: Value,
    /// Its id.
    pub id: String,
}

/// Which part of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// At most this many rows: 1..=[`LIMIT_MAX`]; what lies outside is brought inside.
    pub limit: usize,
    /// Behind which row.
    pub after: Option<Position>,
    /// In which order.
    pub sort: Sort,
}

impl Page {
    /// The first page in the default order.
    #[must_use]
    pub fn first(limit: usize) -> Page {
        Page {
            limit,
            ..Page::default()
        }
    }

    /// The same list behind a position.
    #[must_use]
    pub fn behind(&self, after: Position) -> Page {
        Page {
            after: Some(after),
            ..self.clone()
        }
    }

    /// Sorted like this.
    #[must_use]
    pub fn sorted(mut self, by: By, descending: bool) -> Page {
        self.sort = Sort { by, descending };
        self
    }
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Position>,
}

/// A row and when it was made and last changed, in machine time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found<T> {
    /// The row.
    pub row: T,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// Whose rows a caller may see. It is part of every question of the API, so that no answer holds more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visible {
    /// Everything.
    All,
    /// What belongs to these organizations.
    Orgs(Vec<OrgNo>),
    /// What belongs to this tenant.
    Tenant(TenantNo),
}
