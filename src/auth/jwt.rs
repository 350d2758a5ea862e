//! Tokens: HS256, one strict reading, one way to make them.
//!
//! A token names its key, and nothing else of it is believed before the signature holds: no algorithm, no
//! key, no address from its header. What has more in its header than this file writes is refused.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header, Validation};
use nimbus_core::ids::KeyId;
use serde::{Deserialize, Serialize};

use super::ring::Ring;

/// Who issues.
pub(super) const ISSUER: &str = "nimbus";
/// By how much clocks may differ, seconds.
pub(super) const LEEWAY_S: i64 = 5;
/// Longest life of a token, seconds.
pub(super) const LIFE_MAX_S: i64 = 24 * 3_600;
/// Longest token, bytes.
pub(super) const BYTES_MAX: usize = 4_096;

/// On which surface a token serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Audience {
    /// The API.
    #[serde(rename = "nimbus-api")]
    Api,
    /// The API of a service that was started to be tried: given without proof, so taken nowhere else.
    #[serde(rename = "nimbus-dev")]
    Dev,
}

impl Audience {
    const fn as_str(self) -> &'static str {
        match self {
            Audience::Api => "nimbus-api",
            Audience::Dev => "nimbus-dev",
        }
    }
}

/// What a token stands for: its `typ`, so that one kind never passes as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A tenant.
    Tenant,
    /// The administrator of the platform.
    Admin,
    /// A person.
    User,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Tenant, Kind::Admin, Kind::User];

    const fn typ(self) -> &'static str {
        match self {
            Kind::Tenant => "nimbus-tenant+jwt",
            Kind::Admin => "nimbus-admin+jwt",
            Kind::User => "nimbus-user+jwt",
        }
    }

    /// The kind that a subject is of.
    #[must_use]
    pub(super) fn of(subject: &str) -> Option<Kind> {
        match subject.split_once('-') {
            None if subject == "admin" => Some(Kind::Admin),
            Some(("ten", _)) => Some(Kind::Tenant),
            Some(("user", _)) => Some(Kind::User),
            _ => None,
        }
    }
}

/// What a token says. Every claim is required but `key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// Where it serves.
    pub aud: Audience,
    /// Whom it stands for: `admin`, the id of a tenant or of a person.
    pub sub: String,
    /// When it was issued, seconds since the epoch.
    pub iat: i64,
    /// It serves from here.
    pub nbf: i64,
    /// It serves before this.
    pub exp: i64,
    /// Its id.
    pub jti: String,
    /// The version of its subject's tokens; a raised one ends all before.
    pub tv: i64,
    /// The API key that it was given for: it ends with it and never does more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
}

/// The header of our tokens: exactly this.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    alg: String,
    typ: String,
    kid: String,
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It was good and has ended.
    #[error("the token has expired")]
    Expired,
    /// Anything else. What exactly is nobody's business.
    #[error("the token is not valid")]
    Invalid,
}

/// How tokens are checked: the only place that says so.
#[expect(clippy::disallowed_methods, reason = "the one constructor")]
fn validation(audience: &[Audience]) -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = LEEWAY_S.unsigned_abs();
    validation.validate_nbf = true;
    validation.set_issuer(&[ISSUER]);
    let audience: Vec<&str> = audience.iter().map(|audience| audience.as_str()).collect();
    validation.set_audience(&audience);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    validation
}

/// Signs a token with the key whose time it is.
///
/// # Errors
/// No key signs now, or the subject is of no kind.
pub(super) fn sign(ring: &Ring, claims: &Claims, now_s: i64) -> Result<String, BadToken> {
    let key = ring.signer(now_s).ok_or(BadToken::Invalid)?;
    let kind = Kind::of(&claims.sub).ok_or(BadToken::Invalid)?;
    let mut header = Header::new(Algorithm::HS256);
    header.typ = Some(kind.typ().to_owned());
    header.kid = Some(key.kid.clone());
    jsonwebtoken::encode(&header, claims, &key.encoding).map_err(|_| BadToken::Invalid)
}

/// Reads a token for a surface.
///
/// # Errors
/// See [`BadToken`].
pub(super) fn verify(
    ring: &Ring,
    token: &str,
    audience: &[Audience],
    now_s: i64,
) -> Result<Claims, BadToken> {
    let head = head(token).ok_or(BadToken::Invalid)?;
    let key = ring.verifier(&head.kid, now_s).ok_or(BadToken::Invalid)?;
    let read = jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation(audience));
    let claims = read.map_err(|error| match error.kind() {
        jsonwebtoken::errors::ErrorKind::ExpiredSignature => BadToken::Expired,
        _ => BadToken::Invalid,
    })?;
    check(&head, &claims.claims, now_s)?;
    Ok(claims.claims)
}

/// What the library does not look at, and its times once more with our clock.
fn check(head: &Head, claims: &Claims, now_s: i64) -> Result<(), BadToken> {
    let kind = Kind::of(&claims.sub).is_some_and(|kind| kind.typ() == head.typ);
    let life = claims.exp.checked_sub(claims.nbf);
    let sane = life.is_some_and(|life| (1..=LIFE_MAX_S).contains(&life));
    let named = !claims.jti.is_empty() && claims.tv >= 0;
    let early = claims.nbf > now_s.saturating_add(LEEWAY_S);
    if !kind || !sane || !named || early {
        return Err(BadToken::Invalid);
    }
    if claims.exp <= now_s.saturating_sub(LEEWAY_S) {
        return Err(BadToken::Expired);
    }
    Ok(())
}

/// The header, if the token is three canonical parts and nothing more.
fn head(token: &str) -> Option<Head> {
    if token.len() > BYTES_MAX {
        return None;
    }
    let mut parts = token.split('.');
    let (head, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let head = URL_SAFE_NO_PAD.decode(head).ok()?;
    URL_SAFE_NO_PAD.decode(claims).ok()?;
    URL_SAFE_NO_PAD.decode(signature).ok()?;
    let head: Head = serde_json::from_slice(&head).ok()?;
    let known = Kind::ALL.iter().any(|kind| kind.typ() == head.typ);
    (head.alg == "HS256" && known).then_some(head)
}

/// Signs and verifies once, so that a library without its cryptography is found at the start.
///
/// # Errors
/// It does not work.
pub(super) fn self_test(now_s: i64) -> Result<(), BadToken> {
    let ring = Ring::fleeting(now_s);
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: Audience::Api,
        sub: "admin".to_owned(),
        iat: now_s,
        nbf: now_s,
        exp: now_s.saturating_add(60),
        jti: "self-test".to_owned(),
        tv: 0,
        key: None,
    };
    let token = sign(&ring, &claims, now_s)?;
    let read = verify(&ring, &token, &[Audience::Api], now_s)?;
    let other = verify(&Ring::fleeting(now_s), &token, &[Audience::Api], now_s);
    if read == claims && other.is_err() {
        Ok(())
    } else {
        Err(BadToken::Invalid)
    }
}
