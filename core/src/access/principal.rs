//! A recognised principal, what it reaches, and the witness that it was checked.

use std::marker::PhantomData;
use std::sync::Arc;

use super::area::Areas;
use super::permission::{Permission, Permit};
use super::role::Role;
use super::table::allows;
use crate::ids::{OrgNo, TenantNo};

/// What a role is held over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Over {
    /// The whole installation.
    All,
    /// An organization and all its tenants.
    Org(OrgNo),
    /// One tenant.
    Tenant(TenantNo),
}

/// A role and what it is held over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// Over what.
    pub over: Over,
}

/// What is acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// The installation.
    Platform,
    /// An organization.
    Org(OrgNo),
    /// A tenant, or something that belongs to it.
    Tenant {
        /// Which.
        tenant: TenantNo,
        /// The organization that pays for it.
        org: OrgNo,
    },
}

/// Why something is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// It is not visible: answered like something that does not exist.
    #[error("not visible")]
    Invisible,
    /// It is visible, and the permission is not held.
    #[error("{} is needed", .0.as_str())]
    Forbidden(Permission),
}

/// Who acts, as the edges recognised it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Its name in the audit log: `admin`, `tenant:<slug>`, `user:<name>`, `key:<id>`, `dev`.
    pub name: Arc<str>,
    /// Its roles; they add up.
    pub grants: Vec<Grant>,
    /// What the scopes of its key leave of them.
    pub areas: Areas,
    /// The session that it was recognised by, opaque and no secret: what a stream is asked again with.
    pub session: Option<Arc<str>>,
}

/// The witness that a permission was checked on an object. Only [`Principal::authorize`] makes one.
#[derive(Debug)]
pub struct Authorized<P> {
    object: Object,
    permit: PhantomData<fn() -> P>,
}

/// What a principal sees of a kind of thing that needs `P`: the filter of lists. Only
/// [`Principal::visible`] makes one.
#[derive(Debug)]
pub struct Visible<P> {
    over: Vec<Over>,
    permit: PhantomData<fn() -> P>,
}

impl Over {
    /// Whether an object lies within.
    #[must_use]
    pub fn covers(self, object: Object) -> bool {
        match (self, object) {
            (Over::All, _) => true,
            (Over::Org(own), Object::Org(org) | Object::Tenant { org, .. }) => own == org,
            (Over::Tenant(own), Object::Tenant { tenant, .. }) => own == tenant,
            _ => false,
        }
    }
}

impl Object {
    /// What must be held to see that it exists.
    const fn sight(self) -> Option<Permission> {
        match self {
            Object::Platform => None,
            Object::Org(_) => Some(Permission::OrgRead),
            Object::Tenant { .. } => Some(Permission::TenantRead),
        }
    }
}

impl Principal {
    /// A principal with all scopes, of no session.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, grants: Vec<Grant>) -> Principal {
        Principal {
            name: name.into(),
            grants,
            areas: Areas::ALL,
            session: None,
        }
    }

    /// Checks a permission on an object.
    ///
    /// # Errors
    /// [`Denial`]: invisible things are told apart from forbidden ones, absent ones are not.
    pub fn authorize<P: Permit>(&self, object: Object) -> Result<Authorized<P>, Denial> {
        self.check(P::PERMISSION, object).map(|()| Authorized {
            object,
            permit: PhantomData,
        })
    }

    /// Checks a permission that is known only at run time.
    ///
    /// # Errors
    /// See [`Principal::authorize`].
    pub fn check(&self, permission: Permission, object: Object) -> Result<(), Denial> {
        let holds = |wanted| self.roles_over(object).any(|role| allows(role, wanted));
        if object.sight().is_some_and(|sight| !holds(sight)) {
            return Err(Denial::Invisible);
        }
        let (area, deed) = permission.scope();
        if holds(permission) && self.areas.has(area, deed) {
            return Ok(());
        }
        Err(Denial::Forbidden(permission))
    }

    /// What may be listed with a permission.
    ///
    /// # Errors
    /// [`Denial::Forbidden`] if it is held over nothing.
    pub fn visible<P: Permit>(&self) -> Result<Visible<P>, Denial> {
        let (area, deed) = P::PERMISSION.scope();
        let held = self
            .grants
            .iter()
            .filter(|grant| allows(grant.role, P::PERMISSION) && self.areas.has(area, deed));
        let mut over: Vec<Over> = held.map(|grant| grant.over).collect();
        over.sort_unstable();
        over.dedup();
        if over.is_empty() {
            return Err(Denial::Forbidden(P::PERMISSION));
        }
        if over.first() == Some(&Over::All) {
            over.truncate(1);
        }
        Ok(Visible {
            over,
            permit: PhantomData,
        })
    }

    /// The permissions that it holds over anything.
    #[must_use]
    pub fn permissions(&self) -> Vec<Permission> {
        let held = |permission: &Permission| {
            let (area, deed) = permission.scope();
            let role = |grant: &Grant| allows(grant.role, *permission);
            self.areas.has(area, deed) && self.grants.iter().any(role)
        };
        Permission::ALL.iter().copied().filter(held).collect()
    }

    /// Whether it runs the installation.
    #[must_use]
    pub fn is_platform_admin(&self) -> bool {
        let admin = Grant {
            role: Role::PlatformAdmin,
            over: Over::All,
        };
        self.grants.contains(&admin)
    }

    /// The one tenant that it acts in, if there is only one: what a request that names none means.
    #[must_use]
    pub fn tenant(&self) -> Option<TenantNo> {
        match self.grants.as_slice() {
            [
                Grant {
                    over: Over::Tenant(tenant),
                    ..
                },
            ] => Some(*tenant),
            _ => None,
        }
    }

    /// Its roles over an object.
    pub fn roles_over(&self, object: Object) -> impl Iterator<Item = Role> {
        self.grants
            .iter()
            .filter(move |grant| grant.over.covers(object))
            .map(|grant| grant.role)
    }
}

impl<P> Authorized<P> {
    /// What was checked.
    #[must_use]
    pub fn object(&self) -> Object {
        self.object
    }

    /// The tenant, if it was one.
    #[must_use]
    pub fn tenant(&self) -> Option<TenantNo> {
        match self.object {
            Object::Tenant { tenant, .. } => Some(tenant),
            Object::Org(_) | Object::Platform => None,
        }
    }
}

impl<P> Visible<P> {
    /// Over what, in order; [`Over::All`] stands alone.
    #[must_use]
    pub fn over(&self) -> &[Over] {
        &self.over
    }

    /// Whether all is seen.
    #[must_use]
    pub fn all(&self) -> bool {
        self.over.first() == Some(&Over::All)
    }

    /// Whether an object is seen.
    #[must_use]
    pub fn covers(&self, object: Object) -> bool {
        self.over.iter().any(|over| over.covers(object))
    }
}
