//! Browsers of other origins (S0-30): only those that the configuration names, never all of them.

use std::time::Duration;

use axum::http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, LINK, LOCATION, RETRY_AFTER,
};
use axum::http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::answer::{NIMBUS_APPLIED, OPERATION_LOCATION};
use super::limits::Limits;

/// How long a browser keeps the answer to its question.
const MAX_AGE: Duration = Duration::from_secs(3600);

/// The layer, if any origin is named. What is no origin is left out with a warning.
pub(super) fn layer(limits: &Limits) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = limits.cors.iter().filter_map(|text| origin(text)).collect();
    if origins.is_empty() {
        return None;
    }
    let methods = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];
    let own = [
        "idempotency-key",
        "x-request-id",
        "x-csrf-token",
        "last-event-id",
        "prefer",
        "traceparent",
    ];
    let mut asked = vec![ACCEPT, AUTHORIZATION, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH];
    asked.extend(own.map(HeaderName::from_static));
    let mut told = vec![
        ETAG,
        LINK,
        LOCATION,
        RETRY_AFTER,
        OPERATION_LOCATION,
        NIMBUS_APPLIED,
    ];
    told.extend(["x-request-id", "idempotency-replayed"].map(HeaderName::from_static));
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods(methods)
        .allow_headers(asked)
        .expose_headers(told)
        .allow_credentials(true)
        .max_age(MAX_AGE);
    Some(layer)
}

/// Scheme and host, with a port or without, nothing behind it; `*` is none.
fn origin(text: &str) -> Option<HeaderValue> {
    let (scheme, host) = text.split_once("://").unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let good = matches!(scheme, "http" | "https") && !host.is_empty() && host.chars().all(plain);
    if !good {
        tracing::warn!(origin = %text.escape_debug(), "not an origin; left out");
        return None;
    }
    HeaderValue::from_str(text).ok()
}
