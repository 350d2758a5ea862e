//! Health, metrics, configuration, actors, documents.

use super::*;

#[tokio::test]
async fn health_says_how_each_part_is() {
    let bed = Bed::new();
    let got = bed.get("", "/healthz").await;
    assert_eq!(got.status, 200);
    insta::assert_snapshot!(got.text, @r#"{"status":"ok","database":"ok","cluster":"ok","actors":"ok","journal":"ok"}"#);
    bed.health.standing.lock().unwrap().refusing = Some("disk full".into());
    let got = bed.get("", "/health").await;
    assert_eq!(
        (got.status.as_u16(), got.json()["journal"].clone()),
        (200, json!("degraded"))
    );
    let got = bed.get("", "/readyz").await;
    assert_eq!(
        (got.status.as_u16(), got.json()["writes"].clone()),
        (200, json!(false))
    );
    *bed.health.dead.lock().unwrap() = Some("the tenant machine does not answer".to_owned());
    assert_eq!(bed.get("", "/healthz").await.status, 503);
    assert_eq!(bed.get("", "/livez").await.status, 503);
    assert_eq!(bed.get("", "/readyz").await.status, 503);
}

#[tokio::test]
async fn metrics_need_a_token_on_the_public_listener_alone() {
    let bed = Bed::new();
    assert_eq!(bed.get("", "/metrics").await.status, 401);
    assert_eq!(bed.get("acme", "/metrics").await.status, 403);
    let got = bed.get("admin", "/metrics").await;
    assert_eq!(got.status, 200);
    let counted = "nimbus_api_requests_total{method=\"GET\",route=\"/metrics\",status=\"401\"} 1";
    assert!(got.text.contains(counted), "{}", got.text);
    let own = super::super::endpoints::metrics::own(bed.app.clone());
    let request = call(Method::GET, "", "/metrics", Body::empty());
    assert_eq!(own.oneshot(request).await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_configuration_is_shown_whole_to_those_who_run_it() {
    let bed = Bed::new();
    assert_eq!(bed.get("", "/api/v1/config").await.status, 401);
    let got = bed.get("acme", "/api/v1/config").await;
    insta::assert_snapshot!(got.text, @r#"{"api":"v1","dev":false,"limits":{"body_bytes":1048576,"rate":50,"burst":100,"streams":100,"page":500},"effective":null}"#);
    let got = bed.get("admin", "/api/v1/config").await;
    assert_eq!(got.json()["effective"]["listen"], "127.0.0.1:8080");
}

#[tokio::test]
async fn machines_can_be_looked_at() {
    let bed = Bed::new();
    assert_eq!(bed.get("acme", "/api/v1/actors").await.status, 403);
    let got = bed.get("admin", "/api/v1/actors").await.json();
    assert_eq!(got["items"].as_array().unwrap().len(), 5);
    assert_eq!(got["conductor"]["inbox_max"], 8);
}

#[tokio::test]
async fn audit_is_listed_and_verified() {
    let bed = Bed::new();
    let row = crate::store::AuditRow {
        time: NOW,
        tenant: None,
        principal: "admin".into(),
        action: "tenant.create".into(),
        target: "=cmd".into(),
        outcome: "ok".into(),
        request: "r-9".into(),
        data: "{}".to_owned(),
    };
    bed.store.put_audit(&[row]).unwrap();
    assert_eq!(bed.get("acme", "/api/v1/audit").await.status, 403);
    let got = bed.get("admin", "/api/v1/audit").await.json();
    assert_eq!(got["items"][0]["action"], "tenant.create");
    let csv = bed.get("admin", "/api/v1/audit?format=csv").await.text;
    assert!(csv.contains(",admin,tenant.create,'=cmd,ok,r-9,"), "{csv}");
    let verdict = bed.get("admin", "/api/v1/audit/verify").await.json();
    assert_eq!(
        (&verdict["ok"], &verdict["entries"]),
        (&json!(true), &json!(1))
    );
}

#[tokio::test]
async fn unknown_operations_do_not_exist() {
    let bed = Bed::new();
    assert_eq!(
        bed.get("admin", "/api/v1/operations").await.json()["items"],
        json!([])
    );
    for name in ["op-0000000000000000000000000a", "x"] {
        let got = bed
            .get("admin", &format!("/api/v1/operations/{name}"))
            .await;
        assert_eq!(got.problem(), (404, "not_found".to_owned()));
    }
}

#[tokio::test]
async fn documents_are_served() {
    let bed = Bed::new();
    let got = bed.get("", "/api/v1/openapi.json").await;
    assert_eq!(got.json()["openapi"], "3.1.0");
    assert_eq!(
        bed.get("", "/docs").await.header("location"),
        "/api/v1/docs"
    );
    let page = bed.get("", "/api/v1/docs").await;
    assert!(
        page.text.contains("docs.js") && !page.text.contains("://"),
        "loads nothing from elsewhere"
    );
    assert!(
        page.header("content-security-policy")
            .contains("default-src 'self'")
    );
    let got = bed.get("", "/problems/quota-exceeded").await;
    assert!(got.text.starts_with("# Quota exceeded\n"), "{}", got.text);
    assert_eq!(bed.get("", "/problems/nothing").await.status, 404);
}

#[test]
fn every_operation_names_itself_its_permission_and_its_rows() {
    let document = serde_json::to_value(super::super::router::document()).unwrap();
    let mut names = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let at = format!("{method} {path}");
            let name = operation["operationId"]
                .as_str()
                .unwrap_or_else(|| panic!("{at}"));
            assert!(names.insert(name.to_owned()), "{at}: {name} is taken");
            let permission = operation["x-nimbus-permission"]
                .as_str()
                .unwrap_or_else(|| panic!("{at}"));
            let known = nimbus_core::access::Permission::from_word(permission).is_some();
            assert!(
                known || ["open", "any"].contains(&permission),
                "{at}: {permission}"
            );
            assert!(operation["x-nimbus-rows"].is_array(), "{at}: rows");
        }
    }
}

#[test]
fn codes_are_unique_and_have_pages() {
    let names: std::collections::BTreeSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(names.len(), Code::ALL.len());
    for code in Code::ALL {
        assert_eq!(Code::from_slug(&code.slug()), Some(code));
        assert_eq!(code.status().as_u16(), code.row().status);
    }
}
