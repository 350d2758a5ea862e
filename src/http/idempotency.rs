//! `Idempotency-Key`: the same request twice is carried out once, and answered twice with the same answer.
//!
//! What the machine said is committed with the group; the answer as it was sent is kept beside it. If the
//! process ended in between, the answer is rendered again from what the machine said.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, ETAG, LOCATION};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::answer::OPERATION_LOCATION;
use super::app::App;
use super::caller::Context;
use super::extract::read_body;
use super::problem::{Code, Problem};
use crate::runtime;
use crate::shell::port::Answered;
use crate::store::{IdempotencyKey, Visible};

/// Where a client puts its key.
const KEY: &str = "idempotency-key";
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Longest key, characters.
const KEY_MAX: usize = 128;
/// Headers that are kept with an answer.
const KEPT: [HeaderName; 4] = [CONTENT_TYPE, LOCATION, ETAG, OPERATION_LOCATION];
/// Largest answer that is kept, bytes; a larger one is rendered again.
const ANSWER_MAX: usize = 1 << 20;

/// Requests with a key that are not answered yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Running(Arc<Mutex<BTreeSet<Held>>>);

/// Principal and key.
type Held = (Arc<str>, Arc<str>);

/// Leaves the set when the request ends, however it ends.
struct Turn {
    running: Running,
    key: Held,
}

impl Running {
    fn begin(&self, key: &IdempotencyKey) -> Option<Turn> {
        let key = (key.principal.clone(), key.key.clone());
        let mut set = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        set.insert(key.clone()).then(|| Turn {
            running: self.clone(),
            key,
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let set = self.running.0.lock();
        set.unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
    }
}

/// An answer as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    headers: Vec<(String, String)>,
    body: String,
}

/// Whether a request carries a key that counts.
pub(super) fn wanted(request: &Request, context: &Context) -> bool {
    let write = !matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    write && context.principal.is_some() && request.headers().contains_key(KEY)
}

/// A request that goes on, and what must be done when it is answered.
pub(super) struct Begun {
    pub(super) request: Request,
    pub(super) context: Context,
    key: IdempotencyKey,
    committed: bool,
    _turn: Turn,
}

/// Reads body and key, and looks whether the request was answered before.
///
/// # Errors
/// `Err(response)` is the answer: the stored one or a problem.
pub(super) async fn begin(
    app: &App,
    request: Request,
    mut context: Context,
) -> Result<Begun, Response> {
    let refuse = |problem: Problem| problem.into_response();
    let text = header(&request).map_err(refuse)?;
    let (parts, body) = request.into_parts();
    let bytes = read_body(body, app).await.map_err(refuse)?;
    let principal = context.principal.as_ref().map(|p| p.name.clone());
    let key = IdempotencyKey {
        principal: principal.unwrap_or_default(),
        key: text,
        request_hash: hash(&parts.method, &parts.uri.to_string(), &bytes),
    };
    let running = "the first request with this key is not answered yet";
    let turn = app.running().begin(&key);
    let turn = turn.ok_or_else(|| refuse(Problem::new(Code::IdempotencyRunning, running)))?;
    let before = before(app, &key).await.map_err(refuse)?;
    let committed = match before {
        Before::Sent(response) => return Err(*response),
        Before::Committed(answered) => Some(*answered),
        Before::Nothing => None,
    };
    context.key = Some(key.clone());
    context.committed.clone_from(&committed);
    Ok(Begun {
        request: Request::from_parts(parts, Body::from(bytes)),
        context,
        key,
        committed: committed.is_some(),
        _turn: turn,
    })
}

enum Before {
    Nothing,
    Committed(Box<Answered>),
    Sent(Box<Response>),
}

async fn before(app: &App, key: &IdempotencyKey) -> Result<Before, Problem> {
    let asked = key.clone();
    let found = app.read(move |store| {
        let Some(answer) = store.answer(&asked.principal, &asked.key, runtime::now())? else {
            return Ok(None);
        };
        let id = answer.operation;
        let operation = id
            .map(|id| store.operation(&Visible::All, id))
            .transpose()?;
        Ok::<_, nimbus_core::store::StoreError>(Some((answer, operation.flatten())))
    });
    let Some((answer, operation)) = found.await? else {
        return Ok(Before::Nothing);
    };
    if answer.request_hash != key.request_hash {
        let text = "the key was used for another request";
        return Err(Problem::new(Code::IdempotencyMismatch, text));
    }
    let sent = answer.rendered.as_ref();
    if let Some(response) = sent.and_then(|(status, body)| stored(*status, body)) {
        return Ok(Before::Sent(Box::new(response)));
    }
    Ok(Before::Committed(Box::new(Answered {
        reply: answer.reply,
        group: 0,
        now: operation
            .as_ref()
            .map_or_else(Default::default, |row| row.started_at),
        operation,
    })))
}

fn stored(status: u16, text: &str) -> Option<Response> {
    let kept: Kept = serde_json::from_str(text).ok()?;
    let mut response = Response::new(Body::from(kept.body));
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    for (name, value) in &kept.headers {
        let name = HeaderName::try_from(name).ok()?;
        response
            .headers_mut()
            .insert(name, HeaderValue::try_from(value).ok()?);
    }
    mark(&mut response);
    Some(response)
}

fn mark(response: &mut Response) {
    let yes = HeaderValue::from_static("true");
    response.headers_mut().insert(REPLAYED, yes);
}

/// Keeps the answer. Only what a group was committed for has a row; for the rest nothing happens.
pub(super) async fn end(app: &App, begun: Ended, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, ANSWER_MAX).await else {
        return Problem::internal("an answer with a key is too large").into_response();
    };
    if let Ok(text) = std::str::from_utf8(&bytes) {
        let kept = |name: HeaderName| {
            let value = parts.headers.get(&name)?.to_str().ok()?;
            Some((name.to_string(), value.to_owned()))
        };
        let kept = Kept {
            headers: KEPT.into_iter().filter_map(kept).collect(),
            body: text.to_owned(),
        };
        keep(app, &begun.key, parts.status, &kept).await;
    }
    let mut response = Response::from_parts(parts, Body::from(bytes));
    if begun.committed {
        mark(&mut response);
    }
    response
}

