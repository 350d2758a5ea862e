//! `nimbus serve --dev` as a child process, in a folder and on ports of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running server; it is ended with the test.
pub(crate) struct Dev {
    child: Child,
    folder: tempfile::TempDir,
    url: String,
}

impl Dev {
    /// Starts one and waits until it says where it listens.
    pub(crate) fn start() -> Dev {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_nimbus"))
            .args([
                "serve",
                "--dev",
                "--listen",
                "127.0.0.1:0",
                "--listen-metrics",
                "127.0.0.1:0",
            ])
            .current_dir(folder.path())
            .env_remove("NIMBUS_DATA_DIR")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = Vec::new();
        let url = loop {
            let Some(Ok(line)) = lines.next() else {
                panic!("the server ended: {said:?} {:?}", child.wait());
            };
            let address = line
                .split_whitespace()
                .find(|word| word.starts_with("http://"));
            if let Some(address) = address {
                break address.trim_end_matches('/').to_owned();
            }
            said.push(line);
        };
        // somebody has to read on, or the server's words would block it
        #[expect(clippy::disallowed_methods, reason = "a reader beside a child process")]
        std::thread::spawn(move || lines.for_each(drop));
        Dev { child, folder, url }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where it keeps what it keeps.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
        let _ = self.child.wait();
    }
}
