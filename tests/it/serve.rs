//! The service as a process: how it starts, what it refuses, how it ends.

pub(crate) mod process;

use std::net::TcpListener;

use process::{Process, serve};

/// What a start that fails says, and its exit code.
#[track_caller]
fn refused(args: &[&str], port: u16, code: i32, says: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = serve(folder.path(), port, args);
    let output = command
        .stderr(std::process::Stdio::piped())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(says), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
}

#[test]
fn it_starts_in_order_and_ends_when_it_is_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start(folder.path(), &[]);
    let port = process.port;
    let expected = [
        "Connected to SQLite nimbus-data/nimbus.db".to_owned(),
        "ComputeRequest controller starting...".to_owned(),
        "Nimbus custom scheduler starting...".to_owned(),
        "Billing engine starting...".to_owned(),
        "Autoscaler starting...".to_owned(),
        format!("Nimbus API server starting on port {port}..."),
    ];
    assert_eq!(process.said[..6], expected);
    let (status, health) = process.admin().call("GET", "/healthz", None, None).unwrap();
    assert_eq!((status, health["status"].as_str()), (200, Some("ok")));
    assert_eq!(process.terminate().code(), Some(0));
}

#[test]
fn a_port_in_use_is_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    refused(&[], port, 5, "address already in use");
}

#[test]
fn a_data_folder_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _first = Process::start(folder.path(), &[]);
    let data = folder.path().join("nimbus-data").display().to_string();
    refused(&["--data-dir", &data], 0, 5, "is in use by another process");
}

#[test]
fn trying_it_out_needs_a_loopback_address() {
    refused(&["--listen", "0.0.0.0:0"], 0, 2, "needs a loopback address");
}

#[test]
fn a_scenario_that_is_not_there_is_refused() {
    refused(&["--scenario", "nowhere.toml"], 0, 2, "nowhere.toml");
}

#[test]
fn another_scenario_over_the_same_data_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    Process::start(folder.path(), &[]).terminate();
    let data = folder.path().join("nimbus-data").display().to_string();
    let other = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/quickstart.toml");
    let args = ["--data-dir", &data, "--scenario", other];
    refused(&args, 0, 2, "the database was seeded by scenario dev");
}