async fn keep(app: &App, key: &IdempotencyKey, status: StatusCode, kept: &Kept) {
    let Ok(text) = serde_json::to_string(kept) else {
        return;
    };
    let key = key.clone();
    let kept = app.read(move |store| store.keep_rendered(&key, status.as_u16(), text));
    if kept.await.is_err() {
        tracing::warn!("an answer was not kept; it is rendered again when it is asked for");
    }
}

/// What is left of a request while its handler runs.
pub(super) struct Ended {
    key: IdempotencyKey,
    committed: bool,
    _turn: Turn,
}

impl Begun {
    /// The request for the handler, and what [`end`] needs.
    pub(super) fn split(self) -> (Request, Context, Ended) {
        let ended = Ended {
            key: self.key,
            committed: self.committed,
            _turn: self._turn,
        };
        (self.request, self.context, ended)
    }
}

fn header(request: &Request) -> Result<Arc<str>, Problem> {
    let mut values = request.headers().get_all(KEY).iter();
    let value = values.next().and_then(|value| value.to_str().ok());
    let visible = |text: &&str| {
        !text.is_empty() && text.len() <= KEY_MAX && text.bytes().all(|b| b.is_ascii_graphic())
    };
    match (value.filter(visible), values.next()) {
        (Some(text), None) => Ok(text.into()),
        _ => {
            let text = "idempotency-key: expected 1..128 visible characters, once";
            Err(Problem::new(Code::BadRequest, text))
        }
    }
}

/// SHA-256, hex, over method, path with query, and body.
fn hash(method: &Method, uri: &str, body: &Bytes) -> Arc<str> {
    let mut hash = Sha256::new();
    for part in [method.as_str().as_bytes(), uri.as_bytes()] {
        hash.update(part);
        hash.update(b"\n");
    }
    hash.update(body);
    let hex: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    hex.into()
}
