//! The client half of the command line, against a server that says what the test tells it to say.

mod scripted;
mod walk;

use serde_json::{Value, json};

use scripted::{Reply, Request, Server, User};

fn ok(body: Value) -> Reply {
    Reply::json(200, body)
}

fn problem(status: u16, code: &str) -> Reply {
    let body = json!({ "type": format!("/problems/{code}"), "title": "Refused here", "status": status,
        "code": code, "detail": "because", "request_id": "r-1",
        "fields": [{ "path": "name", "code": "taken", "message": "is taken" }] });
    Reply::json(status, body).header("retry-after", "0")
}

fn tenants(request: &Request) -> Reply {
    let item = |slug: &str, cpu: u32| {
        json!({ "id": format!("ten-{slug}"), "slug": slug, "status": "active",
        "plan": "metered", "used": { "cpu_m": cpu, "memory_mb": 64, "pods": 1 },
        "quota": { "cpu_m": 2000, "memory_mb": 4096, "pods": 10 } })
    };
    match request.query("cursor") {
        None => ok(json!({ "items": [item("umbra", 900)], "next_cursor": "c1" })),
        Some("c1") => ok(json!({ "items": [item("acme", 1000)], "next_cursor": null })),
        Some(_) => problem(400, "bad_cursor"),
    }
}

