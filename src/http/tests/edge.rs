//! Problem bodies, extractors, versions, lists, limits, paths.

use super::*;

#[tokio::test]
async fn a_problem_has_the_published_shape() {
    let bed = Bed::new();
    let got = bed
        .post("admin", "/try/things", r#"{"name":"a","replicas":300}"#)
        .await;
    insta::assert_snapshot!(got.text, @r#"{"type":"/problems/invalid","title":"Invalid input","status":422,"detail":"replicas: invalid value: integer `300`, expected an integer in range","instance":"/try/things","code":"invalid","error":"Invalid input","request_id":"r-1","fields":[{"path":"replicas","code":"wrong_type","message":"invalid value: integer `300`, expected an integer in range"}],"doc":"/docs/problems/invalid"}"#);
    assert_eq!(got.header("content-type"), "application/problem+json");
    assert_eq!(got.header("x-request-id"), "r-1");
}

#[tokio::test]
async fn each_bad_body_has_one_answer_that_names_the_field() {
    let bed = Bed::new();
    let deep = format!("{{\"name\":{}{}}}", "[".repeat(40), "]".repeat(40));
    let cases: [(&str, u16, &str, &str); 13] = [
        ("", 400, "bad_request", ""),
        ("{", 400, "bad_request", ""),
        ("{\"name\":\"a\"} x", 400, "bad_request", ""),
        ("\u{feff}{}", 400, "bad_request", ""),
        (&deep, 400, "bad_request", ""),
        (r#"{"name":"a","name":"b"}"#, 400, "bad_request", "name"),
        (
            r#"{"name":"a","env":{"K":"1","K":"2"}}"#,
            400,
            "bad_request",
            "env.K",
        ),
        (r#"{"name":"a","id":"x"}"#, 400, "unknown_field", "id"),
        (
            r#"{"name":"a","ports":[{"port":1,"to":2}]}"#,
            400,
            "unknown_field",
            "ports[0].to",
        ),
        (r#"{}"#, 422, "invalid", "name"),
        (r#"{"name":7}"#, 422, "invalid", "name"),
        (
            r#"{"name":"a","ports":[{"port":1},{"port":-1}]}"#,
            422,
            "invalid",
            "ports[1].port",
        ),
        (r#"{"name":"a\u0000b"}"#, 422, "invalid", "name"),
    ];
    for (body, status, code, field) in cases {
        let got = bed.post("admin", "/try/things", body).await;
        assert_eq!(
            got.problem(),
            (status, code.to_owned()),
            "{body}: {}",
            got.text
        );
        let named = got.json()["fields"][0]["path"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert_eq!(named, field, "{body}: {}", got.text);
    }
    assert!(bed.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_body_is_declared_and_bounded() {
    let bed = Bed::new();
    let mut request = call(Method::POST, "admin", "/try/things", Body::from("{}"));
    request
        .headers_mut()
        .insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(
        bed.send(request).await.problem(),
        (415, "unsupported_media_type".to_owned())
    );
    let large = format!("{{\"name\":\"{}\"}}", "a".repeat(1 << 20));
    let got = bed.post("admin", "/try/things", &large).await;
    assert_eq!(got.problem(), (413, "too_large".to_owned()));
    let text = bed.app.all_metrics().text();
    assert!(text.contains("nimbus_api_limited_total{limit=\"body\"} 1"));
}

#[tokio::test]
async fn a_refusal_of_a_machine_is_a_problem() {
    let bed = Bed::new();
    let refusals = [
        (
            Ok(Reply::Tenant(Err(tenant::Refusal::Taken("acme".into())))),
            409,
            "already_exists",
        ),
        (
            Ok(Reply::Tenant(Err(tenant::Refusal::Stale { version: 4 }))),
            412,
            "stale_version",
        ),
        (Err(Unanswered::Overloaded), 429, "overloaded"),
        (Err(Unanswered::Timeout), 504, "timeout"),
        (
            Err(Unanswered::ReadOnly("disk".into())),
            507,
            "storage_full",
        ),
        (Err(Unanswered::Dead("x".into())), 500, "internal"),
        (Err(Unanswered::NotLeader), 503, "not_leader"),
        (Err(Unanswered::Stopping), 503, "unavailable"),
    ];
    for (said, status, code) in refusals {
        *bed.script.lock().unwrap() = said;
        let got = bed.post("admin", "/try/things", r#"{"name":"a"}"#).await;
        assert_eq!(got.problem(), (status, code.to_owned()), "{}", got.text);
        let again = matches!(status, 429 | 503);
        assert_eq!(got.headers.contains_key("retry-after"), again, "{code}");
    }
}

#[tokio::test]
async fn credentials_are_told_apart_from_rights() {
    let bed = Bed::new();
    let nobody = bed.get("", "/try/things/a").await;
    assert_eq!(nobody.problem(), (401, "unauthenticated".to_owned()));
    assert_eq!(nobody.header("www-authenticate"), "Bearer realm=\"nimbus\"");
    assert_eq!(bed.get("mallory", "/healthz").await.status, 401);
    assert_eq!(
        bed.get("acme", "/try/things/a").await.problem(),
        (403, "forbidden".to_owned())
    );
    assert_eq!(bed.get("admin", "/try/things/a").await.status, 200);
}

#[tokio::test]
async fn versions_are_told_matched_and_required() {
    let bed = Bed::new();
    let got = bed.get("admin", "/try/things/a").await;
    assert_eq!(got.header("etag"), "\"3\"");
    let mut again = call(Method::GET, "admin", "/try/things/a", Body::empty());
    again
        .headers_mut()
        .insert("if-none-match", "\"2\", W/\"3\"".parse().unwrap());
    let got = bed.send(again).await;
    assert_eq!((got.status.as_u16(), got.text.as_str()), (304, ""));

    let change = |tag: Option<&str>| {
        let mut request = call(
            Method::PATCH,
            "admin",
            "/try/things/a?force=true",
            Body::from("{}"),
        );
        if let Some(tag) = tag {
            request
                .headers_mut()
                .insert("if-match", tag.parse().unwrap());
        }
        request
    };
    let got = bed.send(change(None)).await;
    assert_eq!(got.problem(), (428, "version_required".to_owned()));
    let got = bed.send(change(Some("W/\"3\""))).await;
    assert_eq!(got.problem(), (412, "stale_version".to_owned()));
    let got = bed.send(change(Some("\"3\""))).await;
    assert_eq!(
        got.json(),
        json!({ "by": "admin", "version": 3, "force": true, "change": {} })
    );
    assert_eq!(
        bed.send(change(Some("*"))).await.json()["version"],
        Value::Null
    );
}

#[tokio::test]
async fn a_trial_asks_nobody() {
    let bed = Bed::new();
    let body = r#"{"name":"a"}"#;
    let got = bed.post("admin", "/try/things?dry_run=true", body).await;
    assert_eq!(
        (got.status.as_u16(), got.header("nimbus-applied")),
        (200, "false")
    );
    let got = bed.post("admin", "/try/things?simulate=90m", body).await;
    assert_eq!(got.json()["horizon"], "1h30m");
    for query in [
        "simulate=soon",
        "simulate=0s",
        "simulate=40d",
        "dry_run=maybe",
        "dry_run=true&simulate=1h",
    ] {
        let got = bed
            .post("admin", &format!("/try/things?{query}"), body)
            .await;
        assert_eq!(got.problem(), (400, "bad_request".to_owned()), "{query}");
    }
    assert!(bed.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_list_is_walked_with_bound_cursors() {
    let bed = Bed::new();
    let first = bed.get("admin", "/try/things?limit=6&kind=x").await.json();
    assert_eq!(first["items"].as_array().unwrap().len(), 6);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = bed
        .get(
            "admin",
            &format!("/try/things?limit=6&kind=x&cursor={cursor}"),
        )
        .await
        .json();
    assert_eq!(rest["items"][0]["id"], 6);
    assert_eq!(rest["next_cursor"], Value::Null);
    let other = bed
        .get("admin", &format!("/try/things?kind=y&cursor={cursor}"))
        .await;
    assert_eq!(other.problem(), (400, "bad_cursor".to_owned()));
    let sorted = bed
        .get(
            "admin",
            &format!("/try/things?kind=x&sort=-name&cursor={cursor}"),
        )
        .await;
    assert_eq!(sorted.problem(), (400, "bad_cursor".to_owned()));
    let made_up = bed.get("admin", "/try/things?cursor=AAAA").await;
    assert_eq!(made_up.problem(), (400, "bad_cursor".to_owned()));
}

#[tokio::test]
async fn a_list_gives_the_fields_that_were_asked_for() {
    let bed = Bed::new();
    let got = bed.get("admin", "/try/things?limit=1&fields=id").await;
    assert_eq!(got.json()["items"], json!([{ "id": 0 }]));
    for query in [
        "limit=0",
        "limit=501",
        "limit=x",
        "sort=colour",
        "fields=price",
        "colour=red",
        "limit=1&limit=2",
        "kind=%00",
    ] {
        let got = bed.get("admin", &format!("/try/things?{query}")).await;
        assert_eq!(got.status, 400, "{query}: {}", got.text);
    }
}

#[tokio::test]
async fn methods_formats_and_absent_paths_are_problems_too() {
    let bed = Bed::new();
    let got = bed
        .send(call(Method::DELETE, "admin", "/try/things", Body::empty()))
        .await;
    assert_eq!(got.problem(), (405, "method_not_allowed".to_owned()));
    assert_eq!(got.header("allow"), "POST,GET,HEAD");
    let got = bed
        .send(call(Method::OPTIONS, "", "/try/things", Body::empty()))
        .await;
    assert_eq!(
        (got.status.as_u16(), got.header("allow")),
        (204, "POST,GET,HEAD")
    );
    let got = bed
        .send(call(Method::HEAD, "admin", "/try/things/a", Body::empty()))
        .await;
    assert_eq!((got.status.as_u16(), got.text.as_str()), (200, ""));
    let mut picture = call(Method::GET, "admin", "/try/things", Body::empty());
    picture
        .headers_mut()
        .insert("accept", "image/png".parse().unwrap());
    assert_eq!(
        bed.send(picture).await.problem(),
        (406, "not_acceptable".to_owned())
    );
    for path in [
        "/nothing",
        "/try/things/a%2Fb",
        "/try/things/%2e%2e",
        "/try//things",
        "/try/things/a%20b",
    ] {
        let got = bed.get("admin", path).await;
        assert_eq!(got.problem(), (404, "not_found".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn a_defect_costs_its_request_and_tells_nothing() {
    let bed = Bed::new();
    let got = bed.get("admin", "/try/panic").await;
    assert_eq!(got.problem(), (500, "internal".to_owned()));
    assert!(!got.text.contains("secret"), "{}", got.text);
    assert_eq!(bed.get("admin", "/try/things/a").await.status, 200);
}

#[tokio::test]
async fn request_ids_are_taken_over_or_made() {
    let bed = Bed::new();
    for (name, value, good) in [
        ("x-request-id", "abc-1", true),
        ("x-request-id", "a b", false),
        (
            "traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            true,
        ),
        (
            "traceparent",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            false,
        ),
    ] {
        let request = Request::builder()
            .uri("/api/v1/version")
            .header(name, value);
        let got = bed.send(request.body(Body::empty()).unwrap()).await;
        let id = got.header("x-request-id");
        assert_eq!(value.contains(id), good, "{value}: {id}");
        assert!(!id.is_empty());
    }
}

#[tokio::test]
async fn whoever_asks_too_often_is_told_when_to_come_back() {
    let limits = Limits {
        rate: 1,
        burst: 3,
        ..Limits::default()
    };
    let bed = Bed::with(limits);
    for left in ["2", "1", "0"] {
        let got = bed.get("admin", "/api/v1/version").await;
        assert_eq!(got.header("ratelimit"), format!("\"principal\";r={left}"));
    }
    let got = bed.get("admin", "/api/v1/version").await;
    assert_eq!(got.problem(), (429, "rate_limited".to_owned()));
    assert_eq!(got.header("retry-after"), "1");
    assert_eq!(bed.get("acme", "/api/v1/version").await.status, 200);
    assert!(
        bed.app
            .all_metrics()
            .text()
            .contains("nimbus_api_limited_total{limit=\"rate\"} 1")
    );
}

#[tokio::test]
async fn only_named_origins_are_answered() {
    let limits = Limits {
        cors: vec!["http://localhost:3000".to_owned(), "*".to_owned()],
        ..Limits::default()
    };
    let bed = Bed::with(limits);
    let from = |origin: &str| {
        let mut request = call(Method::GET, "admin", "/api/v1/version", Body::empty());
        request
            .headers_mut()
            .insert("origin", origin.parse().unwrap());
        request
    };
    let got = bed.send(from("http://localhost:3000")).await;
    assert_eq!(
        got.header("access-control-allow-origin"),
        "http://localhost:3000"
    );
    let got = bed.send(from("http://localhost:4000")).await;
    assert_eq!(got.header("access-control-allow-origin"), "");
}
