//! Revisions: the immutable specifications of a service.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::input::Deploy;
use crate::cluster::PodSpec;
use crate::digest;
use crate::ids::{RevisionId, ServiceNo};
use crate::time::Time;

/// Why a revision was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A deploy with another specification.
    Deploy,
    /// A rollback: the specification of an earlier revision.
    Rollback,
}

/// What makes the pod template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Image.
    pub image: Arc<str>,
    /// What each replica asks for.
    pub spec: Arc<PodSpec>,
    /// Whether its pods start at all.
    pub starts: bool,
}

impl Template {
    /// The template of a request.
    #[must_use]
    pub fn of(deploy: &Deploy) -> Template {
        Template {
            image: Arc::clone(&deploy.image),
            spec: Arc::clone(&deploy.spec),
            starts: deploy.starts,
        }
    }

    /// SHA-256 over its canonical bytes.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        digest::content_hash(self)
    }
}

/// One revision. Never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Whose.
    pub service: ServiceNo,
    /// 1, 2, …
    pub number: u32,
    /// Its id.
    pub id: RevisionId,
    /// What makes the pod template.
    pub template: Template,
    /// SHA-256 over the canonical bytes of the template.
    pub spec_hash: [u8; 32],
    /// Why it was made.
    pub reason: Reason,
    /// The revision that was current before; of a rollback the one whose specification it took.
    pub from: Option<u32>,
    /// When.
    pub created_at: Time,
}
