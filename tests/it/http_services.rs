//! Apps and services over HTTP: shapes, defaults, revisions, rollouts, quota, bad input.

use serde_json::{Value, json};

use crate::harness::{Got, Town};

/// With a service `web` of two replicas that is ready.
async fn web() -> Town {
    let town = Town::acme().await;
    let body = json!({
        "name": "web", "image": "nginx:alpine", "replicas": 2, "port": 80,
        "cpu_limit": "100m", "memory_limit": "64Mi", "env": { "K": "V" },
    });
    town.post("/api/v1/apps/shop/services", body).await.is(201);
    town.wait(120).await;
    town
}

const WEB: &str = "/api/v1/services/shop-web";

async fn status(town: &Town) -> Got {
    town.get(&format!("{WEB}/status")).await.is(200)
}

#[tokio::test]
async fn the_lines_of_seed_1_work_as_printed() {
    let town = Town::acme().await;
    let app = json!({ "name": "myapp", "description": "my first app", "tenant_id": "acme" });
    let app = town.post("/api/v1/apps", app).await.is(201);
    assert_eq!(app.header("location"), format!("/api/v1/apps/{}", app.id()));
    let body = json!({
        "name": "api", "image": "nginx:alpine", "replicas": 3, "port": 80,
        "cpu_limit": "100m", "memory_limit": "128Mi",
    });
    let path = format!("/api/v1/apps/{}/services", app.id());
    let made = town.post(&path, body).await.is(201);
    for (field, value) in [
        ("name", json!("api")),
        ("image", json!("nginx:alpine")),
        ("port", json!(80)),
        ("replicas", json!(3)),
        ("cpu_limit", json!("100m")),
        ("cpu_request", json!("100m")),
        ("memory_limit", json!("128Mi")),
        ("memory_request", json!("128Mi")),
        ("current_revision", json!(1)),
        ("pinned", Value::Null),
        ("autoscale", Value::Null),
        ("last_error", Value::Null),
        ("version", json!(1)),
    ] {
        assert_eq!(made.body[field], value, "{field}");
    }
    let service = format!("/api/v1/services/{}", made.id());
    let scaled = town
        .put(&format!("{service}/scale"), json!({ "replicas": 5 }))
        .await
        .is(200);
    assert_eq!(scaled.body["replicas"], 5);
    town.wait(120).await;
    let status = town.get(&format!("{service}/status")).await.is(200);
    assert_eq!(
        (&status.body["status"], &status.body["ready"]),
        (&json!("ready"), &json!(5))
    );
    assert_eq!(status.body["pods"].as_array().unwrap().len(), 5);
    let known = [("if-none-match", status.header("etag"))];
    let same = town
        .send("GET", &format!("{service}/status"), &known, None)
        .await;
    assert_eq!(same.status, 304);
    let lines = town.get(&format!("{service}/logs?tail=5")).await.is(200);
    assert_eq!(lines.body["items"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn what_is_left_out_has_its_default() {
    let town = Town::acme().await;
    let made = town
        .post(
            "/api/v1/apps/shop/services",
            json!({ "name": "a", "image": "x" }),
        )
        .await
        .is(201);
    let sizes = |body: &Value| {
        ["cpu_request", "cpu_limit", "memory_request", "memory_limit"].map(|f| body[f].clone())
    };
    assert_eq!(
        sizes(&made.body),
        ["100m", "500m", "128Mi", "512Mi"].map(Value::from)
    );
    assert_eq!(
        (&made.body["replicas"], &made.body["port"]),
        (&json!(1), &Value::Null)
    );
    let typed = json!({ "name": "b", "image": "x", "instance_type": "nano" });
    let made = town.post("/api/v1/apps/shop/services", typed).await.is(201);
    assert_eq!(
        sizes(&made.body),
        ["500m", "500m", "256Mi", "256Mi"].map(Value::from)
    );
}

#[tokio::test]
async fn a_changed_field_makes_a_revision_and_the_same_one_none() {
    let town = web().await;
    let same = town
        .patch(WEB, json!({ "image": "nginx:alpine" }))
        .await
        .is(200);
    assert_eq!(same.body["current_revision"], 1);
    let env = json!({ "env": { "K": null, "L": "M" }, "cpu_limit": "200m" });
    let changed = town.patch(WEB, env).await.is(202);
    assert_eq!(changed.body["current_revision"], 2);
    assert!(
        changed
            .header("operation-location")
            .starts_with("/api/v1/operations/op-")
    );
    town.wait(120).await;
    assert_eq!(status(&town).await.body["status"], "ready");
    let diff = town.get(&format!("{WEB}/revisions/1/diff/2")).await.is(200);
    let fields: Vec<&str> = diff.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|item| item["field"].as_str())
        .collect();
    assert_eq!(fields, ["env.K", "env.L", "resources.cpu_limit_m"]);
    let revisions = town.get(&format!("{WEB}/revisions")).await.is(200);
    let phases: Vec<(&Value, &Value)> = revisions.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (&item["number"], &item["phase"]))
        .collect();
    let expected = (json!(2), json!(1), json!("active"), json!("superseded"));
    assert_eq!(
        phases,
        [(&expected.0, &expected.2), (&expected.1, &expected.3)]
    );
    let one = town.get(&format!("{WEB}/revisions/1")).await.is(200);
    assert_eq!(one.body["created_by"], "admin");
    assert_eq!(one.body["env"], json!({ "K": "V" }));
    town.get(&format!("{WEB}/revisions/9")).await.is(404);
}

#[tokio::test]
async fn a_rollback_pins_until_it_is_unpinned() {
    let town = web().await;
    let to = |n: u32| json!({ "to": n });
    let path = format!("{WEB}/rollback");
    town.post(&path, to(9))
        .await
        .is(422)
        .names("invalid", &["to"]);
    town.post(&path, to(1)).await.is(409);
    town.patch(WEB, json!({ "image": "nginx:2" })).await.is(202);
    town.wait(120).await;
    let rollout = town.post(&path, json!({})).await.is(202);
    assert_eq!(
        (&rollout.body["revision"], &rollout.body["cause"]),
        (&json!(3), &json!("rollback"))
    );
    town.wait(120).await;
    let service = town.get(WEB).await.is(200);
    assert_eq!(service.body["image"], "nginx:alpine");
    assert_eq!(service.body["pinned"]["revision"], 3);
    assert_eq!(service.body["pinned"]["by"], "admin");
    let free = town
        .send("POST", &format!("{WEB}/unpin"), &[], None)
        .await
        .is(200);
    assert_eq!(free.body["pinned"], Value::Null);
}

#[tokio::test]
async fn a_rollout_is_paused_and_goes_on() {
    let town = web().await;
    let rollout = town
        .send("POST", &format!("{WEB}/restart"), &[], None)
        .await
        .is(202);
    let path = format!("/api/v1/rollouts/{}", rollout.id());
    let paused = town
        .send("POST", &format!("{path}/pause"), &[], None)
        .await
        .is(200);
    assert_eq!(paused.body["paused"], true);
    let resumed = town
        .send("POST", &format!("{path}/resume"), &[], None)
        .await
        .is(200);
    assert_eq!(resumed.body["paused"], false);
    town.wait(120).await;
    town.send("POST", &format!("{path}/pause"), &[], None)
        .await
        .is(409);
    let listed = town.get(&format!("{WEB}/rollouts")).await.is(200);
    let states: Vec<&str> = listed.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|item| item["state"].as_str())
        .collect();
    assert_eq!(states, ["complete", "complete"]);
    let unknown = "/api/v1/rollouts/rol-00000000000000000000000000/pause";
    town.send("POST", unknown, &[], None).await.is(404);
}

