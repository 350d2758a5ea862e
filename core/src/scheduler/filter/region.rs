//! Region.

use std::sync::Arc;

/// Whether the node is in the region that is required, if any.
pub(in crate::scheduler) fn passes(node: &str, required: Option<&Arc<str>>) -> bool {
    required.is_none_or(|region| **region == *node)
}
