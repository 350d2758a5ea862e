//! Events as a list and as streams.

use axum::body::BodyDataStream;
use futures::StreamExt;

use super::*;

fn stream(who: &str, path: &str, last: Option<&str>) -> Request<Body> {
    let mut request = call(Method::GET, who, path, Body::empty());
    let headers = request.headers_mut();
    headers.insert("accept", "text/event-stream".parse().unwrap());
    if let Some(last) = last {
        headers.insert("last-event-id", last.parse().unwrap());
    }
    request
}

async fn open(bed: &Bed, request: Request<Body>) -> BodyDataStream {
    let response = bed.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response.into_body().into_data_stream()
}

/// The id and kind of the next event; `None` at the end.
async fn next(stream: &mut BodyDataStream) -> Option<String> {
    let bytes = stream.next().await?.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("data:"));
    Some(lines.collect::<Vec<_>>().join(" ").trim().to_owned())
}

#[tokio::test]
async fn events_are_listed_newest_first_and_behind_a_place() {
    let bed = Bed::new();
    bed.happen(
        1,
        vec![
            event(1, None, "service.scaled"),
            event(2, None, "service.deployed"),
        ],
    );
    let got = bed.get("admin", "/api/v1/events").await;
    insta::assert_snapshot!(got.text, @r#"{"items":[{"actor":"admin","data":{"replicas":3},"id":"evt-00000000000000000000000002","kind":"service.deployed","request_id":null,"seq":2,"subject":"svc-1","tenant_id":null,"time":"2026-11-01T00:00:02Z"},{"actor":"admin","data":{"replicas":3},"id":"evt-00000000000000000000000001","kind":"service.scaled","request_id":null,"seq":1,"subject":"svc-1","tenant_id":null,"time":"2026-11-01T00:00:01Z"}],"next_cursor":null}"#);
    let behind = bed.get("admin", "/api/v1/events?since=1").await.json();
    assert_eq!(behind["items"][0]["seq"], 2);
    let scaled = bed
        .get("admin", "/api/v1/events?kind=service.scaled")
        .await
        .json();
    assert_eq!(scaled["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_stream_goes_on_behind_the_last_event_and_then_live() {
    let bed = Bed::new();
    bed.happen(1, vec![event(1, None, "a"), event(2, None, "b")]);
    let mut stream = open(&bed, stream("admin", "/api/v1/events", Some("1"))).await;
    assert_eq!(next(&mut stream).await.unwrap(), "id: 2 event: b");
    bed.happen(2, vec![event(3, None, "c")]);
    assert_eq!(next(&mut stream).await.unwrap(), "id: 3 event: c");
    bed.happen(3, vec![event(4, None, "d"), event(5, None, "e")]);
    assert_eq!(next(&mut stream).await.unwrap(), "id: 4 event: d");
    assert_eq!(next(&mut stream).await.unwrap(), "id: 5 event: e");
}

#[tokio::test]
async fn without_a_place_a_stream_begins_now() {
    let bed = Bed::new();
    bed.happen(1, vec![event(1, None, "a")]);
    let mut stream = open(&bed, stream("admin", "/api/v1/events?kind=c", None)).await;
    bed.happen(2, vec![event(2, None, "b"), event(3, None, "c")]);
    assert_eq!(next(&mut stream).await.unwrap(), "id: 3 event: c");
}

#[tokio::test]
async fn a_tenant_hears_only_of_itself() {
    let bed = Bed::new();
    let mut stream = open(&bed, stream("acme", "/api/v1/events", Some("0"))).await;
    bed.happen(
        1,
        vec![
            event(1, Some(9), "x"),
            event(2, None, "y"),
            event(3, Some(0), "z"),
        ],
    );
    assert_eq!(next(&mut stream).await.unwrap(), "id: 3 event: z");
}

#[tokio::test]
async fn a_slow_reader_is_told_and_closed() {
    let bed = Bed::new();
    let mut stream = open(&bed, stream("admin", "/api/v1/events", None)).await;
    let many = crate::shell::feed::BEHIND_MAX + 1;
    let rows = (0..many).map(|n| event(n as u128, None, "a")).collect();
    bed.happen(1, rows);
    assert_eq!(next(&mut stream).await.unwrap(), "event: lagged");
    assert_eq!(next(&mut stream).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_when_its_credential_does() {
    let bed = Bed::new();
    let mut stream = open(&bed, stream("acme", "/api/v1/events", Some("0"))).await;
    *bed.names.taken_back.lock().unwrap() = true;
    let ended = tokio::time::timeout(Duration::from_secs(5), next(&mut stream)).await;
    assert_eq!(ended.unwrap(), None);
}

#[tokio::test]
async fn a_tenant_has_so_many_streams_and_no_more() {
    let limits = Limits {
        streams: 2,
        ..Limits::default()
    };
    let bed = Bed::with(limits);
    let first = open(&bed, stream("acme", "/api/v1/events", None)).await;
    let _second = open(&bed, stream("acme", "/api/v1/events", None)).await;
    let third = bed.send(stream("acme", "/api/v1/events", None)).await;
    assert_eq!(third.problem(), (429, "overloaded".to_owned()));
    drop(first);
    let _third = open(&bed, stream("acme", "/api/v1/events", None)).await;
}

#[tokio::test]
async fn a_thousand_streams_hear_every_event() {
    let limits = Limits {
        rate: 0,
        ..Limits::default()
    };
    let bed = Bed::with(limits);
    let mut streams = Vec::new();
    for _ in 0..1_000 {
        streams.push(open(&bed, stream("admin", "/api/v1/events", None)).await);
    }
    assert!(
        bed.app
            .all_metrics()
            .text()
            .contains("nimbus_api_streams 1000")
    );
    bed.happen(1, vec![event(1, None, "a"), event(2, None, "b")]);
    for stream in &mut streams {
        assert_eq!(next(stream).await.unwrap(), "id: 1 event: a");
        assert_eq!(next(stream).await.unwrap(), "id: 2 event: b");
    }
    drop(streams);
    assert!(
        bed.app
            .all_metrics()
            .text()
            .contains("nimbus_api_streams 0")
    );
}

#[tokio::test]
async fn what_is_no_place_is_refused() {
    let bed = Bed::new();
    for last in ["x", "-1", "1.5"] {
        let got = bed
            .send(stream("admin", "/api/v1/events", Some(last)))
            .await;
        assert_eq!(got.problem(), (400, "bad_request".to_owned()), "{last}");
    }
}
