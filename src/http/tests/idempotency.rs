//! The same request twice.

use super::*;

fn keyed(key: &str, path: &str, body: &str) -> Request<Body> {
    let mut request = call(Method::POST, "admin", path, Body::from(body.to_owned()));
    request
        .headers_mut()
        .insert("idempotency-key", key.parse().unwrap());
    request
}

const BODY: &str = r#"{"name":"a"}"#;

#[tokio::test]
async fn the_same_key_and_body_is_carried_out_once() {
    let bed = Bed::new();
    let first = bed.send(keyed("k1", "/try/things", BODY)).await;
    let again = bed.send(keyed("k1", "/try/things", BODY)).await;
    assert_eq!(
        (first.status, first.header("idempotency-replayed")),
        (StatusCode::CREATED, "")
    );
    assert_eq!(
        (again.status, again.header("idempotency-replayed")),
        (StatusCode::CREATED, "true")
    );
    assert_eq!(first.text, again.text);
    assert_eq!(again.header("location"), "/try/things/1");
    assert_eq!(again.header("etag"), "\"1\"");
    assert_eq!(bed.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_same_key_for_another_request_is_refused() {
    let bed = Bed::new();
    bed.send(keyed("k1", "/try/things", BODY)).await;
    let other = bed
        .send(keyed("k1", "/try/things", r#"{"name":"b"}"#))
        .await;
    assert_eq!(other.problem(), (422, "idempotency_mismatch".to_owned()));
    let fine = bed
        .send(keyed("k2", "/try/things", r#"{"name":"b"}"#))
        .await;
    assert_eq!(fine.status, 201);
}

#[tokio::test]
async fn a_refusal_is_the_answer_to_its_key_for_ever() {
    let bed = Bed::new();
    *bed.script.lock().unwrap() = Ok(Reply::Tenant(Err(tenant::Refusal::Taken("a".into()))));
    let first = bed.send(keyed("k1", "/try/things", BODY)).await;
    *bed.script.lock().unwrap() = Ok(Reply::Tenant(Ok(tenant::Answer::Done)));
    let again = bed.send(keyed("k1", "/try/things", BODY)).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (409, 409));
    assert_eq!(bed.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_committed_and_not_rendered_is_rendered_again() {
    let bed = Bed::new();
    let hash = {
        // the same request on another bed says what its hash is
        let other = Bed::new();
        other.send(keyed("k1", "/try/things", BODY)).await;
        let kept = other.store.answer("admin", "k1", runtime::now()).unwrap();
        kept.unwrap().request_hash
    };
    let key = crate::store::IdempotencyKey {
        principal: "admin".into(),
        key: "k1".into(),
        request_hash: hash,
    };
    let row = IdempotencyRow {
        key,
        reply: Reply::Tenant(Ok(tenant::Answer::Done)),
        operation: None,
        expires_at: runtime::now() + Span::from_secs(60),
    };
    let committed = Commit {
        idempotency: vec![row],
        ..commit(1)
    };
    bed.store.commit(&committed).unwrap();
    let got = bed.send(keyed("k1", "/try/things", BODY)).await;
    assert_eq!(
        (got.status, got.header("idempotency-replayed")),
        (StatusCode::CREATED, "true")
    );
    assert!(bed.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_reached_nobody_may_be_tried_again() {
    let bed = Bed::new();
    let bad = bed.send(keyed("k1", "/try/things", "{}")).await;
    assert_eq!(bad.status, 422);
    *bed.script.lock().unwrap() = Err(Unanswered::Overloaded);
    assert_eq!(bed.send(keyed("k2", "/try/things", BODY)).await.status, 429);
    *bed.script.lock().unwrap() = Ok(Reply::Tenant(Ok(tenant::Answer::Done)));
    assert_eq!(bed.send(keyed("k1", "/try/things", BODY)).await.status, 201);
    assert_eq!(bed.send(keyed("k2", "/try/things", BODY)).await.status, 201);
}

#[tokio::test]
async fn a_key_is_visible_text() {
    let bed = Bed::new();
    let long = "k".repeat(129);
    for key in ["", "a b", &long] {
        let got = bed.send(keyed(key, "/try/things", BODY)).await;
        assert_eq!(got.problem(), (400, "bad_request".to_owned()), "{key:?}");
    }
}

#[tokio::test]
async fn one_key_twice_at_once_is_carried_out_once() {
    let bed = Bed::new();
    let all = (0..8).map(|_| bed.send(keyed("k1", "/try/things", BODY)));
    let statuses: Vec<u16> = futures::future::join_all(all)
        .await
        .iter()
        .map(|got| got.status.as_u16())
        .collect();
    assert!(statuses.contains(&201), "{statuses:?}");
    assert!(
        statuses.iter().all(|status| [201, 409].contains(status)),
        "{statuses:?}"
    );
    assert_eq!(bed.asked.lock().unwrap().len(), 1);
}
