//! The last step of every answer: problem bodies, 304, OPTIONS, headers that all answers have.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::{REQUEST_ID, Seen};
use crate::http::app::App;
use crate::http::problem::{Code, Problem, Unfinished};

/// Adds what the handler could not know.
pub(super) fn finish(app: &App, seen: &Seen, response: Response, took: Duration) -> Response {
    let response = methods(seen, response);
    let mut response = problem(seen, response);
    not_modified(seen, &mut response);
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&seen.id) {
        headers.insert(HeaderName::from_static(REQUEST_ID), id);
    }
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(X_CONTENT_TYPE_OPTIONS, nosniff);
    let private = HeaderValue::from_static("no-store");
    headers.entry(CACHE_CONTROL).or_insert(private);
    if app.dev() {
        let timing = format!(
            "app;dur={}.{:03}",
            took.as_millis(),
            took.subsec_micros() % 1_000
        );
        if let Ok(timing) = HeaderValue::try_from(timing) {
            headers.insert("server-timing", timing);
        }
    }
    response
}

/// A path that knows other methods: 204 with them for OPTIONS, else 405 as a problem.
fn methods(seen: &Seen, response: Response) -> Response {
    let unfinished = response.extensions().get::<Unfinished>().is_some();
    if response.status() != StatusCode::METHOD_NOT_ALLOWED || unfinished {
        return response;
    }
    // the router adds `Allow` behind this
    if seen.method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    let text = format!("{} is not taken here", shown(&seen.method));
    Problem::new(Code::MethodNotAllowed, text).into_response()
}

fn shown(method: &Method) -> String {
    method.as_str().chars().take(16).collect()
}

/// Renders a problem again with path and request id. Headers that were added meanwhile stay.
fn problem(seen: &Seen, mut response: Response) -> Response {
    let Some(Unfinished(problem)) = response.extensions_mut().remove::<Unfinished>() else {
        return response;
    };
    let problem: Arc<Problem> = problem;
    let mut finished = problem.answer(&seen.path, &seen.id);
    for (name, value) in response.headers() {
        if name != CONTENT_LENGTH && name != CONTENT_TYPE {
            finished.headers_mut().insert(name, value.clone());
        }
    }
    finished
}

/// 304 if the client has this version already.
fn not_modified(seen: &Seen, response: &mut Response) {
    let reads = matches!(seen.method, Method::GET | Method::HEAD);
    let (Some(known), Some(tag)) = (&seen.none_match, response.headers().get(ETAG)) else {
        return;
    };
    let same = |one: &str| one == "*" || one.trim_start_matches("W/").as_bytes() == tag.as_bytes();
    if reads && response.status() == StatusCode::OK && known.split(',').any(|one| same(one.trim()))
    {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        for name in [CONTENT_LENGTH, CONTENT_TYPE] {
            response.headers_mut().remove(name);
        }
    }
}
