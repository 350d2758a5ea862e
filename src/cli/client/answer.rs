//! What a server answered, and what a refusal means for the exit code.

use std::collections::BTreeMap;

use serde_json::Value;

use super::call::Call;
use crate::cli::exit::{Code, Exit, Failure};

/// An answer that is no refusal.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Status code.
    pub(crate) status: u16,
    /// Headers by their small names.
    pub(crate) headers: BTreeMap<String, String>,
    /// The body as text.
    pub(crate) text: String,
    /// The body, if it is JSON, else null.
    pub(crate) body: Value,
}

impl Answer {
    /// The version that a later write may name.
    pub(crate) fn etag(&self) -> Option<String> {
        self.headers.get("etag").cloned()
    }

    /// The id of the operation that was begun.
    pub(crate) fn operation(&self) -> Option<String> {
        let place = self.headers.get("operation-location");
        let from_header = place.and_then(|place| place.rsplit('/').next());
        let from_body = self.body.get("operation_id").and_then(Value::as_str);
        from_header
            .or(from_body)
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
    }

    /// The answer, or the refusal that it is.
    pub(super) fn accepted(self, call: &Call, server: &str) -> Result<Answer, Failure> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        if self.body.get("code").is_some_and(Value::is_string) {
            return Err(refusal(self.status, self.body));
        }
        let text = format!(
            "{server}: answered {} with {} and no problem object; is this a Nimbus server?",
            call.line(),
            self.status
        );
        Err(Failure::new(Code::BadAnswer, text).exiting(exit_of(self.status, "")))
    }
}

/// The exit code of a refusal: one table for all commands.
pub(crate) fn exit_of(status: u16, code: &str) -> Exit {
    match (status, code) {
        (401, _) | (403, "forbidden") => Exit::Denied,
        (404, _) => Exit::NotFound,
        (403 | 409 | 410 | 412 | 428, _) => Exit::Conflict,
        (408 | 504, _) => Exit::Unknown,
        (429, _) => Exit::Failed,
        (400..=499, _) => Exit::Invalid,
        _ => Exit::Failed,
    }
}

/// A problem object as a failure: its detail, a line for each field, and what to do next.
fn refusal(status: u16, problem: Value) -> Failure {
    let text = |key: &str| problem.get(key).and_then(Value::as_str).unwrap_or_default();
    let code = text("code").to_owned();
    let detail = match (text("title"), text("detail")) {
        ("", "") => code.replace('_', " "),
        (title, "") => lowered(title),
        ("", detail) => detail.to_owned(),
        (title, detail) => format!("{}: {detail}", lowered(title)),
    };
    let mut texts = vec![detail];
    for field in problem["fields"].as_array().into_iter().flatten() {
        let part = |key: &str| field.get(key).and_then(Value::as_str).unwrap_or("-");
        texts.push(format!("{}: {}", part("path"), part("message")));
    }
    texts.extend(hint(status, &code, &problem));
    Failure::answered(problem, exit_of(status, &code), texts)
}

/// The first letter small, unless the word is an acronym.
fn lowered(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().unwrap_or_default();
    let rest = chars.as_str();
    if rest.chars().next().is_some_and(char::is_uppercase) {
        return text.to_owned();
    }
    first.to_lowercase().chain(rest.chars()).collect()
}

fn hint(status: u16, code: &str, problem: &Value) -> Option<String> {
    let request = problem["request_id"].as_str().unwrap_or("unknown");
    match (status, code) {
        (401, "token_expired") => Some("sign in again: nimbus login".to_owned()),
        (401, _) => Some("sign in with `nimbus login`, or set NIMBUS_TOKEN".to_owned()),
        (412, _) => Some("somebody changed it meanwhile; look at it and try again".to_owned()),
        (500, _) => Some(format!("request {request}; the server's log has the cause")),
        _ => None,
    }
}
