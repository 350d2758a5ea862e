//! Every operation of the document × every kind of caller. The expectation comes from the permission that
//! the document names and from the one table; the cells are kept in a golden file too.

use std::collections::BTreeMap;
use std::fmt::Write;

use axum::body::Body;
use axum::http::{Method, Request};
use nimbus_core::access::{Permission, Role, allows};
use nimbus_core::ids::{DecisionId, OrgNo};
use serde_json::Value;

use super::super::Got;
use super::town::{ACME, Town};

/// Operations whose objects this test does not make, with the reason; the list may only shrink.
const EXEMPT: &[(&str, &str)] = &[
    ("logout", "ends the token that the other cells need"),
    ("logout_seed", "ends the token that the other cells need"),
    (
        "follow_logs",
        "is no request but the beginning of a WebSocket",
    ),
];

/// Bodies of operations that take one: enough to come to the check of the permission.
const BODIES: &[(&str, &str)] = &[
    ("create_api_key", "{\"name\":\"x\",\"role\":\"viewer\"}"),
    ("create_app", "{\"name\":\"x\"}"),
    ("create_organization", "{\"slug\":\"initech\"}"),
    (
        "create_run",
        "{\"scenario_id\":\"scn-00000000000000000000000007\"}",
    ),
    ("create_scenario", "{\"name\":\"x\"}"),
    ("create_service", "{\"name\":\"x\",\"image\":\"nginx\"}"),
    ("create_stream_ticket", "{\"path\":\"/api/v1/events\"}"),
    ("create_tenant", "{\"name\":\"initech\"}"),
    ("create_tenant_seed", "{\"name\":\"initech\"}"),
    ("create_token", "{\"tenant_id\":\"acme\"}"),
    ("edit_app", "{\"description\":\"x\"}"),
    ("edit_service", "{\"image\":\"nginx:2\"}"),
    ("edit_tenant", "{\"name\":\"x\"}"),
    ("scale_service", "{\"replicas\":1}"),
    ("set_subscription", "{\"plan\":\"business\"}"),
    ("suspend_tenant", "{\"reason\":\"x\"}"),
];

#[derive(Clone, Debug)]
struct Operation {
    id: String,
    method: Method,
    path: String,
    permission: String,
}

fn operations() -> Vec<Operation> {
    let document = crate::http::router::document();
    let document = serde_json::to_value(document).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else {
                continue;
            };
            let Some(id) = operation["operationId"].as_str() else {
                continue;
            };
            let permission = operation["x-nimbus-permission"].as_str();
            found.push(Operation {
                id: id.to_owned(),
                method,
                path: path.clone(),
                permission: permission
                    .unwrap_or_else(|| panic!("{id} names no permission"))
                    .to_owned(),
            });
        }
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found
}

/// The callers, in the order of the columns.
const CALLERS: [&str; 7] = [
    "no token",
    "expired",
    "forged",
    "other tenant",
    "viewer",
    "developer",
    "platform_admin",
];

struct Walk {
    town: Town,
    credentials: BTreeMap<&'static str, String>,
}

impl Walk {
    async fn new() -> Walk {
        let town = Town::new().await;
        let credentials = BTreeMap::from([
            ("no token", String::new()),
            ("expired", town.expired().await),
            ("forged", town.forged().await),
            ("other tenant", town.keys.globex.clone()),
            ("viewer", town.keys.viewer.clone()),
            ("developer", town.keys.developer.clone()),
            ("platform_admin", town.keys.admin.clone()),
        ]);
        Walk { town, credentials }
    }

    /// The path with a thing of acme in it, and with one that does not exist; `None` where the path names
    /// nothing.
    fn paths(&self, operation: &Operation) -> (String, Option<String>) {
        let path = &operation.path;
        let acme = self.town.tenant_id(ACME);
        let (own, absent) = if path.contains("/tenants/{") || path.contains("{tenant}") {
            (acme, "ten-00000000000000000000000007".to_owned())
        } else if path.contains("/organizations/{") {
            (
                self.town.org_id(OrgNo(0)),
                "org-00000000000000000000000007".to_owned(),
            )
        } else if path.contains("/invoices/{") {
            (
                self.town.invoice.to_string(),
                "bill-00000000000000000000000007".to_owned(),
            )
        } else if path.contains("/apps/{") {
            (
                self.town.app_id(),
                "app-00000000000000000000000007".to_owned(),
            )
        } else if path.contains("/services/{") {
            (
                self.town.service_id(),
                "svc-00000000000000000000000007".to_owned(),
            )
        } else if path.contains("/decisions/{") {
            (
                DecisionId(1).to_string(),
                "dec-00000000000000000000000007".to_owned(),
            )
        } else if path.contains('{') {
            let absent = "00000000000000000000000007".to_owned();
            (absent.clone(), absent)
        } else {
            return (path.clone(), None);
        };
        (filled(path, &own), Some(filled(path, &absent)))
    }

