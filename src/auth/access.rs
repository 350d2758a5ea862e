//! The one who recognises callers: from a token, an API key or a ticket to a principal.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use nimbus_core::access::Principal;
use nimbus_core::ids::{KeyId, OrgNo, TenantId, TenantNo};
use nimbus_core::time::Time;

use super::failures::Failures;
use super::jwt::{self, Audience, BadToken, Claims};
use super::key;
use super::memory::{Memory, Standing};
use super::refused::Refused;
use super::ring::Ring;
use super::standing::{Who, limited};
use super::ticket::Tickets;
use crate::store::{ApiKeyRow, Store};

/// Wall time, handed in so that tests can turn it.
pub type Clock = Arc<dyn Fn() -> Time + Send + Sync>;

/// What recognising callers needs.
pub struct Parts {
    /// Where keys, people and versions are.
    pub store: Store,
    /// What tokens are signed with.
    pub ring: Ring,
    /// The dev flag on a loopback listener: tokens without proof, and a caller without credential is the
    /// tenant `dev`.
    pub dev: bool,
    /// Wall time.
    pub clock: Clock,
}

/// Recognises callers, gives out tokens and keys. Cheap to clone.
#[derive(Clone)]
pub struct Access {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) ring: RwLock<Ring>,
    pub(super) dev: bool,
    pub(super) clock: Clock,
    pub(super) memory: Memory,
    pub(super) failures: Failures,
    pub(super) tickets: Tickets,
    /// Held while keys are counted and one is added.
    pub(super) adding: Mutex<()>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}

/// What a caller was recognised by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The administrator's token.
    Admin,
    /// A tenant's token.
    Tenant,
    /// A person's token.
    User,
    /// An API key.
    ApiKey,
    /// Nothing: the service is being tried.
    Dev,
}

/// A recognised caller.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Who, and what it holds.
    pub principal: Arc<Principal>,
    /// What it was recognised by.
    pub kind: Kind,
    /// Its tenant, if it acts in one.
    pub tenant: Option<(TenantNo, TenantId)>,
    /// Organizations that it belongs to.
    pub orgs: Vec<OrgNo>,
    /// When its credential ends.
    pub expires_at: Option<Time>,
    /// Its token, if it came with one.
    pub token: Option<Claims>,
    /// Its key, if it came with one or its token was given for one.
    pub key: Option<KeyId>,
}

/// The session of a principal as it stands in it: no secret, and enough to ask again.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Session {
    Token(Claims),
    Key(KeyId),
    Dev,
}

impl Access {
    /// Somebody who recognises callers. Signs and verifies once, so that a build without its cryptography
    /// is found here.
    ///
    /// # Errors
    /// Tokens cannot be made.
    pub fn new(parts: Parts) -> Result<Access, BadToken> {
        jwt::self_test((parts.clock)().secs())?;
        let inner = Inner {
            store: parts.store,
            ring: RwLock::new(parts.ring),
            dev: parts.dev,
            clock: parts.clock,
            memory: Memory::default(),
            failures: Failures::default(),
            tickets: Tickets::default(),
            adding: Mutex::new(()),
        };
        Ok(Access {
            inner: Arc::new(inner),
        })
    }

    /// Wall time.
    pub(super) fn now(&self) -> Time {
        (self.inner.clock)()
    }

    /// Whoever sent this `Authorization` header; `None` without one, unless the service is being tried.
    ///
    /// # Errors
    /// A credential that is not valid is refused everywhere, also where none is needed.
    pub async fn identify(&self, authorization: Option<&str>) -> Result<Option<Identity>, Refused> {
        let Some(header) = authorization else {
            return if self.inner.dev {
                self.dev_identity().await
            } else {
                Ok(None)
            };
        };
        let bearer = bearer(header).ok_or(Refused::Unauthenticated)?;
        if key::is_key(bearer) {
            let row = self
                .key_by_text(bearer)
                .await?
                .ok_or(Refused::Unauthenticated)?;
            self.of_key(&row).await.map(Some)
        } else {
            self.of_token(bearer).await.map(Some)
        }
    }

    /// Whoever holds a ticket for this path; it is used up. `None` if it is not valid.
    #[must_use]
    pub fn redeem(&self, ticket: &str, path: &str) -> Option<Arc<Principal>> {
        self.inner.tickets.take(ticket, path, self.now())
    }

    /// A ticket for one stream, for 30 s.
    #[must_use]
    pub fn ticket(&self, principal: &Arc<Principal>, path: &str) -> String {
        self.inner.tickets.make(principal.clone(), path, self.now())
    }

