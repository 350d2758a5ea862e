//! JSON bodies: declared as such, bounded in size and depth, without duplicate or unknown fields.

use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::{body, scan};
use crate::http::app::App;
use crate::http::problem::{Code, Problem};

/// A JSON body, in and out.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Json<T>, Problem> {
        let empty = axum::body::HttpBody::size_hint(request.body()).exact() == Some(0);
        if !empty && !declares_json(&request) {
            let text = "send content-type: application/json";
            return Err(Problem::new(Code::UnsupportedMediaType, text));
        }
        let bytes = body::read(request.into_body(), app).await?;
        parse(&bytes, app.limits().json_depth).map(Json)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

fn declares_json(request: &Request) -> bool {
    let declared = request.headers().get(CONTENT_TYPE);
    let Some(declared) = declared.and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let media = declared.split(';').next().unwrap_or_default().trim();
    let media = media.to_ascii_lowercase();
    media == "application/json" || (media.starts_with("application/") && media.ends_with("+json"))
}

/// Reads a value from JSON text.
///
/// # Errors
/// 400 for what is no JSON, too deep or has a duplicate or unknown field; 422 with the path for the rest.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8], depth: usize) -> Result<T, Problem> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Problem::new(
            Code::BadRequest,
            "the body is empty; expected JSON",
        ));
    }
    scan::check(bytes, depth)?;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        refuse(&path, &error.into_inner())
    })
}

/// Reads a value from a document that was read before and changed since.
///
/// # Errors
/// 400 for an unknown field; 422 with the path for the rest.
pub fn parse_value<T: DeserializeOwned>(document: &serde_json::Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(document).map_err(|error| {
        let path = error.path().to_string();
        refuse(&path, &error.into_inner())
    })
}

fn refuse(path: &str, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    if error.classify() != Category::Data {
        return Problem::new(Code::BadRequest, format!("no JSON: {text}"));
    }
    // serde_json adds the place in the text, which says less than the path
    let text = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(head, _)| head);
    if let Some(name) = quoted(text, "unknown field `") {
        return unknown(&joined(path, name), text);
    }
    if let Some(name) = quoted(text, "missing field `") {
        return Problem::invalid(&joined(path, name), "required", "is required");
    }
    let path = if path == "." { "body" } else { path };
    Problem::invalid(path, "wrong_type", plain(text))
}

/// A field that is not known.
pub(super) fn unknown(path: &str, text: &str) -> Problem {
    Problem::new(Code::UnknownField, format!("{path} is not a field here")).field(
        path,
        "unknown_field",
        plain(text),
    )
}

/// Texts of the parser name Rust types for integers; clients know JSON.
fn plain(text: &str) -> String {
    let mut text = text.to_owned();
    for name in ["u8", "u16", "u32", "u64", "i32", "i64", "usize"] {
        let ending = format!("expected {name}");
        if text.ends_with(&ending) {
            text = text.replace(&ending, "expected an integer in range");
        }
    }
    text
}

fn quoted<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    text.strip_prefix(start)?.split('`').next()
}

fn joined(path: &str, name: &str) -> String {
    // the parser's path already ends with an unknown key
    let at_key = path == name || path.ends_with(&format!(".{name}"));
    match path {
        "." | "" => name.to_owned(),
        _ if at_key => path.to_owned(),
        _ => format!("{path}.{name}"),
    }
}
