//! Event streams, paths, checks and the meaning of refusals.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::answer::exit_of;
use super::check::{self, slug, tenant_slug};
use super::session::is_id;
use super::settings::address;
use super::stream::Lines;
use super::*;
use crate::cli::exit::Exit;

#[test]
fn events_are_read_however_the_bytes_are_cut() {
    let text =
        ": hello\n\nid: 7\nevent: service.scaled\ndata: {\"a\":1}\n\ndata: x\r\ndata: y\r\n\r\n";
    for cut in 1..text.len() {
        let mut lines = Lines::default();
        let mut events = lines.feed(&text.as_bytes()[..cut]).unwrap();
        events.extend(lines.feed(&text.as_bytes()[cut..]).unwrap());
        assert_eq!(events.len(), 2, "cut at {cut}");
        assert_eq!(events[0].id.as_deref(), Some("7"));
        assert_eq!(events[0].data, json!({ "a": 1 }));
        assert_eq!(events[1].data, json!("x\ny"));
    }
}

#[test]
fn a_name_stays_one_segment() {
    assert_eq!(segment("acme-1.x_y~"), "acme-1.x_y~");
    assert_eq!(segment("a/b?c#d%"), "a%2Fb%3Fc%23d%25");
    assert_eq!(segment(".."), "%2E%2E");
    assert_eq!(segment("é"), "%C3%A9");
}

#[test]
fn refusals_end_as_the_table_says() {
    let table = [
        (400, "bad_request", Exit::Invalid),
        (401, "token_expired", Exit::Denied),
        (403, "forbidden", Exit::Denied),
        (403, "quota_exceeded", Exit::Conflict),
        (404, "not_found", Exit::NotFound),
        (409, "state_conflict", Exit::Conflict),
        (410, "gone", Exit::Conflict),
        (412, "stale_version", Exit::Conflict),
        (413, "too_large", Exit::Invalid),
        (422, "invalid", Exit::Invalid),
        (428, "version_required", Exit::Conflict),
        (429, "rate_limited", Exit::Failed),
        (503, "unavailable", Exit::Failed),
        (504, "timeout", Exit::Unknown),
        (507, "storage_full", Exit::Failed),
    ];
    for (status, code, exit) in table {
        assert_eq!(exit_of(status, code), exit, "{status} {code}");
    }
}

#[test]
fn an_address_is_one_of_a_server() {
    assert_eq!(
        address("http://127.0.0.1:8080/").unwrap(),
        "http://127.0.0.1:8080"
    );
    assert_eq!(
        address("https://example.com/x/").unwrap(),
        "https://example.com/x"
    );
    for bad in [
        "",
        "localhost:8080",
        "ftp://localhost",
        "http://localhost@localhost",
        "http://localhost/?x",
        "http://",
    ] {
        assert!(address(bad).is_err(), "{bad}");
    }
}

#[test]
fn slugs_are_checked_before_anything_is_sent() {
    assert!(tenant_slug("acme-2").is_ok());
    for bad in [
        "",
        "Acme",
        "2acme",
        "acme-",
        "admin",
        "kube-x",
        "nimbus-x",
        &"a".repeat(41),
    ] {
        assert!(tenant_slug(bad).is_err(), "{bad}");
    }
    assert!(slug("a23456789012345678901234567890", check::NAME_MAX).is_ok());
    assert!(slug("a234567890123456789012345678901", check::NAME_MAX).is_err());
}

#[test]
fn ids_are_told_from_names() {
    assert!(is_id("svc-01hx0000000000000000000000", "svc"));
    assert!(!is_id("svc-api", "svc") && !is_id("api", "svc"));
}

/// Answers calls one after the other: `None` closes the connection without an answer. Gives what was asked.
async fn serve(listener: TcpListener, replies: Vec<Option<&'static str>>) -> Vec<String> {
    let mut asked = Vec::new();
    for reply in replies {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut bytes = vec![0; 64 * 1024];
        let mut length = 0;
        while !whole(&bytes[..length]) {
            let read = socket.read(&mut bytes[length..]).await.unwrap();
            assert!(read > 0, "the request broke off");
            length += read;
        }
        asked.push(String::from_utf8(bytes[..length].to_vec()).unwrap());
        if let Some(reply) = reply {
            let (head, body) = reply.split_once("\n\n").unwrap_or((reply, ""));
            let length = body.len();
            let head = head.replace('\n', "\r\n");
            let text = format!(
                "HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            socket.write_all(text.as_bytes()).await.unwrap();
        }
    }
    asked
}

/// Whether a request has come to its end: these have a body that ends with a brace, or none.
fn whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    !head.to_lowercase().contains("content-length: ") || body.ends_with('}')
}

/// Makes one write against a server that answers so; gives what came of it and what was asked.
fn write(
    replies: Vec<Option<&'static str>>,
) -> (Result<Answer, crate::cli::exit::Failure>, Vec<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let target = Target {
        server: format!("http://{}", listener.local_addr().unwrap()),
        token: None,
        token_from: "nowhere",
        tenant: None,
        ca: None,
        context: None,
    };
    let mut client = Client::new(target).unwrap();
    client.backoff = Duration::from_millis(1);
    let mut call = Call::post("/x").body(json!({ "a": 1 }));
    call.key = Some("k-1".to_owned());
    let (result, asked) = runtime.block_on(async {
        let mut server = std::pin::pin!(serve(listener, replies));
        let mut asking = std::pin::pin!(client.persist(&call));
        tokio::select! {
            biased;
            result = &mut asking => (result, server.await),
            asked = &mut server => (asking.await, asked),
        }
    });
    (result, asked)
}

#[test]
fn a_lost_answer_is_asked_for_again_under_the_same_key() {
    let (result, asked) = write(vec![
        None,
        Some(
            "409 Conflict\ncontent-type: application/problem+json\nretry-after: 0\n\n{\"code\":\"idempotency_running\"}",
        ),
        Some("201 Created\ncontent-type: application/json\n\n{\"id\":\"x\"}"),
    ]);
    assert_eq!(result.unwrap().body, json!({ "id": "x" }));
    let keys = asked
        .iter()
        .filter(|text| text.contains("idempotency-key: k-1"));
    assert_eq!((asked.len(), keys.count()), (3, 3));
}

#[test]
fn an_answer_that_never_comes_is_unknown_and_names_its_key() {
    let (result, _) = write(vec![None, None, None, None]);
    let failure = result.unwrap_err();
    let text: Vec<&str> = failure.texts().collect();
    assert_eq!(failure.exit(), Exit::Unknown);
    assert!(
        text[1].ends_with("ask again with --idempotency-key k-1"),
        "{text:?}"
    );
}

#[test]
fn a_server_in_trouble_is_asked_again_when_it_says() {
    let busy = "429 Too Many Requests\nretry-after: 0\ncontent-type: application/json\n\n{\"code\":\"overloaded\"}";
    let done = "200 OK\ncontent-type: application/json\n\n{}";
    let (result, asked) = write(vec![Some(busy), Some(busy), Some(done)]);
    assert!(result.is_ok() && asked.len() == 3);
    let (result, _) = write(vec![Some(busy), Some(busy), Some(busy), Some(busy)]);
    assert_eq!(result.unwrap_err().exit(), Exit::Failed);
}
