//! API keys: made, listed by the store, taken back. Nobody makes one that may do more than he may.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use nimbus_core::access::{Areas, Role, may_grant};
use nimbus_core::ids::{KeyId, TenantNo};
use nimbus_core::store::StoreError;
use nimbus_core::time::{Span, Time};
use zeroize::Zeroizing;

use super::access::{Access, Identity};
use super::key::{self, Fresh};
use super::refused::Refused;
use super::ring::{BadSecret, write_private};
use crate::runtime;
use crate::store::{ApiKeyRow, AuditRow, Page, Store, Subject, Visible};

/// Living keys of a tenant that stand for the tenant itself: the one in use and the next.
pub(super) const OWN_MAX: usize = 2;
/// Living keys of one subject, all roles together.
pub(super) const KEYS_MAX: usize = 100;
/// Name of the file that the first key is written to, in the data folder.
pub const BOOTSTRAP_FILE: &str = "bootstrap.key";
/// The setting that says that the first key was made.
const BOOTSTRAP: &str = "bootstrap_key";

/// What key is wished for.
#[derive(Clone, Debug)]
pub struct KeyWish {
    /// For whom it stands.
    pub subject: Subject,
    /// The role that it is limited to; `None` is all that its subject may do.
    pub role: Option<Role>,
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for.
    pub areas: Areas,
    /// How long it lives; `None` is for ever.
    pub life: Option<Span>,
    /// The request.
    pub request: Arc<str>,
}

/// A key that was made.
pub struct MadeKey {
    /// Its row.
    pub row: ApiKeyRow,
    /// The whole key, shown once.
    pub key: Zeroizing<String>,
}

/// Why a key is not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefused {
    /// It could do more than whoever makes it.
    #[error("a key never does more than whoever makes it")]
    Above,
    /// There are enough.
    #[error("{limit} living keys of this kind are the limit; delete one first")]
    Full {
        /// How many there may be.
        limit: usize,
    },
    /// The store does not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Access {
    /// Makes a key. That the maker may make keys for this subject was checked; that it gives no more than it
    /// holds is checked here.
    ///
    /// # Errors
    /// See [`KeyRefused`].
    pub async fn add_key(&self, maker: &Identity, wish: KeyWish) -> Result<MadeKey, KeyRefused> {
        let areas = maker.principal.areas;
        if !wish.areas.and(areas).words().eq(&wish.areas.words()) && wish.areas != Areas::ALL {
            return Err(KeyRefused::Above);
        }
        let areas = wish.areas.and(areas);
        let role = wish.role.unwrap_or(own_role(wish.subject));
        let holds = maker.principal.grants.iter();
        if !holds
            .map(|grant| grant.role)
            .any(|own| own == role || may_grant(own, role))
        {
            return Err(KeyRefused::Above);
        }
        let me = self.clone();
        let by = maker.principal.name.clone();
        let made = runtime::blocking(move || me.add(&by, &wish, areas)).await;
        let made = made.map_err(StoreError::Unavailable)?;
        self.inner.memory.forget();
        made
    }

    fn add(&self, by: &Arc<str>, wish: &KeyWish, areas: Areas) -> Result<MadeKey, KeyRefused> {
        let _adding = self
            .inner
            .adding
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (store, now) = (&self.inner.store, self.now());
        room(store, wish, now)?;
        let Fresh { key, prefix, hash } = key::make();
        let role = wish.role.filter(|role| *role != own_role(wish.subject));
        let scopes = if areas == Areas::ALL {
            Vec::new()
        } else {
            areas.words()
        };
        let row = ApiKeyRow {
            id: KeyId(u128::from_be_bytes(runtime::random_bytes())),
            subject: wish.subject,
            role: role.map(|role| role.as_str().into()),
            kind: "bearer".into(),
            name: wish.name.as_str().into(),
            prefix: prefix.into(),
            hash: hash.into(),
            scopes: scopes.into_iter().map(Arc::from).collect(),
            created_at: now,
            created_by: by.clone(),
            expires_at: wish.life.map(|life| now + life),
            last_used_at: None,
            revoked_at: None,
        };
        store.put_api_key(&row)?;
        store.put_audit(&[audit(&row, by, "key.create", &wish.request, now)])?;
        Ok(MadeKey { row, key })
    }

    /// Takes a key back: it is refused here with the next request, elsewhere within a second, and so are
    /// tokens that were given for it. Again: no change.
    ///
    /// # Errors
    /// The store does not take it.
    pub async fn revoke_key(
        &self,
        by: &Identity,
        id: KeyId,
        request: Arc<str>,
    ) -> Result<(), Refused> {
        let (now, by) = (self.now(), by.principal.name.clone());
        let me = self.clone();
        let written = self.ask(move |store| {
            let _adding = me
                .inner
                .adding
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let Some(mut row) = store.api_key(id)?.filter(|row| row.revoked_at.is_none()) else {
                return Ok(());
            };
            row.revoked_at = Some(now);
            store.put_api_key(&row)?;
            store.put_audit(&[audit(&row, &by, "key.delete", &request, now)])
        });
        let written = written.await;
        self.inner.memory.forget();
        written
    }

    /// Makes the administrator's first key if none was ever made, and writes it to a file that only its owner
    /// may read. The key, so that it can be shown once. Blocks.
    ///
    /// # Errors
    /// The store or the file does not take it, in one sentence.
    pub fn bootstrap(&self, folder: &Path) -> Result<Option<Zeroizing<String>>, String> {
        let store = &self.inner.store;
        let sentence = |error: StoreError| error.to_string();
        if store.setting(BOOTSTRAP).map_err(sentence)?.is_some() {
            return Ok(None);
        }
        let wish = KeyWish {
            subject: Subject::Admin,
            role: None,
            name: "bootstrap".to_owned(),
            areas: Areas::ALL,
            life: None,
            request: "start".into(),
        };
        let made = self.add(&"system".into(), &wish, Areas::ALL);
        let made = made.map_err(|error| error.to_string())?;
        let text = Zeroizing::new(format!("{}\n", *made.key));
        write_private(&folder.join(BOOTSTRAP_FILE), text.as_bytes())
            .map_err(|error: BadSecret| error.to_string())?;
        let id = made.row.id.to_string();
        store.put_setting(BOOTSTRAP, &id).map_err(sentence)?;
        Ok(Some(made.key))
    }

    /// Makes the next signing key when the present one will soon stop. Called now and then.
    ///
    /// # Errors
    /// The file cannot be written; the present key goes on.
    pub fn maintain(&self) -> Result<bool, BadSecret> {
        let now_s = self.now().secs();
        let mut ring = self
            .inner
            .ring
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        ring.maintain(now_s)
    }
}

