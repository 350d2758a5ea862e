//! Whom a credential stands for, as the store has it, and what a key leaves of it.

use std::sync::Arc;

use nimbus_core::access::{Areas, Grant, Over, Role, may_grant};
use nimbus_core::ids::{KeyId, OrgNo, TenantId, TenantNo, UserId};
use nimbus_core::store::StoreError;
use nimbus_core::tenant::Status;
use nimbus_core::time::{Span, Time};

use super::access::Access;
use super::key;
use super::memory::Standing;
use super::refused::Refused;
use crate::runtime;
use crate::store::{ApiKeyRow, Found, Store, Subject, TenantView, Visible};

/// The slug of the tenant that a caller without credential acts in while the service is being tried.
pub const DEV_TENANT: &str = "dev";
/// How often at most the time of a key's last use is written.
const TOUCHED: Span = Span::from_secs(60);

/// Whom a credential stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// The administrator of the platform.
    Admin,
    /// The tenant `dev`.
    Dev,
    /// A tenant by its id.
    Tenant(TenantId),
    /// A tenant by its ordinal.
    TenantNo(TenantNo),
    /// An organization.
    Org(OrgNo),
    /// A person.
    User(UserId),
}

impl Who {
    /// Whom the subject of a token names.
    pub(super) fn of_subject(subject: &str) -> Option<Who> {
        if subject == "admin" {
            return Some(Who::Admin);
        }
        let tenant = subject.parse().ok().map(Who::Tenant);
        tenant.or_else(|| subject.parse().ok().map(Who::User))
    }

    /// Whom a key stands for.
    pub(super) fn of_row(row: &ApiKeyRow) -> Who {
        match row.subject {
            Subject::Admin => Who::Admin,
            Subject::Tenant(no) => Who::TenantNo(no),
            Subject::Org(no) => Who::Org(no),
            Subject::User(id) => Who::User(id),
        }
    }

    fn name(self) -> String {
        match self {
            Who::Admin => "admin".to_owned(),
            Who::Dev => "dev".to_owned(),
            Who::Tenant(id) => id.to_string(),
            Who::TenantNo(no) => format!("ten#{no}"),
            Who::Org(no) => format!("org#{no}"),
            Who::User(id) => id.to_string(),
        }
    }

    fn load(self, store: &Store) -> Result<Option<Standing>, StoreError> {
        match self {
            Who::Admin => admin(store).map(Some),
            Who::Dev => tenant(store, store.tenant(&Visible::All, DEV_TENANT)?),
            Who::Tenant(id) => tenant(store, store.tenant(&Visible::All, &id.to_string())?),
            Who::TenantNo(no) => tenant(store, store.tenant_by_no(no)?),
            Who::Org(no) => org(store, no),
            Who::User(id) => user(store, id),
        }
    }
}

fn admin(store: &Store) -> Result<Standing, StoreError> {
    Ok(Standing {
        name: Arc::from("admin"),
        grants: vec![Grant {
            role: Role::PlatformAdmin,
            over: Over::All,
        }],
        tenant: None,
        orgs: Vec::new(),
        tv: store.token_version("admin")?,
    })
}

fn tenant(store: &Store, found: Option<Found<TenantView>>) -> Result<Option<Standing>, StoreError> {
    let Some(view) = found.map(|found| found.row) else {
        return Ok(None);
    };
    if view.row.status == Status::Gone {
        return Ok(None);
    }
    Ok(Some(Standing {
        name: format!("tenant:{}", view.row.slug).into(),
        grants: vec![Grant {
            role: Role::Tenant,
            over: Over::Tenant(view.no),
        }],
        tenant: Some((view.no, view.row.id)),
        orgs: Vec::new(),
        tv: store.token_version(&view.row.id.to_string())?,
    }))
}

fn org(store: &Store, no: OrgNo) -> Result<Option<Standing>, StoreError> {
    let open = store.org_by_no(no)?.filter(|found| !found.row.row.closed);
    let standing = |slug: &str| Standing {
        name: format!("org:{slug}").into(),
        grants: vec![Grant {
            role: Role::OrgAdmin,
            over: Over::Org(no),
        }],
        tenant: None,
        orgs: vec![no],
        tv: 0,
    };
    Ok(open.map(|found| standing(&found.row.row.slug)))
}

