//! Every way in which a request can fail: one table of status, title and exit code.

use axum::http::StatusCode;

/// What a problem is. Its name, status and exit code never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// The request cannot be understood.
    BadRequest,
    /// A field that the request may not have.
    UnknownField,
    /// A cursor that was not handed out for this list.
    BadCursor,
    /// No credential, or one that is not accepted.
    Unauthenticated,
    /// A token was asked for without any proof.
    ProofRequired,
    /// The proof does not fit.
    InvalidCredentials,
    /// The token was good once.
    TokenExpired,
    /// The signature of the request is wrong.
    BadSignature,
    /// The clocks of client and server differ too much.
    ClockSkew,
    /// The caller may see this and may not do that.
    Forbidden,
    /// More than the quota has.
    QuotaExceeded,
    /// More than the plan allows.
    TierLimit,
    /// The budget is spent.
    BudgetReached,
    /// A secret is locked at a higher tier.
    LockedSecret,
    /// A rule of the platform forbids it.
    PolicyDenied,
    /// Not there, or not visible to the caller.
    NotFound,
    /// The path does not take this method.
    MethodNotAllowed,
    /// No format that the client accepts.
    NotAcceptable,
    /// A body that is not JSON.
    UnsupportedMediaType,
    /// The name is taken.
    AlreadyExists,
    /// The present state does not allow it.
    StateConflict,
    /// Something still uses it.
    InUse,
    /// The first request with this idempotency key still runs.
    IdempotencyRunning,
    /// Two changes collided.
    Conflict,
    /// It was there and is no longer kept.
    Gone,
    /// `If-Match` names another version.
    StaleVersion,
    /// The body is larger than the limit.
    TooLarge,
    /// Fields say what they may not say.
    Invalid,
    /// Outside the bounds of a policy.
    OutOfBounds,
    /// The policy may oscillate.
    UnstablePolicy,
    /// The idempotency key was used for another request.
    IdempotencyMismatch,
    /// `If-Match` is missing.
    VersionRequired,
    /// The caller asks too often.
    RateLimited,
    /// The service has too much to do.
    Overloaded,
    /// A defect of the service.
    Internal,
    /// Known, but not built.
    NotImplemented,
    /// The service cannot answer now.
    Unavailable,
    /// Another replica leads.
    NotLeader,
    /// The database cannot be reached.
    DatabaseUnavailable,
    /// The cluster cannot be reached.
    ClusterUnavailable,
    /// The outcome is unknown.
    Timeout,
    /// Journal or database cannot grow.
    StorageFull,
}

/// What the table says about a code.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The code's name.
    pub name: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Title, the same for every occurrence.
    pub title: &'static str,
    /// Exit code of the command line.
    pub exit: u8,
    /// What happened, for its page.
    pub means: &'static str,
    /// What to do about it, for its page.
    pub remedy: &'static str,
}

const fn row(
    name: &'static str,
    status: u16,
    exit: u8,
    title: &'static str,
    means: &'static str,
    remedy: &'static str,
) -> Row {
    Row {
        name,
        status,
        title,
        exit,
        means,
        remedy,
    }
}

impl Code {
    /// Every code, in the order of their status.
    pub const ALL: [Code; 42] = [
        Code::BadRequest,
        Code::UnknownField,
        Code::BadCursor,
        Code::Unauthenticated,
        Code::ProofRequired,
        Code::InvalidCredentials,
        Code::TokenExpired,
        Code::BadSignature,
        Code::ClockSkew,
        Code::Forbidden,
        Code::QuotaExceeded,
        Code::TierLimit,
        Code::BudgetReached,
        Code::LockedSecret,
        Code::PolicyDenied,
        Code::NotFound,
        Code::MethodNotAllowed,
        Code::NotAcceptable,
        Code::AlreadyExists,
        Code::StateConflict,
        Code::InUse,
        Code::IdempotencyRunning,
        Code::Conflict,
        Code::Gone,
        Code::StaleVersion,
        Code::TooLarge,
        Code::UnsupportedMediaType,
        Code::Invalid,
        Code::OutOfBounds,
        Code::UnstablePolicy,
        Code::IdempotencyMismatch,
        Code::VersionRequired,
        Code::RateLimited,
        Code::Overloaded,
        Code::Internal,
        Code::NotImplemented,
        Code::Unavailable,
        Code::NotLeader,
        Code::DatabaseUnavailable,
        Code::ClusterUnavailable,
        Code::Timeout,
        Code::StorageFull,
    ];

