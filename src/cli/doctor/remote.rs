//! What a server tells of itself, and how well it and this machine go together.

use nimbus_core::time::Time;
use serde_json::Value;

use super::local::expiry;
use super::{Findings, State};
use crate::cli::client::{Answer, Call, Client, Remote, Settings, api};
use crate::cli::exit::{Exit, Failure};
use crate::cli::table::cell;
use crate::runtime;

/// A clock may stand this far off; tokens have this much leeway, seconds.
const SKEW_S: i64 = 5;
/// Further than this nothing signed is taken, seconds.
const SKEW_MAX_S: i64 = 300;

/// Looks at the server.
pub(super) fn look(options: &Remote, findings: &mut Findings) {
    let opened = Settings::load(options)
        .and_then(|settings| settings.target(options))
        .and_then(Client::new);
    let client = match opened {
        Ok(client) => client,
        Err(failure) => return findings.add("server", State::Error, said(&failure)),
    };
    let server = client.target.server.clone();
    match client.probe(&Call::get("/healthz")) {
        Err(failure) => return findings.add("server", State::Error, said(&failure)),
        Ok(answer) => {
            findings.add("server", State::Ok, format!("{server} answers"));
            clock(&answer, findings);
            parts("health", &answer.body, findings);
            findings.keep("healthz", answer.body);
        }
    }
    version(&client, findings);
    if let Ok(answer) = client.probe(&Call::get("/readyz")) {
        ready(&answer, findings);
        findings.keep("readyz", answer.body);
    }
    token(&client, findings);
    if let Ok(answer) = client.probe(&Call::get(api("/config"))) {
        findings.keep("config", answer.body);
    }
}

fn said(failure: &Failure) -> String {
    failure.texts().collect::<Vec<_>>().join("; ")
}

fn version(client: &Client, findings: &mut Findings) {
    match client.probe(&Call::get(api("/version"))) {
        Ok(answer) if answer.status == 200 => {
            let theirs = cell(answer.body.get("version"));
            let ours = env!("CARGO_PKG_VERSION");
            let state = if theirs == ours {
                State::Ok
            } else {
                State::Warning
            };
            findings.add(
                "version",
                state,
                format!("server {theirs}, this program {ours}"),
            );
            findings.keep("version", answer.body);
        }
        Ok(answer) => findings.add(
            "version",
            State::Warning,
            format!("answered {}", answer.status),
        ),
        Err(failure) => findings.add("version", State::Error, said(&failure)),
    }
}

/// How far the clocks of server and machine are apart, by the answer's date.
fn clock(answer: &Answer, findings: &mut Findings) {
    let theirs = answer.headers.get("date").and_then(|date| http_date(date));
    let Some(theirs) = theirs else {
        return findings.add("clock", State::Skipped, "the server sends no date");
    };
    let skew = runtime::now().since(theirs).secs();
    let state = match skew.abs() {
        0..=SKEW_S => State::Ok,
        s if s <= SKEW_MAX_S => State::Warning,
        _ => State::Error,
    };
    findings.add("clock", state, format!("{skew} s ahead of the server"));
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<Time> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let parts: Vec<&str> = text.split_whitespace().collect();
    let [_, day, month, year, time, "GMT"] = parts.as_slice() else {
        return None;
    };
    let month = MONTHS.iter().position(|name| name == month)? + 1;
    Time::parse(&format!("{year}-{month:02}-{day}T{time}Z")).ok()
}

/// Each part that `/healthz` names.
fn parts(what: &str, body: &Value, findings: &mut Findings) {
    for (part, value) in body.as_object().into_iter().flatten() {
        let Some(word) = value.as_str() else { continue };
        let state = match word {
            "ok" => State::Ok,
            "degraded" => State::Warning,
            _ => State::Error,
        };
        findings.add(&format!("{what}: {part}"), state, word);
    }
}

/// Whether the server takes work, and what keeps it from that.
fn ready(answer: &Answer, findings: &mut Findings) {
    let state = if answer.status == 200 {
        State::Ok
    } else {
        State::Error
    };
    let state = match answer.body.get("writes") {
        Some(Value::Bool(false)) => State::Error,
        _ => state,
    };
    findings.add("ready", state, cell(Some(&answer.body)));
}

/// Whether the token is taken, and how long.
fn token(client: &Client, findings: &mut Findings) {
    let from = client.target.token_from;
    match client.send(&Call::get(api("/whoami"))) {
        Ok(answer) => {
            let who = cell(answer.body.get("principal"));
            let (state, text) = expiry(answer.body["expires_at"].as_str());
            let text = match client.target.token {
                Some(_) => format!("{who}, from {from}; {text}"),
                None => format!("{who}, without a token"),
            };
            findings.add("token", state, text);
            findings.keep("whoami", answer.body);
        }
        Err(failure) if failure.exit() == Exit::Denied && client.target.token.is_none() => {
            findings.add(
                "token",
                State::Warning,
                "there is none; sign in with `nimbus login`",
            );
        }
        Err(failure) => findings.add(
            "token",
            State::Error,
            format!("from {from}: {}", said(&failure)),
        ),
    }
}

#[test]
fn a_date_is_read() {
    let time = http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
    assert_eq!(time, Time::parse("1994-11-06T08:49:37Z").unwrap());
    assert_eq!(http_date("yesterday"), None);
}
