//! Why somebody is not let in. One value per answer; the edge gives it a status.

use nimbus_core::store::StoreError;
use nimbus_core::time::Span;

/// Why a credential is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A credential is needed, or the one that came is not valid.
    #[error("the token or API key is not valid")]
    Unauthenticated,
    /// It was valid and has ended.
    #[error("the token has expired")]
    Expired,
    /// A token is asked for without any proof.
    #[error(
        "a proof is needed: send an API key as \"api_key\" in the body, as bearer, or as the password of basic authentication; an administrator makes one with POST /api/v1/api-keys"
    )]
    ProofRequired,
    /// Unknown, wrong or disabled: nobody learns which.
    #[error("the credentials are not valid")]
    InvalidCredentials,
    /// Too many failures.
    #[error("too many failed sign-ins")]
    TooMany {
        /// How long to wait.
        wait: Span,
    },
    /// It cannot be checked now.
    #[error("credentials cannot be checked now: {0}")]
    Unavailable(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Refused {
        Refused::Unavailable(error)
    }
}
