//! Query parameters: known ones, each once.

use std::collections::BTreeSet;

use axum::extract::FromRequestParts;
use axum::http::Uri;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::http::problem::{Code, Problem};

/// Parameters that belong to the trial of a write, not to its handler.
const TRIAL: [&str; 2] = ["dry_run", "simulate"];

/// The query of a request. Unknown parameters are refused, if `T` denies them.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query<T>, Problem> {
        let rest = without(parts.uri.query().unwrap_or_default(), &TRIAL);
        parse(&rest).map(Query)
    }
}

/// The query without some parameters.
pub(in crate::http) fn without(query: &str, names: &[&str]) -> String {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let kept = pairs.filter(|pair| !names.contains(&name(pair)));
    kept.collect::<Vec<_>>().join("&")
}

fn name(pair: &str) -> &str {
    pair.split('=').next().unwrap_or_default()
}

/// Reads a query.
///
/// # Errors
/// 400 for an unknown, doubled or malformed parameter.
pub fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let mut seen = BTreeSet::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if !seen.insert(name(pair)) {
            let (name, text) = (shown(name(pair)), "stands there twice");
            let problem = Problem::new(Code::BadRequest, format!("{name} {text}"));
            return Err(problem.field(&name, "duplicate", text));
        }
    }
    control_free(query)?;
    let uri = Uri::builder().path_and_query(format!("/?{query}")).build();
    let uri = uri.map_err(|_| Problem::new(Code::BadRequest, "the query is malformed"))?;
    let parsed = axum::extract::Query::<T>::try_from_uri(&uri);
    parsed.map(|query| query.0).map_err(|rejection| {
        let text = rejection.body_text();
        let text = text.rsplit("query string: ").next().unwrap_or_default();
        refuse(text)
    })
}

fn refuse(text: &str) -> Problem {
    if let Some((_, rest)) = text.split_once("unknown field `") {
        let name = rest.split('`').next().unwrap_or_default();
        return super::json::unknown(&shown(name), text);
    }
    if let Some((_, rest)) = text.split_once("missing field `") {
        let name = rest.split('`').next().unwrap_or_default();
        return Problem::new(Code::BadRequest, format!("{name} is required")).field(
            name,
            "required",
            "is required",
        );
    }
    let (path, message) = text.split_once(": ").unwrap_or(("query", text));
    Problem::new(Code::BadRequest, format!("{path}: {message}")).field(path, "invalid", message)
}

/// Control characters, written out in percent or not.
fn control_free(query: &str) -> Result<(), Problem> {
    let hidden = |at: usize| {
        let code = query.get(at + 1..at + 3);
        let code = code.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        code.is_none_or(|byte| byte.is_ascii_control())
    };
    let wrong = query.match_indices('%').any(|(at, _)| hidden(at));
    if wrong || query.chars().any(char::is_control) {
        let text = "the query has a control character or a broken escape";
        return Err(Problem::new(Code::BadRequest, text));
    }
    Ok(())
}

/// A name that may be told back: bounded and printable.
fn shown(name: &str) -> String {
    let printable = name.chars().filter(|c| !c.is_control());
    printable.take(64).collect()
}
