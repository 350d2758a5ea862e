//! What can be looked at without a server: contexts, tokens, the data folder.

use std::path::Path;
use std::process::Command;

use nimbus_core::time::Time;
use serde_json::json;

use super::{Findings, State};
use crate::cli::client::{Remote, Settings};
use crate::runtime;

/// Less than this is dangerous, MiB.
const DISK_ERROR_MB: u64 = 256;
/// Less than this is little, MiB.
const DISK_WARNING_MB: u64 = 2_048;
/// A token that ends within this time is worth a word, seconds.
const SOON_S: i64 = 3_600;

/// Looks at everything on this machine.
pub(super) fn look(options: &Remote, data: Option<&Path>, findings: &mut Findings) {
    match Settings::load(options) {
        Err(failure) => {
            let text = failure.texts().collect::<Vec<_>>().join("; ");
            findings.add("contexts", State::Error, text);
        }
        Ok(settings) => {
            let count = settings.contexts().len();
            let current = settings.current().unwrap_or("none");
            let text = format!(
                "{count} in {}, current: {current}",
                settings.path().display()
            );
            findings.add("contexts", State::Ok, text);
            findings.keep("contexts", json!(settings.contexts()));
            for name in settings.contexts().keys() {
                token(&settings, name, findings);
            }
        }
    }
    match data {
        None => findings.add("data folder", State::Skipped, "named by --data"),
        Some(folder) => folder_is_well(folder, findings),
    }
}

fn token(settings: &Settings, name: &str, findings: &mut Findings) {
    let check = format!("token of {name}");
    match settings.credential(name) {
        Ok(None) => {}
        Err(failure) => {
            let text = failure.texts().collect::<Vec<_>>().join("; ");
            findings.add(&check, State::Error, text);
        }
        Ok(Some(credential)) => {
            let (state, text) = expiry(credential.expires_at.as_deref());
            findings.add(&check, state, text);
        }
    }
}

/// How long a token still lives.
pub(super) fn expiry(at: Option<&str>) -> (State, String) {
    let Some(text) = at else {
        return (State::Ok, "does not end by itself".to_owned());
    };
    let Ok(end) = Time::parse(text) else {
        return (State::Warning, format!("ends at {text}, which is no time"));
    };
    let left = end.since(runtime::now()).secs();
    match left {
        ..=0 => (
            State::Error,
            format!("ended at {text}; sign in again: nimbus login"),
        ),
        1..=SOON_S => (
            State::Warning,
            format!("ends at {text}, in {} min", left / 60),
        ),
        _ => (State::Ok, format!("ends at {text}")),
    }
}

fn folder_is_well(folder: &Path, findings: &mut Findings) {
    let place = folder.display();
    match std::fs::metadata(folder) {
        Err(error) => {
            let text = format!("{place}: {}", error.to_string().to_lowercase());
            return findings.add("data folder", State::Error, text);
        }
        Ok(meta) if !meta.is_dir() => {
            return findings.add(
                "data folder",
                State::Error,
                format!("{place}: is no folder"),
            );
        }
        Ok(meta) if meta.permissions().readonly() => {
            findings.add(
                "data folder",
                State::Error,
                format!("{place}: cannot be written"),
            );
        }
        Ok(_) => findings.add("data folder", State::Ok, place.to_string()),
    }
    disk(folder, findings);
}

/// Room on the disk of a folder, as `df` tells.
fn disk(folder: &Path, findings: &mut Findings) {
    let output = Command::new("df").arg("-Pm").arg(folder).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let Some(free) = text.ok().as_deref().and_then(free_mb) else {
        return findings.add("disk", State::Skipped, "`df` does not tell");
    };
    let state = match free {
        ..DISK_ERROR_MB => State::Error,
        DISK_ERROR_MB..DISK_WARNING_MB => State::Warning,
        _ => State::Ok,
    };
    findings.add(
        "disk",
        state,
        format!("{free} MB free under {}", folder.display()),
    );
}

/// The fourth column of the second line.
fn free_mb(text: &str) -> Option<u64> {
    text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

#[test]
fn what_df_says_is_read() {
    let text = "Filesystem 1048576-blocks  Used Available Capacity Mounted on\n/dev/a  100  40  60  40% /\n";
    assert_eq!(free_mb(text), Some(60));
    assert_eq!(free_mb(""), None);
}

#[test]
fn a_token_that_ended_is_an_error() {
    assert_eq!(expiry(Some("2020-01-01T00:00:00Z")).0, State::Error);
    assert_eq!(expiry(Some("2999-01-01T00:00:00Z")).0, State::Ok);
    assert_eq!(expiry(None).0, State::Ok);
}
