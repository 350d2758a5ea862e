//! Tenants over HTTP: shapes, versions, states, bad input.

use serde_json::json;

use crate::harness::Town;

#[tokio::test]
async fn a_tenant_is_made_and_becomes_active_behind_the_answer() {
    let town = Town::new().await;
    let made = town
        .post("/api/v1/tenants", json!({ "name": "My Acme" }))
        .await
        .is(202);
    assert_eq!(made.body["slug"], "my-acme");
    assert_eq!(made.body["namespace"], "nimbus-my-acme");
    // the simulated space may be there by the time that the answer is read
    let status = made.body["status"].as_str();
    assert!(
        matches!(status, Some("provisioning" | "active")),
        "{status:?}"
    );
    assert_eq!(
        made.header("location"),
        format!("/api/v1/tenants/{}", made.id())
    );
    let operation = made.header("operation-location").to_owned();
    assert!(
        operation.starts_with("/api/v1/operations/op-"),
        "{operation}"
    );
    town.wait(5).await;
    let found = town.get("/api/v1/tenants/my-acme").await.is(200);
    assert_eq!(found.body["status"], "active");
    assert_eq!(found.body["plan"], "metered");
    let quota = json!({ "cpu_m": 2000, "memory_mb": 4096, "pods": 10, "gpu": 0, "storage_gb": 0, "instances": 0 });
    assert_eq!(found.body["quota"], quota);
    let fields = [
        "cluster_id",
        "created_at",
        "id",
        "isolation",
        "labels",
        "last_error",
        "name",
        "namespace",
        "observed_at",
        "organization_id",
        "plan",
        "quota",
        "slug",
        "status",
        "suspend_reason",
        "updated_at",
        "used",
        "version",
    ];
    let mut keys = found.keys();
    keys.sort_unstable();
    assert_eq!(keys, fields);
    let by_id = town.get(&format!("/tenants/{}", found.id())).await.is(200);
    assert_eq!(by_id.body, found.body);
    let ended = town.get(&operation).await.is(200);
    assert_eq!(ended.body["state"], "succeeded");
}

#[tokio::test]
async fn seed_paths_answer_as_the_seed_does() {
    let town = Town::new().await;
    town.post("/tenants", json!({ "name": "acme" }))
        .await
        .is(202);
    let listed = town.get("/tenants").await.is(200);
    let names = listed
        .body
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["slug"].as_str().unwrap());
    assert!(names.collect::<Vec<_>>().contains(&"acme"));
    town.delete("/tenants/acme").await.is(202);
}

#[tokio::test]
async fn a_patch_needs_the_version_that_was_read() {
    let town = Town::acme().await;
    let path = "/api/v1/tenants/acme";
    let body = json!({ "name": "Acme Inc.", "labels": { "team": "blue" } }).to_string();
    let none = town
        .send("PATCH", path, &[], Some(body.clone()))
        .await
        .is(428);
    assert_eq!(none.body["code"], "version_required");
    let read = town.get(path).await.is(200);
    let tag = read.header("etag").to_owned();
    let version = read.body["version"].to_string();
    assert!(tag.starts_with(&format!("\"{version}.")), "{tag}");
    let known = town
        .send("GET", path, &[("if-none-match", &tag)], None)
        .await;
    assert_eq!(known.status, 304);
    let done = town
        .send("PATCH", path, &[("if-match", &tag)], Some(body.clone()))
        .await
        .is(200);
    assert_eq!(done.body["name"], "Acme Inc.");
    assert_eq!(done.body["labels"], json!({ "team": "blue" }));
    let stale = town
        .send("PATCH", path, &[("if-match", &tag)], Some(body))
        .await
        .is(412);
    assert_eq!(stale.body["code"], "stale_version");
    let bare = format!("\"{}\"", done.body["version"]);
    let taken = json!({ "labels": { "team": null } }).to_string();
    let done = town
        .send("PATCH", path, &[("if-match", &bare)], Some(taken))
        .await
        .is(200);
    assert_eq!(done.body["labels"], json!({}));
    assert_eq!(done.body["name"], "Acme Inc.");
}

#[tokio::test]
async fn a_quota_below_use_needs_force() {
    let town = Town::acme().await;
    let service = json!({ "name": "web", "image": "nginx", "cpu_limit": "500m", "replicas": 2 });
    town.post("/api/v1/apps/shop/services", service)
        .await
        .is(201);
    let lower = json!({ "quota": { "cpu_m": 600 } });
    let refused = town.patch("/api/v1/tenants/acme", lower).await.is(409);
    assert_eq!(refused.body["code"], "in_use");
    let forced = json!({ "quota": { "cpu_m": 600 }, "force": true });
    let done = town.patch("/api/v1/tenants/acme", forced).await.is(200);
    assert_eq!(done.body["quota"]["cpu_m"], 600);
    assert_eq!(done.body["quota"]["memory_mb"], 4096);
    let quota = town.get("/api/v1/tenants/acme/quota").await.is(200);
    assert_eq!(quota.body["used"]["cpu_m"], 1000);
    assert_eq!(quota.body["apps"][0]["used"]["pods"], 2);
}

