//! One call: what is asked of which path.

use reqwest::Method;
use serde_json::Value;

/// What is asked of a server.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Option<Value>,
    pub(super) if_match: Option<String>,
    pub(super) key: Option<String>,
    pub(super) accept: &'static str,
}

impl Call {
    fn new(method: Method, path: impl Into<String>) -> Call {
        Call {
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            if_match: None,
            key: None,
            accept: "application/json",
        }
    }

    /// Reads.
    pub(crate) fn get(path: impl Into<String>) -> Call {
        Call::new(Method::GET, path)
    }

    /// Makes something, or acts on it.
    pub(crate) fn post(path: impl Into<String>) -> Call {
        Call::new(Method::POST, path)
    }

    /// Sets something.
    pub(crate) fn put(path: impl Into<String>) -> Call {
        Call::new(Method::PUT, path)
    }

    /// Changes fields.
    pub(crate) fn patch(path: impl Into<String>) -> Call {
        Call::new(Method::PATCH, path)
    }

    /// Removes.
    pub(crate) fn delete(path: impl Into<String>) -> Call {
        Call::new(Method::DELETE, path)
    }

    /// With a body.
    pub(crate) fn body(mut self, body: Value) -> Call {
        self.body = Some(body);
        self
    }

    /// With a parameter, if there is a value for it.
    pub(crate) fn with<T: ToString>(mut self, name: &str, value: Option<T>) -> Call {
        if let Some(value) = value {
            self.query.push((name.to_owned(), value.to_string()));
        }
        self
    }

    /// Only if the resource still has this version.
    pub(crate) fn if_match(mut self, etag: Option<String>) -> Call {
        self.if_match = etag;
        self
    }

    /// As text of another kind than JSON.
    pub(crate) fn accept(mut self, kind: &'static str) -> Call {
        self.accept = kind;
        self
    }

    /// Whether it changes something.
    pub(super) fn writes(&self) -> bool {
        self.method != Method::GET
    }

    /// `PUT /api/v1/services/svc-…/scale`, for messages.
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// A name as one segment of a path: whatever it holds, it stays one segment.
pub(crate) fn segment(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~.".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    match out.as_str() {
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        _ => out,
    }
}
