//! `kill -9` at random moments under load: every acknowledged write is there, once; the journal replays.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::nimbus;
use crate::postgres::Postgres;
use crate::serve::process::{Client, Process};

/// How often the service is killed; CI sets more.
fn kills() -> u32 {
    let set = std::env::var("NIMBUS_TEST_KILLS").ok();
    set.and_then(|kills| kills.parse().ok()).unwrap_or(3)
}

/// Who writes at once.
const WRITERS: u32 = 6;

/// What was asked for, by name: the id that was acknowledged, if any.
type Asked = Arc<Mutex<BTreeMap<String, Option<String>>>>;

/// Creates tenants until it is told to stop or the service is gone.
fn write(client: &Client, next: &AtomicU32, over: &AtomicBool, asked: &Asked) {
    while !over.load(Ordering::Relaxed) {
        let name = format!("t{}", next.fetch_add(1, Ordering::Relaxed));
        asked.lock().unwrap().insert(name.clone(), None);
        let Ok((status, answer)) = create(client, &name) else {
            return;
        };
        assert_eq!(status, 202, "{name}: {answer}");
        let id = answer["id"].as_str().unwrap().to_owned();
        asked.lock().unwrap().insert(name, Some(id));
    }
}

fn create(client: &Client, name: &str) -> std::io::Result<(u16, Value)> {
    let body = json!({ "name": name });
    client.call("POST", "/api/v1/tenants", Some(name), Some(&body))
}

/// Everything acknowledged is there under its id; what is asked again with its key is done once.
fn check(client: &Client, asked: &Asked) {
    let mut asked = asked.lock().unwrap();
    for (name, id) in &mut *asked {
        if let Some(id) = id {
            let path = format!("/api/v1/tenants/{name}");
            let (status, found) = client.call("GET", &path, None, None).unwrap();
            assert_eq!(
                (status, found["id"].as_str()),
                (200, Some(id.as_str())),
                "{name}"
            );
        } else {
            let (status, answer) = create(client, name).unwrap();
            assert_eq!(status, 202, "{name}: {answer}");
            *id = Some(answer["id"].as_str().unwrap().to_owned());
        }
    }
}

/// One life: load for a while, and the end of it.
fn live(process: &mut Process, wait: Duration, next: &AtomicU32, asked: &Asked) {
    let over = AtomicBool::new(false);
    let client = process.admin();
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| write(&client, next, &over, asked));
        }
        std::thread::park_timeout(wait);
        process.kill();
        over.store(true, Ordering::Relaxed);
    });
}

fn campaign(folder: &Path, more: &[&str]) {
    let (next, asked) = (AtomicU32::new(0), Asked::default());
    let mut dice = 0x9E37_79B9_u64;
    for _ in 0..kills() {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let mut process = Process::start(folder, more);
        check(&process.admin(), &asked);
        live(
            &mut process,
            Duration::from_millis(20 + (dice >> 33) % 700),
            &next,
            &asked,
        );
    }
    let mut process = Process::start(folder, more);
    let client = process.admin();
    check(&client, &asked);
    let made = asked.lock().unwrap().len();
    assert!(made > 0, "nothing was asked for");
    assert_eq!(
        total(&client),
        made + 1,
        "one tenant for each name, and dev"
    );
    assert_eq!(process.terminate().code(), Some(0));
    replays(folder);
}

/// How many tenants there are.
fn total(client: &Client) -> usize {
    let mut path = "/api/v1/tenants?limit=500".to_owned();
    let mut count = 0;
    loop {
        let (status, page) = client.call("GET", &path, None, None).unwrap();
        assert_eq!(status, 200, "{page}");
        count += page["items"].as_array().unwrap().len();
        let Some(cursor) = page["next_cursor"].as_str() else {
            return count;
        };
        path = format!("/api/v1/tenants?limit=500&cursor={cursor}");
    }
}

/// The journal is whole, and replays to the recorded hash over every kill.
fn replays(folder: &Path) {
    for line in [
        "journal verify nimbus-data/journal",
        "replay nimbus-data/journal",
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        let output = nimbus(folder, &args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{line}\n{said}");
    }
}

#[test]
fn nothing_acknowledged_is_lost_over_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    campaign(folder.path(), &[]);
}

#[test]
fn nothing_acknowledged_is_lost_over_postgres() {
    let server = Postgres::start(true);
    let folder = tempfile::tempdir().unwrap();
    let url = server.database();
    campaign(folder.path(), &["--database", &url]);
}
