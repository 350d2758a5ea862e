//! The way to the server: deadlines, repetitions under one key, and never waiting for ever.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Certificate, Response, StatusCode};
use serde_json::Value;

use super::answer::Answer;
use super::call::Call;
use super::settings::Target;
use crate::cli::exit::{Code, Exit, Failure};
use crate::runtime::{self, Stopwatch};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(30);
/// How often a call is made at most.
const TRIES: u32 = 4;
/// How long all repetitions of a call may take together.
const PATIENCE: Duration = Duration::from_secs(60);
/// Largest answer that is read, bytes.
const BODY_MAX: usize = 64 << 20;

/// A server, as one user.
pub(crate) struct Client {
    runtime: tokio::runtime::Runtime,
    http: reqwest::Client,
    /// Pause before the first repetition; it doubles each time.
    pub(super) backoff: Duration,
    pub(crate) target: Target,
}

/// How one try of a call ended without an answer.
enum Lost {
    /// Nothing was sent.
    NotSent(String),
    /// It may have arrived.
    Unknown(String),
}

impl Client {
    /// Prepares; nothing is sent yet.
    ///
    /// # Errors
    /// A certificate file that cannot be read.
    pub(crate) fn new(target: Target) -> Result<Client, Failure> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("nimbus/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never());
        if target.loopback() {
            builder = builder.no_proxy();
        }
        if let Some(path) = &target.ca {
            builder = builder.tls_certs_merge(certificates(path)?);
        }
        let broken = |error: String| Failure::new(Code::Unreachable, error);
        let http = builder.build().map_err(|error| broken(chain(&error)))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| broken(error.to_string()))?;
        Ok(Client {
            runtime,
            http,
            backoff: Duration::from_secs(1),
            target,
        })
    }

    /// Makes a call, as often as it takes: `Retry-After` is honoured, a lost answer is asked for again.
    ///
    /// # Errors
    /// The refusal, or why there is no answer.
    pub(crate) fn send(&self, call: &Call) -> Result<Answer, Failure> {
        self.runtime.block_on(self.persist(call))
    }

    /// Makes a call once and takes whatever comes, refusals too.
    ///
    /// # Errors
    /// No answer.
    pub(crate) fn probe(&self, call: &Call) -> Result<Answer, Failure> {
        self.run(async {
            match self.once(call).await {
                Ok(answer) => Ok(answer),
                Err(Lost::NotSent(why) | Lost::Unknown(why)) => Err(self.unreachable(&why)),
            }
        })
    }

    /// Waits, unless the user does not.
    ///
    /// # Errors
    /// Ctrl-C.
    pub(crate) fn pause(&self, span: Duration) -> Result<(), Failure> {
        // the timer is made inside the runtime that drives it
        self.runtime
            .block_on(async { or_interrupt(tokio::time::sleep(jitter(span))).await })
    }

    /// Runs what speaks with the server by itself.
    pub(super) fn run<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        self.runtime.block_on(async { or_interrupt(work).await? })
    }

    pub(super) async fn persist(&self, call: &Call) -> Result<Answer, Failure> {
        let watch = Stopwatch::start();
        let mut lost = None;
        for attempt in 1..=TRIES {
            let last = attempt == TRIES;
            let backoff = self.backoff * (1 << (attempt - 1));
            let wait = match or_interrupt(self.once(call)).await? {
                Err(Lost::NotSent(why)) if lost.is_none() => return Err(self.unreachable(&why)),
                Err(Lost::NotSent(why) | Lost::Unknown(why)) => {
                    lost = Some(why);
                    backoff
                }
                Ok(answer) => match again(&answer, lost.is_some()) {
                    Some(wait) => {
                        if answer.status == 504 {
                            lost = Some("the server did not end in time".to_owned());
                        }
                        let wait = wait.unwrap_or(backoff);
                        if last || watch.wall() + wait > PATIENCE {
                            return self.give_up(call, answer, lost);
                        }
                        wait
                    }
                    None if lost.is_some() && answer.status == 412 => break, // our own write, or another's
                    None => return answer.accepted(call, &self.target.server),
                },
            };
            if last || watch.wall() + wait > PATIENCE {
                break;
            }
            or_interrupt(tokio::time::sleep(jitter(wait))).await?;
        }
        Err(self.unknown(call, &lost.unwrap_or_default()))
    }

    fn give_up(
        &self,
        call: &Call,
        answer: Answer,
        lost: Option<String>,
    ) -> Result<Answer, Failure> {
        match lost {
            Some(why) if call.writes() => Err(self.unknown(call, &why)),
            _ => answer.accepted(call, &self.target.server),
        }
    }

    async fn once(&self, call: &Call) -> Result<Answer, Lost> {
        let sent = self.request(call).timeout(ANSWER).send().await;
        match sent {
            Ok(response) => read(response).await,
            Err(error) if error.is_connect() || error.is_builder() => {
                Err(Lost::NotSent(chain(&error)))
            }
            Err(error) => Err(Lost::Unknown(chain(&error))),
        }
    }

    /// The request of a call.
    pub(super) fn request(&self, call: &Call) -> reqwest::RequestBuilder {
        let url = format!("{}{}", self.target.server, call.path);
        let mut request = self.http.request(call.method.clone(), url);
        if !call.query.is_empty() {
            request = request.query(&call.query);
        }
        request = request.header("accept", call.accept);
        if let Some(token) = &self.target.token {
            request = request.bearer_auth(token);
        }
        if let Some(etag) = &call.if_match {
            request = request.header("if-match", etag);
        }
        if let Some(key) = &call.key {
            request = request.header("idempotency-key", key);
        }
        match &call.body {
            Some(body) => request.json(body),
            None => request,
        }
    }

    pub(super) fn unreachable(&self, why: &str) -> Failure {
        let server = &self.target.server;
        let text = format!("{server}: no server answers: {why}");
        let hint = if self.target.loopback() {
            "start one with `nimbus serve --dev`, or name one with --server"
        } else {
            "check --server, NIMBUS_SERVER or the context"
        };
        Failure::new(Code::Unreachable, text).and(hint)
    }

    fn unknown(&self, call: &Call, why: &str) -> Failure {
        let (line, server) = (call.line(), &self.target.server);
        let key = match &call.key {
            Some(key) if call.writes() => {
                format!("it may have been done; ask again with --idempotency-key {key}")
            }
            _ => "ask again".to_owned(),
        };
        Failure::new(
            Code::OutcomeUnknown,
            format!("{server}: no answer to {line}: {why}"),
        )
        .and(key)
    }
}

