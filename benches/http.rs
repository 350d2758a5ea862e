//! Reads with a token check against a bare axum handler, in one run (goal C1): throughput, and p99 at half
//! load.
//!
//! Both servers are processes of their own and take turns; the load is a loop over plain sockets, so that
//! the client costs the same for both. `cargo bench --bench http` measures; without `--bench` it only shows
//! that it works. `NIMBUS_BENCH_SECONDS` sets the time of each turn.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// Connections at once.
const CONNECTIONS: u64 = 32;
/// Turns of each server.
const TURNS: usize = 3;
/// Set in the child that is the bare server.
const BARE: &str = "NIMBUS_BENCH_BARE";

/// A server and the request that it is asked.
struct Target {
    name: &'static str,
    address: String,
    request: Vec<u8>,
    _server: Server,
}

/// Ends with the bench.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill(); // it may have ended by itself
        let _ = self.0.wait();
    }
}

/// What one turn gave.
struct Turn {
    per_second: f64,
    p99_us: u64,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    if std::env::var_os(BARE).is_some() {
        runtime.block_on(bare());
    } else {
        runtime.block_on(measure());
    }
}

/// The least that an answer can cost with this framework.
async fn bare() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    println!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new().route("/", get(|| async { "hello" }));
    axum::serve(listener, router).await.expect("it serves");
}

async fn measure() {
    let full = std::env::args().any(|arg| arg == "--bench");
    let seconds = std::env::var("NIMBUS_BENCH_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let turn = match seconds {
        Some(seconds) => Duration::from_secs(seconds),
        None => Duration::from_millis(if full { 4_000 } else { 200 }),
    };
    let folder = tempfile::tempdir().expect("a folder");
    let targets = [start_bare(), start_nimbus(folder.path()).await];
    let mut best = [0.0_f64; 2];
    for _ in 0..TURNS {
        for (at, target) in targets.iter().enumerate() {
            best[at] = best[at].max(load(target, turn, None).await.per_second);
        }
    }
    let half = best[1] / 2.0;
    let mut slow = [u64::MAX; 2];
    for _ in 0..TURNS {
        for (at, target) in targets.iter().enumerate() {
            slow[at] = slow[at].min(load(target, turn, Some(half)).await.p99_us);
        }
    }
    for (at, target) in targets.iter().enumerate() {
        println!(
            "{:<8} {:>9.0} requests/s   p99 at {half:.0}/s: {} us",
            target.name, best[at], slow[at]
        );
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds, for a ratio that people read"
    )]
    let times = slow[1] as f64 / slow[0].max(1) as f64;
    println!(
        "ratio    {:.2} of the bare handler (goal 0.4, aim 0.7)   p99 {times:.1} x (goal 3, aim 2)",
        best[1] / best[0]
    );
}

/// The first line of a child's output.
fn first_line(child: &mut Child, wanted: &str) -> String {
    let output = child.stdout.take().expect("its output is taken");
    let mut lines = BufReader::new(output).lines();
    let line = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains(wanted)));
    let line = line
        .expect("it says where it listens")
        .expect("its output is text");
    // it must not stop at a full pipe
    tokio::task::spawn_blocking(move || lines.for_each(drop));
    line
}

fn start_bare() -> Target {
    let own = std::env::current_exe().expect("the bench is a file");
    let mut child = Command::new(own)
        .env(BARE, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let line = first_line(&mut child, "http://");
    let address = line.trim_start_matches("http://").to_owned();
    Target {
        name: "bare",
        request: format!("GET / HTTP/1.1\r\nhost: {address}\r\n\r\n").into_bytes(),
        address,
        _server: Server(child),
    }
}

async fn start_nimbus(folder: &std::path::Path) -> Target {
    let port = free().await;
    let address = format!("127.0.0.1:{port}");
    let child = Command::new(env!("CARGO_BIN_EXE_nimbus"))
        .args(["serve", "--dev", "--data-dir"])
        .arg(folder.join("data"))
        .args([
            "--listen",
            &address,
            "--listen-metrics",
            &format!("127.0.0.1:{}", free().await),
        ])
        .env("NIMBUS_LIMITS_RATE", "0")
        .env("NIMBUS_LOG", "warn")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let server = Server(child);
    let body = r#"{"tenant_id":"admin","tenant_name":"admin"}"#;
    let post = format!(
        "POST /auth/token HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut answer = None;
    for _ in 0..100 {
        if let Ok(text) = once(&address, post.as_bytes()).await {
            answer = Some(text);
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let answer = answer.expect("it gives out a token");
    let (_, json) = answer.split_once("\r\n\r\n").expect("head and body");
    let json: serde_json::Value = serde_json::from_str(json).expect("it answers JSON");
    let token = json["token"]
        .as_str()
        .unwrap_or_else(|| panic!("a token in {json}"));
    Target {
        name: "nimbus",
        request: format!("GET /api/v1/tenants/dev HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n").into_bytes(),
        address,
        _server: server,
    }
}

async fn free() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("an address").port()
}

async fn once(address: &str, request: &[u8]) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let mut buffer = vec![0; 64 << 10];
    let length = exchange(&mut stream, request, &mut buffer).await?;
    Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

/// One request and its whole answer; its length.
async fn exchange(
    stream: &mut TcpStream,
    request: &[u8],
    buffer: &mut [u8],
) -> std::io::Result<usize> {
    stream.write_all(request).await?;
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        filled += read;
        if let Some(length) = length(&buffer[..filled])
            && filled >= length
        {
            return Ok(filled);
        }
    }
}

/// The length of an answer, once its head is there.
fn length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).ok()?;
    let body = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    Some(head + body.unwrap_or(0))
}

/// Loads a target: as fast as it answers, or at a rate. Times count from when a request was due.
async fn load(target: &Target, turn: Duration, rate: Option<f64>) -> Turn {
    let done = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let pace = rate.map(|rate| Duration::from_secs_f64(CONNECTIONS as f64 / rate));
    let workers = (0..CONNECTIONS).map(|at| {
        let (address, request) = (target.address.clone(), target.request.clone());
        let done = done.clone();
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(&address).await.expect("it listens");
            stream.set_nodelay(true).expect("a socket option");
            let mut times = Histogram::<u64>::new(3).expect("three digits");
            let mut buffer = vec![0; 64 << 10];
            let mut due = start
                + pace.map_or(Duration::ZERO, |pace| {
                    pace.mul_f64(at as f64 / CONNECTIONS as f64)
                });
            while start.elapsed() < turn {
                match pace {
                    Some(pace) => {
                        tokio::time::sleep_until(due).await;
                        exchange(&mut stream, &request, &mut buffer)
                            .await
                            .expect("an answer");
                        times.saturating_record(micros(due.elapsed()));
                        due += pace;
                    }
                    None => {
                        let begun = Instant::now();
                        exchange(&mut stream, &request, &mut buffer)
                            .await
                            .expect("an answer");
                        times.saturating_record(micros(begun.elapsed()));
                    }
                }
                assert!(
                    buffer.starts_with(b"HTTP/1.1 200"),
                    "{}",
                    String::from_utf8_lossy(&buffer[..200])
                );
                done.fetch_add(1, Ordering::Relaxed);
            }
            times
        })
    });
    let mut times = Histogram::<u64>::new(3).expect("three digits");
    for worker in workers.collect::<Vec<_>>() {
        times
            .add(worker.await.expect("no defect"))
            .expect("equal histograms");
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of seconds' work")]
    let per_second = done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64();
    Turn {
        per_second,
        p99_us: times.value_at_quantile(0.99),
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