    async fn ask(&self, operation: &Operation, path: &str, caller: &str) -> Got {
        let mut request = Request::builder()
            .method(operation.method.clone())
            .uri(path);
        let credential = &self.credentials[caller];
        if !credential.is_empty() {
            request = request.header("authorization", format!("Bearer {credential}"));
        }
        request = request.header("x-request-id", "r-1");
        if operation.method == Method::PATCH {
            request = request.header("if-match", "\"1\"");
        }
        let body = BODIES.iter().find(|(id, _)| *id == operation.id);
        let writes = !matches!(operation.method, Method::GET | Method::DELETE);
        let body = match (writes, body) {
            (true, body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.map_or("{}", |(_, body)| body))
            }
            (false, _) => Body::empty(),
        };
        self.town.send(request.body(body).unwrap()).await
    }
}

fn filled(path: &str, with: &str) -> String {
    let segments = path
        .split('/')
        .map(|segment| match segment.starts_with('{') {
            true => with,
            false => segment,
        });
    segments.collect::<Vec<_>>().join("/")
}

/// What a cell is: the status where it says something about access, else that the caller was let in.
fn cell(got: &Got) -> String {
    match got.status.as_u16() {
        status @ (401 | 403 | 404) => status.to_string(),
        _ => "in".to_owned(),
    }
}

/// What the table says; `None` where the operation decides by more than a permission.
fn expected(operation: &Operation, caller: &str, named: bool) -> Option<&'static str> {
    let open = operation.permission == "open";
    match caller {
        "expired" | "forged" => return Some("401"),
        "no token" if operation.id == "create_token" => return Some("401"), // a proof is missing
        "no token" => return open.then_some("in").or(Some("401")),
        _ => {}
    }
    let permission = Permission::from_word(&operation.permission)?;
    if caller == "other tenant" && named {
        return Some("404");
    }
    // keys of a tenant reach no organization, whatever their role
    let of_tenant = matches!(caller, "other tenant" | "viewer" | "developer");
    if of_tenant && operation.path.contains("/organizations") {
        return Some(if named { "404" } else { "403" });
    }
    let role = match caller {
        "other tenant" => Role::Tenant,
        "viewer" => Role::Viewer,
        "developer" => Role::Developer,
        _ => Role::PlatformAdmin,
    };
    // no simulations are run here: whoever is let in finds none
    let lab = ["/scenarios", "/runs", "/reports"];
    let lab = lab.iter().any(|part| operation.path.contains(part));
    let lab = lab && operation.id != "create_run"; // an invalid field: it names its scenario in the body
    Some(match (allows(role, permission), lab) {
        (true, false) => "in",
        (true, true) => "404",
        (false, _) => "403",
    })
}

#[tokio::test]
async fn every_operation_answers_every_caller_as_the_table_says() {
    let walk = Walk::new().await;
    let mut table = String::from("# operation × caller: in, 401, 403 or 404\n");
    let mut wrong = Vec::new();
    for operation in operations() {
        if EXEMPT.iter().any(|(id, _)| *id == operation.id) {
            continue;
        }
        let (own, absent) = walk.paths(&operation);
        let made = made_here(&operation);
        let _ = write!(table, "{} [{}]", operation.id, operation.permission);
        for caller in CALLERS {
            let got = walk.ask(&operation, &own, caller).await;
            let cell = cell(&got);
            let _ = write!(table, " · {cell}");
            let want = expected(&operation, caller, absent.is_some() && made);
            // what this test did not make does not exist for those who may see it either
            let want = want.filter(|want| made || absent.is_none() || *want == "401");
            if want.is_some_and(|want| want != cell) {
                wrong.push(format!(
                    "{} {caller}: {cell}, expected {want:?}",
                    operation.id
                ));
            }
        }
        table.push('\n');
        if let (Some(absent), true) = (&absent, made) {
            let hidden = walk.ask(&operation, &own, "other tenant").await;
            let nothing = walk.ask(&operation, absent, "other tenant").await;
            if same(&hidden, &own) != same(&nothing, absent) {
                wrong.push(format!(
                    "{}: another tenant's thing is told apart from nothing",
                    operation.id
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("access", table);
    });
}

/// Whether this test makes the thing that the path names.
fn made_here(operation: &Operation) -> bool {
    let path = &operation.path;
    [
        "/tenants/{",
        "{tenant}",
        "/organizations/{",
        "/invoices/{",
        "/decisions/{",
    ]
    .iter()
    .any(|part| path.contains(part))
}

/// Status, headers and body without the path that was asked.
fn same(got: &Got, path: &str) -> (u16, String, String) {
    let mut headers: Vec<String> = got
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    headers.sort();
    let body = got.text.replace(path, "PATH");
    (got.status.as_u16(), headers.join("\n"), body)
}

#[test]
fn every_operation_names_a_permission_that_exists() {
    for operation in operations() {
        let known = ["open", "any"].contains(&operation.permission.as_str())
            || Permission::from_word(&operation.permission).is_some();
        assert!(known, "{}: {}", operation.id, operation.permission);
    }
}

#[test]
fn exemptions_are_few_and_needed() {
    let all = operations();
    assert!(EXEMPT.len() <= 8);
    for (id, _) in EXEMPT {
        assert!(
            all.iter().any(|operation| operation.id == *id),
            "{id} is not needed"
        );
    }
    for (id, body) in BODIES {
        assert!(
            all.iter().any(|operation| operation.id == *id),
            "{id} is not needed"
        );
        serde_json::from_str::<Value>(body).unwrap();
    }
}