/// Whether the same call is made again, and after how long if the server says so.
fn again(answer: &Answer, lost: bool) -> Option<Option<Duration>> {
    let seconds = answer
        .headers
        .get("retry-after")
        .and_then(|s| s.parse().ok());
    let wait = seconds.map(Duration::from_secs);
    let running = lost && answer.body["code"] == "idempotency_running";
    let budget = answer.body["code"] == "storage_full";
    match answer.status {
        429 | 503 | 504 if !budget => Some(wait),
        409 if running => Some(wait),
        _ => None,
    }
}

/// Reads an answer to its end.
async fn read(mut response: Response) -> Result<Answer, Lost> {
    let status = response.status();
    let text = |value: &reqwest::header::HeaderValue| value.to_str().ok().map(str::to_owned);
    let pairs = response.headers().iter();
    let headers: BTreeMap<String, String> = pairs
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)))
        .collect();
    let mut bytes = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| Lost::Unknown(chain(&error)))?
    {
        if bytes.len() + chunk.len() > BODY_MAX {
            return Err(Lost::Unknown(format!(
                "the answer is larger than {BODY_MAX} bytes"
            )));
        }
        bytes.extend_from_slice(&chunk);
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let json = headers
        .get("content-type")
        .is_some_and(|kind| kind.contains("json"));
    let body = if json || status == StatusCode::NOT_FOUND {
        serde_json::from_str(&text).unwrap_or(Value::Null)
    } else {
        Value::Null
    };
    Ok(Answer {
        status: status.as_u16(),
        headers,
        text,
        body,
    })
}

/// Ends when the work ends, or within 100 ms of Ctrl-C.
pub(super) async fn or_interrupt<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let watch = async {
        while !runtime::interrupted() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        biased;
        done = work => Ok(done),
        () = watch => {
            let text = "interrupted; what was asked for may have been done";
            Err(Failure::new(Code::OutcomeUnknown, text).exiting(Exit::Interrupted))
        }
    }
}

/// A span made longer by up to a quarter, so that many clients do not come at once.
fn jitter(span: Duration) -> Duration {
    let [byte] = runtime::random_bytes::<1>();
    span + span * u32::from(byte) / 1024
}

/// An error with its causes, in small letters.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    let text = last.to_string();
    match text.split_once(" (os error") {
        Some((text, _)) => text.to_lowercase(),
        None => text,
    }
}

fn certificates(path: &std::path::Path) -> Result<Vec<Certificate>, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file(path, &error))?;
    Certificate::from_pem_bundle(&bytes).map_err(|error| {
        let text = format!("{}: no certificate in PEM form: {error}", path.display());
        Failure::new(Code::File, text)
    })
}
