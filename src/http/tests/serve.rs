//! The listener on real sockets: slow clients, large headers, the end.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;

struct Listening {
    address: String,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
    _bed: Bed,
}

async fn listen(limits: Limits) -> Listening {
    let bed = Bed::with(limits);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (stop, stopped) = oneshot::channel::<()>();
    let app = bed.app.clone();
    let end = async move { drop(stopped.await) };
    let served = runtime::spawn(crate::http::serve::api(listener, app, end));
    Listening {
        address,
        stop,
        served,
        _bed: bed,
    }
}

/// Sends a text and reads until the other side closes.
async fn exchange(address: &str, text: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer));
    drop(read.await.expect("the other side closes in time"));
    String::from_utf8_lossy(&answer).into_owned()
}

fn quick() -> Limits {
    Limits {
        header_seconds: 1,
        body_seconds: 1,
        ..Limits::default()
    }
}

#[tokio::test]
async fn a_request_is_answered_over_a_socket() {
    let here = listen(quick()).await;
    let text = "GET /api/v1/version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = exchange(&here.address, text).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[tokio::test]
async fn headers_that_do_not_end_are_not_waited_for() {
    let here = listen(quick()).await;
    let answer = exchange(&here.address, "GET /api/v1/version HTTP/1.1\r\nhost: x\r\n").await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_body_that_does_not_end_is_not_waited_for() {
    let here = listen(quick()).await;
    let head = "POST /auth/token HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 100\r\nconnection: close\r\n\r\n{";
    let answer = exchange(&here.address, head).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("took more than 1 s"), "{answer}");
}

#[tokio::test]
async fn large_headers_are_refused() {
    let here = listen(quick()).await;
    let large = "a".repeat(70 << 10);
    let text = format!("GET /api/v1/version HTTP/1.1\r\nhost: x\r\nx-large: {large}\r\n\r\n");
    let mut stream = TcpStream::connect(&here.address).await.unwrap();
    drop(stream.write_all(text.as_bytes()).await); // it may be refused before all is sent
    let mut start = [0; 12];
    if stream.read_exact(&mut start).await.is_ok() {
        assert_eq!(&start, b"HTTP/1.1 431");
    }
}

#[tokio::test]
async fn the_end_waits_for_nobody_who_is_idle() {
    let here = listen(Limits::default()).await;
    let mut idle = TcpStream::connect(&here.address).await.unwrap();
    idle.write_all(b"GET /api/v1/version HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut first = [0; 15];
    idle.read_exact(&mut first).await.unwrap();
    here.stop.send(()).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(4), here.served).await;
    ended.expect("it ends in time").unwrap();
}