#[tokio::test]
async fn a_policy_bounds_the_replicas() {
    let town = web().await;
    let path = format!("{WEB}/autoscale");
    let set = town.put(&path, json!({ "min": 3, "max": 4 })).await.is(200);
    assert_eq!(
        (&set.body["replicas"], &set.body["autoscale"]["max"]),
        (&json!(3), &json!(4))
    );
    let scaled = town
        .put(&format!("{WEB}/scale"), json!({ "replicas": 9 }))
        .await
        .is(422);
    scaled.names("out_of_bounds", &["replicas"]);
    let flaps = json!({ "min": 1, "max": 2, "up": 40, "down": 39 });
    let refused = town.put(&path, flaps.clone()).await.is(422);
    refused.names("unstable_policy", &["autoscale"]);
    town.put(&format!("{path}?allow_unstable=true"), flaps)
        .await
        .is(200);
    town.put(&path, json!({ "up": 0 }))
        .await
        .is(422)
        .names("invalid", &["up"]);
    town.put(&path, json!({ "period": "soon" }))
        .await
        .is(422)
        .names("invalid", &["period"]);
    let gone = town.delete(&path).await.is(200);
    assert_eq!(gone.body["autoscale"], Value::Null);
}

#[tokio::test]
async fn an_apps_quota_stops_its_services_and_no_others() {
    let town = web().await;
    let set = town
        .patch("/api/v1/apps/shop", json!({ "quota": { "pods": 2 } }))
        .await
        .is(200);
    assert_eq!(
        set.body["quota"],
        json!({ "cpu_m": null, "memory_mb": null, "pods": 2 })
    );
    let refused = town
        .put(&format!("{WEB}/scale"), json!({ "replicas": 3 }))
        .await
        .is(403);
    assert_eq!(refused.body["code"], "quota_exceeded");
    assert_eq!(refused.body["detail"], "pods: 1 asked, 0 left");
    let below = town
        .patch("/api/v1/apps/shop", json!({ "quota": { "pods": 1 } }))
        .await
        .is(409);
    assert_eq!(below.body["code"], "in_use");
    town.patch("/api/v1/apps/shop", json!({ "quota": null }))
        .await
        .is(200);
    town.put(&format!("{WEB}/scale"), json!({ "replicas": 3 }))
        .await
        .is(200);
}

