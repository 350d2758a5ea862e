//! A server that answers as a test says, and a user with a home of his own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// What was asked.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    query: BTreeMap<String, String>,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Value,
}

impl Request {
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }
}

/// What is answered.
pub(super) struct Reply {
    status: u16,
    kind: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Reply {
    pub(super) fn json(status: u16, body: Value) -> Reply {
        let kind = if status < 400 {
            "application/json"
        } else {
            "application/problem+json"
        };
        Reply {
            status,
            kind,
            headers: Vec::new(),
            body: body.to_string(),
        }
    }

    pub(super) fn text(status: u16, body: &str) -> Reply {
        Reply {
            status,
            kind: "text/html",
            headers: Vec::new(),
            body: body.to_owned(),
        }
    }

    pub(super) fn events(body: &str) -> Reply {
        Reply {
            status: 200,
            kind: "text/event-stream",
            headers: Vec::new(),
            body: body.to_owned(),
        }
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Reply {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// A server on a free port; it ends with the test.
pub(super) struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(super) fn start(answer: impl Fn(&Request) -> Reply + Send + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        #[expect(
            clippy::disallowed_methods,
            reason = "the server of a test is no part of the product"
        )]
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let socket = socket.unwrap();
                if let Some(request) = read(&socket) {
                    seen.lock().unwrap().push(request.clone());
                    write(&socket, &answer(&request));
                }
            }
        });
        Server { address, asked }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }
}

fn read(socket: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(socket);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = query.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    let path = path.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        method,
        path,
        query,
        headers,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    })
}

fn write(mut socket: &TcpStream, reply: &Reply) {
    let extra: String = reply
        .headers
        .iter()
        .map(|(k, v)| format!("{k}: {v}\r\n"))
        .collect();
    let text = format!(
        "HTTP/1.1 {} Said\r\ncontent-type: {}\r\ncontent-length: {}\r\nconnection: close\r\n{extra}\r\n{}",
        reply.status,
        reply.kind,
        reply.body.len(),
        reply.body
    );
    let _ = socket.write_all(text.as_bytes()); // a client that left has its reasons
}

/// A user with a home of his own.
pub(super) struct User {
    home: tempfile::TempDir,
    server: Option<String>,
}

impl User {
    pub(super) fn new() -> User {
        User {
            home: tempfile::tempdir().unwrap(),
            server: None,
        }
    }

    pub(super) fn of(server: &Server) -> User {
        User {
            server: Some(server.url()),
            ..User::new()
        }
    }

    pub(super) fn config(&self) -> PathBuf {
        self.home.path().join("nimbus")
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.home.path().join(name), text).unwrap();
    }

    pub(super) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.home.path().join(name)).unwrap()
    }

    /// Exit code, stdout and stderr.
    pub(super) fn call(&self, args: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nimbus"));
        command
            .current_dir(self.home.path())
            .args(args)
            .stdin(Stdio::null());
        for name in [
            "NIMBUS_TOKEN",
            "NIMBUS_TENANT",
            "NIMBUS_CONTEXT",
            "NIMBUS_SERVER",
            "NO_COLOR",
        ] {
            command.env_remove(name);
        }
        command.env("XDG_CONFIG_HOME", self.home.path());
        if let Some(server) = &self.server {
            command.env("NIMBUS_SERVER", server);
        }
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (
            output.status.code().unwrap(),
            text(output.stdout),
            text(output.stderr),
        )
    }

    /// The same as one text.
    pub(super) fn run(&self, args: &[&str]) -> String {
        let (code, out, err) = self.call(args);
        format!("exit {code}\n--- stdout\n{out}--- stderr\n{err}")
    }

    /// What a command that succeeds prints.
    #[track_caller]
    pub(super) fn stdout(&self, args: &[&str]) -> String {
        let (code, out, err) = self.call(args);
        assert_eq!(code, 0, "{args:?}: {err}");
        out
    }
}
