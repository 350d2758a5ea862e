//! Scenarios and runs over HTTP: kept, refused with their lines, run to the hash of a replay.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::{Bed, Got};
use crate::http::limits::Limits;
use crate::replay::lab::Lab;

const FLAP: &str = include_str!("../../../scenarios/flap.toml");

fn bed() -> Bed {
    // who waits for a run asks often
    let limits = Limits {
        rate: 0,
        ..Limits::default()
    };
    let bed = Bed::with(limits);
    bed.app.offer_lab(Lab::new(bed.store.clone()));
    bed
}

async fn send(bed: &Bed, who: &str, method: Method, path: &str, version: &str, toml: &str) -> Got {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {who}"))
        .header("content-type", "application/toml")
        .header("if-match", version)
        .body(Body::from(toml.to_owned()));
    bed.send(request.unwrap()).await
}

async fn keep(bed: &Bed, who: &str, toml: &str) -> Got {
    send(bed, who, Method::POST, "/api/v1/scenarios", "*", toml).await
}

/// The run once it has ended.
async fn ended(bed: &Bed, who: &str, id: &str) -> Value {
    loop {
        let run = bed.get(who, &format!("/api/v1/runs/{id}")).await.json();
        if run["state"] != "queued" && run["state"] != "running" {
            return run;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_scenario_is_kept_changed_and_dropped() {
    let bed = bed();
    let made = keep(&bed, "admin", FLAP).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(made.json()["name"], "flap");
    assert_eq!(made.json()["warnings"], json!([]));
    let path = format!("/api/v1/scenarios/{id}");
    let text = bed.get("admin", &format!("{path}?format=toml")).await;
    assert_eq!(text.text, FLAP);

    let changed = FLAP.replace("seed = 1", "seed = 2");
    let stale = send(&bed, "admin", Method::PUT, &path, "\"9\"", &changed).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    let put = send(&bed, "admin", Method::PUT, &path, "\"1\"", &changed).await;
    assert_eq!(put.status, StatusCode::OK);
    assert_eq!(put.json()["version"], 2);
    assert_ne!(put.json()["hash"], made.json()["hash"]);
    let listed = bed.get("admin", "/api/v1/scenarios?name=flap").await;
    assert_eq!(listed.json()["items"].as_array().unwrap().len(), 1);

    let gone = send(&bed, "admin", Method::DELETE, &path, "*", "").await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(bed.get("admin", &path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_wrong_with_a_scenario_names_its_line() {
    let bed = bed();
    let wrong = keep(
        &bed,
        "admin",
        &FLAP.replace("count = 1", "count = \"many\""),
    )
    .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let field = &wrong.json()["fields"][0];
    assert_eq!(field["path"], "node_pool.count");
    assert!(field["message"].as_str().unwrap().starts_with("line 14: "));
    let other = bed.post("admin", "/api/v1/scenarios", "[1]").await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_run_ends_with_its_report_and_hash() {
    let bed = bed();
    let made = keep(&bed, "admin", FLAP).await.json();
    let body = json!({ "scenario_id": made["id"], "until": "30m" }).to_string();
    let begun = bed.post("admin", "/api/v1/runs", &body).await;
    assert_eq!(begun.status, StatusCode::ACCEPTED);
    let run = ended(&bed, "admin", begun.json()["id"].as_str().unwrap()).await;
    assert_eq!(run["state"], "done", "{run}");
    assert_eq!(run["progress"], 1.0);
    assert_eq!(run["event_hash"].as_str().unwrap().len(), 32);

    let path = format!("/api/v1/reports/{}", run["report_id"].as_str().unwrap());
    let report = bed.get("admin", &path).await.json();
    assert_eq!(report["header"]["event_hash"], run["event_hash"]);
    let text = bed.get("admin", &format!("{path}?format=md")).await;
    assert!(text.text.starts_with("# "));
    let none = bed.get("admin", &format!("{path}?format=pdf")).await;
    assert_eq!(none.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn wishes_that_cannot_be_are_refused() {
    let bed = bed();
    let made = keep(&bed, "admin", FLAP).await.json();
    for (body, path) in [
        (json!({ "scenario_id": "scn-1" }), "scenario_id"),
        (
            json!({ "scenario_id": made["id"], "driver": "slow" }),
            "driver",
        ),
        (
            json!({ "scenario_id": made["id"], "until": "soon" }),
            "until",
        ),
        (
            json!({ "scenario_id": made["id"], "set": { "autoscaler.upp": 1 } }),
            "autoscaler.upp",
        ),
    ] {
        let refused = bed.post("admin", "/api/v1/runs", &body.to_string()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(refused.json()["fields"][0]["path"], path, "{body}");
    }
}

#[tokio::test]
async fn nobody_sees_the_scenarios_of_others() {
    let bed = bed();
    let made = keep(&bed, "admin", FLAP).await.json();
    let path = format!("/api/v1/scenarios/{}", made["id"].as_str().unwrap());
    assert_eq!(bed.get("owner", &path).await.status, StatusCode::NOT_FOUND);
    let listed = bed.get("owner", "/api/v1/scenarios").await.json();
    assert_eq!(listed["items"], json!([]));
    let tenant = bed.get("acme", "/api/v1/scenarios").await;
    assert_eq!(tenant.status, StatusCode::FORBIDDEN);
    let body = json!({ "scenario_id": made["id"] }).to_string();
    let refused = bed.post("owner", "/api/v1/runs", &body).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}
