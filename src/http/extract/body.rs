//! Reads a body whole: so large, and in so much time.

use axum::body::{Body, Bytes};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::http::app::App;
use crate::http::problem::{Code, Problem};

/// The bytes of a body.
///
/// # Errors
/// 413 above the limit, 400 if it breaks off or takes too long.
pub(in crate::http) async fn read(body: Body, app: &App) -> Result<Bytes, Problem> {
    let limits = app.limits();
    let limited = Limited::new(body, limits.body_bytes);
    match tokio::time::timeout(limits.body_time(), limited.collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            app.metrics().limited("body");
            let text = format!("the body is larger than {} bytes", limits.body_bytes);
            Err(Problem::new(Code::TooLarge, text))
        }
        Ok(Err(_)) => Err(Problem::new(Code::BadRequest, "the body broke off")),
        Err(_) => {
            app.metrics().limited("body_time");
            let text = format!("the body took more than {} s", limits.body_seconds);
            Err(Problem::new(Code::BadRequest, text))
        }
    }
}
