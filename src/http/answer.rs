//! What handlers answer: one resource with its version, something made, something begun, a list.

use axum::http::header::{ETAG, LINK, LOCATION};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::foresee::Forecast;
use super::problem::Problem;

/// Where the operation of an accepted request is.
pub(super) const OPERATION_LOCATION: HeaderName = HeaderName::from_static("operation-location");
/// Whether a request that was only tried was applied.
pub(super) const NIMBUS_APPLIED: HeaderName = HeaderName::from_static("nimbus-applied");

/// What stands in an answer.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Body<T> {
    /// What was asked for.
    It(T),
    /// What would follow, to a write that was only tried.
    Foreseen(Box<Forecast>),
}

/// An answer: status, body and the headers that belong to it.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    status: StatusCode,
    body: Body<T>,
    headers: Vec<(HeaderName, String)>,
}

impl<T: Serialize> Answer<T> {
    fn of(status: StatusCode, body: T) -> Answer<T> {
        Answer {
            status,
            body: Body::It(body),
            headers: Vec::new(),
        }
    }

    /// 200 to a write that was only tried: what would follow from it.
    pub(super) fn foreseen(forecast: Forecast) -> Answer<T> {
        let answer = Answer {
            status: StatusCode::OK,
            body: Body::Foreseen(Box::new(forecast)),
            headers: Vec::new(),
        };
        answer.header(NIMBUS_APPLIED, "false")
    }

    /// 200.
    pub fn ok(body: T) -> Answer<T> {
        Answer::of(StatusCode::OK, body)
    }

    /// 201: made; it is found at `location`.
    pub fn created(location: impl Into<String>, body: T) -> Answer<T> {
        Answer::of(StatusCode::CREATED, body).header(LOCATION, location)
    }

    /// 202: begun; the resource is at `location`, the progress at the operation.
    pub fn accepted(
        location: impl Into<String>,
        operation: Option<&crate::store::OperationRow>,
        body: T,
    ) -> Answer<T> {
        Answer::of(StatusCode::ACCEPTED, body)
            .header(LOCATION, location)
            .operation(operation)
    }

    /// 200 to a request that was only tried.
    pub fn tried(body: T) -> Answer<T> {
        Answer::ok(body).header(NIMBUS_APPLIED, "false")
    }

    /// Its version, as `ETag`.
    #[must_use]
    pub fn version(self, version: u32) -> Answer<T> {
        self.header(ETAG, format!("\"{version}\""))
    }

    /// Its version and a hash of what is shown, as `ETag`: for what changes without a new version as well,
    /// such as a state that the cluster reports. `If-Match` takes the version of it.
    #[must_use]
    pub fn state(self, version: u32) -> Answer<T> {
        let shown = serde_json::to_vec(&self.body).unwrap_or_default();
        let hash = Sha256::digest(shown);
        let short = hash[..6].iter().map(|byte| format!("{byte:02x}"));
        let tag = format!("\"{version}.{}\"", short.collect::<String>());
        self.header(ETAG, tag)
    }

    /// The operation that it began.
    #[must_use]
    pub fn operation(self, operation: Option<&crate::store::OperationRow>) -> Answer<T> {
        match operation {
            Some(row) => self.header(OPERATION_LOCATION, format!("/api/v1/operations/{}", row.id)),
            None => self,
        }
    }

    /// One more header. A value that no header can have is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl Into<String>) -> Answer<T> {
        self.headers.push((name, value.into()));
        self
    }

    /// The next page of a bare list.
    #[must_use]
    pub fn next(self, link: Option<String>) -> Answer<T> {
        match link {
            Some(link) => self.header(LINK, format!("<{link}>; rel=\"next\"")),
            None => self,
        }
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(self.body)).into_response();
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// What a handler gives.
pub type Outcome<T> = Result<Answer<T>, Problem>;
