//! The service as a process, and a client of a few lines.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// `nimbus serve` in a folder, ready for an API on this port; 0 lets the system choose, so that no other
/// process can take the port in between.
pub(crate) fn serve(folder: &Path, port: u16, more: &[&str]) -> Command {
    under(&[], folder, port, more)
}

/// The same under another program.
fn under(program: &[&str], folder: &Path, port: u16, more: &[&str]) -> Command {
    let nimbus = [env!("CARGO_BIN_EXE_nimbus")];
    let mut words = program.iter().chain(&nimbus);
    let mut command = Command::new(words.next().expect("there is nimbus at least"));
    command.args(words);
    let listen = format!("127.0.0.1:{port}");
    command
        .args(["serve", "--dev"])
        .args(["--listen-metrics", "127.0.0.1:0"])
        .args(more)
        .current_dir(folder)
        .env("NIMBUS_SERVER_LISTEN", &listen)
        .env("NIMBUS_LIMITS_RATE", "0")
        .env("NIMBUS_CLUSTER_SIM_SPEED", "100")
        .env("NIMBUS_LOG_FILTER", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    command
}

/// The port of the line that says where it listens.
fn listening(line: &str) -> Option<u16> {
    let rest = line.strip_prefix("Listening on http://127.0.0.1:")?;
    rest.split_whitespace().next()?.parse().ok()
}

/// A service that runs; killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) port: u16,
    /// What it said until it was ready.
    pub(crate) said: Vec<String>,
}

impl Process {
    /// Starts the service and waits until it has printed its token.
    pub(crate) fn start(folder: &Path, more: &[&str]) -> Process {
        Process::start_under(&[], folder, more)
    }

    /// The same under another program that runs it as its own process.
    pub(crate) fn start_under(program: &[&str], folder: &Path, more: &[&str]) -> Process {
        let mut child = under(program, folder, 0, more).spawn().unwrap();
        let (mut port, mut said) = (0, Vec::new());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for line in lines.map_while(Result::ok) {
            port = listening(&line).unwrap_or(port);
            said.push(line);
            if said.last().unwrap().starts_with("Token: ") {
                return Process { child, port, said };
            }
        }
        panic!("it ended: {:?}\n{}", child.wait(), said.join("\n"));
    }

    /// Ends it at once, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and waits.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        self.child.wait().unwrap()
    }

    /// A client of this service with the administrator's token.
    pub(crate) fn admin(&self) -> Client {
        let mut client = Client {
            port: self.port,
            token: String::new(),
        };
        let body = json!({ "tenant_id": "admin", "tenant_name": "admin" });
        let (status, answer) = client
            .call("POST", "/auth/token", None, Some(&body))
            .unwrap();
        assert_eq!(status, 200, "{answer}");
        client.token = answer["token"].as_str().unwrap().to_owned();
        client
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // it may have ended already
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client that opens a connection for each request.
#[derive(Clone)]
pub(crate) struct Client {
    port: u16,
    token: String,
}

impl Client {
    /// Status and body; an error if the answer did not come whole.
    pub(crate) fn call(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> std::io::Result<(u16, Value)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(40)))?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        if !self.token.is_empty() {
            head += &format!("Authorization: Bearer {}\r\n", self.token);
        }
        if let Some(key) = key {
            head += &format!("Idempotency-Key: {key}\r\n");
        }
        if !body.is_empty() {
            head += &format!(
                "Content-Type: application/json\r\nContent-Length: {}\r\n",
                body.len()
            );
        }
        stream.write_all(format!("{head}\r\n{body}").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        whole(&answer).ok_or_else(|| std::io::Error::other("the answer was cut off"))
    }
}

/// Status and body of an answer that is there as a whole.
fn whole(answer: &str) -> Option<(u16, Value)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    if body.len() < length.unwrap_or(0) {
        return None;
    }
    let value = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(body).ok()?
    };
    Some((status, value))
}
