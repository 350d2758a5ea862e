//! A whole service in a folder, asked through its router: real store, real machines, a simulated cluster, and
//! machine time that the test moves.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use nimbus::http::router::router;
use nimbus::system::testing::{self, Running};
use nimbus_core::time::Span;
use serde_json::{Value, json};
use tower::ServiceExt;

/// An answer.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Got {
    /// Expects a status; the body says why it is another one.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Got {
        assert_eq!(self.status, status, "{:#}", self.body);
        self
    }

    /// Expects a problem of this code that names these fields, in order.
    #[track_caller]
    pub(crate) fn names(&self, code: &str, fields: &[&str]) {
        assert_eq!(self.body["code"], code, "{:#}", self.body);
        let named = self.body["fields"].as_array().cloned().unwrap_or_default();
        let named: Vec<&str> = named.iter().filter_map(|f| f["path"].as_str()).collect();
        assert_eq!(named, fields, "{:#}", self.body);
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    pub(crate) fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_default().to_owned()
    }

    /// The names of the body's fields, in order.
    pub(crate) fn keys(&self) -> Vec<&str> {
        let fields = self.body.as_object();
        fields
            .into_iter()
            .flat_map(|f| f.keys())
            .map(|k| &**k)
            .collect()
    }
}

/// A service that runs.
pub(crate) struct Town {
    pub(crate) running: Running,
    router: Router,
    pub(crate) token: String,
    _folder: tempfile::TempDir,
}

impl Town {
    /// With the administrator's token.
    pub(crate) async fn new() -> Town {
        let folder = tempfile::tempdir().unwrap();
        let mut config = testing::config(folder.path());
        config.dev = true;
        let running = testing::start_with(config).await.unwrap();
        let router = router(running.app());
        let mut town = Town {
            running,
            router,
            token: String::new(),
            _folder: folder,
        };
        let proof = json!({ "tenant_id": "admin", "tenant_name": "admin" });
        let got = town.post("/auth/token", proof).await.is(200);
        town.token = got.body["token"].as_str().unwrap().to_owned();
        town
    }

    /// With an active tenant `acme` and its app `shop`.
    pub(crate) async fn acme() -> Town {
        let town = Town::new().await;
        town.post("/api/v1/tenants", json!({ "name": "acme" }))
            .await
            .is(202);
        town.wait(5).await;
        let app = json!({ "name": "shop", "tenant_id": "acme" });
        town.post("/api/v1/apps", app).await.is(201);
        town
    }

    /// Lets so many seconds of machine time pass.
    pub(crate) async fn wait(&self, secs: i64) {
        self.running.advance(Span::from_secs(secs)).await;
    }

    /// Sends a request with headers.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Got {
        let mut request = Request::builder().method(method).uri(path);
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.unwrap_or_default())).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let bytes = to_bytes(answer.into_body(), 4 << 20).await.unwrap();
        assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{bytes:?}");
        Got {
            status: status.as_u16(),
            headers,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        self.send("GET", path, &[], None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Got {
        self.send("DELETE", path, &[], None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Got {
        self.send("POST", path, &[], Some(body.to_string())).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Got {
        self.send("PUT", path, &[], Some(body.to_string())).await
    }

    /// A patch of whatever version there is.
    pub(crate) async fn patch(&self, path: &str, body: Value) -> Got {
        let any = [("if-match", "*")];
        self.send("PATCH", path, &any, Some(body.to_string())).await
    }
}