    /// What the table says.
    #[must_use]
    #[rustfmt::skip]
    #[expect(clippy::too_many_lines, reason = "it is the table: one entry per code")]
    pub const fn row(self) -> Row {
        match self {
            Code::BadRequest => row("bad_request", 400, 2, "Bad request",
                "The request cannot be understood: its JSON, a header or a query parameter is malformed.",
                "Read `detail`; it names the place. Repeating the request unchanged fails again."),
            Code::UnknownField => row("unknown_field", 400, 2, "Unknown field",
                "The request has a field or query parameter that does not exist here, or one that only the server sets.",
                "Remove or rename it; `fields` names it."),
            Code::BadCursor => row("bad_cursor", 400, 2, "Bad cursor",
                "The cursor was not handed out for this list with this filter and sort order.",
                "Begin again without `cursor`."),
            Code::Unauthenticated => row("unauthenticated", 401, 3, "Not authenticated",
                "The request has no credential, or one that is not accepted here.",
                "Send `Authorization: Bearer <token or API key>`."),
            Code::ProofRequired => row("proof_required", 401, 3, "Proof required",
                "A token was asked for without any proof of who asks.",
                "Send `api_key` in the body, HTTP Basic `tenant:api_key`, or an API key as bearer."),
            Code::InvalidCredentials => row("invalid_credentials", 401, 3, "Invalid credentials",
                "Unknown name, wrong key or disabled principal; the answer does not say which.",
                "Check name and key; an administrator can make a new key."),
            Code::TokenExpired => row("token_expired", 401, 3, "Token expired",
                "The token was valid and no longer is.",
                "Ask for a new one with `POST /auth/token`."),
            Code::BadSignature => row("bad_signature", 401, 3, "Bad signature",
                "The signature does not fit the request or the key.",
                "Sign the request as it is sent: method, path, query, headers and body."),
            Code::ClockSkew => row("clock_skew", 401, 3, "Clocks differ",
                "The time in the request is more than 300 s away from the server's.",
                "Set the clock; `detail` carries the server's time."),
            Code::Forbidden => row("forbidden", 403, 3, "Forbidden",
                "The caller may see this, but may not do what was asked.",
                "Ask for a role that holds the permission; `detail` names it."),
            Code::QuotaExceeded => row("quota_exceeded", 403, 5, "Quota exceeded",
                "The request needs more than the tenant's quota has left. Nothing was changed.",
                "Ask for less, free something, or raise the quota."),
            Code::TierLimit => row("tier_limit", 403, 5, "Plan limit reached",
                "The plan of the organization does not allow more of this.",
                "Delete something or take a larger plan."),
            Code::BudgetReached => row("budget_reached", 403, 5, "Budget reached",
                "A hard budget is spent.",
                "Raise the budget or wait for the next period."),
            Code::LockedSecret => row("locked_secret", 403, 5, "Secret is locked",
                "The secret is locked at a higher tier and cannot be overridden here.",
                "Ask the owner of the higher tier to unlock it."),
            Code::PolicyDenied => row("policy_denied", 403, 5, "Denied by policy",
                "A rule of the platform forbids it.",
                "Read `detail`; it names the rule."),
            Code::NotFound => row("not_found", 404, 4, "Not found",
                "It does not exist, or the caller may not see it; the answer does not say which.",
                "Check the path, the id or name, and whose credential is used."),
            Code::MethodNotAllowed => row("method_not_allowed", 405, 2, "Method not allowed",
                "The path exists, but does not take this method.",
                "Use one of the methods in the `Allow` header."),
            Code::NotAcceptable => row("not_acceptable", 406, 2, "Not acceptable",
                "The `Accept` header names no format that can be given.",
                "Accept `application/json`."),
            Code::AlreadyExists => row("already_exists", 409, 5, "Already exists",
                "The name is taken.",
                "Choose another name, or change the existing one."),
            Code::StateConflict => row("state_conflict", 409, 5, "State conflict",
                "The present state does not allow it.",
                "Wait until the state has changed, or bring it about."),
            Code::InUse => row("in_use", 409, 5, "In use",
                "Something still uses it.",
                "End the use first, or send `force` where it is offered."),
            Code::IdempotencyRunning => row("idempotency_running", 409, 5, "Still running",
                "The first request with this `Idempotency-Key` has not been answered yet.",
                "Ask again a little later with the same key."),
            Code::Conflict => row("conflict", 409, 5, "Conflict",
                "Two changes collided; this one was not made.",
                "Read the present state and decide again."),
            Code::Gone => row("gone", 410, 5, "No longer kept",
                "The cursor or event id is older than what is kept.",
                "Begin again: read the list anew, then follow."),
            Code::StaleVersion => row("stale_version", 412, 5, "Stale version",
                "`If-Match` names a version that is not the present one. Nothing was changed.",
                "Read the resource again and apply the change to what it is now."),
            Code::TooLarge => row("too_large", 413, 2, "Too large",
                "The body is larger than 1 MiB.",
                "Send less at once."),
            Code::UnsupportedMediaType => row("unsupported_media_type", 415, 2, "Unsupported media type",
                "The body is not declared as JSON.",
                "Send `Content-Type: application/json`."),
            Code::Invalid => row("invalid", 422, 2, "Invalid input",
                "The request is well formed, but fields say what they may not say.",
                "`fields` names each with its reason."),
            Code::OutOfBounds => row("out_of_bounds", 422, 2, "Out of bounds",
                "The value lies outside what a policy allows.",
                "Stay inside the bounds that `detail` names, or change the policy."),
            Code::UnstablePolicy => row("unstable_policy", 422, 2, "Unstable policy",
                "Under constant load the policy may scale up and down for ever.",
                "Widen the thresholds, or allow it with `allow_unstable=true`."),
            Code::IdempotencyMismatch => row("idempotency_mismatch", 422, 2, "Key used for another request",
                "The `Idempotency-Key` was used before with another path or body.",
                "Use a new key for a new request."),
            Code::VersionRequired => row("version_required", 428, 5, "Version required",
                "A change needs the version that it is made to.",
                "Read the resource and send its `ETag` as `If-Match`."),
            Code::RateLimited => row("rate_limited", 429, 1, "Too many requests",
                "The caller asks more often than the limit allows.",
                "Wait as long as `Retry-After` says."),
            Code::Overloaded => row("overloaded", 429, 1, "Overloaded",
                "The service has more to do than it takes at once. Nothing was done.",
                "Wait as long as `Retry-After` says, then ask again."),
            Code::Internal => row("internal", 500, 1, "Internal error",
                "A defect of the service; it was logged under the request id.",
                "Report it with `request_id`."),
            Code::NotImplemented => row("not_implemented", 501, 1, "Not implemented",
                "Known, but not built.",
                "There is nothing to do about it."),
            Code::Unavailable => row("unavailable", 503, 1, "Unavailable",
                "The service cannot answer now: it starts, stops or waits for a part of itself.",
                "Ask again after `Retry-After`."),
            Code::NotLeader => row("not_leader", 503, 1, "Not the leader",
                "This replica does not take writes, and the one that does cannot be reached.",
                "Ask again after `Retry-After`."),
            Code::DatabaseUnavailable => row("database_unavailable", 503, 1, "Database unavailable",
                "The database cannot be reached.",
                "Ask again after `Retry-After`."),
            Code::ClusterUnavailable => row("cluster_unavailable", 503, 1, "Cluster unavailable",
                "The cluster cannot be reached.",
                "Ask again after `Retry-After`."),
            Code::Timeout => row("timeout", 504, 6, "Outcome unknown",
                "No answer came in time; the effect may have happened.",
                "Ask again with the same `Idempotency-Key`."),
            Code::StorageFull => row("storage_full", 507, 1, "Storage is full",
                "Journal or database cannot be written. Reads go on.",
                "Free disk space on the server."),
        }
    }

    /// Its name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// Its name in paths: hyphens instead of underscores.
    #[must_use]
    pub fn slug(self) -> String {
        self.name().replace('_', "-")
    }

    /// The code of a name in a path.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Code> {
        Code::ALL.into_iter().find(|code| code.slug() == slug)
    }

    /// HTTP status.
    #[must_use]
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.row().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}
