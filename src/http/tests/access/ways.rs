//! Ways in and out: tokens for keys, keys made and taken back, tickets, signing out, the first minute.

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

use super::super::Got;
use super::town::{ACME, GLOBEX, Town};
use crate::auth::BOOTSTRAP_FILE;
use crate::store::{AuditFilter, Page, Visible};

async fn token(town: &Town, body: Value, header: Option<String>) -> Got {
    let mut request = Request::builder().method(Method::POST).uri("/auth/token");
    request = request.header("content-type", "application/json");
    if let Some(header) = header {
        request = request.header("authorization", header);
    }
    let body = Body::from(body.to_string());
    town.send(request.body(body).unwrap()).await
}

#[tokio::test]
async fn the_seeds_body_alone_is_not_enough() {
    let town = Town::new().await;
    for name in ["admin", "acme", "nobody"] {
        let got = token(
            &town,
            json!({ "tenant_id": name, "tenant_name": name }),
            None,
        )
        .await;
        assert_eq!(got.problem(), (401, "proof_required".to_owned()));
        assert!(got.header("www-authenticate").starts_with("Bearer"));
    }
}

#[tokio::test]
async fn a_key_gives_a_token_wherever_it_stands_in_the_request() {
    use base64::Engine;
    let town = Town::new().await;
    let key = &town.keys.acme;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("acme:{key}"));
    for (body, header) in [
        (
            json!({ "tenant_id": "acme", "tenant_name": "x", "api_key": key }),
            None,
        ),
        (
            json!({ "tenant_id": town.tenant_id(ACME), "secret": key }),
            None,
        ),
        (json!({}), Some(format!("Basic {basic}"))),
        (
            json!({ "tenant_id": "acme" }),
            Some(format!("Bearer {key}")),
        ),
    ] {
        let got = token(&town, body, header).await;
        let answer = got.json();
        assert_eq!(
            (got.status.as_u16(), &answer["expires_in"]),
            (200, &json!(86_400))
        );
        assert_eq!(answer["tenant_id"], json!(town.tenant_id(ACME)));
        assert_eq!(
            (answer["principal"].as_str(), got.header("cache-control")),
            (Some("tenant"), "no-store")
        );
        let who = town
            .get(answer["token"].as_str().unwrap(), "/api/v1/whoami")
            .await
            .json();
        assert_eq!(
            (who["principal"].as_str(), who["kind"].as_str()),
            (Some("tenant:acme"), Some("tenant"))
        );
    }
    let body = json!({ "tenant_id": "admin", "api_key": town.keys.admin });
    let answer = token(&town, body, None).await.json();
    assert_eq!(
        (answer["principal"].as_str(), &answer["tenant_id"]),
        (Some("admin"), &Value::Null)
    );
}

#[tokio::test]
async fn all_failures_are_one_answer_and_five_a_minute_are_free() {
    let town = Town::new().await;
    let (acme, globex) = (&town.keys.acme, &town.keys.globex);
    let mut wrong = acme.clone();
    wrong.replace_range(55.., if acme.ends_with('A') { "B" } else { "A" });
    let mut texts = Vec::new();
    for (name, key) in [
        ("acme", globex),
        ("acme", &wrong),
        ("nobody", acme),
        ("admin", acme),
        ("globex", &"x".to_owned()),
    ] {
        let got = token(&town, json!({ "tenant_id": name, "api_key": key }), None).await;
        let mut body = got.json();
        body["request_id"] = Value::Null;
        texts.push((got.status.as_u16(), body.to_string()));
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(texts[0].1.contains("invalid_credentials"));
    for _ in 0..3 {
        token(&town, json!({ "tenant_id": "acme", "api_key": "x" }), None).await;
    }
    let got = token(&town, json!({ "tenant_id": "acme", "api_key": acme }), None).await;
    assert_eq!(got.problem(), (429, "rate_limited".to_owned()));
    assert!((1..=60).contains(&got.header("retry-after").parse::<u32>().unwrap()));
    town.turned.store(61, Ordering::Relaxed);
    let got = token(&town, json!({ "tenant_id": "acme", "api_key": acme }), None).await;
    assert_eq!(got.status.as_u16(), 200);
}

#[tokio::test]
async fn a_key_that_is_taken_back_ends_its_tokens_with_the_next_request() {
    let town = Town::new().await;
    let issued = town.token("acme", &town.keys.viewer).await;
    let list = town.get(&town.keys.acme, "/api/v1/api-keys").await.json();
    let viewer = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["role"] == "viewer")
        .unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 3, "{list}");
    let path = format!("/api/v1/api-keys/{}", viewer["id"].as_str().unwrap());
    assert_eq!(
        town.get(&issued, "/api/v1/whoami").await.status.as_u16(),
        200
    );
    let delete = |credential: &str| {
        let request = super::super::call(Method::DELETE, credential, &path, Body::empty());
        town.send(request)
    };
    assert_eq!(
        delete(&town.keys.globex).await.problem(),
        (404, "not_found".to_owned())
    );
    assert_eq!(
        delete(&town.keys.developer).await.problem(),
        (403, "forbidden".to_owned())
    );
    assert_eq!(delete(&town.keys.acme).await.status.as_u16(), 204);
    for credential in [&issued, &town.keys.viewer] {
        let got = town.get(credential, "/api/v1/whoami").await;
        assert_eq!(got.problem(), (401, "unauthenticated".to_owned()));
    }
    assert_eq!(delete(&town.keys.acme).await.status.as_u16(), 204);
}