#[tokio::test]
async fn an_app_is_deleted_with_its_services() {
    let town = web().await;
    let taken = json!({ "name": "Shop", "tenant_id": "acme" });
    town.post("/api/v1/apps", taken.clone())
        .await
        .is(409)
        .names("already_exists", &["name"]);
    let again = json!({ "name": "web", "image": "x" });
    let again = town.post("/api/v1/apps/shop/services", again).await.is(409);
    again.names("already_exists", &["name"]);
    let gone = town.delete("/api/v1/apps/shop").await.is(202);
    assert_eq!(gone.body["status"], "deleting");
    town.wait(120).await;
    town.get("/api/v1/apps/shop").await.is(404);
    town.get(WEB).await.is(404);
    let late = json!({ "name": "late", "image": "x" });
    town.post("/api/v1/apps/shop/services", late).await.is(404);
    town.post("/api/v1/apps", taken).await.is(201);
}

#[tokio::test]
async fn a_stale_version_changes_nothing() {
    let town = web().await;
    let old = [("if-match", "\"1\"")];
    let body = json!({ "replicas": 3 }).to_string();
    town.send("PUT", &format!("{WEB}/scale"), &old, Some(body))
        .await
        .is(412);
    town.send("DELETE", WEB, &old, None).await.is(412);
    town.send("PATCH", WEB, &old, Some("{}".to_owned()))
        .await
        .is(412);
    town.send("PATCH", WEB, &[], Some("{}".to_owned()))
        .await
        .is(428);
    assert_eq!(town.get(WEB).await.is(200).body["replicas"], 2);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table: what is refused, and how")]
async fn bad_input_is_refused_with_all_fields() {
    let town = Town::acme().await;
    let with = |extra: Value| {
        let mut body = json!({ "name": "api", "image": "nginx" });
        for (key, value) in extra.as_object().unwrap() {
            body[key] = value.clone();
        }
        body
    };
    let table = [
        (json!({ "name": "API" }), 422, "invalid", vec!["name"]),
        (json!({ "image": "" }), 422, "invalid", vec!["image"]),
        (json!({ "image": "a b" }), 422, "invalid", vec!["image"]),
        (json!({ "replicas": -1 }), 422, "invalid", vec!["replicas"]),
        (json!({ "replicas": "3" }), 422, "invalid", vec!["replicas"]),
        (
            json!({ "replicas": 1001 }),
            422,
            "out_of_bounds",
            vec!["replicas"],
        ),
        (
            json!({ "replicas": 4_294_967_296_u64 }),
            422,
            "invalid",
            vec!["replicas"],
        ),
        (json!({ "replicas": 11 }), 403, "quota_exceeded", vec![]),
        (json!({ "port": 0 }), 422, "invalid", vec!["port"]),
        (
            json!({ "port": 80, "ports": [{ "port": 81 }] }),
            422,
            "invalid",
            vec!["port"],
        ),
        (
            json!({ "ports": [{ "port": 80 }, { "port": 80 }] }),
            422,
            "invalid",
            vec!["ports[1].port"],
        ),
        (
            json!({ "ports": [{ "port": 80, "protocol": "icmp" }] }),
            422,
            "invalid",
            vec!["ports[0].protocol"],
        ),
        (
            json!({ "cpu_limit": "x" }),
            422,
            "invalid",
            vec!["cpu_limit"],
        ),
        (
            json!({ "cpu_limit": "0" }),
            422,
            "invalid",
            vec!["cpu_limit"],
        ),
        (
            json!({ "cpu_limit": "100m", "cpu_request": "200m" }),
            422,
            "invalid",
            vec!["cpu_request"],
        ),
        (
            json!({ "instance_type": "nano", "cpu_limit": "1" }),
            422,
            "invalid",
            vec!["cpu_limit"],
        ),
        (
            json!({ "instance_type": "mega" }),
            422,
            "invalid",
            vec!["instance_type"],
        ),
        (json!({ "gpu": 1 }), 422, "invalid", vec!["gpu"]),
        (json!({ "arch": "mips" }), 422, "invalid", vec!["arch"]),
        (
            json!({ "env": { "1A": "x" } }),
            422,
            "invalid",
            vec!["env.1A"],
        ),
        (json!({ "env": { "A": 1 } }), 422, "invalid", vec!["env.A"]),
        (
            json!({ "secrets": ["A", "A"] }),
            422,
            "invalid",
            vec!["secrets[1]"],
        ),
        (
            json!({ "health_check": { "path": "x" } }),
            422,
            "invalid",
            vec!["health_check.path"],
        ),
        (
            json!({ "health_check": { "path": "/", "period": "0s" } }),
            422,
            "invalid",
            vec!["health_check.period"],
        ),
        (
            json!({ "config_files": [{ "path": "/a/../b", "content": "" }] }),
            422,
            "invalid",
            vec!["config_files[0].path"],
        ),
        (
            json!({ "constraints": { "-": "x" } }),
            422,
            "invalid",
            vec!["constraints.-"],
        ),
        (
            json!({ "autoscale": { "min": 0 } }),
            422,
            "invalid",
            vec!["autoscale.min"],
        ),
        (
            json!({ "autoscale": { "algorithm": "magic" } }),
            422,
            "invalid",
            vec!["autoscale.algorithm"],
        ),
        (
            json!({ "status": "ready" }),
            400,
            "unknown_field",
            vec!["status"],
        ),
        (
            json!({ "name": "A", "image": "", "gpu": 2 }),
            422,
            "invalid",
            vec!["name", "image", "gpu"],
        ),
    ];
    for (extra, status, code, fields) in table {
        let body = with(extra);
        let got = town
            .post("/api/v1/apps/shop/services", body)
            .await
            .is(status);
        got.names(code, &fields);
    }
    let listed = town.get("/api/v1/apps/shop/services").await.is(200);
    assert_eq!(listed.body, json!({ "items": [], "next_cursor": null }));
    let patch = json!({ "nonsense": 1 });
    town.post("/api/v1/apps/shop/services", with(json!({})))
        .await
        .is(201);
    let api = "/api/v1/services/shop-api";
    town.patch(api, patch)
        .await
        .is(400)
        .names("unknown_field", &["nonsense"]);
    town.patch(api, json!({ "name": "other" }))
        .await
        .is(422)
        .names("invalid", &["name"]);
    town.patch(api, json!([])).await.is(422);
    town.get("/api/v1/services/shop-api/logs?tail=10001")
        .await
        .is(400)
        .names("bad_request", &["tail"]);
    town.get("/api/v1/services/nobody").await.is(404);
}
