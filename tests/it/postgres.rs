//! A PostgreSQL server of the test's own: made in a temporary folder, reached by a socket, gone with the test.
//!
//! It needs the server's programs (`initdb`, `postgres`), on the path or under `/usr/lib/postgresql`. Without
//! them every test that needs a server fails and says so. Root may not run a server, so root runs it as
//! `postgres` or `nobody`.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// What starts, watches and ends the server. It reads its own standard input, which ends when the test's
/// process ends in whatever way; then it ends the server and deletes the folder.
const KEEPER: &str = r#"
set -u
dir=$1; bin=$2; fsync=$3
serve() {
  "$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync="$fsync" \
    -c max_connections=200 -c shared_buffers=64MB -c unix_socket_permissions=0777 >>"$dir/log" 2>&1 </dev/null &
  pid=$!
}
"$bin/initdb" -D "$dir/data" -U nimbus -A trust -E UTF8 --no-sync >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
serve
for i in $(seq 600); do
  [ -S "$dir/.s.PGSQL.5432" ] && grep -q 'ready to accept' "$dir/log" && break
  kill -0 $pid 2>/dev/null || { cat "$dir/log"; exit 1; }
  sleep 0.05
done
echo ready
while read -r word; do
  case $word in
    kill) kill -QUIT $pid; wait $pid; serve
      for i in $(seq 600); do [ "$(grep -c 'ready to accept' "$dir/log")" -gt "${kills:-1}" ] && break; sleep 0.05; done
      kills=$((${kills:-1} + 1)); echo killed ;;
  esac
done
kill -QUIT $pid; wait $pid
rm -rf "$dir"
"#;

/// A running server.
#[derive(Debug)]
pub(crate) struct Postgres {
    dir: PathBuf,
    keeper: Child,
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl Postgres {
    /// Starts a server. `durable`: whether its commits wait for the disk.
    ///
    /// # Panics
    /// When there are no server programs, or they do not work; the message says what to do.
    #[must_use]
    pub(crate) fn start(durable: bool) -> Postgres {
        let bin = programs();
        let dir = folder();
        let mut keeper = Command::new("bash");
        let fsync = if durable { "on" } else { "off" };
        keeper
            .args(["-c", KEEPER, "keeper"])
            .args([&dir, &bin])
            .arg(fsync)
            .env("LC_ALL", "C.UTF-8")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0); // Ctrl-C in a terminal reaches the test, and through its end the keeper
        if let Some((user, group)) = other_user() {
            keeper.uid(user).gid(group);
        }
        let keeper = keeper.spawn().expect("bash starts the server");
        let mut server = Postgres { dir, keeper };
        server.expect("ready");
        server
    }

    /// One server for all tests of this process.
    pub(crate) fn shared() -> &'static Postgres {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| Postgres::start(false))
    }

    /// The URL of an empty database that nobody else uses.
    ///
    /// # Panics
    /// When the server makes none.
    #[must_use]
    pub(crate) fn database(&self) -> String {
        let name = format!("nimbus_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The URL of a database by its name.
    #[must_use]
    pub(crate) fn url(&self, name: &str) -> String {
        format!("postgres:///{name}?host={}&user=nimbus", self.dir.display())
    }

    /// Where it listens.
    #[must_use]
    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.join(".s.PGSQL.5432")
    }

    /// Runs SQL in a database; what it prints, without headers.
    ///
    /// # Panics
    /// When it fails.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        let out = Command::new(programs().join("psql"))
            .args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(self.url(database))
            .args(["-c", sql])
            .output()
            .expect("psql runs");
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{sql}: {said}");
        String::from_utf8_lossy(&out.stdout).trim().to_owned()
    }

    /// Kills the server as `pg_ctl -m immediate` does, and starts it again.
    ///
    /// # Panics
    /// When it does not come back.
    pub(crate) fn kill(&mut self) {
        use std::io::Write;
        let stdin = self.keeper.stdin.as_mut().expect("it is piped");
        stdin.write_all(b"kill\n").expect("the keeper listens");
        self.expect("killed");
    }

    fn expect(&mut self, word: &str) {
        let stdout = self.keeper.stdout.as_mut().expect("it is piped");
        let mut said = Vec::new();
        let mut byte = [0];
        while !said.ends_with(format!("{word}\n").as_bytes()) {
            let read = stdout.read(&mut byte).unwrap_or(0);
            let text = String::from_utf8_lossy(&said);
            assert!(read > 0, "the server did not start:\n{text}");
            said.push(byte[0]);
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take()); // the keeper ends the server
        let _ = self.keeper.wait();
    }
}

/// Where the server's programs are.
fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = versions();
    folders.extend(std::env::split_paths(&path));
    let found = folders.into_iter().find(|dir| {
        ["initdb", "postgres", "psql"]
            .iter()
            .all(|program| dir.join(program).exists())
    });
    found.expect(
        "initdb, postgres and psql are needed: install PostgreSQL (Debian: apt-get install postgresql)",
    )
}

/// Debian keeps them off the path; the newest first.
fn versions() -> Vec<PathBuf> {
    let entries = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, path)| path).collect()
}

/// A folder that the server's user may write; short, since the name of a socket is.
fn folder() -> PathBuf {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("nimbus-pg-{}-{number}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir(&dir).expect("the temporary folder can be written");
    if let Some((user, group)) = other_user() {
        std::os::unix::fs::chown(&dir, Some(user), Some(group)).expect("root may");
    }
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).expect("it is ours");
    dir
}

/// Whom root runs the server as.
fn other_user() -> Option<(u32, u32)> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    if line.split_whitespace().next()? != "0" {
        return None;
    }
    let users = fs::read_to_string(Path::new("/etc/passwd")).unwrap_or_default();
    ["postgres", "nobody"].iter().find_map(|name| {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        let user = fields.next()?.parse().ok()?;
        Some((user, fields.next()?.parse().ok()?))
    })
}