#[tokio::test]
async fn two_keys_live_while_one_takes_over_from_the_other() {
    let town = Town::new().await;
    let make = |body: Value| {
        let text = body.to_string();
        let (town, key) = (&town, &town.keys.acme);
        async move { town.post(key, "/api/v1/api-keys", &text).await }
    };
    let second = make(json!({ "name": "next" })).await;
    assert_eq!(second.status.as_u16(), 201);
    let key = second.json()["key"].as_str().unwrap().to_owned();
    assert_eq!(
        town.get(&key, "/api/v1/whoami").await.json()["kind"],
        "api_key"
    );
    assert_eq!(
        make(json!({ "name": "third" })).await.problem(),
        (409, "state_conflict".to_owned())
    );
    let narrow = make(json!({ "name": "bills", "role": "viewer", "scopes": ["deployments:read"], "expires_in_days": 1 })).await;
    let narrow = narrow.json();
    let key = narrow["key"].as_str().unwrap();
    let who = town.get(key, "/api/v1/whoami").await.json();
    assert_eq!(
        who["permissions"],
        json!([
            "app:read",
            "service:read",
            "logs:read",
            "decision:read",
            "policy:read"
        ])
    );
    town.turned.store(25 * 3_600, Ordering::Relaxed);
    assert_eq!(town.get(key, "/api/v1/whoami").await.status.as_u16(), 401);
}

#[tokio::test]
async fn nobody_makes_a_key_above_himself() {
    let town = Town::new().await;
    let body = json!({ "name": "x", "tenant_id": town.tenant_id(GLOBEX) }).to_string();
    let path = "/api/v1/api-keys";
    assert_eq!(
        town.post(&town.keys.acme, path, &body).await.problem(),
        (404, "not_found".to_owned())
    );
    let body = json!({ "name": "x" }).to_string();
    for key in [&town.keys.viewer, &town.keys.developer] {
        assert_eq!(
            town.post(key, path, &body).await.problem(),
            (403, "forbidden".to_owned())
        );
    }
    for (body, field) in [
        (json!({ "name": "" }), "name"),
        (json!({ "name": "x", "role": "platform_admin" }), "role"),
        (json!({ "name": "x", "kind": "hmac" }), "kind"),
        (json!({ "name": "x", "scopes": ["all"] }), "scopes"),
        (
            json!({ "name": "x", "expires_in_days": 0 }),
            "expires_in_days",
        ),
    ] {
        let got = town.post(&town.keys.acme, path, &body.to_string()).await;
        assert_eq!(
            (
                got.status.as_u16(),
                got.json()["fields"][0]["path"].as_str()
            ),
            (422, Some(field))
        );
    }
}

#[tokio::test]
async fn whoever_signs_out_is_out_alone() {
    let town = Town::new().await;
    let (one, other) = (
        town.token("acme", &town.keys.acme).await,
        town.token("acme", &town.keys.acme).await,
    );
    assert_eq!(
        town.post(&one, "/api/v1/auth/logout", "")
            .await
            .status
            .as_u16(),
        204
    );
    assert_eq!(town.get(&one, "/api/v1/whoami").await.status.as_u16(), 401);
    assert_eq!(
        town.get(&other, "/api/v1/whoami").await.status.as_u16(),
        200
    );
    // another process learns it from the store
    town.turned.store(2, Ordering::Relaxed);
    assert_eq!(town.get(&one, "/api/v1/whoami").await.status.as_u16(), 401);
}

#[tokio::test]
async fn a_raised_version_ends_all_tokens_of_a_tenant_within_a_second() {
    let town = Town::new().await;
    let issued = town.token("acme", &town.keys.acme).await;
    assert_eq!(
        town.get(&issued, "/api/v1/whoami").await.status.as_u16(),
        200
    );
    town.store
        .raise_token_version(&town.tenant_id(ACME))
        .unwrap();
    town.turned.store(1, Ordering::Relaxed);
    assert_eq!(
        town.get(&issued, "/api/v1/whoami").await.problem(),
        (401, "unauthenticated".to_owned())
    );
    let issued = town.token("acme", &town.keys.acme).await;
    assert_eq!(
        town.get(&issued, "/api/v1/whoami").await.status.as_u16(),
        200
    );
}

