//! The store from outside: answers that are lost on the wire, and its commands.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use nimbus::store::{Commit, Migrate, Store};
use nimbus_core::time::Time;

use crate::cli::nimbus;
use crate::postgres::Postgres;

/// Stands between a store and its server, and can swallow the answer to a COMMIT.
struct Wire {
    dir: tempfile::TempDir,
    swallow: Arc<AtomicBool>,
    swallowed: Arc<AtomicU32>,
}

impl Wire {
    fn to(server: &Postgres) -> Wire {
        let dir = tempfile::tempdir().unwrap();
        let wire = Wire {
            swallow: Arc::default(),
            swallowed: Arc::default(),
            dir,
        };
        let listener = UnixListener::bind(wire.dir.path().join(".s.PGSQL.5432")).unwrap();
        let (swallow, swallowed) = (Arc::clone(&wire.swallow), Arc::clone(&wire.swallowed));
        let behind = server.socket();
        thread(move || {
            for front in listener.incoming().map_while(Result::ok) {
                let back = UnixStream::connect(&behind).unwrap();
                let (swallow, swallowed) = (Arc::clone(&swallow), Arc::clone(&swallowed));
                carry(front, back, swallow, swallowed);
            }
        });
        wire
    }

    fn url(&self, database: &str) -> String {
        let name = database.split(['/', '?']).nth(3).unwrap();
        format!(
            "postgres:///{name}?host={}&user=nimbus",
            self.dir.path().display()
        )
    }
}

#[expect(clippy::disallowed_methods, reason = "real sockets, real time")]
fn thread(act: impl FnOnce() + Send + 'static) {
    drop(std::thread::spawn(act));
}

/// Bytes to the server, and its answers back. Behind a COMMIT whose answer is to be swallowed both ends are
/// closed, once the server has answered.
fn carry(front: UnixStream, back: UnixStream, swallow: Arc<AtomicBool>, swallowed: Arc<AtomicU32>) {
    let cut = Arc::new(AtomicBool::new(false));
    let (mut from, mut to) = (front.try_clone().unwrap(), back.try_clone().unwrap());
    let behind = Arc::clone(&cut);
    thread(move || {
        let mut bytes = [0; 65_536];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            let commits = bytes[..count].windows(6).any(|word| word == b"COMMIT");
            if commits && swallow.swap(false, Ordering::SeqCst) {
                behind.store(true, Ordering::SeqCst);
            }
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
    let (mut from, mut to) = (back, front);
    thread(move || {
        let mut bytes = [0; 65_536];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            if cut.load(Ordering::SeqCst) {
                swallowed.fetch_add(1, Ordering::SeqCst);
                break;
            }
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Both);
        let _ = from.shutdown(std::net::Shutdown::Both);
    });
}

fn group(number: u64) -> Commit {
    Commit {
        group: number,
        now: Time(1),
        ..Commit::default()
    }
}

#[test]
fn a_commit_whose_answer_was_lost_is_read_back() {
    let server = Postgres::shared();
    let wire = Wire::to(server);
    let url = wire.url(&server.database());
    let store = Store::open(&url, Migrate::Auto).unwrap();
    store.commit(&group(1)).unwrap();
    wire.swallow.store(true, Ordering::SeqCst);
    store.commit(&group(2)).unwrap();
    assert_eq!(wire.swallowed.load(Ordering::SeqCst), 1);
    assert_eq!(store.last().unwrap().unwrap().group, 2);
    store.commit(&group(3)).unwrap();
}

fn say(folder: &Path, args: &[&str]) -> (i32, String) {
    let output = nimbus(folder, args);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&output.stdout) + &text(&output.stderr);
    (output.status.code().unwrap(), said)
}

#[test]
fn tables_are_migrated_and_rows_carried_over_by_commands() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| say(folder.path(), args);
    assert_eq!(run(&["migrate", "check", "--database", "a.db"]).0, 7);
    assert_eq!(
        run(&["migrate", "--database", "a.db"]),
        (0, "applied 0001\n".to_owned())
    );
    let (code, said) = run(&["migrate", "status", "--database", "a.db"]);
    assert!(code == 0 && said.contains("0001_first  yes"), "{said}");
    let path = folder.path().join("a.db");
    let store = Store::open(path.to_str().unwrap(), Migrate::Check).unwrap();
    store.put_setting("a", "b").unwrap();
    // a server runs: others may read, and nothing else
    let (code, said) = run(&["migrate", "--database", "a.db"]);
    assert!(
        code == 7 && said.contains("in use by another process"),
        "{said}"
    );
    let (code, said) = run(&["store", "export", "a.gz", "--database", "a.db"]);
    assert!(
        code == 0 && said.starts_with("exported 3 rows, sha256 "),
        "{said}"
    );
    assert_eq!(run(&["store", "export", "a.gz", "--database", "a.db"]).0, 5);
    let url = Postgres::shared().database();
    let (code, imported) = run(&["store", "import", "a.gz", "--database", &url]);
    assert_eq!((code, &imported[8..]), (0, &said[8..]));
    let (code, said) = run(&["store", "import", "a.gz", "--database", &url]);
    assert!(
        code == 5 && said.contains("import into an empty one"),
        "{said}"
    );
}
