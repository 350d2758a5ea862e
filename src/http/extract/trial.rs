//! Trying without doing: `?dry_run=true`, `?simulate=1h`; and `Prefer: wait=10`.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use nimbus_core::time::Span;
use serde::Deserialize;
use utoipa::IntoParams;

use super::query;
use crate::http::problem::{Code, Problem};

/// Longest simulation.
const HORIZON_MAX: Span = Span::from_secs(31 * 24 * 3600);

/// Longest wait that `Prefer` may ask for, seconds.
const WAIT_MAX_S: u64 = 10;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// All checks and the answer as it would be; nothing is written.
    dry_run: Option<bool>,
    /// What would follow within this time, in a fork of the present state; nothing is written.
    #[param(example = "1h")]
    simulate: Option<String>,
}

/// Whether a write is only tried, and for how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trial {
    /// It is done.
    #[default]
    Not,
    /// It is checked and shown.
    DryRun,
    /// What follows from it is shown, this far ahead.
    Simulate(Span),
}

impl IntoParams for Trial {
    fn into_params(
        parameter_in_provider: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
    ) -> Vec<utoipa::openapi::path::Parameter> {
        Asked::into_params(parameter_in_provider)
    }
}

impl Trial {
    /// How far ahead a trial looks; `None` if the write is done.
    #[must_use]
    pub fn horizon(self) -> Option<Span> {
        match self {
            Trial::Not => None,
            Trial::DryRun => Some(Span::default()),
            Trial::Simulate(span) => Some(span),
        }
    }

    fn parse(query: &str) -> Result<Trial, Problem> {
        let names = |pair: &&str| pair.starts_with("dry_run=") || pair.starts_with("simulate=");
        let own: Vec<&str> = query.split('&').filter(names).collect();
        let asked: Asked = query::parse(&own.join("&"))?;
        match (asked.dry_run, asked.simulate) {
            (Some(true), Some(_)) => Err(Problem::new(
                Code::BadRequest,
                "dry_run and simulate exclude each other",
            )),
            (Some(true), None) => Ok(Trial::DryRun),
            (_, Some(text)) => horizon(&text).map(Trial::Simulate),
            (_, None) => Ok(Trial::Not),
        }
    }
}

fn horizon(text: &str) -> Result<Span, Problem> {
    let wrong = |why: String| {
        Problem::new(Code::BadRequest, format!("simulate: {why}")).field("simulate", "invalid", why)
    };
    let span = Span::parse(text).map_err(|error| wrong(error.to_string()))?;
    if span <= Span::default() || span > HORIZON_MAX {
        return Err(wrong("expected more than 0s and at most 31d".to_owned()));
    }
    Ok(span)
}

impl<S: Sync> FromRequestParts<S> for Trial {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Trial, Problem> {
        Trial::parse(parts.uri.query().unwrap_or_default())
    }
}

/// How long the caller would wait for the end of slow work: `Prefer: wait=10`, at most 10 s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prefer {
    /// How long, if at all.
    pub wait: Option<Duration>,
}

impl<S: Sync> FromRequestParts<S> for Prefer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Prefer, Problem> {
        let header = parts.headers.get("prefer");
        let text = header
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        // RFC 7240: what is not understood is ignored
        let wait = text
            .split(',')
            .find_map(|part| part.trim().strip_prefix("wait="));
        let seconds = wait.and_then(|text| text.parse::<u64>().ok());
        let wait = seconds.map(|seconds| Duration::from_secs(seconds.min(WAIT_MAX_S)));
        Ok(Prefer { wait })
    }
}