#[tokio::test]
async fn an_expired_token_is_told_so_and_a_ticket_serves_once() {
    let town = Town::new().await;
    let expired = town.expired().await;
    assert_eq!(
        town.get(&expired, "/api/v1/whoami").await.problem(),
        (401, "token_expired".to_owned())
    );
    let body = json!({ "path": "/api/v1/billing/plans" }).to_string();
    let ticket = town
        .post(&town.keys.acme, "/api/v1/stream-tickets", &body)
        .await;
    let ticket = ticket.json()["ticket"].as_str().unwrap().to_owned();
    let other = format!("/api/v1/whoami?ticket={ticket}");
    assert_eq!(town.get("", &other).await.status.as_u16(), 401);
    for path in [
        "/api/v1/billing/plans?token=x",
        "/api/v1/billing/plans?access_token=x",
    ] {
        assert_eq!(town.get("", path).await.status.as_u16(), 401, "{path}");
    }
}

#[tokio::test]
async fn the_first_key_is_made_once_and_kept_from_others() {
    use std::os::unix::fs::PermissionsExt;
    let town = Town::new().await;
    assert!(town.access.bootstrap(town.folder.path()).unwrap().is_none());
    let file = town.folder.path().join(BOOTSTRAP_FILE);
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(
        std::fs::read_to_string(file).unwrap().trim(),
        town.keys.admin
    );
    let who = town.get(&town.keys.admin, "/api/v1/whoami").await.json();
    assert_eq!(
        who["permissions"].as_array().unwrap().len(),
        nimbus_core::access::Permission::ALL.len()
    );
}

#[tokio::test]
async fn whoever_tries_the_service_needs_no_proof_there_and_nowhere_else() {
    let town = Town::with(true).await;
    let got = token(
        &town,
        json!({ "tenant_id": "acme", "tenant_name": "acme" }),
        None,
    )
    .await;
    assert_eq!(
        (got.status.as_u16(), &got.json()["expires_in"]),
        (200, &json!(3_600))
    );
    assert!(
        got.header("nimbus-warning")
            .starts_with("given without proof")
    );
    let issued = got.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(
        town.get(&issued, "/api/v1/whoami").await.json()["principal"],
        "tenant:acme"
    );
    let admin = token(
        &town,
        json!({ "tenant_id": "admin", "tenant_name": "admin" }),
        None,
    )
    .await;
    assert_eq!(admin.json()["principal"], "admin");
    assert_eq!(
        token(&town, json!({ "tenant_id": "nobody" }), None)
            .await
            .status
            .as_u16(),
        401
    );
    // the same key signs elsewhere, where such a token serves nothing
    let elsewhere = Town::new().await;
    assert_eq!(
        elsewhere
            .get(&issued, "/api/v1/whoami")
            .await
            .status
            .as_u16(),
        401
    );
}

#[tokio::test]
async fn who_came_in_and_who_did_not_stands_in_the_audit_log() {
    let town = Town::new().await;
    town.token("acme", &town.keys.acme).await;
    token(&town, json!({ "tenant_id": "acme", "api_key": "x" }), None).await;
    let filter = AuditFilter {
        action: Some("token.issue".to_owned()),
        ..AuditFilter::default()
    };
    let found = town
        .store
        .audit(&Visible::All, &filter, &Page::first(10))
        .unwrap()
        .items;
    let mut outcomes: Vec<&str> = found.iter().map(|entry| &*entry.row.outcome).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["invalid_credentials", "ok"]);
    assert!(found.iter().all(|entry| !entry.row.data.contains("nbk_")));
    let verdict = town.store.verify_audit(&Visible::All).unwrap();
    assert_eq!((verdict.broken, verdict.entries >= 6), (None, true));
}

#[tokio::test]
async fn nothing_that_is_kept_or_told_holds_a_whole_key() {
    let town = Town::new().await;
    for key in [&town.keys.acme, &town.keys.admin, &town.keys.viewer] {
        let secret = &key[13..];
        let list = town.get(&town.keys.admin, "/api/v1/api-keys").await.text;
        assert!(!list.contains(secret));
        for name in ["nimbus.db", "nimbus.db-wal"] {
            let bytes = std::fs::read(town.folder.path().join(name)).unwrap_or_default();
            let found = bytes
                .windows(20)
                .any(|part| part == &secret.as_bytes()[..20]);
            assert!(!found, "{name}");
        }
    }
}
