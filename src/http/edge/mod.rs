//! What is the same for every request: id, path, credential, limits, problem bodies, metrics, access log.

mod finish;
mod path;
mod throttle;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::ACCEPT;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;

use super::app::App;
use super::caller::{Context, Shown};
use super::idempotency;
use super::problem::{Code, Problem};
use crate::runtime;
pub(super) use throttle::{Held, Throttle};

/// Where a connection comes from; put into each request by the listener.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The header of the request id, in and out.
pub(super) const REQUEST_ID: &str = "x-request-id";
/// Longest request id that is taken over.
const REQUEST_ID_MAX: usize = 128;

/// One request, from the first look to the last header.
pub(super) async fn edge(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let context = Context {
        id: request_id(request.headers()),
        peer: request.extensions().get::<Peer>().map(|peer| peer.0),
        principal: None,
        key: None,
        committed: None,
    };
    let seen = Seen::of(&request, &context);
    let mut named = None;
    let answered = handle(&app, request, context, next, &mut named).await;
    let response = finish::finish(&app, &seen, answered, started.elapsed());
    seen.report(&app, named.as_deref(), response.status(), started.elapsed());
    response
}

async fn handle(
    app: &App,
    request: Request,
    mut context: Context,
    next: Next,
    named: &mut Option<Arc<str>>,
) -> Response {
    let (parts, body) = request.into_parts(); // a body cannot be shared between threads
    let turn = match admit(app, &parts, &mut context).await {
        Ok(turn) => turn,
        Err(problem) => return problem.into_response(),
    };
    let request = Request::from_parts(parts, body);
    *named = context
        .principal
        .as_ref()
        .map(|principal| principal.name.clone());
    let rate = turn.rate;
    let mut response = if idempotency::wanted(&request, &context) {
        match idempotency::begin(app, request, context).await {
            Ok(begun) => {
                let (request, context, ended) = begun.split();
                let response = run(request, context, next).await;
                idempotency::end(app, ended, response).await
            }
            Err(response) => response,
        }
    } else {
        run(request, context, next).await
    };
    drop(turn);
    if let Some(rate) = rate {
        rate.tell(app.limits(), response.headers_mut());
    }
    response
}

async fn run(mut request: Request, context: Context, next: Next) -> Response {
    request.extensions_mut().insert(Arc::new(context));
    next.run(request).await
}

/// Path, format, credential and limits, in this order.
async fn admit(app: &App, parts: &Parts, context: &mut Context) -> Result<throttle::Turn, Problem> {
    path::check(&parts.uri)?;
    if !known(&parts.method) {
        return Err(Problem::new(
            Code::MethodNotAllowed,
            "no path takes this method",
        ));
    }
    acceptable(&parts.method, &parts.headers)?;
    let shown = Shown {
        headers: &parts.headers,
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query(),
        peer: context.peer,
    };
    let identified = app.gate().identify(shown).await;
    // whoever shows a wrong credential is slowed down by its address
    let principal = identified.as_ref().ok().and_then(|found| found.clone());
    let turn = app
        .throttle()
        .admit(app, principal.as_deref(), context.peer)?;
    context.principal = identified?;
    Ok(turn)
}

/// Whether any format that is given here is accepted: JSON everywhere, text and streams to reads.
fn acceptable(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    let mut values = headers.get_all(ACCEPT).iter().peekable();
    if values.peek().is_none() {
        return Ok(());
    }
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let fits = |range: &str| {
        let media = range.split(';').next().unwrap_or_default().trim();
        let media = media.to_ascii_lowercase();
        let json = [
            "*/*",
            "application/*",
            "application/json",
            "application/problem+json",
        ];
        json.contains(&media.as_str())
            || (reads && (media.starts_with("text/") || media == "application/openmetrics-text"))
    };
    let accepted = values.any(|value| value.to_str().is_ok_and(|text| text.split(',').any(fits)));
    if accepted {
        return Ok(());
    }
    Err(Problem::new(Code::NotAcceptable, "accept application/json"))
}

/// The client's id, if it is one; else a new one.
fn request_id(headers: &HeaderMap) -> Arc<str> {
    let fits = |text: &&str| {
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
        !text.is_empty() && text.len() <= REQUEST_ID_MAX && text.bytes().all(good)
    };
    let given = headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok());
    match given.filter(fits).or_else(|| trace(headers)) {
        Some(text) => text.into(),
        None => format!("{:032x}", u128::from_ne_bytes(runtime::random_bytes())).into(),
    }
}

/// The trace id of a W3C `traceparent`: the request belongs to that trace.
fn trace(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, trace) = (parts.next()?, parts.next()?);
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    let good = version.len() == 2 && trace.len() == 32 && hex(version) && hex(trace);
    (good && trace.bytes().any(|b| b != b'0')).then_some(trace)
}

/// What is remembered of a request until it is answered.
pub(super) struct Seen {
    method: Method,
    path: String,
    route: Option<MatchedPath>,
    id: Arc<str>,
    peer: Option<IpAddr>,
    none_match: Option<String>,
}

impl Seen {
    fn of(request: &Request, context: &Context) -> Seen {
        let none_match = request.headers().get(axum::http::header::IF_NONE_MATCH);
        Seen {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            route: request.extensions().get::<MatchedPath>().cloned(),
            id: context.id.clone(),
            peer: context.peer,
            none_match: none_match
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
        }
    }

    /// The metrics and the line of the access log.
    fn report(&self, app: &App, principal: Option<&str>, status: StatusCode, took: Duration) {
        let route = self.route.as_ref().map_or("none", MatchedPath::as_str);
        let method = if known(&self.method) {
            self.method.as_str()
        } else {
            "other"
        };
        app.metrics().answered(route, method, status.as_str(), took);
        // the query may hold a ticket; the path is escaped, since it is the client's text
        tracing::info!(
            target: "nimbus::access",
            request_id = &*self.id,
            method,
            path = %self.path.escape_debug(),
            status = status.as_u16(),
            principal = principal.unwrap_or("-"),
            peer = %self.peer.map_or_else(|| "-".to_owned(), |peer| peer.to_string()),
            micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
    }
}

/// Whether any path takes a method.
fn known(method: &Method) -> bool {
    let known = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    known.contains(method)
}