#[tokio::test]
async fn a_tenant_is_suspended_resumed_and_deleted_once() {
    let town = Town::acme().await;
    let path = "/api/v1/tenants/acme";
    let body = json!({ "reason": "unpaid" });
    let suspended = town
        .post(&format!("{path}/suspend"), body.clone())
        .await
        .is(202);
    assert_eq!(suspended.body["status"], "suspended");
    assert_eq!(suspended.body["suspend_reason"], "unpaid");
    town.post(&format!("{path}/suspend"), body).await.is(409);
    let resumed = town
        .send("POST", &format!("{path}/resume"), &[], None)
        .await
        .is(202);
    assert_eq!(resumed.body["status"], "active");
    let id = resumed.id();
    // again by id, since the slug is free as soon as the tenant is gone
    let first = town.delete(path).await.is(202);
    // the simulated space may be gone by the time that the answer is read
    let status = first.body["status"].as_str();
    assert!(matches!(status, Some("deleting" | "gone")), "{status:?}");
    let again = town.delete(&format!("/api/v1/tenants/{id}")).await.is(202);
    assert_eq!(
        first.header("operation-location"),
        again.header("operation-location")
    );
    town.wait(60).await;
    town.get(path).await.is(404);
    town.get(&format!("/api/v1/tenants/{id}")).await.is(404);
    town.post("/api/v1/tenants", json!({ "name": "acme" }))
        .await
        .is(202);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table: what is refused, and how")]
async fn bad_input_is_refused_with_the_field() {
    let town = Town::acme().await;
    let long = "x".repeat(101);
    let table = [
        (json!({}), 422, "invalid", vec!["name"]),
        (json!({ "name": 7 }), 422, "invalid", vec!["name"]),
        (json!({ "name": "" }), 422, "invalid", vec!["slug"]),
        (json!({ "name": "___" }), 422, "invalid", vec!["slug"]),
        (
            json!({ "name": long, "slug": "long" }),
            422,
            "invalid",
            vec!["name"],
        ),
        (json!({ "name": "a\u{7}" }), 422, "invalid", vec!["name"]),
        (
            json!({ "name": "a", "status": "active" }),
            400,
            "unknown_field",
            vec!["status"],
        ),
        (
            json!({ "name": "a", "slug": "-a" }),
            422,
            "invalid",
            vec!["slug"],
        ),
        (json!({ "name": "admin" }), 422, "invalid", vec!["slug"]),
        (json!({ "name": "kube-x" }), 422, "invalid", vec!["slug"]),
        (
            json!({ "name": "acme" }),
            409,
            "already_exists",
            vec!["slug"],
        ),
        (
            json!({ "name": "a", "plan": "gold" }),
            422,
            "invalid",
            vec!["plan"],
        ),
        (
            json!({ "name": "a", "isolation": "dedicated" }),
            403,
            "tier_limit",
            vec!["isolation"],
        ),
        (
            json!({ "name": "a", "isolation": "total" }),
            422,
            "invalid",
            vec!["isolation"],
        ),
        (
            json!({ "name": "a", "quota": { "gpu": 1 } }),
            422,
            "invalid",
            vec!["quota.gpu"],
        ),
        (
            json!({ "name": "a", "quota": { "cpu_m": -1 } }),
            422,
            "invalid",
            vec!["quota.cpu_m"],
        ),
        (
            json!({ "name": "a", "quota": { "cpu_m": 1_000_000_001_u64 } }),
            422,
            "invalid",
            vec!["quota.cpu_m"],
        ),
        (
            json!({ "name": "a", "quota": { "cpu": 1 } }),
            400,
            "unknown_field",
            vec!["quota.cpu"],
        ),
        (
            json!({ "name": "a", "labels": { "-": "v" } }),
            422,
            "invalid",
            vec!["labels.-"],
        ),
        (
            json!({ "name": "a", "organization_id": "nobody" }),
            404,
            "not_found",
            vec![],
        ),
    ];
    for (body, status, code, fields) in table {
        let got = town.post("/api/v1/tenants", body).await.is(status);
        got.names(code, &fields);
    }
    for text in ["", "{", "[]", "null", "{\"name\":\"a\",\"name\":\"b\"}"] {
        let got = town
            .send("POST", "/api/v1/tenants", &[], Some(text.to_owned()))
            .await;
        assert!(matches!(got.status, 400 | 422), "{text}: {:?}", got.body);
    }
    town.get("/api/v1/tenants/nobody").await.is(404);
    town.patch("/api/v1/tenants/nobody", json!({}))
        .await
        .is(404);
    let only = town
        .post("/api/v1/tenants?dry_run=true", json!({ "name": "dry" }))
        .await
        .is(200);
    assert_eq!(only.header("nimbus-applied"), "false");
    assert_eq!(only.body["applied"], false);
    town.post("/api/v1/tenants?dry_run=true", json!({ "name": "acme" }))
        .await
        .is(409);
    town.get("/api/v1/tenants/dry").await.is(404);
}
