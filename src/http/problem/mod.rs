//! What a failed request is answered with: one problem object (RFC 9457), one table of codes.
//!
//! Guarantees: no stack trace, no SQL, no secret and no other tenant's name stands in a problem.

mod code;
mod pages;
mod refusal;

use std::sync::Arc;

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Response};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use code::{Code, Row};
pub use pages::{index, page, pages};
pub(super) use refusal::refused;

/// Seconds after which a refused request may be tried again, where nothing better is known.
const RETRY_AFTER_S: u32 = 1;

/// One field that says what it may not say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ProblemField)]
pub struct Field {
    /// Where: `replicas`, `ports[0].port`.
    #[schema(example = "replicas")]
    pub path: String,
    /// What is wrong, for programs.
    #[schema(example = "too_large")]
    pub code: String,
    /// What is wrong, for people.
    #[schema(example = "at most 4 fit")]
    pub message: String,
}

/// A failed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What it is.
    pub code: Code,
    /// This occurrence, in a sentence without a full stop.
    pub detail: String,
    /// The fields at fault.
    pub fields: Vec<Field>,
    /// Seconds to wait before another try.
    pub retry_after: Option<u32>,
}

/// A problem as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct Body {
    /// Path of the page of this kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "/problems/quota-exceeded")]
    pub kind: String,
    /// The same for every occurrence.
    #[schema(example = "Quota exceeded")]
    pub title: String,
    /// HTTP status.
    #[schema(example = 403)]
    pub status: u16,
    /// This occurrence.
    #[schema(example = "cpu: 500m asked, 200m left")]
    pub detail: String,
    /// The path that was asked.
    pub instance: String,
    /// Stable name of the kind.
    #[schema(example = "quota_exceeded")]
    pub code: String,
    /// The title again, for older clients.
    pub error: String,
    /// The request, for reports.
    pub request_id: String,
    /// The fields at fault; absent without any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// The page for people.
    #[schema(example = "/docs/problems/quota-exceeded")]
    pub doc: String,
}

impl Problem {
    /// A problem of a kind, with what happened this time.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Problem {
        let retry = matches!(code.row().status, 429 | 503).then_some(RETRY_AFTER_S);
        Problem {
            code,
            detail: detail.into(),
            fields: Vec::new(),
            retry_after: retry,
        }
    }

    /// Not there or not visible: the same bytes for both.
    #[must_use]
    pub fn not_found() -> Problem {
        Problem::new(Code::NotFound, "there is no such resource")
    }

    /// Visible, but not allowed.
    #[must_use]
    pub fn forbidden(permission: &str) -> Problem {
        Problem::new(Code::Forbidden, format!("this needs {permission}"))
    }

    /// One invalid field.
    #[must_use]
    pub fn invalid(path: &str, code: &str, message: impl Into<String>) -> Problem {
        let message = message.into();
        Problem::new(Code::Invalid, format!("{path}: {message}")).field(path, code, message)
    }

    /// A defect. What happened is logged, not told.
    #[must_use]
    pub fn internal(what: &str) -> Problem {
        tracing::error!(what, "a request failed by a defect");
        Problem::new(Code::Internal, "the service failed; it was logged")
    }

    /// Names one more field at fault.
    #[must_use]
    pub fn field(mut self, path: &str, code: &str, message: impl Into<String>) -> Problem {
        self.fields.push(Field {
            path: path.to_owned(),
            code: code.to_owned(),
            message: message.into(),
        });
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn after(mut self, seconds: u32) -> Problem {
        self.retry_after = Some(seconds.max(1));
        self
    }

    /// The object that is sent.
    #[must_use]
    pub fn body(&self, instance: &str, request_id: &str) -> Body {
        let (row, slug) = (self.code.row(), self.code.slug());
        Body {
            kind: format!("/problems/{slug}"),
            title: row.title.to_owned(),
            status: row.status,
            detail: self.detail.clone(),
            instance: instance.to_owned(),
            code: row.name.to_owned(),
            error: row.title.to_owned(),
            request_id: request_id.to_owned(),
            fields: self.fields.clone(),
            doc: format!("/docs/problems/{slug}"),
        }
    }

    /// The whole answer.
    pub(crate) fn answer(&self, instance: &str, request_id: &str) -> Response<axum::body::Body> {
        let body = Json(self.body(instance, request_id));
        let mut response = (self.code.status(), body).into_response();
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/problem+json");
        headers.insert(CONTENT_TYPE, json);
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.code.row().status == 401 {
            let scheme = HeaderValue::from_static("Bearer realm=\"nimbus\"");
            headers.insert(WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

/// Carried in the extensions of an answer, so that the outermost layer can add path and request id.
#[derive(Clone)]
pub(crate) struct Unfinished(pub(crate) Arc<Problem>);

impl IntoResponse for Problem {
    fn into_response(self) -> axum::response::Response {
        let mut response = self.answer("", "");
        response.extensions_mut().insert(Unfinished(Arc::new(self)));
        response
    }
}
