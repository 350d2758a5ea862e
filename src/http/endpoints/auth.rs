//! Tokens, signing out, tickets for streams.

use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use crate::auth::{Identity, Issued, Proof, Refused, TICKET_LIFE};
use crate::http::answer::{Answer, Outcome};
use crate::http::app::App;
use crate::http::caller::Caller;
use crate::http::edge::Peer;
use crate::http::extract::Json;
use crate::http::problem::Problem;

/// Says that a token was given without proof.
const WARNING: HeaderName = HeaderName::from_static("nimbus-warning");
/// What it says.
const WITHOUT_PROOF: &str =
    "given without proof, since this service is being tried; it serves nowhere else";
/// Longest path of a stream.
const PATH_MAX: usize = 512;

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(token))
        .routes(routes!(logout))
        .routes(routes!(logout_seed))
        .routes(routes!(ticket))
}

/// Who asks for a token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct TokenRequest {
    /// A tenant by id or slug, or `admin`. With basic authentication it may be left out.
    #[schema(example = "acme", max_length = 128)]
    tenant_id: Option<String>,
    /// Taken and not used: seed clients send it.
    #[schema(example = "acme", max_length = 256)]
    tenant_name: Option<String>,
    /// An API key of the tenant; of `admin` the bootstrap key.
    #[schema(example = "nbk_1a2b3c4d_…")]
    api_key: Option<String>,
    /// The same under another name.
    secret: Option<String>,
}

/// A token.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Token {
    /// The token, for `Authorization: Bearer`.
    token: String,
    /// `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Its life in seconds.
    #[schema(example = 86400)]
    expires_in: i64,
    /// When it ends.
    #[schema(example = "2026-12-01T10:00:00Z")]
    expires_at: String,
    /// Its tenant; null for the platform.
    #[schema(example = "ten-01hx0000000000000000000000")]
    tenant_id: Option<String>,
    /// `tenant` or `admin`.
    #[schema(example = "tenant")]
    principal: &'static str,
}

impl From<Issued> for Token {
    fn from(issued: Issued) -> Token {
        Token {
            token: issued.token.to_string(),
            token_type: "Bearer",
            expires_in: issued.expires_in,
            expires_at: issued.expires_at.to_string(),
            principal: if issued.tenant.is_some() {
                "tenant"
            } else {
                "admin"
            },
            tenant_id: issued.tenant.map(|id| id.to_string()),
        }
    }
}

/// Gives a token for a proof: an API key in the body, as the password of basic authentication, or as bearer.
/// Unknown, wrong and disabled are one answer; after five failures a minute the next try waits.
#[utoipa::path(
    post, path = "/auth/token", operation_id = "create_token", tag = "auth",
    request_body = TokenRequest,
    responses((status = 200, description = "A token", body = Token)),
    security(()),
    extensions(("x-nimbus-permission" = json!("open")), ("x-nimbus-rows" = json!(["S0-18", "S0-19", "X-06"]))),
)]
async fn token(
    State(app): State<App>,
    peer: Option<axum::Extension<Peer>>,
    headers: HeaderMap,
    Json(body): Json<TokenRequest>,
) -> Outcome<Token> {
    let proof = proof(&headers, body, peer.map(|peer| peer.0))?;
    let issued = app.access()?.exchange(proof).await?;
    let without_proof = issued.without_proof;
    let answer = Answer::ok(Token::from(issued)).header(CACHE_CONTROL, "no-store");
    Ok(if without_proof {
        answer.header(WARNING, WITHOUT_PROOF)
    } else {
        answer
    })
}

