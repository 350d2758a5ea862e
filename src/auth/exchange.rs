//! `POST /auth/token`: a proof for a token. Whatever fails looks the same and costs the same.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use nimbus_core::ids::{KeyId, TenantId};
use nimbus_core::store::StoreError;
use nimbus_core::tenant::Status;
use nimbus_core::time::Time;
use zeroize::Zeroizing;

use super::access::{Access, Identity};
use super::jwt::{self, Audience, Claims};
use super::key;
use super::refused::Refused;
use crate::runtime;
use crate::store::{ApiKeyRow, AuditRow, Store, Subject, Visible};

/// Life of a token that was given for a key, seconds.
pub(super) const LIFE_S: i64 = 24 * 3_600;
/// Life of a token that was given without proof, seconds.
pub(super) const DEV_LIFE_S: i64 = 3_600;
/// The name that means the platform's administrator.
pub(super) const ADMIN: &str = "admin";
/// Longest name that is looked up.
const NAME_MAX: usize = 64;

/// Who asks for a token, and what it shows.
#[derive(Clone, Default)]
pub struct Proof {
    /// A tenant by id or slug, or `admin`.
    pub tenant: String,
    /// The API key, from wherever in the request it came.
    pub secret: Option<Zeroizing<String>>,
    /// Where the request came from.
    pub address: Option<IpAddr>,
    /// The request.
    pub request: Arc<str>,
}

impl Proof {
    /// The name and the key of a basic `Authorization` header, if it is one.
    #[must_use]
    pub fn basic(header: &str) -> Option<(String, Zeroizing<String>)> {
        let (scheme, rest) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let text = Zeroizing::new(STANDARD.decode(rest.trim_matches(' ')).ok()?);
        let (name, secret) = std::str::from_utf8(&text).ok()?.split_once(':')?;
        Some((name.to_owned(), Zeroizing::new(secret.to_owned())))
    }

    /// The key of a bearer `Authorization` header, if it is one.
    #[must_use]
    pub fn bearer(header: &str) -> Option<Zeroizing<String>> {
        let (scheme, rest) = header.split_once(' ')?;
        let bearer = scheme.eq_ignore_ascii_case("bearer");
        bearer.then(|| Zeroizing::new(rest.trim_matches(' ').to_owned()))
    }
}

/// A token that was given out.
pub struct Issued {
    /// The token.
    pub token: Zeroizing<String>,
    /// Its life, seconds.
    pub expires_in: i64,
    /// When it ends.
    pub expires_at: Time,
    /// Its tenant; `None` is the platform.
    pub tenant: Option<TenantId>,
    /// It was given without proof, since the service is being tried.
    pub without_proof: bool,
}

/// What the store says to one try, read whole whether or not it will be needed.
struct Looked {
    key: Option<ApiKeyRow>,
    tenant: Option<(nimbus_core::ids::TenantNo, TenantId)>,
    tv: i64,
}

impl Access {
    /// Gives a token for a proof.
    ///
    /// # Errors
    /// See [`Refused`]; unknown, wrong and disabled are one answer.
    pub async fn exchange(&self, proof: Proof) -> Result<Issued, Refused> {
        let now = self.now();
        let checked = self.inner.failures.check(proof.address, &proof.tenant, now);
        checked.map_err(|wait| Refused::TooMany { wait })?;
        let without_proof = proof.secret.is_none();
        if without_proof && !self.inner.dev {
            return Err(Refused::ProofRequired);
        }
        let looked = self.look_up(&proof).await?;
        let Some((subject, key)) = self.proven(&proof, &looked) else {
            self.inner.failures.count(proof.address, &proof.tenant, now);
            self.note(&proof, "invalid_credentials", None).await?;
            return Err(Refused::InvalidCredentials);
        };
        let tenant = looked.tenant.filter(|_| subject != ADMIN);
        self.note(&proof, "ok", tenant.map(|(no, _)| no)).await?;
        let life_s = if without_proof { DEV_LIFE_S } else { LIFE_S };
        let audience = if without_proof {
            Audience::Dev
        } else {
            Audience::Api
        };
        let claims = claims(subject, looked.tv, audience, (now, life_s), key);
        let expires_at = Time::from_secs(claims.exp);
        Ok(Issued {
            token: self.sign(&claims)?,
            expires_in: life_s,
            expires_at,
            tenant: tenant.map(|(_, id)| id),
            without_proof,
        })
    }

    /// A token of the administrator for whoever starts the service to try it.
    ///
    /// # Errors
    /// Tokens cannot be signed now.
    pub fn dev_token(&self) -> Result<Zeroizing<String>, Refused> {
        if !self.inner.dev {
            return Err(Refused::ProofRequired);
        }
        let tv = self.inner.store.token_version(ADMIN)?;
        let times = (self.now(), LIFE_S);
        let claims = claims(ADMIN.to_owned(), tv, Audience::Dev, times, None);
        self.sign(&claims)
    }