#[test]
fn without_a_server_it_says_how_to_start_one() {
    let user = User::new();
    let said = user.run(&["tenant", "list", "--server", "http://127.0.0.1:1"]);
    insta::assert_snapshot!(said, @r"
    exit 1
    --- stdout
    --- stderr
    error: http://127.0.0.1:1: no server answers: connection refused
    error: start one with `nimbus serve --dev`, or name one with --server
    ");
}

#[test]
fn a_list_is_read_to_its_end_and_has_every_form() {
    let server = Server::start(tenants);
    let user = User::of(&server);
    insta::assert_snapshot!(user.run(&["tenant", "list", "--sort-by", "name"]), @r"
    exit 0
    --- stdout
    NAME   STATUS  PLAN     CPU   OF    MEMORY  OF    PODS
    acme   active  metered  1000  2000  64      4096  1
    umbra  active  metered  900   2000  64      4096  1
    --- stderr
    ");
    insta::assert_snapshot!(user.run(&["tenant", "ls", "--columns", "name,used.cpu_m", "--sort-by=-cpu", "--no-headers"]), @r"
    exit 0
    --- stdout
    acme   1000
    umbra  900
    --- stderr
    ");
    insta::assert_snapshot!(user.run(&["tenant", "list", "-o", "name"]), @r"
    exit 0
    --- stdout
    umbra
    acme
    --- stderr
    ");
    insta::assert_snapshot!(user.run(&["tenant", "list", "-o", "jsonpath={.items[*].used.cpu_m}", "--limit", "1"]), @r"
    exit 0
    --- stdout
    900
    --- stderr
    there are more; see --limit
    ");
    let json: Value = serde_json::from_str(&user.stdout(&["tenant", "list", "--json"])).unwrap();
    assert_eq!(
        (
            json["items"].as_array().unwrap().len(),
            &json["next_cursor"]
        ),
        (2, &Value::Null)
    );
    assert!(
        user.stdout(&["tenant", "list", "-o", "yaml"])
            .contains("  slug: acme\n")
    );
    assert!(
        user.stdout(&["tenant", "list", "-o", "wide"])
            .contains("NAMESPACE")
    );
}

#[test]
fn a_refusal_ends_with_its_code_and_names_the_field() {
    let server = Server::start(|request| {
        problem(
            request.path[1..]
                .rsplit('-')
                .next()
                .unwrap()
                .parse()
                .unwrap_or(404),
            "forbidden",
        )
    });
    let user = User::of(&server);
    insta::assert_snapshot!(user.run(&["tenant", "get", "x-403"]), @r"
    exit 3
    --- stdout
    --- stderr
    error: refused here: because
    error: name: is taken
    ");
    for (status, exit) in [(401, 3), (404, 4), (409, 5), (412, 5), (422, 2), (507, 1)] {
        let said = user.run(&["tenant", "get", &format!("x-{status}"), "-o", "json"]);
        assert!(
            said.starts_with(&format!("exit {exit}\n")),
            "{status}: {said}"
        );
        let problem: Value =
            serde_json::from_str(said.split("--- stderr\n").nth(1).unwrap()).unwrap();
        assert_eq!(
            (problem["status"].as_u64(), problem["exit"].as_u64()),
            (Some(status), Some(exit))
        );
    }
}

#[test]
fn what_is_no_nimbus_server_is_told_so() {
    let server = Server::start(|_| Reply::text(502, "<html>"));
    let said = User::of(&server).run(&["whoami"]);
    assert!(
        said.starts_with("exit 1\n") && said.contains("is this a Nimbus server?"),
        "{said}"
    );
}

#[test]
fn bad_input_is_refused_before_any_call() {
    let server =
        Server::start(|request| panic!("nothing should be asked, but was: {}", request.path));
    let user = User::of(&server);
    let cases: [&[&str]; 12] = [
        &["service", "deploy", "shop/API", "--image", "a"],
        &[
            "service", "deploy", "shop/api", "--image", "a", "--cpu", "lots",
        ],
        &[
            "service", "deploy", "shop/api", "--image", "a", "--memory", "-1",
        ],
        &[
            "service",
            "deploy",
            "shop/api",
            "--image",
            "a",
            "--autoscale",
            "5..1",
        ],
        &["service", "deploy", "shop/api", "--image", "a b"],
        &[
            "service", "deploy", "shop/api", "--image", "a", "--env", "1=2",
        ],
        &["service", "scale", "shop/api", "1001"],
        &["tenant", "create", "a", "--slug", "kube-a"],
        &["tenant", "create", "a", "--quota", "cpu=1,cpu=2"],
        &["billing", "invoice", "acme", "--period", "2026-13"],
        &["tenant", "list", "--simulate", "0s"],
        &["tenant", "suspend", "a", "--idempotency-key", "a b"],
    ];
    for args in cases {
        let said = user.run(args);
        assert!(said.starts_with("exit 2\n"), "{args:?}: {said}");
    }
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_write_has_a_key_and_a_trial_says_so() {
    let server = Server::start(|request| {
        let trial = request.query("dry_run").is_some() || request.query("simulate").is_some();
        let body = json!({ "id": "ten-1", "status": "provisioning" });
        if trial {
            ok(body).header("nimbus-applied", "false")
        } else {
            Reply::json(202, body).header("operation-location", "/api/v1/operations/op-1")
        }
    });
    let user = User::of(&server);
    insta::assert_snapshot!(user.run(&["tenant", "create", "Acme", "--quota", "cpu=1.5,memory=1Gi"]), @r"
    exit 0
    --- stdout
    tenant Acme created (ten-1), provisioning; operation op-1
    --- stderr
    ");
    user.run(&[
        "tenant",
        "create",
        "Acme",
        "--dry-run",
        "server",
        "--idempotency-key",
        "k",
    ]);
    let said = user.run(&["tenant", "create", "Acme", "--simulate", "1h"]);
    assert!(said.contains("nothing was changed"), "{said}");
    let asked = server.requests();
    assert_eq!(
        asked[0].body,
        json!({ "name": "Acme", "quota": { "cpu_m": 1500, "memory_mb": 1024 } })
    );
    assert_eq!(asked[0].headers["idempotency-key"].len(), 32);
    assert_eq!(asked[1].headers["idempotency-key"], "k");
    assert_eq!(
        (asked[1].query("dry_run"), asked[2].query("simulate")),
        (Some("true"), Some("1h"))
    );
}

#[test]
fn a_server_that_does_not_know_of_trials_is_not_believed() {
    let server = Server::start(|_| Reply::json(202, json!({ "id": "ten-1" })));
    let said = User::of(&server).run(&["tenant", "create", "Acme", "--dry-run=server"]);
    assert!(said.starts_with("exit 6\n"), "{said}");
}

#[test]
fn nothing_is_deleted_in_a_pipe_without_yes() {
    let server =
        Server::start(|_| Reply::json(202, json!({ "id": "ten-1", "status": "deleting" })));
    let user = User::of(&server);
    insta::assert_snapshot!(user.run(&["tenant", "delete", "acme"]), @r"
    exit 2
    --- stdout
    --- stderr
    error: delete tenant acme and all that it has: expected --yes where nobody can be asked
    ");
    assert!(
        user.run(&["tenant", "delete", "acme", "--yes"])
            .starts_with("exit 0\n")
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn waiting_ends_with_the_operation_and_says_why_it_failed() {
    let server = Server::start(|request| match request.path.as_str() {
        "/api/v1/tenants" => Reply::json(202, json!({ "id": "ten-1" }))
            .header("operation-location", "/api/v1/operations/op-1"),
        "/api/v1/operations/op-1" => ok(
            json!({ "id": "op-1", "state": "failed", "target": "ten-1", "error": { "detail": "the namespace is taken" } }),
        ),
        _ => problem(404, "not_found"),
    });
    let said = User::of(&server).run(&["tenant", "create", "Acme", "--wait"]);
    insta::assert_snapshot!(said, @r"
    exit 7
    --- stdout
    --- stderr
    error: operation op-1: failed: the namespace is taken
    ");
}

fn shop(request: &Request) -> Reply {
    let id = "svc-00000000000000000000000001";
    let service = json!({ "id": id, "name": "api", "image": "a:1", "cpu_limit": "1", "cpu_request": "1", "current_revision": 3, "replicas": 1 });
    let app = json!({ "id": "app-1", "slug": "shop", "name": "shop", "services": [{ "id": id, "name": "api" }] });
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/api/v1/apps") => ok(json!({ "items": [app], "next_cursor": null })),
        ("GET", "/api/v1/apps/shop") => ok(app),
        ("GET", "/api/v1/apps/app-1/services") => {
            ok(json!({ "items": [service], "next_cursor": null }))
        }
        ("GET", path) if path.ends_with("/revisions/3") => ok(json!({ "number": 3, "env": {} })),
        ("GET", path) if path.ends_with("/status") => {
            ok(json!({ "status": "failed", "ready": 0, "replicas": 1,
            "rollout": { "state": "failed", "message": "image unknown" }, "last_error": "cannot pull a:2",
            "last_log_lines": [{ "line": "bye" }] }))
        }
        ("GET", path) if path.ends_with(id) => ok(service).header("etag", "\"7\""),
        ("PATCH", _) => Reply::json(202, service),
        ("POST", "/api/v1/apps") => Reply::json(201, json!({ "id": "app-2" })),
        ("POST", "/api/v1/apps/app-2/services") => {
            Reply::json(201, json!({ "id": "svc-2", "current_revision": 1 }))
        }
        _ => problem(404, "not_found"),
    }
}

#[test]
fn a_deploy_makes_what_is_missing_and_changes_only_what_differs() {
    let server = Server::start(shop);
    let user = User::of(&server);
    insta::assert_snapshot!(user.run(&["service", "deploy", "new/web", "--image", "b"]), @r"
    exit 0
    --- stdout
    service new/web created (svc-2), revision 1
    --- stderr
    app new created
    ");
    let said = user.run(&[
        "service", "deploy", "shop/api", "--image", "a:1", "--cpu", "1000m",
    ]);
    assert!(said.contains("is as it should be, revision 3"), "{said}");
    let before = server.requests().len();
    let said = user.run(&["service", "deploy", "shop/api", "--image", "a:2", "--wait"]);
    insta::assert_snapshot!(said, @r"
    exit 7
    --- stdout
    --- stderr
    error: service svc-00000000000000000000000001: failed
    error: cannot pull a:2
    error: image unknown
    error: log: bye
    ");
    let asked = server.requests();
    let patch = asked[before..]
        .iter()
        .find(|r| r.method == "PATCH")
        .unwrap();
    assert_eq!(patch.headers["if-match"], "\"7\"");
    assert_eq!(patch.body, json!({ "image": "a:2" }));
}

#[test]
fn a_name_that_several_services_have_is_not_guessed() {
    let server = Server::start(|_| {
        ok(json!({ "items": [
        { "slug": "a", "services": [{ "id": "svc-1", "name": "api" }] },
        { "slug": "b", "services": [{ "id": "svc-2", "name": "api" }] },
    ], "next_cursor": null }))
    });
    let said = User::of(&server).run(&["service", "get", "api"]);
    assert!(
        said.contains("several services are called api: a/api, b/api"),
        "{said}"
    );
}

#[test]
fn watched_events_go_on_behind_the_last_one() {
    let server = Server::start(|request| {
        let id = request
            .headers
            .get("last-event-id")
            .map_or(1, |id| id.parse::<u32>().unwrap() + 1);
        let data = json!({ "seq": id, "kind": "service.scaled", "subject": "svc-1", "time": "2026-11-01T00:00:00Z", "data": {} });
        Reply::events(&format!(
            ": hello\n\nid: {id}\nevent: service.scaled\ndata: {data}\n\n"
        ))
    });
    let said = User::of(&server).run(&["events", "-w", "--limit", "2", "-o", "jsonpath=$.seq"]);
    insta::assert_snapshot!(said, @r"
    exit 0
    --- stdout
    1
    2
    --- stderr
    ");
}

#[test]
fn a_difference_is_shown_before_it_is_made() {
    let server = Server::start(shop);
    let user = User::of(&server);
    user.write(
        "a.yaml",
        "kind: Service\napp: shop\nname: api\nimage: a:1\ncpu_limit: \"1000m\"\n",
    );
    user.write(
        "b.yaml",
        "kind: App\nname: new\n---\nkind: Service\napp: shop\nname: api\nimage: a:2\n",
    );
    user.write(
        "c.yaml",
        "kind: Service\napp: shop\nname: api\nimgae: a:2\n",
    );
    assert!(user.run(&["diff", "-f", "a.yaml"]).starts_with("exit 0\n"));
    insta::assert_snapshot!(user.run(&["diff", "-f", "b.yaml"]), @r"
    exit 1
    --- stdout
    + app new
        name: - -> new
    ~ service shop/api
        image: a:1 -> a:2
    --- stderr
    ");
    let before = server.requests().len();
    let said = user.run(&["diff", "-f", "c.yaml"]);
    assert!(
        said.starts_with("exit 10\n") && said.contains("imgae: unknown field of Service"),
        "{said}"
    );
    assert_eq!(server.requests().len(), before);
    insta::assert_snapshot!(user.run(&["apply", "-f", "b.yaml"]), @r"
    exit 0
    --- stdout
    app new created
    service shop/api changed
    --- stderr
    ");
}

#[test]
fn contexts_keep_a_token_for_one_server_and_one_reader() {
    let server =
        Server::start(
            |request| match request.headers.get("authorization").map(String::as_str) {
                Some("Bearer nbk_1") => {
                    ok(json!({ "principal": "tenant:acme", "expires_at": null }))
                }
                _ => problem(401, "unauthenticated"),
            },
        );
    let user = User::new();
    let url = server.url();
    assert!(
        user.run(&[
            "context", "set", "work", "--server", &url, "--tenant", "acme"
        ])
        .starts_with("exit 0\n")
    );
    user.write("key", "nbk_1\n");
    let said = user.run(&["login", "--api-key", "--key-file", "key"]);
    assert!(
        said.contains("as tenant:acme; kept in context work"),
        "{said}"
    );
    assert!(
        user.run(&["whoami", "-o", "jsonpath=$.principal"])
            .contains("tenant:acme")
    );
    let token = user.config().join("tokens/work.json");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(&token).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let config = std::fs::read_to_string(user.config().join("config.toml")).unwrap();
    assert!(!config.contains("nbk_1"), "{config}");

    let other = Server::start(|request| {
        assert!(
            !request.headers.contains_key("authorization"),
            "a token went to a stranger"
        );
        problem(401, "unauthenticated")
    });
    assert!(
        user.run(&["whoami", "--server", &other.url()])
            .starts_with("exit 3\n")
    );

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o644)).unwrap();
        let said = user.run(&["whoami"]);
        assert!(said.contains("others may read this token"), "{said}");
        std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    assert!(user.run(&["logout"]).contains("signed out"));
    assert!(user.run(&["whoami"]).starts_with("exit 3\n"));
    assert!(
        user.run(&["context", "delete", "work"])
            .starts_with("exit 0\n")
    );
    assert!(
        user.run(&["context", "use", "work"])
            .starts_with("exit 4\n")
    );
}

#[test]
fn a_client_file_of_another_system_becomes_a_context() {
    let user = User::new();
    user.write("seed.json", r#"{ "api_url": "https://example.com:8443/", "access_key": "NBUS1", "secret_key": "s", "tls_ca": "PEM" }"#);
    let said = user.run(&["configure", "--from", "seed.json"]);
    assert!(
        said.contains("access_key and secret_key were left out"),
        "{said}"
    );
    let list = user.run(&["context", "list", "--no-headers"]);
    assert!(
        list.contains("https://example.com:8443") && !list.contains("NBUS1"),
        "{list}"
    );
}

#[test]
fn the_doctor_ends_with_seven_when_something_is_wrong() {
    let server = Server::start(|request| match request.path.as_str() {
        "/healthz" => Reply::json(
            503,
            json!({ "status": "error", "database": "ok", "journal": "error" }),
        ),
        "/readyz" => ok(json!({ "ready": true, "writes": false })),
        "/api/v1/version" => ok(json!({ "version": env!("CARGO_PKG_VERSION") })),
        _ => problem(401, "unauthenticated"),
    });
    let user = User::new();
    let said = user.run(&[
        "doctor",
        "--server",
        &server.url(),
        "--bundle",
        "b.json",
        "-q",
    ]);
    assert!(said.starts_with("exit 7\n"), "{said}");
    for part in [
        "health: journal   error",
        "ready             error",
        "health: database  ok",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let bundle: Value = serde_json::from_str(&user.read("b.json")).unwrap();
    assert_eq!(bundle["found"]["healthz"]["journal"], "error");
    assert!(user.run(&["doctor", "--local"]).starts_with("exit 0\n"));
}

#[test]
fn completions_offer_live_names_and_never_complain() {
    let server = Server::start(tenants);
    let user = User::of(&server);
    assert_eq!(user.stdout(&["__complete", "tenant"]), "umbra\n");
    let nobody = User::new();
    let said = nobody.run(&["__complete", "service", "--server", "http://127.0.0.1:1"]);
    assert_eq!(said, "exit 0\n--- stdout\n--- stderr\n");
    for shell in ["bash", "zsh", "fish"] {
        let script = nobody.stdout(&["gen", "completions", shell]);
        assert!(script.contains("nimbus __complete"), "{shell}");
    }
}