/// The role that a key without one has.
const fn own_role(subject: Subject) -> Role {
    match subject {
        Subject::Admin | Subject::User(_) => Role::PlatformAdmin,
        Subject::Tenant(_) => Role::Tenant,
        Subject::Org(_) => Role::OrgAdmin,
    }
}

/// Whether one more key of this kind may live.
fn room(store: &Store, wish: &KeyWish, now: Time) -> Result<(), KeyRefused> {
    let page = Page::first(crate::store::LIMIT_MAX);
    let rows = store
        .api_keys(&Visible::All, Some(wish.subject), &page)?
        .items;
    let living = rows
        .iter()
        .filter(|row| row.revoked_at.is_none() && row.expires_at.is_none_or(|end| now < end));
    let own = living.clone().filter(|row| row.role.is_none()).count();
    let is_own = wish.role.is_none_or(|role| role == own_role(wish.subject));
    let tenant = matches!(wish.subject, Subject::Tenant(_));
    if tenant && is_own && own >= OWN_MAX {
        return Err(KeyRefused::Full { limit: OWN_MAX });
    }
    if living.count() >= KEYS_MAX {
        return Err(KeyRefused::Full { limit: KEYS_MAX });
    }
    Ok(())
}

fn audit(
    row: &ApiKeyRow,
    by: &Arc<str>,
    action: &'static str,
    request: &Arc<str>,
    now: Time,
) -> AuditRow {
    AuditRow {
        time: now,
        tenant: tenant_of(row.subject),
        principal: by.clone(),
        action: action.into(),
        target: row.id.to_string().into(),
        outcome: "ok".into(),
        request: request.clone(),
        data: serde_json::json!({ "name": row.name, "prefix": row.prefix, "role": row.role, "scopes": row.scopes })
            .to_string(),
    }
}

const fn tenant_of(subject: Subject) -> Option<TenantNo> {
    match subject {
        Subject::Tenant(no) => Some(no),
        Subject::Admin | Subject::Org(_) | Subject::User(_) => None,
    }
}
