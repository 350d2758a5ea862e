//! Journals of scenarios, replayed: whole, after restarts, with groups that were never committed, changed.

use std::fs;
use std::path::Path;

use nimbus_core::store::Store;
use nimbus_core::time::Span;
use nimbus_sim::driver::Taken;
use nimbus_sim::run::{Options, Prepared, Running, Source};

use super::*;
use crate::replay::record;
use crate::shell::journal::{self, Files, Identity, Journal, Restored, Snapshot};

fn prepared(name: &str) -> Prepared {
    let file = format!("{}/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&file).unwrap();
    Prepared::new(&Source { text, file }, &[], None).unwrap()
}

fn options(hours: i64) -> Options {
    Options {
        until: Some(Span::from_secs(hours * 3600)),
        store: true,
        ..Options::normal()
    }
}

fn open(folder: &Path, snapshot: &Snapshot) -> Files {
    let identity = Identity {
        build: snapshot.build.clone(),
        config_hash: snapshot.config_hash.clone(),
    };
    let mut files = Files::open(folder, journal::Options::default(), &identity).unwrap();
    if files.due() {
        files.begin(snapshot).unwrap();
    }
    files
}

fn played(folder: &Path) -> Replayed {
    replay(folder, &mut |_, _| {}, &mut |_| true).unwrap()
}

/// A service as the journal sees it.
struct Service {
    running: Running,
    files: Files,
    beginning: Snapshot,
    seq: u64,
    end: (Time, EventHash),
}

impl Service {
    fn start(name: &str, folder: &Path, hours: i64) -> Service {
        let prepared = prepared(name);
        let beginning = record::beginning(&prepared);
        let mut running = Running::new(&prepared, &options(hours));
        running.driver.taken = Some(Taken::default());
        let hash = running.driver.hash();
        Service {
            files: open(folder, &beginning),
            running,
            end: (beginning.now, hash),
            beginning,
            seq: 0,
        }
    }

    fn step(&mut self) -> bool {
        if !self.running.step().unwrap() {
            return false;
        }
        self.seq += 1;
        let group = record::group(self.seq, &self.running);
        self.end = (group.now, group.hash);
        self.files.append(&group).unwrap();
        true
    }

    /// Killed, with a group in the journal that the store does not have, and started again.
    fn crash(&mut self, folder: &Path) {
        let mut lost = record::group(self.seq + 1, &self.running);
        lost.hash = EventHash(1);
        self.files.append(&lost).unwrap();
        self.files = open(folder, &self.beginning);
        let (now, hash) = self.end;
        let last_group = self.seq;
        let restored = Restored {
            last_group,
            now,
            hash,
        };
        self.files.restored(&restored).unwrap();
        self.running.driver.restart(now).unwrap();
    }

    /// A new chain, as another build begins it.
    fn chain(&mut self) {
        let driver = &self.running.driver;
        let store = driver.store.as_ref().unwrap();
        let snapshot = Snapshot {
            last_group: store.last_group().unwrap().unwrap(),
            now: driver.conductor.now(),
            round: driver.conductor.round(),
            deliveries: driver.conductor.events(),
            hashes: driver.conductor.hashes(),
            rows: store.rows().cloned().collect(),
            ..self.beginning.clone()
        };
        self.files.begin(&snapshot).unwrap();
        self.running.driver.restart(self.end.0).unwrap();
    }
}

#[test]
fn a_journal_replays_to_the_recorded_hash() {
    for name in ["quickstart", "rolling-update", "quota-race"] {
        let folder = tempfile::tempdir().unwrap();
        let prepared = prepared(name);
        let done = record::run(&prepared, &options(6), folder.path(), &mut |_| true).unwrap();
        let found = played(folder.path());
        assert_eq!(found.differs, None, "{name}");
        assert_eq!(found.hash.to_string(), done.report.header.event_hash);
        assert_eq!(found.deliveries, done.report.header.events);
        assert!(found.groups > 0 && found.inputs > 0 && found.decisions > 0);
    }
}

#[test]
fn it_replays_across_crashes_and_chains() {
    let folder = tempfile::tempdir().unwrap();
    let mut service = Service::start("quickstart", folder.path(), 8);
    while service.step() {
        match service.seq {
            40 | 41 | 300 => service.crash(folder.path()),
            500 => service.chain(),
            _ => {}
        }
    }
    let found = played(folder.path());
    assert_eq!(found.differs, None);
    assert_eq!(found.hash, service.end.1);
    assert_eq!((found.chains, found.segments), (2, 5));
    assert_eq!((found.dropped, found.restarts), (3, 3));
    assert_eq!(found.groups, service.seq);
    let first = played(&folder.path().join("chain-000001"));
    assert_eq!((first.groups, first.differs), (500, None));
    let second = played(&folder.path().join("chain-000002/000001.jsonl.gz"));
    assert_eq!((second.groups, second.differs), (service.seq - 500, None));
    let late = folder.path().join("chain-000001/000002.jsonl.gz");
    let refused = replay(&late, &mut |_, _| {}, &mut |_| true).unwrap_err();
    assert!(refused.to_string().contains("begins without a snapshot"));
}

#[test]
fn the_first_group_that_differs_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut service = Service::start("quickstart", folder.path(), 1);
    let changed = folder.path().join("changed");
    let mut other = open(&changed, &service.beginning);
    while service.running.step().unwrap() {
        service.seq += 1;
        let mut group = record::group(service.seq, &service.running);
        if service.seq == 30 {
            group.seed ^= 1;
            group.inputs.pop();
        }
        other.append(&group).unwrap();
    }
    let found = played(&changed);
    let differs = found.differs.unwrap();
    assert!(differs.group == 30 || differs.group == 31, "{differs:?}");
    assert_ne!(differs.recorded, differs.found);
    assert_eq!(differs.place.line, differs.group + 2);
}

#[test]
fn a_torn_tail_is_named_and_what_stands_before_is_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let mut service = Service::start("quickstart", folder.path(), 1);
    while service.step() {}
    let path = folder.path().join("chain-000001/000001.jsonl.gz");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 30]).unwrap();
    let found = played(folder.path());
    assert_eq!((found.differs, found.torn.len()), (None, 1));
    assert_eq!(found.groups, service.seq - 1);
    assert_eq!(found.torn[0].line, service.seq + 2);
}

#[test]
fn nothing_to_replay_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let refused = replay(folder.path(), &mut |_, _| {}, &mut |_| true).unwrap_err();
    assert!(
        refused
            .to_string()
            .ends_with("there is no segment of a journal")
    );
}
