//! The pages of problems, for people.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;

use crate::http::app::App;
use crate::http::extract::Path;
use crate::http::problem::{Code, Problem, index, page};

/// Routes of this file; none of them is part of the API's document.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .route("/problems", get(all))
        .route("/docs/problems", get(all))
        .route("/problems/{type}", get(one))
        .route("/docs/problems/{type}", get(one))
}

fn text(page: String) -> Response {
    ([(CONTENT_TYPE, "text/markdown; charset=utf-8")], page).into_response()
}

async fn all() -> Response {
    text(index())
}

async fn one(Path(slug): Path<String>) -> Result<Response, Problem> {
    let code = Code::from_slug(slug.trim_end_matches(".md"));
    code.map(|code| text(page(code)))
        .ok_or_else(Problem::not_found)
}
