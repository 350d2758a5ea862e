//! Server-sent events: read as they come, resumed behind the last one that was seen.

use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::Value;

use super::call::Call;
use super::http::{Client, chain};
use crate::cli::exit::{Code, Failure};

/// Longest event that is read, bytes.
const EVENT_MAX: usize = 4 << 20;
/// The server sends something every 15 s; three times that is silence.
const SILENCE: Duration = Duration::from_secs(45);
/// How often a stream that ended is opened again without anything having come.
const REOPENED_MAX: u32 = 5;

/// One event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// Where to go on after it.
    pub(crate) id: Option<String>,
    /// What kind it is; empty for plain lines.
    pub(crate) kind: String,
    /// Its data.
    pub(crate) data: Value,
}

/// What is done with each event: go on, or stop.
pub(crate) type Take<'a> = dyn FnMut(Event) -> Result<ControlFlow<()>, Failure> + 'a;

impl Client {
    /// Reads a stream until it is told to stop, or the server ends it for good.
    ///
    /// # Errors
    /// A refusal (410 if the place is too old), or no server for a while.
    pub(crate) fn stream(&self, call: &Call, take: &mut Take<'_>) -> Result<(), Failure> {
        let call = call.clone().accept("text/event-stream");
        let mut last: Option<String> = None;
        let mut reopened = 0;
        loop {
            let before = last.clone();
            let ended = self.run(self.read_stream(&call, &mut last, take))?;
            if ended == Ended::Stopped || last.is_none() {
                return Ok(()); // a stream without ids cannot go on: the server has said all
            }
            reopened = if last == before { reopened + 1 } else { 0 };
            if reopened > REOPENED_MAX {
                return Err(self.unreachable("the stream ends again and again"));
            }
            if reopened > 0 {
                self.pause(Duration::from_secs(1))?;
            }
        }
    }

    async fn read_stream(
        &self,
        call: &Call,
        last: &mut Option<String>,
        take: &mut Take<'_>,
    ) -> Result<Ended, Failure> {
        let mut request = self.request(call);
        if let Some(id) = last.as_deref() {
            request = request.header("last-event-id", id);
        }
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(_) if last.is_some() => return Ok(Ended::Broken),
            Err(error) => return Err(self.unreachable(&chain(&error))),
        };
        if !response.status().is_success() {
            return self.refused(call, response).await;
        }
        let mut lines = Lines::default();
        loop {
            let chunk = match tokio::time::timeout(SILENCE, response.chunk()).await {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => return Ok(Ended::Closed),
                Ok(Err(_)) | Err(_) => return Ok(Ended::Broken),
            };
            for event in lines.feed(&chunk)? {
                if event.id.is_some() {
                    last.clone_from(&event.id);
                }
                if take(event)?.is_break() {
                    return Ok(Ended::Stopped);
                }
            }
        }
    }

    async fn refused(&self, call: &Call, response: reqwest::Response) -> Result<Ended, Failure> {
        let status = response.status().as_u16();
        let text = response.text().await.unwrap_or_default();
        let answer = super::answer::Answer {
            status,
            headers: std::collections::BTreeMap::new(),
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        };
        answer
            .accepted(call, &self.target.server)
            .map(|_| Ended::Closed)
    }
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// The reader has enough.
    Stopped,
    /// The server closed it.
    Closed,
    /// The connection broke.
    Broken,
}

/// Bytes into events, as the specification of event streams has it.
#[derive(Debug, Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    id: Option<String>,
    kind: String,
    data: String,
}

impl Lines {
    /// Takes more bytes and gives the events that they end.
    pub(super) fn feed(&mut self, chunk: &[u8]) -> Result<Vec<Event>, Failure> {
        self.bytes.extend_from_slice(chunk);
        let mut events = Vec::new();
        while let Some(end) = self.bytes.iter().position(|&b| b == b'\n') {
            let line: Vec<u8> = self.bytes.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            events.extend(self.line(line.trim_end_matches(['\n', '\r'])));
        }
        if self.bytes.len() + self.data.len() > EVENT_MAX {
            let text = format!("an event is larger than {EVENT_MAX} bytes");
            return Err(Failure::new(Code::BadAnswer, text));
        }
        Ok(events)
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            return self.end();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.id = Some(value.to_owned()),
            "event" => value.clone_into(&mut self.kind),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            _ => {} // comments keep the connection open
        }
        None
    }

    fn end(&mut self) -> Option<Event> {
        let data = std::mem::take(&mut self.data);
        let kind = std::mem::take(&mut self.kind);
        if data.is_empty() && kind.is_empty() {
            return None;
        }
        let text = data.trim_end_matches('\n');
        Some(Event {
            id: self.id.clone(),
            kind,
            data: serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
        })
    }
}
