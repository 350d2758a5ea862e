//! Who may come in: API keys, users, signing keys, token versions, settings. No machine owns these; the
//! one writer commits them, epoch checked, and they are not journaled.

use std::sync::Arc;

use nimbus_core::ids::{KeyId, OrgNo, TenantNo, UserId};
use nimbus_core::store::StoreError;
use nimbus_core::time::Time;
use serde::{Deserialize, Serialize};

use super::page::{By, Listed, Page, Visible};
use super::{Store, pending};

/// Who a key or token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The platform's administrator.
    Admin,
    /// A tenant.
    Tenant(TenantNo),
    /// An organization.
    Org(OrgNo),
    /// A person.
    User(UserId),
}

/// An API key, without the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyRow {
    /// Its id.
    pub id: KeyId,
    /// For whom it stands.
    pub subject: Subject,
    /// The role that it is limited to, if it is less than its subject's.
    pub role: Option<Arc<str>>,
    /// `bearer` or `hmac`.
    pub kind: Arc<str>,
    /// What its owner calls it.
    pub name: Arc<str>,
    /// The part that may be shown.
    pub prefix: Arc<str>,
    /// SHA-256 of the key, hex: what it is found by.
    pub hash: Arc<str>,
    /// What it may be used for; empty means all that its subject may do.
    pub scopes: Vec<Arc<str>>,
    /// When it was made.
    pub created_at: Time,
    /// Who made it.
    pub created_by: Arc<str>,
    /// When it ends.
    pub expires_at: Option<Time>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Time>,
    /// When it was taken back.
    pub revoked_at: Option<Time>,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRow {
    /// Id.
    pub id: UserId,
    /// Unique, lower case.
    pub username: Arc<str>,
    /// Unique if it is not empty, lower case.
    pub email: Arc<str>,
    /// PHC string; `None` if there is no password.
    pub password_hash: Option<Arc<str>>,
    /// Administrator of the platform.
    pub platform_admin: bool,
    /// Roles: organization and role.
    pub roles: Vec<(OrgNo, Arc<str>)>,
    /// When.
    pub created_at: Time,
    /// May not come in since.
    pub disabled_at: Option<Time>,
}

/// A key that tokens are signed with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKeyRow {
    /// Its name in the header of a token.
    pub kid: Arc<str>,
    /// The secret as its owner sealed it.
    pub secret: Vec<u8>,
    /// When it was made.
    pub created_at: Time,
    /// It signs no more since; it verifies until `until`.
    pub retired_at: Option<Time>,
    /// It verifies no more from here.
    pub until: Option<Time>,
}

impl Store {
    /// What keys can be sorted by.
    pub const API_KEY_SORTS: &'static [By] = &[By::CreatedAt, By::Name];

    /// A key by its hash, taken back or not.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn api_key_by_hash(&self, hash: &str) -> Result<Option<ApiKeyRow>, StoreError> {
        pending(&[&hash])
    }

    /// A key by its id.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn api_key(&self, id: KeyId) -> Result<Option<ApiKeyRow>, StoreError> {
        pending(&[&id])
    }

    /// Keys of a subject, or all visible ones.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn api_keys(
        &self,
        visible: &Visible,
        subject: Option<Subject>,
        page: &Page,
    ) -> Result<Listed<ApiKeyRow>, StoreError> {
        pending(&[&visible, &subject, &page])
    }

    /// Inserts or replaces a key.
    ///
    /// # Errors
    /// `Refused` if another key has the same hash.
    pub fn put_api_key(&self, row: &ApiKeyRow) -> Result<(), StoreError> {
        pending(&[&row])
    }

    /// Notes when a key was last used; changes nothing else of it. A key that is not there is no error.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn touch_api_key(&self, id: KeyId, at: Time) -> Result<(), StoreError> {
        pending(&[&id, &at])
    }

    /// A person by id.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn user(&self, id: UserId) -> Result<Option<UserRow>, StoreError> {
        pending(&[&id])
    }

    /// A person by user name or mail address, in lower case.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn user_by_name(&self, name: &str) -> Result<Option<UserRow>, StoreError> {
        pending(&[&name])
    }

    /// People, by user name.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn users(&self, page: &Page) -> Result<Listed<UserRow>, StoreError> {
        pending(&[&page])
    }

    /// Inserts or replaces a person.
    ///
    /// # Errors
    /// `Refused` if the name or address is taken.
    pub fn put_user(&self, row: &UserRow) -> Result<(), StoreError> {
        pending(&[&row])
    }

    /// All keys that tokens are signed with, oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn signing_keys(&self) -> Result<Vec<SigningKeyRow>, StoreError> {
        pending(&[])
    }

    /// Inserts or replaces one.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn put_signing_key(&self, row: &SigningKeyRow) -> Result<(), StoreError> {
        pending(&[&row])
    }

    /// The version that tokens of a principal must have; 0 if it was never raised.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn token_version(&self, principal: &str) -> Result<i64, StoreError> {
        pending(&[&principal])
    }

    /// Raises it by one, so that all tokens of the principal end; the new one.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn raise_token_version(&self, principal: &str) -> Result<i64, StoreError> {
        pending(&[&principal])
    }

    /// Refuses one token by its id from now on; forgotten after `until`, when it has ended anyway. Again: no
    /// change.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn deny_token(&self, jti: &str, until: Time) -> Result<(), StoreError> {
        pending(&[&jti, &until])
    }

    /// All tokens that are refused by their id and have not ended at `now` (wall time).
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn denied_tokens(&self, now: Time) -> Result<Vec<(String, Time)>, StoreError> {
        pending(&[&now])
    }

    /// A setting of the installation.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        pending(&[&name])
    }

    /// Sets one.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn put_setting(&self, name: &str, value: &str) -> Result<(), StoreError> {
        pending(&[&name, &value])
    }

    /// Sets one that nobody has set; whether it was this call that did.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn claim_setting(&self, name: &str, value: &str) -> Result<bool, StoreError> {
        pending(&[&name, &value])
    }
}
