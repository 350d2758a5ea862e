//! Waits for the end of what was begun, and says why it failed.

use std::time::Duration;

use serde_json::Value;

use super::session::{Session, api};
use super::{Call, segment};
use crate::cli::exit::{Code, Exit, Failure};
use crate::cli::table::plain;
use crate::runtime::Stopwatch;

/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(500);
/// Last lines of a failing replica that are shown.
const LINES: usize = 50;

impl Session<'_> {
    /// Looks again and again until `ended` gives something, or the time is over.
    pub(crate) fn until<T>(
        &self,
        what: &str,
        mut ended: impl FnMut() -> Result<Look<T>, Failure>,
    ) -> Result<T, Failure> {
        let watch = Stopwatch::start();
        let mut shown = String::new();
        loop {
            let state = match ended()? {
                Look::Ended(value) => return Ok(value),
                Look::Not(state) => state,
            };
            if state != shown && self.console.shows_progress() {
                self.console.note(&format!("{what}: {}", plain(&state)));
                shown.clone_from(&state);
            }
            if watch.wall() + LOOK > self.remote.timeout {
                let span = self.remote.timeout.as_secs();
                let text = format!(
                    "{what}: still {} after {span} s; it goes on without us",
                    plain(&state)
                );
                return Err(Failure::new(Code::WaitTimeout, text));
            }
            self.client.pause(LOOK)?;
        }
    }

    /// Follows an operation to its end; gives what it worked on, as it stands then.
    pub(super) fn follow(&self, id: &str, first: Value) -> Result<Value, Failure> {
        let path = api(&format!("/operations/{}", segment(id)));
        let what = format!("operation {id}");
        let operation = self.until(&what, || {
            let body = self.client.send(&Call::get(path.as_str()))?.body;
            let state = body["state"].as_str().unwrap_or("unknown").to_owned();
            let over = ["succeeded", "failed", "cancelled"].contains(&state.as_str());
            Ok(if over {
                Look::Ended(body)
            } else {
                Look::Not(state)
            })
        })?;
        if operation["state"] == "succeeded" {
            return Ok(self.renewed(&operation, first));
        }
        let service = operation["target"]
            .as_str()
            .filter(|target| target.starts_with("svc-"));
        let error = operation["error"]["detail"]
            .as_str()
            .unwrap_or("no cause was given");
        let state = operation["state"].as_str().unwrap_or("ended");
        let mut texts = vec![format!("{what}: {state}: {error}")];
        if let Some(service) = service {
            texts.extend(self.last_words(service));
        }
        Err(Failure::lines(Code::Unhealthy, texts))
    }

    /// The resource that was worked on, read again; gone is an end too.
    fn renewed(&self, operation: &Value, first: Value) -> Value {
        let target = operation["target"].as_str().unwrap_or_default();
        let group = match target.split('-').next() {
            Some("ten") => "tenants",
            Some("app") => "apps",
            Some("svc") => "services",
            _ => return first,
        };
        let path = format!("/{group}/{}", segment(target));
        self.get(&path).map_or(first, |answer| answer.body)
    }

    /// Follows the rollout of a service to its end.
    pub(crate) fn settle(&self, service: &str) -> Result<Value, Failure> {
        let path = format!("/services/{}/status", segment(service));
        let what = format!("service {service}");
        let status = self.until(&what, || {
            let body = self.get(&path)?.body;
            let rollout = body["rollout"]["state"].as_str().unwrap_or("complete");
            let moving = ["pending", "progressing"].contains(&rollout);
            let state = body["status"].as_str().unwrap_or("unknown");
            let over = ["ready", "degraded", "failed", "stopped"].contains(&state);
            if over && !moving {
                return Ok(Look::Ended(body));
            }
            let (ready, all) = (&body["ready"], &body["replicas"]);
            Ok(Look::Not(format!(
                "{state}, {ready} of {all} ready{}",
                waiting(&body)
            )))
        })?;
        match status["status"].as_str() {
            Some("ready" | "stopped") if status["rollout"]["state"] != "failed" => Ok(status),
            _ => Err(Failure::lines(Code::Unhealthy, causes(&what, &status))),
        }
    }

    /// Why a service fails, as far as its status tells.
    fn last_words(&self, service: &str) -> Vec<String> {
        let path = format!("/services/{}/status", segment(service));
        let status = self.get(&path).map(|answer| answer.body);
        status
            .map(|status| causes(service, &status))
            .unwrap_or_default()
    }

    /// Ends a command after its write, with the rollout if that is waited for.
    pub(crate) fn rolled(&self, service: &str, text: &str, body: Value) -> Result<Exit, Failure> {
        if !self.remote.wait {
            self.console.answer(&format!("{text}\n"), || body)?;
            return Ok(Exit::Done);
        }
        let status = self.settle(service)?;
        let ready = &status["ready"];
        let text = format!("{text}; {ready} ready\n");
        let mut body = body;
        self.console.answer(&text, || {
            if let Value::Object(object) = &mut body {
                object.insert("rollout_status".to_owned(), status);
            }
            body
        })?;
        Ok(Exit::Done)
    }
}

/// What a look showed.
pub(crate) enum Look<T> {
    /// It has ended, so.
    Ended(T),
    /// Not yet; it is in this state.
    Not(String),
}

/// `; waiting: no node: cpu removed 3 of 3`.
fn waiting(status: &Value) -> String {
    let reason = status["waiting"][0]["reason"].as_str();
    reason
        .map(|reason| format!("; waiting: {reason}"))
        .unwrap_or_default()
}

/// Cause, reasons and last lines of a service that did not become ready.
fn causes(what: &str, status: &Value) -> Vec<String> {
    let state = status["status"].as_str().unwrap_or("unknown");
    let mut texts = vec![format!("{what}: {state}")];
    let said = [&status["last_error"], &status["rollout"]["message"]];
    texts.extend(
        said.iter()
            .filter_map(|text| text.as_str())
            .map(str::to_owned),
    );
    for wait in status["waiting"].as_array().into_iter().flatten().take(5) {
        texts.extend(
            wait["reason"]
                .as_str()
                .map(|reason| format!("waiting: {reason}")),
        );
    }
    let lines: Vec<&Value> = status["last_log_lines"]
        .as_array()
        .into_iter()
        .flatten()
        .collect();
    let skip = lines.len().saturating_sub(LINES);
    for line in &lines[skip..] {
        let text = line["line"].as_str().or(line.as_str()).unwrap_or_default();
        texts.push(format!("log: {text}"));
    }
    texts
}

/// A look at something that says itself whether it is over.
pub(crate) fn look<T>(over: bool, value: T, state: String) -> Look<T> {
    if over {
        Look::Ended(value)
    } else {
        Look::Not(state)
    }
}
