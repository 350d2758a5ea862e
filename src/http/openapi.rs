//! The document of the API (OpenAPI 3.1), made from the handlers.

use utoipa::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use super::problem::{Body, Field};

/// What every operation may answer beside its own.
const COMMON: [(&str, &str); 9] = [
    ("400", "The request cannot be understood"),
    ("401", "No credential, or one that is not accepted"),
    ("403", "Visible, but not allowed"),
    ("404", "Absent or not visible"),
    ("406", "No format that the client accepts"),
    ("422", "Fields say what they may not say"),
    ("429", "Too often, or too much at once"),
    ("500", "A defect of the service"),
    ("503", "The service cannot answer now"),
];

/// What operations with a body or an effect may answer beside that.
const WRITES: [(&str, &str); 7] = [
    ("409", "The present state does not allow it"),
    ("412", "Another version"),
    ("413", "The body is too large"),
    ("415", "The body is no JSON"),
    ("428", "The version is missing"),
    ("504", "The outcome is unknown"),
    ("507", "Nothing can be written now"),
];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Nimbus",
        description = "A multi-tenant cloud control plane for Kubernetes that can be rehearsed. \
                       Failed requests are answered with problem objects (RFC 9457)."
    ),
    components(schemas(Body, Field)),
    security(("token" = [])),
    modifiers(&Token),
)]
struct Base;

struct Token;

impl utoipa::Modify for Token {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
        let bearer = bearer.description(Some("A token of `POST /auth/token`, or an API key"));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer.build()));
    }
}

/// The document without paths.
pub(super) fn base() -> utoipa::openapi::OpenApi {
    Base::openapi()
}

/// Adds to every operation what all of them answer.
pub(super) fn complete(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let components = document.components.get_or_insert_default();
    components.responses.extend(shared());
    for item in document.paths.paths.values_mut() {
        for (operation, writes) in [
            (&mut item.get, false),
            (&mut item.post, true),
            (&mut item.put, true),
            (&mut item.patch, true),
            (&mut item.delete, true),
        ] {
            if let Some(operation) = operation {
                add(operation, &COMMON);
                if writes {
                    add(operation, &WRITES);
                }
            }
        }
    }
    document
}

fn add(operation: &mut Operation, problems: &[(&str, &str)]) {
    for (status, _) in problems {
        let shared = Ref::from_response_name(format!("Problem{status}"));
        let known = &mut operation.responses.responses;
        known
            .entry((*status).to_owned())
            .or_insert_with(|| RefOr::Ref(shared));
    }
}

/// The answers that operations share.
fn shared() -> impl Iterator<Item = (String, RefOr<Response>)> {
    let all = COMMON.into_iter().chain(WRITES);
    all.map(|(status, description)| {
        let schema = Ref::from_schema_name("Problem");
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let response = ResponseBuilder::new()
            .description(description)
            .content("application/problem+json", content);
        (format!("Problem{status}"), RefOr::T(response.build()))
    })
}

/// The document as it is committed and served.
///
/// # Panics
/// Never: the document is plain data.
#[must_use]
pub fn json() -> String {
    // by way of a value, whose keys are sorted: extensions come in no order of their own
    let document = serde_json::to_value(super::router::document());
    let document = document.expect("a document is plain data");
    let mut text = serde_json::to_string_pretty(&document).expect("a value is plain data");
    text.push('\n');
    text
}