/// What a request shows: the body first, then the header.
fn proof(headers: &HeaderMap, body: TokenRequest, peer: Option<Peer>) -> Result<Proof, Problem> {
    let header = headers.get(AUTHORIZATION);
    let header = header.and_then(|value| value.to_str().ok());
    let basic = header.and_then(Proof::basic);
    let named = basic.as_ref().map(|(name, _)| name.clone());
    let named = named.filter(|name| !name.is_empty());
    let (Some(tenant), asked) = (named.clone().or(body.tenant_id.clone()), body.tenant_id) else {
        return Err(Problem::invalid("tenant_id", "required", "is required"));
    };
    if asked.as_ref().is_some_and(|asked| *asked != tenant) {
        let text = "differs from the name in the header";
        return Err(Problem::invalid("tenant_id", "conflict", text));
    }
    if body.tenant_name.is_some_and(|name| name != tenant) {
        tracing::debug!("a tenant_name that differs from tenant_id was ignored");
    }
    let given = body.api_key.or(body.secret).map(Zeroizing::new);
    let secret = given
        .or_else(|| basic.map(|(_, secret)| secret))
        .or_else(|| header.and_then(Proof::bearer));
    Ok(Proof {
        tenant,
        secret: secret.filter(|secret| !secret.is_empty()),
        address: peer.map(|peer| peer.0),
        request: request_id(headers).into(),
    })
}

/// The client's request id, bounded; the access log has the one that counts.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get("x-request-id");
    let text = given.and_then(|value| value.to_str().ok());
    text.unwrap_or_default().chars().take(128).collect()
}

/// Ends the token that the request came with.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", operation_id = "logout", tag = "auth",
    responses((status = 204, description = "The token is refused from now on")),
    extensions(("x-nimbus-permission" = json!("any")), ("x-nimbus-rows" = json!(["S0-18"]))),
)]
async fn logout(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let identity = identity(&app, &headers).await?;
    let access = app.access()?;
    access.sign_out(&identity, caller.request_id()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends the token that the request came with.
#[utoipa::path(
    post, path = "/logout", operation_id = "logout_seed", tag = "auth",
    responses((status = 204, description = "The token is refused from now on")),
    extensions(("x-nimbus-permission" = json!("any")), ("x-nimbus-rows" = json!(["S0-18"]))),
)]
async fn logout_seed(
    state: State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    logout(state, caller, headers).await
}

/// Who sent these headers, with all that is known of the credential.
pub(super) async fn identity(app: &App, headers: &HeaderMap) -> Result<Identity, Problem> {
    let header = headers.get(AUTHORIZATION);
    let header = header.and_then(|value| value.to_str().ok());
    let identity = app.access()?.identify(header).await?;
    identity.ok_or_else(|| Refused::Unauthenticated.into())
}

/// Which stream a ticket is for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct TicketRequest {
    /// The path of the stream, without a query.
    #[schema(example = "/api/v1/events", max_length = 512)]
    path: String,
}

/// A ticket.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Ticket {
    /// For `?ticket=` on that path, once.
    ticket: String,
    /// Its life in seconds.
    #[schema(example = 30)]
    expires_in: i64,
}

/// Gives a ticket for one stream: browsers cannot send headers there.
#[utoipa::path(
    post, path = "/api/v1/stream-tickets", operation_id = "create_stream_ticket", tag = "auth",
    request_body = TicketRequest,
    responses((status = 201, description = "A ticket for one use", body = Ticket)),
    extensions(("x-nimbus-permission" = json!("any")), ("x-nimbus-rows" = json!(["S1-17"]))),
)]
async fn ticket(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<TicketRequest>,
) -> Outcome<Ticket> {
    let plain = body.path.starts_with('/') && !body.path.contains(['?', '#']);
    if !plain || body.path.len() > PATH_MAX {
        let text = "expected a path of at most 512 characters, without a query";
        return Err(Problem::invalid("path", "invalid", text));
    }
    let ticket = app.access()?.ticket(caller.principal(), &body.path);
    let body = Ticket {
        ticket,
        expires_in: TICKET_LIFE.secs(),
    };
    Ok(Answer::created("/api/v1/stream-tickets", body).header(CACHE_CONTROL, "no-store"))
}
