//! The gate of the service: headers and tickets to `auth`, its refusals to problems.

use std::sync::Arc;

use axum::http::header::AUTHORIZATION;
use futures::FutureExt;
use futures::future::BoxFuture;
use nimbus_core::access::Principal;
use nimbus_core::time::Span;

use super::caller::{Gate, Shown};
use super::problem::{Code, Problem};
use crate::auth::{Access, Refused};

/// Whoever asks there brings a proof, not a credential: the handler reads it.
const PROVED: [&str; 1] = ["/auth/token"];
/// The parameter that holds a ticket.
const TICKET: &str = "ticket";

impl Gate for Access {
    fn identify<'a>(
        &'a self,
        shown: Shown<'a>,
    ) -> BoxFuture<'a, Result<Option<Arc<Principal>>, Problem>> {
        async move {
            if PROVED.contains(&shown.path) {
                return Ok(None);
            }
            let header = match shown.headers.get(AUTHORIZATION) {
                Some(value) => Some(value.to_str().map_err(|_| Refused::Unauthenticated)?),
                None => None,
            };
            if let (None, Some(ticket)) = (header, ticket(shown.query)) {
                let principal = self.redeem(ticket, shown.path);
                return principal.map(Some).ok_or_else(|| {
                    Problem::new(
                        Code::Unauthenticated,
                        "the ticket is not valid here and now",
                    )
                });
            }
            let identity = self.identify(header).await?;
            Ok(identity.map(|identity| identity.principal))
        }
        .boxed()
    }

    fn still<'a>(&'a self, principal: &'a Arc<Principal>) -> BoxFuture<'a, Option<Arc<Principal>>> {
        async move {
            match self.still(principal).await {
                Ok(principal) => principal,
                // the store does not answer: what was right a moment ago stays so until it does
                Err(_) => Some(principal.clone()),
            }
        }
        .boxed()
    }

    fn access(&self) -> Option<&Access> {
        Some(self)
    }
}

fn ticket(query: Option<&str>) -> Option<&str> {
    let mut pairs = query?.split('&');
    pairs.find_map(|pair| pair.strip_prefix(TICKET)?.strip_prefix('='))
}

/// Whole seconds that must pass, at least one.
fn seconds(wait: Span) -> u32 {
    u32::try_from(wait.0.saturating_add(999_999) / 1_000_000).unwrap_or(1)
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Problem {
        let detail = refused.to_string();
        match refused {
            Refused::Unauthenticated => Problem::new(Code::Unauthenticated, detail),
            Refused::Expired => Problem::new(Code::TokenExpired, detail),
            Refused::ProofRequired => Problem::new(Code::ProofRequired, detail),
            Refused::InvalidCredentials => Problem::new(Code::InvalidCredentials, detail),
            Refused::TooMany { wait } => {
                Problem::new(Code::RateLimited, detail).after(seconds(wait))
            }
            Refused::Unavailable(error) => error.into(),
        }
    }
}