    /// The principal as it is now; `None` once its credential has ended.
    ///
    /// # Errors
    /// It cannot be asked now.
    pub async fn still(&self, principal: &Principal) -> Result<Option<Arc<Principal>>, Refused> {
        let session = principal
            .session
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok());
        let identity = match session {
            None => return Ok(None),
            Some(Session::Dev) => self.dev_identity().await,
            Some(Session::Key(id)) => match self.key_by_id(id).await? {
                Some(row) => self.of_key(&row).await.map(Some),
                None => return Ok(None),
            },
            Some(Session::Token(claims)) => self.of_claims(claims).await.map(Some),
        };
        match identity {
            Ok(identity) => Ok(identity.map(|identity| identity.principal)),
            Err(Refused::Unavailable(error)) => Err(Refused::Unavailable(error)),
            Err(_) => Ok(None),
        }
    }

    async fn of_token(&self, token: &str) -> Result<Identity, Refused> {
        let audience: &[Audience] = if self.inner.dev {
            &[Audience::Api, Audience::Dev]
        } else {
            &[Audience::Api]
        };
        let now_s = self.now().secs();
        let read = {
            let ring = self
                .inner
                .ring
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            jwt::verify(&ring, token, audience, now_s)
        };
        let claims = read.map_err(|bad| match bad {
            BadToken::Expired => Refused::Expired,
            BadToken::Invalid => Refused::Unauthenticated,
        })?;
        self.of_claims(claims).await
    }

    /// The signature holds; whether the token still does.
    async fn of_claims(&self, claims: Claims) -> Result<Identity, Refused> {
        if claims.exp <= self.now().secs().saturating_sub(jwt::LEEWAY_S) {
            return Err(Refused::Expired);
        }
        if self.denied(&claims.jti).await? {
            return Err(Refused::Unauthenticated);
        }
        let who = Who::of_subject(&claims.sub).ok_or(Refused::Unauthenticated)?;
        let standing = self.standing(who).await?.ok_or(Refused::Unauthenticated)?;
        if claims.tv < standing.tv {
            return Err(Refused::Unauthenticated);
        }
        let row = match claims.key {
            Some(id) => Some(self.key_by_id(id).await?.ok_or(Refused::Unauthenticated)?),
            None => None,
        };
        let kind = match who {
            Who::User(_) => Kind::User,
            Who::Admin => Kind::Admin,
            _ => Kind::Tenant,
        };
        let session = Session::Token(claims.clone());
        let mut identity = identity(&standing, row.as_deref(), kind, &session);
        identity.expires_at = Some(Time::from_secs(claims.exp));
        identity.token = Some(claims);
        Ok(identity)
    }

    async fn of_key(&self, row: &ApiKeyRow) -> Result<Identity, Refused> {
        let standing = self.standing(Who::of_row(row)).await?;
        let standing = standing.ok_or(Refused::Unauthenticated)?;
        let mut identity = identity(&standing, Some(row), Kind::ApiKey, &Session::Key(row.id));
        identity.expires_at = row.expires_at;
        Ok(identity)
    }

    /// The service is being tried: whoever sends nothing is the tenant `dev`, if there is one.
    async fn dev_identity(&self) -> Result<Option<Identity>, Refused> {
        let standing = self.standing(Who::Dev).await?;
        Ok(standing.map(|standing| identity(&standing, None, Kind::Dev, &Session::Dev)))
    }
}

fn identity(
    standing: &Standing,
    row: Option<&ApiKeyRow>,
    kind: Kind,
    session: &Session,
) -> Identity {
    let (grants, areas) = limited(standing, row);
    let name = match (kind, row) {
        (Kind::ApiKey, Some(row)) => format!("key:{}", row.id).into(),
        (Kind::Dev, _) => Arc::from("dev"),
        _ => standing.name.clone(),
    };
    let session = serde_json::to_string(session).unwrap_or_default();
    Identity {
        principal: Arc::new(Principal {
            name,
            grants,
            areas,
            session: Some(session.into()),
        }),
        kind,
        tenant: standing.tenant,
        orgs: standing.orgs.clone(),
        expires_at: None,
        token: None,
        key: row.map(|row| row.id),
    }
}

/// The credential of a bearer header: one word behind the scheme, whose case does not matter.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, rest) = header.split_once(' ')?;
    let word = rest.trim_matches(' ');
    let one = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic());
    (scheme.eq_ignore_ascii_case("bearer") && one).then_some(word)
}
