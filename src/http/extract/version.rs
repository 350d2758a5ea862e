//! Versions: `If-Match` against lost updates.

use axum::extract::FromRequestParts;
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;

use crate::http::problem::{Code, Problem};

/// The version that a change is made to, if the client names one: for DELETE and actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IfMatch(pub Option<u32>);

/// The version that a change is made to; without it 428: for PATCH and replacing PUT. `*` is `None`: any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Match(pub Option<u32>);

fn stale(found: &str) -> Problem {
    let shown: String = found.chars().filter(|c| !c.is_control()).take(64).collect();
    Problem::new(
        Code::StaleVersion,
        format!("{shown} is not the present version"),
    )
}

/// The header: absent, any, or a version. What is no tag of ours matches nothing.
fn header(parts: &Parts) -> Result<Option<Option<u32>>, Problem> {
    let Some(value) = parts.headers.get(IF_MATCH) else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| stale("if-match"))?.trim();
    if text == "*" {
        return Ok(Some(None));
    }
    let bare = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    // behind a full stop stands what else the tag says, see `Answer::state`
    let digits = bare.map(|tag| tag.split_once('.').map_or(tag, |(digits, _)| digits));
    let version = digits.and_then(|digits| digits.parse().ok());
    version
        .map(|version| Some(Some(version)))
        .ok_or_else(|| stale(text))
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<IfMatch, Problem> {
        Ok(IfMatch(header(parts)?.flatten()))
    }
}

impl<S: Sync> FromRequestParts<S> for Match {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Match, Problem> {
        let version = header(parts)?.ok_or_else(|| {
            let text = "send the etag of what you change as if-match";
            Problem::new(Code::VersionRequired, text)
        })?;
        Ok(Match(version))
    }
}
