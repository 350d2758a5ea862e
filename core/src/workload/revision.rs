//! Revisions: the immutable specifications of a service.

use std::sync::Arc;

use super::input::Deploy;
use crate::digest;
use crate::store::workload::Template;

impl Template {
    /// The template of a request.
    #[must_use]
    pub fn of(deploy: &Deploy) -> Template {
        Template {
            image: Arc::clone(&deploy.image),
            spec: Arc::clone(&deploy.spec),
            starts: deploy.starts,
            details: Arc::clone(&deploy.details),
        }
    }

    /// SHA-256 over its canonical bytes.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        digest::content_hash(self)
    }
}
