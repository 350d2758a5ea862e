//! Path segments: an id or a slug; everything else does not exist.

use std::fmt;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error};

use crate::http::problem::Problem;

/// Longest segment: ids have 31 characters, slugs at most 63.
const LENGTH_MAX: usize = 64;

/// What stands in a path in place of a thing: its id or its slug.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

impl Name {
    /// A text as the name of a thing, if it can be one.
    #[must_use]
    pub fn read(text: &str) -> Option<Name> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let good = !text.is_empty() && text.len() <= LENGTH_MAX && text.chars().all(fits);
        good.then(|| Name(text.to_owned()))
    }

    /// The segment as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id, if it has the form of one.
    #[must_use]
    pub fn id<I: FromStr>(&self) -> Option<I> {
        self.0.parse().ok()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
        let text = String::deserialize(deserializer)?;
        Name::read(&text).ok_or_else(|| D::Error::custom("no id and no slug"))
    }
}

/// The parameters of the path. What does not fit its type does not exist: 404.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, Problem> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Path(path.0))
            .map_err(|_| Problem::not_found())
    }
}
