//! Who calls, and what the call carries: principal, request id, idempotency key.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use futures::future::BoxFuture;
use nimbus_core::access::{Authorized, Denial, Object, Over, Permit, Principal, Visible};

use super::problem::{Code, Problem};
use crate::auth::Access;
use crate::shell::port::Answered;
use crate::store::{self, IdempotencyKey};

/// What a request shows for itself.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Method as it was sent.
    pub method: &'a str,
    /// Path without the query.
    pub path: &'a str,
    /// The query as it was sent.
    pub query: Option<&'a str>,
    /// Where it comes from.
    pub peer: Option<IpAddr>,
}

/// Recognises callers.
pub trait Gate: Send + Sync + 'static {
    /// Whoever calls; `None` without any credential. A wrong credential is a problem on every path.
    fn identify<'a>(
        &'a self,
        shown: Shown<'a>,
    ) -> BoxFuture<'a, Result<Option<Arc<Principal>>, Problem>>;

    /// The principal as it is now, for streams that have been open for a while; `None` once its credential
    /// has ended.
    fn still<'a>(&'a self, principal: &'a Arc<Principal>) -> BoxFuture<'a, Option<Arc<Principal>>>;

    /// Who gives out tokens and keys, if this gate does.
    fn access(&self) -> Option<&Access> {
        None
    }
}

/// What belongs to one request.
#[derive(Clone, Debug)]
pub(super) struct Context {
    /// Its id.
    pub(super) id: Arc<str>,
    /// Where it comes from.
    pub(super) peer: Option<IpAddr>,
    /// Who sent it, if that is known.
    pub(super) principal: Option<Arc<Principal>>,
    /// Its idempotency key.
    pub(super) key: Option<IdempotencyKey>,
    /// What was committed for that key before.
    pub(super) committed: Option<Answered>,
}

/// A recognised caller. Extracting it from a request without credential is 401.
#[derive(Clone, Debug)]
pub struct Caller {
    principal: Arc<Principal>,
    context: Arc<Context>,
}

impl Caller {
    /// Who.
    #[must_use]
    pub fn principal(&self) -> &Arc<Principal> {
        &self.principal
    }

    /// The request's id.
    #[must_use]
    pub fn request_id(&self) -> Arc<str> {
        self.context.id.clone()
    }

    /// Where it comes from.
    #[must_use]
    pub fn peer(&self) -> Option<IpAddr> {
        self.context.peer
    }

    /// Checks a permission on an object: 404 if it is not visible, 403 if it is not allowed.
    ///
    /// # Errors
    /// The two.
    pub fn authorize<P: Permit>(&self, object: Object) -> Result<Authorized<P>, Problem> {
        self.principal.authorize(object).map_err(Problem::from)
    }

    /// What of a list the caller sees.
    ///
    /// # Errors
    /// 403 if it holds the permission over nothing.
    pub fn visible<P: Permit>(&self) -> Result<Visible<P>, Problem> {
        self.principal.visible().map_err(Problem::from)
    }

    /// What of a list the store may give, for lists that need `P`.
    ///
    /// # Errors
    /// 403 if the caller holds the permission over nothing.
    pub fn sight<P: Permit>(&self) -> Result<store::Visible, Problem> {
        let visible = self.visible::<P>()?;
        Ok(filter(&visible))
    }

    /// What the caller may know of at all: where single things are looked up, before the permission is
    /// checked on them.
    #[must_use]
    pub fn reach(&self) -> store::Visible {
        narrowed(self.principal.grants.iter().map(|grant| grant.over))
    }

    pub(super) fn key(&self) -> Option<IdempotencyKey> {
        self.context.key.clone()
    }

    pub(super) fn committed(&self) -> Option<Answered> {
        self.context.committed.clone()
    }
}

/// What a principal sees of what needs `P`, if anything.
pub(super) fn sight<P: Permit>(principal: &Principal) -> Option<store::Visible> {
    principal
        .visible::<P>()
        .ok()
        .map(|visible| filter(&visible))
}

fn filter<P>(visible: &Visible<P>) -> store::Visible {
    narrowed(visible.over().iter().copied())
}

/// The same as a filter of the store. Never more than was given: whoever holds several tenants one by one
/// sees the first.
fn narrowed(over: impl Iterator<Item = Over>) -> store::Visible {
    let (mut orgs, mut tenant) = (Vec::new(), None);
    for over in over {
        match over {
            Over::All => return store::Visible::All,
            Over::Org(org) => orgs.push(org),
            Over::Tenant(no) => tenant = tenant.or(Some(no)),
        }
    }
    match tenant {
        Some(no) if orgs.is_empty() => store::Visible::Tenant(no),
        _ => store::Visible::Orgs(orgs),
    }
}

impl From<Denial> for Problem {
    fn from(denial: Denial) -> Problem {
        match denial {
            Denial::Invisible => Problem::not_found(),
            Denial::Forbidden(permission) => Problem::forbidden(permission.as_str()),
        }
    }
}

fn caller(parts: &Parts) -> Option<Caller> {
    let context = parts.extensions.get::<Arc<Context>>()?.clone();
    let principal = context.principal.clone()?;
    Some(Caller { principal, context })
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, Problem> {
        caller(parts).ok_or_else(|| {
            Problem::new(
                Code::Unauthenticated,
                "send a token or an API key as bearer",
            )
        })
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Caller>, Problem> {
        Ok(caller(parts))
    }
}