    /// Ends the token that a caller came with.
    ///
    /// # Errors
    /// The store does not take it.
    pub async fn sign_out(&self, identity: &Identity, request: Arc<str>) -> Result<(), Refused> {
        let Some(token) = &identity.token else {
            return Ok(());
        };
        let until = Time::from_secs(token.exp.saturating_add(jwt::LEEWAY_S));
        let jti = token.jti.clone();
        let row = AuditRow {
            time: self.now(),
            tenant: identity.tenant.map(|(no, _)| no),
            principal: identity.principal.name.clone(),
            action: "token.revoke".into(),
            target: token.sub.as_str().into(),
            outcome: "ok".into(),
            request,
            data: "{}".to_owned(),
        };
        let write = self.ask(move |store| {
            store.deny_token(&jti, until)?;
            store.put_audit(&[row])
        });
        let written = write.await;
        self.inner.memory.forget();
        written
    }

    async fn look_up(&self, proof: &Proof) -> Result<Looked, Refused> {
        let hash = key::hash(proof.secret.as_ref().map_or("", |secret| secret.as_str()));
        let name: String = proof.tenant.chars().take(NAME_MAX + 1).collect();
        let now = self.now();
        self.ask(move |store| look_up(store, &name, &hash, now))
            .await
    }

    /// Whom the proof is good for, and the key that it is bound to.
    fn proven(&self, proof: &Proof, looked: &Looked) -> Option<(String, Option<KeyId>)> {
        let presented = proof.secret.as_ref().map_or("", |secret| secret.as_str());
        let presented = key::hash(presented);
        let stored = looked.key.as_ref().map_or("", |row| &row.hash);
        let same = key::same(stored, &presented);
        let without = proof.secret.is_none() && self.inner.dev;
        let subject = if proof.tenant == ADMIN {
            Some((ADMIN.to_owned(), Subject::Admin))
        } else {
            let found = looked.tenant.as_ref();
            found.map(|(no, id)| (id.to_string(), Subject::Tenant(*no)))
        };
        let (name, subject) = subject?;
        if without {
            return Some((name, None));
        }
        let row = looked.key.as_ref()?;
        (same && row.subject == subject).then_some((name, Some(row.id)))
    }

    async fn note(
        &self,
        proof: &Proof,
        outcome: &'static str,
        tenant: Option<nimbus_core::ids::TenantNo>,
    ) -> Result<(), Refused> {
        let row = AuditRow {
            time: self.now(),
            tenant,
            principal: "anonymous".into(),
            action: "token.issue".into(),
            target: proof
                .tenant
                .chars()
                .take(NAME_MAX)
                .collect::<String>()
                .into(),
            outcome: outcome.into(),
            request: proof.request.clone(),
            data: match proof.address {
                Some(address) => format!("{{\"address\":\"{address}\"}}"),
                None => "{}".to_owned(),
            },
        };
        self.ask(move |store| store.put_audit(&[row])).await
    }

    fn sign(&self, claims: &Claims) -> Result<Zeroizing<String>, Refused> {
        let ring = self
            .inner
            .ring
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let token = jwt::sign(&ring, claims, claims.iat);
        let none = |_| StoreError::Unavailable("no key signs now".to_owned());
        Ok(Zeroizing::new(token.map_err(none)?))
    }
}

fn look_up(store: &Store, name: &str, hash: &str, now: Time) -> Result<Looked, StoreError> {
    let key = store
        .api_key_by_hash(hash)?
        .filter(|row| row.revoked_at.is_none() && row.expires_at.is_none_or(|end| now < end));
    let found = if name.chars().count() > NAME_MAX {
        None
    } else {
        store.tenant(&Visible::All, name)?
    };
    let living = found
        .map(|found| found.row)
        .filter(|view| view.row.status != Status::Gone);
    let tenant = living.map(|view| (view.no, view.row.id));
    let subject = tenant.map_or_else(|| name.to_owned(), |(_, id)| id.to_string());
    let tv = store.token_version(&subject)?;
    Ok(Looked { key, tenant, tv })
}

fn claims(
    sub: String,
    tv: i64,
    aud: Audience,
    (now, life_s): (Time, i64),
    key: Option<KeyId>,
) -> Claims {
    let now_s = now.secs();
    Claims {
        iss: jwt::ISSUER.to_owned(),
        aud,
        sub,
        iat: now_s,
        nbf: now_s,
        exp: now_s.saturating_add(life_s),
        jti: URL_SAFE_NO_PAD.encode(runtime::random_bytes::<16>()),
        tv,
        key,
    }
}