fn user(store: &Store, id: UserId) -> Result<Option<Standing>, StoreError> {
    let enabled = store.user(id)?.filter(|user| user.disabled_at.is_none());
    let Some(user) = enabled else {
        return Ok(None);
    };
    let mut grants: Vec<Grant> = Vec::new();
    if user.platform_admin {
        grants.push(Grant {
            role: Role::PlatformAdmin,
            over: Over::All,
        });
    }
    for (org, role) in &user.roles {
        let role = Role::from_word(role).filter(|role| role.is_org_wide());
        let over = Over::Org(*org);
        grants.extend(role.map(|role| Grant { role, over }));
    }
    Ok(Some(Standing {
        name: format!("user:{}", user.username).into(),
        grants,
        tenant: None,
        orgs: user.roles.iter().map(|(org, _)| *org).collect(),
        tv: store.token_version(&id.to_string())?,
    }))
}

/// What a key leaves of what its subject holds: never more.
pub(super) fn limited(standing: &Standing, row: Option<&ApiKeyRow>) -> (Vec<Grant>, Areas) {
    let Some(row) = row else {
        return (standing.grants.clone(), Areas::ALL);
    };
    // a row that this build cannot read gives nothing
    let areas = Areas::from_words(&row.scopes).unwrap_or_default();
    let Some(word) = &row.role else {
        return (standing.grants.clone(), areas);
    };
    let given = Role::from_word(word);
    let limit = |grant: &Grant| {
        let role = given.filter(|role| *role == grant.role || may_grant(grant.role, *role))?;
        Some(Grant { role, ..*grant })
    };
    (standing.grants.iter().filter_map(limit).collect(), areas)
}

impl Access {
    /// Whom a credential stands for; `None` if there is nobody, or nobody any more.
    pub(super) async fn standing(&self, who: Who) -> Result<Option<Arc<Standing>>, Refused> {
        let (name, now) = (who.name(), self.now());
        if let Some(known) = self.inner.memory.subject(&name, now) {
            return Ok(known);
        }
        let mark = self.inner.memory.mark();
        let found = self.ask(move |store| who.load(store)).await?.map(Arc::new);
        let memory = &self.inner.memory;
        memory.put_subject(mark, &name, now, found.clone());
        Ok(found)
    }

    /// A living key by its text; `None` if it is unknown, has ended or was taken back.
    pub(super) async fn key_by_text(&self, text: &str) -> Result<Option<Arc<ApiKeyRow>>, Refused> {
        let hash = key::hash(text);
        let asked = hash.clone();
        let found = self
            .remembered_key(&hash, move |store| store.api_key_by_hash(&asked))
            .await?;
        Ok(found.filter(|row| key::same(&row.hash, &hash)))
    }

    /// A living key by its id, as [`Access::key_by_text`].
    pub(super) async fn key_by_id(&self, id: KeyId) -> Result<Option<Arc<ApiKeyRow>>, Refused> {
        self.remembered_key(&id.to_string(), move |store| store.api_key(id))
            .await
    }

    async fn remembered_key(
        &self,
        name: &str,
        question: impl FnOnce(&Store) -> Result<Option<ApiKeyRow>, StoreError> + Send + 'static,
    ) -> Result<Option<Arc<ApiKeyRow>>, Refused> {
        let now = self.now();
        let known = match self.inner.memory.key(name, now) {
            Some(known) => known,
            None => {
                let mark = self.inner.memory.mark();
                let read = self.ask(move |store| {
                    let row = question(store)?.filter(|row| lives(row, now));
                    touch(store, row.as_ref(), now);
                    Ok(row)
                });
                let row = read.await?.map(Arc::new);
                self.inner.memory.put_key(mark, name, now, row.clone());
                row
            }
        };
        Ok(known.filter(|row| lives(row, now)))
    }

    /// Whether a token is refused by its id.
    pub(super) async fn denied(&self, jti: &str) -> Result<bool, Refused> {
        let now = self.now();
        if let Some(known) = self.inner.memory.denied(jti, now) {
            return Ok(known);
        }
        let mark = self.inner.memory.mark();
        let list = self.ask(move |store| store.denied_tokens(now)).await?;
        let denied = list.iter().any(|(id, _)| id == jti);
        self.inner.memory.put_denied(mark, now, list);
        Ok(denied)
    }

    /// Asks the store beside the async threads.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refused> {
        let store = self.inner.store.clone();
        let asked = runtime::blocking(move || question(&store)).await;
        let answer = asked.map_err(StoreError::Unavailable)?;
        answer.map_err(Refused::from)
    }
}

fn lives(row: &ApiKeyRow, now: Time) -> bool {
    row.revoked_at.is_none() && row.expires_at.is_none_or(|end| now < end)
}

/// Notes that a key was used. A store that takes no writes must not keep readers out.
fn touch(store: &Store, row: Option<&ApiKeyRow>, now: Time) {
    let stale = row.filter(|row| row.last_used_at.is_none_or(|at| at + TOUCHED <= now));
    if let Some(row) = stale
        && let Err(error) = store.touch_api_key(row.id, now)
    {
        tracing::warn!(%error, "the use of a key was not noted");
    }
}
